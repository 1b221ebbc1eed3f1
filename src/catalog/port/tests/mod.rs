//! Port as a catalog, against a stub.

mod entities;
mod setup;
mod trace;
