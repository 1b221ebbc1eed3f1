//! The kinds of Bitbucket Cloud, generated from `specs/kinds/cloud.toml`.

include!(concat!(env!("OUT_DIR"), "/kinds_cloud.rs"));

impl super::Files for Source {
    fn place(&self, kind: Kind, raw: &str) -> Result<Option<super::FilePlace>, KeyError> {
        super::files::cloud_place(kind, raw)
    }

    async fn file(&self, place: &super::FilePlace, path: &str) -> Result<Option<Vec<u8>>, CallError> {
        let call = self
            .client
            .get_file()
            .workspace(self.scope.workspace.as_str())
            .repo_slug(place.repository.as_str())
            .commit(place.branch.as_str())
            .path(path.trim_start_matches('/'));
        match call.send().await.map_err(CallError::from) {
            Ok(answer) => super::call::bytes(answer.into_inner()).await.map(Some),
            Err(error) if error.is_gone() => Ok(None),
            Err(error) => Err(error),
        }
    }
}
