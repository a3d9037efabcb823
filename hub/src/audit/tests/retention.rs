//! Old segments go, their root stays.

use proptest::prelude::*;

use super::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_trail_without_its_old_segments_verifies_and_goes_on(before in prop::collection::vec(-5..40_i64, 1..4)) {
        let place = Place::new("audit-retention");
        let mut writer = place.open().unwrap();
        fill(&mut writer, 0..20);
        let mut removed = 0;
        for (round, before) in (0..).zip(before) {
            removed += writer.retain(second(before)).unwrap();
            let verified = place.verify();
            prop_assert!(verified.is_sound(), "{:?}", verified.findings);
            let standing = &verified.writers[0];
            prop_assert_eq!((standing.events, standing.removed), (20 + round, removed));
            let found = accesses(&place.options.folder, &["N0", "N1", "N2", "N3"], AccessLimits::default()).unwrap();
            let kept: Vec<i64> = found.accesses.iter().map(|access| access.event.at.micros()).collect();
            prop_assert_eq!(kept.len() as u64, standing.events - removed, "every event is there or counted as removed");
            // The last segment stays, whatever its age.
            let is_old = |segment: &std::path::PathBuf| {
                let bytes = std::fs::read(segment).unwrap();
                let mut ats = files::lines(&bytes).map(|line| line::parse(line).unwrap().event().unwrap().at);
                ats.all(|at| at < second(before))
            };
            let segments = place.segments();
            prop_assert!(!segments[..segments.len() - 1].iter().any(is_old));
            fill(&mut writer, 20 + round as i64..21 + round as i64);
        }
        drop(writer);
        let events = place.verify().writers[0].events;
        fill(&mut place.open().unwrap(), 50..53);
        let verified = place.verify();
        prop_assert!(verified.is_sound(), "{:?}", verified.findings);
        prop_assert_eq!(verified.writers[0].events, events + 3);
        place.remove();
    }
}

#[test]
fn the_root_of_what_went_cannot_be_changed_replaced_or_removed() {
    let place = Place::new("audit-root");
    let mut writer = place.open().unwrap();
    fill(&mut writer, 0..30);
    let stub = files::stub(&place.options.folder, "hub");
    assert!(writer.retain(second(10)).unwrap() > 0);
    let old = std::fs::read(&stub).unwrap();
    assert!(writer.retain(second(20)).unwrap() > 0);
    let new = std::fs::read(&stub).unwrap();
    let mut changed = new.clone();
    changed[40] ^= 1;
    for content in [&old, &changed] {
        std::fs::write(&stub, content).unwrap();
        assert!(!place.verify().is_sound(), "{}", String::from_utf8_lossy(content));
    }
    std::fs::remove_file(&stub).unwrap();
    assert!(!place.verify().is_sound());
    std::fs::write(&stub, &new).unwrap();
    assert!(place.verify().is_sound());
    place.remove();
}

#[test]
fn a_removal_that_was_cut_short_is_finished_by_the_next() {
    let place = Place::new("audit-cut-short");
    let mut writer = place.open().unwrap();
    fill(&mut writer, 0..30);
    let first = place.segments()[0].clone();
    let content = std::fs::read(&first).unwrap();
    writer.retain(second(20)).unwrap();
    // Only the root was written before the stop.
    std::fs::write(&first, content).unwrap();
    assert!(place.findings()[0].contains("retention was cut short"), "{:?}", place.findings());
    let TrailOptions { folder, witness, .. } = &place.options;
    assert_eq!(super::super::retention::remove(folder, witness, &place.keys, second(0)).unwrap(), 0);
    assert_eq!(place.findings(), [""; 0]);
    place.remove();
}
