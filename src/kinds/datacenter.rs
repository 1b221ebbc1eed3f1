//! The kinds of Bitbucket Data Center, generated from `specs/kinds/datacenter.toml`.

include!(concat!(env!("OUT_DIR"), "/kinds_datacenter.rs"));
