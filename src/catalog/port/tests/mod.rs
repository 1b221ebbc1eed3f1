//! Port as a catalog, against a stub.

mod answers;
mod entities;
mod sandbox;
mod setup;
mod trace;
