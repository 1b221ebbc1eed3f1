//! Bitbucket Cloud, asked over HTTP.

mod client;

use std::collections::HashSet;
use std::io::Read as _;
use std::time::Duration;

use bitbucket_port_sandbox::cloud::{
    Access, Account, Options, PullRequestEdit, PullRequestState, Quota, Server, World, WorldSpec,
};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};
use client::{Answer, send};
use serde_json::{Value, json};

async fn get(url: &str) -> Answer {
    send("GET", url, &[], None).await.expect("an answer")
}

async fn server() -> Server {
    let spec = WorldSpec { repositories: 130, pull_requests_per_repository: 60, ..WorldSpec::default() };
    Server::start(World::generate(&spec), Options::default()).await.expect("a server")
}

/// A repository that has a main branch, by slug.
async fn some_repository(server: &Server) -> String {
    let page = get(&format!("{}/repositories/acme?pagelen=100&q=mainbranch.name!=null", server.url())).await.json();
    page["values"][0]["slug"].as_str().expect("a slug").to_owned()
}

async fn all_pages(first: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut next = Some(first.to_owned());
    while let Some(url) = next {
        let page = get(&url).await.json();
        found.extend(page["values"].as_array().expect("values").iter().cloned());
        next = page["next"].as_str().map(str::to_owned);
    }
    found
}

#[tokio::test]
async fn listings_are_paged_and_complete() {
    let server = server().await;
    let first = get(&format!("{}/repositories/acme", server.url())).await.json();
    assert_eq!((&first["pagelen"], &first["size"], &first["page"]), (&json!(10), &json!(130), &json!(1)));
    let repositories = all_pages(&format!("{}/repositories/acme?pagelen=60", server.url())).await;
    let uuids: HashSet<&str> = repositories.iter().filter_map(|repository| repository["uuid"].as_str()).collect();
    assert_eq!(uuids.len(), 130);
    assert!(repositories.iter().any(|repository| repository["mainbranch"].is_null()));
    let projects = all_pages(&format!("{}/workspaces/acme/projects", server.url())).await;
    assert_eq!(projects.len(), 4);
    let key = projects[1]["key"].as_str().expect("a key");
    assert_eq!(get(&format!("{}/workspaces/acme/projects/{key}", server.url())).await.json(), projects[1]);
    assert_eq!(get(&format!("{}/workspaces/acme/projects/NONE", server.url())).await.status, 404);
    for repository in &repositories {
        let size = repository.to_string().len();
        let least = if repository["description"] == "" { 2_600 } else { 3_000 };
        assert!((least..8_000).contains(&size), "{size}");
        assert!(projects.iter().any(|project| project["uuid"] == repository["project"]["uuid"]));
    }
}

#[tokio::test]
async fn pull_requests_are_found_by_slug_and_by_uuid() {
    let server = server().await;
    let slug = some_repository(&server).await;
    let url = format!("{}/repositories/acme", server.url());
    let repository = get(&format!("{url}/{slug}")).await.json();
    let uuid = repository["uuid"].as_str().expect("uuid").to_owned();
    let encoded = uuid.replace('{', "%7B").replace('}', "%7D");
    let open = all_pages(&format!("{url}/{slug}/pullrequests?pagelen=50")).await;
    assert!(!open.is_empty() && open.iter().all(|request| request["state"] == "OPEN"));
    assert!(open.iter().all(|request| request.get("participants").is_none()));
    for name in [&uuid, &encoded] {
        assert_eq!(all_pages(&format!("{url}/{name}/pullrequests?q=state%3D%22OPEN%22&pagelen=7")).await, open);
    }
    let all = all_pages(&format!("{url}/{slug}/pullrequests?pagelen=50&q=id%3E0")).await;
    assert_eq!(all.len(), 60);
    assert_eq!(all[0]["id"], 60, "newest first");
    let states = ["OPEN", "MERGED", "DECLINED", "SUPERSEDED"].map(|state| format!("state={state}")).join("&");
    assert_eq!(all_pages(&format!("{url}/{slug}/pullrequests?{states}")).await, all);
    let one = get(&format!("{url}/{slug}/pullrequests/60")).await.json();
    assert!(
        one["participants"].is_array()
            && one["reviewers"].is_array()
            && one["rendered"]["title"]["raw"] == one["title"]
    );
    let with = get(&format!("{url}/{slug}/pullrequests?fields=%2Bvalues.reviewers&q=id=60")).await.json();
    assert_eq!(with["values"][0]["reviewers"], one["reviewers"]);
    assert!(with["values"][0].get("rendered").is_none());
}

#[tokio::test]
async fn refused_as_the_service_refuses() {
    let server = server().await;
    let slug = some_repository(&server).await;
    let url = server.url();
    let mut seen = Vec::new();
    for path in [
        format!("/repositories/acme/{slug}/pullrequests?pagelen=51"),
        "/repositories/acme?pagelen=101".to_owned(),
        "/repositories/acme?role=boss".to_owned(),
        "/repositories/acme?q=wrong%3D1".to_owned(),
        "/repositories/acme?sort=-wrong".to_owned(),
        format!("/repositories/acme/{slug}/pullrequests?state=CLOSED"),
        "/repositories/acme/nothing".to_owned(),
        "/repositories/other/nothing".to_owned(),
        "/workspaces/other".to_owned(),
        format!("/repositories/acme/{slug}/pullrequests/999"),
        format!("/repositories/acme/{slug}/src/master1/README.md"),
        "/repositories".to_owned(),
        "/workspaces".to_owned(),
        "/workspaces/acme/search/code?search_query=x".to_owned(),
        "/user".to_owned(),
        "/somewhere".to_owned(),
    ] {
        let answer = get(&format!("{url}{path}")).await;
        let body = answer.json();
        assert_eq!(body["type"], "error");
        assert!(!answer.header("x-request-uuid").is_empty());
        seen.push(format!("{} {}", answer.status.as_u16(), body["error"]["message"].as_str().expect("message")));
    }
    let text = seen.join("\n").replace(&slug, "SLUG");
    assert_eq!(
        text,
        "400 Invalid pagelen\n400 Invalid pagelen\n400 boss: invalid role\n400 Invalid query: unknown field wrong\n400 Invalid sort \
         field: wrong\n400 Invalid state: CLOSED\n404 Repository acme/nothing not found\n404 Repository other/nothing not \
         found\n404 No workspace with identifier 'other'.\n404 Pull request 999 not found\n404 Commit not found: \
         master1\n410 This endpoint is no longer available. See CHANGE-2770.\n410 This endpoint is no longer available. See \
         CHANGE-2770.\n410 This endpoint is no longer available. See CHANGE-2770.\n401 This endpoint requires \
         authentication.\n404 Resource not found"
    );
    let answer = send("DELETE", &format!("{url}/workspaces/acme"), &[], None).await.expect("an answer");
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn roles_are_nested_and_sort_orders() {
    let server = server().await;
    let url = server.url();
    let mut sizes = Vec::new();
    for role in ["member", "contributor", "admin", "owner"] {
        sizes.push(get(&format!("{url}/repositories/acme?role={role}")).await.json()["size"].as_u64().expect("size"));
    }
    assert!(sizes.windows(2).all(|pair| pair[0] > pair[1]) && sizes[0] < 130 && sizes[3] > 0, "{sizes:?}");
    let sorted =
        all_pages(&format!("{url}/repositories/acme?sort=-updated_on&pagelen=100&fields=values.updated_on,next")).await;
    let times: Vec<&str> = sorted.iter().map(|repository| repository["updated_on"].as_str().expect("time")).collect();
    assert!(times.len() == 130 && times.is_sorted_by(|left, right| left >= right));
    assert_eq!(sorted[0].as_object().expect("object").len(), 1);
}

#[tokio::test]
async fn the_world_changes_while_it_is_read() {
    let server = server().await;
    let url = server.url();
    let slug = some_repository(&server).await;
    let before = get(&format!("{url}/repositories/acme?pagelen=50")).await.json();
    let gone = before["values"][3]["slug"].as_str().expect("slug").to_owned();
    server.change(|world| world.remove_repository(&gone)).expect("it is there");
    let second = get(before["next"].as_str().expect("next")).await.json();
    let third = get(&format!("{url}/repositories/acme?pagelen=50&page=3")).await.json();
    let seen = 50 + second["values"].as_array().map_or(0, Vec::len) + third["values"].as_array().map_or(0, Vec::len);
    assert_eq!(seen, 129, "one was seen though it is gone, and one was missed");
    assert_eq!(get(&format!("{url}/repositories/acme/{gone}")).await.status, 404);

    let renamed = server.change(|world| world.rename_repository(&slug, "Billing Gateway (new)")).expect("it is there");
    assert_eq!(renamed, "billing-gateway-new");
    assert_eq!(get(&format!("{url}/repositories/acme/{slug}")).await.status, 404);
    let id = server.change(|world| world.open_pull_request(&renamed, "Änderung")).expect("it is there");
    let request = get(&format!("{url}/repositories/acme/{renamed}/pullrequests/{id}")).await.json();
    assert_eq!((&request["title"], &request["state"]), (&json!("Änderung"), &json!("OPEN")));
    assert_eq!(request["destination"]["repository"]["full_name"], "acme/billing-gateway-new");
    server.change(|world| world.merge(&renamed, id)).expect("it is there");
    let merged = get(&format!("{url}/repositories/acme/{renamed}/pullrequests/{id}")).await.json();
    assert_eq!(merged["state"], "MERGED");
    assert!(
        merged["merge_commit"]["hash"].is_string() && merged["updated_on"].as_str() > request["updated_on"].as_str()
    );
    let edit = PullRequestEdit { state: Some(PullRequestState::Declined), ..PullRequestEdit::default() };
    server.change(|world| world.update_pull_request(&renamed, 1, edit)).expect("it is there");
    server.change(|world| world.remove_pull_request(&renamed, 2)).expect("it is there");
    assert_eq!(get(&format!("{url}/repositories/acme/{renamed}/pullrequests/2")).await.status, 404);
    assert_eq!(
        get(&format!("{url}/repositories/acme/{renamed}/pullrequests/1")).await.json()["reason"],
        "Not needed any more"
    );
    assert!(server.change(|world| world.remove_repository("nothing")).is_err());
}

#[tokio::test]
async fn files_and_folders() {
    let server = server().await;
    let slug = some_repository(&server).await;
    server.change(|world| world.write_file(&slug, "README.md", Some("# Hello\n"))).expect("it is there");
    server.change(|world| world.write_file(&slug, "CODEOWNERS", None)).expect("it is there");
    let url = format!("{}/repositories/acme/{slug}", server.url());
    let branch = get(&url).await.json()["mainbranch"]["name"].as_str().expect("a main branch").to_owned();
    let readme = get(&format!("{url}/src/{branch}/README.md")).await;
    assert_eq!(readme.body.as_deref(), Ok(b"# Hello\n".as_slice()));
    assert!(!readme.header("etag").is_empty());
    assert_eq!(get(&format!("{url}/src/{branch}/CODEOWNERS")).await.status, 404);
    assert_eq!(
        get(&format!("{url}/src/{branch}/docs%2Fguide.md")).await.status,
        404,
        "an encoded slash is no separator"
    );
    assert_eq!(get(&format!("{url}/src/{branch}/docs/guide.md")).await.status, 200);
    let flat = all_pages(&format!("{url}/src/{branch}/")).await;
    let paths: Vec<&str> = flat.iter().filter_map(|entry| entry["path"].as_str()).collect();
    assert!(paths.contains(&"docs") && paths.contains(&"README.md") && !paths.contains(&"docs/guide.md"), "{paths:?}");
    let deep = all_pages(&format!("{url}/src/{branch}/?max_depth=9&pagelen=3")).await;
    assert!(
        deep.iter().any(|entry| entry["path"] == "docs/architecture/overview.md" && entry["type"] == "commit_file")
    );
    let head = deep[0]["commit"]["hash"].as_str().expect("hash").to_owned();
    let odd = deep.iter().find(|entry| entry["path"] == "docs/Bilder & Skizzen/übersicht.txt").expect("an odd name");
    let escaped = odd["escaped_path"].as_str().expect("escaped").to_owned();
    assert_eq!(get(&format!("{url}/src/{head}/{escaped}")).await.body.as_deref(), Ok("→ see the wiki\n".as_bytes()));
    let meta = get(&format!("{url}/src/{head}/README.md?format=meta")).await.json();
    assert_eq!((&meta["type"], &meta["size"]), (&json!("commit_file"), &json!(8)));
    let root = get(&format!("{url}/src")).await;
    assert_eq!(root.status, 302);
    assert_eq!(get(root.header("location")).await.status, 200);
}

#[tokio::test]
async fn credentials_and_quotas() {
    let server = server().await;
    let accounts = vec![
        Account::Bearer("token-a".to_owned()),
        Account::Basic { user: "uma@example.com".to_owned(), password: "secret".to_owned() },
    ];
    server.set_access(Access::Only { accounts, public: false });
    let url = format!("{}/user", server.url());
    for (header, status) in [
        ("Bearer token-a", 200),
        ("Basic dW1hQGV4YW1wbGUuY29tOnNlY3JldA==", 200),
        ("Bearer token-b", 401),
        ("Basic dW1hOnNlY3JldA==", 401),
    ] {
        let answer = send("GET", &url, &[("authorization", header)], None).await.expect("an answer");
        assert_eq!(answer.status, status, "{header}");
    }
    assert_eq!(get(&url).await.status, 401);
    assert_eq!(server.requests()[1].credential, "basic uma@example.com:secret");

    server.set_quota(Some(Quota { requests: 2, retry_after: true, ..Quota::default() }));
    let ask = || send("GET", &url, &[("authorization", "Bearer token-a")], None);
    let first = ask().await.expect("an answer");
    assert_eq!((first.status.as_u16(), first.header("x-ratelimit-limit")), (200, "2"));
    assert_eq!(ask().await.expect("an answer").header("x-ratelimit-nearlimit"), "true");
    let refused = ask().await.expect("an answer");
    assert_eq!(refused.status, 429);
    assert_eq!(refused.header("retry-after"), "3600");
}

#[tokio::test]
async fn faults_strike_as_told() {
    let server = server().await;
    let url = format!("{}/repositories/acme", server.url());
    let strike = |fault: Fault| server.faults().set([FaultRule::on("**/repositories/*", Occurrence::Nth(2), fault)]);

    strike(Fault::Status { status: 503, retry_after: Some("7".to_owned()) });
    assert_eq!(get(&url).await.status, 200);
    let refused = get(&url).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "7"));
    assert_eq!(refused.json()["type"], "error");
    assert_eq!(get(&url).await.status, 200);

    server.faults().set([FaultRule::on("**", Occurrence::Always, Fault::BreakBeforeHeaders).with_query("page=2")]);
    assert_eq!(get(&url).await.status, 200);
    assert!(send("GET", &format!("{url}?page=2"), &[], None).await.is_err());
    assert_eq!(server.requests().last().expect("a request").status, 0);

    server.faults().set([FaultRule::on("**", Occurrence::Always, Fault::Truncate { keep: 100 })]);
    let cut = get(&url).await;
    assert!(cut.status == 200 && cut.body.is_err());
    server.faults().set([FaultRule::on("**", Occurrence::Always, Fault::BreakAfterHeaders)]);
    assert!(get(&url).await.body.is_err());
    server.faults().set([FaultRule::on("**", Occurrence::Always, Fault::MalformedJson)]);
    assert!(serde_json::from_slice::<Value>(get(&url).await.body.as_ref().expect("complete")).is_err());
    server.faults().set([FaultRule::on("**", Occurrence::Always, Fault::Html { status: 502 })]);
    assert!(get(&url).await.header("content-type").starts_with("text/html"));
    server.faults().set([FaultRule::on(
        "**",
        Occurrence::Always,
        Fault::SlowBody { pause: Duration::from_micros(10) },
    )]);
    assert_eq!(get(&url).await.json()["size"], 130);
    server.faults().clear();
    assert_eq!(get(&url).await.status, 200);
}

#[tokio::test]
async fn requests_at_the_same_time_are_counted() {
    let server = server().await;
    server.faults().set_latency(Duration::from_millis(20));
    let url = format!("{}/workspaces/acme", server.url());
    let answers = futures::future::join_all((0..5).map(|_| get(&url))).await;
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert_eq!((server.record().peak_in_flight(), server.record().total()), (5, 5));
}

#[tokio::test]
async fn compressed_for_those_who_accept_it() {
    let server = server().await;
    let url = format!("{}/repositories/acme?pagelen=100", server.url());
    let plain = get(&url).await;
    let packed = send("GET", &url, &[("accept-encoding", "gzip")], None).await.expect("an answer");
    assert_eq!(packed.header("content-encoding"), "gzip");
    let packed = packed.body.expect("a complete body");
    let mut text = Vec::new();
    flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut text).expect("gzip");
    assert_eq!(Ok(&text), plain.body.as_ref());
    assert!(packed.len() * 4 < text.len());
}

#[tokio::test]
async fn the_same_seed_gives_the_same_world() {
    let (one, other) = (server().await, server().await);
    let path = "/repositories/acme?pagelen=100";
    let read = |server: &Server| format!("{}{path}&fields=-next", server.url());
    assert_eq!(get(&read(&one)).await.json(), get(&read(&other)).await.json());
    let spec = WorldSpec { seed: 2, repositories: 130, ..WorldSpec::default() };
    let third = Server::start(World::generate(&spec), Options::default()).await.expect("a server");
    assert_ne!(get(&read(&one)).await.json(), get(&read(&third)).await.json());
}
