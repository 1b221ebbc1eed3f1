//! What Port's own runtime takes: its kinds for Bitbucket, and what their selectors may say.

const REPOSITORY: &[&str] = &["query", "userRole", "repoQuery", "includedFiles"];

const CLOUD: &[(&str, &[&str])] = &[
    ("project", &["query"]),
    ("repository", REPOSITORY),
    ("pull-request", &["query", "userRole", "repoQuery", "includedFiles", "pullRequestQuery"]),
    ("folder", &["query", "userRole", "repoQuery", "includedFiles", "folders"]),
    ("file", &["query", "files", "includedFiles"]),
];

const DATA_CENTER_FIELDS: &[&str] = &["query", "projects", "projectFilterRegex"];

const DATA_CENTER: &[(&str, &[&str])] = &[
    ("project", DATA_CENTER_FIELDS),
    ("repository", DATA_CENTER_FIELDS),
    ("pull-request", &["query", "projects", "projectFilterRegex", "state"]),
    ("user", &["query"]),
];

fn kinds(product: &str) -> &'static [(&'static str, &'static [&'static str])] {
    if product == "datacenter" { DATA_CENTER } else { CLOUD }
}

/// What the selector of that kind may say at Port; `None` if Port's runtime does not have the kind.
pub(super) fn selector_fields(product: &str, kind: &str) -> Option<&'static [&'static str]> {
    kinds(product).iter().find(|(name, _)| *name == kind).map(|(_, fields)| *fields)
}
