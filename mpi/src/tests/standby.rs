//! What stands by is what would have been written had it decided from the beginning.

use super::random::{Model, Operation, any};
use super::world::{World, arrival, model, other_model, person};
use crate::rules::{self, Preparation, PreparationState, Rebuild, Reviewed};
use crate::verify::{Counts, verify};
use crate::{Error, Stamp};
use kv::Kv;
use proptest::prelude::*;

const HANAKO: &str = "石飛 花子 イシトビ ハナコ F 1957-04-05 島根県松江市西川津町1-2-3 0852-11-2222";

impl World {
    fn prepare(&mut self) -> Preparation {
        let (first, then) = (self.stamp(), self.stamp());
        let prepared = self.write(|_, draft| {
            if rules::active(draft)?.is_none() {
                rules::activate(draft, model().version(), 0, &first)?;
            }
            rules::prepare(draft, other_model().version(), &then)
        });
        self.has_standby = true;
        prepared.unwrap()
    }

    fn preparation(&self) -> Option<Preparation> {
        self.write(|_, draft| rules::preparation(draft)).unwrap()
    }

    /// One step over a few records; whether there may be more to do.
    fn step_of(&mut self, records: usize) -> bool {
        self.now += 1;
        let Some(preparation) = self.preparation() else { return false };
        let Some(page) = rules::page(&self.kv, &preparation, records).unwrap() else { return false };
        self.write(|index, draft| rules::step(index, draft, (&preparation, &page))).unwrap();
        true
    }

    /// Lets the other version take over.
    fn switch(&mut self) {
        let stamp = self.stamp();
        let (version, against) = (other_model().version().into(), model().version().into());
        let reviewed = Reviewed { version, against, until: self.kv.health().seq.0, changes: Vec::new() };
        let asked = (&reviewed, Some(Rebuild::Blocks));
        self.write(|_, draft| rules::begin(draft, asked, ("r1", "a test"), &stamp)).unwrap();
        self.is_switched = true;
        let stamp = self.stamp();
        self.write(|_, draft| rules::end(draft, "r1", &stamp)).unwrap();
    }

    fn proved(&self, is_switched: bool) -> Counts {
        let verified = verify(&self.index_of(is_switched), &self.kv, &mut |_| {}).unwrap();
        assert_eq!(verified.violations, []);
        verified.counts
    }
}

fn histories() -> impl Strategy<Value = [Vec<Operation>; 4]> {
    let some = || prop::collection::vec(any(36), 1..40);
    [some(), some(), some(), some()]
}

fn play(model: &mut Model, operations: &[Operation]) {
    operations.iter().for_each(|operation| model.play(operation));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 60, ..ProptestConfig::default() })]
    #[test]
    fn whatever_happens_while_it_is_written_and_after_it_is_switched_nothing_is_missing(
        [before, during, after, last] in histories(), records in 1_usize..5,
    ) {
        let mut history = Model::new();
        play(&mut history, &before);
        history.world.prepare();
        for operation in &during {
            history.play(operation);
            history.world.step_of(records);
        }
        while history.world.step_of(records) {}
        prop_assert_eq!(history.world.preparation().unwrap().state, PreparationState::Ready);
        let counts = [history.world.proved(false), history.world.proved(true)];
        prop_assert_eq!(counts[0].members, 2 * counts[0].members_unchecked, "each record has two member rows");
        history.world.switch();
        play(&mut history, &after);
        history.world.proved(false);
        history.world.proved(true);
        let stamp = history.world.stamp();
        history.world.write(|_, draft| rules::release(draft, &stamp)).unwrap();
        history.world.has_standby = false;
        for operation in &last {
            history.play(operation);
            history.world.step_of(records);
        }
        while history.world.step_of(records) {}
        prop_assert!(history.world.preparation().is_none());
        prop_assert_eq!(history.world.proved(true).members_unchecked, 0, "nothing of the earlier generation is left");
    }
}

#[test]
fn whoever_does_not_know_of_the_standby_writes_nothing() {
    let mut world = World::new();
    world.arrive(&arrival("3210000011", "1", person(HANAKO)));
    world.prepare();
    let arrive = |world: &mut World| {
        let (fresh, stamp) = (world.fresh(), world.stamp());
        let arrival = arrival("3210000022", "2", person(HANAKO));
        world.write(|index, draft| crate::arrive(index, draft, &arrival, fresh, &stamp))
    };
    world.has_standby = false;
    assert!(matches!(arrive(&mut world), Err(Error::Superseded)));
    world.has_standby = true;
    assert!(arrive(&mut world).is_ok());
}

#[test]
fn a_version_takes_over_and_is_taken_back_only_while_what_it_needs_stands_by() {
    let mut world = World::new();
    world.arrive(&arrival("3210000011", "1", person(HANAKO)));
    let refusal = |world: &mut World, verb: &dyn Fn(&mut kv::Draft<'_>, &Stamp) -> Result<(), Error>| {
        let stamp = world.stamp();
        world.write(|_, draft| verb(draft, &stamp)).unwrap_err().to_string()
    };
    let prepare = |draft: &mut kv::Draft<'_>, stamp: &Stamp| rules::prepare(draft, "a third", stamp).map(drop);
    let take_back = |draft: &mut kv::Draft<'_>, stamp: &Stamp| rules::take_back(draft, "r1", "no", stamp).map(drop);
    let begin = |draft: &mut kv::Draft<'_>, stamp: &Stamp| {
        let (version, against) = (other_model().version().into(), model().version().into());
        let reviewed = Reviewed { version, against, until: 0, changes: Vec::new() };
        rules::begin(draft, (&reviewed, Some(Rebuild::Blocks)), ("r0", "a test"), stamp).map(drop)
    };
    assert!(refusal(&mut world, &prepare).contains("no rules decide yet"));
    world.prepare();
    assert!(refusal(&mut world, &prepare).contains("another version stands by"));
    assert!(refusal(&mut world, &begin).contains("still being written"));
    while world.step_of(10) {}
    world.switch();
    let stamp = world.stamp();
    world.write(|_, draft| rules::release(draft, &stamp)).unwrap();
    world.has_standby = false;
    assert!(refusal(&mut world, &take_back).contains("prepare the version first"));
    while world.step_of(10) {}
    // The earlier version is prepared as any other, and then the change can be taken back.
    let stamp = world.stamp();
    world.write(|_, draft| rules::prepare(draft, model().version(), &stamp)).unwrap();
    world.has_standby = true;
    while world.step_of(10) {}
    let stamp = world.stamp();
    world.write(|_, draft| rules::take_back(draft, "r1", "too bold", &stamp)).unwrap();
    world.is_switched = false;
    let active = world.write(|_, draft| rules::active(draft)).unwrap().unwrap();
    assert_eq!((&*active.version, active.generation), (model().version(), 0));
    world.arrive(&arrival("3210000022", "2", person(HANAKO)));
    world.proved(false);
    world.proved(true);
}
