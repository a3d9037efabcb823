//! Whatever is stated in whatever order, the register answers as a painted strip of time does.
//!
//! The model knows no statements: it keeps one value for each of a few instants, paints over them, and keeps a copy of
//! the strip after every verb. The register keeps statements and searches them. Both must agree at every pair of
//! instants, on the register itself, on a fresh snapshot, and on the versions of the list of participants.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Instants of the strip; the last stands for all that follow.
const INSTANTS: i64 = 10;
/// When the entries were stated first, for a time before the strip.
const BEGUN: i64 = -4;
const NAMES: [&str; 3] = ["a", "b", "c"];

#[derive(Clone, Debug)]
struct Step {
    who: usize,
    /// Which of three shapes, or not there.
    value: Option<u8>,
    is_participation: bool,
    from: i64,
    until: Option<i64>,
    /// How far the clock moves; it may go back.
    clock: i64,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step =
        (0..3_usize, prop::option::of(0..3_u8), any::<bool>(), 0..INSTANTS, prop::option::of(1..5_i64), -1..3_i64);
    let step = step.prop_map(|(who, value, is_participation, from, length, clock)| {
        let until = length.map(|length| from + length).filter(|until| *until < INSTANTS);
        Step { who, value, is_participation, from, until, clock }
    });
    prop::collection::vec(step, 0..25)
}

type Strip = Vec<Option<u8>>;

/// What was painted, after every verb, with the time of its recording.
#[derive(Default)]
struct Model {
    clock: i64,
    recorded: i64,
    strips: BTreeMap<(bool, usize), Vec<(i64, Strip)>>,
}

impl Model {
    /// Paints, and says whether anything looks different.
    fn paint(&mut self, step: &Step) -> bool {
        let key = (step.is_participation, step.who);
        let copies = self.strips.entry(key).or_default();
        let mut strip = copies.last().map_or_else(|| vec![None; 10], |(_, strip)| strip.clone());
        let until = step.until.unwrap_or(INSTANTS);
        let value = if step.is_participation { step.value.map(|_| 0) } else { step.value };
        for instant in step.from..until {
            strip[usize::try_from(instant).unwrap()] = value;
        }
        let is_changed = copies.last().map_or(&vec![None; 10], |(_, strip)| strip) != &strip;
        if is_changed {
            self.recorded = self.recorded.max(self.clock);
            copies.push((self.recorded, strip));
        }
        is_changed
    }

    fn at(&self, is_participation: bool, who: usize, (valid, recorded): (i64, i64)) -> Option<u8> {
        let copies = self.strips.get(&(is_participation, who))?;
        let (_, strip) = copies.iter().rfind(|(known, _)| *known <= recorded)?;
        strip[usize::try_from(valid.min(INSTANTS - 1)).unwrap()]
    }
}

fn shape(shape: u8) -> Institution {
    hospital(&format!("第{shape}病院"))
}

/// All three were stated before time began, so that participation can name them.
fn begin(store: &mut Store) {
    for name in NAMES {
        let before = when(during(-20, -10), BEGUN);
        store.write(|draft| state(draft, &institution_id(name), Some(&shape(0)), before));
    }
}

fn run(store: &mut Store, step: &Step, clock: i64) -> Outcome {
    let id = institution_id(NAMES[step.who]);
    let period = match step.until {
        Some(until) => during(step.from, until),
        None => Period::since(micros(step.from)),
    };
    store.write(|draft| {
        if step.is_participation {
            let is_participant = step.value.is_some();
            let change = ParticipationChange { institution: id, is_participant, period };
            return change_participants(draft, &[change], micros(clock));
        }
        state(draft, &id, step.value.map(shape).as_ref(), When { period, recorded: micros(clock) })
    })
}

fn check_answers(store: &Store, model: &Model) {
    let snapshot = store.snapshot();
    for valid in 0..INSTANTS + 2 {
        for recorded in BEGUN..=model.recorded + 1 {
            let as_of = AsOf { valid: micros(valid), recorded: micros(recorded) };
            let model_at = |kind, who| model.at(kind, who, (valid, recorded));
            let mut expected = BTreeSet::new();
            for (who, name) in NAMES.into_iter().enumerate() {
                let id = institution_id(name);
                let found = store.read(|draft| read::<Institution>(draft, &id, as_of));
                assert_eq!(found, model_at(false, who).map(shape), "{name} at {as_of:?}");
                assert_eq!(snapshot.institution(&id, as_of), found.as_ref());
                assert_eq!(snapshot.is_participant(&id, as_of), model_at(true, who).is_some(), "{name} at {as_of:?}");
                if model_at(true, who).is_some() {
                    expected.insert(id);
                }
            }
            assert_eq!(store.read(|draft| participants(draft, as_of)), expected);
            check_list(store, &snapshot, (as_of, &expected));
        }
    }
}

/// The list in force is who takes part.
fn check_list(store: &Store, snapshot: &Snapshot, (as_of, expected): (AsOf, &BTreeSet<InstitutionId>)) {
    let version = store.read(|draft| list_in_force(draft, as_of));
    assert_eq!(snapshot.list_in_force(as_of), version);
    let list = store.read(|draft| participant_list(draft, version));
    assert_eq!(list.as_ref().map(|list| &list.institutions).unwrap_or(&BTreeSet::new()), expected, "at {as_of:?}");
    let view = snapshot.list(version);
    assert_eq!(view.map(|view| view.effective), list.as_ref().map(|list| list.effective));
    let indexes = view.map(|view| view.institutions.clone()).unwrap_or_default();
    assert_eq!(indexes, snapshot.participants(as_of));
    assert_eq!(indexes.len(), expected.len());
    let names: BTreeSet<_> = indexes.iter().filter_map(|index| snapshot.institution_at(index)).cloned().collect();
    assert_eq!(&names, expected);
}

fn all_lists(store: &Store) -> Vec<ParticipantList> {
    let list = |number| store.read(|draft| participant_list(draft, ListVersion(number)));
    (1..).map_while(list).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn answers_equal_those_of_a_painted_strip(steps in steps()) {
        let (mut store, mut model) = (Store::new(), Model { recorded: BEGUN, ..Model::default() });
        begin(&mut store);
        let mut lists = Vec::new();
        for step in &steps {
            model.clock += step.clock;
            let before = store.read(version);
            let events = store.events().len();
            let is_changed = model.paint(step);
            let outcome = run(&mut store, step, model.clock);
            let expected = if is_changed { Outcome::Changed(DirectoryVersion(before.0 + 1)) } else { Outcome::Unchanged };
            prop_assert_eq!(outcome, expected);
            let after = all_lists(&store);
            prop_assert_eq!(&after[..lists.len()], &lists[..], "a version of the list changed");
            prop_assert_eq!(store.events().len(), events + usize::from(is_changed) + after.len() - lists.len());
            lists = after;
        }
        check_answers(&store, &model);
        let histories: u64 = NAMES.iter().map(|name| {
            let id = institution_id(name);
            let stated = store.read(|draft| history::<Institution>(draft, &id)).len();
            let took_part = store.read(|draft| participation_history(draft, &id)).len();
            u64::try_from(stated + took_part).unwrap()
        }).sum();
        prop_assert_eq!(store.read(version), DirectoryVersion(histories));
    }

    /// Several verbs on one draft do what they do in batches of their own.
    #[test]
    fn one_draft_equals_many(steps in steps()) {
        let (mut one, mut many) = (Store::new(), Store::new());
        begin(&mut one);
        begin(&mut many);
        for step in &steps {
            run(&mut many, step, 5);
        }
        one.write(|draft| {
            for step in &steps {
                let (id, is_participant) = (institution_id(NAMES[step.who]), step.value.is_some());
                let period = step.until.map_or(Period::since(micros(step.from)), |until| during(step.from, until));
                if step.is_participation {
                    let change = ParticipationChange { institution: id, is_participant, period };
                    change_participants(draft, &[change], micros(5))?;
                } else {
                    state(draft, &id, step.value.map(shape).as_ref(), When { period, recorded: micros(5) })?;
                }
            }
            Ok(())
        });
        prop_assert_eq!(one.events(), many.events());
        prop_assert_eq!(all_lists(&one), all_lists(&many));
        prop_assert_eq!(format!("{:?}", one.snapshot()), format!("{:?}", many.snapshot()));
    }
}
