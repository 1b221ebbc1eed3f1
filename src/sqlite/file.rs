//! Opening a file: whose it is, whether it is whole, which layout it has.

use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::SqliteError;

/// A kind of file that this program keeps.
#[derive(Debug)]
pub(crate) struct FileKind {
    /// Written into the header, so that no other program's file is taken for ours.
    pub(crate) application_id: i32,
    /// The SQL that leads from each layout version to the next; their number is the present version.
    pub(crate) layouts: &'static [&'static str],
    /// How thoroughly the file is examined when it is opened.
    pub(crate) examine: Examine,
}

/// How thoroughly a file is examined when it is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Examine {
    /// Every page, and every index against its table.
    Everything,
    /// Every page.
    Pages,
}

/// What was there before opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A file of ours.
    Existing,
    /// Nothing, or an empty file.
    Nothing,
}

/// What every SQLite file begins with.
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
const HEADER: usize = 100;
/// Where the versions of the format are that a writer and a reader must know.
const FORMAT_VERSIONS: std::ops::Range<usize> = 18..20;
const APPLICATION_ID_AT: usize = 68;
/// What a path cannot hold as it is in a URI.
const IN_URI: &percent_encoding::AsciiSet = &percent_encoding::CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');
/// How long another process may hold the file before a call gives up.
const BUSY: Duration = Duration::from_secs(5);

impl FileKind {
    /// The layout version that this program writes.
    pub(crate) fn version(&self) -> i64 {
        i64::try_from(self.layouts.len()).unwrap_or(i64::MAX)
    }

    /// Whether a file is, by its header, one of this kind.
    pub(crate) fn is_at(&self, path: &Path) -> bool {
        self.look(path, &path.display().to_string()).is_ok_and(|found| found == Found::Existing)
    }

    /// Opens a file of this kind or creates it. A file that is not of this kind is not touched.
    pub(super) fn open(&self, path: &Path) -> Result<(Connection, Found), SqliteError> {
        let label = path.display().to_string();
        match self.look(path, &label)? {
            Found::Nothing => self.connect(path, &label),
            Found::Existing => self.connect(path, &label).map_err(distrust),
        }
    }

    /// Copies a file of this kind as it is now, whether or not another process uses it, without a trace at the
    /// original. What is no file of this kind is not touched; nothing is copied where there is none.
    pub(crate) fn copy(&self, from: &Path, to: &Path) -> Result<Found, SqliteError> {
        let label = from.display().to_string();
        if self.look(from, &label)? == Found::Nothing {
            return Ok(Found::Nothing);
        }
        let sqlite = |error| SqliteError::new(&label, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(uri(from, &label)?, flags).map_err(sqlite)?;
        connection.busy_timeout(BUSY).map_err(sqlite)?;
        let found = connection.pragma_query_value(None, "user_version", |row| row.get(0));
        self.knows(found.map_err(sqlite).map_err(distrust)?, &label)?;
        let target = to.to_str().ok_or_else(|| unnameable(&to.display().to_string()))?;
        connection.execute("VACUUM INTO ?1", [target]).map_err(sqlite).map_err(distrust).map_err(
            |error| match error {
                SqliteError::Full { .. } => SqliteError::Full { path: target.to_owned() },
                other => other,
            },
        )?;
        Ok(Found::Existing)
    }

    fn connect(&self, path: &Path, label: &str) -> Result<(Connection, Found), SqliteError> {
        let sqlite = |error| SqliteError::new(label, error);
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags).map_err(sqlite)?;
        if connection.is_readonly(rusqlite::MAIN_DB).map_err(sqlite)? {
            return Err(SqliteError::ReadOnly { path: label.to_owned() });
        }
        configure(&connection).map_err(sqlite)?;
        let found = if is_empty(&connection).map_err(sqlite)? { Found::Nothing } else { Found::Existing };
        match found {
            Found::Nothing => self.migrate(&mut connection, label)?,
            Found::Existing => self.accept(&mut connection, label)?,
        }
        connection.pragma_update(None, "journal_mode", "WAL").map_err(sqlite)?;
        Ok((connection, found))
    }

    /// Makes sure that an existing file can be used.
    fn accept(&self, connection: &mut Connection, label: &str) -> Result<(), SqliteError> {
        self.examine(connection, label)?;
        self.migrate(connection, label)?;
        self.compare_layout(connection, label)
    }

    /// A file of this kind that lives in memory only.
    pub(super) fn open_in_memory(&self) -> Result<Connection, SqliteError> {
        let label = "memory";
        let mut connection = Connection::open_in_memory().map_err(|error| SqliteError::new(label, error))?;
        configure(&connection).map_err(|error| SqliteError::new(label, error))?;
        self.migrate(&mut connection, label)?;
        Ok(connection)
    }

    /// Reads the header before SQLite does: opening could already change a file.
    fn look(&self, path: &Path, label: &str) -> Result<Found, SqliteError> {
        let about = match std::fs::metadata(path) {
            Ok(about) => about,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Found::Nothing),
            Err(error) => return Err(SqliteError::reading(label, error)),
        };
        // Before it is opened, which for a pipe would wait for whoever writes into it.
        if !about.is_file() {
            return Err(SqliteError::io(label, std::io::Error::other("it is no regular file")));
        }
        let mut file = File::open(path).map_err(|error| SqliteError::reading(label, error))?;
        let foreign = |detail: &str| Err(SqliteError::Foreign { path: label.to_owned(), detail: detail.to_owned() });
        let mut header = Vec::with_capacity(HEADER);
        file.by_ref().take(HEADER as u64).read_to_end(&mut header).map_err(|error| SqliteError::io(label, error))?;
        if header.is_empty() {
            return Ok(Found::Nothing);
        }
        if !header.starts_with(MAGIC) || header.len() < HEADER {
            return foreign("it is no SQLite file");
        }
        match header.get(APPLICATION_ID_AT..APPLICATION_ID_AT + 4) {
            Some(id) if id == self.application_id.to_be_bytes() => {}
            _ => return foreign("another program wrote it"),
        }
        // A file with other versions than these is read-only to SQLite, which would be a misleading thing to say.
        match header.get(FORMAT_VERSIONS) {
            Some([1..=2, 1..=2]) => Ok(Found::Existing),
            _ => Err(SqliteError::Damaged { path: label.to_owned(), detail: "its header is damaged".to_owned() }),
        }
    }

    /// Looks for damage.
    fn examine(&self, connection: &Connection, label: &str) -> Result<(), SqliteError> {
        let pragma = match self.examine {
            Examine::Everything => "PRAGMA integrity_check(1)",
            Examine::Pages => "PRAGMA quick_check(1)",
        };
        let answer = connection
            .query_row(pragma, [], |row| row.get::<_, String>(0))
            .map_err(|error| SqliteError::new(label, error))?;
        if answer == "ok" {
            Ok(())
        } else {
            Err(SqliteError::Damaged { path: label.to_owned(), detail: one_line(&answer) })
        }
    }

    fn knows(&self, found: i64, label: &str) -> Result<(), SqliteError> {
        let supported = self.version();
        if found > supported {
            return Err(SqliteError::Newer { path: label.to_owned(), found, supported });
        }
        Ok(())
    }

    /// Brings the layout to the present version.
    fn migrate(&self, connection: &mut Connection, label: &str) -> Result<(), SqliteError> {
        let sqlite = |error| SqliteError::new(label, error);
        let transaction =
            connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(sqlite)?;
        let found: i64 = transaction.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(sqlite)?;
        self.knows(found, label)?;
        let done = usize::try_from(found)
            .map_err(|_| SqliteError::Damaged { path: label.to_owned(), detail: format!("layout version {found}") })?;
        if done < self.layouts.len() {
            for sql in self.layouts.iter().skip(done) {
                transaction.execute_batch(sql).map_err(sqlite)?;
            }
            transaction.pragma_update(None, "application_id", self.application_id).map_err(sqlite)?;
            transaction.pragma_update(None, "user_version", self.version()).map_err(sqlite)?;
        }
        transaction.commit().map_err(sqlite)
    }

    /// Checks that every table and index of this layout is there as it should be; what a person added is let be.
    fn compare_layout(&self, connection: &Connection, label: &str) -> Result<(), SqliteError> {
        let model = self.open_in_memory()?;
        let mut wanted =
            model.prepare("SELECT name, sql FROM sqlite_schema").map_err(|e| SqliteError::new(label, e))?;
        let mut rows = wanted.query([]).map_err(|e| SqliteError::new(label, e))?;
        while let Some(row) = rows.next().map_err(|e| SqliteError::new(label, e))? {
            let same = row.get::<_, String>(0).and_then(|name| {
                let sql: Option<String> = row.get(1)?;
                let query = "SELECT EXISTS(SELECT 1 FROM sqlite_schema WHERE name = ?1 AND sql IS ?2)";
                Ok((connection.query_row(query, (&name, sql), |row| row.get::<_, bool>(0))?, name))
            });
            match same.map_err(|e| SqliteError::new(label, e))? {
                (true, _) => {}
                (false, name) => {
                    let detail = format!("{name} is missing or differs from this layout");
                    return Err(SqliteError::Damaged { path: label.to_owned(), detail });
                }
            }
        }
        Ok(())
    }
}

/// Settings of a connection. The page cache is kept small: the whole process must fit into 64 MiB.
fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(48);
    connection.execute_batch(
        "PRAGMA cache_size = -4096;
         PRAGMA mmap_size = 0;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;
         PRAGMA journal_size_limit = 8388608;",
    )
}

/// How a file is named to be read without a trace. Where there is no log beside it, SQLite is told that nothing
/// changes it, else even reading would create one.
fn uri(path: &Path, label: &str) -> Result<String, SqliteError> {
    let io = |error| SqliteError::io(label, error);
    let absolute = std::path::absolute(path).map_err(io)?;
    let text = absolute.to_str().ok_or_else(|| unnameable(label))?;
    let mut log = absolute.as_os_str().to_owned();
    log.push("-wal");
    let at_rest = std::fs::metadata(log).map_or(true, |log| log.len() == 0);
    let encoded = percent_encoding::utf8_percent_encode(text, IN_URI);
    Ok(format!("file:{encoded}?{}", if at_rest { "immutable=1" } else { "mode=ro" }))
}

fn unnameable(label: &str) -> SqliteError {
    SqliteError::io(label, std::io::Error::other("its name is no UTF-8"))
}

/// A request as plain as those made on opening fails only on a file that is not what it seems.
fn distrust(error: SqliteError) -> SqliteError {
    match error {
        SqliteError::Failed { path, source } => SqliteError::Damaged { path, detail: one_line(&source.to_string()) },
        other => other,
    }
}

/// Whether nothing was ever written, for example because the program was killed while it created the file.
fn is_empty(connection: &Connection) -> rusqlite::Result<bool> {
    let version: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let objects: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(version == 0 && objects == 0)
}

/// The first line of a message.
fn one_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}
