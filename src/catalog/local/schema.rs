//! The tables of a local catalog.

use crate::sqlite::{Examine, FileKind};

/// A local catalog: "bbPc" in its header.
pub(super) static KIND: FileKind = FileKind { application_id: 0x6262_5063, layouts: &[FIRST], examine: Examine::Pages };

const FIRST: &str = "
CREATE TABLE blueprints (
  identifier TEXT PRIMARY KEY,
  title TEXT,
  definition TEXT NOT NULL CHECK (json_valid(definition)),
  created_at TEXT NOT NULL
);
CREATE TABLE entities (
  id INTEGER PRIMARY KEY,
  blueprint TEXT NOT NULL REFERENCES blueprints (identifier),
  identifier TEXT NOT NULL,
  title TEXT,
  icon TEXT,
  team TEXT CHECK (team IS NULL OR json_valid(team)),
  properties TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(properties)),
  relations TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(relations)),
  owner TEXT,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL,
  UNIQUE (blueprint, identifier)
);
CREATE INDEX entities_by_owner ON entities (owner);
CREATE TABLE relation_targets (
  entity INTEGER NOT NULL REFERENCES entities (id) ON DELETE CASCADE,
  relation TEXT NOT NULL,
  target_blueprint TEXT NOT NULL,
  target TEXT NOT NULL,
  PRIMARY KEY (entity, relation, target)
) WITHOUT ROWID;
CREATE INDEX relation_targets_by_target ON relation_targets (target_blueprint, target);
CREATE VIEW about AS
  SELECT 'blueprints' AS name, 'the types; definition is the whole blueprint as JSON' AS what
  UNION ALL SELECT 'entities', 'one row per entity; properties, relations and team are JSON; owner is the integration that wrote it last, or the relation that it was made for'
  UNION ALL SELECT 'relation_targets', 'an index of relations: which entity points at which';
";
