//! Merging, undoing, linking and splitting by clerks.

use super::world::{World, arrival, person};
use crate::{PersonId, RecordId, Refusal, store};

const HANAKO: &str = "石飛 花子 イシトビ ハナコ F 1957-04-05 島根県松江市西川津町1-2-3 0852-11-2222";
const TARO: &str = "糸賀 太郎 イトガ タロウ M 1981-12-24 島根県出雲市今市町5-6 0853-55-6666";
const JIRO: &str = "錦織 次郎 ニシコオリ ジロウ M 1940-01-09 島根県大田市大田町7 0854-77-8888";

impl World {
    fn take(&mut self, institution: &str, line: &str) -> (RecordId, PersonId) {
        let arrived = self.arrive(&arrival(institution, "1", person(line)));
        (arrived.record, arrived.person)
    }

    fn person_of(&self, record: RecordId) -> PersonId {
        self.write(|_, draft| {
            let head = store::record::head(draft, record)?.ok_or(Refusal::NoRecord(record))?;
            Ok(store::person::root(draft, head.home)?.ok_or(Refusal::NoPerson(head.home))?.0)
        })
        .unwrap()
    }

    fn merge(&mut self, one: PersonId, other: PersonId) -> crate::Joined {
        let stamp = self.stamp();
        self.write(|index, draft| crate::merge(index, draft, (one, other), "same person", &stamp)).unwrap()
    }

    fn unmerge(&mut self, merge: crate::MergeId) -> crate::Unmerged {
        let stamp = self.stamp();
        self.write(|index, draft| crate::unmerge(index, draft, merge, "wrong", &stamp)).unwrap()
    }
}

#[test]
fn merges_are_undone_in_any_order() {
    for order in [[0, 1], [1, 0]] {
        let mut world = World::new();
        let people = [world.take("3210000011", HANAKO), world.take("3210000022", TARO), world.take("3210000033", JIRO)];
        let merges = [world.merge(people[0].1, people[1].1).merge, world.merge(people[2].1, people[1].1).merge];
        for (record, _) in people {
            assert_eq!(world.person_of(record), people[0].1, "the oldest enterprise id survives");
        }
        for merge in order {
            world.unmerge(merges[merge]);
        }
        for (record, person) in people {
            assert_eq!(world.person_of(record), person);
        }
    }
}

#[test]
fn a_record_that_came_since_goes_where_it_belongs_and_is_told() {
    let mut world = World::new();
    let (_, hanako) = world.take("3210000011", HANAKO);
    let (_, taro) = world.take("3210000022", TARO);
    let merge = world.merge(hanako, taro).merge;
    let (late, person) = world.take("3210000033", TARO);
    assert_eq!(person, hanako);
    let undone = world.unmerge(merge);
    assert_eq!(undone.since.len(), 1);
    assert_eq!((undone.since[0].0, undone.since[0].1), (late, taro));
    assert_eq!(world.person_of(late), taro);
    let again = world.stamp();
    assert!(world.write(|index, draft| crate::unmerge(index, draft, merge, "wrong", &again)).is_err());
}

#[test]
fn what_a_clerk_unlinks_stays_apart() {
    let mut world = World::new();
    let (first, hanako) = world.take("3210000011", HANAKO);
    let (second, same) = world.take("3210000022", HANAKO);
    assert_eq!(hanako, same);
    let (fresh, stamp) = (world.fresh(), world.stamp());
    world.write(|index, draft| crate::unlink(index, draft, (second, fresh), "another person", &stamp)).unwrap();
    assert_eq!((world.person_of(first), world.person_of(second)), (hanako, fresh));
    let stamp = world.stamp();
    let joined = world.write(|index, draft| crate::look_again(index, draft, fresh, &stamp)).unwrap();
    assert_eq!(joined, None, "a clerk's decision beats any score");
    let stamp = world.stamp();
    world.write(|index, draft| crate::link(index, draft, (second, hanako), "one person after all", &stamp)).unwrap();
    assert_eq!(world.person_of(second), hanako);
    let resolved = world.write(|_, draft| store::person::root(draft, fresh)).unwrap();
    assert_eq!(resolved.map(|(id, _)| id), Some(hanako), "an id once issued resolves for ever");
}
