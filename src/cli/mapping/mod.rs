//! `bitbucket-port mapping …`: check, describe, test, fetch and store mappings.

mod annotations;
mod args;
mod check;
mod difference;
mod document;
mod folder;
mod objects;
mod picture;
mod pull;
mod push;
mod run;
mod test;

pub(crate) use args::{MapArgs, MappingCommand};
pub(crate) use document::{Surroundings, mapping, offline};
pub(crate) use objects::{StreamError, each_object};
pub(crate) use run::run;
