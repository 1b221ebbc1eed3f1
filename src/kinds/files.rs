//! Where the files that belong to an object are read.

use std::future::Future;

use serde::Deserialize;
use serde_json::Value;

use super::key::KeyError;
use super::kind::Kind;
use crate::bitbucket::CallError;

/// A repository and one of its branches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FilePlace {
    /// The repository, as paths of the API name it.
    pub repository: String,
    /// The branch (or commit) whose files count; empty for the default branch.
    pub branch: String,
}

/// Reads files of the repositories of one product.
pub trait Files: Send + Sync {
    /// Where the files that belong to an object of this kind are: the main branch of a repository, the
    /// destination branch of a pull request. `None` where there is none (an empty repository), or where the
    /// kind has no files.
    fn place(&self, kind: Kind, raw: &str) -> Result<Option<FilePlace>, KeyError>;

    /// The content of a file; `None` where it does not exist.
    fn file(&self, place: &FilePlace, path: &str) -> impl Future<Output = Result<Option<Vec<u8>>, CallError>> + Send;

    /// What stands under one of the keys that the table of kinds has as `extras`.
    fn extra(&self, _place: &FilePlace, _key: &str) -> impl Future<Output = Result<Value, CallError>> + Send {
        std::future::ready(Ok(Value::Null))
    }
}

/// The fields of Cloud's objects that tell where files are.
#[derive(Deserialize)]
struct CloudRepository {
    uuid: String,
    #[serde(default)]
    mainbranch: Option<Branch>,
}

#[derive(Deserialize)]
struct CloudPullRequest {
    destination: Destination,
}

#[derive(Deserialize)]
struct Destination {
    #[serde(default)]
    repository: Option<Named>,
    #[serde(default)]
    branch: Option<Branch>,
}

#[derive(Deserialize)]
struct Named {
    uuid: String,
}

#[derive(Deserialize)]
struct Branch {
    #[serde(default)]
    name: Option<String>,
}

/// Where the files of an object of Bitbucket Cloud are.
pub(super) fn cloud_place(kind: Kind, raw: &str) -> Result<Option<FilePlace>, KeyError> {
    let unreadable = |source: serde_json::Error| KeyError::Files { kind, source };
    let (repository, branch) = match kind.name() {
        "repository" => {
            let repository: CloudRepository = serde_json::from_str(raw).map_err(unreadable)?;
            (Some(repository.uuid), repository.mainbranch)
        }
        "pull-request" => {
            let pull_request: CloudPullRequest = serde_json::from_str(raw).map_err(unreadable)?;
            (pull_request.destination.repository.map(|named| named.uuid), pull_request.destination.branch)
        }
        _ => return Ok(None),
    };
    let branch = branch.and_then(|branch| branch.name).filter(|name| !name.is_empty());
    Ok(repository.zip(branch).map(|(repository, branch)| FilePlace { repository, branch }))
}

/// The fields of a server's objects that tell where files are.
#[derive(Deserialize)]
struct ServerRepository {
    slug: String,
    project: ServerProject,
}

#[derive(Deserialize)]
struct ServerProject {
    key: String,
}

#[derive(Deserialize)]
struct ServerPullRequest {
    #[serde(rename = "toRef")]
    to_ref: ServerRef,
}

#[derive(Deserialize)]
struct ServerRef {
    id: String,
    repository: ServerRepository,
}

/// Where the files of an object of Bitbucket Data Center are; the server knows the default branch.
pub(super) fn server_place(kind: Kind, raw: &str) -> Result<Option<FilePlace>, KeyError> {
    let unreadable = |source: serde_json::Error| KeyError::Files { kind, source };
    let (repository, branch) = match kind.name() {
        "repository" => (serde_json::from_str::<ServerRepository>(raw).map_err(unreadable)?, String::new()),
        "pull-request" => {
            let target = serde_json::from_str::<ServerPullRequest>(raw).map_err(unreadable)?.to_ref;
            (target.repository, target.id)
        }
        _ => return Ok(None),
    };
    Ok(Some(FilePlace { repository: format!("{}/{}", repository.project.key, repository.slug), branch }))
}
