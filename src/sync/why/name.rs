//! Names of objects as people write them.

use crate::kinds::{Kind, Listing, ObjectKey};
use crate::sync::Reader;

use super::WhyError;

/// A name, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name<'n> {
    /// Workspace or project, where it is said.
    owner: Option<&'n str>,
    /// Project, repository or user.
    own: &'n str,
    /// Number within the repository.
    number: Option<&'n str>,
}

/// The key under which an object of that name can be fetched.
pub(in crate::sync) async fn key(source: &dyn Reader, kind: Kind, name: &str) -> Result<ObjectKey, WhyError> {
    let parts = parts(kind, name).ok_or_else(|| WhyError::Name {
        name: name.to_owned(),
        kind: kind.name(),
        form: form(kind),
    })?;
    let Name { owner, own, number } = parts;
    let server = kind.info().product == "datacenter";
    let place = match (is_within_projects(kind) && server, owner) {
        (true, Some(owner)) => vec![owner.to_owned(), own.to_owned()],
        (true, None) => find(source, kind, own).await?.fields(),
        // Cloud takes slugs in place of UUIDs, and slugs are unique in a workspace.
        (false, _) => vec![own.to_owned()],
    };
    Ok(ObjectKey::new(place.into_iter().chain(number.map(str::to_owned))))
}

/// How objects of a kind are named.
fn form(kind: Kind) -> &'static str {
    match (kind.name(), kind.info().product) {
        ("project", _) => "its key",
        ("repository", _) => "its slug, or PROJECT/SLUG",
        ("pull-request", _) => "REPOSITORY#NUMBER or REPOSITORY/NUMBER",
        ("user", _) => "the name (slug) of the user",
        _ => "the fields of its key, with slashes between them",
    }
}

fn is_within_projects(kind: Kind) -> bool {
    matches!(kind.name(), "repository" | "pull-request")
}

fn parts(kind: Kind, name: &str) -> Option<Name<'_>> {
    let name = name.trim().trim_end_matches('/');
    let (place, number) = match kind.name() {
        "pull-request" => {
            let (place, number) = name.rsplit_once(['#', '/'])?;
            number.parse::<u64>().ok()?;
            (place, Some(number))
        }
        _ => (name, None),
    };
    let (owner, own) = match place.rsplit_once('/') {
        Some((owner, own)) if is_within_projects(kind) => (Some(owner), own),
        Some(_) => return None,
        None => (None, place),
    };
    let usable = |part: &str| !part.is_empty() && !part.contains(['/', '#']);
    (usable(own) && owner.is_none_or(usable)).then_some(Name { owner, own, number })
}

/// The key of the only repository of a server with this slug.
async fn find(source: &dyn Reader, kind: Kind, slug: &str) -> Result<ObjectKey, WhyError> {
    let repositories = source.kinds().iter().find(|known| known.name() == "repository").copied().unwrap_or(kind);
    let all = repositories.selector(&serde_json::json!({ "query": "true" }));
    let Ok(all) = all else { return Err(absent(repositories, slug)) };
    let listing = Listing::clone(&all.listing).with_parameter(Listing::SLUG, slug);
    let mut found: Vec<ObjectKey> = vec![];
    let mut trail = crate::bitbucket::Trail::default();
    let mut page = source.first_page(&listing, None).await?;
    loop {
        for value in &page.values {
            found.push(repositories.key_of(value.get())?);
        }
        let Some(next) = page.next.filter(|next| trail.step(next).is_ok()) else { break };
        page = source.next_page(&listing, None, &next).await?;
    }
    match found.len() {
        0 => Err(absent(repositories, slug)),
        1 => Ok(found.remove(0)),
        _ => {
            let found: Vec<String> = found.iter().map(ToString::to_string).collect();
            Err(WhyError::Several { name: slug.to_owned(), found: found.join(", ") })
        }
    }
}

pub(super) fn absent(kind: Kind, name: &str) -> WhyError {
    WhyError::Absent { kind: kind.name(), name: name.to_owned() }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::kinds::cloud::{PROJECT, PULL_REQUEST, REPOSITORY};

    #[rstest]
    #[case(PROJECT, "OPS", Some((None, "OPS", None)))]
    #[case(REPOSITORY, "website", Some((None, "website", None)))]
    #[case(REPOSITORY, " acme/website/ ", Some((Some("acme"), "website", None)))]
    #[case(REPOSITORY, "{0a1b}", Some((None, "{0a1b}", None)))]
    #[case(PULL_REQUEST, "website#12", Some((None, "website", Some("12"))))]
    #[case(PULL_REQUEST, "website/12", Some((None, "website", Some("12"))))]
    #[case(PULL_REQUEST, "OPS/website#12", Some((Some("OPS"), "website", Some("12"))))]
    #[case(PULL_REQUEST, "OPS/website/12", Some((Some("OPS"), "website", Some("12"))))]
    #[case(PULL_REQUEST, "website", None)]
    #[case(PULL_REQUEST, "website#x", None)]
    #[case(PULL_REQUEST, "#12", None)]
    #[case(PROJECT, "a/b", None)]
    #[case(REPOSITORY, "a/b/c", None)]
    #[case(REPOSITORY, "", None)]
    fn names_as_people_write_them(
        #[case] kind: Kind,
        #[case] name: &str,
        #[case] expected: Option<(Option<&str>, &str, Option<&str>)>,
    ) {
        let expected = expected.map(|(owner, own, number)| Name { owner, own, number });
        assert_eq!(parts(kind, name), expected);
    }
}
