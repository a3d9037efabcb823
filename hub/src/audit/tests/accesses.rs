//! Who saw a person, against a plain list.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_newest_accesses_of_all_writers_are_found(
        // Requests overtake each other by up to 50 seconds; some minutes lie between segments.
        rows in prop::collection::vec((0..2_usize, 0..4_u8, 0..50_i64), 1..40),
        accesses_max in 1..12_usize,
    ) {
        let place = Place::new("audit-accesses");
        let names = ["a", "b"];
        let mut writers = names.map(|name| place.writer_named(name));
        let mut expected = Vec::new();
        for (number, (writer, person, late)) in (0..).zip(rows) {
            let event = event(number * 20 - late, &format!("N{person}"));
            let place = writers[writer].commit(&[payload(&event)]).unwrap();
            writers[writer].seal_if_due(None).unwrap();
            if person < 2 {
                expected.push((event.at, names[writer].to_owned(), place));
            }
        }
        expected.sort();
        expected.reverse();
        let is_more = expected.len() > accesses_max;
        expected.truncate(accesses_max);
        let limits = AccessLimits { accesses_max, ..AccessLimits::default() };
        let answer = accesses(&place.options.folder, &["N0", "N1"], limits).unwrap();
        let found: Vec<_> =
            answer.accesses.iter().map(|access| (access.event.at, access.writer.clone(), access.number)).collect();
        prop_assert_eq!(found, expected);
        prop_assert_eq!(answer.limited_by, is_more.then_some("accesses_max"));
        place.remove();
    }
}

#[test]
fn other_persons_of_a_request_are_not_shown() {
    let place = Place::new("audit-others");
    let mut both = event(1, "N1");
    both.persons.push(Subject { person: "N2".into(), answers: Vec::new() });
    place.open().unwrap().commit(&[payload(&both), payload(&event(2, "N3"))]).unwrap();
    let answer = accesses(&place.options.folder, &["N2"], AccessLimits::default()).unwrap();
    let persons: Vec<_> = answer.accesses.iter().flat_map(|access| &access.event.persons).collect();
    assert_eq!(persons, [&both.persons[1]]);
    place.remove();
}

#[test]
fn limits_and_damage_are_told() {
    let place = Place::new("audit-limits");
    fill(&mut place.open().unwrap(), 0..12);
    let ask = |segments_max| {
        let limits = AccessLimits { segments_max, ..AccessLimits::default() };
        accesses(&place.options.folder, &["N1"], limits).unwrap()
    };
    assert_eq!((ask(100).accesses.len(), ask(100).limited_by), (3, None));
    assert_eq!((ask(1).accesses.len(), ask(1).limited_by), (1, Some("segments_max")));
    std::fs::write(&place.segments()[0], "nonsense\n").unwrap();
    assert_eq!(ask(100).unreadable, 1);
    place.remove();
}
