//! Whether the listing of a resource has an object.

use futures::future::{BoxFuture, FutureExt};
use serde_json::value::RawValue;

use crate::bitbucket::CallError;
use crate::kinds::{Listing, ObjectKey};
use crate::sync::Reader;
use crate::sync::confirm::narrowed;

use super::Listed;

/// Asks whether an object that exists is among those that a listing gives.
pub(in crate::sync) fn listed<'a>(
    source: &'a dyn Reader,
    listing: &'a Listing,
    key: &'a ObjectKey,
    raw: &'a RawValue,
) -> BoxFuture<'a, Result<Listed, CallError>> {
    async move {
        let answer = |listed: Option<bool>, because: &str| Listed {
            listed,
            listing: listing.to_string(),
            because: because.to_owned(),
        };
        match source.admits(listing, raw.get()) {
            Some(true) => return Ok(answer(Some(true), "it meets the selector's conditions")),
            Some(false) => return Ok(answer(Some(false), "it does not meet the selector's conditions")),
            None if listing.kind().info().product != "cloud" => {
                return Ok(answer(None, "only the server can tell"));
            }
            None => {}
        }
        let parent = match listing.each() {
            None => None,
            Some(parents) => {
                let mut fields = key.fields();
                fields.pop();
                let parent_key = ObjectKey::new(fields);
                let kind = parents.kind();
                let parent = source.get(kind, &parent_key).await?;
                let of_parent = listed(source, parents, &parent_key, &parent).await?;
                if of_parent.listed == Some(false) {
                    let because = format!("its {kind} is not listed: {}", of_parent.because);
                    return Ok(answer(Some(false), &because));
                }
                let bound = listing.kind().parent_of(parent.get());
                Some(bound.map_err(|error| CallError::Invalid(error.to_string()))?)
            }
        };
        let Some(only) = narrowed(listing, key) else {
            return Ok(answer(Some(true), "the selector has no conditions beside its query"));
        };
        let page = source.first_page(&only, parent.as_ref()).await?;
        Ok(if page.values.is_empty() {
            answer(Some(false), "Bitbucket does not give it under the selector's conditions")
        } else {
            answer(Some(true), "Bitbucket gives it under the selector's conditions")
        })
    }
    .boxed()
}
