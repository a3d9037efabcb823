//! Many threads bring one new person at once.
//!
//! All of them have read before any of them commits, round after round, so that luck of timing hides nothing.

use super::world::{World, arrival, person};
use crate::events::{Position, look_second, second_looks};
use crate::review::{self, Filter};
use crate::store::{person as stored, record as source};
use crate::verify::verify;
use crate::{Actor, Arrival, PersonId, RecordId, Stamp, Visible, arrive};
use directory::Instant;
use kv::{BatchId, Commit, Draft, Kv};
use std::collections::BTreeSet;
use std::sync::Barrier;
use std::thread;

const PLACES: [&str; 4] = ["3210000011", "3210000022", "3210000033", "3210000044"];
const ROUNDS: u64 = 100;
/// Plans that one arrival may need: each conflict means that another arrival got through.
const PLANS_MAX: u64 = 20;

/// Whether plans keep what they rely on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asserts {
    Kept,
    Removed,
}

fn stamp(now: i64) -> Stamp {
    Stamp { now: Instant::from_micros(now), actor: Actor { id: "feed".into(), institution: None } }
}

/// Commits an arrival as the service does, and waits for the others between its first plan and its first commit.
fn bring(world: &World, (number, arrival): (u64, &Arrival), barrier: &Barrier, asserts: Asserts) {
    for attempt in 0..PLANS_MAX {
        let fresh = PersonId::new((number + 1) * 1_000 + attempt);
        let mut draft = Draft::new(&world.kv);
        arrive(&world.index(), &mut draft, arrival, fresh, &stamp(1)).unwrap();
        let mut plan = draft.finish();
        if asserts == Asserts::Removed {
            plan.asserts.clear();
        }
        if attempt == 0 {
            barrier.wait();
        }
        let id = world.digester.digest("batch", &[&number.to_be_bytes(), &attempt.to_be_bytes()]);
        match world.kv.commit(&plan.into_batch(BatchId(id))).unwrap() {
            Commit::Committed(_) => return,
            Commit::Conflict(_) => {}
            Commit::Unknown => panic!("the engine in memory always knows"),
        }
    }
    panic!("an arrival did not get through");
}

/// Lets all arrive at once and says which person each record has.
fn race(world: &World, arrivals: &[Arrival], asserts: Asserts) -> Vec<(RecordId, PersonId)> {
    let barrier = Barrier::new(arrivals.len());
    thread::scope(|scope| {
        for (number, arrival) in (0..).zip(arrivals) {
            let barrier = &barrier;
            scope.spawn(move || bring(world, (number, arrival), barrier, asserts));
        }
    });
    people(world, arrivals)
}

fn people(world: &World, arrivals: &[Arrival]) -> Vec<(RecordId, PersonId)> {
    let mut draft = Draft::new(&world.kv);
    let person = |arrival: &Arrival| {
        let id = source::id_of(&world.digester, &arrival.identifier);
        let home = source::head(&mut draft, id).unwrap().unwrap().home;
        (id, stored::root(&mut draft, home).unwrap().unwrap().0)
    };
    arrivals.iter().map(person).collect()
}

fn persons(people: &[(RecordId, PersonId)]) -> usize {
    people.iter().map(|(_, person)| *person).collect::<BTreeSet<_>>().len()
}

fn verified(world: &World) -> u64 {
    let verified = verify(&world.index(), &world.kv, &mut |_| {}).unwrap();
    assert_eq!(verified.violations, []);
    verified.counts.persons
}

/// A person of a round, another one in each.
fn somebody(round: u64) -> String {
    let (day, number) = (1 + round % 28, 1_000 + round * 7);
    format!("石飛 花子 イシトビ ハナコ F 19{}-04-{day:02} 島根県松江市西川津町1-2-3 0852-11-{number}", 40 + round % 50)
}

#[test]
fn arrivals_that_share_a_strong_key_make_one_person() {
    for round in 0..ROUNDS {
        let world = World::with(PLACES);
        let arrivals: Vec<Arrival> = PLACES.iter().map(|place| arrival(place, "1", person(&somebody(round)))).collect();
        let people = race(&world, &arrivals, Asserts::Kept);
        assert_eq!(persons(&people), 1, "round {round}: {people:?}");
        assert_eq!(verified(&world), 1, "round {round}: no second enterprise id was issued");
    }
}

/// The negative control: if this made one person as well, the race above would prove nothing.
#[test]
fn without_what_plans_rely_on_there_are_duplicates() {
    let world = World::with(PLACES);
    let arrivals: Vec<Arrival> = PLACES.iter().map(|place| arrival(place, "1", person(&somebody(0)))).collect();
    assert_eq!(persons(&race(&world, &arrivals, Asserts::Removed)), PLACES.len());
}

#[test]
fn arrivals_that_share_only_weak_keys_are_found_by_the_second_look() {
    let (mut joined, mut asked) = (0, 0);
    for round in 0..ROUNDS {
        let world = World::with(PLACES);
        // Every strong key has the birth date in it: a slip of its day leaves the weak ones.
        let slipped = somebody(round).replace("-04-", "-05-");
        let arrivals = [arrival(PLACES[0], "1", person(&somebody(round))), arrival(PLACES[1], "1", person(&slipped))];
        let people_before = race(&world, &arrivals, Asserts::Kept);
        assert_eq!(persons(&people_before), 2, "round {round}: they shared a strong key after all");
        let (looks, _) = second_looks(&world.kv, Position::default(), 100).unwrap();
        assert_eq!(looks.len(), 2);
        for look in looks {
            world.write(|index, draft| look_second(index, draft, look, &stamp(2))).unwrap();
        }
        let people_after = people(&world, &arrivals);
        let filter = Filter { limit: 10, ..Filter::default() };
        let listed = review::list(&mut Draft::new(&world.kv), &filter, &Visible::All, Instant::from_micros(3)).unwrap();
        let names_both = |task: &crate::Task| people_after.iter().all(|(record, _)| task.records.contains(record));
        match persons(&people_after) {
            1 => joined += 1,
            _ if listed.tasks.iter().any(names_both) => asked += 1,
            _ => panic!("round {round}: nobody will ever see that these two are alike"),
        }
        verified(&world);
    }
    assert_eq!(joined + asked, ROUNDS);
}

/// A busy hour: threads bring records of a few people in any order, new and known, and nobody is there twice under a key.
#[test]
fn a_busy_hour_leaves_a_store_that_verifies() {
    let world = World::with(PLACES);
    let barrier = Barrier::new(PLACES.len());
    thread::scope(|scope| {
        for (thread, place) in (0_u64..).zip(PLACES) {
            let (world, barrier) = (&world, &barrier);
            scope.spawn(move || {
                for round in 0..40 {
                    let who = somebody((round * 7 + thread) % 12);
                    let arrival = arrival(place, &(round % 15).to_string(), person(&who));
                    let alone = Barrier::new(1);
                    let wait = if round == 0 { barrier } else { &alone };
                    bring(world, (thread * 100 + round, &arrival), wait, Asserts::Kept);
                }
            });
        }
    });
    verified(&world);
}
