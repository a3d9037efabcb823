//! The embedded engine: the contract, and what only a disk can do.

mod backup;
mod crash;
mod damage;

use crate::contract::{Engine, Reopen, commit, every_promise, partition, writes};
use crate::model;
use crate::sealed::keyring;
use kv::{Error, Kv, RocksKv, RocksOptions, Sealed, Seq};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A folder that is gone after the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("kv-test-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // Nothing depends on it: the system clears its temporary folder by itself.
        drop(std::fs::remove_dir_all(&self.0));
    }
}

pub(crate) fn options(path: &Path) -> RocksOptions {
    RocksOptions { cache_bytes: 8 << 20, ..RocksOptions::new(path) }
}

pub(crate) fn open(path: &Path) -> RocksKv {
    RocksKv::open(options(path)).unwrap()
}

fn engine_of(make: fn(&Path) -> Box<dyn Kv>) -> Engine {
    let folder = Rc::new(Folder::new());
    let store = make(&folder.path("store"));
    let reopen: Reopen = Box::new(move |kv| {
        drop(kv);
        make(&folder.path("store"))
    });
    Engine::new(store, reopen)
}

fn plain() -> Engine {
    engine_of(|path| Box::new(open(path)))
}

fn sealed() -> Engine {
    engine_of(|path| Box::new(Sealed::new(open(path), keyring(1))))
}

mod plainly {
    super::every_promise!(super::plain);
}

mod sealed_inside {
    super::every_promise!(super::sealed);
}

/// Histories per run: each reopens the store after every commit.
const HISTORIES: u32 = 12;

#[test]
fn agrees_with_the_model() {
    model::check(&plain, HISTORIES);
}

#[test]
fn agrees_with_the_model_when_sealed() {
    model::check(&sealed, HISTORIES);
}

#[test]
fn many_writers_share_syncs() {
    const WRITERS: u64 = 16;
    const BATCHES: u64 = 50;
    let folder = Folder::new();
    let kv = open(&folder.path("store"));
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let kv = &kv;
            scope.spawn(move || {
                for number in 0..BATCHES {
                    let number = writer * BATCHES + number;
                    let place = partition(&number.to_be_bytes());
                    commit(kv, &writes().assert(&place, 0).put(place.key([]), &[7; 250]).batch(number));
                }
            });
        }
    });
    let counted = kv.statistics();
    assert_eq!(counted.batches, WRITERS * BATCHES);
    assert!(counted.syncs * 2 < counted.batches, "{counted:?}");
    assert!(counted.group_batches_max > 1 && counted.group_batches_max <= WRITERS);
    assert!((counted.repetitions, counted.conflicts) == (0, 0) && counted.sync_time_max > std::time::Duration::ZERO);
    assert_eq!(counted.sync_steps.iter().sum::<u64>(), counted.syncs);
}

#[test]
fn the_queue_is_bounded_and_whoever_waits_for_room_gets_it() {
    const WRITERS: u64 = 4;
    // One such batch fills the queue: while the first is written, the second waits in it and the others for room.
    let full = |number: u64| {
        let rows = (0..340_u64).map(|row| partition(&[number.to_be_bytes(), row.to_be_bytes()].concat()).key([]));
        rows.fold(writes(), |batch, key| batch.put(key, &[7; 99_900])).batch(number)
    };
    let folder = Folder::new();
    let kv = open(&folder.path("store"));
    std::thread::scope(|scope| {
        for number in 0..WRITERS {
            let kv = &kv;
            scope.spawn(move || commit(kv, &full(number)));
        }
    });
    let counted = kv.statistics();
    assert_eq!(counted.batches, WRITERS);
    assert!(counted.waits_for_room > 0, "{counted:?}");
}

#[test]
fn what_is_refused_or_repeated_is_counted_and_not_written() {
    let folder = Folder::new();
    let kv = open(&folder.path("store"));
    let place = partition(b"a");
    let batch = writes().assert(&place, 0).batch(1);
    assert_eq!(commit(&kv, &batch), Seq(1));
    assert_eq!(commit(&kv, &batch), Seq(1));
    kv.commit(&writes().assert(&place, 0).batch(2)).unwrap();
    kv.settle(batch.id).unwrap();
    let counted = kv.statistics();
    assert_eq!((counted.batches, counted.repetitions, counted.conflicts, counted.syncs), (1, 1, 1, 1));
}

#[test]
fn a_folder_belongs_to_one_process_and_one_format() {
    let folder = Folder::new();
    let kv = open(&folder.path("store"));
    let second = RocksKv::open(options(&folder.path("store")));
    assert!(matches!(second, Err(Error::Unavailable { .. })), "{second:?}");
    drop(kv);
    drop(open(&folder.path("store")));
    std::fs::write(folder.path("file"), b"").unwrap();
    let on_a_file = RocksKv::open(options(&folder.path("file")));
    assert!(matches!(on_a_file, Err(Error::Unavailable { .. })), "{on_a_file:?}");
}
