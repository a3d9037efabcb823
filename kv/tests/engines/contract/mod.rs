//! The promises of `Kv`, one function each, and what they are written with.

pub(crate) mod commits;
pub(crate) mod export;
pub(crate) mod feed;
pub(crate) mod race;
pub(crate) mod reads;

use kv::{Batch, BatchId, Commit, Freshness, Key, Kv, Partition, Plan, Read, Rows, Seq, Space, Version};
use std::sync::atomic::{AtomicBool, Ordering};

/// An engine under test, and how to close and open it again over the same rows.
pub(crate) struct Engine {
    kv: Option<Box<dyn Kv>>,
    reopen: Reopen,
}

/// Closes an engine and opens it again.
pub(crate) type Reopen = Box<dyn Fn(Box<dyn Kv>) -> Box<dyn Kv>>;

impl Engine {
    pub(crate) fn new(kv: Box<dyn Kv>, reopen: Reopen) -> Self {
        Self { kv: Some(kv), reopen }
    }

    pub(crate) fn kv(&self) -> &dyn Kv {
        self.kv.as_deref().expect("is only taken inside reopen")
    }

    pub(crate) fn reopen(&mut self) {
        let kv = self.kv.take().expect("is only taken here");
        self.kv = Some((self.reopen)(kv));
    }
}

/// One test per promise for the engine that a function makes.
macro_rules! every_promise {
    ($engine:path) => {
        $crate::contract::every_promise!($engine;
            commits::asserts_match_or_conflict, commits::a_conflict_leaves_nothing_behind,
            commits::a_repeated_id_commits_once, commits::limits_are_refused_before_writing,
            commits::settling_decides_for_ever, commits::later_rows_win_and_deletes_stay,
            reads::scans_stay_in_their_partition, reads::scans_keep_their_bounds, reads::versions_are_per_partition,
            reads::acknowledged_writes_are_seen, reads::keys_of_every_shape_are_told_apart,
            reads::equal_marks_enclose_one_moment,
            feed::is_complete_and_in_order, feed::is_gapless_under_concurrent_writers,
            export::covers_everything_once, export::has_one_order,
            race::no_update_is_lost, race::updates_are_lost_without_asserts, race::rows_fit_their_version,
        );
    };
    ($engine:path; $($group:ident::$promise:ident),* $(,)?) => {
        $(#[test]
        fn $promise() {
            $crate::contract::$group::$promise(&mut $engine());
        })*
    };
}
pub(crate) use every_promise;

/// The partition that most promises use.
pub(crate) fn partition(name: &[u8]) -> Partition {
    Partition::new(Space(7), name)
}

pub(crate) fn id(number: u64) -> BatchId {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.to_be_bytes());
    BatchId(bytes)
}

/// A plan written as one line.
#[derive(Clone, Default)]
pub(crate) struct Writes(Plan);

impl Writes {
    pub(crate) fn put(mut self, key: Key, value: &[u8]) -> Self {
        self.0.rows.insert(key, Some(value.into()));
        self
    }

    pub(crate) fn delete(mut self, key: Key) -> Self {
        self.0.rows.insert(key, None);
        self
    }

    pub(crate) fn assert(mut self, partition: &Partition, version: u64) -> Self {
        self.0.asserts.insert(partition.clone(), Version(version));
        self
    }

    pub(crate) fn log(mut self, entry: &[u8]) -> Self {
        self.0.log.push(entry.into());
        self
    }

    pub(crate) fn batch(self, number: u64) -> Batch {
        self.0.into_batch(id(number))
    }
}

pub(crate) fn writes() -> Writes {
    Writes::default()
}

#[track_caller]
pub(crate) fn commit(kv: &dyn Kv, batch: &Batch) -> Seq {
    match kv.commit(batch).unwrap() {
        Commit::Committed(seq) => seq,
        other => panic!("{other:?}"),
    }
}

/// Does something while another thread commits batches that have nothing to do with it. An engine that decides waiting
/// batches together then has several of ours in one group, undecided; without that, races are between groups only.
pub(crate) fn beside_another_writer(kv: &dyn Kv, act: impl FnOnce(&dyn Kv)) {
    /// Ends the other writer also when an assertion fails, so that the test fails instead of hanging.
    struct Done<'a>(&'a AtomicBool);
    impl Drop for Done<'_> {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let is_done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let _done = Done(&is_done);
        scope.spawn(|| {
            for number in (u64::MAX / 2..).take_while(|_| !is_done.load(Ordering::SeqCst)) {
                commit(kv, &writes().put(partition(b"another writer").key([]), b"1").batch(number));
            }
        });
        act(kv);
    });
}

pub(crate) fn get(kv: &dyn Kv, key: &Key) -> Option<Vec<u8>> {
    let rows = kv.read(&[Read::Get(key.clone())], Freshness::Latest).unwrap();
    rows[0].rows.first().map(|(sort, value)| {
        assert_eq!(*sort, key.sort);
        value.to_vec()
    })
}

pub(crate) fn version(kv: &dyn Kv, partition: &Partition) -> u64 {
    kv.read(&[Read::Get(partition.key([]))], Freshness::Latest).unwrap()[0].version.0
}

pub(crate) fn scan_all(kv: &dyn Kv, partition: &Partition) -> Rows {
    let scan =
        Read::Scan { partition: partition.clone(), from: [].into(), until: None, limit: u32::MAX, is_reverse: false };
    kv.read(&[scan], Freshness::Latest).unwrap().remove(0)
}
