//! The end of a resync in the log.

use crate::sync::{ListingReport, Report, ResourceReport, SyncOutcome};

/// One line per resource and per blueprint with something missing, and the outcome. Notices were logged when they
/// came up.
pub(crate) fn log(report: &Report) {
    for resource in &report.resources {
        tracing::info!("{}", line(resource));
    }
    for deletion in &report.deletions {
        let stay: Vec<String> =
            deletion.protected.iter().map(|(why, count)| format!("; {count} stay: {why}")).collect();
        tracing::info!(
            "{}: {} of {} missing, {} deleted{}",
            deletion.blueprint,
            deletion.missing,
            deletion.owned,
            deletion.deleted,
            stay.concat()
        );
    }
    let seconds = report.duration.as_secs_f64();
    match report.outcome {
        SyncOutcome::Complete => tracing::info!("resync complete in {seconds:.1} s, {} requests", report.requests),
        SyncOutcome::Incomplete => {
            tracing::warn!("resync INCOMPLETE after {seconds:.1} s, {} requests: see the lines above", report.requests);
        }
    }
}

fn line(resource: &ResourceReport) -> String {
    let remark = match &resource.listing {
        ListingReport::Complete => String::new(),
        ListingReport::Partial(why) => format!("; incomplete: {why}"),
        ListingReport::Skipped(why) => format!("; left out: {why}"),
    };
    format!(
        "resource {} ({}): {} listed, {} mapped, {} unchanged, {} written, {} failed{remark}",
        resource.index,
        resource.kind,
        resource.listed,
        resource.mapped,
        resource.unchanged,
        resource.created + resource.updated,
        resource.failed + resource.refused,
    )
}
