//! All changes of a rehearsal, read one by one from disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Seek, SeekFrom};

use super::ledger::Place;
use super::{Action, Change, Totals};

/// What a sync would do, by entity and by blueprint.
#[derive(Debug)]
pub struct Changes {
    file: File,
    places: Vec<Place>,
    totals: BTreeMap<String, Totals>,
}

impl Changes {
    pub(super) fn new(
        file: File,
        places: Vec<Place>,
        mut totals: BTreeMap<String, Totals>,
        blueprints: Vec<String>,
    ) -> Self {
        for blueprint in blueprints {
            totals.entry(blueprint).or_default();
        }
        Self { file, places, totals }
    }

    /// Counts what each blueprint's entities would see; reads every change once.
    pub(super) fn count(&mut self) -> io::Result<()> {
        let mut counted: BTreeMap<String, Totals> = BTreeMap::new();
        self.each(|change| {
            let totals = counted.entry(change.entity.blueprint.clone()).or_default();
            match &change.action {
                Action::Create { .. } => totals.create += 1,
                Action::Rename { from, dependents, .. } => {
                    totals.create += 1;
                    totals.renamed += 1;
                    for gone in std::iter::once(from).chain(dependents) {
                        counted.entry(gone.blueprint.clone()).or_default().delete += 1;
                    }
                }
                Action::Update { taken_from, .. } => {
                    totals.update += 1;
                    totals.taken_over += u64::from(taken_from.is_some());
                }
                Action::Protect { .. } => totals.protected += 1,
                Action::Delete { dependents, .. } => {
                    totals.delete += 1;
                    for dependent in dependents {
                        counted.entry(dependent.blueprint.clone()).or_default().delete += 1;
                    }
                }
            }
            Ok(())
        })?;
        for (blueprint, of) in counted {
            let totals = self.totals.entry(blueprint).or_default();
            *totals = Totals { unchanged: totals.unchanged, ..of };
        }
        Ok(())
    }

    /// The counts by blueprint.
    #[must_use]
    pub const fn totals(&self) -> &BTreeMap<String, Totals> {
        &self.totals
    }

    /// Whether anything would be written.
    #[must_use]
    pub fn has_any(&self) -> bool {
        self.totals.values().any(Totals::has_changes)
    }

    /// Hands over each change: by blueprint, then created, renamed, changed, deleted, protected, then by identifier.
    ///
    /// # Errors
    /// The file of changes cannot be read, or `take` failed.
    pub fn each(&self, mut take: impl FnMut(Change) -> io::Result<()>) -> io::Result<()> {
        let mut lines = Lines { reader: BufReader::new(&self.file), at: None, line: Vec::new() };
        for place in &self.places {
            let mut change = lines.change(place.offset)?;
            // What a rename creates was noted when it was created.
            if let (Action::Rename { fields, .. }, Some(under)) = (&mut change.action, place.under)
                && let Action::Create { fields: of_new } | Action::Update { fields: of_new, .. } =
                    lines.change(under)?.action
            {
                *fields = of_new;
            }
            take(change)?;
        }
        Ok(())
    }
}

/// Reads lines of the file by where they begin.
struct Lines<'a> {
    reader: BufReader<&'a File>,
    at: Option<u64>,
    line: Vec<u8>,
}

impl Lines<'_> {
    fn change(&mut self, offset: u64) -> io::Result<Change> {
        if self.at != Some(offset) {
            self.reader.seek(SeekFrom::Start(offset))?;
        }
        self.line.clear();
        let read = self.reader.read_until(b'\n', &mut self.line)?;
        self.at = Some(offset + read as u64);
        Ok(serde_json::from_slice(&self.line)?)
    }
}
