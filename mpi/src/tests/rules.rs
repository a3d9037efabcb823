//! Rules in operation: switching, applying, rolling back.

use super::world::{World, arrival, model, person};
use crate::rules::{self, Applied, Rebuild};
use crate::{PersonId, store};

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

#[test]
fn a_run_joins_what_it_finds_and_is_rolled_back() {
    let mut world = World::new();
    // Two records arrive at once, neither sees the other: what a second look or other rules have to find.
    let (first, second) = (arrival("3210000011", "1", person(HANAKO)), arrival("3210000022", "2", person(HANAKO)));
    let one = world.arrive(&first).person;
    let (fresh, stamp) = (world.fresh(), world.stamp());
    let blind = World::new();
    let plan = {
        let mut draft = kv::Draft::new(&blind.kv);
        crate::arrive(&world.index(), &mut draft, &second, fresh, &stamp).unwrap();
        kv::Plan { asserts: std::collections::BTreeMap::new(), ..draft.finish() }
    };
    kv::Kv::commit(&world.kv, &plan.into_batch(kv::BatchId([9; 16]))).unwrap();
    assert_ne!(world.stands_for(fresh), one);
    let stamp = world.stamp();
    let applied = world.write(|index, draft| rules::apply(index, draft, fresh, "run", &stamp)).unwrap();
    let Applied::Joined(merge) = applied else { panic!("{applied:?}") };
    assert_eq!(world.stands_for(fresh), one);
    assert_eq!(world.write(|_, draft| rules::merges_of(draft, "run", 10)).unwrap(), [merge]);
    let stamp = world.stamp();
    world.write(|index, draft| rules::roll_back(index, draft, "run", merge, &stamp)).unwrap();
    assert_eq!(world.stands_for(fresh), fresh);
    assert_eq!(world.write(|_, draft| rules::merges_of(draft, "run", 10)).unwrap(), []);
    let stamp = world.stamp();
    let again = world.write(|index, draft| rules::apply(index, draft, fresh, "next", &stamp)).unwrap();
    assert!(matches!(again, Applied::Joined(_)), "nobody keeps the two apart");
}

#[test]
fn namesakes_are_left_to_a_clerk() {
    let mut world = World::new();
    world.arrive(&arrival("3210000011", "1", person(HANAKO)));
    let other = world.arrive(&arrival("3210000022", "2", person(ELSEWHERE))).person;
    let stamp = world.stamp();
    let applied = world.write(|index, draft| rules::apply(index, draft, other, "run", &stamp)).unwrap();
    assert_eq!(applied, Applied::Stands);
}
