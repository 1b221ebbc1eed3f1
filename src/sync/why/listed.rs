//! Whether the listing of a resource has an object, and how.

use futures::future::{BoxFuture, FutureExt};
use serde_json::value::RawValue;

use crate::bitbucket::CallError;
use crate::kinds::{Listing, ObjectKey};
use crate::sync::Reader;
use crate::sync::confirm::{narrowed, only};

use super::Listed;

/// What a listing says of an object.
#[derive(Debug)]
pub(in crate::sync) struct Sight {
    pub(in crate::sync) listed: Listed,
    /// The object as the listing has it, where it was asked: there some objects have less than alone (on Cloud, pull
    /// requests have no reviewers), and what a resync makes of them it makes of that.
    pub(in crate::sync) object: Option<Box<RawValue>>,
}

/// Asks whether an object that exists is among those that a listing gives.
pub(in crate::sync) fn listed<'a>(
    source: &'a dyn Reader,
    listing: &'a Listing,
    key: &'a ObjectKey,
    raw: &'a RawValue,
) -> BoxFuture<'a, Result<Sight, CallError>> {
    async move {
        let answer = |listed: Option<bool>, because: &str| Sight {
            listed: Listed { listed, listing: listing.to_string(), because: because.to_owned() },
            object: None,
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
                let of_parent = listed(source, parents, &parent_key, &parent).await?.listed;
                if of_parent.listed == Some(false) {
                    let because = format!("its {kind} is not listed: {}", of_parent.because);
                    return Ok(answer(Some(false), &because));
                }
                let bound = listing.kind().parent_of(parent.get());
                Some(bound.map_err(|error| CallError::Invalid(error.to_string()))?)
            }
        };
        let conditions = narrowed(listing, key);
        let has_conditions = conditions.is_some();
        let asked = conditions.or_else(|| parent.as_ref().and_then(|_| only(listing, key)));
        let Some(asked) = asked else {
            return Ok(answer(Some(true), "the selector has no conditions beside its query"));
        };
        let page = source.first_page(&asked, parent.as_ref()).await?;
        let kind = listing.kind();
        let object = page.values.into_iter().find(|value| kind.key_of(value.get()).is_ok_and(|found| found == *key));
        let sight = match (&object, has_conditions) {
            (Some(_), true) => answer(Some(true), "Bitbucket gives it under the selector's conditions"),
            (Some(_), false) => answer(Some(true), "the selector has no conditions beside its query"),
            (None, true) => answer(Some(false), "Bitbucket does not give it under the selector's conditions"),
            (None, false) => answer(Some(false), "Bitbucket does not list it of its own accord"),
        };
        Ok(Sight { object, ..sight })
    }
    .boxed()
}
