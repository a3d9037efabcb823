//! The order of arrival decides little: where two orders link differently, a clerk is asked.

use super::world::{Population, World};
use crate::review::{self, Filter};
use crate::store::{person, record};
use crate::{Outcome, PersonId, RecordId, TaskKind, Visible, look_again};
use directory::Instant;
use std::collections::{BTreeMap, BTreeSet};

/// Who each record is of, and which persons the open tasks name.
struct Stood {
    persons: BTreeMap<RecordId, PersonId>,
    asked: BTreeSet<(PersonId, PersonId)>,
    /// Records of which a version waits: which of two holders of a local id came first decides whose it is.
    waiting: BTreeSet<RecordId>,
}

/// Lets records arrive in an order, looks at each new person a second time, and says how things stand.
fn arrive_in(population: &Population, order: &[usize]) -> Stood {
    let mut world = World::with((0..population.records.len()).map(|row| population.text(row, "institution")));
    let mut created = Vec::new();
    for row in order {
        let arrived = world.arrive(&population.arrival(*row));
        if arrived.outcome == Outcome::Created {
            created.push(arrived.person);
        }
    }
    for person in created {
        let stamp = world.stamp();
        world.write(|index, draft| look_again(index, draft, person, &stamp)).unwrap();
    }
    let root = |record: RecordId| {
        world.write(|_, draft| {
            let head = record::head(draft, record)?.unwrap();
            Ok(person::root(draft, head.home)?.unwrap().0)
        })
    };
    let rows = 0..population.records.len();
    let records: BTreeSet<RecordId> =
        rows.map(|row| record::id_of(&world.digester, &population.arrival(row).identifier)).collect();
    let persons = records.into_iter().map(|record| (record, root(record).unwrap())).collect();
    let filter = Filter { limit: usize::MAX, ..Filter::default() };
    let listed = world.write(|_, draft| review::list(draft, &filter, &Visible::All, Instant::from_micros(world.now)));
    let (mut asked, mut waiting) = (BTreeSet::new(), BTreeSet::new());
    for task in listed.unwrap().tasks {
        let named: BTreeSet<PersonId> = task.records.iter().map(|record| root(*record).unwrap()).collect();
        waiting.extend(task.records.iter().filter(|_| task.kind == TaskKind::Overlay));
        asked.extend(named.iter().flat_map(|one| named.iter().map(|other| (*one, *other))));
    }
    Stood { persons, asked, waiting }
}

/// Pairs of records of one person in `one` that are of two persons in `other`; those that no task names come second.
fn differences(one: &Stood, other: &Stood) -> (usize, usize) {
    let mut members: BTreeMap<PersonId, Vec<RecordId>> = BTreeMap::new();
    one.persons.iter().for_each(|(record, person)| members.entry(*person).or_default().push(*record));
    let (mut differing, mut silent) = (0, 0);
    for records in members.values() {
        for (n, left) in records.iter().enumerate() {
            for right in records.iter().skip(n + 1) {
                let waits = other.waiting.contains(left) || other.waiting.contains(right);
                let (left, right) = (other.persons[left], other.persons[right]);
                differing += usize::from(left != right);
                silent += usize::from(left != right && !waits && !other.asked.contains(&(left, right)));
            }
        }
    }
    (differing, silent)
}

#[test]
fn orders_differ_only_where_a_clerk_is_asked() {
    let (mut records, mut differing, mut silent) = (0, 0, 0);
    for seed in [17, 18, 19] {
        let population = Population::of(250, seed);
        let straight: Vec<usize> = (0..population.records.len()).collect();
        let mut shuffled = straight.clone();
        shuffled.sort_by_key(|row| (*row as u64 + seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (one, other) = (arrive_in(&population, &straight), arrive_in(&population, &shuffled));
        for (one, other) in [(&one, &other), (&other, &one)] {
            let (pairs, unasked) = differences(one, other);
            differing += pairs;
            silent += unasked;
        }
        records += straight.len();
    }
    println!("{records} records, {differing} pairs differ, {silent} without a task");
    assert!(differing * 50 <= records, "{differing} pairs differ in {records} records");
    assert_eq!(silent, 0, "pairs differ and no task names both persons");
}
