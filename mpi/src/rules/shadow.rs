//! What other rules would change: the persons of today against the clusters that a candidate finds.
//!
//! The candidate runs over the whole population elsewhere, in the shadow; here its clusters and doubtful pairs are set
//! against what stands. Nothing is written.

use crate::store::{person, record};
use crate::{Constraint, Demographics, Error, PersonId, RecordId, space};
use directory::InstitutionId;
use kv::{BUCKETS, Draft, Kv};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A record as a shadow run needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Population {
    /// The record.
    pub record: RecordId,
    /// The person that it belongs to, merges followed.
    pub person: PersonId,
    /// Its custodian.
    pub institution: InstitutionId,
    /// What its current version says.
    pub demographics: Demographics,
    /// What clerks have decided about it and other records.
    pub constraints: Vec<(RecordId, Constraint)>,
    /// The home of the record.
    pub home: PersonId,
    /// Homes that clerks keep apart from it.
    pub apart: Vec<PersonId>,
}

/// What a candidate finds.
#[derive(Clone, Debug, Default)]
pub struct Proposed {
    /// The cluster of each record, by any number.
    pub clusters: BTreeMap<RecordId, u32>,
    /// Pairs of records in different clusters that a clerk would have to look at.
    pub doubts: Vec<(RecordId, RecordId)>,
}

/// What would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diff {
    /// Records that were compared.
    pub records: u64,
    /// Persons today.
    pub persons_now: u64,
    /// Persons under the candidate.
    pub persons_then: u64,
    /// Pairs of records that would be of one person and are not today.
    pub links_gained: u64,
    /// Pairs of records that are of one person today and would not be.
    pub links_lost: u64,
    /// Persons with a record in a doubtful pair: what the queue would hold.
    pub tasks: u64,
    /// Decisions of clerks that the candidate would contradict by itself; they stand all the same.
    pub contradicted: u64,
    /// The same by custodian.
    pub institutions: BTreeMap<InstitutionId, InstitutionDiff>,
    /// Some of the pairs, the first by record id.
    pub examples: Vec<PairChange>,
    /// What a run would have to do: one pair for every two persons that would be one, one for every person that would
    /// lose a link.
    pub changes: Vec<PairChange>,
    /// Changes beyond [`CHANGES_MAX`], which were only counted.
    pub changes_left_out: u64,
}

/// What would change for one custodian: pairs with a record of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstitutionDiff {
    /// Links gained.
    pub gained: u64,
    /// Links lost.
    pub lost: u64,
}

/// A pair of records that would change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairChange {
    /// One record.
    pub record: RecordId,
    /// The other.
    pub other: RecordId,
    /// Whether the link is gained; otherwise it is lost.
    pub is_gained: bool,
}

/// Changes that are kept, 33 bytes each: rules that change more than a million persons at once want another load.
pub const CHANGES_MAX: usize = 1_000_000;
/// Examples kept of each kind.
const EXAMPLES_MAX: usize = 50;
/// Rows read at once.
const ROWS: u32 = 2_000;

/// Reads every record that takes part, bucket by bucket; `each` is called in no particular order of people.
///
/// # Errors
/// Those of the store.
pub fn population(kv: &dyn Kv, each: &mut dyn FnMut(Population)) -> Result<(), Error> {
    let mut homes: BTreeMap<PersonId, Home> = BTreeMap::new();
    for bucket in 0..BUCKETS {
        let bucket = u8::try_from(bucket).unwrap_or(u8::MAX);
        let mut after = None;
        loop {
            let rows = kv.export(space::RECORD, bucket, after.as_ref(), ROWS)?;
            let mut draft = Draft::new(kv);
            for (key, value) in &rows {
                if let Some((id, head)) = record::head_of(key, value)? {
                    each_record(&mut draft, (id, head), &mut homes, each)?;
                }
            }
            match rows.into_iter().next_back() {
                Some((key, _)) => after = Some(key),
                None => break,
            }
        }
    }
    Ok(())
}

fn each_record(
    draft: &mut Draft<'_>,
    (id, head): (RecordId, record::RecordHead),
    homes: &mut BTreeMap<PersonId, Home>,
    each: &mut dyn FnMut(Population),
) -> Result<(), Error> {
    let Some(row) = record::version(draft, id, head.current)? else { return Ok(()) };
    let Some(demographics) = row.demographics else { return Ok(()) };
    let home = match homes.get(&head.home) {
        Some(home) => home.clone(),
        None => {
            let root = person::root(draft, head.home)?.map_or(head.home, |(root, _)| root);
            let apart = person::head(draft, head.home)?.map_or_else(Vec::new, |head| head.apart);
            homes.entry(head.home).or_insert(Home { root, apart }).clone()
        }
    };
    each(Population {
        record: id,
        person: home.root,
        institution: head.institution,
        demographics,
        constraints: head.constraints,
        home: head.home,
        apart: home.apart,
    });
    Ok(())
}

/// What is known of a home once one of its records was met.
#[derive(Clone)]
struct Home {
    root: PersonId,
    apart: Vec<PersonId>,
}

/// Sets what a candidate proposes against what stands.
#[must_use]
pub fn diff(population: &[Population], proposed: &Proposed) -> Diff {
    let cluster = |record: RecordId| proposed.clusters.get(&record).copied();
    let mut now: BTreeMap<PersonId, Vec<usize>> = BTreeMap::new();
    let mut then: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for (position, one) in population.iter().enumerate() {
        now.entry(one.person).or_default().push(position);
        then.entry(cluster(one.record).unwrap_or(u32::MAX)).or_default().push(position);
    }
    let mut diff = Diff {
        records: population.len() as u64,
        persons_now: now.len() as u64,
        persons_then: then.len() as u64,
        ..Diff::default()
    };
    let mut joined: BTreeSet<(PersonId, PersonId)> = BTreeSet::new();
    for members in now.values() {
        let mut is_first = true;
        pairs(population, members, &mut |one, other| {
            if cluster(one.record) != cluster(other.record) {
                count(&mut diff, one, other, false);
                keep(&mut diff, one, other, (false, std::mem::take(&mut is_first)));
            }
        });
    }
    for members in then.values() {
        pairs(population, members, &mut |one, other| {
            if one.person != other.person {
                count(&mut diff, one, other, true);
                let persons = (one.person.min(other.person), one.person.max(other.person));
                keep(&mut diff, one, other, (true, joined.insert(persons)));
            }
        });
    }
    let of: BTreeMap<RecordId, PersonId> = population.iter().map(|one| (one.record, one.person)).collect();
    let doubtful: BTreeSet<&PersonId> =
        proposed.doubts.iter().flat_map(|(one, other)| [of.get(one), of.get(other)]).flatten().collect();
    diff.tasks = doubtful.len() as u64;
    diff.contradicted = contradicted(population, &cluster);
    diff
}

fn pairs<'p>(population: &'p [Population], members: &[usize], each: &mut dyn FnMut(&'p Population, &'p Population)) {
    for (n, one) in members.iter().enumerate() {
        for other in members.iter().skip(n + 1) {
            if let (Some(one), Some(other)) = (population.get(*one), population.get(*other)) {
                each(one, other);
            }
        }
    }
}

fn count(diff: &mut Diff, one: &Population, other: &Population, is_gained: bool) {
    *(if is_gained { &mut diff.links_gained } else { &mut diff.links_lost }) += 1;
    for institution in BTreeSet::from([&one.institution, &other.institution]) {
        let own = diff.institutions.entry(institution.clone()).or_default();
        *(if is_gained { &mut own.gained } else { &mut own.lost }) += 1;
    }
    if diff.examples.iter().filter(|example| example.is_gained == is_gained).count() < EXAMPLES_MAX {
        diff.examples.push(PairChange { record: one.record, other: other.record, is_gained });
    }
}

/// Keeps a pair for a run, unless another pair of the same persons is kept.
fn keep(diff: &mut Diff, one: &Population, other: &Population, (is_gained, is_first): (bool, bool)) {
    if !is_first {
        return;
    }
    if diff.changes.len() < CHANGES_MAX {
        diff.changes.push(PairChange { record: one.record, other: other.record, is_gained });
    } else {
        diff.changes_left_out += 1;
    }
}

/// Decisions of clerks that the candidate would decide otherwise: pairs of records, and homes kept apart of which two
/// records would be of one person.
fn contradicted(population: &[Population], cluster: &dyn Fn(RecordId) -> Option<u32>) -> u64 {
    let wrong = |one: &Population, (other, said): &(RecordId, Constraint)| {
        let is_one = cluster(one.record).is_some() && cluster(one.record) == cluster(*other);
        // Each decision stands on both records; it is counted at one.
        one.record < *other && is_one != (*said == Constraint::MustLink)
    };
    let pairs: u64 =
        population.iter().map(|one| one.constraints.iter().filter(|said| wrong(one, said)).count() as u64).sum();
    let mut clusters: BTreeMap<PersonId, BTreeSet<u32>> = BTreeMap::new();
    for one in population {
        clusters.entry(one.home).or_default().extend(cluster(one.record));
    }
    let mut kept: BTreeSet<(PersonId, PersonId)> = BTreeSet::new();
    for one in population {
        kept.extend(one.apart.iter().map(|other| (one.home.min(*other), one.home.max(*other))));
    }
    let joins = |(one, other): &&(PersonId, PersonId)| match (clusters.get(one), clusters.get(other)) {
        (Some(one), Some(other)) => !one.is_disjoint(other),
        _ => false,
    };
    pairs + kept.iter().filter(joins).count() as u64
}
