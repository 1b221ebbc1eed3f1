use std::path::Path;

use super::*;
use crate::catalog::EntityId;
use crate::sqlite::SqliteError;

fn id(blueprint: &str, identifier: &str) -> EntityId {
    EntityId { blueprint: blueprint.to_owned(), identifier: identifier.to_owned() }
}

fn row(identifier: &str, version: &str) -> Provenance {
    Provenance {
        entity: id("repo", identifier),
        trace: Trace {
            resource: Some("repository".to_owned()),
            source_key: Some(format!("{{{identifier}}}")),
            parent_key: None,
        },
        hash: Some(Fingerprint::of(version)),
    }
}

fn names(rows: &[Unseen]) -> Vec<&str> {
    rows.iter().map(|(entity, _)| entity.identifier.as_str()).collect()
}

async fn scope() -> CatalogState {
    State::in_memory().await.unwrap().catalog("sqlite:/c.db#me").await.unwrap()
}

async fn list(state: &CatalogState, sync: SyncId, identifiers: &[&str]) {
    state.owned_begin(sync).await.unwrap();
    state.owned_add(sync, identifiers.iter().map(|name| id("repo", name)).collect()).await.unwrap();
    state.owned_end(sync).await.unwrap();
}

#[tokio::test]
async fn a_hash_is_known_and_counts_as_owned_only_when_listed() {
    let state = scope().await;
    let sync = state.begin_sync().await.unwrap();
    state.record(sync, vec![row("a", "1"), row("b", "1")]).await.unwrap();
    list(&state, sync, &["a", "c"]).await;
    let known = state.known("repo", ["a", "b", "c", "d"].map(str::to_owned).to_vec()).await.unwrap();
    let facts = |name: &str| known.get(name).map(|known| (known.hash, known.owned));
    assert_eq!(facts("a"), Some((Some(Fingerprint::of("1")), true)));
    assert_eq!(facts("b"), Some((Some(Fingerprint::of("1")), false)));
    assert_eq!(facts("c"), Some((None, true)));
    assert_eq!(facts("d"), None);
}

#[tokio::test]
async fn a_listing_that_never_ended_answers_nothing() {
    let state = scope().await;
    let sync = state.begin_sync().await.unwrap();
    state.owned_begin(sync).await.unwrap();
    state.owned_add(sync, vec![id("repo", "a")]).await.unwrap();
    assert!(matches!(state.unseen(sync, "repo", None, 10).await, Err(StateError::NotListed { .. })));
    assert!(matches!(state.owned_count(sync, "repo").await, Err(StateError::NotListed { .. })));
    assert!(state.known("repo", vec!["a".to_owned()]).await.unwrap().is_empty());
    state.owned_end(sync).await.unwrap();
    assert_eq!(state.owned_count(sync, "repo").await.unwrap(), 1);
    let next = state.begin_sync().await.unwrap();
    assert!(matches!(state.unseen(next, "repo", None, 10).await, Err(StateError::NotListed { .. })));
}

#[tokio::test]
async fn unseen_are_the_owned_ones_that_this_sync_did_not_meet_page_by_page() {
    let state = scope().await;
    let first = state.begin_sync().await.unwrap();
    state.record(first, ["a", "b", "c", "d", "e"].map(|name| row(name, "1")).to_vec()).await.unwrap();
    state.finish_sync(first, "{}".to_owned(), true).await.unwrap();
    let sync = state.begin_sync().await.unwrap();
    assert!(sync > first);
    list(&state, sync, &["a", "b", "c", "d", "e", "f"]).await;
    state.record(sync, vec![row("b", "2")]).await.unwrap();
    state.seen(sync, "repo", vec!["d".to_owned(), "new".to_owned()]).await.unwrap();
    let page = state.unseen(sync, "repo", None, 2).await.unwrap();
    assert_eq!(names(&page), ["a", "c"]);
    assert_eq!(page.first().unwrap().1, row("a", "1").trace);
    let rest = state.unseen(sync, "repo", Some("c"), 10).await.unwrap();
    assert_eq!(names(&rest), ["e", "f"]);
    assert_eq!(rest.last().unwrap().1, Trace::default());
    state.forget(vec![id("repo", "e")]).await.unwrap();
    assert_eq!(names(&state.unseen(sync, "repo", Some("c"), 10).await.unwrap()), ["f"]);
    assert_eq!(state.owned_blueprints(sync).await.unwrap(), [("repo".to_owned(), 5)]);
}

#[tokio::test]
async fn seen_keeps_the_hash_and_void_hashes_takes_only_it() {
    let state = scope().await;
    let first = state.begin_sync().await.unwrap();
    state.record(first, vec![row("a", "1")]).await.unwrap();
    let sync = state.begin_sync().await.unwrap();
    state.seen(sync, "repo", vec!["a".to_owned()]).await.unwrap();
    let known = state.known("repo", vec!["a".to_owned()]).await.unwrap();
    assert_eq!(known["a"].hash, Some(Fingerprint::of("1")));
    assert_eq!(known["a"].last_seen, Some(sync));
    state.void_hashes().await.unwrap();
    let known = state.known("repo", vec!["a".to_owned()]).await.unwrap();
    assert_eq!(known["a"].hash, None);
    assert_eq!(known["a"].trace, row("a", "1").trace);
    assert_eq!(state.from_source("{a}", 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_complete_sync_forgets_what_is_neither_owned_nor_met() {
    let state = scope().await;
    let first = state.begin_sync().await.unwrap();
    state.record(first, ["a", "b", "c"].map(|name| row(name, "1")).to_vec()).await.unwrap();
    let sync = state.begin_sync().await.unwrap();
    list(&state, sync, &["a"]).await;
    state.seen(sync, "repo", vec!["b".to_owned()]).await.unwrap();
    state.finish_sync(sync, "{}".to_owned(), true).await.unwrap();
    let known = state.known("repo", ["a", "b", "c"].map(str::to_owned).to_vec()).await.unwrap();
    let mut left: Vec<_> = known.keys().map(String::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["a", "b"]);
}

#[tokio::test]
async fn a_catalog_that_cannot_be_asked_takes_its_listing_from_what_was_written() {
    let state = scope().await;
    let first = state.begin_sync().await.unwrap();
    state.record(first, vec![row("a", "1"), row("b", "1")]).await.unwrap();
    let sync = state.begin_sync().await.unwrap();
    state.owned_from_provenance(sync).await.unwrap();
    state.seen(sync, "repo", vec!["a".to_owned()]).await.unwrap();
    assert_eq!(names(&state.unseen(sync, "repo", None, 10).await.unwrap()), ["b"]);
}

#[tokio::test]
async fn catalogs_do_not_see_each_other() {
    let state = State::in_memory().await.unwrap();
    let one = state.catalog("one").await.unwrap();
    let two = state.catalog("two").await.unwrap();
    let sync = one.begin_sync().await.unwrap();
    one.record(sync, vec![row("a", "1")]).await.unwrap();
    assert!(two.known("repo", vec!["a".to_owned()]).await.unwrap().is_empty());
    assert_eq!(two.last_sync().await.unwrap(), None);
    assert_eq!(one.last_sync().await.unwrap().unwrap().id, sync);
}

#[tokio::test]
async fn spooled_rows_come_back_in_order_and_again_after_an_interruption() {
    let state = scope().await;
    let sync = state.begin_sync().await.unwrap();
    let spool = state.spool();
    let rows = (0..5).map(|n| (format!("p{n}"), format!("{{\"n\":{n}}}"))).collect();
    spool.push("pull-requests", rows).await.unwrap();
    let taken = spool.take("pull-requests", 2).await.unwrap();
    assert_eq!(taken.iter().map(|item| item.parent_key.as_str()).collect::<Vec<_>>(), ["p0", "p1"]);
    spool.done(vec![taken.first().unwrap().id]).await.unwrap();
    assert_eq!(spool.waiting("pull-requests").await.unwrap(), 3);
    assert!(spool.take("other", 2).await.unwrap().is_empty());
    assert_eq!(state.resume_sync().await.unwrap(), Some(sync));
    let again = spool.take("pull-requests", 9).await.unwrap();
    assert_eq!(again.iter().map(|item| item.parent_key.as_str()).collect::<Vec<_>>(), ["p1", "p2", "p3", "p4"]);
    state.begin_sync().await.unwrap();
    assert_eq!(spool.waiting("pull-requests").await.unwrap(), 0);
}

#[tokio::test]
async fn a_finished_sync_is_not_resumed() {
    let state = scope().await;
    let sync = state.begin_sync().await.unwrap();
    state.finish_sync(sync, r#"{"written":1}"#.to_owned(), false).await.unwrap();
    assert_eq!(state.resume_sync().await.unwrap(), None);
    let last = state.last_sync().await.unwrap().unwrap();
    assert_eq!(last.summary.as_deref(), Some(r#"{"written":1}"#));
    assert!(!last.complete);
    assert!(last.finished_at.unwrap() >= last.started_at);
}

#[tokio::test]
async fn values_are_put_and_removed() {
    let state = State::in_memory().await.unwrap();
    state.put("cursor", "[1]".to_owned()).await.unwrap();
    state.put("cursor", "[2]".to_owned()).await.unwrap();
    assert_eq!(state.get("cursor").await.unwrap().as_deref(), Some("[2]"));
    state.remove("cursor").await.unwrap();
    assert_eq!(state.get("cursor").await.unwrap(), None);
}

async fn filled(path: &Path) {
    let opened = State::open(path).await.unwrap();
    assert_eq!(opened.origin, Origin::Fresh);
    let state = opened.state.catalog("c").await.unwrap();
    let sync = state.begin_sync().await.unwrap();
    state.record(sync, (0..300).map(|n| row(&format!("repository-{n}"), "1")).collect()).await.unwrap();
    list(&state, sync, &["repository-1", "repository-2"]).await;
    state.finish_sync(sync, "{}".to_owned(), false).await.unwrap();
    opened.state.close().await.unwrap();
}

#[tokio::test]
async fn a_state_file_is_found_again_and_held_by_one_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/state.db");
    filled(&path).await;
    let opened = State::open(&path).await.unwrap();
    assert_eq!(opened.origin, Origin::Existing);
    let second = State::open(&path).await.unwrap_err();
    let text = second.to_string();
    assert!(text.contains(&format!("in use by process {}", std::process::id())), "{text}");
    opened.state.close().await.unwrap();
    assert_eq!(State::open(&path).await.unwrap().origin, Origin::Existing);
}

#[tokio::test]
async fn what_is_no_state_file_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    for (number, content) in ["no database at all", "another one"].into_iter().enumerate() {
        std::fs::write(&path, content).unwrap();
        let opened = State::open(&path).await.unwrap();
        let Origin::Replaced { kept_as, .. } = opened.origin else { panic!("{:?}", opened.origin) };
        assert_eq!(kept_as, folder.path().join(format!("state.db.unusable-{}", number + 1)));
        assert_eq!(std::fs::read_to_string(kept_as).unwrap(), content);
        opened.state.close().await.unwrap();
    }
    assert_eq!(State::open(&path).await.unwrap().origin, Origin::Existing);
}

#[tokio::test]
async fn another_programs_database_is_set_aside_untouched() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let other = rusqlite::Connection::open(&path).unwrap();
    other.execute_batch("CREATE TABLE theirs (a); INSERT INTO theirs VALUES (1)").unwrap();
    drop(other);
    let before = std::fs::read(&path).unwrap();
    let opened = State::open(&path).await.unwrap();
    let Origin::Replaced { kept_as, reason } = opened.origin else { panic!("{:?}", opened.origin) };
    assert_eq!(reason, "another program wrote it");
    assert_eq!(std::fs::read(kept_as).unwrap(), before);
}

#[tokio::test]
async fn a_newer_state_file_is_refused_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    filled(&path).await;
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let error = State::open(&path).await.unwrap_err();
    assert!(matches!(error, StateError::File(SqliteError::Newer { found: 99, supported: 1, .. })), "{error}");
}

#[tokio::test]
async fn an_empty_file_is_a_fresh_start() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    std::fs::write(&path, "").unwrap();
    assert_eq!(State::open(&path).await.unwrap().origin, Origin::Fresh);
}

#[tokio::test]
async fn a_folder_in_its_place_is_an_error_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let error = State::open(folder.path()).await.unwrap_err();
    assert!(matches!(error, StateError::File(SqliteError::CannotOpen { .. })), "{error:?}");
    assert!(folder.path().is_dir());
}
