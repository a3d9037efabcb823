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
use std::collections::BTreeMap;

/// Records that one plan should hold at most: their rows stay well below what a batch may have.
pub const RECORDS_PER_PLAN: usize = 1_000;

/// Groups arrivals that have to do with each other: those of a pair, and those of one record. Each group is in the order of
/// event times, and of arrivals where these are equal; groups are in the order of their first arrival.
#[must_use]
pub fn groups(index: &Index<'_>, arrivals: &[Arrival], pairs: &[(u32, u32)]) -> Vec<Vec<usize>> {
    let mut first: BTreeMap<RecordId, u32> = BTreeMap::new();
    let mut links = pairs.to_vec();
    for (position, arrival) in (0_u32..).zip(arrivals) {
        let known = *first.entry(record::id_of(index.digester, &arrival.identifier)).or_insert(position);
        links.push((known, position));
    }
    let found = components(arrivals.len(), links.into_iter());
    let mut groups: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (position, component) in found.into_iter().enumerate() {
        groups.entry(component).or_default().push(position);
    }
    let mut groups: Vec<Vec<usize>> = groups.into_values().collect();
    for group in &mut groups {
        group.sort_by_key(|position| (arrivals.get(*position).map(|arrival| arrival.event_time), *position));
    }
    groups
}

/// Lets groups of records arrive in an empty index; each record comes with the id for a person if it makes one.
///
/// The plan relies on nothing: it is for a store that holds no record yet and has no other writer.
///
/// # Errors
/// Those of [`arrive`]: a record that is refused takes its whole plan with it, so refuse records before.
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
