//! Export: everything, exactly once, in one order.

use super::{Engine, commit, partition, writes};
use kv::{BUCKETS, Key, KeyedRow, Kv, Partition, Space};

pub(crate) fn covers_everything_once(engine: &mut Engine) {
    let mut expected: Vec<KeyedRow> = Vec::new();
    let mut batch = writes();
    for number in 0..600_u32 {
        for space in [1, 7, 255] {
            let name = number.to_be_bytes();
            let key = Partition::new(Space(space), &name[name.len() - 1 - (number as usize % 3)..]).key(name);
            expected.push((key.clone(), [space].into()));
            batch = batch.put(key, &[space]);
        }
    }
    commit(engine.kv(), &batch.batch(1));
    expected.sort();
    for limit in [1, 3, u32::MAX] {
        for space in [1, 7, 255] {
            let mut found = export_all(engine.kv(), Space(space), limit);
            found.sort();
            let expected: Vec<&KeyedRow> = expected.iter().filter(|(key, _)| key.partition.space.0 == space).collect();
            assert_eq!(found.iter().collect::<Vec<_>>(), expected);
        }
        assert!(export_all(engine.kv(), Space(2), limit).is_empty());
        engine.reopen();
    }
    assert!(engine.kv().export(Space(7), 0, None, 0).unwrap().is_empty());
}

/// Every bucket, page by page.
fn export_all(kv: &dyn Kv, space: Space, limit: u32) -> Vec<KeyedRow> {
    let mut found: Vec<KeyedRow> = Vec::new();
    for bucket in 0..BUCKETS {
        let bucket = u8::try_from(bucket).unwrap();
        let mut after: Option<Key> = None;
        loop {
            let page = kv.export(space, bucket, after.as_ref(), limit).unwrap();
            assert!(page.iter().all(|(key, _)| key.partition.bucket() == bucket && key.partition.space == space));
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            found.extend(page);
        }
    }
    found
}

pub(crate) fn has_one_order(engine: &mut Engine) {
    // Names of several lengths that share a bucket.
    let names: Vec<Vec<u8>> = (0..4000_u32).map(|n| n.to_be_bytes()[2 + (n as usize % 2)..].to_vec()).collect();
    let mut batch = writes();
    for place in names.iter().map(|name| partition(name)).filter(|place| place.bucket() == 9) {
        batch = batch.put(place.key(*b"b"), b"").put(place.key(*b"a\0"), b"").put(place.key(*b"a"), b"");
    }
    commit(engine.kv(), &batch.batch(1));
    let found = engine.kv().export(Space(7), 9, None, u32::MAX).unwrap();
    let mut lengths: Vec<usize> = found.iter().map(|(key, _)| key.partition.part.len()).collect();
    lengths.dedup();
    assert!(lengths.len() == 2 && found.len() > 6, "the test needs partitions of two lengths in one bucket");
    assert!(found.is_sorted_by(|(left, _), (right, _)| left < right));
    // A key that is not there, before the first and after the last, is as good a start as one that is.
    let middle = &found[found.len() / 2].0;
    let between = middle.partition.key([&middle.sort[..], &[0]].concat());
    let after = engine.kv().export(Space(7), 9, Some(&between), u32::MAX).unwrap();
    assert_eq!(after, found.iter().filter(|(key, _)| *key > between).cloned().collect::<Vec<_>>());
    let last = partition(&[255; 255]).key([255; 255]);
    assert!(engine.kv().export(Space(7), 9, Some(&last), 9).unwrap().is_empty());
}
