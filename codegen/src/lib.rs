//! Code generation for bitbucket-port: text in, text out.
//!
//! A product is described by an `OpenAPI` document of our own and a table of kinds; an upstream document may be
//! laid underneath, unmodified. Out come the client, the code of the kinds, and the merged schema of each kind.

mod checks;
mod client;
mod collisions;
mod document;
mod emit;
mod emit_calls;
mod emit_selector;
mod finding;
mod kinds;
mod lower;
mod operation;
mod path_struct;
mod product;
mod read;
mod schema;
mod spec;
mod table;

pub use document::Source;
pub use finding::{Finding, Findings};
pub use product::{File, Product};
