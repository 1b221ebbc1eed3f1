//! The client of Bitbucket Data Center, generated from `specs/bitbucket-datacenter.yaml`.

#![expect(clippy::pedantic, missing_docs, reason = "generated code; progenitor documents operations, not each setter")]
// Whether there is anything to allow depends on the description that the build is given.
#![allow(rustdoc::all, reason = "texts of an upstream description")]

include!(concat!(env!("OUT_DIR"), "/bitbucket_datacenter.rs"));

impl ClientHooks<crate::bitbucket::Transport> for Client {
    async fn pre<E>(&self, request: &mut reqwest::Request, _: &OperationInfo) -> Result<(), Error<E>> {
        super::hooks::prepare(request);
        Ok(())
    }

    async fn exec(&self, request: reqwest::Request, info: &OperationInfo) -> reqwest::Result<reqwest::Response> {
        super::hooks::exec(self, request, info).await
    }
}
