//! Rules in operation: switching, applying, rolling back.

use super::world::{World, arrival, model, person};
use crate::rules::{self, PairChange, Rebuild, Reviewed, RunState, Work};
use crate::{Event, PersonId, RecordId, TaskKind, TaskState, Visible, review, store};

const HANAKO: &str = "石飛 花子 イシトビ ハナコ F 1957-04-05 島根県松江市西川津町1-2-3 0852-11-2222";
const ELSEWHERE: &str = "石飛 花子 イシトビ ハナコ F 1957-04-05 大阪府大阪市北区梅田1-1-1 06-9999-8888";

impl World {
    fn stands_for(&self, person: PersonId) -> PersonId {
        self.write(|_, draft| Ok(store::person::root(draft, person)?.unwrap().0)).unwrap()
    }
}

#[test]
fn what_is_stored_under_other_fields_or_blocks_cannot_be_switched() {
    let active = model().rules();
    let mut candidate = active.clone();
    candidate.upper += 1.0;
    assert_eq!(rules::may_switch(active, &candidate), Ok(()));
    candidate.blocks.pop();
    assert_eq!(rules::may_switch(active, &candidate), Err(Rebuild::Blocks));
    candidate.fields.pop();
    assert_eq!(rules::may_switch(active, &candidate), Err(Rebuild::Fields));
}

impl World {
    /// Two persons of one record each that arrived at once and did not see each other.
    fn unseen_twins(&mut self, lines: [&str; 2]) -> [(RecordId, PersonId); 2] {
        let first = self.arrive(&arrival("3210000011", "1", person(lines[0])));
        let (fresh, stamp) = (self.fresh(), self.stamp());
        let blind = World::new();
        let plan = {
            let mut draft = kv::Draft::new(&blind.kv);
            let second = arrival("3210000022", "2", person(lines[1]));
            crate::arrive(&self.index(), &mut draft, &second, fresh, &stamp).unwrap();
            kv::Plan { asserts: std::collections::BTreeMap::new(), ..draft.finish() }
        };
        kv::Kv::commit(&self.kv, &plan.into_batch(kv::BatchId([9; 16]))).unwrap();
        let authority = directory::AuthorityId::new("urn:test:3210000022").unwrap();
        let identifier = directory::Identifier::new(authority, "2").unwrap();
        [(first.record, first.person), (store::record::id_of(&self.digester, &identifier), fresh)]
    }

    /// Begins a run that brings a version under which these changes were reviewed.
    fn begin(&mut self, changes: &[PairChange]) -> Reviewed {
        let stamp = self.stamp();
        let against = model().version();
        let version: Box<str> = "the next version".into();
        let until = kv::Kv::health(&self.kv).seq.0;
        let reviewed = Reviewed { version, against: against.into(), until, changes: changes.to_vec() };
        self.write(|_, draft| {
            if rules::active(draft)?.is_none() {
                rules::activate(draft, against, 0, &stamp)?;
            }
            Ok(())
        })
        .unwrap();
        let stamp = self.stamp();
        self.write(|_, draft| rules::begin(draft, (&reviewed, None), ("r1", "a test"), &stamp)).unwrap();
        reviewed
    }

    fn step(&mut self, number: u64, change: &PairChange) -> Option<rules::Applied> {
        let stamp = self.stamp();
        self.write(|index, draft| rules::apply(index, draft, ("r1", number, change), &stamp)).unwrap()
    }

    fn run_of(&self) -> rules::RuleRun {
        self.write(|_, draft| rules::run(draft, "r1")).unwrap().unwrap()
    }

    fn take_all_back(&mut self) {
        let stamp = self.stamp();
        self.write(|_, draft| rules::take_back(draft, "r1", "too bold", &stamp)).unwrap();
        for work in self.write(|_, draft| rules::work_left(draft, "r1", 10)).unwrap() {
            let stamp = self.stamp();
            self.write(|index, draft| rules::roll_back(index, draft, ("r1", work), &stamp)).unwrap();
        }
        let stamp = self.stamp();
        self.write(|_, draft| rules::end(draft, "r1", &stamp)).unwrap();
    }
}

fn gained(one: RecordId, other: RecordId) -> PairChange {
    PairChange { record: one, other, is_gained: true }
}

#[test]
fn a_run_joins_what_was_reviewed_and_is_rolled_back() {
    let mut world = World::new();
    let [(one, person), (other, fresh)] = world.unseen_twins([HANAKO, HANAKO]);
    assert_ne!(world.stands_for(fresh), person);
    let change = gained(one, other);
    world.begin(&[change]);
    let applied = world.step(0, &change).unwrap();
    let merge = applied.joined.unwrap();
    assert_eq!((world.stands_for(fresh), world.stands_for(person)), (person, person));
    assert_eq!(world.step(0, &change), None, "a step is done once");
    let run = world.run_of();
    assert_eq!((run.done, run.total, run.joined, run.state), (1, 1, 1, RunState::Applying));
    assert_eq!(world.write(|_, draft| rules::work_left(draft, "r1", 10)).unwrap(), [Work::Merge(merge)]);
    world.take_all_back();
    assert_eq!(world.stands_for(fresh), fresh);
    let run = world.run_of();
    assert_eq!((run.joined, run.state, run.ended.is_some()), (0, RunState::RolledBack, true));
    let active = world.write(|_, draft| rules::active(draft)).unwrap().unwrap();
    assert_eq!(&*active.version, model().version());
    let stamp = world.stamp();
    let joined = world.write(|index, draft| crate::look_again(index, draft, fresh, &stamp)).unwrap();
    assert!(joined.is_some(), "nobody keeps the two apart");
}

#[test]
fn what_nobody_has_reviewed_is_left_to_a_clerk_and_the_task_goes_with_the_run() {
    let mut world = World::new();
    let [(one, person), (other, fresh)] = world.unseen_twins([HANAKO, HANAKO]);
    let third = world.arrive(&arrival("3210000033", "3", super::world::person(ELSEWHERE)));
    assert_ne!(third.person, person);
    // The review has seen the record beside somebody else by now.
    let change = gained(other, third.record);
    world.begin(&[change]);
    let applied = world.step(0, &change).unwrap();
    assert_eq!((applied.joined, applied.tasks > 0), (None, true));
    assert_eq!(world.stands_for(fresh), fresh);
    let left = world.write(|_, draft| rules::work_left(draft, "r1", 10)).unwrap();
    let Some(Work::Task(task)) = left.first().copied() else { panic!("{left:?}") };
    let found = world.write(|_, draft| review::task(draft, task, &Visible::All)).unwrap().unwrap();
    assert!(found.records.contains(&one) || found.records.contains(&third.record));
    world.take_all_back();
    let found = world.write(|_, draft| review::task(draft, task, &Visible::All)).unwrap().unwrap();
    assert!(matches!(found.state, TaskState::Closed { .. }), "{found:?}");
}

#[test]
fn a_link_that_would_be_lost_is_a_task_and_nothing_is_split() {
    let mut world = World::new();
    let one = world.arrive(&arrival("3210000011", "1", person(HANAKO)));
    let other = world.arrive(&arrival("3210000022", "2", person(HANAKO)));
    assert_eq!(one.person, other.person);
    let change = PairChange { record: one.record, other: other.record, is_gained: false };
    world.begin(&[change]);
    assert_eq!(world.step(0, &change).unwrap().tasks, 1);
    assert_eq!(world.stands_for(other.person), one.person);
    let left = world.write(|_, draft| rules::work_left(draft, "r1", 10)).unwrap();
    let Some(Work::Task(task)) = left.first().copied() else { panic!("{left:?}") };
    let found = world.write(|_, draft| review::task(draft, task, &Visible::All)).unwrap().unwrap();
    assert_eq!(found.kind, TaskKind::Conflict);
}

#[test]
fn what_came_since_the_review_is_looked_at_and_every_batch_names_the_run() {
    let mut world = World::new();
    let change = gained(RecordId([1; 16]), RecordId([2; 16]));
    let reviewed = {
        let early = world.arrive(&arrival("3210000033", "0", person(ELSEWHERE)));
        assert!(early.tasks.is_empty());
        let until = kv::Kv::health(&world.kv).seq.0;
        let [(_, _), (_, _)] = world.unseen_twins([HANAKO, HANAKO]);
        let mut reviewed = world.begin(&[change]);
        reviewed.until = until;
        reviewed
    };
    assert_eq!(world.step(0, &change).unwrap(), rules::Applied::default(), "records that are gone");
    let after = crate::events::Position { batch: kv::Seq(reviewed.until), entries: u32::MAX };
    let (found, end) = rules::changed_since(&world.kv, ("r1", after), 100).unwrap();
    assert_eq!((found.len(), end), (2, None));
    // The run was begun with the later position: it is behind these already.
    for (position, record) in found {
        let stamp = world.stamp();
        let looked = world
            .write(|index, draft| rules::look_at_changed(index, draft, ("r1", position, Some(record)), &stamp))
            .unwrap();
        assert_eq!(looked, None);
    }
    let changes = kv::Kv::changes(&world.kv, kv::Seq(0), 1_000).unwrap();
    let by_run = |change: &kv::Change| {
        change.entries.iter().any(|entry| matches!(Event::decode(entry), Ok(Some(Event::ByRun { .. }))))
    };
    assert_eq!(changes.iter().filter(|change| by_run(change)).count(), 2, "the activation and one step");
}

#[test]
fn one_change_of_rules_at_a_time_and_only_as_reviewed() {
    let mut world = World::new();
    let reviewed = world.begin(&[]);
    let stamp = world.stamp();
    let refused = |reviewed: &Reviewed, id: &str| {
        world.write(|_, draft| rules::begin(draft, (reviewed, None), (id, "a test"), &stamp)).unwrap_err().to_string()
    };
    assert!(refused(&reviewed, "r2").contains("already"));
    let other = Reviewed { version: "another".into(), ..reviewed.clone() };
    assert!(refused(&other, "r2").contains("other rules decide"));
    let other = Reviewed { version: "another".into(), against: reviewed.version.clone(), ..reviewed };
    assert!(refused(&other, "r2").contains("goes on"));
}
