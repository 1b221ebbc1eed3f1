//! Bitbucket Data Center, asked over HTTP.

mod client;

use std::collections::HashSet;
use std::time::Duration;

use bitbucket_port_sandbox::datacenter::{
    Access, Account, ApiVersions, Options, PullRequestEdit, Rights, Server, Throttle, Webhook, World, WorldSpec,
};
use bitbucket_port_sandbox::{Fault, FaultRule, Occurrence};
use client::{Answer, send};
use serde_json::{Value, json};

async fn get(url: &str) -> Answer {
    send("GET", url, &[], None).await.expect("an answer")
}

fn spec() -> WorldSpec {
    WorldSpec { repositories: 130, pull_requests_per_repository: 40, ..WorldSpec::default() }
}

async fn start(spec: &WorldSpec, options: Options) -> Server {
    Server::start(World::generate(spec), options).await.expect("a server")
}

/// A server with everything as delivered, and the address of its API.
async fn server() -> (Server, String) {
    let server = start(&spec(), Options::default()).await;
    let api = format!("{}/rest/api/latest", server.url());
    (server, api)
}

async fn all_pages(first: &str) -> Vec<Value> {
    let (mut found, mut start) = (Vec::new(), Some(0));
    while let Some(from) = start {
        let separator = if first.contains('?') { '&' } else { '?' };
        let page = get(&format!("{first}{separator}start={from}")).await.json();
        found.extend(page["values"].as_array().expect("values").iter().cloned());
        start = page["nextPageStart"].as_u64();
        assert_eq!(page["isLastPage"], start.is_none());
    }
    found
}

/// Key and slug of a repository that has commits.
async fn some_repository(api: &str) -> (String, String) {
    for repository in all_pages(&format!("{api}/repos")).await {
        let (key, slug) = place(&repository);
        if get(&format!("{api}/projects/{key}/repos/{slug}/branches/default")).await.status == 200 {
            return (key, slug);
        }
    }
    panic!("every repository is empty");
}

fn text(value: &Value) -> String {
    value.as_str().expect("text").to_owned()
}

fn place(repository: &Value) -> (String, String) {
    (text(&repository["project"]["key"]), text(&repository["slug"]))
}

#[tokio::test]
async fn listings_are_paged_and_complete() {
    let (server, api) = server().await;
    let first = get(&format!("{api}/repos?archived=all")).await.json();
    let head = [&first["size"], &first["limit"], &first["start"], &first["nextPageStart"]];
    assert_eq!(head, [&json!(25), &json!(25), &json!(0), &json!(25)]);
    let all = all_pages(&format!("{api}/repos?archived=ALL&limit=60")).await;
    let ids: HashSet<u64> = all.iter().filter_map(|repository| repository["id"].as_u64()).collect();
    assert_eq!((all.len(), ids.len()), (130, 130));
    let active = all_pages(&format!("{api}/repos")).await;
    let archived = all_pages(&format!("{api}/repos?archived=ARCHIVED")).await;
    assert!(!archived.is_empty() && active.len() + archived.len() == 130);
    assert!(archived.iter().all(|repository| repository["archived"] == true));

    let projects = all_pages(&format!("{api}/projects?limit=4")).await;
    assert_eq!(projects.len(), 6);
    let personal = projects.iter().find(|project| project["type"] == "PERSONAL").expect("a personal project");
    assert!(text(&personal["key"]).starts_with('~') && personal["owner"]["emailAddress"].is_string());
    let mut by_project = Vec::new();
    for project in &projects {
        let key = text(&project["key"]);
        assert_eq!(&get(&format!("{api}/projects/{}", key.to_lowercase())).await.json(), project);
        by_project.extend(all_pages(&format!("{api}/projects/{key}/repos?limit=1000")).await);
    }
    assert_eq!(by_project.len(), 130, "with archived ones, which the global listing hides");
    for repository in &all {
        assert!(by_project.contains(repository));
        assert!((600..5_000).contains(&repository.to_string().len()), "{}", repository.to_string().len());
        let (key, slug) = place(repository);
        assert_eq!(&get(&format!("{api}/projects/{key}/repos/{slug}")).await.json(), repository);
    }
    assert!(by_project.iter().any(|repository| repository["origin"]["slug"].is_string()), "some are forks");

    server.set_largest_page(7);
    let page = get(&format!("{api}/repos?limit=1000")).await.json();
    assert_eq!((&page["limit"], &page["size"]), (&json!(7), &json!(7)));
}

#[tokio::test]
async fn what_is_hidden_moves_the_start_of_the_next_page() {
    let (server, api) = server().await;
    let hidden: Vec<(String, String)> = server.read(World::repository_names).into_iter().skip(2).take(5).collect();
    for (key, slug) in &hidden {
        server.change(|world| world.hide_repository(key, slug)).expect("it is there");
        assert_eq!(get(&format!("{api}/projects/{key}/repos/{slug}")).await.status, 404);
    }
    let page = get(&format!("{api}/repos?archived=ALL&limit=4")).await.json();
    assert_eq!((&page["size"], &page["nextPageStart"]), (&json!(4), &json!(9)));
    assert_eq!(all_pages(&format!("{api}/repos?archived=ALL&limit=4")).await.len(), 125);
}

#[tokio::test]
async fn pull_requests_by_state() {
    let (_server, api) = server().await;
    let (key, slug) = some_repository(&api).await;
    let url = format!("{api}/projects/{key}/repos/{slug}/pull-requests");
    let all = all_pages(&format!("{url}?state=ALL&limit=1000")).await;
    assert_eq!((all.len(), &all[0]["id"]), (40, &json!(40)));
    let open = all_pages(&format!("{url}?limit=7")).await;
    assert!(!open.is_empty() && open.iter().all(|request| request["state"] == "OPEN" && request["open"] == true));
    let mut sum = open.len();
    for state in ["MERGED", "DECLINED"] {
        let some = all_pages(&format!("{url}?state={state}&order=OLDEST")).await;
        assert!(some.iter().all(|request| request["state"] == state && request["closedDate"].is_u64()));
        assert!(some.is_sorted_by_key(|request| request["id"].as_u64()));
        sum += some.len();
    }
    assert_eq!(sum, 40);
    for request in &all {
        let id = &request["id"];
        assert_eq!(&get(&format!("{url}/{id}")).await.json(), request);
        assert_eq!(request["toRef"]["repository"]["slug"], slug.as_str());
        assert_eq!(request["author"]["role"], "AUTHOR");
        assert_eq!(request["properties"]["mergeCommit"].is_object(), request["state"] == "MERGED");
        assert!((2_200..14_000).contains(&request.to_string().len()), "{}", request.to_string().len());
    }
    assert!(all.iter().any(|request| request["reviewers"][0]["user"]["emailAddress"].is_string()));
    assert!(all.iter().any(|request| request["participants"][0]["role"] == "PARTICIPANT"));
}

#[tokio::test]
async fn some_pull_requests_come_from_forks() {
    let (_server, api) = server().await;
    let repositories = all_pages(&format!("{api}/repos?archived=ALL&limit=1000")).await;
    let mut seen = 0;
    for fork in repositories.iter().filter(|repository| repository["origin"].is_object()) {
        let (key, slug) = place(&fork["origin"]);
        let url = format!("{api}/projects/{key}/repos/{slug}/pull-requests?state=ALL&limit=1000");
        for request in all_pages(&url).await {
            let (from, to) = (&request["fromRef"]["repository"], &request["toRef"]["repository"]);
            assert_eq!(place(to), (key.clone(), slug.clone()));
            assert!(from == to || from == fork);
            seen += usize::from(from == fork);
        }
    }
    assert!(seen > 20, "{seen}");
}

#[tokio::test]
async fn refused_as_the_service_refuses() {
    let (_server, api) = server().await;
    let (key, slug) = some_repository(&api).await;
    let mut seen = Vec::new();
    for path in [
        "/projects/NONE".to_owned(),
        "/projects/NONE/repos".to_owned(),
        format!("/projects/{key}/repos/nothing"),
        format!("/projects/{key}/repos/{slug}/pull-requests/999"),
        format!("/projects/{key}/repos/{slug}/pull-requests?state=CLOSED"),
        format!("/projects/{key}/repos/{slug}/commits?until=nothing"),
        format!("/projects/{key}/repos/{slug}/raw/NONE.md"),
        "/users/nobody".to_owned(),
        "/repos?limit=0".to_owned(),
        "/repos?start=x".to_owned(),
        "/repos?archived=SOME".to_owned(),
    ] {
        let answer = get(&format!("{api}{path}")).await;
        let body = answer.json();
        assert!(!answer.header("x-arequestid").is_empty() && body["errors"][0]["context"].is_null());
        let exception = text(&body["errors"][0]["exceptionName"]);
        seen.push(format!("{} {}", answer.status.as_u16(), exception.rsplit('.').next().expect("a name")));
    }
    assert_eq!(
        seen,
        [
            "404 NoSuchProjectException",
            "404 NoSuchProjectException",
            "404 NoSuchRepositoryException",
            "404 NoSuchPullRequestException",
            "400 ArgumentValidationException",
            "404 NoSuchCommitException",
            "404 NoSuchPathException",
            "404 NoSuchUserException",
            "400 ArgumentValidationException",
            "400 ArgumentValidationException",
            "400 ArgumentValidationException",
        ]
    );
    let unknown = get(&format!("{api}/somewhere")).await;
    assert_eq!((unknown.status.as_u16(), &unknown.json()["status-code"]), (404, &json!(404)));
    let encoded = get(&format!("{api}/projects/{key}/repos/{slug}/raw/docs%2Fguide.md")).await;
    assert_eq!(encoded.status, 400, "an encoded slash is turned away");
}

#[tokio::test]
async fn versions_differ() {
    let old = WorldSpec { version: "7.21.4".to_owned(), ..spec() };
    let options =
        Options { context_path: "/bitbucket/".to_owned(), api_versions: ApiVersions::Numbered, ..Options::default() };
    let server = start(&old, options).await;
    assert!(server.url().ends_with("/bitbucket"));
    assert_eq!(get(&format!("{}/rest/api/latest/application-properties", server.url())).await.status, 404);
    let api = format!("{}/rest/api/1.0", server.url());
    let properties = get(&format!("{api}/application-properties")).await.json();
    assert_eq!((&properties["version"], &properties["buildNumber"]), (&json!("7.21.4"), &json!("7021004")));
    let page = get(&format!("{api}/repos?limit=1000&archived=ACTIVE")).await.json();
    assert_eq!(page["size"], 130, "unknown parameters are passed over");
    assert!(page["values"][0].get("archived").is_none());
    let key = text(&page["values"][0]["project"]["key"]);
    assert_eq!(get(&format!("{api}/projects/{key}/webhooks")).await.json()["status-code"], 404);
    server.change(|world| world.set_version("8.10.0"));
    assert_eq!(get(&format!("{api}/projects/{key}/webhooks")).await.json()["size"], 0);
    assert_eq!(get(&format!("{api}/repos?limit=1")).await.json()["values"][0]["archived"], false);
}

#[tokio::test]
async fn commits_branches_and_files() {
    let (server, api) = server().await;
    let (key, slug) = some_repository(&api).await;
    let url = format!("{api}/projects/{key}/repos/{slug}");
    let before = get(&format!("{url}/commits?limit=1")).await.json()["values"][0].clone();
    let write = |path: &str, text: Option<&str>| {
        server.change(|world| world.write_file(&key, &slug, path, text)).expect("it is there");
    };
    write("README.md", Some("# Hello\n"));
    write("CODEOWNERS", None);
    let history = all_pages(&format!("{url}/commits?limit=3")).await;
    assert_eq!(history[2], before, "two commits more");
    assert!(history.windows(2).all(|pair| pair[0]["parents"][0]["id"] == pair[1]["id"]));
    assert_eq!(history.last().expect("commits")["parents"], json!([]));
    assert!(history.iter().any(|commit| commit["author"]["slug"].is_string()));
    let branch = get(&format!("{url}/branches/default")).await.json();
    assert_eq!(branch["latestCommit"], history[0]["id"]);
    let name = text(&branch["displayId"]);
    assert_eq!(all_pages(&format!("{url}/commits?until={name}")).await, history);
    assert_eq!(get(&format!("{url}/default-branch")).await.json()["id"], format!("refs/heads/{name}"));
    let readme = get(&format!("{url}/raw/README.md?at={name}")).await;
    assert_eq!(readme.body.as_deref(), Ok(b"# Hello\n".as_slice()));
    assert_eq!(get(&format!("{url}/raw/CODEOWNERS")).await.status, 404);
    assert_eq!(get(&format!("{url}/raw/docs/Bilder%20&%20Skizzen/%C3%BCbersicht.txt")).await.status, 200);
    let lines = get(&format!("{url}/browse/README.md")).await.json();
    assert_eq!((&lines["lines"], &lines["isLastPage"]), (&json!([{"text": "# Hello"}]), &json!(true)));
    let folder = get(&format!("{url}/browse")).await.json();
    let kinds = folder["children"]["values"].as_array().expect("entries").iter();
    let kinds: Vec<(&str, &str)> = kinds
        .map(|entry| (entry["path"]["toString"].as_str().expect("a name"), entry["type"].as_str().expect("a type")))
        .collect();
    assert!(kinds.contains(&("docs", "DIRECTORY")) && kinds.contains(&("README.md", "FILE")), "{kinds:?}");
    let paths = all_pages(&format!("{url}/files/docs?limit=2")).await;
    assert!(paths.contains(&json!("architecture/overview.md")));
}

#[tokio::test]
async fn an_empty_repository() {
    let (server, api) = server().await;
    let key = server.read(World::project_keys)[0].clone();
    let slug = server.change(|world| world.add_repository(&key, "Brand New")).expect("the project is there");
    let url = format!("{api}/projects/{key}/repos/{slug}");
    assert_eq!(get(&url).await.json()["name"], "Brand New");
    for path in ["commits", "branches/default", "raw/README.md", "browse", "commits?until=master"] {
        assert_eq!(get(&format!("{url}/{path}")).await.status, 404, "{path}");
    }
    assert!(get(&format!("{url}/default-branch")).await.json()["latestCommit"].is_null());
    assert_eq!(get(&format!("{url}/pull-requests?state=ALL")).await.json()["size"], 0);
}

#[tokio::test]
async fn the_world_changes_while_it_is_read() {
    let (server, api) = server().await;
    let (key, slug) = some_repository(&api).await;
    let keys = server.read(World::project_keys);
    let other = keys.iter().find(|other| **other != key).expect("another project").clone();
    let id = get(&format!("{api}/projects/{key}/repos/{slug}")).await.json()["id"].clone();
    server.change(|world| world.move_repository(&key, &slug, &other)).expect("it is there");
    assert_eq!(get(&format!("{api}/projects/{key}/repos/{slug}")).await.status, 404);
    let new = server.change(|world| world.rename_repository(&other, &slug, "Billing (new)")).expect("it is there");
    let url = format!("{api}/projects/{other}/repos/{new}");
    let moved = get(&url).await.json();
    assert_eq!((&moved["id"], &moved["slug"], &moved["project"]["key"]), (&id, &json!("billing-new"), &json!(other)));

    let opened = server.change(|world| world.open_pull_request(&other, &new, "Änderung")).expect("it is there");
    let request = get(&format!("{url}/pull-requests/{opened}")).await.json();
    assert_eq!((&request["title"], &request["state"]), (&json!("Änderung"), &json!("OPEN")));
    server.change(|world| world.merge(&other, &new, opened)).expect("it is there");
    let merged = get(&format!("{url}/pull-requests/{opened}")).await.json();
    assert_eq!(merged["state"], "MERGED");
    assert!(merged["version"].as_u64() > request["version"].as_u64());
    assert!(merged["updatedDate"].as_u64() > request["updatedDate"].as_u64());
    server.change(|world| world.decline(&other, &new, 1)).expect("it is there");
    assert_eq!(get(&format!("{url}/pull-requests/1")).await.json()["state"], "DECLINED");
    server.change(|world| world.remove_pull_request(&other, &new, 2)).expect("it is there");
    assert_eq!(get(&format!("{url}/pull-requests/2")).await.status, 404);
    assert!(server.change(|world| world.update_pull_request(&other, &new, 2, PullRequestEdit::default())).is_err());
    server.change(|world| world.remove_repository(&other, &new)).expect("it is there");
    assert_eq!(get(&url).await.status, 404);
    server.change(|world| world.remove_project(&other)).expect("it is there");
    assert_eq!(get(&format!("{api}/projects/{other}")).await.status, 404);
    assert_eq!(all_pages(&format!("{api}/projects")).await.len(), 5);
    assert!(all_pages(&format!("{api}/repos")).await.iter().all(|repository| repository["project"]["key"] != other));
}

#[tokio::test]
async fn the_same_slug_in_two_projects() {
    let (server, api) = server().await;
    let keys = server.read(World::project_keys);
    for key in &keys[..2] {
        server.change(|world| world.add_repository(key, "tools")).expect("it is there");
    }
    let repositories = all_pages(&format!("{api}/repos?name=tools")).await;
    let exact = repositories.iter().filter(|repository| repository["slug"] == "tools");
    let found: Vec<&str> = exact.filter_map(|repository| repository["project"]["key"].as_str()).collect();
    assert_eq!(found, keys[..2]);
}

#[tokio::test]
async fn permissions() {
    let (server, api) = server().await;
    let (key, slug) = some_repository(&api).await;
    let url = format!("{api}/projects/{key}/repos/{slug}");
    for status in [403, 404, 401] {
        server.change(|world| world.refuse_repository(&key, &slug, Some(status))).expect("it is there");
        assert_eq!(get(&format!("{url}/pull-requests")).await.status, status);
        assert_eq!(get(&url).await.json()["errors"][0]["context"], Value::Null);
        assert!(all_pages(&format!("{api}/repos")).await.iter().any(|repository| repository["slug"] == slug.as_str()));
    }
    server.change(|world| world.refuse_repository(&key, &slug, None)).expect("it is there");
    server.change(|world| world.refuse_project(&key, Some(403))).expect("it is there");
    assert_eq!(get(&url).await.status, 403);
    assert_eq!(get(&format!("{api}/projects/{key}/repos")).await.status, 403);
    server.change(|world| world.refuse_project(&key, None)).expect("it is there");

    let member = [("users", 200), ("admin/users", 403), ("webhooks", 403)];
    let none = [("users", 403), ("admin/users", 403), ("webhooks", 403)];
    for (rights, expected) in [(Rights::MEMBER, member), (Rights::NONE, none)] {
        server.set_rights(rights);
        for (path, status) in expected {
            let path = if path == "webhooks" { format!("projects/{key}/webhooks") } else { path.to_owned() };
            assert_eq!(get(&format!("{api}/{path}")).await.status, status, "{rights:?} {path}");
        }
        assert_eq!(get(&format!("{url}/webhooks")).await.status, 403);
    }
}

#[tokio::test]
async fn people_are_listed() {
    let (_server, api) = server().await;
    let people = all_pages(&format!("{api}/users?limit=10")).await;
    let addresses: HashSet<&str> = people.iter().filter_map(|person| person["emailAddress"].as_str()).collect();
    assert_eq!((people.len(), addresses.len()), (48, 48));
    assert!(people.iter().any(|person| person["name"] != person["slug"]));
    let one = &people[7];
    assert_eq!(&get(&format!("{api}/users/{}", text(&one["slug"]))).await.json(), one);
    let found = all_pages(&format!("{api}/users?filter={}", text(&one["emailAddress"]))).await;
    assert_eq!(found.as_slice(), std::slice::from_ref(one));
    let for_admin = all_pages(&format!("{api}/admin/users")).await;
    assert!(for_admin.len() == 48 && for_admin[0]["directoryName"].is_string());
}

#[tokio::test]
async fn webhooks_of_projects_and_repositories() {
    let (server, api) = server().await;
    let (key, slug) = some_repository(&api).await;
    for place in [format!("{api}/projects/{key}"), format!("{api}/projects/{key}/repos/{slug}")] {
        let hook = json!({"name": "mine", "url": "http://localhost/hook", "events": ["pr:opened"], "active": true,
            "configuration": {"secret": "s"}});
        let added = send("POST", &format!("{place}/webhooks"), &[], Some(hook)).await.expect("an answer");
        assert_eq!(added.status, 201);
        let id = added.json()["id"].clone();
        let page = get(&format!("{place}/webhooks")).await.json();
        assert_eq!((&page["size"], &page["values"][0]), (&json!(1), &added.json()));
        let hook = json!({"name": "mine", "url": "http://localhost/other", "events": ["pr:opened", "pr:merged"]});
        let replaced = send("PUT", &format!("{place}/webhooks/{id}"), &[], Some(hook)).await.expect("an answer");
        assert_eq!((replaced.status.as_u16(), &replaced.json()["url"]), (200, &json!("http://localhost/other")));
        assert_eq!(get(&format!("{place}/webhooks/{id}")).await.json(), replaced.json());
        let bad = send("POST", &format!("{place}/webhooks"), &[], Some(json!({"name": "x"}))).await;
        assert_eq!(bad.expect("an answer").status, 400);
        let removed = send("DELETE", &format!("{place}/webhooks/{id}"), &[], None).await.expect("an answer");
        assert_eq!(removed.status, 204);
        assert_eq!(get(&format!("{place}/webhooks/{id}")).await.status, 404);
    }
    let hook = Webhook::new("theirs", "https://ci.example.com/", &["repo:refs_changed"]);
    server.change(|world| world.add_webhook(&key, Some(&slug), hook)).expect("it is there");
    let listed = all_pages(&format!("{api}/projects/{key}/repos/{slug}/webhooks")).await;
    assert_eq!((listed.len(), &listed[0]["scopeType"]), (1, &json!("repository")));
    assert_eq!(server.read(|world| world.webhooks(&key, Some(&slug)).map(<[Webhook]>::len)), Ok(1));
}

#[tokio::test]
async fn credentials() {
    let (server, api) = server().await;
    let accounts = vec![
        Account::Bearer("token-a".to_owned()),
        Account::Basic { user: "uma".to_owned(), password: "secret".to_owned() },
    ];
    server.set_access(Access::Only { accounts: accounts.clone(), public: false });
    let url = format!("{api}/repos?archived=ALL&limit=1000");
    for (header, status) in
        [("Bearer token-a", 200), ("Basic dW1hOnNlY3JldA==", 200), ("Bearer token-b", 401), ("Basic dW1hOndyb25n", 401)]
    {
        let answer = send("GET", &url, &[("authorization", header)], None).await.expect("an answer");
        assert_eq!(answer.status, status, "{header}");
    }
    assert_eq!(get(&url).await.status, 401);
    server.set_access(Access::Only { accounts, public: true });
    let public = get(&url).await.json()["values"].as_array().expect("values").clone();
    assert!(public.len() < 130 && public.iter().all(|repository| repository["public"] == true));
    assert_eq!(get(&format!("{api}/users")).await.status, 401);
}

#[tokio::test]
async fn throttled_and_broken_on_demand() {
    let (server, api) = server().await;
    let url = format!("{api}/projects");
    server.set_throttle(Some(Throttle { capacity: 2, fill: 1, interval: Duration::from_secs(3_600) }));
    assert_eq!(get(&url).await.header("x-ratelimit-remaining"), "1");
    assert_eq!(get(&url).await.status, 200);
    let refused = get(&url).await;
    assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (429, "3600"));
    server.set_throttle(None);

    let fault = Fault::Status { status: 500, retry_after: None };
    server.faults().set([FaultRule::on("**/repos", Occurrence::Always, fault).with_query("start=25")]);
    assert_eq!(get(&format!("{api}/repos?start=0")).await.status, 200);
    let failed = get(&format!("{api}/repos?start=25")).await;
    assert_eq!(failed.status, 500);
    assert!(failed.json()["errors"][0]["message"].is_string());
    assert_eq!(server.record().count("GET", "/rest/api/latest/repos"), 2);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_world() {
    let ((_one, first), (_other, second)) = (server().await, server().await);
    let read = |api: &str| format!("{api}/repos?limit=1000");
    let text = get(&read(&first)).await.json();
    assert_eq!(text, get(&read(&second)).await.json());
    let third = start(&WorldSpec { seed: 2, ..spec() }, Options::default()).await;
    assert_ne!(text, get(&read(&format!("{}/rest/api/latest", third.url()))).await.json());
}
