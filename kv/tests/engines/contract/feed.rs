//! The change feed: complete, without gaps, in commit order.

use super::{Engine, commit, id, partition, writes};
use kv::{Batch, Change, Kv, Seq};
use std::sync::atomic::{AtomicBool, Ordering};

pub(crate) fn is_complete_and_in_order(engine: &mut Engine) {
    let kv = engine.kv();
    for number in 1..=10_u64 {
        // Every third batch says nothing and is left out, but has its position.
        let batch = writes().put(partition(b"a").key(*b"k"), b"1");
        let batch = if number % 3 == 0 { batch } else { batch.log(&number.to_be_bytes()).log(b"second") };
        assert_eq!(commit(kv, &batch.batch(number)), Seq(number));
    }
    let expected: Vec<Change> = (1..=10_u64)
        .filter(|number| number % 3 != 0)
        .map(|number| Change { seq: Seq(number), entries: vec![number.to_be_bytes().into(), (*b"second").into()] })
        .collect();
    for _ in 0..2 {
        let kv = engine.kv();
        assert_eq!(kv.changes(Seq(0), u32::MAX).unwrap(), expected);
        assert_eq!(kv.changes(Seq(0), 3).unwrap(), expected[..3]);
        assert_eq!(kv.changes(Seq(5), 2).unwrap(), expected[4..6]);
        assert_eq!(kv.changes(Seq(10), 2).unwrap(), []);
        assert_eq!(kv.changes(Seq(u64::MAX), 2).unwrap(), []);
        assert_eq!(kv.changes(Seq(0), 0).unwrap(), []);
        engine.reopen();
    }
}

/// Batches per writer of the concurrent promise.
const BATCHES: u64 = 40;
const WRITERS: u64 = 6;

pub(crate) fn is_gapless_under_concurrent_writers(engine: &mut Engine) {
    let kv = engine.kv();
    let is_done = AtomicBool::new(false);
    let (acknowledged, followed) = std::thread::scope(|scope| {
        let follower = scope.spawn(|| follow(kv, &is_done));
        let writers: Vec<_> = (0..WRITERS).map(|writer| scope.spawn(move || write(kv, writer))).collect();
        let acknowledged: Vec<(Seq, Batch)> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
        is_done.store(true, Ordering::SeqCst);
        (acknowledged, follower.join().unwrap())
    });
    let mut expected: Vec<Change> =
        acknowledged.into_iter().map(|(seq, batch)| Change { seq, entries: batch.plan.log }).collect();
    expected.sort_by_key(|change| change.seq);
    let positions: Vec<u64> = expected.iter().map(|change| change.seq.0).collect();
    assert_eq!(positions, (1..=WRITERS * BATCHES).collect::<Vec<_>>(), "no position is left out or given twice");
    assert_eq!(followed, expected, "a follower that never looks back misses nothing");
    engine.reopen();
    assert_eq!(engine.kv().changes(Seq(0), u32::MAX).unwrap(), expected);
}

fn write(kv: &dyn Kv, writer: u64) -> Vec<(Seq, Batch)> {
    let numbers = (0..BATCHES).map(|number| writer * BATCHES + number);
    let batches = numbers
        .map(|number| writes().log(&number.to_be_bytes()).put(partition(b"a").key(id(number).0), b"1").batch(number));
    batches.map(|batch| (commit(kv, &batch), batch)).collect()
}

/// Polls from the last position it has seen, as consumers do.
fn follow(kv: &dyn Kv, is_done: &AtomicBool) -> Vec<Change> {
    let mut seen: Vec<Change> = Vec::new();
    loop {
        let was_done = is_done.load(Ordering::SeqCst);
        let after = seen.last().map_or(Seq(0), |change| change.seq);
        let news = kv.changes(after, 7).unwrap();
        if news.is_empty() && was_done {
            return seen;
        }
        seen.extend(news);
    }
}
