use std::path::Path;

use futures::future::join_all;
use rusqlite::Connection;

use super::*;

static KIND: FileKind = FileKind {
    application_id: 0x0102_0304,
    layouts: &["CREATE TABLE numbers (n INTEGER PRIMARY KEY)", "ALTER TABLE numbers ADD COLUMN word TEXT"],
    examine: Examine::Everything,
};
static FIRST: FileKind = FileKind {
    application_id: 0x0102_0304,
    layouts: &["CREATE TABLE numbers (n INTEGER PRIMARY KEY)"],
    examine: Examine::Everything,
};

fn insert(n: i64) -> impl FnOnce(&Connection) -> rusqlite::Result<usize> + Send {
    move |connection| connection.execute("INSERT INTO numbers (n) VALUES (?1)", [n])
}

fn count(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT count(*) FROM numbers", [], |row| row.get(0))
}

async fn open(path: &Path, kind: &'static FileKind) -> Result<(Database, Found), SqliteError> {
    Database::open(Place::File(path.to_owned(), None), kind).await
}

#[tokio::test]
async fn a_failing_job_loses_nothing_of_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (database, _) = open(&folder.path().join("a.db"), &KIND).await.unwrap();
    // Half of a failing job's work is undone with it.
    let jobs = (0..200_i64).map(|n| {
        database.write(move |connection| {
            insert(n)(connection)?;
            if n % 10 == 3 { insert(n)(connection) } else { Ok(0) }
        })
    });
    let failed = join_all(jobs).await.into_iter().filter(Result::is_err).count();
    assert_eq!(failed, 20);
    assert_eq!(database.read(count).await.unwrap(), 180);
    database.close().await.unwrap();
    assert!(matches!(database.read(count).await, Err(SqliteError::Closed { .. })));
    let (again, found) = open(&folder.path().join("a.db"), &KIND).await.unwrap();
    assert_eq!((found, again.read(count).await.unwrap()), (Found::Existing, 180));
}

#[tokio::test]
async fn a_read_sees_the_writes_queued_before_it() {
    let (database, _) = Database::open(Place::Memory, &KIND).await.unwrap();
    let (_, seen) = futures::join!(database.write(insert(1)), database.read(count));
    assert_eq!(seen.unwrap(), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_disturbs_nobody() {
    let (database, _) = Database::open(Place::Memory, &KIND).await.unwrap();
    {
        let abandoned = database.write(insert(1));
        futures::pin_mut!(abandoned);
        // The job is queued by the first poll; whether its answer is there already does not matter.
        drop(futures::poll!(abandoned));
    }
    database.write(insert(2)).await.unwrap();
    assert_eq!(database.read(count).await.unwrap(), 2);
}

#[tokio::test]
async fn an_older_layout_is_brought_forward() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (old, _) = open(&path, &FIRST).await.unwrap();
    old.write(insert(5)).await.unwrap();
    old.close().await.unwrap();
    let (new, found) = open(&path, &KIND).await.unwrap();
    assert_eq!(found, Found::Existing);
    new.write(|connection| connection.execute("UPDATE numbers SET word = 'five'", [])).await.unwrap();
    new.close().await.unwrap();
    assert!(matches!(open(&path, &FIRST).await, Err(SqliteError::Newer { found: 2, supported: 1, .. })));
}

#[tokio::test]
async fn a_changed_layout_is_damage_and_an_added_view_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    open(&path, &KIND).await.unwrap().0.close().await.unwrap();
    let by_hand = |sql: &str| Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    by_hand("CREATE VIEW mine AS SELECT n FROM numbers");
    open(&path, &KIND).await.unwrap().0.close().await.unwrap();
    by_hand("ALTER TABLE numbers RENAME COLUMN word TO term");
    let error = open(&path, &KIND).await.unwrap_err();
    assert!(matches!(error, SqliteError::Damaged { .. }), "{error}");
}

#[tokio::test]
async fn a_full_disk_is_told_and_leaves_what_was_written() {
    let folder = tempfile::tempdir().unwrap();
    let (database, _) = open(&folder.path().join("a.db"), &KIND).await.unwrap();
    database.write(insert(1)).await.unwrap();
    // SQLite's own bound on the size of a file fails as a full disk does.
    database.write(|connection| connection.pragma_update(None, "max_page_count", 3)).await.unwrap();
    let fill = |connection: &Connection| {
        connection.execute("INSERT INTO numbers (n, word) VALUES (2, hex(zeroblob(100000)))", [])
    };
    let (small, large) = futures::join!(database.write(insert(3)), database.write(fill));
    let error = large.unwrap_err();
    assert!(matches!(error, SqliteError::Full { .. }), "{error:?}");
    let survived = i64::from(small.is_ok());
    assert_eq!(database.read(count).await.unwrap(), 1 + survived);
    database.write(insert(4)).await.unwrap();
}

#[tokio::test]
async fn a_lock_goes_with_its_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let lock = FileLock::take(&path).unwrap();
    let (database, _) = Database::open(Place::File(path.clone(), Some(lock)), &KIND).await.unwrap();
    assert!(matches!(FileLock::take(&path), Err(SqliteError::InUse { .. })));
    database.close().await.unwrap();
    assert!(FileLock::take(&path).is_ok());
}

#[tokio::test]
async fn each_failure_names_its_cause_and_a_remedy() {
    let path = || "state.db".to_owned();
    let source = std::sync::Arc::new(std::io::Error::from(std::io::ErrorKind::NotADirectory));
    let failed = std::sync::Arc::new(rusqlite::Error::InvalidQuery);
    let all = [
        SqliteError::InUse { path: path(), holder: "process 17".to_owned() },
        SqliteError::Damaged { path: path(), detail: "page 3 is torn".to_owned() },
        SqliteError::Foreign { path: path(), detail: "it is no SQLite file".to_owned() },
        SqliteError::Newer { path: path(), found: 3, supported: 1 },
        SqliteError::Full { path: path() },
        SqliteError::ReadOnly { path: path() },
        SqliteError::Forbidden { path: path() },
        SqliteError::CannotOpen { path: path(), source },
        SqliteError::Failed { path: path(), source: failed },
        SqliteError::Closed { path: path() },
    ];
    insta::assert_snapshot!(all.map(|error| error.to_string()).join("\n"));
}

#[test]
fn a_checksum_tells_fields_and_bytes_apart() {
    let sum = |fields: &[&str]| fields.iter().fold(Checksum::new(), |sum, field| sum.text(field)).value();
    assert_ne!(sum(&["ab", "c"]), sum(&["a", "bc"]));
    assert_ne!(Checksum::new().optional(None).value(), Checksum::new().optional(Some("")).value());
    for bit in 0..8 {
        assert_ne!(
            Checksum::new().bytes(b"abc").value(),
            Checksum::new().bytes(&[b'a', b'b' ^ (1 << bit), b'c']).value()
        );
    }
}

#[tokio::test]
async fn what_was_answered_outlives_a_killed_process() {
    let folder = tempfile::tempdir().unwrap();
    let (alive, left) = (folder.path().join("a.db"), folder.path().join("b.db"));
    let (database, _) = open(&alive, &KIND).await.unwrap();
    database.write(insert(1)).await.unwrap();
    // What a killed process leaves: the file and its log, never closed.
    for log in ["", "-wal"] {
        std::fs::copy(format!("{}{log}", alive.display()), format!("{}{log}", left.display())).unwrap();
    }
    let (after, found) = open(&left, &KIND).await.unwrap();
    assert_eq!((found, after.read(count).await.unwrap()), (Found::Existing, 1));
}
