//! The builtins of jq 1.8.2: natives in Rust and, where that says it best, definitions in jq.

#![expect(clippy::needless_pass_by_value, reason = "the engine hands values over; natives have one form")]

mod arrays;
mod control;
mod dates;
mod formats;
mod math;
mod objects;
mod paths;
mod prelude;
mod regex;
mod strings;
mod table;

pub(crate) use prelude::definitions;
pub(crate) use table::{Engine, is_native, natives};
