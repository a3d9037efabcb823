//! Verification, dumps, the past, erasure, relationships, and the log as consumers see it.

use super::world::{World, arrival, person};
use crate::erase::{Order, erase, erasures, replay};
use crate::events::{Announced, Announcement, feed, look_second, second_look_at, second_looks};
use crate::history::{Access, Cause, What, note_read, person_as_of, read_between, record_as_of, timeline};
use crate::life::{DeathTime, LifeStatus, Protection, RelationshipKind, Vital, relate, relationships, stop_relating};
use crate::store::{listing, person as stored, record as source};
use crate::verify::verify;
use crate::{Actor, Basis, Event, Outcome, PersonId, RecordId, RecordState, TaskKind, Visible, dump, read, space};
use directory::{Instant, InstitutionId};
use kv::{Batch, BatchId, Draft, Key, Kv, MemoryKv, Plan, Seq};

const HANAKO: &str = "石飛 花子 イシトビ ハナコ F 1957-04-05 島根県松江市西川津町1-2-3 0852-11-2222";
const TARO: &str = "糸賀 太郎 イトガ タロウ M 1981-12-24 島根県出雲市今市町5-6 0853-55-6666";

fn seen_by(institution: &str) -> Visible {
    Visible::custodian(InstitutionId::new(institution).unwrap())
}

fn at(micros: i64) -> Instant {
    Instant::from_micros(micros)
}

impl World {
    fn violations(&self) -> Vec<String> {
        let verified = verify(&self.index(), &self.kv, &mut |_| {}).unwrap();
        verified.violations.iter().map(ToString::to_string).collect()
    }

    fn sends(&mut self, institution: &str, local_id: &str, line: &str) -> crate::Arrived {
        self.arrive(&arrival(institution, local_id, person(line)))
    }

    /// Damages the store behind the back of the index.
    fn tamper(&self, rows: Vec<(Key, Option<Box<[u8]>>)>) {
        let plan = Plan { rows: rows.into_iter().collect(), ..Plan::default() };
        self.kv.commit(&plan.into_batch(BatchId([9; 16]))).unwrap();
    }

    fn exported(&self, wanted: kv::Space) -> Vec<(Key, Box<[u8]>)> {
        let mut rows = Vec::new();
        for bucket in 0..=u8::MAX {
            rows.extend(self.kv.export(wanted, bucket, None, u32::MAX).unwrap());
        }
        rows
    }
}

/// A world with two records of one person, one of another, a task and a merge.
fn busy() -> World {
    let mut world = World::new();
    let hanako = world.sends("3210000011", "1", HANAKO).person;
    world.sends("3210000011", "2", HANAKO);
    let taro = world.sends("3210000022", "1", TARO).person;
    let stamp = world.stamp();
    world.write(|index, draft| crate::merge(index, draft, (hanako, taro), "one", &stamp)).unwrap();
    world
}

#[test]
fn a_store_that_was_not_damaged_verifies() {
    let world = busy();
    let verified = verify(&world.index(), &world.kv, &mut |_| {}).unwrap();
    assert_eq!(verified.violations, []);
    let counts = verified.counts;
    assert_eq!((counts.records, counts.persons, counts.members, counts.merges, counts.tasks), (3, 2, 3, 1, 1));
    assert_eq!((counts.versions, counts.moves, counts.tasks_waiting), (3, 3, 1));
    assert!(counts.postings > 0 && counts.events > 0);
}

/// Every kind of row, deleted or made unreadable, is noticed.
#[test]
fn any_lost_or_unreadable_row_is_found() {
    for wanted in [space::RECORD, space::PERSON, space::POSTING, space::TASK, space::QUEUE, space::MERGE] {
        let rows = busy().exported(wanted);
        assert!(!rows.is_empty());
        for (key, _) in rows {
            let world = busy();
            world.tamper(vec![(key.clone(), None)]);
            assert_ne!(world.violations(), Vec::<String>::new(), "{key:?} lost");
            if wanted != space::POSTING {
                let world = busy();
                world.tamper(vec![(key.clone(), Some([0xff, 1].into()))]);
                assert_ne!(world.violations(), Vec::<String>::new(), "{key:?} unreadable");
            }
        }
    }
}

#[test]
fn a_listing_that_calls_a_record_otherwise_is_found() {
    let world = busy();
    let rows = world.exported(space::PERSON);
    let (key, value) = rows.into_iter().find(|(key, _)| *key.sort == *listing::LISTING).unwrap();
    let mut records = listing::decoded(&value).unwrap();
    let authority = records[0].identifier.authority().clone();
    records[0].identifier = directory::Identifier::new(authority, "another").unwrap();
    world.tamper(vec![(key, Some(crate::store::encode("listing", &records).unwrap()))]);
    assert_eq!(world.violations().len(), 1);
}

#[test]
fn a_posting_of_nobody_is_found() {
    let world = busy();
    let (key, _) = world.exported(space::POSTING).swap_remove(0);
    world.tamper(vec![(key.partition.key(PersonId::new(5).to_bytes()), Some([].into()))]);
    assert_eq!(world.violations().len(), 1);
}

#[test]
fn a_dump_tells_stores_apart_and_nothing_else() {
    let (one, other) = (busy(), busy());
    assert_eq!(dump::digest(&one.kv).unwrap(), dump::digest(&other.kv).unwrap());
    let (key, _) = one.exported(space::TASK).swap_remove(0);
    one.tamper(vec![(key, None)]);
    assert_ne!(dump::digest(&one.kv).unwrap(), dump::digest(&other.kv).unwrap());
}

#[test]
fn the_past_is_read_as_it_was() {
    let mut world = World::new();
    let first = world.sends("3210000011", "1", HANAKO);
    let taro = world.sends("3210000022", "1", TARO).person;
    let before = world.now;
    let stamp = world.stamp();
    world.write(|index, draft| crate::merge(index, draft, (first.person, taro), "one", &stamp)).unwrap();
    let merged = world.now;
    let mut moved = arrival("3210000011", "1", person(&HANAKO.replace("1-2-3", "4-5-6")));
    moved.event_time = at(1_000);
    assert_eq!(world.arrive(&moved).version, 2);
    let (index, mut draft) = (world.index(), Draft::new(&world.kv));
    let mut was = |id, when, visible: &Visible| person_as_of(&index, &mut draft, id, at(when), visible).unwrap();
    assert_eq!(was(first.person, 0, &Visible::All), None);
    assert_eq!(was(taro, before, &Visible::All).unwrap().persons, [taro]);
    let joined = was(taro, merged, &Visible::All).unwrap();
    assert_eq!((joined.person, joined.records.len()), (first.person, 2));
    assert_eq!(joined.records.iter().map(|record| record.version).max(), Some(1));
    assert_eq!(was(taro, merged, &seen_by("3210000011")), None, "the id was given to a hidden record only");
    assert_eq!(was(first.person, merged, &seen_by("3210000011")).unwrap().records.len(), 1);
    let version = |when| {
        let was = record_as_of(&index, &mut Draft::new(&world.kv), first.record, at(when), &Visible::All).unwrap();
        was.map(|record| record.version)
    };
    assert_eq!([version(0), version(merged), version(world.now)], [None, Some(1), Some(2)]);
}

#[test]
fn a_timeline_says_what_happened_and_why() {
    let world = busy();
    let mut draft = Draft::new(&world.kv);
    let id = source::id_of(&world.digester, &arrival("3210000011", "1", person(HANAKO)).identifier);
    let home = source::head(&mut draft, id).unwrap().unwrap().home;
    let all = timeline(&world.index(), &mut draft, home, &Visible::All).unwrap();
    assert_eq!(all.iter().filter(|happened| matches!(happened.what, What::Joined(_))).count(), 3);
    let merged = all.iter().find(|happened| matches!(happened.what, What::Absorbed(..))).unwrap();
    assert!(matches!(&merged.cause, Some(Cause::Merge(actor, _)) if &*actor.id == "test"));
    assert!(all.iter().any(|happened| matches!(happened.cause, Some(Cause::Basis(Basis::Automatic(_))))));
    let own = timeline(&world.index(), &mut draft, home, &seen_by("3210000022")).unwrap();
    assert_eq!(own.len(), 2, "an id and the record that it was issued for: {own:?}");
}

#[test]
fn what_was_read_under_a_wrong_link_is_listed() {
    let mut world = World::new();
    let known = world.sends("3210000011", "1", HANAKO);
    for (who, when) in [("a", 10), ("b", 10), ("a", 20)] {
        let by = Actor { id: who.into(), institution: None };
        let access = Access { person: known.person, by, at: at(when), records: vec![known.record] };
        world.write(|index, draft| note_read(draft, index.digester, &access)).unwrap();
    }
    let read = |from, until, limit| {
        read_between(&mut Draft::new(&world.kv), known.person, (at(from), at(until)), limit).unwrap()
    };
    assert_eq!(read(0, 20, 9).0.len(), 2);
    assert_eq!(read(10, 21, 9).0.len(), 3);
    assert_eq!(read(11, 21, 9).0.first().map(|access| &*access.by.id), Some("a"));
    assert!(read(0, 21, 1).1);
    assert_eq!(world.violations(), Vec::<String>::new());
}

fn officer(name: &str) -> Actor {
    Actor { id: name.into(), institution: None }
}

fn erased(world: &mut World, id: RecordId) -> Result<bool, crate::Error> {
    let (stamp, second) = (world.stamp(), officer("second"));
    let order = Order { legal_basis: "a court's order", second: &second };
    world.write(|index, draft| erase(index, draft, id, &order, &stamp))
}

#[test]
fn erasing_leaves_no_byte_of_a_name_and_a_store_that_verifies() {
    let mut world = World::new();
    let local_id = "local-7734";
    let known = world.sends("3210000011", local_id, HANAKO);
    world.sends("3210000011", local_id, &HANAKO.replace("1-2-3", "8-8-8"));
    let aside = world.sends("3210000011", local_id, TARO);
    assert_eq!(aside.outcome, Outcome::Quarantined);
    let other =
        world.sends("3210000022", "1", "周藤 美咲 スドウ ミサキ F 2001-03-30 島根県雲南市三刀屋町9 0854-99-1111");
    let mut texts: Vec<String> =
        ["石飛", "花子", "太郎", "イシトビ", local_id, "1957", "0852", "西川津"].map(str::to_owned).to_vec();
    texts.extend(["ｲｼﾄﾋﾞ", "いしとび", "isitobi", "ishitobi", "ハナコ"].map(str::to_owned));
    let found = |world: &World| {
        let mut bytes = Vec::new();
        dump::dump(&world.kv, &(1..=255).map(kv::Space).collect::<Vec<_>>(), &mut |part| {
            bytes.extend_from_slice(part);
            Ok::<(), crate::Error>(())
        })
        .unwrap();
        let holds = |text: &&String| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        texts.iter().filter(holds).cloned().collect::<Vec<_>>()
    };
    assert!(found(&world).len() >= 8, "the test looks for what is there: {:?}", found(&world));
    assert!(erased(&mut world, known.record).unwrap());
    assert_eq!(found(&world), Vec::<String>::new());
    assert_eq!(world.violations(), Vec::<String>::new());
    assert!(!erased(&mut world, known.record).unwrap(), "erasing twice is erasing once");
    let head = source::head(&mut Draft::new(&world.kv), known.record).unwrap().unwrap();
    assert_eq!(head.state, RecordState::Erased);
    let identifier = arrival("3210000011", local_id, person(HANAKO)).identifier;
    let resolved = world.write(|index, draft| read::resolve(index, draft, &identifier, &Visible::All)).unwrap();
    assert_eq!(resolved, None);
    let (fresh, stamp) = (world.fresh(), world.stamp());
    let again = arrival("3210000011", local_id, person(HANAKO));
    assert!(world.write(|index, draft| crate::arrive(index, draft, &again, fresh, &stamp)).is_err());
    assert!(world.write(|index, draft| crate::link(index, draft, (known.record, other.person), "x", &stamp)).is_err());
}

#[test]
fn an_erasure_needs_two_officers_and_a_basis() {
    let mut world = World::new();
    let known = world.sends("3210000011", "1", HANAKO).record;
    let stamp = world.stamp();
    let try_it = |legal_basis, second: &Actor| {
        world.write(|index, draft| erase(index, draft, known, &Order { legal_basis, second }, &stamp)).is_ok()
    };
    assert!(!try_it("law", &officer("test")));
    assert!(!try_it(" ", &officer("second")));
    assert!(try_it("law", &officer("second")));
}

#[test]
fn a_restored_backup_forgets_again() {
    let mut world = busy();
    let known = source::id_of(&world.digester, &arrival("3210000011", "1", person(HANAKO)).identifier);
    erased(&mut world, known).unwrap();
    let list = erasures(&mut Draft::new(&world.kv)).unwrap();
    assert_eq!(list.iter().map(|erasure| erasure.record).collect::<Vec<_>>(), [known]);
    let mut restored = busy();
    let stamp = restored.stamp();
    for expected in [true, false] {
        let done = restored.write(|index, draft| replay(index, draft, &list[0], &stamp)).unwrap();
        assert_eq!(done, expected);
    }
    assert_eq!(erasures(&mut Draft::new(&restored.kv)).unwrap(), list);
    assert_eq!(restored.violations(), Vec::<String>::new());
    let empty = World::new();
    assert!(!empty.write(|index, draft| replay(index, draft, &list[0], &stamp)).unwrap());
}

#[test]
fn relationships_join_records_and_are_taken_back() {
    let mut world = World::new();
    let mother = world.sends("3210000011", "1", HANAKO).record;
    let child = world.sends("3210000022", "1", TARO).record;
    let kind = RelationshipKind::NewbornOf;
    let stamp = world.stamp();
    world.write(|_, draft| relate(draft, kind, (child, mother), at(5), &stamp)).unwrap();
    assert!(world.write(|_, draft| relate(draft, kind, (child, mother), at(5), &stamp)).is_err());
    let told = |world: &World, id, visible: &Visible| relationships(&mut Draft::new(&world.kv), id, visible).unwrap();
    assert_eq!(told(&world, mother, &Visible::All), told(&world, child, &Visible::All));
    assert_eq!(told(&world, mother, &Visible::All).len(), 1);
    assert_eq!(told(&world, mother, &seen_by("3210000011")), []);
    assert_eq!(world.violations(), Vec::<String>::new());
    let stamp = world.stamp();
    world.write(|_, draft| stop_relating(draft, kind, (child, mother), at(0), &stamp)).unwrap();
    let ended = told(&world, mother, &Visible::All);
    assert!(ended.len() == 1 && !ended[0].holds_at(at(5)), "{ended:?}");
    assert!(world.write(|_, draft| stop_relating(draft, kind, (child, mother), at(9), &stamp)).is_err());
    let both = |first, second| {
        world.write(|_, draft| relate(draft, RelationshipKind::BornWith, (first, second), at(7), &stamp))
    };
    assert_eq!(both(child, mother).unwrap().first, child.min(mother));
    assert!(both(mother, child).is_err());
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[test]
fn a_living_record_is_never_linked_to_a_dead_person_by_the_rules() {
    let dead = LifeStatus { vital: Some(Vital::Dead(DeathTime::Unknown)), ..LifeStatus::default() };
    let mut world = World::new();
    let mut first = arrival("3210000011", "1", person(HANAKO));
    first.life = dead.clone();
    let first = world.arrive(&first);
    let living = world.sends("3210000022", "1", HANAKO);
    assert_eq!(living.outcome, Outcome::Created);
    assert_ne!(living.person, first.person);
    let task = world.write(|_, draft| crate::review::task(draft, living.tasks[0], &Visible::All)).unwrap().unwrap();
    assert_eq!(task.kind, TaskKind::Conflict);
    let stamp = world.stamp();
    let joined = world.write(|index, draft| crate::look_again(index, draft, living.person, &stamp)).unwrap();
    assert_eq!(joined, None, "nor by the second look");
    let mut also_dead = arrival("3210000033", "1", person(HANAKO));
    also_dead.life = dead;
    assert_eq!(world.arrive(&also_dead).person, first.person);
    // The source takes the death back: a version like any other.
    let mut alive = arrival("3210000011", "1", person(HANAKO));
    alive.event_time = at(1_000);
    alive.life.vital = Some(Vital::Alive);
    assert_eq!(world.arrive(&alive).outcome, Outcome::Updated);
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[test]
fn a_doubtful_version_that_is_sent_again_waits_once() {
    let mut world = World::new();
    world.sends("3210000011", "1", HANAKO);
    let first = world.sends("3210000011", "1", TARO);
    let again = world.sends("3210000011", "1", TARO);
    assert_eq!((first.outcome, first.version), (Outcome::Quarantined, 2));
    assert_eq!((again.outcome, again.version, again.tasks), (Outcome::Quarantined, 2, first.tasks));
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[test]
fn a_protection_is_part_of_what_is_read() {
    let mut world = World::new();
    let mut known = arrival("3210000011", "1", person(HANAKO));
    known.life.protection = Some(Protection { until: None });
    world.arrive(&known);
    let seen = world.write(|index, draft| read::resolve(index, draft, &known.identifier, &Visible::All)).unwrap();
    assert_eq!(seen.unwrap().records[0].life.protection, Some(Protection { until: None }));
}

#[test]
fn the_feed_tells_nothing_of_hidden_records() {
    let world = busy();
    let all = feed(&world.kv, Seq(0), 100, &Visible::All).unwrap();
    let is_stored = |event: &&Announced| matches!(event.what, Announcement::Index(Event::RecordStored { .. }));
    assert_eq!(all.events.iter().filter(is_stored).count(), 3);
    let is_of_directory = |event: &Announced| matches!(event.what, Announcement::Directory(_));
    assert!(all.events.iter().any(is_of_directory));
    let mut own = feed(&world.kv, Seq(0), 100, &seen_by("3210000022")).unwrap();
    own.events.retain(|event| !is_of_directory(event));
    assert_eq!(own.events.len(), 3, "an id, a version and where it went: {:?}", own.events);
    assert!(own.events.iter().all(|event| match &event.what {
        Announcement::Index(Event::RecordStored { institution, .. } | Event::RecordMoved { institution, .. }) =>
            institution.as_str() == "3210000022",
        Announcement::Index(Event::PersonCreated { .. }) => true,
        _ => false,
    }));
    assert_eq!(feed(&world.kv, all.next, 100, &Visible::All).unwrap().events, []);
    let first = feed(&world.kv, Seq(0), 2, &Visible::All).unwrap();
    let rest = feed(&world.kv, first.next, 100, &Visible::All).unwrap();
    assert!(first.has_more);
    assert_eq!([first.events, rest.events].concat(), all.events);
}

#[test]
fn the_second_look_goes_on_where_it_stopped() {
    let mut world = busy();
    let (looks, end) = second_looks(&world.kv, crate::events::Position::default(), 100).unwrap();
    assert_eq!(looks.len(), 2);
    for (number, look) in looks.iter().enumerate() {
        let stamp = world.stamp();
        world.write(|index, draft| look_second(index, draft, *look, &stamp)).unwrap();
        let position = second_look_at(&mut Draft::new(&world.kv)).unwrap();
        assert_eq!(position, look.0);
        let (rest, _) = second_looks(&world.kv, position, 100).unwrap();
        assert_eq!(rest, looks[number + 1..]);
    }
    let stamp = world.stamp();
    let mut draft = Draft::new(&world.kv);
    look_second(&world.index(), &mut draft, looks[0], &stamp).unwrap();
    assert!(draft.is_empty(), "nobody is looked at twice");
    let mut draft = Draft::new(&world.kv);
    assert!(crate::events::skip_second_looks(&mut draft, end).unwrap());
    assert!(!draft.is_empty());
    assert!(stored::head(&mut draft, looks[0].1).unwrap().is_some());
}

/// Every batch that made this store, committed again on another engine.
pub(super) fn replayed(batches: &[Batch], onto: &dyn Kv) {
    for batch in batches {
        onto.commit(batch).unwrap();
    }
}

#[test]
fn the_same_plans_make_the_same_dump() {
    let (batches, _) = super::random::batches(150, 3);
    let stores = [MemoryKv::new(), MemoryKv::new()];
    for store in &stores {
        replayed(&batches, store);
    }
    assert_eq!(dump::digest(&stores[0]).unwrap(), dump::digest(&stores[1]).unwrap());
}

#[cfg(feature = "rocks")]
#[test]
fn engines_make_the_same_dump() {
    let (batches, world) = super::random::batches(400, 4);
    let folder = tempfile::tempdir().unwrap();
    let rocks = kv::RocksKv::open(kv::RocksOptions::new(folder.path())).unwrap();
    replayed(&batches, &rocks);
    assert_eq!(dump::digest(&rocks).unwrap(), dump::digest(&world.kv).unwrap());
    let verified = verify(&world.index(), &rocks, &mut |_| {}).unwrap();
    assert_eq!(verified, verify(&world.index(), &world.kv, &mut |_| {}).unwrap());
}
