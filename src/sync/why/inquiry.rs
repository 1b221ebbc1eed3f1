//! The inquiry, from a name to the answer.

use std::collections::BTreeSet;
use std::sync::Arc;

use bitbucket_port_jq::{Input, Output};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::catalog::{Catalog, Entity, EntityId};
use crate::kinds::{Kind, ObjectKey};
use crate::mapping::{Mapping, Outcome, Remark};
use crate::state::CatalogState;
use crate::sync::Reader;
use crate::sync::enrich::{self, Additions, Want};
use crate::sync::plan::{Plan, PlannedResource, Scope};

use super::catalog::entry;
use super::listed::{Sight, listed};
use super::{Added, AddedState, Becomes, LeftOut, Listed, Remembered, ResourceAnswer, Why, WhyError, name};

/// Entities of one object that are looked up in the state file.
const REMEMBERED: u32 = 100;

/// What an inquiry needs.
pub struct Inquiry {
    /// Where objects come from.
    pub source: Arc<dyn Reader>,
    /// Which objects become which entities.
    pub mapping: Arc<Mapping>,
    /// The catalog to compare with.
    pub catalog: Option<Arc<dyn Catalog>>,
    /// What is remembered of that catalog.
    pub state: Option<CatalogState>,
}

/// An object as Bitbucket sent it.
struct Object {
    kind: Kind,
    key: ObjectKey,
    raw: Box<RawValue>,
}

impl Inquiry {
    /// Fetches one object and says what each resource of its kind makes of it, and why. Writes nothing.
    ///
    /// # Errors
    /// The kind or the name cannot be understood, there is no such object, or Bitbucket cannot be asked.
    pub async fn ask(&self, kind: &str, name: &str) -> Result<Why, WhyError> {
        let kind = self.kind(kind)?;
        let asked = name::key(&*self.source, kind, name).await?;
        let raw = match self.source.get(kind, &asked).await {
            Ok(raw) => raw,
            Err(error) if error.is_gone() => return Err(name::absent(kind, name)),
            Err(error) => return Err(error.into()),
        };
        let object = Object { kind, key: kind.key_of(raw.get())?, raw };
        let plan = Plan::new(&self.mapping, self.source.kinds(), &Scope::default());
        let mut resources = vec![];
        for planned in plan.resources.iter().filter(|planned| planned.kind == kind) {
            resources.push(self.resource(planned, &object).await);
        }
        let left_out = plan.skipped.iter().filter(|skipped| skipped.kind == kind.name());
        let left_out = left_out
            .map(|skipped| LeftOut {
                resource: skipped.index,
                line: skipped.position.line,
                why: skipped.reason.clone(),
            })
            .collect();
        let remembered = self.remembered(&object, &resources).await;
        Ok(Why {
            kind: kind.to_string(),
            name: name.to_owned(),
            key: object.key.to_string(),
            resources,
            left_out,
            remembered,
        })
    }

    fn kind(&self, name: &str) -> Result<Kind, WhyError> {
        let kinds = self.source.kinds();
        kinds.iter().find(|kind| kind.name() == name).copied().ok_or_else(|| {
            let known: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
            WhyError::Kind { kind: name.to_owned(), known: known.join(", ") }
        })
    }

    async fn resource(&self, planned: &PlannedResource, object: &Object) -> ResourceAnswer {
        let resource = &planned.resource;
        let listing = &planned.selector.listing;
        let Sight { listed, object: as_listed } =
            listed(&*self.source, listing, &object.key, &object.raw).await.unwrap_or_else(|error| Sight {
                listed: Listed { listed: None, listing: listing.to_string(), because: error.to_string() },
                object: None,
            });
        let as_listed = as_listed.map(|raw| Object { raw, kind: object.kind, key: object.key.clone() });
        let object = as_listed.as_ref().unwrap_or(object);
        let (additions, added) = self.additions(planned, object).await;
        let mut answer = ResourceAnswer {
            resource: resource.index,
            line: resource.position.line,
            listed,
            added,
            steps: vec![],
            nulls: vec![],
            fates: vec![],
        };
        let input = match self.input(object, &additions) {
            Ok(input) => input,
            Err(why) => {
                answer.fates.push(Becomes::KeptBack { why });
                return answer;
            }
        };
        answer.steps = resource.explain(&input);
        let missing: Vec<Vec<String>> = additions.failed.iter().map(Want::path).collect();
        let mapped = resource.map_without(input, &missing);
        let nulls = mapped.nulls.iter().filter_map(|number| resource.paths.get(usize::from(*number)));
        answer.nulls = nulls.cloned().collect();
        for outcome in mapped.outcomes {
            let fate = self.fate(outcome, !missing.is_empty(), object).await;
            answer.fates.push(fate);
        }
        answer
    }

    async fn fate(&self, outcome: Outcome, lacks: bool, object: &Object) -> Becomes {
        match outcome {
            Outcome::FilteredOut => Becomes::NotSelected,
            Outcome::Skipped(reason) => Becomes::LeftOut { why: Remark::from(reason).to_string() },
            Outcome::Failed(error) => Becomes::KeptBack { why: error.to_string() },
            Outcome::Entity(_) if lacks && !self.mapping.flags.enable_merge_entity => Becomes::KeptBack {
                why: "something of it could not be fetched, and without `enableMergeEntity` the catalog would lose it"
                    .to_owned(),
            },
            Outcome::Entity(entity) => {
                let catalog = self.compared(&entity, object).await;
                Becomes::Entity { entity, catalog }
            }
        }
    }

    async fn compared(&self, entity: &Entity, object: &Object) -> Option<super::Entry> {
        let catalog = self.catalog.as_deref()?;
        Some(entry(catalog, self.state.as_ref(), entity, object.key.as_str()).await)
    }

    fn input(&self, object: &Object, additions: &Additions) -> Result<Input, String> {
        let mut input = Input::parse(object.raw.get(), &self.mapping.limits).map_err(|error| error.to_string())?;
        for (key, value) in additions.keys() {
            input.insert(&key, Output::from_json(&value)).map_err(|error| error.to_string())?;
        }
        Ok(input)
    }

    /// Fetches what the resource's expressions read beside the object.
    async fn additions(&self, planned: &PlannedResource, object: &Object) -> (Additions, Vec<Added>) {
        let mut additions = Additions::default();
        let mut added = vec![];
        let place = self.source.place(object.kind, object.raw.get());
        for want in enrich::wanted(planned).collect::<BTreeSet<_>>() {
            let fetched = match (&place, &want) {
                (Err(error), _) => Err(error.to_string()),
                (Ok(None), _) => Ok(Value::Null),
                (Ok(Some(place)), Want::File(path)) => {
                    let content = self.source.file(place, path).await.map_err(|error| error.to_string());
                    content
                        .map(|content| content.map_or(Value::Null, |content| String::from_utf8_lossy(&content).into()))
                }
                (Ok(Some(place)), Want::Extra(key)) => {
                    self.source.extra(place, key).await.map_err(|error| error.to_string())
                }
            };
            let state = match &fetched {
                Ok(Value::Null) => AddedState::Absent,
                Ok(_) => AddedState::Found,
                Err(why) => AddedState::Failed(why.clone()),
            };
            added.push(Added { what: want.path().join("."), state });
            match fetched {
                Ok(value) => additions.found.push((want, Arc::new(value))),
                Err(_) => drop(additions.failed.insert(want)),
            }
        }
        (additions, added)
    }

    /// Entities that earlier syncs made from the object and that it does not become now.
    async fn remembered(&self, object: &Object, resources: &[ResourceAnswer]) -> Vec<Remembered> {
        let Some(state) = &self.state else { return vec![] };
        let known = match state.from_source(object.key.as_str(), REMEMBERED).await {
            Ok(known) => known,
            Err(error) => {
                tracing::warn!("the state file does not say what came from {}: {error}", object.key);
                return vec![];
            }
        };
        let fates = || resources.iter().flat_map(|answer| answer.fates.iter().map(move |fate| (answer, fate)));
        let becomes = |id: &EntityId| {
            fates().any(|(answer, fate)| {
                answer.listed.listed != Some(false)
                    && matches!(fate, Becomes::Entity { entity, .. } if entity.id() == *id)
            })
        };
        let kept_back = fates().any(|(_, fate)| matches!(fate, Becomes::KeptBack { .. }));
        let then = if kept_back {
            "it stays, because the object cannot be mapped"
        } else {
            "the next complete resync deletes it"
        };
        let gone = known.into_iter().map(|provenance| provenance.entity).filter(|id| !becomes(id));
        gone.map(|id| Remembered::new(id, then)).collect()
    }
}
