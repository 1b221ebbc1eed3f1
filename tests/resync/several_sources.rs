//! Entities that more than one object, or more than one resource, may give.

use std::sync::Arc;
use std::time::Duration;

use bitbucket_port::bitbucket::{CallError, Page};
use bitbucket_port::kinds::{FilePlace, KeyError, Kind, Listing, ObjectKey, Parent};
use bitbucket_port::mapping::CLOUD_DEFAULT;
use bitbucket_port::sync::{Reader, Report, SyncOutcome};
use bitbucket_port_sandbox::cloud::{PullRequestState, World};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};

use futures::future::{BoxFuture, FutureExt};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::harness::{Bench, deleted};

const PULL_REQUEST: &str = "bitbucketPullRequest";
const PROJECT: &str = "bitbucketProject";

/// Open and merged pull requests by a resource each, of one blueprint.
fn open_and_merged() -> String {
    let (head, own) = CLOUD_DEFAULT.mapping.split_once("  - kind: pull-request").expect("pull requests come last");
    let of = |state: &str| {
        let query = format!("query: \"true\"\n      pullRequestQuery: 'state=\"{state}\"'");
        format!("  - kind: pull-request{}", own.replace("query: \"true\"", &query))
    };
    format!("entityDeletionThreshold: 1\n{head}{}\n{}", of("OPEN"), of("MERGED"))
}

/// The default mapping, and a resource by which every pull request of the repositories gives one and the same entity.
fn one_for_all_of(slugs: &[String]) -> String {
    let own = slugs.iter().map(|slug| format!(".source.repository.full_name == \"acme/{slug}\"")).collect::<Vec<_>>();
    format!(
        "entityDeletionThreshold: 1\n{}\n  - kind: pull-request\n    selector:\n      query: '{}'\n    port:\n      entity:\n        mappings:\n          identifier: '\"shared\"'\n          title: '\"shared\"'\n          blueprint: '\"{PROJECT}\"'\n",
        CLOUD_DEFAULT.mapping,
        own.join(" or "),
    )
}

/// A bench whose catalog has an entity that two repositories' pull requests give, and these repositories in the order of
/// their keys: the state file says that it came from the second.
async fn with_shared() -> (Bench, [String; 2]) {
    let mut bench = Bench::new(6, 4).await;
    let mut by_key = vec![];
    for slug in bench.server.read(World::repository_slugs) {
        let open = bench.server.read(|world| world.pull_request_ids(&slug, &[PullRequestState::Open]));
        if !open.expect("it is there").is_empty() {
            let uuid = bench.repository(&slug).await["uuid"].as_str().expect("a UUID").to_owned();
            by_key.push((uuid, slug));
        }
    }
    by_key.sort();
    let [first, second] = [by_key[0].1.clone(), by_key[1].1.clone()];
    bench.mapping = one_for_all_of(&[first.clone(), second.clone()]);
    bench.resync().await;
    assert!(is_there(&bench).await);
    (bench, [first, second])
}

async fn is_there(bench: &Bench) -> bool {
    bench.identifiers(PROJECT).await.iter().any(|name| name == "shared")
}

fn refused() -> Fault {
    Fault::Status { status: 403, retry_after: None }
}

fn incomplete(report: &Report) {
    assert_eq!(report.outcome, SyncOutcome::Incomplete, "{report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_unread_repository_may_give_as_well_stays() {
    let (bench, [first, second]) = with_shared().await;
    bench.server.change(|world| world.remove_repository(&second)).expect("it is there");
    let unread = bench.pull_requests_path(&first).await;
    bench.server.faults().set([FaultRule::on(&unread, Occurrence::Always, refused())]);
    incomplete(&bench.resync().await);
    assert!(is_there(&bench).await, "the other repository still gives it");

    bench.server.faults().clear();
    bench.resync().await;
    assert!(is_there(&bench).await);
    bench.server.change(|world| world.remove_repository(&first)).expect("it is there");
    let report = bench.resync().await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert!(!is_there(&bench).await, "nothing gives it any more: {report:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_object_gives_as_well_stays_when_one_of_them_goes_between_resyncs() {
    let (bench, [first, second]) = with_shared().await;
    bench.server.change(|world| world.remove_repository(&second)).expect("it is there");
    let report = bench.refresh(&[("repository", &second)]).await;
    assert_eq!(report.outcome, SyncOutcome::Complete, "{report:#?}");
    assert!(is_there(&bench).await, "{first} still gives it: {report:#?}");
    bench.resync().await;
    assert!(is_there(&bench).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_unread_listing_of_its_repository_may_give_stays() {
    let mut bench = Bench::new(4, 6).await;
    bench.mapping = open_and_merged();
    bench.resync().await;
    let before = bench.identifiers(PULL_REQUEST).await;
    let slug = bench.server.read(World::repository_slugs)[0].clone();
    let open = bench.server.read(|world| world.pull_request_ids(&slug, &[PullRequestState::Open]));
    let id = open.expect("it is there")[0];
    bench.server.change(|world| world.merge(&slug, id)).expect("it is open");
    let unread = bench.pull_requests_path(&slug).await;
    let rule = FaultRule::on(&unread, Occurrence::Always, refused()).with_query("q=state=\"MERGED\"");
    bench.server.faults().set([rule]);
    let report = bench.resync().await;
    incomplete(&report);
    assert_eq!(deleted(&report), 0, "{report:#?}");
    assert_eq!(bench.identifiers(PULL_REQUEST).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passed_from_one_listing_to_another_meanwhile_stays() {
    let mut bench = Bench::new(4, 6).await;
    bench.mapping = open_and_merged();
    bench.resync().await;
    let before = bench.identifiers(PULL_REQUEST).await;
    let slug = bench.server.read(World::repository_slugs)[0].clone();
    let ids = |state| bench.server.read(|world| world.pull_request_ids(&slug, &[state])).expect("it is there");
    let (merged, declined) = (ids(PullRequestState::Open)[0], ids(PullRequestState::Merged)[0]);
    bench.server.change(|world| world.merge(&slug, merged)).expect("it is open");
    bench.server.change(|world| world.remove_pull_request(&slug, declined)).expect("it is there");
    let link = {
        let path = format!("{}/repositories/acme/{slug}/pullrequests/{merged}", bench.server.url());
        let http = bitbucket_port::http::http_client(&bitbucket_port::http::HttpSettings::default()).expect("a client");
        let object: Value = http.get(path).send().await.expect("an answer").json().await.expect("JSON");
        object["links"]["html"]["href"].as_str().expect("a link").to_owned()
    };
    let early: Arc<dyn Reader> = Arc::new(Early { reader: Arc::new(bench.reader()), link });
    let report = bench.resync_from(early).await;
    assert_eq!(deleted(&report), 1, "only what is gone: {report:#?}");
    let name = format!("{}{declined}", bench.names().await[0]);
    let after: Vec<String> = before.into_iter().filter(|known| *known != name).collect();
    assert_eq!(bench.identifiers(PULL_REQUEST).await, after);
}

/// A Bitbucket whose listings of merged pull requests were read before one was merged.
struct Early {
    reader: Arc<dyn Reader>,
    link: String,
}

impl Reader for Early {
    fn kinds(&self) -> &'static [Kind] {
        self.reader.kinds()
    }

    fn first_page<'a>(
        &'a self,
        listing: &'a Listing,
        parent: Option<&'a Parent>,
    ) -> BoxFuture<'a, Result<Page, CallError>> {
        async move {
            let mut page = self.reader.first_page(listing, parent).await?;
            let listing = listing.to_string();
            // Whoever asks later for this one alone gets it.
            if listing.contains("MERGED") && !listing.contains(" AND ") {
                page.values.retain(|object| !object.get().contains(&format!("\"{}\"", self.link)));
            }
            Ok(page)
        }
        .boxed()
    }

    fn next_page<'a>(
        &'a self,
        listing: &'a Listing,
        parent: Option<&'a Parent>,
        next: &'a str,
    ) -> BoxFuture<'a, Result<Page, CallError>> {
        self.reader.next_page(listing, parent, next)
    }

    fn get<'a>(&'a self, kind: Kind, key: &'a ObjectKey) -> BoxFuture<'a, Result<Box<RawValue>, CallError>> {
        self.reader.get(kind, key)
    }

    fn place(&self, kind: Kind, raw: &str) -> Result<Option<FilePlace>, KeyError> {
        self.reader.place(kind, raw)
    }

    fn file<'a>(&'a self, place: &'a FilePlace, path: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, CallError>> {
        self.reader.file(place, path)
    }

    fn extra<'a>(&'a self, place: &'a FilePlace, key: &'a str) -> BoxFuture<'a, Result<Value, CallError>> {
        self.reader.extra(place, key)
    }

    fn admits(&self, listing: &Listing, raw: &str) -> Option<bool> {
        self.reader.admits(listing, raw)
    }

    fn requests(&self) -> u64 {
        self.reader.requests()
    }

    fn estimate(&self, requests: u64) -> Option<Duration> {
        self.reader.estimate(requests)
    }

    fn requests_for(&self, kind: Kind) -> u64 {
        self.reader.requests_for(kind)
    }
}
