//! The client of Bitbucket Cloud, generated from `specs/bitbucket-cloud.yaml`.

#![expect(clippy::pedantic, missing_docs, reason = "generated code; progenitor documents operations, not each setter")]

include!(concat!(env!("OUT_DIR"), "/bitbucket_cloud.rs"));

super::hooks::hooks_for!(Client);
