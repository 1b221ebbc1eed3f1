//! The tables of the state file.

use crate::sqlite::{Examine, FileKind};

/// A state file: "bbPs" in its header.
pub(super) static KIND: FileKind = FileKind {
    application_id: 0x6262_5073,
    layouts: &[FIRST, SECOND, THIRD, FOURTH, FIFTH],
    examine: Examine::Everything,
};

/// `checksum` covers the columns of its row that name or describe something, since SQLite does not notice a flipped bit
/// in a text. A row whose sum is wrong counts as missing.
const FIRST: &str = "
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
";

/// What a sync needs to go on after it was interrupted. The spool keeps its rows until the sync ends, so that nothing is
/// listed twice; what it held before is worth nothing by itself. `progress` and `target` stand in an index as well,
/// where a flipped bit shows when the file is opened.
const SECOND: &str = "
DROP TABLE spool;
CREATE TABLE spool (
  id INTEGER PRIMARY KEY,
  catalog INTEGER NOT NULL,
  listing TEXT NOT NULL,
  parent_key TEXT NOT NULL,
  payload TEXT NOT NULL,
  progress INTEGER NOT NULL DEFAULT 0,
  checksum INTEGER NOT NULL
);
CREATE UNIQUE INDEX spool_of_parent ON spool (catalog, listing, parent_key);
CREATE INDEX spool_of_progress ON spool (catalog, listing, progress, id);
CREATE TABLE checkpoints (
  catalog INTEGER NOT NULL,
  topic TEXT NOT NULL,
  name TEXT NOT NULL,
  value TEXT NOT NULL,
  checksum INTEGER NOT NULL,
  PRIMARY KEY (catalog, topic, name)
) WITHOUT ROWID;
CREATE TABLE related (
  catalog INTEGER NOT NULL,
  target INTEGER NOT NULL,
  UNIQUE (catalog, target)
);
";

/// What of an object survives a rename or a move where its key does not, so that old and new entity are known as one.
const THIRD: &str = "
ALTER TABLE entities ADD COLUMN stable TEXT;
CREATE INDEX entities_of_stable ON entities (catalog, stable) WHERE stable IS NOT NULL;
";

/// Which objects the listings of several pages gave, so that a sync that goes on can tell whether they missed any.
const FOURTH: &str = "
CREATE TABLE met (
  catalog INTEGER NOT NULL,
  object INTEGER NOT NULL,
  UNIQUE (catalog, object)
);
";

/// Which entities several objects gave, so that none of them alone decides what becomes of them.
const FIFTH: &str = "
CREATE TABLE shared (
  catalog INTEGER NOT NULL,
  blueprint TEXT NOT NULL,
  identifier TEXT NOT NULL,
  PRIMARY KEY (catalog, blueprint, identifier)
) WITHOUT ROWID;
";
