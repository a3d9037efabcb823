//! A stop at any byte: the trail goes on, or says that sealed events are gone.

use proptest::prelude::*;

use super::*;

/// A trail with one segment, three seals and two events behind them.
fn stopped(name: &str) -> Place {
    let mut place = Place::new(name);
    place.options.segment_bytes = 1 << 20;
    fill(&mut place.open().unwrap(), 0..11);
    place
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_trail_goes_on_after_a_stop_at_any_byte(part in 0.0..1.0, zeros in prop_oneof![Just(0_usize), 1..600_usize]) {
        let place = stopped("audit-crash");
        let path = place.segments()[0].clone();
        let bytes = std::fs::read(&path).unwrap();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of a length")]
        let length = (bytes.len() as f64 * part) as usize;
        let mut left = bytes[..length].to_vec();
        let whole = left.iter().filter(|byte| **byte == b'\n').count() as u64;
        let rest = length - left.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        // A power cut may leave a longer file whose last blocks were never written.
        left.resize(length + zeros, 0);
        std::fs::write(&path, left).unwrap();
        if whole < 9 {
            prop_assert_eq!(place.verify().findings.len(), 1);
            let refused = place.open().unwrap_err();
            let is_behind = matches!(refused, OpenError::Behind { held, sealed: 9, .. } if held == whole);
            prop_assert!(is_behind, "{}", refused);
        } else {
            let verified = place.verify();
            prop_assert!(verified.is_sound(), "{:?}", verified.findings);
            prop_assert_eq!(verified.writers[0].torn_bytes, (rest + zeros) as u64);
            let (mut writer, torn) = Writer::open(place.options.clone(), place.keys.clone()).unwrap();
            prop_assert_eq!(torn.bytes, (rest + zeros) as u64);
            fill(&mut writer, 20..22);
            writer.seal_rest(None).unwrap();
            let verified = place.verify();
            prop_assert!(verified.is_sound(), "{:?}", verified.findings);
            let standing = &verified.writers[0];
            let files = u64::from(rest + zeros > 0);
            prop_assert_eq!((standing.events, standing.unsealed, standing.torn_bytes), (whole + 2, 0, 0));
            prop_assert_eq!(standing.torn_files, files);
        }
        place.remove();
    }

    #[test]
    fn half_a_seal_is_no_seal(cut in 1..200_usize) {
        let place = stopped("audit-half-seal");
        let bytes = std::fs::read(place.seals_file()).unwrap();
        std::fs::write(place.seals_file(), &bytes[..bytes.len() - cut]).unwrap();
        let verified = place.verify();
        prop_assert!(verified.is_sound(), "{:?}", verified.findings);
        prop_assert_eq!((verified.writers[0].seals, verified.unsealed()), (2, 5));
        let mut writer = place.open().unwrap();
        writer.seal_rest(None).unwrap();
        let verified = place.verify();
        prop_assert!(verified.is_sound(), "{:?}", verified.findings);
        prop_assert_eq!((verified.writers[0].seals, verified.unsealed()), (3, 0));
        place.remove();
    }
}

#[test]
fn a_stop_between_a_segment_and_its_first_event_leaves_an_empty_file() {
    let place = Place::new("audit-empty");
    fill(&mut place.open().unwrap(), 0..6);
    std::fs::write(super::super::files::segment(&place.options.folder, "hub", 7), "").unwrap();
    assert_eq!(place.findings(), [""; 0]);
    fill(&mut place.open().unwrap(), 6..9);
    assert_eq!(place.findings(), [""; 0]);
    assert_eq!(place.verify().writers[0].events, 9);
    place.remove();
}

#[test]
fn another_chain_than_the_sealed_one_is_not_continued() {
    let place = stopped("audit-forked");
    let other = Place::new("audit-other");
    let mut options = other.options.clone();
    options.segment_bytes = 1 << 20;
    fill(&mut Writer::open(options, other.keys.clone()).unwrap().0, 100..111);
    std::fs::copy(&other.segments()[0], &place.segments()[0]).unwrap();
    let refused = place.open().unwrap_err();
    assert!(matches!(refused, OpenError::Behind { held: 0, sealed: 9, .. }), "{refused}");
    // Under another name the server goes on, and the finding stays.
    fill(&mut place.writer_named("hub2"), 20..24);
    assert_eq!(place.findings().len(), 1);
    other.remove();
    place.remove();
}

#[test]
fn a_second_server_under_the_same_name_is_refused() {
    let place = stopped("audit-twice");
    let (mut first, mut second) = (place.open().unwrap(), place.open().unwrap());
    fill(&mut first, 20..21);
    let refused = second.commit(&[payload(&event(21, "N1"))]).unwrap_err().to_string();
    assert!(refused.ends_with("somebody else writes it"), "{refused}");
    let refused = second.commit(&[payload(&event(21, "N1"))]).unwrap_err().to_string();
    assert!(refused.ends_with("until it is opened anew"), "{refused}");
    fill(&mut first, 22..23);
    assert_eq!(place.findings(), [""; 0]);
    assert_eq!(place.verify().writers[0].events, 13);
    place.remove();
}

#[test]
fn a_trail_that_cannot_be_sealed_takes_no_more_events() {
    let place = stopped("audit-no-witness");
    let mut writer = place.open().unwrap();
    writer.seal_with(std::fs::File::open(place.seals_file()).unwrap());
    writer.commit(&[payload(&event(20, "N1"))]).unwrap();
    writer.seal_if_due(None).unwrap_err();
    writer.commit(&[payload(&event(21, "N1"))]).unwrap_err();
    assert_eq!(writer.head().events, 12);
    assert_eq!(place.verify().unsealed(), 3);
    // What is overdue is sealed before anything else is written.
    fill(&mut place.open().unwrap(), 21..22);
    assert_eq!((place.verify().writers[0].seals, place.verify().unsealed()), (4, 1));
    place.remove();
}

#[test]
fn a_name_that_is_no_name_is_refused() {
    let mut place = Place::new("audit-name");
    for name in ["", "Hub", "a-b", "a.b", "../x", &"a".repeat(33)] {
        place.options.writer = name.to_owned();
        assert!(matches!(place.open().unwrap_err(), OpenError::Writer(_)), "{name}");
    }
    place.remove();
}
