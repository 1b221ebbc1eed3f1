//! What a generated instance is to look like.

/// The size and nature of an instance; equal specifications give equal worlds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorldSpec {
    /// Everything that is not said here follows from it.
    pub seed: u64,
    /// The version of the server, such as `9.4.3`; decides which fields and resources it knows.
    pub version: String,
    /// The address that the server takes for its own in all its links, without a slash at the end.
    pub base_url: String,
    /// How many projects.
    pub projects: u32,
    /// How many personal projects there are beside them.
    pub personal_projects: u32,
    /// How many repositories, spread over all projects; one in twelve is in a personal one.
    pub repositories: u32,
    /// How many pull requests each repository has, in all states.
    pub pull_requests_per_repository: u32,
    /// The share of them that is open, in percent; the rest is merged or declined.
    pub open_percent: u8,
    /// Whether some repositories are empty.
    pub empty_repositories: bool,
    /// How many people have an account.
    pub users: u32,
}

impl Default for WorldSpec {
    /// A small company on 9.4.3: 4 projects and 2 personal ones, 24 repositories, 6 pull requests each, 48 people.
    fn default() -> Self {
        Self {
            seed: 1,
            version: "9.4.3".to_owned(),
            base_url: "https://git.example.com".to_owned(),
            projects: 4,
            personal_projects: 2,
            repositories: 24,
            pull_requests_per_repository: 6,
            open_percent: 40,
            empty_repositories: true,
            users: 48,
        }
    }
}
