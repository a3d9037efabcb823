//! Batches: all or nothing, once, within the limits.

use super::{Engine, beside_another_writer, commit, get, id, partition, scan_all, version, writes};
use kv::{Batch, Commit, Error, Kv, Limits, Seq, Settled};

pub(crate) fn asserts_match_or_conflict(engine: &mut Engine) {
    let (a, b) = (partition(b"a"), partition(b"b"));
    let kv = engine.kv();
    commit(kv, &writes().assert(&a, 0).put(a.key(*b"k"), b"1").batch(1));
    assert_eq!((version(kv, &a), version(kv, &b)), (1, 0));
    commit(kv, &writes().assert(&a, 1).assert(&b, 0).batch(2));
    assert_eq!((version(kv, &a), version(kv, &b)), (2, 1));
    for (number, a_version, b_version, stale) in
        [(3, 1, 1, vec![&a]), (4, 2, 0, vec![&b]), (5, 3, 9, vec![&a, &b]), (6, u64::MAX, 1, vec![&a])]
    {
        let batch = writes().assert(&a, a_version).assert(&b, b_version).batch(number);
        assert_eq!(kv.commit(&batch).unwrap(), Commit::Conflict(stale.into_iter().cloned().collect()));
    }
    engine.reopen();
    assert_eq!((version(engine.kv(), &a), version(engine.kv(), &b)), (2, 1));
    commit(engine.kv(), &writes().assert(&a, 2).batch(7));
}

pub(crate) fn a_conflict_leaves_nothing_behind(engine: &mut Engine) {
    let (a, b) = (partition(b"a"), partition(b"b"));
    commit(engine.kv(), &writes().assert(&a, 0).put(a.key(*b"old"), b"1").log(b"first").batch(1));
    let refused = writes()
        .assert(&a, 0)
        .assert(&b, 0)
        .put(a.key(*b"new"), b"2")
        .put(b.key(*b"new"), b"2")
        .delete(a.key(*b"old"))
        .log(b"second")
        .batch(2);
    assert_eq!(engine.kv().commit(&refused).unwrap(), Commit::Conflict(vec![a.clone()]));
    for _ in 0..2 {
        let kv = engine.kv();
        assert_eq!((version(kv, &a), version(kv, &b)), (1, 0));
        assert_eq!(scan_all(kv, &a).rows, [((*b"old").into(), (*b"1").into())]);
        assert!(scan_all(kv, &b).rows.is_empty());
        assert_eq!(kv.changes(Seq(0), 9).unwrap().len(), 1);
        assert_eq!(kv.health().seq, Seq(1));
        engine.reopen();
    }
    // The id was not spent: what conflicted may be tried again with other asserts.
    commit(engine.kv(), &writes().assert(&a, 1).batch(2));
}

pub(crate) fn a_repeated_id_commits_once(engine: &mut Engine) {
    let a = partition(b"a");
    let first = writes().assert(&a, 0).put(a.key(*b"k"), b"1").log(b"first").batch(1);
    let seq = commit(engine.kv(), &first);
    commit(engine.kv(), &writes().put(a.key(*b"k"), b"2").log(b"second").batch(2));
    for _ in 0..2 {
        let kv = engine.kv();
        // Also when the repetition says something else: the id alone counts.
        let altered = Batch { id: id(1), ..writes().assert(&a, 77).put(a.key(*b"k"), b"3").batch(9) };
        assert_eq!(commit(kv, &first), seq);
        assert_eq!(commit(kv, &altered), seq);
        assert_eq!(get(kv, &a.key(*b"k")).unwrap(), b"2");
        assert_eq!(version(kv, &a), 1);
        assert_eq!(kv.changes(Seq(0), 9).unwrap().len(), 2);
        assert_eq!(kv.health().seq, Seq(2));
        engine.reopen();
    }
    beside_another_writer(engine.kv(), |kv| (100..130).for_each(|number| repeat_at_the_same_time(kv, number)));
}

/// As a caller does who lost patience.
fn repeat_at_the_same_time(kv: &dyn Kv, number: u64) {
    let key = partition(b"repeated").key(id(number).0);
    let batch = writes().assert(&partition(&id(number).0), 0).put(key, b"1").log(&number.to_be_bytes()).batch(number);
    let seqs: Vec<Seq> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(|| commit(kv, &batch))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(seqs, [seqs[0]; 6]);
    let changes = kv.changes(Seq(0), u32::MAX).unwrap();
    let logged: Vec<Seq> =
        changes.iter().filter(|change| change.entries == batch.plan.log).map(|change| change.seq).collect();
    assert_eq!(logged, seqs[..1]);
    assert_eq!(version(kv, &partition(&id(number).0)), 1);
}

pub(crate) fn limits_are_refused_before_writing(engine: &mut Engine) {
    let limits = Limits::ALL;
    let a = partition(b"a");
    let ok = writes().put(a.key(*b"k"), b"1").log(b"entry");
    let long_part = partition(&vec![1; limits.part_bytes_max + 1]);
    let long_sort = a.key(vec![1; limits.sort_bytes_max + 1]);
    // Engines leave room for an envelope, so only what is over both is refused by all of them.
    let long_value = vec![1; limits.value_bytes_max + limits.envelope_bytes_max + 1];
    let mut many_rows = ok.clone();
    for number in 0..u32::try_from(limits.rows_max).unwrap() {
        many_rows = many_rows.put(a.key(number.to_be_bytes()), b"");
    }
    let mut many_asserts = ok.clone();
    for number in 0..=u32::try_from(limits.asserts_max).unwrap() {
        many_asserts = many_asserts.assert(&partition(&number.to_be_bytes()), 0);
    }
    let mut many_entries = ok.clone();
    for _ in 0..limits.entries_max {
        many_entries = many_entries.log(b"");
    }
    let refused = [
        ok.clone().assert(&long_part, 0),
        ok.clone().put(long_part.key([]), b""),
        ok.clone().delete(long_sort.clone()),
        ok.clone().put(long_sort.clone(), b""),
        ok.clone().put(a.key(*b"l"), &long_value),
        ok.clone().log(&long_value),
        many_rows,
        many_asserts,
        many_entries,
    ];
    for (number, batch) in (1..).zip(refused) {
        let error = engine.kv().commit(&batch.batch(number)).unwrap_err();
        assert!(matches!(error, Error::TooLarge(_)), "{error:?}");
    }
    assert_eq!(engine.kv().health().seq, Seq(0));
    assert_eq!(get(engine.kv(), &a.key(*b"k")), None);
    // Keys over the limit cannot be there: to look for them is no error.
    assert_eq!(get(engine.kv(), &long_part.key([])), None);
    assert_eq!(get(engine.kv(), &long_sort), None);
    // What is exactly at the limit is taken.
    let largest = partition(&vec![255; limits.part_bytes_max]).key(vec![255; limits.sort_bytes_max]);
    let value = vec![7; limits.value_bytes_max];
    commit(engine.kv(), &writes().put(largest.clone(), &value).log(&value).batch(99));
    engine.reopen();
    assert_eq!(get(engine.kv(), &largest).unwrap(), value);
    assert_eq!(engine.kv().changes(Seq(0), 1).unwrap()[0].entries[0].len(), value.len());
}

pub(crate) fn settling_decides_for_ever(engine: &mut Engine) {
    let a = partition(b"a");
    let (done, burnt) = (writes().put(a.key(*b"k"), b"1").batch(1), writes().put(a.key(*b"k"), b"2").batch(2));
    let seq = commit(engine.kv(), &done);
    for _ in 0..2 {
        let kv = engine.kv();
        assert_eq!(kv.settle(done.id).unwrap(), Settled::Committed(seq));
        assert_eq!(kv.settle(burnt.id).unwrap(), Settled::Never);
        assert_eq!(kv.commit(&burnt).unwrap(), Commit::Conflict(vec![]));
        assert_eq!(kv.settle(burnt.id).unwrap(), Settled::Never);
        assert_eq!(get(kv, &a.key(*b"k")).unwrap(), b"1");
        assert_eq!(kv.health().seq, seq);
        engine.reopen();
    }
    beside_another_writer(engine.kv(), settling_agrees_with_a_commit_at_the_same_time);
}

fn settling_agrees_with_a_commit_at_the_same_time(kv: &dyn Kv) {
    for number in 200..240 {
        let batch = writes().put(partition(b"r").key(id(number).0), b"1").batch(number);
        let barrier = std::sync::Barrier::new(2);
        let (committed, settled) = std::thread::scope(|scope| {
            let committing = scope.spawn(|| {
                barrier.wait();
                kv.commit(&batch).unwrap()
            });
            barrier.wait();
            let settled = kv.settle(batch.id).unwrap();
            (committing.join().unwrap(), settled)
        });
        let is_there = get(kv, &partition(b"r").key(id(number).0)).is_some();
        match (committed, settled) {
            (Commit::Committed(seq), Settled::Committed(settled)) => assert!(seq == settled && is_there),
            (Commit::Conflict(stale), Settled::Never) => assert!(stale.is_empty() && !is_there),
            other => panic!("{other:?}"),
        }
    }
}

pub(crate) fn later_rows_win_and_deletes_stay(engine: &mut Engine) {
    let a = partition(b"a");
    for (number, value) in (1..).zip([b"1", b"2", b"3"]) {
        commit(engine.kv(), &writes().put(a.key(*b"k"), value).put(a.key(*b"l"), value).batch(number));
    }
    commit(engine.kv(), &writes().delete(a.key(*b"k")).delete(a.key(*b"never")).batch(4));
    for _ in 0..2 {
        assert_eq!(get(engine.kv(), &a.key(*b"k")), None);
        assert_eq!(get(engine.kv(), &a.key(*b"l")).unwrap(), b"3");
        engine.reopen();
    }
    commit(engine.kv(), &writes().put(a.key(*b"k"), b"").batch(5));
    assert_eq!(get(engine.kv(), &a.key(*b"k")).unwrap(), b"", "an empty value is a value");
}
