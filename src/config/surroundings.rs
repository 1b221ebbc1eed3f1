//! Facts about the machine that defaults depend on, gathered by the loader and passed in.

use std::path::PathBuf;

/// What was found out about the machine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `/tmp/ocean`, if it exists and can be written to: the container layout of Port's runtime.
    pub container_folder: Option<PathBuf>,
    /// `XDG_STATE_HOME`, if set to an absolute path.
    pub state_home: Option<PathBuf>,
    /// The user's home folder.
    pub home: Option<PathBuf>,
    /// Where temporary files go: the last resort.
    pub temporary: PathBuf,
}

impl Surroundings {
    /// Where the state file is when no one says otherwise.
    #[must_use]
    pub fn state_path(&self) -> PathBuf {
        const IN_FOLDER: &str = "bitbucket-port/state.db";
        if let Some(container) = &self.container_folder {
            return container.join("state.db");
        }
        match (&self.state_home, &self.home) {
            (Some(state), _) => state.join(IN_FOLDER),
            (None, Some(home)) => home.join(".local/state").join(IN_FOLDER),
            (None, None) => self.temporary.join(IN_FOLDER),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case(Some("/tmp/ocean"), Some("/s"), Some("/home/me"), "/tmp/ocean/state.db")]
    #[case(None, Some("/s"), Some("/home/me"), "/s/bitbucket-port/state.db")]
    #[case(None, None, Some("/home/me"), "/home/me/.local/state/bitbucket-port/state.db")]
    #[case(None, None, None, "/t/bitbucket-port/state.db")]
    fn state_path(
        #[case] container: Option<&str>,
        #[case] state: Option<&str>,
        #[case] home: Option<&str>,
        #[case] expected: &str,
    ) {
        let surroundings = Surroundings {
            container_folder: container.map(PathBuf::from),
            state_home: state.map(PathBuf::from),
            home: home.map(PathBuf::from),
            temporary: PathBuf::from("/t"),
        };
        assert_eq!(surroundings.state_path(), PathBuf::from(expected));
    }
}
