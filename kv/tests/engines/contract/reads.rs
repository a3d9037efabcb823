//! Reads: bounded, ordered, fresh.

use super::{Engine, commit, get, partition, scan_all, version, writes};
use kv::{Freshness, Key, Partition, Read, Seq, Space};

pub(crate) fn scans_stay_in_their_partition(engine: &mut Engine) {
    // Neighbours of every kind: prefixes of each other, the same name in another space, names that end in zeros.
    let names: [&[u8]; 9] = [b"", b"\0", b"\0\0", b"a", b"a\0", b"a\0b", b"ab", b"b", &[255]];
    let mut everywhere: Vec<Partition> = Vec::new();
    for space in [0, 6, 7, 8, 255] {
        everywhere.extend(names.iter().map(|name| Partition::new(Space(space), *name)));
    }
    let mut batch = writes();
    for place in &everywhere {
        for sort in [&b""[..], b"\0", b"a", b"a\0", b"b", &[255; 3]] {
            batch = batch.put(place.key(sort), format!("{place:?}").as_bytes());
        }
    }
    commit(engine.kv(), &batch.batch(1));
    for _ in 0..2 {
        for place in &everywhere {
            let rows = scan_all(engine.kv(), place).rows;
            assert_eq!(rows.len(), 6, "{place:?}");
            assert!(rows.iter().all(|(_, value)| **value == *format!("{place:?}").as_bytes()), "{place:?}");
            assert!(rows.is_sorted_by(|(left, _), (right, _)| left < right), "{place:?}");
        }
        engine.reopen();
    }
}

pub(crate) fn scans_keep_their_bounds(engine: &mut Engine) {
    let a = partition(b"a");
    let mut batch = writes();
    for sort in [b"b", b"d", b"f", b"h"] {
        batch = batch.put(a.key(*sort), sort);
    }
    commit(engine.kv(), &batch.batch(1));
    let check = |from: &str, until: Option<&str>, limit, is_reverse, expected: &str, has_more: bool| {
        let want = Read::Scan {
            partition: a.clone(),
            from: from.as_bytes().into(),
            until: until.map(|until| until.as_bytes().into()),
            limit,
            is_reverse,
        };
        let rows = engine.kv().read(&[want], Freshness::Latest).unwrap().remove(0);
        let found: Vec<&str> = rows.rows.iter().map(|(sort, _)| std::str::from_utf8(sort).unwrap()).collect();
        let case = format!("{from}..{until:?} limit {limit} reverse {is_reverse}");
        assert_eq!((found.concat().as_str(), rows.has_more), (expected, has_more), "{case}");
    };
    for (from, until, all) in [
        ("", None, "bdfh"),
        ("b", None, "bdfh"),
        ("b\0", None, "dfh"),
        ("c", Some("g"), "df"),
        ("d", Some("f"), "d"),
        ("d", Some("f\0"), "df"),
        ("", Some("b"), ""),
        ("", Some(""), ""),
        ("i", None, ""),
        ("f", Some("d"), ""),
        ("d", Some("d"), ""),
    ] {
        for limit in [0, 1, 2, 3, 4, 5, u32::MAX] {
            let count = all.len().min(usize::try_from(limit).unwrap());
            let reversed: String = all.chars().rev().collect();
            check(from, until, limit, false, all.get(..count).unwrap(), count < all.len());
            check(from, until, limit, true, reversed.get(..count).unwrap(), count < all.len());
        }
    }
}

pub(crate) fn versions_are_per_partition(engine: &mut Engine) {
    let (a, b, other) = (partition(b"a"), partition(b"b"), Partition::new(Space(8), *b"a"));
    commit(engine.kv(), &writes().assert(&a, 0).put(b.key(*b"k"), b"1").batch(1));
    commit(engine.kv(), &writes().put(a.key(*b"k"), b"2").batch(2));
    for _ in 0..2 {
        let versions = [&a, &b, &other].map(|place| version(engine.kv(), place));
        assert_eq!(versions, [1, 0, 0], "an assert bumps, a row alone does not");
        assert_eq!(scan_all(engine.kv(), &a).version.0, 1);
        engine.reopen();
    }
}

pub(crate) fn acknowledged_writes_are_seen(engine: &mut Engine) {
    let kv = engine.kv();
    std::thread::scope(|scope| {
        for writer in 0..4_u8 {
            scope.spawn(move || {
                let place = partition(&[writer]);
                for number in 1..=25_u64 {
                    let seq = commit(
                        kv,
                        &writes().put(place.key(*b"k"), &number.to_be_bytes()).batch(number + 1000 * u64::from(writer)),
                    );
                    assert_eq!(get(kv, &place.key(*b"k")).unwrap(), number.to_be_bytes());
                    let since = kv.read(&[Read::Get(place.key(*b"k"))], Freshness::Since(seq)).unwrap().remove(0);
                    assert_eq!(*since.rows[0].1, number.to_be_bytes());
                    assert!(kv.health().seq >= seq);
                }
            });
        }
    });
    assert_eq!(kv.health().seq, Seq(100));
    engine.reopen();
    assert_eq!(engine.kv().health().seq, Seq(100));
    for writer in 0..4 {
        assert_eq!(get(engine.kv(), &partition(&[writer]).key(*b"k")).unwrap(), 25_u64.to_be_bytes());
    }
}

pub(crate) fn keys_of_every_shape_are_told_apart(engine: &mut Engine) {
    let shapes: [&[u8]; 7] = [b"", b"\0", b"\x01", b"\0\x01", b"\x01\0", &[255; 255], &[0; 255]];
    let keys: Vec<_> = shapes.iter().flat_map(|part| shapes.iter().map(|sort| partition(part).key(*sort))).collect();
    let mut batch = writes();
    for (number, key) in keys.iter().enumerate() {
        batch = batch.put(key.clone(), &number.to_be_bytes());
    }
    commit(engine.kv(), &batch.batch(1));
    let wants: Vec<Read> = keys.iter().map(|key| Read::Get(key.clone())).collect();
    let answers = engine.kv().read(&wants, Freshness::Latest).unwrap();
    for (number, answer) in answers.iter().enumerate() {
        assert_eq!(answer.rows.len(), 1);
        assert_eq!(*answer.rows[0].1, number.to_be_bytes(), "answers come in the order of the wants");
    }
    assert!(engine.kv().read(&[], Freshness::Latest).unwrap().is_empty());
}

pub(crate) fn equal_marks_enclose_one_moment(engine: &mut Engine) {
    let kv = engine.kv();
    let keys = [b"first", b"later"].map(|name| partition(name).key(*b"k"));
    let number = |key: &Key| get(kv, key).map_or(0, |value| u64::from_be_bytes(value.try_into().unwrap()));
    if kv.mark().is_none() {
        return;
    }
    let (mut marks, mut enclosed) = (vec![kv.mark()], 0);
    std::thread::scope(|scope| {
        // The first counts up, and the later follows it: they are never more than one apart at one moment.
        let writer = scope.spawn(|| {
            for count in 1..=300_u64 {
                for (place, key) in keys.iter().enumerate() {
                    let number = count * 2 + u64::try_from(place).unwrap();
                    commit(kv, &writes().put(key.clone(), &count.to_be_bytes()).batch(number));
                }
            }
        });
        while !writer.is_finished() {
            let before = kv.mark();
            let (later, first) = (number(&keys[1]), number(&keys[0]));
            if kv.mark() == before {
                enclosed += 1;
                assert!(first == later || first == later + 1, "{first} and {later} at {before:?}");
            }
        }
    });
    marks.push(kv.mark());
    commit(kv, &writes().put(keys[0].clone(), b"ends").batch(9_999));
    marks.push(kv.mark());
    assert!(marks.windows(2).all(|pair| pair[0] != pair[1]), "{marks:?}");
    assert_eq!(kv.mark(), marks[2]);
    let before = kv.mark();
    assert_eq!(get(kv, &keys[0]).unwrap(), b"ends");
    assert_eq!(kv.mark(), before, "{enclosed} reads were of one moment beside a writer");
}
