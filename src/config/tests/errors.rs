//! Everything that is wrong, at once.

use super::*;

#[test]
fn all_problems_at_once() {
    let sources = with_dotenv(
        with_config(
            variables(&[
                ("OCEAN__INTEGRATION__TYPE", "bitbucket-server"),
                ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_USERNAME", "me"),
                ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_PASSWORD", "hush\nhush"),
                ("OCEAN__INTEGRATION__CONFIG__BITBUCKET_BASE_URL", "git.example.com"),
                ("OCEAN__EVENT_LISTENER", "{\"type\": hush}"),
                ("OCEAN__SCHEDULED_RESYNC_INTERVAL", "1h"),
                ("OCEAN__SSL", "[]"),
                ("OCEAN__ACTIONS_PROCESSOR__ENABLED", "true"),
                ("OCEAN__PROT__CLIENT_ID", "hush"),
            ]),
            "concurrency: 0\nlog:\n  format: jsn\nport: [1]\nbaseUrl: {a: 1}\nstrictExit: maybe\n",
        ),
        "OCEAN__DELETION__MAX_DELETES=many\n",
    );
    let errors = load(&sources).unwrap_err();
    insta::assert_snapshot!(errors);
    assert!(!errors.to_string().contains("hush"));
}

#[test]
fn a_broken_file_does_not_hide_other_problems() {
    let sources = with_config(variables(&[("OCEAN__CONCURRENCY", "none")]), "a: [\n");
    insta::assert_snapshot!(load(&sources).unwrap_err());
}

#[test]
fn what_could_not_be_read_is_reported_too() {
    let mut sources = cloud(&[]);
    sources.unreadable.push(Problem {
        key: "config.yaml".into(),
        origin: None,
        what: "cannot be read".into(),
        fix: None,
    });
    let errors = load(&sources).unwrap_err();
    assert_eq!(errors.to_string(), "the settings cannot be used: 1 problem\n\n  config.yaml: cannot be read");
}

#[test]
fn a_webhook_listener_needs_its_address() {
    let errors = load(&cloud(&[("OCEAN__EVENT_LISTENER__TYPE", "WEBHOOK")])).unwrap_err();
    assert!(errors.to_string().contains("OCEAN__EVENT_LISTENER__APP_HOST: is required"), "{errors}");
}
