//! Drafts: reading through a draft equals committing its plan first and reading then.

use crate::contract::{commit, id, partition, writes};
use crate::model::{row, want};
use kv::{Commit, Draft, Freshness, Key, Kv, MemoryKv, Plan, Read, Version};
use proptest::prelude::*;

type Written = Vec<(Key, Option<Vec<u8>>)>;

fn written() -> impl Strategy<Value = Written> {
    proptest::collection::vec(row(), 0..24)
}

fn plan(rows: &Written) -> Plan {
    let rows = rows.iter().cloned().map(|(key, value)| (key, value.map(Vec::into_boxed_slice)));
    Plan { rows: rows.collect(), ..Plan::default() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_draft_reads_what_its_plan_will_leave(
        before in written(),
        drafted in written(),
        wants in proptest::collection::vec(want(), 1..8),
    ) {
        let kv = MemoryKv::new();
        kv.commit(&plan(&before).into_batch(id(1))).unwrap();
        let mut draft = Draft::new(&kv);
        for (key, value) in drafted.clone() {
            match value {
                Some(value) => draft.put(key, value),
                None => draft.delete(key),
            }
        }
        let through = draft.read(&wants).unwrap();
        let finished = draft.finish();
        prop_assert_eq!(&finished, &plan(&drafted), "reading alone asserts nothing");
        kv.commit(&finished.into_batch(id(2))).unwrap();
        prop_assert_eq!(through, kv.read(&wants, Freshness::Latest).unwrap());
    }
}

#[test]
fn what_is_relied_on_must_not_have_moved_since_it_was_first_read() {
    let (a, b) = (partition(b"a"), partition(b"b"));
    let kv = MemoryKv::new();
    let bump = |place, version, number| {
        commit(&kv, &writes().assert(place, version).put(place.key(*b"k"), b"1").batch(number))
    };
    bump(&a, 0, 1);
    let mut draft = Draft::new(&kv);
    assert_eq!(draft.get(&a.key(*b"k")).unwrap().as_deref(), Some(&b"1"[..]));
    draft.put(a.key(*b"k"), *b"2");
    bump(&a, 1, 2);
    // A second read sees the newer rows; the assert stays with the first.
    draft.read(&[Read::Get(a.key(*b"other"))]).unwrap();
    draft.rely(&a).unwrap();
    draft.rely(&b).unwrap();
    let finished = draft.finish();
    assert_eq!(finished.asserts.into_iter().collect::<Vec<_>>(), [(a.clone(), Version(1)), (b.clone(), Version(0))]);
    let mut draft = Draft::new(&kv);
    draft.rely(&a).unwrap();
    bump(&b, 0, 3);
    draft.rely(&b).unwrap();
    draft.rely(&a).unwrap();
    draft.log(*b"entry");
    assert_eq!(kv.commit(&draft.finish().into_batch(id(4))).unwrap(), Commit::Committed(kv::Seq(4)));
}

#[test]
fn a_draft_counts_its_rows_and_knows_whether_it_is_empty() {
    let kv = MemoryKv::new();
    let mut draft = Draft::new(&kv);
    let key = partition(b"a").key(*b"k");
    assert!(draft.is_empty() && draft.get(&key).unwrap().is_none());
    draft.put(key.clone(), *b"1");
    draft.delete(key.clone());
    assert_eq!((draft.rows(), draft.is_empty()), (1, false));
    let rows = draft.scan(&key.partition, b"", None, 9).unwrap();
    assert!(rows.rows.is_empty() && !rows.has_more);
}
