//! The model: homes, pointers, versions that hold, tasks that wait; and the index beside it.

use super::operation::{Operation, line};
use crate::erase::{Order, erase};
use crate::review::{self, Decided};
use crate::store::record as source;
use crate::tests::world::{World, arrival, person};
use crate::{
    Actor, Demographics, Error, Event, Index, MergeId, Outcome, PersonId, RecordId, Stamp, Task, TaskDecision, TaskId,
    TaskKind, TaskOutcome, TaskState, Visible,
};
use directory::Instant;
use kv::{Batch, BatchId, Commit, Draft, Kv};
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

const PLACES: [&str; 3] = ["3210000011", "3210000022", "3210000033"];

/// What holds of a record.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) version: u32,
    pub(super) versions: u32,
    event_time: i64,
    says: Demographics,
}

/// Everybody at one instant: per record its root, its home and the version that holds.
pub(super) type Moment = BTreeMap<RecordId, (PersonId, PersonId, u32)>;

pub(in crate::tests) struct Model {
    pub(in crate::tests) world: World,
    pub(super) homes: BTreeMap<RecordId, PersonId>,
    pub(super) erased: BTreeSet<RecordId>,
    pub(super) waiting: BTreeMap<TaskId, (TaskKind, RecordId)>,
    moved: BTreeMap<RecordId, i64>,
    pub(super) held: BTreeMap<RecordId, Held>,
    kept_aside: BTreeMap<TaskId, (RecordId, u32, i64, Demographics)>,
    pointers: BTreeMap<PersonId, (PersonId, MergeId)>,
    created: BTreeMap<PersonId, i64>,
    merges: Vec<(MergeId, i64)>,
    closed: Vec<TaskId>,
    pub(super) moments: Vec<(i64, Moment)>,
    /// How often each kind of thing was done, not refused.
    pub(super) done: BTreeMap<&'static str, u64>,
    /// Everything that was committed, to be committed again elsewhere.
    pub(super) batches: RefCell<Vec<Batch>>,
}

fn pick<T: Clone>(all: impl IntoIterator<Item = T>, number: u16) -> Option<T> {
    let all: Vec<T> = all.into_iter().collect();
    all.get(usize::from(number).checked_rem(all.len())?).cloned()
}

impl Model {
    pub(in crate::tests) fn new() -> Self {
        Self {
            world: World::new(),
            homes: BTreeMap::new(),
            erased: BTreeSet::new(),
            waiting: BTreeMap::new(),
            moved: BTreeMap::new(),
            held: BTreeMap::new(),
            kept_aside: BTreeMap::new(),
            pointers: BTreeMap::new(),
            created: BTreeMap::new(),
            merges: Vec::new(),
            closed: Vec::new(),
            moments: Vec::new(),
            done: BTreeMap::new(),
            batches: RefCell::default(),
        }
    }

    fn count(&mut self, what: &'static str) {
        *self.done.entry(what).or_default() += 1;
    }

    pub(super) fn root(&self, id: PersonId) -> PersonId {
        self.pointers.get(&id).map_or(id, |(next, _)| self.root(*next))
    }

    fn root_of(&self, record: RecordId) -> PersonId {
        self.root(self.homes[&record])
    }

    /// Runs a verb and commits it, as the service does; what the log says of it comes back too.
    pub(super) fn run<T>(
        &self,
        verb: impl FnOnce(&Index<'_>, &mut Draft<'_>) -> Result<T, Error>,
    ) -> (Result<T, Error>, Vec<Event>) {
        let mut draft = Draft::new(&self.world.kv);
        let answer = verb(&self.world.index(), &mut draft);
        assert!(!matches!(answer, Err(Error::Corrupt { .. } | Error::Store(_))), "{:?}", answer.err());
        if answer.is_err() {
            return (answer, Vec::new());
        }
        let plan = draft.finish();
        let events = plan.log.iter().filter_map(|entry| Event::decode(entry).unwrap()).collect();
        if !plan.is_empty() {
            let seq = self.world.kv.health().seq.0.to_be_bytes();
            let id = BatchId(self.world.digester.digest("batch", &[&seq]));
            let batch = plan.into_batch(id);
            assert!(matches!(self.world.kv.commit(&batch).unwrap(), Commit::Committed(_)));
            self.batches.borrow_mut().push(batch);
        }
        (answer, events)
    }

    fn clerk(&mut self, name: &str) -> Stamp {
        Stamp { actor: Actor { id: name.into(), institution: None }, ..self.world.stamp() }
    }

    pub(in crate::tests) fn play(&mut self, operation: &Operation) {
        match *operation {
            Operation::Arrive { place, person, variant, is_older } => self.arrive(place, (person, variant), is_older),
            Operation::Merge(one, other) => self.merge(one, other),
            Operation::Unmerge(number) => self.unmerge(number),
            Operation::Link(record, to) => self.link(record, to),
            Operation::Unlink(record) => self.unlink(record),
            Operation::KeepApart(one, other) => self.keep_apart(one, other),
            Operation::Decide { task, decision } => self.decide(task, decision),
            Operation::UndoDecision(task) => self.undo(task),
            Operation::Erase(record) => self.erase(record),
        }
        self.check_now();
    }

    fn arrive(&mut self, place: u8, (who, variant): (u8, u8), is_older: bool) {
        let (fresh, stamp) = (self.world.fresh(), self.world.stamp());
        let says = person(&line(who, variant));
        let mut arrival = arrival(PLACES[usize::from(place) % 3], &(place / 3).to_string(), says.clone());
        let now = stamp.now.micros();
        arrival.event_time = Instant::from_micros(if is_older { now / 2 } else { now });
        let (arrived, events) = self.run(|index, draft| crate::arrive(index, draft, &arrival, fresh, &stamp));
        let id = source::id_of(&self.world.digester, &arrival.identifier);
        if self.erased.contains(&id) {
            assert!(arrived.is_err(), "an erased record takes no more versions");
            return;
        }
        let arrived = arrived.unwrap();
        assert_eq!(arrived.record, id);
        let event_time = arrival.event_time.micros();
        match &arrived.outcome {
            Outcome::Created => {
                assert!(!self.homes.contains_key(&id));
                self.count("created");
                self.came(id, fresh, now);
                self.created.insert(fresh, now);
            }
            Outcome::Linked(evidence) => {
                assert!(!self.homes.contains_key(&id));
                self.count("linked");
                self.came(id, self.homes[&evidence.with], now);
            }
            outcome => self.took(id, (event_time, &says), outcome),
        }
        if matches!(arrived.outcome, Outcome::Created | Outcome::Linked(_)) {
            self.held.insert(id, Held { version: 1, versions: 1, event_time, says: says.clone() });
        }
        if arrived.outcome == Outcome::Quarantined && !self.kept_aside.contains_key(&arrived.tasks[0]) {
            self.count("kept aside");
            self.held.get_mut(&id).unwrap().versions += 1;
            self.kept_aside.insert(arrived.tasks[0], (id, arrived.version, event_time, says));
        }
        self.follow(&events, now);
        if arrived.outcome == Outcome::Quarantined {
            // One version waits at a time: the task about an earlier one is superseded.
            let overlay = |kind: TaskKind, record: RecordId| kind == TaskKind::Overlay && record == id;
            self.waiting.retain(|task, (kind, record)| *task == arrived.tasks[0] || !overlay(*kind, *record));
        }
        assert_eq!(arrived.person, self.root_of(id));
    }

    fn came(&mut self, id: RecordId, to: PersonId, now: i64) {
        self.homes.insert(id, to);
        self.moved.insert(id, now);
    }

    /// A version of a known record.
    fn took(&mut self, id: RecordId, (event_time, says): (i64, &Demographics), outcome: &Outcome) {
        let held = self.held.get_mut(&id).unwrap();
        let is_same = held.says == *says;
        let is_older = event_time < held.event_time;
        match outcome {
            Outcome::Unchanged => assert!(is_same),
            Outcome::History => {
                assert!(is_older && !is_same);
                held.versions += 1;
            }
            Outcome::Quarantined => {
                assert!(!is_older && !is_same);
            }
            Outcome::Updated => {
                assert!(!is_older && !is_same);
                let versions = held.versions + 1;
                *held = Held { version: versions, versions, event_time, says: says.clone() };
            }
            Outcome::Created | Outcome::Linked(_) => panic!("a known record was taken for a new one"),
        }
    }

    /// What the rules did beside what was asked: merges of persons of one record, and tasks.
    fn follow(&mut self, events: &[Event], now: i64) {
        for event in events {
            match *event {
                Event::Merged { merge, survivor, absorbed, is_automatic: true } => {
                    let alone = [survivor, absorbed].into_iter().any(|id| {
                        self.homes.values().filter(|home| **home == id).count() == 1
                            && !self.pointers.values().any(|(into, _)| *into == id)
                    });
                    assert!(alone, "the rules join only persons of one record");
                    self.count("joined by the rules");
                    self.join((survivor, absorbed), merge, now);
                }
                Event::TaskOpened { task, .. } => self.opened(task),
                _ => {}
            }
        }
    }

    fn opened(&mut self, id: TaskId) {
        let task = self.run(|_, draft| review::task(draft, id, &Visible::All)).0.unwrap().unwrap();
        if matches!(task.state, TaskState::Closed { .. }) {
            return;
        }
        self.waiting.insert(id, (task.kind, task.records[0]));
        self.closed.retain(|known| *known != id);
    }

    fn join(&mut self, (survivor, absorbed): (PersonId, PersonId), merge: MergeId, now: i64) {
        let age = |id| (self.created[&id], id);
        assert!(age(survivor) < age(absorbed), "the older enterprise id survives");
        assert!(!self.pointers.contains_key(&survivor) && !self.pointers.contains_key(&absorbed));
        self.pointers.insert(absorbed, (survivor, merge));
        self.merges.push((merge, now));
    }

    fn merge(&mut self, one: u16, other: u16) {
        let Some((one, other)) = pick(self.created.keys().copied(), one).zip(pick(self.created.keys().copied(), other))
        else {
            return;
        };
        let stamp = self.clerk("ann");
        let (joined, events) = self.run(|index, draft| crate::merge(index, draft, (one, other), "one", &stamp));
        let (one, other) = (self.root(one), self.root(other));
        assert_eq!(joined.is_ok(), one != other);
        if let Ok(joined) = joined {
            self.count("merged");
            assert_eq!(BTreeSet::from([joined.survivor, joined.absorbed]), BTreeSet::from([one, other]));
            self.join((joined.survivor, joined.absorbed), joined.merge, stamp.now.micros());
        }
        self.follow(&events, stamp.now.micros());
    }

    fn unmerge(&mut self, number: u16) {
        let Some((merge, at)) = pick(self.merges.clone(), number) else { return };
        let stamp = self.clerk("ann");
        let (undone, events) = self.run(|index, draft| crate::unmerge(index, draft, merge, "two", &stamp));
        let stands = self.pointers.values().any(|(_, known)| *known == merge);
        assert_eq!(undone.is_ok(), stands);
        if let Ok(undone) = undone {
            self.count("unmerged");
            self.part(&undone, (merge, at), stamp.now.micros());
        }
        self.follow(&events, stamp.now.micros());
    }

    fn part(&mut self, undone: &crate::Unmerged, (merge, at): (MergeId, i64), now: i64) {
        assert_eq!(self.pointers.remove(&undone.absorbed), Some((undone.survivor, merge)));
        for (record, person, _) in &undone.since {
            assert!(self.moved[record] >= at, "a record that was there before the merge goes where it came from");
            if self.root_of(*record) != *person {
                self.count("decided again");
                let home = self.home_in_store(*record);
                self.came(*record, home, now);
            }
            assert_eq!(self.root_of(*record), *person);
        }
    }

    fn home_in_store(&self, record: RecordId) -> PersonId {
        self.run(|_, draft| source::head(draft, record)).0.unwrap().unwrap().home
    }

    fn link(&mut self, record: u16, to: u16) {
        let records = self.homes.keys().chain(&self.erased).copied();
        let Some((id, to)) = pick(records, record).zip(pick(self.created.keys().copied(), to)) else { return };
        let stamp = self.clerk("ann");
        let (linked, events) = self.run(|index, draft| crate::link(index, draft, (id, to), "his", &stamp));
        let may = self.homes.get(&id).is_some_and(|home| self.root(*home) != self.root(to));
        assert_eq!(linked.is_ok(), may);
        if may {
            self.count("linked by a clerk");
            self.linked(id, to, (&events, stamp.now.micros()));
        }
        self.follow(&events, stamp.now.micros());
    }

    fn linked(&mut self, id: RecordId, to: PersonId, (events, now): (&[Event], i64)) {
        let (from, to) = (self.homes[&id], self.root(to));
        self.came(id, to, now);
        let is_left = !self.homes.values().any(|home| *home == from)
            && !self.pointers.contains_key(&from)
            && !self.pointers.values().any(|(into, _)| *into == from);
        let merged = events.iter().find_map(|event| match event {
            Event::Merged { merge, survivor, absorbed, is_automatic: false } => Some((*merge, *survivor, *absorbed)),
            _ => None,
        });
        assert_eq!(merged.is_some(), is_left, "an id without records resolves to where they went");
        if let Some((merge, survivor, absorbed)) = merged {
            assert_eq!(BTreeSet::from([survivor, absorbed]), BTreeSet::from([from, to]));
            self.join((survivor, absorbed), merge, now);
        }
    }

    fn unlink(&mut self, record: u16) {
        let Some(id) = pick(self.homes.keys().chain(&self.erased).copied(), record) else { return };
        let (fresh, stamp) = (self.world.fresh(), self.clerk("ann"));
        let (moved, events) = self.run(|index, draft| crate::unlink(index, draft, (id, fresh), "not his", &stamp));
        let has_others = self.homes.contains_key(&id)
            && self.homes.keys().any(|other| *other != id && self.root_of(*other) == self.root_of(id));
        assert_eq!(moved.is_ok(), has_others);
        if moved.is_ok() {
            self.count("unlinked");
            self.issued(id, fresh, stamp.now.micros());
        }
        self.follow(&events, stamp.now.micros());
    }

    /// A record became the first of a new person.
    fn issued(&mut self, id: RecordId, fresh: PersonId, now: i64) {
        self.came(id, fresh, now);
        self.created.insert(fresh, now);
    }

    fn keep_apart(&mut self, one: u16, other: u16) {
        let persons = || self.created.keys().copied();
        let Some((one, other)) = pick(persons(), one).zip(pick(persons(), other)) else { return };
        let stamp = self.clerk("ann");
        let (kept, _) = self.run(|_, draft| crate::keep_apart(draft, (one, other), "a test", &stamp));
        assert_eq!(kept.is_ok(), self.root(one) != self.root(other));
    }

    fn decide(&mut self, task: u16, decision: u8) {
        use TaskDecision::{Accept, DifferentPersons, Reject, SamePerson, Split};
        let Some(id) = pick(self.waiting.keys().copied(), task) else { return };
        let decision = [Accept, Reject, Split, SamePerson, DifferentPersons][usize::from(decision)];
        for name in ["ann", "ben"] {
            let (fresh, stamp) = (self.world.fresh(), self.clerk(name));
            let decided = Decided { task: id, decision, reason: "looked", fresh };
            let before = self.run(|_, draft| review::task(draft, id, &Visible::All)).0.unwrap().unwrap();
            let (done, events) = self.run(|index, draft| review::decide(index, draft, &decided, &stamp));
            let Ok(done) = done else { return };
            let TaskState::Closed { outcome, .. } = done.state else { continue };
            self.waiting.remove(&id);
            self.closed.push(id);
            self.carried_out(&before, (outcome, fresh), (&events, stamp.now.micros()));
            self.follow(&events, stamp.now.micros());
            return;
        }
    }

    fn carried_out(&mut self, task: &Task, (outcome, fresh): (TaskOutcome, PersonId), (events, now): (&[Event], i64)) {
        match outcome {
            TaskOutcome::Merged(merge) => {
                self.count("decided to be one");
                let ends = events.iter().find_map(|event| match event {
                    Event::Merged { merge: done, survivor, absorbed, .. } if *done == merge => {
                        Some((*survivor, *absorbed))
                    }
                    _ => None,
                });
                self.join(ends.unwrap(), merge, now);
            }
            TaskOutcome::Split(person) => {
                self.count("decided to split");
                assert_eq!(person, fresh);
                self.issued(task.records[0], fresh, now);
            }
            _ => {}
        }
        if let (Some(_), TaskOutcome::Accepted | TaskOutcome::Split(_)) = (task.version, outcome) {
            self.count("version accepted");
            let (record, version, event_time, says) = self.kept_aside[&task.id].clone();
            let versions = self.held[&record].versions;
            self.held.insert(record, Held { version, versions, event_time, says });
        }
    }

    fn undo(&mut self, task: u16) {
        let Some(id) = pick(self.closed.clone(), task) else { return };
        let before = self.run(|_, draft| review::task(draft, id, &Visible::All)).0.unwrap().unwrap();
        let TaskState::Closed { outcome, .. } = before.state else { panic!("{before:?}") };
        let (stamp, since) = (self.clerk("cid"), Instant::from_micros(0));
        let (undone, events) = self.run(|index, draft| review::undo(index, draft, (id, since), "slip", &stamp));
        if undone.is_err() {
            return;
        }
        let now = stamp.now.micros();
        match outcome {
            TaskOutcome::Merged(merge) => {
                self.count("decision to merge undone");
                let (survivor, absorbed) = self
                    .pointers
                    .iter()
                    .find_map(|(absorbed, (survivor, known))| (*known == merge).then_some((*survivor, *absorbed)))
                    .unwrap();
                self.pointers.remove(&absorbed);
                for event in &events {
                    if let Event::RecordMoved { record, to, .. } = event {
                        self.came(*record, *to, now);
                    }
                }
                assert_ne!(self.root(survivor), self.root(absorbed));
            }
            TaskOutcome::Split(_) => self.linked(before.records[0], before.persons[0], (&events, now)),
            _ => {}
        }
        self.follow(&events, now);
        self.closed.retain(|known| *known != id);
        self.opened(id);
    }

    fn erase(&mut self, record: u16) {
        // Seldom, or nothing would be left of a small world.
        if !record.is_multiple_of(8) {
            return;
        }
        let Some(id) = pick(self.homes.keys().copied(), record / 8) else { return };
        let stamp = self.clerk("officer");
        let second = Actor { id: "second officer".into(), institution: None };
        let order = Order { legal_basis: "article 35", second: &second };
        let (done, _) = self.run(|index, draft| erase(index, draft, id, &order, &stamp));
        assert!(done.unwrap());
        self.count("erased");
        let (again, events) = self.run(|index, draft| erase(index, draft, id, &order, &stamp));
        assert_eq!((again.unwrap(), events), (false, Vec::new()), "erasing twice is erasing once");
        self.homes.remove(&id);
        self.erased.insert(id);
        self.waiting.retain(|_, (kind, record)| *kind != TaskKind::Overlay || *record != id);
    }
}
