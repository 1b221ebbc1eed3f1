//! Actions, scorecards and pages of a first start. One that Port refuses stops nothing: it is named in the log.

use super::FirstResources;
use crate::port::{FirstResource, PortClient};

/// Creates them one after another, in the order in which Port's own runtime does it.
pub(super) async fn create(client: &PortClient, first: &FirstResources) {
    for resource in in_order(first) {
        if let Err(error) = client.create_first(resource).await {
            tracing::warn!(error = error.in_full(), "Port did not take the {resource}; create it by hand");
        }
    }
}

/// Names what would be created, in that order.
pub(super) fn names(first: &FirstResources) -> Vec<String> {
    in_order(first).into_iter().map(|resource| resource.to_string()).collect()
}

fn in_order(first: &FirstResources) -> Vec<FirstResource<'_>> {
    let actions = first.actions.iter().map(FirstResource::Action);
    let scorecards = first
        .scorecards
        .iter()
        .flat_map(|of| of.data.iter().map(|document| FirstResource::Scorecard { blueprint: &of.blueprint, document }));
    let pages = first.pages.iter().map(FirstResource::Page);
    actions.chain(scorecards).chain(pages).collect()
}
