//! bitbucket-port keeps a software catalog true to what is in Bitbucket.
//!
//! A resync flows like this: the mapping document becomes a plan of distinct listings; pages of raw objects
//! come from `bitbucket` through the generated `kinds`; `mapping` selects and maps each object on worker
//! threads; `sync` compares each entity with what the catalog holds (`state`), writes what differs to a
//! [`catalog::Catalog`], and deletes what is certain to be gone. Dependencies point one way:
//! `cli → {daemon, startup} → sync → {kinds, mapping, catalog, state} → {bitbucket, port}`.

pub mod bitbucket;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod http;
pub mod kinds;
pub mod logs;
pub mod mapping;
pub mod port;
pub mod sqlite;
pub mod startup;
pub mod state;
pub mod sync;
