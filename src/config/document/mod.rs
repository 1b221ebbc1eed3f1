//! What the table of settings gives people and editors: a commented document of defaults, the chapter of the
//! documentation, a JSON Schema.

mod defaults;
mod markdown;
mod schema;

pub use defaults::defaults_document;
pub use markdown::markdown;
pub use schema::json_schema;

use super::table::Group;

/// Chapters with their titles, in order.
pub(crate) const CHAPTERS: [(Group, &str); 8] = [
    (Group::Port, "The connection to Port"),
    (Group::Integration, "The integration"),
    (Group::Cloud, "Bitbucket Cloud"),
    (Group::DataCenter, "Bitbucket Data Center and Server"),
    (Group::Listener, "The event listener"),
    (Group::Runtime, "Behaviour shared with Port's runtime"),
    (Group::Own, "Settings of our own"),
    (Group::Application, "The process"),
];
