//! Laws that hold for any input.

use proptest::prelude::*;
use rstest::rstest;

use super::*;

/// Names near to and far from those of settings.
fn name() -> impl Strategy<Value = String> {
    let known: Vec<String> = table::all().map(Setting::variable).collect();
    prop_oneof![
        3 => prop::sample::select(known.clone()),
        1 => prop::sample::select(known).prop_map(|name| name.replace('_', "")),
        1 => prop::sample::select(vec!["OCEAN__EVENT_LISTENER", "OCEAN__INTEGRATION", "OCEAN__INTEGRATION__CONFIG", "OCEAN__SSL"]).prop_map(str::to_owned),
        1 => "OCEAN__[A-Z_]{0,12}",
        1 => ".{0,16}",
    ]
}

/// Values of all sorts.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        "[0-9]{1,5}",
        Just("true".to_owned()),
        Just(String::new()),
        Just("https://host.example/".to_owned()),
        Just(r#"{"type":"ONCE","config":{"bitbucketWorkspace":"w"}}"#.to_owned()),
        ".{0,24}",
        r#"[\[\]{}":,a-z0-9]{0,24}"#,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn nothing_panics(
        given in prop::collection::vec((name(), value()), 0..12),
        config in prop_oneof!["[a-zA-Z:{}\\[\\] \n'\"&*!|>%@-]{0,120}", ".{0,80}"],
        dotenv in "([A-Z_]{1,8}=[^\n]{0,12}\n){0,4}",
    ) {
        let sources = with_dotenv(with_config(
            Sources { variables: given, ..Sources::default() }, &config), &dotenv);
        match load(&sources) {
            Ok(loaded) => { let _ = (loaded.settings.explain().to_string(), loaded.settings.sensitive_values()); }
            Err(errors) => prop_assert!(!errors.problems.is_empty()),
        }
    }

    #[test]
    fn a_stronger_source_hides_a_weaker_one(low in 1_u64..=256, high in 1_u64..=256) {
        let file = with_config(cloud(&[]), &format!("concurrency: {low}\n"));
        let mut both = file.clone();
        both.variables.push(("OCEAN__CONCURRENCY".into(), high.to_string()));
        prop_assert_eq!(loaded(&both).settings.resync.concurrency as u64, high);
        both.variables.pop();
        prop_assert_eq!(loaded(&both).settings.resync.concurrency as u64, low);
    }

    #[test]
    fn the_order_of_variables_means_nothing(given in prop::collection::vec((name(), value()), 0..8), seed in any::<prop::sample::Index>()) {
        let mut names = std::collections::BTreeSet::new();
        let given: Vec<_> = given.into_iter().filter(|(name, _)| names.insert(name.clone())).collect();
        let mut turned = given.clone();
        if !turned.is_empty() {
            let by = seed.index(turned.len());
            turned.rotate_left(by);
        }
        let outcome = |variables| match load(&Sources { variables, ..Sources::default() }) {
            Ok(loaded) => loaded.settings.explain().to_string(),
            Err(errors) => shown(&errors.problems),
        };
        prop_assert_eq!(outcome(given), outcome(turned));
    }

    #[test]
    fn a_secret_in_a_wrong_place_is_not_echoed(secret in "[a-z]{12}hush") {
        for name in ["OCEAN__INTEGRATION__CONFIG", "OCEAN__EVENT_LISTENER", "OCEAN__UNKNOWN", "OCEAN__PORT__CLIENT_SECRET", "OCEAN__CONCURRENCY"] {
            let mut sources = variables(&[]);
            sources.variables.push((name.into(), format!("{{\"x\": \n{secret}")));
            let errors = load(&sources).unwrap_err();
            prop_assert!(!errors.to_string().contains(&secret), "{}", errors);
        }
    }
}

/// Large documents, each of another hostile shape, come to an end.
#[rstest]
#[case::keys(|index| format!("key{index}: v\n"))]
#[case::long_key(|_| "k".into())]
#[case::colons(|_| "a: ".into())]
#[case::flow(|_| "{a: [".into())]
#[case::items(|_| "- x\n".into())]
#[case::quotes(|_| "'".into())]
#[case::anchors(|index| format!("a{index}: &x{index} 1\n"))]
#[case::comments(|_| "#\n".into())]
#[case::question_marks(|_| "? ".into())]
#[case::assignments(|index| format!("OCEAN__K{index}=1\n"))]
fn hostile_documents_end(#[case] piece: fn(usize) -> String) {
    let mut text = String::new();
    for index in 0.. {
        text.push_str(&piece(index));
        if text.len() >= 1 << 17 {
            break;
        }
    }
    let started = std::time::Instant::now();
    let _ = load(&with_dotenv(with_config(cloud(&[]), &text), &text));
    let _ = load(&with_config(cloud(&[("OCEAN__EVENT_LISTENER", &text)]), &format!("port: '{text}'")));
    assert!(started.elapsed() < std::time::Duration::from_secs(60), "{:?}", started.elapsed());
}
