//! The report of a resync, for people and for programs.

use std::fmt::Write as _;
use std::io;
use std::time::Duration;

use crate::sync::{ListingReport, Notice, NoticeLevel, Report, ResourceReport, SyncOutcome};

use super::exit::Exit;
use super::table::{Align, render};

/// Notices that are printed in full; the rest is in the log.
const NOTICES: usize = 20;

/// The exit code that a report stands for.
pub(crate) fn exit(report: &Report) -> Exit {
    match report.outcome {
        SyncOutcome::Complete => Exit::Done,
        SyncOutcome::Incomplete => Exit::Incomplete,
    }
}

/// The closing table, what was deleted or protected, and what a person should know.
pub(crate) fn human(report: &Report) -> String {
    let mut text = render(&HEADER, &report.resources.iter().map(row).collect::<Vec<_>>());
    for deletion in &report.deletions {
        let mut line = format!("{}: {} of {} missing", deletion.blueprint, deletion.missing, deletion.owned);
        if deletion.deleted > 0 {
            let _ = write!(line, ", {} deleted", deletion.deleted);
        }
        for (why, count) in &deletion.protected {
            let _ = write!(line, "; {count} stay: {why}");
        }
        let _ = writeln!(text, "{line}");
    }
    let _ = writeln!(text, "{}\n{}", noticed(&report.notices), closing(report));
    text
}

/// Writes what a person should know.
pub(crate) fn notices(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(noticed(&report.notices).as_bytes())
}

/// The notices as text, after an empty line.
pub(crate) fn noticed(notices: &[Notice]) -> String {
    let mut text = String::new();
    if !notices.is_empty() {
        text.push('\n');
    }
    for notice in notices.iter().take(NOTICES) {
        let level = match notice.level {
            NoticeLevel::Error => "error",
            NoticeLevel::Warning => "warning",
            NoticeLevel::Note => "note",
        };
        let times = if notice.count > 1 && notice.names.is_empty() {
            format!(" ({} times)", notice.count)
        } else {
            String::new()
        };
        let _ = writeln!(text, "{level}: {}{times}", notice.message);
    }
    if notices.len() > NOTICES {
        let _ = writeln!(text, "… and {} more; --format json lists all", notices.len() - NOTICES);
    }
    text
}

const HEADER: [(&str, Align); 10] = [
    ("kind", Align::Left),
    ("listed", Align::Right),
    ("mapped", Align::Right),
    ("unchanged", Align::Right),
    ("written", Align::Right),
    ("failed", Align::Right),
    ("deleted", Align::Right),
    ("requests", Align::Right),
    ("time", Align::Right),
    ("", Align::Left),
];

fn row(resource: &ResourceReport) -> Vec<String> {
    let remark = match &resource.listing {
        ListingReport::Complete => String::new(),
        ListingReport::Partial(_) => "incomplete".to_owned(),
        ListingReport::Skipped(_) => "left out".to_owned(),
    };
    vec![
        resource.kind.clone(),
        resource.listed.to_string(),
        resource.mapped.to_string(),
        resource.unchanged.to_string(),
        (resource.created + resource.updated).to_string(),
        (resource.failed + resource.refused).to_string(),
        resource.deleted.to_string(),
        resource.requests.to_string(),
        seconds(resource.duration),
        remark,
    ]
}

fn closing(report: &Report) -> String {
    let outcome = match report.outcome {
        SyncOutcome::Complete => "complete",
        SyncOutcome::Incomplete => "INCOMPLETE: what was not read, written or deleted is named above",
    };
    format!("{} in {} with {} requests: {outcome}", report.catalog, seconds(report.duration), report.requests)
}

/// A duration as a person reads it.
pub(crate) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds < 10.0 {
        format!("{seconds:.2} s")
    } else if seconds < 120.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{} min {:02} s", duration.as_secs() / 60, duration.as_secs() % 60)
    }
}
