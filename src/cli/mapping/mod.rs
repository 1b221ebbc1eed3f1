//! `bitbucket-port mapping …`: check, describe and test mappings.

mod annotations;
mod args;
mod check;
mod document;
mod folder;
mod objects;
mod picture;
mod run;
mod test;

pub(crate) use args::{MapArgs, MappingCommand};
pub(crate) use document::{mapping, offline};
pub(crate) use objects::{StreamError, each_object};
pub(crate) use run::run;
