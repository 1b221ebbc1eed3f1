//! Decides when fingerprints of earlier syncs count for nothing: on request, after a while, and when somebody else
//! has written to the catalog under our name.
//!
//! Then all of them are voided in the state file before anything is read: whatever this sync does not come to, the
//! next one compares. So the time of the comparison can be kept at once.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::catalog::{Access, Registered};

use super::SyncError;
use super::context::Context;
use super::resync::FullComparison;

/// Under which key of the catalog's part of the state the time of the last full comparison is kept.
const LAST: &str = "full_comparison";

/// Under which the registration is kept that the catalog had at the end of the last look.
const REGISTERED: &str = "registered";

/// What a sync compares with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// With fingerprints of earlier syncs, where they can be trusted.
    Fingerprints,
    /// With what the catalog holds, for every entity.
    Everything,
}

impl Comparison {
    /// How long after its beginning an interrupted sync may be gone on with: what its first part compared with
    /// fingerprints would be passed over.
    pub(crate) fn resumable(self, within: Duration) -> Duration {
        match self {
            Self::Fingerprints => within,
            Self::Everything => Duration::ZERO,
        }
    }
}

/// Voids fingerprints if there is a reason to.
pub(crate) async fn prepare(
    ctx: &Context,
    when: FullComparison,
    as_of: Option<OffsetDateTime>,
) -> Result<Comparison, SyncError> {
    let now = as_of.unwrap_or_else(OffsetDateTime::now_utc);
    let known = ctx.state.value(REGISTERED).await?;
    let (registered, stranger) = follow(known.clone(), ctx.catalog.take_registrations());
    let last = ctx.state.value(LAST).await?.and_then(|text| OffsetDateTime::parse(&text, &Rfc3339).ok());
    let why = match stranger {
        Some(stranger) => {
            let why = format!("another program registered under this identifier since the last sync ({stranger})");
            ctx.notices.warning(format!(
                "{why}: everything is compared with what the catalog holds; two programs that write under one \
                 identifier undo each other's work, so stop one of them"
            ));
            Some(why)
        }
        None => due(when, ctx.catalog.access(), last, now),
    };
    let comparison = if why.is_some() { Comparison::Everything } else { Comparison::Fingerprints };
    if let Some(why) = why {
        let voided = ctx.state.void_hashes().await?;
        ctx.state.set_value(LAST, now.format(&Rfc3339).unwrap_or_default()).await?;
        if voided > 0 {
            ctx.notices.note(format!("{voided} entities are compared with what the catalog holds: {why}"));
        } else {
            tracing::info!("everything is compared with what the catalog holds: {why}");
        }
    }
    if let Some(registered) = registered.filter(|registered| Some(registered) != known.as_ref()) {
        ctx.state.set_value(REGISTERED, registered).await?;
    }
    Ok(comparison)
}

/// Why everything is compared in this sync; `None` if it is not.
fn due(when: FullComparison, access: Access, last: Option<OffsetDateTime>, now: OffsetDateTime) -> Option<String> {
    let interval = match when {
        FullComparison::Now => return Some("it was asked for".to_owned()),
        // What cannot be read would be written anew, change or not.
        FullComparison::After(_) if access == Access::WriteOnly => return None,
        FullComparison::After(interval) => interval,
    };
    let Some(last) = last else { return Some("the state file knows of no earlier comparison".to_owned()) };
    // A last time that lies ahead comes from a clock that was wrong.
    let passed = Duration::try_from(now - last).ok();
    let is_due = passed.is_none_or(|passed| passed >= interval);
    is_due.then(|| format!("the last comparison was on {}", last.format(&Rfc3339).unwrap_or_default()))
}

/// Follows the registrations that were seen: the one that stands now, and the first that neither we set nor was
/// there at the last look.
fn follow(known: Option<String>, seen: Vec<Registered>) -> (Option<String>, Option<String>) {
    let (mut expected, mut stranger) = (known, None);
    for registered in seen {
        let registration = match registered {
            Registered::Found(found) => {
                if expected.as_ref().is_some_and(|expected| *expected != found) {
                    stranger.get_or_insert_with(|| found.clone());
                }
                found
            }
            Registered::Set(set) => set,
        };
        expected = Some(registration);
    }
    (expected, stranger)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const DAY: FullComparison = FullComparison::After(Duration::from_secs(86_400));

    #[test]
    fn a_comparison_is_due_when_its_time_has_come_or_nobody_knows() {
        let now = datetime!(2024-05-02 12:00 UTC);
        let due = |when, access, last| due(when, access, last, now).is_some();
        assert!(due(DAY, Access::ReadWrite, None));
        assert!(due(DAY, Access::ReadWrite, Some(datetime!(2024-05-01 12:00 UTC))));
        assert!(!due(DAY, Access::ReadWrite, Some(datetime!(2024-05-01 12:01 UTC))));
        assert!(due(DAY, Access::ReadWrite, Some(datetime!(2024-05-03 12:00 UTC))), "the clock was wrong");
        assert!(due(FullComparison::After(Duration::ZERO), Access::ReadWrite, Some(now)));
        assert!(due(FullComparison::Now, Access::WriteOnly, Some(now)));
        assert!(!due(DAY, Access::WriteOnly, None), "a change log would get everything again");
    }

    #[test]
    fn a_registration_that_we_did_not_set_is_a_stranger() {
        let found = |text: &str| Registered::Found(text.to_owned());
        let set = |text: &str| Registered::Set(text.to_owned());
        let known = || Some("ours 1".to_owned());
        let ours = |text: &str| Some(text.to_owned());
        assert_eq!(follow(None, vec![found("any")]), (ours("any"), None), "nothing to compare with");
        assert_eq!(follow(known(), vec![found("ours 1"), found("ours 1")]), (ours("ours 1"), None));
        assert_eq!(follow(known(), vec![found("ours 1"), set("ours 2"), found("ours 2")]), (ours("ours 2"), None));
        assert_eq!(follow(known(), vec![found("theirs"), set("ours 1")]), (ours("ours 1"), ours("theirs")));
        assert_eq!(follow(known(), vec![]), (known(), None));
    }
}
