//! The table of settings: the one place that says which settings exist. Reading, defaults, documentation and
//! schema all come from it.

mod application;
mod integration;
mod listener;
mod lookup;
mod own;
mod port;
mod runtime;
mod setting;

pub(crate) use lookup::{Match, Spelling, all, find, find_setting, nearest_path};
pub(crate) use setting::variable;
pub use setting::{Effect, Group, Kind, Provenance, Setting};

/// Every setting, in the order of the documentation.
pub(crate) const TABLES: [&[Setting]; 6] = [
    port::SETTINGS,
    integration::SETTINGS,
    listener::SETTINGS,
    runtime::SETTINGS,
    own::SETTINGS,
    application::SETTINGS,
];
