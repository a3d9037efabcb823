//! Rows that nobody wrote are an error, never a panic and never an answer.

use super::*;
use kv::{Key, Partition};
use proptest::prelude::*;

/// A network with a row of every kind.
fn full() -> Store {
    let mut store = Store::new();
    let always = when(Period::ALWAYS, 0);
    store.write(|draft| {
        let (id, someone) = (institution_id("a"), PractitionerId::new("p").unwrap());
        state(draft, &id, Some(&hospital("a")), always)?;
        state(draft, &authority_id("1.2.3"), Some(&authority("a")), always)?;
        state(draft, &someone, Some(&Practitioner { name: "試験".into() }), always)?;
        state(draft, &(someone, id.clone()), Some(&Post { roles: [Role::Nurse].into(), is_named: true }), always)?;
        let client = Client { name: "s".into(), institution: id.clone(), purposes: [].into(), roles: [].into() };
        state(draft, &ClientId::new("s").unwrap(), Some(&client), always)?;
        let change = ParticipationChange { institution: id, is_participant: true, period: Period::since(micros(0)) };
        change_participants(draft, &[change], micros(0))
    });
    store
}

/// All rows of the directory.
fn rows(store: &Store) -> Vec<(Key, Box<[u8]>)> {
    let spaces = (1..=8).map(kv::Space);
    let parts = spaces.flat_map(|space| {
        let bucket = Partition::new(space, []).bucket();
        store.kv.export(space, bucket, None, 1_000).unwrap()
    });
    parts.collect()
}

#[track_caller]
fn check_refused(store: &Store) {
    let found = Snapshot::load(&mut Draft::new(&store.kv));
    assert!(matches!(found, Err(Error::Store(kv::Error::Corrupt { .. }))), "{found:?}");
}

#[test]
fn there_is_a_row_of_every_kind() {
    assert_eq!(rows(&full()).len(), 8);
    full().snapshot();
}

#[test]
fn a_row_cut_short_lengthened_or_of_another_format_is_corrupt() {
    for (key, row) in rows(&full()) {
        let other_format = [&[2], &row[1..]].concat();
        for broken in [row[..row.len() - 1].to_vec(), [&row[..], &[0]].concat(), other_format, Vec::new()] {
            let mut store = full();
            let mut plan = Plan::default();
            plan.rows.insert(key.clone(), Some(broken.into()));
            store.commit(plan);
            check_refused(&store);
        }
    }
}

#[test]
fn a_lost_or_unnamed_statement_is_corrupt() {
    let mut store = full();
    store.write(|draft| state::<Institution>(draft, &institution_id("a"), None, when(during(0, 9), 1)));
    let first = rows(&store).into_iter().find(|(key, _)| key.partition.space == space::INSTITUTIONS).unwrap();
    let mut plan = Plan::default();
    plan.rows.insert(first.0.clone(), None);
    store.commit(plan);
    check_refused(&store);
    for sort in [&b"a\0"[..], b"a", b"\0\0\0\0\0", b"a b\0\0\0\0\0", b"\xff\0\0\0\0\0", b""] {
        let mut store = full();
        let mut plan = Plan::default();
        plan.rows.insert(first.0.partition.key(sort), Some(first.1.clone()));
        store.commit(plan);
        check_refused(&store);
    }
}

#[test]
fn the_error_does_not_hold_the_content() {
    let mut store = full();
    let mut plan = Plan::default();
    let key = Partition::new(space::PRACTITIONERS, []).key(*b"p\0\0\0\0\0");
    plan.rows.insert(key, Some([9, 9].into()));
    store.commit(plan);
    let error = Snapshot::load(&mut Draft::new(&store.kv)).unwrap_err();
    let Error::Store(error) = error else { panic!("{error:?}") };
    let message = error.to_string();
    assert!(message.starts_with("cannot read the directory: the store is corrupt at space 4, bucket "), "{message}");
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(place in 0..8_usize, bytes in prop::collection::vec(any::<u8>(), 0..60), format in 0..2_u8) {
        let mut store = full();
        let (key, _) = rows(&store).remove(place);
        let mut plan = Plan::default();
        plan.rows.insert(key, Some([&[format][..], &bytes].concat().into()));
        store.commit(plan);
        let _ = Snapshot::load(&mut Draft::new(&store.kv));
    }

    #[test]
    fn a_changed_byte_does_not_make_it_panic(place in 0..8_usize, at in 0..200_usize, byte: u8) {
        let mut store = full();
        let (key, mut row) = rows(&store).remove(place);
        let at = at % row.len();
        row[at] = byte;
        let mut plan = Plan::default();
        plan.rows.insert(key, Some(row));
        store.commit(plan);
        let _ = Snapshot::load(&mut Draft::new(&store.kv));
    }

    #[test]
    fn no_entry_of_the_log_makes_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..60)) {
        let _ = Event::decode(&[&[log::DIRECTORY, 1][..], &bytes].concat());
        let _ = Event::decode(&bytes);
    }
}
