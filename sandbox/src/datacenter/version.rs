//! The version of a server, and what follows from it.

use crate::json::Object;

/// A version such as `8.19.2`, compared part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version([u32; 3]);

impl Version {
    /// Parts that are missing or no numbers count as 0.
    pub(super) fn parse(text: &str) -> Self {
        let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
        Self([(); 3].map(|()| parts.next().unwrap_or(0)))
    }

    /// Repositories can be archived, and `/repos` hides archived ones unless asked for them.
    pub(super) fn knows_archived(self) -> bool {
        self >= Self([8, 0, 0])
    }

    /// Projects have webhooks.
    pub(super) fn has_project_webhooks(self) -> bool {
        self >= Self([8, 8, 0])
    }

    /// Pull requests can be drafts.
    pub(super) fn knows_drafts(self) -> bool {
        self >= Self([8, 18, 0])
    }

    /// `default-branch` is there beside `branches/default`.
    pub(super) fn has_default_branch(self) -> bool {
        self >= Self([7, 5, 0])
    }

    /// The answer of `application-properties`.
    pub(super) fn write(self, properties: &mut Object<'_>) {
        let Self([major, minor, patch]) = self;
        properties.format("version", format_args!("{major}.{minor}.{patch}"));
        properties.format("buildNumber", format_args!("{major}{minor:03}{patch:03}"));
        properties.text("buildDate", "1717171717171");
        properties.text("displayName", "Bitbucket");
    }
}

#[cfg(test)]
mod tests {
    use super::Version;

    #[test]
    fn compared_part_by_part() {
        assert!(Version::parse("8.10.1").has_project_webhooks());
        assert!(!Version::parse("8.7.12").has_project_webhooks());
        assert!(Version::parse("8.8").has_project_webhooks());
        assert!(Version::parse("10.0.0").knows_drafts() && !Version::parse("8.9.0").knows_drafts());
        assert!(!Version::parse("7.21.4").knows_archived());
    }
}
