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

    /// Hands over each change: by blueprint, then created, changed, deleted, protected, then by identifier.
    ///
    /// # Errors
    /// The file of changes cannot be read, or `take` failed.
    pub fn each(&self, mut take: impl FnMut(Change) -> io::Result<()>) -> io::Result<()> {
        let mut reader = BufReader::new(&self.file);
        let mut at = None;
        let mut line = Vec::new();
        for place in &self.places {
            if at != Some(place.offset) {
                reader.seek(SeekFrom::Start(place.offset))?;
            }
            line.clear();
            let read = reader.read_until(b'\n', &mut line)?;
            at = Some(place.offset + read as u64);
            take(serde_json::from_slice(&line)?)?;
        }
        Ok(())
    }
}
