//! Lists the entities that this integration owns.

use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::PoisonError;
use time::{Duration, OffsetDateTime};

use super::PortCatalog;
use super::failure::catalog_error;
use crate::catalog::{CatalogError, EntityId, OwnedPage, identifier_text};
use crate::port::{Call, PortError, iso};

/// Entities per page.
const PAGE: u32 = 5_000;

#[derive(Deserialize)]
struct Listing {
    entities: Vec<Row>,
    #[serde(default)]
    next: Option<Value>,
}

/// Everything else that Port says about an entity is passed over unread.
#[derive(Deserialize)]
struct Row {
    identifier: Value,
    blueprint: String,
}

pub(super) async fn page(
    catalog: &PortCatalog,
    before: OffsetDateTime,
    cursor: Option<String>,
) -> Result<OwnedPage, CatalogError> {
    try_page(catalog, before, cursor).await.map_err(|error| catalog_error(&catalog.name, error))
}

async fn try_page(
    catalog: &PortCatalog,
    before: OffsetDateTime,
    cursor: Option<String>,
) -> Result<OwnedPage, PortError> {
    let before = moment(catalog, before, cursor.is_none()).await?;
    let identity = catalog.client.identity();
    let mut body = json!({
        "datasource_prefix": identity.source_prefix(),
        "datasource_suffix": identity.source_suffix(),
        "limit": PAGE,
        "before": iso(before),
    });
    if let (Some(cursor), Some(body)) = (&cursor, body.as_object_mut()) {
        body.insert("from".to_owned(), json!(cursor));
    }
    let call = Call::post("/blueprints/entities/datasource-entities".to_owned()).json(&body)?.exporter().repeatable();
    let answer = catalog.client.send(&call).await?;
    let listing: Listing = answer.json(&call.site())?;
    let next = listing.next.filter(|next| !next.is_null() && next != "").map(|next| identifier_text(&next));
    if next.is_some() && next == cursor {
        // A page that leads to itself would be listed for ever.
        return Err(answer.unreadable(&call.site(), "a next page that is the same page".to_owned()));
    }
    let id = |row: Row| EntityId { blueprint: row.blueprint, identifier: identifier_text(&row.identifier) };
    Ok(OwnedPage { entities: listing.entities.into_iter().map(id).collect(), next })
}

/// The moment before which entities must have been updated last, the same for all pages of a listing.
///
/// It is the time at Port when the listing begins, rounded up to the next second, because Port's answers tell it
/// in whole seconds and what an earlier sync wrote a moment ago must be listed. A sync lists before it writes, so
/// nothing of its own falls into that second.
async fn moment(catalog: &PortCatalog, given: OffsetDateTime, first: bool) -> Result<OffsetDateTime, PortError> {
    if !first && let Some(before) = *catalog.listing_before.lock().unwrap_or_else(PoisonError::into_inner) {
        return Ok(before);
    }
    if catalog.client.service_time().is_none() {
        // The answer that brings the token brings the time.
        catalog.client.sign_in().await?;
    }
    let before = catalog.client.service_time().map_or(given, |time| time.saturating_add(Duration::SECOND));
    *catalog.listing_before.lock().unwrap_or_else(PoisonError::into_inner) = Some(before);
    Ok(before)
}
