//! What a caller may see.

use super::world::{World, arrival, person};
use crate::Visible;
use crate::read::{self, Query};
use directory::InstitutionId;

const HANAKO: &str = "石飛 花子 イシトビ ハナコ F 1957-04-05 島根県松江市西川津町1-2-3 0852-11-2222";

fn seen_by(institution: &str) -> Visible {
    Visible::custodian(InstitutionId::new(institution).unwrap())
}

#[test]
fn a_hidden_record_is_as_none() {
    let mut world = World::new();
    let first = arrival("3210000011", "1", person(HANAKO));
    let second = arrival("3210000022", "2", person(HANAKO));
    let known = world.arrive(&first).person;
    world.arrive(&second);
    let resolve = |identifier, visible: &Visible| {
        world.write(|index, draft| read::resolve(index, draft, identifier, visible)).unwrap()
    };
    assert_eq!(resolve(&first.identifier, &Visible::All).unwrap().records.len(), 2);
    assert_eq!(resolve(&first.identifier, &seen_by("3210000011")).unwrap().records.len(), 1);
    assert_eq!(resolve(&first.identifier, &seen_by("3210000022")), None);
    let by_id = |visible: &Visible| world.write(|index, draft| read::person(index, draft, known, visible)).unwrap();
    assert_eq!(by_id(&Visible::All).unwrap().persons, [known]);
    assert_eq!(by_id(&seen_by("3210000033")), None);
}

#[test]
fn a_description_finds_the_visible() {
    let mut world = World::new();
    let known = world.arrive(&arrival("3210000011", "1", person(HANAKO))).person;
    let query = Query { demographics: person(HANAKO), limit: 10, weight_min: 0.0 };
    let find = |visible: &Visible| world.write(|index, draft| read::find(index, draft, &query, visible)).unwrap();
    assert_eq!(find(&Visible::All).persons.first().map(|found| found.person), Some(known));
    assert_eq!(find(&seen_by("3210000022")), read::Found::default());
}

#[test]
fn a_cross_reference_says_what_the_person_says() {
    let mut world = World::new();
    let first = arrival("3210000011", "1", person(HANAKO));
    let second = arrival("3210000022", "2", person(HANAKO));
    let third =
        arrival("3210000022", "3", person("山崎 鬼一 ヤマサキ キイチ M 1990-01-02 東京都文京区1-1 03-1111-2222"));
    let one = world.arrive(&first).person;
    world.arrive(&second);
    let other = world.arrive(&third).person;
    let stamp = world.stamp();
    world.write(|index, draft| crate::merge(index, draft, (one, other), "the same card", &stamp)).unwrap();
    let visibles = [Visible::All, seen_by("3210000011"), seen_by("3210000022"), seen_by("3210000033")];
    let (mut found, mut hidden) = (0, 0);
    for arrival in [&first, &second, &third] {
        for visible in &visibles {
            let asked = world.write(|index, draft| {
                let person = read::resolve(index, draft, &arrival.identifier, visible)?;
                Ok((person, read::cross_reference(index, draft, &arrival.identifier, visible)?))
            });
            let (person, cross) = asked.unwrap();
            let expected = person.map(|person| {
                let records: Vec<_> = person.records.into_iter().map(|it| (it.record, it.identifier)).collect();
                (person.person, records)
            });
            let given = cross.map(|cross| {
                let records: Vec<_> = cross.records.into_iter().map(|it| (it.record, it.identifier)).collect();
                (cross.person, records)
            });
            *(if given.is_some() { &mut found } else { &mut hidden }) += 1;
            assert_eq!(given, expected);
        }
    }
    assert_eq!((found, hidden), (6, 6));
}
