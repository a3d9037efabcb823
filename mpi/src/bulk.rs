//! Loads many records at once into an index that is empty: what linkage proposes, arrival admits.
//!
//! A bulk run of linkage finds which records have to do with each other at all: those joined by pairs at or above the
//! lower threshold. Records of different groups are non-matches to each other, so each group can arrive by itself, record
//! by record, under the same decisions, guards and tasks as any arrival, without reading the store. The plans of groups
//! touch the same postings, each with rows of its own; nobody else may write meanwhile.

use crate::store::record;
use crate::{Arrival, Arrived, Error, Index, PersonId, RecordId, Stamp, arrive};
use kv::{Draft, MemoryKv, Plan};
use linkage::cluster::components;
use std::cmp::Reverse;
use std::collections::BTreeMap;

/// Records that one plan should hold at most: their rows stay well below what a batch may have.
pub const RECORDS_PER_PLAN: usize = 1_000;

/// Groups arrivals that have to do with each other: those of a pair, and those of one record; groups are in the order of
/// their first arrival.
///
/// Inside a group the record with the most pairs comes first: whoever comes later finds in it a person to join, where the
/// order of time would begin with two records on the fringe and end with a bridge between two persons. Versions of one
/// record stay in the order of event times.
#[must_use]
pub fn groups(index: &Index<'_>, arrivals: &[Arrival], pairs: &[(u32, u32)]) -> Vec<Vec<usize>> {
    let mut first: BTreeMap<RecordId, u32> = BTreeMap::new();
    let of_record: Vec<u32> = (0_u32..)
        .zip(arrivals)
        .map(|(position, arrival)| *first.entry(record::id_of(index.digester, &arrival.identifier)).or_insert(position))
        .collect();
    // A record is known by its first arrival.
    let record_at = |position: usize| of_record.get(position).copied().unwrap_or(u32::MAX);
    let mut degree: BTreeMap<u32, u32> = BTreeMap::new();
    for position in pairs.iter().flat_map(|(one, other)| [*one, *other]) {
        *degree.entry(record_at(position as usize)).or_default() += 1;
    }
    let links = pairs.iter().copied().chain((0_u32..).zip(of_record.iter().copied()));
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (position, component) in components(arrivals.len(), links).into_iter().enumerate() {
        groups.entry(component).or_default().push(position);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
    for group in &mut groups {
        group.sort_by_cached_key(|position| {
            let record = record_at(*position);
            let pairs = degree.get(&record).copied().unwrap_or(0);
            (Reverse(pairs), record, arrivals.get(*position).map(|arrival| arrival.event_time), *position)
        });
    }
    groups
}

/// Lets groups of records arrive in an empty index; each record comes with the id for a person if it makes one.
///
/// The plan relies on nothing: it is for a store that holds no record yet and has no other writer.
///
/// # Errors
/// Those of [`arrive()`]: a record that is refused takes its whole plan with it, so refuse records before.
pub fn admit(
    index: &Index<'_>,
    groups: &[Vec<(Arrival, PersonId)>],
    stamp: &Stamp,
) -> Result<(Plan, Vec<Arrived>), Error> {
    let empty = MemoryKv::new();
    let mut all = Plan::default();
    let mut arrived = Vec::new();
    for group in groups {
        let mut draft = Draft::new(&empty);
        for (arrival, fresh) in group {
            arrived.push(arrive(index, &mut draft, arrival, *fresh, stamp)?);
        }
        let plan = draft.finish();
        all.rows.extend(plan.rows);
        all.log.extend(plan.log);
    }
    Ok((all, arrived))
}
