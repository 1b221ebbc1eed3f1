//! What a generated workspace is to look like.

/// The size and nature of a workspace; equal specifications give equal worlds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldSpec {
    /// Everything that is not said here follows from it.
    pub seed: u64,
    /// The slug of the workspace.
    pub workspace: String,
    /// How many projects.
    pub projects: u32,
    /// How many repositories, spread over the projects.
    pub repositories: u32,
    /// How many pull requests each repository has, in all states.
    pub pull_requests_per_repository: u32,
    /// The share of them that is open, in percent; the rest is merged, declined or superseded.
    pub open_percent: u8,
    /// Whether some repositories are empty and so have no main branch.
    pub empty_repositories: bool,
}

impl Default for WorldSpec {
    /// A small company: 4 projects, 24 repositories, 6 pull requests each.
    fn default() -> Self {
        Self {
            seed: 1,
            workspace: "acme".to_owned(),
            projects: 4,
            repositories: 24,
            pull_requests_per_repository: 6,
            open_percent: 40,
            empty_repositories: true,
        }
    }
}
