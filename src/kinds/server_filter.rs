//! What selectors of Data Center ask for and the server cannot be asked for.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::kind::Kind;
use super::listing::Listing;
use super::pattern::Pattern;
use crate::bitbucket::{CallError, decode};

/// The conditions of one listing that are heeded here.
#[derive(Debug, Default)]
pub(super) struct Filter {
    /// Keys of projects; any when empty.
    pub(super) projects: Vec<String>,
    pattern: Option<Pattern>,
    archived: Option<bool>,
    slug: Option<String>,
    state: Option<String>,
}

/// What of an object the conditions look at.
#[derive(Deserialize)]
struct Project {
    key: String,
}

#[derive(Deserialize)]
struct Repository {
    slug: String,
    project: Project,
    #[serde(default)]
    archived: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullRequest {
    #[serde(default)]
    state: Option<String>,
    to_ref: Target,
}

#[derive(Deserialize)]
struct Target {
    repository: Repository,
}

impl Filter {
    /// The conditions of a listing.
    ///
    /// # Errors
    /// A pattern that cannot be used, which reading the selector refuses already.
    pub(super) fn of(listing: &Listing) -> Result<Self, CallError> {
        let pattern = listing.parameter("projectFilterRegex").map(Pattern::new).transpose();
        let keys = listing.parameter("projects").into_iter().flat_map(|keys| keys.split(',')).map(str::to_owned);
        Ok(Self {
            projects: keys.collect(),
            pattern: pattern.map_err(|error| CallError::Invalid(error.to_string()))?,
            archived: match listing.parameter("archived") {
                Some("ACTIVE") => Some(false),
                Some("ARCHIVED") => Some(true),
                _ => None,
            },
            slug: listing.parameter(Listing::SLUG).map(str::to_owned),
            state: listing.parameter("state").filter(|state| *state != "ALL").map(str::to_owned),
        })
    }

    /// Whether objects of the project with this key are asked for.
    pub(super) fn takes_project(&self, key: &str) -> bool {
        (self.projects.is_empty() || self.projects.iter().any(|known| known == key))
            && self.pattern.as_ref().is_none_or(|pattern| pattern.matches(key))
    }

    fn takes_repository(&self, repository: &Repository) -> bool {
        self.takes_project(&repository.project.key)
            && self.archived.is_none_or(|wanted| repository.archived.unwrap_or_default() == wanted)
            && self.slug.as_ref().is_none_or(|slug| *slug == repository.slug)
    }

    fn is_empty(&self) -> bool {
        self.projects.is_empty() && self.pattern.is_none() && self.archived.is_none() && self.slug.is_none()
    }

    /// Leaves out the objects that are not asked for. One that cannot be read stays: whoever maps it tells why.
    pub(super) fn retain(&self, kind: Kind, values: &mut Vec<Box<RawValue>>) {
        if self.is_empty() {
            return;
        }
        values.retain(|value| match kind.name() {
            "project" => decode::<Project>(value.get()).map_or(true, |project| self.takes_project(&project.key)),
            "repository" => decode(value.get()).map_or(true, |repository| self.takes_repository(&repository)),
            _ => true,
        });
    }
}

/// Whether an object that exists belongs to a listing, as far as can be told without asking.
pub(super) fn admits(listing: &Listing, raw: &str) -> Option<bool> {
    let filter = Filter::of(listing).ok()?;
    match listing.kind().name() {
        "project" => Some(filter.takes_project(&decode::<Project>(raw).ok()?.key)),
        "repository" => repository(listing, &filter, &decode(raw).ok()?),
        "pull-request" => {
            let pull_request: PullRequest = decode(raw).ok()?;
            let fits = filter.state.is_none() || filter.state == pull_request.state;
            let parents = listing.each()?;
            Some(fits && repository(parents, &Filter::of(parents).ok()?, &pull_request.to_ref.repository)?)
        }
        _ => Some(true),
    }
}

fn repository(listing: &Listing, filter: &Filter, repository: &Repository) -> Option<bool> {
    let named = match listing.each() {
        None => true,
        Some(parents) => parents.parameter(Listing::NAMED)?.split(',').any(|key| *key == repository.project.key),
    };
    Some(named && filter.takes_repository(repository))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::kinds::datacenter::{PULL_REQUEST, REPOSITORY};

    #[rstest]
    #[case::open(json!({}), "OPS", false, true)]
    #[case::named(json!({ "projects": ["OPS", "~jo"] }), "~jo", false, true)]
    #[case::not_named(json!({ "projects": ["OPS"] }), "WEB", false, false)]
    #[case::pattern(json!({ "projectFilterRegex": "O" }), "OPS", false, true)]
    #[case::pattern_at_the_start(json!({ "projectFilterRegex": "PS" }), "OPS", false, false)]
    #[case::both(json!({ "projects": ["OPS", "WEB"], "projectFilterRegex": "W" }), "WEB", false, true)]
    #[case::one_of_both(json!({ "projects": ["OPS", "WEB"], "projectFilterRegex": "W" }), "OPS", false, false)]
    #[case::active(json!({ "archived": "ACTIVE" }), "OPS", true, false)]
    #[case::archived(json!({ "archived": "ARCHIVED" }), "OPS", true, true)]
    fn repositories_that_belong(
        #[case] selector: serde_json::Value,
        #[case] key: &str,
        #[case] archived: bool,
        #[case] wanted: bool,
    ) {
        let mut selector = selector;
        selector["query"] = json!("true");
        let repository = json!({ "slug": "shop", "project": { "key": key }, "archived": archived });
        let listing = REPOSITORY.selector(&selector).unwrap().listing;
        assert_eq!(admits(&listing, &repository.to_string()), Some(wanted));
        let pull_request = json!({ "id": 1, "state": "OPEN", "toRef": { "repository": repository } });
        let listing = PULL_REQUEST.selector(&selector).unwrap().listing;
        assert_eq!(admits(&listing, &pull_request.to_string()), Some(wanted));
    }

    #[rstest]
    #[case("OPEN", None, true)]
    #[case("MERGED", None, false)]
    #[case("MERGED", Some("ALL"), true)]
    #[case("MERGED", Some("MERGED"), true)]
    #[case("OPEN", Some("DECLINED"), false)]
    fn pull_requests_that_belong(#[case] state: &str, #[case] asked: Option<&str>, #[case] wanted: bool) {
        let listing = PULL_REQUEST.selector(&json!({ "query": "true", "state": asked })).unwrap().listing;
        let repository = json!({ "slug": "shop", "project": { "key": "OPS" } });
        let pull_request = json!({ "id": 1, "state": state, "toRef": { "repository": repository } });
        assert_eq!(admits(&listing, &pull_request.to_string()), Some(wanted));
        assert_eq!(admits(&listing, "{}"), None);
    }
}
