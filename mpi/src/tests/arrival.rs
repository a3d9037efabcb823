//! What becomes of arriving records.

use super::world::{Population, World, arrival, person};
use crate::{Outcome, PersonId};
use std::collections::BTreeMap;

const HANAKO: &str = "石飛 花子 イシトビ ハナコ F 1957-04-05 島根県松江市西川津町1-2-3 0852-11-2222";

#[test]
fn the_first_record_makes_a_person_and_the_second_joins_it() {
    let mut world = World::new();
    let first = world.arrive(&arrival("3210000011", "1", person(HANAKO)));
    assert_eq!(first.outcome, Outcome::Created);
    let second = world.arrive(&arrival("3210000022", "77", person(HANAKO)));
    assert!(matches!(second.outcome, Outcome::Linked(_)), "{:?}", second.outcome);
    assert_eq!(second.person, first.person);
    let again = world.arrive(&arrival("3210000022", "77", person(HANAKO)));
    assert_eq!((again.outcome, again.version), (Outcome::Unchanged, 1));
}

#[test]
fn a_second_record_at_one_institution_is_told() {
    let mut world = World::new();
    world.arrive(&arrival("3210000011", "1", person(HANAKO)));
    let second = world.arrive(&arrival("3210000011", "2", person(HANAKO)));
    assert_eq!(second.tasks.len(), 1);
}

#[test]
fn an_older_message_becomes_history() {
    let mut world = World::new();
    let mut newer = arrival("3210000011", "1", person(HANAKO));
    newer.event_time = directory::Instant::from_micros(1_000);
    world.arrive(&newer);
    let older = arrival("3210000011", "1", person(&HANAKO.replace("1-2-3", "9-9-9")));
    let arrived = world.arrive(&older);
    assert_eq!((arrived.outcome, arrived.version), (Outcome::History, 2));
}

/// Records of an invented population arrive one by one: nobody is linked to a stranger, and few are missed.
#[test]
fn a_population_arrives() {
    let population = Population::of(600, 21);
    let institutions = (0..population.records.len()).map(|row| population.text(row, "institution"));
    let mut world = World::with(institutions);
    let mut persons: Vec<Option<PersonId>> = Vec::new();
    let mut tasks = std::collections::BTreeSet::new();
    for row in 0..population.records.len() {
        let arrived = world.arrive(&population.arrival(row));
        tasks.extend(arrived.tasks);
        // A version that waits is not of its record's person yet.
        let is_taken = arrived.outcome != Outcome::Quarantined;
        persons.push(is_taken.then_some(arrived.person));
    }
    let mut found: BTreeMap<(PersonId, &str), u64> = BTreeMap::new();
    let mut of_person: BTreeMap<PersonId, u64> = BTreeMap::new();
    let mut of_truth: BTreeMap<&str, u64> = BTreeMap::new();
    for (person, truth) in persons.iter().zip(&population.persons) {
        let Some(person) = *person else { continue };
        *found.entry((person, truth)).or_default() += 1;
        *of_person.entry(person).or_default() += 1;
        *of_truth.entry(truth).or_default() += 1;
    }
    let pairs = |counts: &mut dyn Iterator<Item = u64>| counts.map(|n| n * (n - 1) / 2).sum::<u64>();
    let right = pairs(&mut found.values().copied());
    let linked = pairs(&mut of_person.values().copied());
    let true_pairs = pairs(&mut of_truth.values().copied());
    assert_eq!(right, linked, "a stranger was linked");
    assert!(right * 100 >= true_pairs * 90, "{right} of {true_pairs} pairs found");
    assert!(tasks.len() <= 600 * 8 / 100, "{} tasks for 600 persons", tasks.len());
}

/// A stopwatch for people who change arrival: `cargo test --release -p mpi stopwatch -- --ignored --nocapture`.
#[test]
#[ignore = "measures; asserts nothing about time"]
fn stopwatch() {
    let population = Population::of(10_000, 3);
    let institutions = (0..population.records.len()).map(|row| population.text(row, "institution"));
    let mut world = World::with(institutions);
    let arrivals: Vec<_> = (0..population.records.len()).map(|row| population.arrival(row)).collect();
    let chunk = arrivals.len() / 4;
    for arrivals in arrivals.chunks(chunk) {
        let begin = std::time::Instant::now();
        let tasks: usize = arrivals.iter().map(|arrival| world.arrive(arrival).tasks.len()).sum();
        let each = begin.elapsed().as_secs_f64() * 1e6 / arrivals.len() as f64;
        println!("{} arrivals, {each:.0} µs each, {tasks} tasks", arrivals.len());
    }
}
