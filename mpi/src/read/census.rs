//! Counts over the whole index: the figures that a network publishes. They show no person.

use super::everybody::each_record;
use crate::review::QueueRow;
use crate::store::decode;
use crate::{Error, PersonId, TaskKind, space};
use directory::InstitutionId;
use kv::{Draft, Kv, Partition};
use std::collections::BTreeMap;

/// What the index holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Census {
    /// Persons with at least one record that takes part.
    pub persons: u64,
    /// Records that take part.
    pub records: u64,
    /// The same by custodian.
    pub institutions: BTreeMap<InstitutionId, Holding>,
    /// Tasks that are not closed, by kind.
    pub tasks: BTreeMap<TaskKind, u64>,
}

/// What one custodian holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Holding {
    /// Records that take part.
    pub records: u64,
    /// Persons that have one.
    pub persons: u64,
}

impl Holding {
    /// Records beyond the first of each person: charts that the institution has twice.
    #[must_use]
    pub fn duplicates(&self) -> u64 {
        self.records.saturating_sub(self.persons)
    }
}

/// Rows read at once.
const ROWS: u32 = 2_000;

/// Counts everything; it reads every record once, so it is for the background.
///
/// # Errors
/// Those of the store.
pub fn census(kv: &dyn Kv) -> Result<Census, Error> {
    let mut held: BTreeMap<(PersonId, InstitutionId), u64> = BTreeMap::new();
    each_record(kv, &mut |person, _, institution| *held.entry((person, institution)).or_default() += 1)?;
    let mut census = Census { tasks: tasks(&mut Draft::new(kv))?, ..Census::default() };
    let mut last = None;
    for ((person, institution), records) in held {
        census.persons += u64::from(last != Some(person));
        last = Some(person);
        census.records += records;
        let own = census.institutions.entry(institution).or_default();
        own.records += records;
        own.persons += 1;
    }
    Ok(census)
}

fn tasks(draft: &mut Draft<'_>) -> Result<BTreeMap<TaskKind, u64>, Error> {
    let partition = Partition::new(space::QUEUE, *b"open");
    let (mut counts, mut from): (BTreeMap<TaskKind, u64>, Box<[u8]>) = (BTreeMap::new(), Box::default());
    loop {
        let rows = draft.scan(&partition, &from, None, ROWS)?;
        for (_, value) in &rows.rows {
            let row: QueueRow = decode("queue", value)?;
            *counts.entry(row.kind).or_default() += 1;
        }
        match rows.rows.last() {
            Some((sort, _)) if rows.has_more => from = sort.iter().copied().chain([0]).collect(),
            _ => return Ok(counts),
        }
    }
}
