//! The kinds of Bitbucket Cloud, generated from `specs/kinds/cloud.toml`.

include!(concat!(env!("OUT_DIR"), "/kinds_cloud.rs"));
