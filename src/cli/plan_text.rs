//! A plan as text for people and as JSON for programs, written as it is read from disk.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use crate::catalog::EntityId;
use crate::startup::{Planned, Setup};
use crate::sync::{Action, Change, FieldChange, Totals};

use super::report;
use super::table::{Align, render};

/// Entities of one blueprint that are shown for each sort of change.
const ENTITIES: u64 = 50;

/// Properties that are shown of one entity.
const FIELDS: usize = 20;

/// Characters that are shown of a value.
const CHARACTERS: usize = 60;

/// The plan for a person; long lists and values are cut, and it says so.
pub(crate) fn human(planned: &Planned, out: &mut dyn Write) -> io::Result<()> {
    setup(planned, out)?;
    let mut shown = Shown::default();
    planned.changes.each(|change| shown.change(&change, out))?;
    shown.end(out)?;
    totals(planned, out)?;
    for remark in &planned.remarks {
        writeln!(out, "note: {remark}")?;
    }
    report::notices(&planned.report, out)?;
    writeln!(out, "\n{}", closing(planned))
}

/// The plan as one document, with every change and every value in full.
pub(crate) fn json(planned: &Planned, out: &mut dyn Write) -> io::Result<()> {
    let Planned { report, changes, setup, remarks, .. } = planned;
    writeln!(out, "{{")?;
    key(out, "catalog", &report.catalog)?;
    key(out, "is_complete", &planned.is_complete())?;
    key(out, "has_changes", &planned.has_changes())?;
    key(out, "setup", setup)?;
    key(out, "blueprints_to_create", &report.blueprints_created)?;
    write!(out, "  \"changes\": [")?;
    let mut separator = "\n    ";
    changes.each(|change| {
        out.write_all(separator.as_bytes())?;
        separator = ",\n    ";
        Ok(serde_json::to_writer(&mut *out, &change)?)
    })?;
    writeln!(out, "\n  ],")?;
    key(out, "totals", changes.totals())?;
    key(out, "missing", &report.deletions)?;
    key(out, "remarks", remarks)?;
    key(out, "notices", &report.notices)?;
    writeln!(out, "  \"requests\": {}\n}}", report.requests)
}

fn key(out: &mut dyn Write, name: &str, value: &impl Serialize) -> io::Result<()> {
    write!(out, "  \"{name}\": ")?;
    serde_json::to_writer(&mut *out, value)?;
    writeln!(out, ",")
}

fn setup(planned: &Planned, out: &mut dyn Write) -> io::Result<()> {
    if let Some(Setup { integration, would_create, origin, registration_changes, .. }) = &planned.setup {
        if *would_create {
            writeln!(out, "+ integration {integration} would be created (resources from {origin})")?;
        } else if !registration_changes.is_empty() {
            writeln!(out, "~ integration {integration} would be changed: {}", registration_changes.join(", "))?;
        }
    }
    for blueprint in &planned.report.blueprints_created {
        writeln!(out, "+ blueprint {blueprint} would be created")?;
    }
    for resource in planned.setup.iter().flat_map(|setup| &setup.first_resources) {
        writeln!(out, "+ {resource} would be created")?;
    }
    Ok(())
}

/// What was shown so far of the present blueprint and sort of change.
#[derive(Default)]
struct Shown {
    blueprint: Option<String>,
    sign: char,
    entities: u64,
}

impl Shown {
    fn change(&mut self, change: &Change, out: &mut dyn Write) -> io::Result<()> {
        let sign = sign(&change.action);
        if self.blueprint.as_ref() != Some(&change.entity.blueprint) {
            self.end(out)?;
            writeln!(out, "\n{}", change.entity.blueprint)?;
            *self = Self { blueprint: Some(change.entity.blueprint.clone()), sign, entities: 0 };
        } else if self.sign != sign {
            self.end(out)?;
            (self.sign, self.entities) = (sign, 0);
        }
        self.entities += 1;
        if self.entities > ENTITIES { Ok(()) } else { entity(change, sign, out) }
    }

    /// Says how much was left out.
    fn end(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.entities > ENTITIES {
            writeln!(out, "  {} … and {} more; --format json lists all", self.sign, self.entities - ENTITIES)?;
        }
        Ok(())
    }
}

fn sign(action: &Action) -> char {
    match action {
        Action::Create { .. } => '+',
        Action::Rename { .. } => '>',
        Action::Update { .. } => '~',
        Action::Delete { .. } => '-',
        Action::Protect { .. } => '=',
    }
}

fn entity(change: &Change, sign: char, out: &mut dyn Write) -> io::Result<()> {
    let name = &change.entity.identifier;
    match &change.action {
        Action::Rename { from, .. } => writeln!(out, "  {sign} renamed from {} to {name}", from.identifier)?,
        _ => write!(out, "  {sign} {name}")?,
    }
    match &change.action {
        Action::Create { fields } => {
            let title = fields.iter().find(|field| field.field == "title").and_then(|field| field.new.as_ref());
            let title = title.filter(|title| title.as_str() != Some(&change.entity.identifier));
            writeln!(out, "{}", title.map(|title| format!("  {}", value(Some(title)))).unwrap_or_default())
        }
        Action::Rename { lost, dependents, .. } => {
            for FieldChange { field, old, .. } in lost.iter().take(FIELDS) {
                writeln!(out, "      {field}: {} → lost, the mapping does not set it", value(old.as_ref()))?;
            }
            more(lost.len(), out)?;
            with(dependents, out)
        }
        Action::Update { fields, taken_from } => {
            let owner = taken_from.as_ref().map(|owner| format!("  taken over from {owner}"));
            writeln!(out, "{}", owner.unwrap_or_default())?;
            for FieldChange { field, old, new } in fields.iter().take(FIELDS) {
                let lost = if new.is_none() { "lost".to_owned() } else { value(new.as_ref()) };
                writeln!(out, "      {field}: {} → {lost}", value(old.as_ref()))?;
            }
            more(fields.len(), out)
        }
        Action::Delete { reason, dependents } => {
            writeln!(out, "  {}", words(reason))?;
            with(dependents, out)
        }
        Action::Protect { reason } => writeln!(out, "  stays: {reason}"),
    }
}

/// The reason of a deletion for a person.
fn words(reason: &str) -> String {
    if reason == "unmapped" { "blueprint no longer mapped".to_owned() } else { reason.replace('_', " ") }
}

/// What goes along with an entity.
fn with(dependents: &[EntityId], out: &mut dyn Write) -> io::Result<()> {
    for EntityId { blueprint, identifier } in dependents.iter().take(FIELDS) {
        writeln!(out, "      and with it {blueprint} {identifier}")?;
    }
    more(dependents.len(), out)
}

/// Says how many lines of an entity were left out.
fn more(lines: usize, out: &mut dyn Write) -> io::Result<()> {
    if lines > FIELDS { writeln!(out, "      … and {} more", lines - FIELDS) } else { Ok(()) }
}

/// A value in at most [`CHARACTERS`] characters on one line.
fn value(value: Option<&Value>) -> String {
    let Some(value) = value else { return "nothing".to_owned() };
    let text = value.to_string();
    match text.char_indices().nth(CHARACTERS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

fn totals(planned: &Planned, out: &mut dyn Write) -> io::Result<()> {
    let header = [
        ("blueprint", Align::Left),
        ("create", Align::Right),
        ("change", Align::Right),
        ("delete", Align::Right),
        ("unchanged", Align::Right),
        ("taken over", Align::Right),
        ("renamed", Align::Right),
    ];
    let row = |(blueprint, of): (&String, &Totals)| {
        let counts = [of.create, of.update, of.delete, of.unchanged, of.taken_over, of.renamed];
        std::iter::once(blueprint.clone()).chain(counts.iter().map(ToString::to_string)).collect()
    };
    let rows: Vec<Vec<String>> = planned.changes.totals().iter().map(row).collect();
    writeln!(out)?;
    if !rows.is_empty() {
        write!(out, "{}", render(&header, &rows))?;
    }
    for missing in &planned.report.deletions {
        for (why, count) in &missing.protected {
            writeln!(out, "{}: {count} missing entities stay: {why}", missing.blueprint)?;
        }
    }
    Ok(())
}

fn closing(planned: &Planned) -> String {
    let of = planned.changes.totals().values().fold(Totals::default(), |sum, of| Totals {
        create: sum.create + of.create,
        update: sum.update + of.update,
        delete: sum.delete + of.delete,
        unchanged: sum.unchanged + of.unchanged,
        ..sum
    });
    let what = if planned.has_changes() {
        format!("{} to create, {} to change, {} to delete, {} unchanged", of.create, of.update, of.delete, of.unchanged)
    } else {
        format!("nothing to do, {} entities are as they should be", of.unchanged)
    };
    let incomplete = if planned.is_complete() { "" } else { "; INCOMPLETE: what could not be read is named above" };
    format!(
        "plan for {}: {what}{incomplete}\nnothing was written; {} requests",
        planned.report.catalog, planned.report.requests
    )
}
