//! Damaged files: a clear error, and never a shorter history in silence.

use super::{Folder, options};
use crate::contract::{commit, partition, writes};
use kv::rocks::{Tail, write_witness};
use kv::{BUCKETS, Error, Freshness, Gap, Kv, Read, RocksKv, RocksOptions, Seq, Space, Standing};
use std::fs;
use std::path::{Path, PathBuf};

/// A store of some batches whose rows are in the write-ahead log only.
fn store(folder: &Folder) -> PathBuf {
    let path = folder.path("store");
    let kv = super::open(&path);
    for number in 1..=20_u64 {
        commit(
            &kv,
            &writes().put(partition(&number.to_be_bytes()).key(*b"k"), &[7; 3_000]).log(b"entry").batch(number),
        );
    }
    path
}

/// The file of an ending that was written last, of those that are not empty.
fn last_file(path: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(path).unwrap().map(|file| file.unwrap().path());
    let of_ending = files.filter(|file| file.extension().is_some_and(|found| found == ending));
    let mut filled: Vec<PathBuf> = of_ending.filter(|file| fs::metadata(file).unwrap().len() > 0).collect();
    filled.sort();
    filled.pop().unwrap()
}

fn change(file: &Path, change: impl FnOnce(&mut Vec<u8>)) {
    let mut bytes = fs::read(file).unwrap();
    change(&mut bytes);
    fs::write(file, bytes).unwrap();
}

#[test]
fn a_torn_last_record_is_what_a_crash_leaves() {
    let folder = Folder::new();
    let path = store(&folder);
    change(&last_file(&path, "log"), |bytes| bytes.truncate(bytes.len() - 100));
    let kv = super::open(&path);
    assert_eq!(kv.health().seq, Seq(19), "everything but the record that was cut");
    assert_eq!(kv.changes(Seq(0), 99).unwrap().len(), 19);
    assert_eq!(commit(&kv, &writes().batch(21)), Seq(20));
}

#[test]
fn a_bad_record_in_the_middle_is_refused_unless_an_operator_cuts() {
    let folder = Folder::new();
    let path = store(&folder);
    change(&last_file(&path, "log"), |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    let refused = RocksKv::open(options(&path));
    assert!(matches!(refused, Err(Error::Corrupt { .. })), "{refused:?}");
    let cut = RocksKv::open(RocksOptions { tail: Tail::Cut, ..options(&path) }).unwrap();
    let held = cut.health().seq.0;
    assert!((5..15).contains(&held), "{held}");
    assert_eq!(cut.changes(Seq(0), 99).unwrap().len() as u64, held);
}

#[test]
fn a_changed_byte_in_a_table_is_noticed_by_whoever_reads_it() {
    let folder = Folder::new();
    let path = store(&folder);
    // Opening replays the log into tables.
    drop(super::open(&path));
    let tables: Vec<PathBuf> = fs::read_dir(&path).unwrap().map(|file| file.unwrap().path()).collect();
    let largest = tables.iter().filter(|file| file.extension().is_some_and(|ending| ending == "sst"));
    let largest = largest.max_by_key(|file| fs::metadata(file).unwrap().len()).unwrap();
    change(largest, |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    match RocksKv::open(options(&path)) {
        Err(error) => assert!(matches!(error, Error::Corrupt { .. }), "{error:?}"),
        Ok(kv) => {
            let keys = (1..=20_u64).map(|number| partition(&number.to_be_bytes()).key(*b"k"));
            let reads = keys.map(|key| kv.read(&[Read::Get(key)], Freshness::Latest));
            let failed: Vec<Error> = reads.filter_map(Result::err).collect();
            assert!(
                !failed.is_empty() && failed.iter().all(|error| matches!(error, Error::Corrupt { .. })),
                "{failed:?}"
            );
            let exports = (0..BUCKETS).map(|bucket| kv.export(Space(7), u8::try_from(bucket).unwrap(), None, 99));
            assert!(exports.filter_map(Result::err).all(|error| matches!(error, Error::Corrupt { .. })));
        }
    }
}

#[test]
fn a_missing_log_file_is_noticed_by_the_witness() {
    let folder = Folder::new();
    let (path, witness) = (store(&folder), folder.path("witness"));
    let kv = super::open(&path);
    commit(&kv, &writes().batch(21));
    write_witness(&witness, &kv.witness()).unwrap();
    drop(kv);
    // Whoever removes the newest log leaves a store that is whole and older: nothing inside it can tell.
    fs::remove_file(last_file(&path, "log")).unwrap();
    let (_, standing) = RocksKv::open_witnessed(options(&path), &witness).unwrap();
    assert_eq!(standing, Standing::Behind(Gap { held: Seq(20), witnessed: Seq(21) }));
}

#[test]
fn a_missing_table_is_noticed_when_opening() {
    let folder = Folder::new();
    let path = store(&folder);
    drop(super::open(&path));
    fs::remove_file(last_file(&path, "sst")).unwrap();
    let refused = RocksKv::open(options(&path));
    assert!(refused.is_err(), "{refused:?}");
}

#[test]
fn another_format_is_not_opened() {
    let folder = Folder::new();
    let path = folder.path("store");
    let db = rocksdb::DB::open_default(&path).unwrap();
    db.put(b"something", b"else").unwrap();
    drop(db);
    let refused = RocksKv::open(options(&path));
    assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
}
