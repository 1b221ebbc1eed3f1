//! Faults that the matrix found to do harm, each alone.

use bitbucket_port_sandbox::cloud::World;
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};
use rstest::rstest;
use serde_json::{Value, json};

use crate::port::Pair;
use bitbucket_port::sync::SyncOutcome;

const BLUEPRINTS: [&str; 3] = ["bitbucketProject", "bitbucketRepository", "bitbucketPullRequest"];

fn all(pair: &Pair) -> Vec<Vec<String>> {
    BLUEPRINTS.iter().map(|blueprint| pair.identifiers(blueprint)).collect()
}

/// Leaves one project to be created by the repositories that relate to it, which they do only if they have a readme.
fn leave_out_a_project(pair: &Pair) -> String {
    let mut mapping = pair.port.read(|world| world.integration("my-bitbucket").expect("it is there")["config"].clone());
    let project = pair.identifiers("bitbucketProject").into_iter().next().expect("a project");
    let resources = mapping["resources"].as_array_mut().expect("resources");
    let of = |kind: &str, resources: &mut Vec<Value>| {
        resources.iter().position(|resource| resource["kind"] == kind).expect("a resource of the kind")
    };
    let projects = of("project", resources);
    resources[projects]["selector"]["query"] = json!(format!(".uuid | contains({project:?}) | not"));
    let repositories = of("repository", resources);
    let relation = &mut resources[repositories]["port"]["entity"]["mappings"]["relations"]["project"];
    let was = relation.as_str().expect("a relation").to_owned();
    *relation = json!(format!("if .__includedFiles[\"README.md\"] == null then null else {was} end"));
    pair.port.change(|world| world.set_mapping("my-bitbucket", mapping)).expect("it is there");
    project
}

/// What a relation made is there only because of it. Where what relates to it was not read, it must neither go nor take
/// along what depends on it.
#[rstest]
#[case::listing("/2.0/repositories/*")]
#[case::enrichment("/2.0/repositories/*/*/src/**")]
#[tokio::test(flavor = "multi_thread")]
async fn what_a_relation_made_stays_with_its_dependents_unless_everything_was_read(#[case] route: &str) {
    let pair = Pair::new(12, 3).await;
    pair.resync().await;
    let project = leave_out_a_project(&pair);
    pair.resync().await;
    // As if it had been made by the relation alone: nothing is known of where it came from.
    pair.bitbucket.lose_state();
    pair.resync().await;
    let before = all(&pair);
    assert!(before[0].contains(&project), "{before:?}");

    let fault = Fault::Status { status: 403, retry_after: None };
    pair.bitbucket.server.faults().set([FaultRule::on(route, Occurrence::Always, fault)]);
    let report = pair.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
    assert_eq!(all(&pair), before, "{report:#?}");

    pair.bitbucket.server.faults().clear();
    let report = pair.resync().await;
    assert_eq!((all(&pair), &report.outcome), (before, &SyncOutcome::Complete), "{report:#?}");
}

/// What was listed a moment ago and then answers 404 may be out of sight only: nothing of it goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_goes_while_the_sync_runs_keeps_what_belongs_to_it() {
    let pair = Pair::new(3, 3).await;
    pair.resync().await;
    let slug = pair.bitbucket.server.read(World::repository_slugs).remove(0);
    let listing = pair.bitbucket.pull_requests_path(&slug).await;
    let one = listing.trim_end_matches("/pullrequests");
    let gone = |path: &str| FaultRule::on(path, Occurrence::Always, Fault::Status { status: 404, retry_after: None });
    let before = all(&pair);
    for faults in [vec![gone(&listing)], vec![gone(&listing), gone(one)]] {
        pair.bitbucket.server.faults().set(faults);
        let report = pair.resync().await;
        assert_eq!((all(&pair), &report.outcome), (before.clone(), &SyncOutcome::Incomplete), "{report:#?}");
    }
}
