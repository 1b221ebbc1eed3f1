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
            stable: None,
        },
        hash: Some(Fingerprint::of(version)),
    }
}

fn names(rows: &[Unseen]) -> Vec<&str> {
    rows.iter().map(|(entity, _)| entity.identifier.as_str()).collect()
}

const DAY: std::time::Duration = std::time::Duration::from_secs(86_400);

async fn usable(state: &CatalogState, basis: &str) -> Option<Checkpoint> {
    match state.interrupted(basis, DAY).await.unwrap() {
        Interrupted::Usable(checkpoint) => Some(*checkpoint),
        Interrupted::Nothing | Interrupted::Void { .. } => None,
    }
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
    let sync = state.begin_resumable("basis").await.unwrap();
    let spool = state.spool();
    let rows = (0..5).map(|n| (format!("p{n}"), format!("{{\"n\":{n}}}"))).collect();
    spool.push("pull-requests", rows).await.unwrap();
    let taken = spool.take("pull-requests", 2).await.unwrap();
    assert_eq!(taken.iter().map(|item| item.parent_key.as_str()).collect::<Vec<_>>(), ["p0", "p1"]);
    spool.done(vec![(taken.first().unwrap().id, Pages::Several)]).await.unwrap();
    assert_eq!(spool.waiting("pull-requests").await.unwrap(), 3);
    assert!(spool.take("other", 2).await.unwrap().is_empty());
    let checkpoint = usable(&state, "basis").await.unwrap();
    assert_eq!((checkpoint.sync, checkpoint.done, checkpoint.left), (sync, 1, 4));
    let several: Vec<_> = checkpoint.several.iter().map(|done| (&*done.listing, &*done.parent_key)).collect();
    assert_eq!(several, [("pull-requests", "p0")]);
    // Who lists the parents once more neither brings back what is done nor doubles what waits.
    let rows = (0..6).map(|n| (format!("p{n}"), "{}".to_owned())).collect();
    spool.push("pull-requests", rows).await.unwrap();
    let again = spool.take("pull-requests", 9).await.unwrap();
    assert_eq!(again.iter().map(|item| item.parent_key.as_str()).collect::<Vec<_>>(), ["p1", "p2", "p3", "p4", "p5"]);
    state.begin_sync().await.unwrap();
    assert_eq!(spool.waiting("pull-requests").await.unwrap(), 0);
}

#[tokio::test]
async fn a_finished_sync_is_not_resumed() {
    let state = scope().await;
    let sync = state.begin_sync().await.unwrap();
    state.finish_sync(sync, r#"{"written":1}"#.to_owned(), false).await.unwrap();
    assert_eq!(state.interrupted("basis", DAY).await.unwrap(), Interrupted::Nothing);
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
    assert!(matches!(error, StateError::File(SqliteError::Newer { found: 99, supported: 5, .. })), "{error}");
    assert!(error.to_string().contains("was written by a newer version of this program"), "{error}");
}

#[tokio::test]
async fn a_catalog_in_its_place_is_refused_and_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("catalog.db");
    let catalog = crate::catalog::LocalCatalog::open(&path, "test").await.unwrap();
    let error = State::open(&path).await.unwrap_err();
    assert!(matches!(error, StateError::Catalog { .. }), "{error}");
    catalog.close().await.unwrap();
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(names.into_iter().all(|name| !name.to_string_lossy().contains("unusable")));
}

#[tokio::test]
async fn a_newer_file_that_is_to_be_copied_is_named_as_the_person_knows_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    filled(&path).await;
    rusqlite::Connection::open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let copies = tempfile::tempdir().unwrap();
    let error = State::copy(&path, copies.path()).await.unwrap_err().to_string();
    assert!(error.starts_with(&path.display().to_string()), "{error}");
}

#[cfg(unix)]
#[tokio::test]
async fn a_pipe_in_its_place_is_an_error_and_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("skipped: no pipe can be made here");
        return;
    }
    let error = State::open(&path).await.unwrap_err();
    assert!(matches!(error, StateError::File(SqliteError::CannotOpen { .. })), "{error:?}");
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

#[tokio::test]
async fn an_interrupted_sync_is_gone_on_with_by_its_like_only() {
    let state = scope().await.about("acme");
    let sync = state.begin_resumable("one mapping").await.unwrap();
    state.root_done("repository", RootDone { listed: 7, several: true }).await.unwrap();
    state.relate(vec![5, -3, 5]).await.unwrap();
    state.meet(vec![i64::MIN, 8, 8]).await.unwrap();
    let checkpoint = usable(&state, "one mapping").await.unwrap();
    assert_eq!(checkpoint.sync, sync);
    assert_eq!(checkpoint.roots["repository"], RootDone { listed: 7, several: true });
    assert_eq!((checkpoint.related, checkpoint.met), (vec![-3, 5], vec![i64::MIN, 8]));
    let void = async |state: &CatalogState, basis: &str, within| {
        matches!(state.interrupted(basis, within).await.unwrap(), Interrupted::Void { .. })
    };
    assert!(void(&state, "another mapping", DAY).await);
    assert!(void(&state.clone().about("another workspace"), "one mapping", DAY).await);
    assert!(void(&state, "one mapping", std::time::Duration::ZERO).await);
    assert_eq!(usable(&state, "one mapping").await.unwrap().sync, sync);
    // A narrowed sync in between takes over the marks: what was left is no longer whole.
    state.begin_sync().await.unwrap();
    assert!(void(&state, "one mapping", DAY).await);
    let next = state.begin_resumable("one mapping").await.unwrap();
    assert_eq!(usable(&state, "one mapping").await.unwrap().met, [0; 0]);
    let fresh = usable(&state, "one mapping").await.unwrap();
    assert_eq!((fresh.sync, fresh.roots.len(), fresh.related.len()), (next, 0, 0));
    state.finish_sync(next, "{}".to_owned(), true).await.unwrap();
    assert_eq!(state.interrupted("one mapping", DAY).await.unwrap(), Interrupted::Nothing);
}

/// The tables of the first layout, as a file of that time has them.
const FIRST_LAYOUT: &str = "
CREATE TABLE catalogs (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
);
CREATE TABLE syncs (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  catalog INTEGER NOT NULL REFERENCES catalogs (id),
  started_at TEXT NOT NULL,
  finished_at TEXT,
  complete INTEGER NOT NULL DEFAULT 0,
  summary TEXT,
  owned_listing TEXT NOT NULL DEFAULT 'none'
);
CREATE INDEX syncs_of_catalog ON syncs (catalog, id);
CREATE TABLE entities (
  catalog INTEGER NOT NULL,
  blueprint TEXT NOT NULL,
  identifier TEXT NOT NULL,
  resource TEXT,
  source_key TEXT,
  parent_key TEXT,
  hash BLOB,
  last_seen_sync INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (catalog, blueprint, identifier)
) WITHOUT ROWID;
CREATE INDEX entities_of_source ON entities (catalog, source_key);
CREATE TABLE owned (
  catalog INTEGER NOT NULL,
  blueprint TEXT NOT NULL,
  identifier TEXT NOT NULL,
  sync INTEGER NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (catalog, blueprint, identifier)
) WITHOUT ROWID;
CREATE TABLE spool (
  id INTEGER PRIMARY KEY,
  catalog INTEGER NOT NULL,
  listing TEXT NOT NULL,
  parent_key TEXT NOT NULL,
  payload TEXT NOT NULL,
  taken INTEGER NOT NULL DEFAULT 0,
  checksum INTEGER NOT NULL
);
CREATE INDEX spool_of_listing ON spool (catalog, listing, taken, id);
CREATE TABLE settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  checksum INTEGER NOT NULL
) WITHOUT ROWID;
INSERT INTO catalogs VALUES (1, 'c');
INSERT INTO syncs VALUES (7, 1, '2026-01-02T03:04:05Z', NULL, 0, NULL, 'none');
INSERT INTO spool VALUES (1, 1, 'pull-requests', 'p0', '{}', 0, 0);
PRAGMA application_id = 0x62625073;
PRAGMA user_version = 1;
";

/// The first layout is written down above; a later one is what leads there from it.
#[rstest::rstest]
#[tokio::test]
async fn a_file_of_an_earlier_layout_is_taken_over(#[values(1, 2, 3, 4)] layout: u8) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("state.db");
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.execute_batch(FIRST_LAYOUT).unwrap();
    let sum = crate::sqlite::Checksum::new().number(1).text("repo").text("a");
    let sum = sum.optional(Some("0001:repository")).optional(Some("A/a")).optional(None).value();
    let row = "INSERT INTO entities VALUES (1, 'repo', 'a', '0001:repository', 'A/a', NULL, NULL, 7, ?1)";
    connection.execute(row, [sum]).unwrap();
    for sql in &super::schema::KIND.layouts[1..usize::from(layout)] {
        connection.execute_batch(sql).unwrap();
    }
    connection.pragma_update(None, "user_version", layout).unwrap();
    drop(connection);
    let opened = State::open(&path).await.unwrap();
    assert_eq!(opened.origin, Origin::Existing);
    let state = opened.state.catalog("c").await.unwrap();
    // What it remembers of entities counts, as far as it goes.
    let known = state.known("repo", vec!["a".to_owned()]).await.unwrap();
    assert_eq!(known["a"].trace.source_key.as_deref(), Some("A/a"));
    assert_eq!(known["a"].trace.stable, None);
    // Its syncs are known, but none of that time can be gone on with.
    assert!(state.last_sync().await.unwrap().unwrap().finished_at.is_none());
    let within = std::time::Duration::MAX;
    assert!(matches!(state.interrupted("basis", within).await.unwrap(), Interrupted::Void { .. }));
    let sync = state.begin_resumable("basis").await.unwrap();
    assert_eq!(usable(&state, "basis").await.unwrap().sync, sync);
    opened.state.close().await.unwrap();
    let version: i64 =
        rusqlite::Connection::open(&path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 5);
}

#[tokio::test]
async fn entities_of_one_object_are_known_by_what_stays_the_same_of_it() {
    let state = scope().await;
    let made = |identifier: &str, key: &str, stable: Option<&str>| {
        let mut row = row(identifier, "1");
        row.trace.source_key = Some(key.to_owned());
        row.trace.stable = stable.map(str::to_owned);
        row
    };
    let first = state.begin_sync().await.unwrap();
    state.record(first, vec![made("old", "A/x", Some("repository/7")), made("plain", "p", None)]).await.unwrap();
    let sync = state.begin_sync().await.unwrap();
    list(&state, sync, &["old", "plain"]).await;
    // The key passed to another object.
    let now = vec![made("new", "B/y", Some("repository/7")), made("other", "A/x", Some("repository/8"))];
    state.record(sync, now).await.unwrap();
    let unseen = state.unseen(sync, "repo", None, 10).await.unwrap();
    assert_eq!(names(&unseen), ["old", "plain"]);
    let mut siblings = state.siblings(sync, &unseen[0].1).await.unwrap();
    siblings.sort_by(|one, other| one.entity.cmp(&other.entity));
    let facts: Vec<_> =
        siblings.iter().map(|of| (of.entity.identifier.as_str(), of.met_now, of.owned_before)).collect();
    assert_eq!(facts, [("new", true, false), ("old", false, true)]);
    let alone = state.siblings(sync, &unseen[1].1).await.unwrap();
    assert_eq!((alone.len(), alone[0].met_now), (1, false));
    assert!(state.siblings(sync, &Trace::default()).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_narrowed_sync_is_no_measure_for_the_next_whole_one() {
    let state = scope().await;
    for (summary, whole) in [("whole", true), ("narrowed", false)] {
        let sync = state.begin_sync().await.unwrap();
        state.finish_sync(sync, summary.to_owned(), whole).await.unwrap();
    }
    let last = state.last_complete_sync().await.unwrap().unwrap();
    assert_eq!(last.summary.as_deref(), Some("whole"));
}
