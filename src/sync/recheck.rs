//! Reads listings of several pages once more, to see whether the first reading missed anything.

use std::sync::Arc;

use crate::bitbucket::{CallError, Page, Trail};
use crate::kinds::{Kind, Listing, Parent};
use crate::state::short_fingerprint;

use super::context::Context;

/// A listing that came in several pages, to be read again.
#[derive(Clone, Debug)]
pub(crate) struct Several {
    pub(crate) listing: Arc<Listing>,
    pub(crate) parent: Option<Parent>,
}

/// A short stand-in for an object's key, to remember many.
pub(crate) fn short(kind: Kind, key: &str) -> i64 {
    short_fingerprint(kind.name(), key)
}

/// Whether everything that the listings of several pages give now was met before. Spends at most `left`
/// requests; what does not fit counts as missed.
pub(crate) async fn nothing_missed(ctx: &Context, left: &mut usize) -> bool {
    for several in ctx.several() {
        match again(ctx, &several, left).await {
            Ok(true) => {}
            Ok(false) => return false,
            Err(error) => {
                ctx.notices.warning(format!("{} could not be read once more: {error}", several.listing));
                return false;
            }
        }
    }
    true
}

async fn again(ctx: &Context, several: &Several, left: &mut usize) -> Result<bool, CallError> {
    let kind = several.listing.kind();
    let mut trail = Trail::default();
    let mut link: Option<String> = None;
    loop {
        if *left == 0 {
            return Ok(false);
        }
        *left -= 1;
        let Page { values, next, .. } = match &link {
            None => ctx.source.first_page(&several.listing, several.parent.as_ref()).await?,
            Some(next) => ctx.source.next_page(&several.listing, several.parent.as_ref(), next).await?,
        };
        let met = |raw: &str| kind.key_of(raw).is_ok_and(|key| ctx.was_met(short(kind, key.as_str())));
        if !values.iter().all(|value| met(value.get())) {
            return Ok(false);
        }
        let Some(next) = next else { return Ok(true) };
        if trail.step(&next).is_err() {
            return Ok(false);
        }
        link = Some(next);
    }
}
