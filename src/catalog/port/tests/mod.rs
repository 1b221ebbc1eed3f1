//! Port as a catalog, against a stub.

mod entities;
mod sandbox;
mod setup;
mod trace;
