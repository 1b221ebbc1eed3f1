//! What Port holds.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::entity::Entity;
use super::integration::Provision;

/// The catalog of an organization with its integrations.
#[derive(Clone, Debug, Default)]
pub struct World {
    pub(super) blueprints: BTreeMap<String, Value>,
    /// By blueprint, then by identifier.
    pub(super) entities: BTreeMap<String, BTreeMap<String, Entity>>,
    pub(super) integrations: BTreeMap<String, Value>,
    pub(super) resync_requests: BTreeMap<String, String>,
    pub(super) provision: Option<Provision>,
    /// Feature flags of the organization.
    pub feature_flags: Vec<String>,
    /// Types for which Port makes the default resources itself.
    pub provisioned_types: Vec<String>,
    /// Whether one entity of a wrong form refuses its whole bulk; otherwise only itself.
    pub refuse_whole_bulks: bool,
    /// Actions, scorecards and pages created, in order, each with the path it was sent to.
    pub resources: Vec<(String, Value)>,
    /// Documents sent to the metrics, log, example and lake endpoints, in order, each with its path.
    pub reports: Vec<(String, Value)>,
}

/// Reports beyond this are counted by the record of requests only.
const REPORTS_KEPT: usize = 20_000;

impl World {
    /// An organization with nothing in it.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// One entity.
    #[must_use]
    pub fn entity(&self, blueprint: &str, identifier: &str) -> Option<&Entity> {
        self.entities.get(blueprint)?.get(identifier)
    }

    /// All entities of a blueprint, by identifier.
    pub fn entities(&self, blueprint: &str) -> impl Iterator<Item = &Entity> {
        self.entities.get(blueprint).into_iter().flat_map(BTreeMap::values)
    }

    /// How many entities there are in all.
    #[must_use]
    pub fn entity_count(&self) -> usize {
        self.entities.values().map(BTreeMap::len).sum()
    }

    /// Puts an entity in, unchecked, as another source or a person would have it; one of that name is replaced.
    pub fn put_entity(&mut self, entity: Entity) {
        self.entities.entry(entity.blueprint.clone()).or_default().insert(entity.identifier.clone(), entity);
    }

    /// An entity for [`put_entity`](Self::put_entity), last written at that time by that `User-Agent`.
    #[must_use]
    pub fn entity_of(blueprint: &str, identifier: &str, datasource: &str, updated: OffsetDateTime) -> Entity {
        Entity::new(blueprint, identifier, datasource, updated)
    }

    /// Changes an entity in place, without a trace; whether it was there.
    pub fn edit_entity(&mut self, blueprint: &str, identifier: &str, change: impl FnOnce(&mut Entity)) -> bool {
        let entity = self.entities.get_mut(blueprint).and_then(|entities| entities.get_mut(identifier));
        entity.map(change).is_some()
    }

    /// Takes an entity out, with no regard to what points at it.
    pub fn remove_entity(&mut self, blueprint: &str, identifier: &str) -> Option<Entity> {
        self.entities.get_mut(blueprint)?.remove(identifier)
    }

    /// The whole catalog without times and owners: blueprint, identifier, content. Two catalogs with the same
    /// snapshot hold the same.
    #[must_use]
    pub fn snapshot(&self) -> Value {
        let of_blueprint = |entities: &BTreeMap<String, Entity>| -> Value {
            entities.iter().map(|(identifier, entity)| (identifier.clone(), entity.content())).collect()
        };
        self.entities
            .iter()
            .filter(|(_, entities)| !entities.is_empty())
            .map(|(blueprint, entities)| (blueprint.clone(), of_blueprint(entities)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    }

    pub(super) fn report(&mut self, path: &str, body: Value) {
        if self.reports.len() < REPORTS_KEPT {
            self.reports.push((path.to_owned(), body));
        }
    }

    /// The reports whose path contains that text, in order.
    pub fn reports_to<'a>(&'a self, part: &'a str) -> impl Iterator<Item = &'a Value> {
        self.reports.iter().filter(move |(path, _)| path.contains(part)).map(|(_, body)| body)
    }

    pub(super) fn organization(&self) -> Value {
        json!({"id": "org_sandbox", "name": "Sandbox", "featureFlags": self.feature_flags})
    }
}
