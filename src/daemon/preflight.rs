//! What the daemon cannot do, found before anything is sent.

use crate::config::{EventListener, Origin, Problem, Settings, SettingsErrors};

/// Everything in valid settings that keeps the daemon from starting; empty where it can.
#[must_use]
pub fn refusals(settings: &Settings) -> Vec<Problem> {
    let mut problems = settings.require_port().err().map_or_else(Vec::new, |SettingsErrors { problems, .. }| problems);
    problems.extend([listener(settings), prefix(settings)].into_iter().flatten());
    problems
}

/// What is accepted but not done yet, for the log.
#[must_use]
pub fn cautions(settings: &Settings) -> Vec<String> {
    let mut cautions = Vec::new();
    if settings.integration.incremental.is_some() {
        cautions.push("an incremental sync is not built yet: this is a full resync".to_owned());
    }
    if settings.metrics_push.is_some() {
        cautions.push("metrics are not pushed yet; fetch them from /metrics".to_owned());
    }
    if settings.server.base_url.is_some() && settings.listener.takes_webhooks {
        let what = "OCEAN__BASE_URL has no effect, because live events are not built yet: no webhook is created or taken, \
                    and changes come with the next resync (OCEAN__SCHEDULED_RESYNC_INTERVAL sets how often)";
        cautions.push(what.to_owned());
    }
    cautions
}

fn listener(settings: &Settings) -> Option<Problem> {
    let kind = &settings.listener.kind;
    let fix = match kind {
        EventListener::Polling { .. } | EventListener::Webhook { .. } | EventListener::Once => return None,
        EventListener::Kafka(_) => {
            "set OCEAN__EVENT_LISTENER to {\"type\":\"POLLING\"}: Port is asked at an interval whether a resync is \
             requested; or to {\"type\":\"ONCE\"} (or give --once): one resync per start, for example from a CronJob"
        }
        EventListener::WebhooksOnly => {
            "set OCEAN__EVENT_LISTENER to {\"type\":\"POLLING\"} and OCEAN__SCHEDULED_RESYNC_INTERVAL to some minutes: \
             until live events are built, resyncs bring the changes"
        }
        EventListener::ActionsOnly => {
            "the Bitbucket integrations declare no actions, so such a process has nothing to do: do not start it, or set \
             OCEAN__EVENT_LISTENER to {\"type\":\"POLLING\"}"
        }
    };
    let what = format!("the listener {} is not built yet", kind.name());
    Some(problem(settings, "event_listener.type", &what, fix))
}

/// The prefix becomes part of routes, where other characters have a meaning of their own.
fn prefix(settings: &Settings) -> Option<Problem> {
    let is_plain = |segment: &str| {
        !segment.is_empty() && segment.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | '~'))
    };
    let prefix = settings.server.path_prefix.trim_start_matches('/');
    (!prefix.is_empty() && !prefix.split('/').all(is_plain)).then(|| {
        let fix = "use letters, digits and - . _ ~ between single slashes, for example /hooks/bitbucket";
        problem(settings, "path_prefix", "is not the path of a route", fix)
    })
}

fn problem(settings: &Settings, path: &'static str, what: &str, fix: &str) -> Problem {
    let explained = settings.explain().entries().iter().find(|entry| entry.path == path);
    let origin = explained.map(|entry| entry.origin.clone()).filter(|origin| *origin != Origin::Default);
    Problem {
        key: explained.map_or_else(|| path.to_owned(), |entry| entry.variable.clone()),
        origin,
        what: what.to_owned(),
        fix: Some(fix.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load};

    fn refused(variables: &[(&str, &str)]) -> String {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let settings = load(&Sources { variables, ..Sources::default() }).unwrap().settings;
        refusals(&settings).iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
    }

    const COMPLETE: [(&str, &str); 4] = [
        ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_WORKSPACE", "acme"),
        ("OCEAN__PORT__CLIENT_ID", "an-id"),
        ("OCEAN__PORT__CLIENT_SECRET", "a-secret"),
        ("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#),
    ];

    #[test]
    fn settings_of_a_one_shot_run_are_not_refused() {
        assert_eq!(refused(&COMPLETE), "");
        assert_eq!(refused(&[&COMPLETE[..], &[("OCEAN__PATH_PREFIX", "/a/b-c_d.e~/")]].concat()), "");
    }

    #[test]
    fn everything_that_is_not_built_is_said_at_once() {
        insta::assert_snapshot!(refused(&[
            ("OCEAN__INTEGRATION__TYPE", "bitbucket-server"),
            ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_BASE_URL", "https://git.example.com"),
            ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_USERNAME", "someone"),
            ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_PASSWORD", "hushhush"),
            ("OCEAN__EVENT_LISTENER", r#"{"type":"KAFKA","brokers":"b-1.example.com:9196"}"#),
            ("OCEAN__PATH_PREFIX", "a/{b}"),
        ]));
    }

    #[test]
    fn what_is_not_done_is_said() {
        let settings = |variables: &[(&str, &str)]| {
            let all = COMPLETE.iter().chain(variables);
            let variables = all.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            load(&Sources { variables, ..Sources::default() }).unwrap().settings
        };
        assert_eq!(cautions(&settings(&[])), [""; 0]);
        let incremental = settings(&[("OCEAN__INTEGRATION__INCREMENTAL_SYNC_ENABLED", "true")]);
        assert_eq!(cautions(&incremental), ["an incremental sync is not built yet: this is a full resync"]);
        let polling = ("OCEAN__EVENT_LISTENER", r#"{"type":"POLLING"}"#);
        let address = ("OCEAN__BASE_URL", "https://bb.example.com");
        let said = cautions(&settings(&[polling, address]));
        assert!(said.len() == 1 && said[0].contains("live events are not built yet"), "{said:?}");
        assert_eq!(cautions(&settings(&[address])), [""; 0], "ONCE takes no webhooks in Port's runtime either");
    }

    #[rstest::rstest]
    #[case::by_default(None, "")]
    #[case::polling(Some(r#"{"type":"POLLING"}"#), "")]
    #[case::webhook(Some(r#"{"type":"WEBHOOK","appHost":"https://bb.example.com"}"#), "")]
    #[case::kafka(Some(r#"{"type":"KAFKA"}"#), "the listener KAFKA is not built yet")]
    #[case::webhooks_only(Some(r#"{"type":"WEBHOOKS_ONLY"}"#), "the listener WEBHOOKS_ONLY is not built yet")]
    #[case::actions_only(Some(r#"{"type":"ACTIONS_ONLY"}"#), "the listener ACTIONS_ONLY is not built yet")]
    fn listeners_that_are_built_are_not_refused(#[case] listener: Option<&str>, #[case] word: &str) {
        let set = listener.map(|listener| ("OCEAN__EVENT_LISTENER", listener));
        let refused = refused(&COMPLETE[..3].iter().copied().chain(set).collect::<Vec<_>>());
        assert!(if word.is_empty() { refused.is_empty() } else { refused.contains(word) }, "{refused}");
        assert!(word.is_empty() || refused.contains("POLLING"), "a remedy is named: {refused}");
    }

    #[test]
    fn a_prefix_cannot_break_the_router() {
        for prefix in ["{x}", "a//b", ":x", "*", "a b", "ä", "a?b", "a/{*rest}", "%41"] {
            let refused = refused(&[&COMPLETE[..], &[("OCEAN__PATH_PREFIX", prefix)]].concat());
            assert!(refused.starts_with("OCEAN__PATH_PREFIX"), "{prefix}: {refused}");
        }
    }
}
