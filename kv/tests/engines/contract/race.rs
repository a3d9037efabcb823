//! Concurrent decisions: asserts make them safe, and without asserts they are not.

use super::{Engine, beside_another_writer, partition, version, writes};
use kv::{Commit, Freshness, Kv, Read};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const THREADS: usize = 4;
const ROUNDS: u64 = 40;

pub(crate) fn no_update_is_lost(engine: &mut Engine) {
    beside_another_writer(engine.kv(), |kv| assert_eq!(count_together(kv, true), ROUNDS * THREADS as u64));
    engine.reopen();
    assert_eq!(version(engine.kv(), &partition(b"counter")), ROUNDS * THREADS as u64);
}

/// The negative control: the same race without asserts must lose updates, or the race is none.
pub(crate) fn updates_are_lost_without_asserts(engine: &mut Engine) {
    assert!(count_together(engine.kv(), false) < ROUNDS * THREADS as u64);
}

/// Every thread adds one to the same counter every round; all have read before any commits.
fn count_together(kv: &dyn Kv, has_asserts: bool) -> u64 {
    let place = partition(b"counter");
    let next_id = AtomicU64::new(0);
    let barrier = Barrier::new(THREADS);
    let read = || {
        let rows = kv.read(&[Read::Get(place.key(*b"n"))], Freshness::Latest).unwrap().remove(0);
        let count = rows.rows.first().map_or(0, |(_, value)| u64::from_be_bytes((**value).try_into().unwrap()));
        (rows.version.0, count)
    };
    let add = |(seen_version, count): (u64, u64)| {
        let batch = writes().put(place.key(*b"n"), &(count + 1_u64).to_be_bytes());
        let batch = if has_asserts { batch.assert(&place, seen_version) } else { batch };
        let number = next_id.fetch_add(1, Ordering::SeqCst);
        matches!(kv.commit(&batch.batch(number)).unwrap(), Commit::Committed(_))
    };
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    let mut seen = read();
                    barrier.wait();
                    while !add(seen) {
                        seen = read();
                    }
                    barrier.wait();
                }
            });
        }
    });
    read().1
}

pub(crate) fn rows_fit_their_version(engine: &mut Engine) {
    let kv = engine.kv();
    let place = partition(b"pair");
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while !is_done.load(Ordering::SeqCst) {
                    check_pair(kv);
                }
            });
        }
        for number in 0..200_u64 {
            let value = (number + 1).to_be_bytes();
            let batch = writes().assert(&place, number).put(place.key(*b"a"), &value).put(place.key(*b"z"), &value);
            assert!(matches!(kv.commit(&batch.batch(number)).unwrap(), Commit::Committed(_)));
        }
        is_done.store(true, Ordering::SeqCst);
    });
    check_pair(kv);
}

/// Both rows of one scan come from one moment, and the version is that of this moment or an older one.
fn check_pair(kv: &dyn Kv) {
    let rows = super::scan_all(kv, &partition(b"pair"));
    let numbers: Vec<u64> =
        rows.rows.iter().map(|(_, value)| u64::from_be_bytes((**value).try_into().unwrap())).collect();
    match numbers[..] {
        [] => assert_eq!(rows.version.0, 0),
        [a, z] => assert!(a == z && rows.version.0 <= a, "{a} {z} {:?}", rows.version),
        _ => panic!("{numbers:?}"),
    }
}
