//! Changes on their way to disk: a plan may have as many as the catalog has entities.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use super::change::Side;
use super::{Change, Changes, Totals};

/// Where one change stands in the file.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) blueprint: u32,
    pub(super) side: Side,
    pub(super) rank: u8,
    pub(super) identifier: Box<str>,
    pub(super) offset: u64,
    /// Where the change stands that this one replaces.
    pub(super) under: Option<u64>,
}

/// Takes changes as they are found; only where each one stands is kept in memory.
#[derive(Debug)]
pub(super) struct Ledger {
    file: BufWriter<File>,
    length: u64,
    blueprints: BTreeMap<String, u32>,
    places: Vec<Place>,
    unchanged: BTreeMap<String, u64>,
}

impl Ledger {
    /// A ledger in a file of that folder.
    pub(super) fn create(folder: &Path) -> io::Result<Self> {
        let file = File::options().read(true).write(true).create_new(true).open(folder.join("changes.jsonl"))?;
        Ok(Self {
            file: BufWriter::new(file),
            length: 0,
            blueprints: BTreeMap::new(),
            places: Vec::new(),
            unchanged: BTreeMap::new(),
        })
    }

    pub(super) fn add(&mut self, change: &Change) -> io::Result<()> {
        let mut line = serde_json::to_vec(change)?;
        line.push(b'\n');
        self.file.write_all(&line)?;
        let next = u32::try_from(self.blueprints.len()).unwrap_or(u32::MAX);
        let blueprint = *self.blueprints.entry(change.entity.blueprint.clone()).or_insert(next);
        let identifier = change.entity.identifier.as_str().into();
        let (side, rank) = (change.action.side(), change.action.rank());
        self.places.push(Place { blueprint, side, rank, identifier, offset: self.length, under: None });
        self.length += line.len() as u64;
        Ok(())
    }

    pub(super) fn add_unchanged(&mut self, blueprint: &str, entities: u64) {
        *self.unchanged.entry(blueprint.to_owned()).or_default() += entities;
    }

    /// What was found, in order: by blueprint, then created, renamed, changed, deleted, protected, then by identifier. Of
    /// several changes of one entity the last counts, as it does for the catalog.
    pub(super) fn finish(self) -> io::Result<Changes> {
        let Self { file, blueprints, mut places, unchanged, .. } = self;
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        let mut names: Vec<String> = vec![String::new(); blueprints.len()];
        let mut order: Vec<u32> = vec![0; blueprints.len()];
        // The map gives blueprints in the order of their names.
        for (position, (name, number)) in (0_u32..).zip(blueprints) {
            let at = usize::try_from(number).unwrap_or(usize::MAX);
            if let (Some(slot), Some(place)) = (names.get_mut(at), order.get_mut(at)) {
                (*slot, *place) = (name, position);
            }
        }
        let of = |blueprint: u32| usize::try_from(blueprint).ok().and_then(|at| order.get(at)).copied();
        places.sort_by(|one, other| {
            let key = |place: &Place| (of(place.blueprint), place.side);
            key(one)
                .cmp(&key(other))
                .then_with(|| one.identifier.cmp(&other.identifier))
                .then(other.offset.cmp(&one.offset))
        });
        places.dedup_by(|earlier, last| {
            let same =
                (earlier.blueprint, earlier.side, &earlier.identifier) == (last.blueprint, last.side, &last.identifier);
            if same {
                last.under.get_or_insert(earlier.offset);
            }
            same
        });
        // Stable: identifiers stay in order.
        places.sort_by_key(|place| (of(place.blueprint), place.rank));
        let mut totals: BTreeMap<String, Totals> = BTreeMap::new();
        for (blueprint, entities) in unchanged {
            totals.entry(blueprint).or_default().unchanged = entities;
        }
        Ok(Changes::new(file, places, totals, names))
    }
}
