//! Expressions that gave null: counted while objects are mapped, told once for each expression at the end.

use std::collections::BTreeMap;

use crate::catalog::Blueprint;
use crate::mapping::{FedBlueprints, Resource};

use super::context::Context;
use super::report::Count;

/// For how many objects each expression of one resource gave null.
#[derive(Debug)]
pub(crate) struct Nulls(Box<[Count]>);

impl Nulls {
    /// Counts for the paths of a resource, all zero.
    pub(crate) fn of(resource: &Resource) -> Self {
        Self(resource.paths.iter().map(|_| Count::default()).collect())
    }

    /// Takes note of what gave null for one object, by the numbers of [`Resource::paths`].
    pub(crate) fn add(&self, numbers: &[u16]) {
        for count in numbers.iter().filter_map(|number| self.0.get(usize::from(*number))) {
            count.add(1);
        }
    }

    /// The paths with their counts, without those that never gave null.
    fn counted<'a>(&'a self, resource: &'a Resource) -> impl Iterator<Item = (&'a str, u64)> {
        let paths = resource.paths.iter().map(String::as_str).zip(self.0.iter().map(Count::get));
        paths.filter(|(_, count)| *count > 0)
    }
}

/// Says which expressions gave null and for how many objects: an error where the blueprint requires a value. The
/// others are warnings in the log only, as with Port's runtime, and one note of each resource: most of them are meant.
/// A blueprint is read only if something gave null, and once; one that cannot be read, or is computed, requires nothing.
pub(crate) async fn tell(ctx: &Context) {
    let mut blueprints: BTreeMap<String, Option<Blueprint>> = BTreeMap::new();
    for (planned, nulls) in ctx.plan.resources.iter().zip(&ctx.nulls) {
        let resource = &planned.resource;
        let told: Vec<(&str, u64)> = nulls.counted(resource).collect();
        let named: &[String] = match &resource.blueprints {
            FedBlueprints::Literal(named) if !told.is_empty() => named,
            FedBlueprints::Literal(_) | FedBlueprints::Unknown => &[],
        };
        for name in named {
            if !blueprints.contains_key(name) {
                blueprints.insert(name.clone(), read(ctx, name).await);
            }
        }
        let mut plain = Vec::new();
        for (path, count) in told {
            let strict = named.iter().filter_map(|name| blueprints.get(name)?.as_ref()).find(|of| requires(of, path));
            if let Some(blueprint) = strict {
                ctx.notices.error(required(resource, path, count, &blueprint.identifier));
            } else {
                tracing::warn!("{}", wanting(resource, path, count));
                plain.push(format!("{path} ({count})"));
            }
        }
        if !plain.is_empty() {
            let (index, kind) = (resource.index, &resource.kind);
            ctx.notices.note(format!("resource {index} ({kind}): null for some objects: {}", plain.join(", ")));
        }
    }
}

async fn read(ctx: &Context, name: &str) -> Option<Blueprint> {
    match ctx.catalog.blueprint(name).await {
        Ok(blueprint) => blueprint,
        Err(error) => {
            tracing::debug!("the blueprint {name} cannot be read to tell what it requires: {error}");
            None
        }
    }
}

/// Whether an entity of a blueprint must have what an expression gives.
fn requires(blueprint: &Blueprint, path: &str) -> bool {
    match path.split_once('.') {
        Some(("properties", name)) => blueprint.schema.required.iter().any(|required| required == name),
        Some(("relations", name)) => blueprint.relations.get(name).is_some_and(|relation| relation.required),
        _ => false,
    }
}

fn wanting(resource: &Resource, path: &str, count: u64) -> String {
    let (index, kind) = (resource.index, &resource.kind);
    let so = if path == "identifier" { ", so they become no entities" } else { "" };
    format!("resource {index} ({kind}): `{path}` is null for {}{so}", objects(count))
}

fn required(resource: &Resource, path: &str, count: u64, blueprint: &str) -> String {
    let what = wanting(resource, path, count);
    format!("{what}, but the blueprint `{blueprint}` requires it; give a value in its place with `//`")
}

fn objects(count: u64) -> String {
    if count == 1 { "1 object".to_owned() } else { format!("{count} objects") }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case("properties.url", true)]
    #[case("properties.text", false)]
    #[case("relations.project", true)]
    #[case("relations.team", false)]
    #[case("identifier", false)]
    #[case("title", false)]
    fn what_a_blueprint_requires(#[case] path: &str, #[case] expected: bool) {
        let blueprint = serde_json::from_value(json!({
            "identifier": "service",
            "schema": { "properties": { "url": {}, "text": {} }, "required": ["url"] },
            "relations": {
                "project": { "target": "area", "required": true },
                "team": { "target": "team" },
            },
        }));
        assert_eq!(requires(&blueprint.unwrap(), path), expected);
    }
}
