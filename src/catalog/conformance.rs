//! What every catalog that can be read must do; each form of a catalog runs this against itself.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};

use super::{
    Access, Blueprint, Catalog, CatalogError, DeleteResult, Dependent, Dependents, Entity, EntityId, Existing, Extent,
    MissingRelated, Owner, Present, Retry, UpsertResult, WriteFailure, WriteOptions,
};

/// Merge, and create what relations name: what a mapping has by default.
pub(crate) const DEFAULTS: WriteOptions =
    WriteOptions { existing: Existing::Merge, missing_related: MissingRelated::Create };
const REPLACE: WriteOptions = WriteOptions { existing: Existing::Replace, missing_related: MissingRelated::Create };
const STRICT: WriteOptions = WriteOptions { existing: Existing::Merge, missing_related: MissingRelated::Fail };

/// Two blueprints: `confService` may have a team and must have a domain; `confDomain` has neither.
pub(crate) fn blueprints() -> Vec<Blueprint> {
    let service = json!({
        "identifier": "confService", "title": "Service", "icon": "Service",
        "schema": { "required": ["language"], "properties": {
            "language": { "type": "string" }, "stars": { "type": "number" }, "archived": { "type": "boolean" },
            "link": { "type": "string", "format": "url" }, "since": { "type": "string", "format": "date-time" },
            "tier": { "type": "string", "enum": ["gold", "silver"] },
            "tags": { "type": "array", "items": { "type": "string" } }, "extra": { "type": "object" } } },
        "relations": {
            "domain": { "target": "confDomain", "required": true, "many": false },
            "uses": { "target": "confService", "required": false, "many": true },
            "backup": { "target": "confService", "required": false, "many": false } },
        "calculationProperties": {},
    });
    let domain = json!({ "identifier": "confDomain", "title": "Domain",
        "schema": { "required": [], "properties": { "about": { "type": "string", "format": "markdown" } } } });
    [domain, service].into_iter().map(|value| serde_json::from_value(value).unwrap()).collect()
}

/// An entity from JSON.
pub(crate) fn entity(value: Value) -> Entity {
    serde_json::from_value(value).unwrap()
}

fn service(identifier: &str, domain: &str) -> Entity {
    entity(json!({ "identifier": identifier, "blueprint": "confService", "title": identifier,
        "properties": { "language": "rust", "stars": 1 }, "relations": { "domain": domain } }))
}

/// Runs every check against an empty catalog.
pub(crate) async fn check(catalog: &dyn Catalog) {
    assert_eq!(catalog.access(), Access::ReadWrite);
    provisions_what_is_missing(catalog).await;
    creates_then_updates(catalog).await;
    merges_or_replaces(catalog).await;
    judges_each_entity_alone(catalog).await;
    treats_missing_targets_as_told(catalog).await;
    lists_what_is_owned(catalog).await;
    deletes_with_dependents(catalog).await;
    catalog.flush().await.unwrap();
}

async fn provisions_what_is_missing(catalog: &dyn Catalog) {
    assert_eq!(catalog.blueprint("confService").await.unwrap(), None);
    let missing = catalog.upsert("confService", &[service("a", "d")], DEFAULTS).await;
    assert!(matches!(missing, Err(CatalogError::MissingBlueprint { .. })), "{missing:?}");
    assert!(catalog.is_empty("confService").await.unwrap(), "there is no such blueprint");
    let done = catalog.provision(&blueprints()).await.unwrap();
    assert!(catalog.is_empty("confService").await.unwrap());
    assert_eq!(done.created, ["confDomain", "confService"]);
    let mut changed = blueprints();
    for blueprint in &mut changed {
        blueprint.title = Some("Changed".to_owned());
    }
    assert_eq!(catalog.provision(&changed).await.unwrap().existing, ["confDomain", "confService"]);
    let kept = catalog.blueprint("confService").await.unwrap().unwrap();
    assert_eq!(kept.title.as_deref(), Some("Service"));
    assert!(kept.relations["domain"].required);
}

async fn creates_then_updates(catalog: &dyn Catalog) {
    let sent = [service("a", "d"), service("b", "d")];
    let created = catalog.upsert("confService", &sent, DEFAULTS).await.unwrap();
    assert_eq!(created, [UpsertResult::Created, UpsertResult::Created]);
    assert_eq!(catalog.read("confService", &sent).await.unwrap(), sent);
    assert!(!catalog.is_empty("confService").await.unwrap());
    let asked = [service("b", "?"), service("nobody", "?")];
    let present = catalog.present("confService", &asked, Extent::Like).await.unwrap();
    assert_eq!(present, [Present { entity: sent[1].clone(), owner: Owner::Ours }]);
    let bare = entity(json!({ "identifier": "b", "blueprint": "confService" }));
    let whole = catalog.present("confService", &[bare], Extent::Whole).await.unwrap().remove(0).entity;
    assert_eq!((whole.title, whole.properties), (sent[1].title.clone(), sent[1].properties.clone()));
    let updated = catalog.upsert("confService", &sent[..1], DEFAULTS).await.unwrap();
    assert_eq!(updated, [UpsertResult::Updated]);
    // The domain was created on the way, and is of whoever wrote the relation.
    let domain = entity(json!({ "identifier": "d", "blueprint": "confDomain", "properties": {} }));
    let related = catalog.read("confDomain", std::slice::from_ref(&domain)).await.unwrap();
    assert_eq!(related.iter().map(Entity::id).collect::<Vec<_>>(), [domain.id()]);
}

async fn merges_or_replaces(catalog: &dyn Catalog) {
    let all = entity(json!({ "identifier": "a", "blueprint": "confService", "icon": "", "title": "",
        "properties": { "language": "", "stars": 0, "tier": "" }, "relations": { "domain": "", "uses": [] } }));
    let write = async |value: Value, options| {
        let results = catalog.upsert("confService", &[entity(value)], options).await.unwrap();
        assert_eq!(results, [UpsertResult::Updated]);
        serde_json::to_value(&catalog.read("confService", std::slice::from_ref(&all)).await.unwrap()[0]).unwrap()
    };
    let merged = write(
        json!({ "identifier": "a", "blueprint": "confService", "icon": "Rocket",
            "properties": { "tier": "gold", "stars": null }, "relations": { "uses": ["b"] } }),
        DEFAULTS,
    );
    let expected = json!({ "identifier": "a", "icon": "Rocket", "blueprint": "confService", "title": "a",
        "properties": { "language": "rust", "stars": null, "tier": "gold" },
        "relations": { "domain": "d", "uses": ["b"] } });
    assert_eq!(merged.await, expected);
    let replaced = write(
        json!({ "identifier": "a", "blueprint": "confService", "title": "A",
            "properties": { "language": "go" }, "relations": { "domain": "d" } }),
        REPLACE,
    )
    .await;
    assert_eq!(replaced["title"], "A");
    assert_eq!(replaced["properties"]["language"], "go");
    for gone in [&replaced["properties"]["tier"], &replaced["relations"]["uses"]] {
        assert!(gone.is_null() || gone == &json!([]), "{replaced}");
    }
}

async fn judges_each_entity_alone(catalog: &dyn Catalog) {
    let with = |properties: Value| {
        let mut entity = service("x", "d");
        entity.properties = properties.as_object().cloned();
        entity
    };
    let faulty = [
        with(json!({ "language": 5 })),
        with(json!({ "language": null })),
        with(json!({ "stars": 1 })),
        with(json!({ "language": "c", "unheardOf": 1 })),
        with(json!({ "language": "c", "tier": "bronze" })),
        with(json!({ "language": "c", "since": "yesterday" })),
        with(json!({ "language": "c", "tags": "one" })),
        with(json!({ "language": "c", "extra": [] })),
        with(json!({ "language": "c", "archived": "no" })),
        entity(json!({ "identifier": "x", "blueprint": "confService", "properties": { "language": "c" } })),
        entity(json!({ "identifier": "", "blueprint": "confService", "properties": { "language": "c" },
            "relations": { "domain": "d" } })),
        entity(json!({ "identifier": "x", "blueprint": "confService", "properties": { "language": "c" },
            "relations": { "domain": ["d"] } })),
        entity(json!({ "identifier": "x", "blueprint": "confService", "properties": { "language": "c" },
            "relations": { "domain": "d", "unheardOf": "e" } })),
    ];
    for fault in faulty {
        let results = catalog.upsert("confService", &[service("a", "d"), fault.clone()], DEFAULTS).await.unwrap();
        assert_eq!(results[0], UpsertResult::Updated, "beside {fault:?}");
        let UpsertResult::Failed(WriteFailure { reason, retry }) = &results[1] else { panic!("{fault:?} was written") };
        assert!(!reason.is_empty());
        assert_eq!(*retry, Retry::Never, "{fault:?}: {reason}");
    }
    assert_eq!(catalog.read("confService", &[service("x", "d")]).await.unwrap(), []);
}

async fn treats_missing_targets_as_told(catalog: &dyn Catalog) {
    let lonely = service("lonely", "no-such-domain");
    let results = catalog.upsert("confService", std::slice::from_ref(&lonely), STRICT).await.unwrap();
    assert!(matches!(&results[..], [UpsertResult::Failed(WriteFailure { retry: Retry::Later, .. })]), "{results:?}");
    assert_eq!(catalog.read("confService", std::slice::from_ref(&lonely)).await.unwrap(), []);
    let results = catalog.upsert("confService", std::slice::from_ref(&lonely), DEFAULTS).await.unwrap();
    assert_eq!(results, [UpsertResult::Created]);
    let results = catalog.upsert("confService", &[lonely], STRICT).await.unwrap();
    assert_eq!(results, [UpsertResult::Updated]);
}

async fn lists_what_is_owned(catalog: &dyn Catalog) {
    let id =
        |blueprint: &str, identifier: &str| EntityId { blueprint: blueprint.into(), identifier: identifier.into() };
    let mut owned = owned(catalog, OffsetDateTime::now_utc() + Duration::days(1)).await;
    owned.sort();
    let services = ["a", "b", "lonely"].map(|identifier| id("confService", identifier));
    let domains = ["d", "no-such-domain"].map(|identifier| id("confDomain", identifier));
    assert_eq!(owned, [&domains[..], &services].concat());
    assert_eq!(self::owned(catalog, OffsetDateTime::now_utc() - Duration::days(1)).await, []);
}

/// All pages of the owned listing.
pub(crate) async fn owned(catalog: &dyn Catalog, before: OffsetDateTime) -> Vec<EntityId> {
    let (mut all, mut cursor) = (Vec::new(), None);
    loop {
        let page = catalog.owned(before, cursor).await.unwrap();
        all.extend(page.entities);
        cursor = page.next;
        if cursor.is_none() {
            return all;
        }
    }
}

async fn deletes_with_dependents(catalog: &dyn Catalog) {
    let optional = entity(json!({ "identifier": "b", "blueprint": "confService",
        "relations": { "uses": ["lonely", "a"], "backup": "lonely" } }));
    catalog.upsert("confService", std::slice::from_ref(&optional), DEFAULTS).await.unwrap();
    let delete = async |blueprint: &'static str, identifier: &str, dependents| {
        let identifiers = [identifier.to_owned()];
        catalog.delete(blueprint, &identifiers, dependents).await.unwrap().remove(0)
    };
    let lonely = EntityId { blueprint: "confService".into(), identifier: "lonely".into() };
    let dependents = catalog.dependents("confDomain", &["no-such-domain".to_owned(), "d".to_owned()]).await.unwrap();
    assert!(dependents.contains(&Dependent { of: "no-such-domain".to_owned(), entity: lonely }), "{dependents:?}");
    let refused = delete("confDomain", "no-such-domain", Dependents::Refuse).await;
    assert!(matches!(refused, DeleteResult::Failed(_)), "{refused:?}");
    assert_eq!(owned(catalog, OffsetDateTime::now_utc() + Duration::days(1)).await.len(), 5);
    let gone = delete("confDomain", "no-such-domain", Dependents::Delete).await;
    let lonely = EntityId { blueprint: "confService".into(), identifier: "lonely".into() };
    assert_eq!(gone, DeleteResult::Deleted { dependents: vec![lonely] });
    // Relations that may be empty lose the target and nothing else.
    let left = &catalog.read("confService", std::slice::from_ref(&optional)).await.unwrap()[0];
    let relations = left.relations.as_ref().unwrap();
    assert_eq!(relations["uses"], json!(["a"]));
    assert!(relations["backup"].is_null());
    let again = delete("confService", "lonely", Dependents::Refuse).await;
    assert_eq!(again, DeleteResult::Deleted { dependents: vec![] });
}
