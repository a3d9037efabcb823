//! Backup: what is put back answers as the model does.

use super::{Folder, open, options};
use crate::contract::{commit, id, partition, writes};
use crate::model::dump;
use kv::rocks::{Archive, read_witness, restore, write_witness};
use kv::{Batch, Error, Gap, Kv, MemoryKv, RocksKv, RocksOptions, Seq, Standing};
use std::path::Path;

/// Some batches that overwrite and delete each other's rows, in the store and in the model alike.
fn write(kv: &RocksKv, model: &MemoryKv, numbers: std::ops::Range<u64>) {
    for number in numbers {
        let names: [&[u8]; 3] = [b"a", b"a\0", b"b"];
        let place = partition(names[usize::try_from(number % 3).unwrap()]);
        let sort = [u8::try_from(number % 7).unwrap()];
        let batch = writes().assert(&place, crate::contract::version(model, &place));
        let batch = match number % 5 {
            0 => batch.delete(place.key(sort)),
            _ => batch.put(place.key(sort), &number.to_be_bytes()).log(&number.to_be_bytes()),
        };
        let batch: Batch = batch.batch(number);
        assert_eq!(commit(kv, &batch), commit(model, &batch));
        if number % 11 == 0 {
            assert_eq!(kv.settle(id(number + 10_000)).unwrap(), model.settle(id(number + 10_000)).unwrap());
        }
    }
}

/// Everything that can be asked for, what became of every id included.
#[track_caller]
fn check_equal(store: &Path, model: &MemoryKv) {
    let kv = open(store);
    assert_eq!(dump(&kv), dump(model));
    for number in (0..200).chain(10_000..10_200) {
        let repeated = writes().log(b"must not be seen").batch(number);
        let is_known = |kv: &dyn Kv| kv.settle(repeated.id).unwrap();
        assert_eq!(is_known(&kv), is_known(model), "{number}");
    }
}

fn archive(kv: &RocksKv, after: Seq, bytes_max: usize) -> Archive {
    let archive = kv.archive(after, bytes_max).unwrap();
    let decoded = Archive::decode(&archive.encode()).unwrap();
    assert_eq!(decoded, archive);
    decoded
}

#[test]
fn a_checkpoint_with_its_archives_is_the_store() {
    let folder = Folder::new();
    let (kv, model) = (open(&folder.path("store")), MemoryKv::new());
    write(&kv, &model, 0..50);
    let at = kv.checkpoint(&folder.path("checkpoint")).unwrap();
    assert_eq!(at, Seq(50));
    restore(&folder.path("checkpoint"), &[], &folder.path("checkpoint alone")).unwrap();
    check_equal(&folder.path("checkpoint alone"), &copy_of(0..50));

    write(&kv, &model, 50..80);
    let mut archives = vec![archive(&kv, at, usize::MAX)];
    drop(kv);
    let kv = open(&folder.path("store"));
    write(&kv, &model, 80..120);
    // Small pieces, as a shipper takes them.
    while archives.last().unwrap().until < kv.health().seq {
        let after = archives.last().unwrap().until;
        archives.push(archive(&kv, after, 500));
    }
    assert!(archives.len() > 5);
    assert!(archive(&kv, kv.health().seq, 500).until == kv.health().seq);
    let last = restore(&folder.path("checkpoint"), &archives, &folder.path("restored")).unwrap();
    assert_eq!(last, kv.health().seq);
    check_equal(&folder.path("restored"), &model);

    // Archives that overlap with the checkpoint or each other do no harm; one that is missing is named.
    let again = [archive(&kv, Seq(0), usize::MAX), archives[0].clone()];
    restore(&folder.path("checkpoint"), &again, &folder.path("again")).unwrap();
    check_equal(&folder.path("again"), &model);
    let gap = [&archives[..1], &archives[2..]].concat();
    let error = restore(&folder.path("checkpoint"), &gap, &folder.path("gap")).unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    assert!(restore(&folder.path("checkpoint"), &[], &folder.path("again")).is_err(), "nothing is overwritten");
    assert!(kv.checkpoint(&folder.path("checkpoint")).is_err(), "nothing is overwritten");
}

/// The model after the same batches.
fn copy_of(numbers: std::ops::Range<u64>) -> MemoryKv {
    let folder = Folder::new();
    let model = MemoryKv::new();
    write(&open(&folder.path("store")), &model, numbers);
    model
}

#[test]
fn archives_taken_while_others_write_are_the_store() {
    const WRITERS: u64 = 4;
    const BATCHES: u64 = 300;
    let folder = Folder::new();
    let kv = open(&folder.path("store"));
    let at = kv.checkpoint(&folder.path("checkpoint")).unwrap();
    let mut archives = vec![archive(&kv, at, 2_000)];
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let kv = &kv;
                scope.spawn(move || {
                    for number in 0..BATCHES {
                        let place = partition(&writer.to_be_bytes());
                        let sort = (number % 17).to_be_bytes();
                        let batch = writes().put(place.key(sort), &number.to_be_bytes()).log(&number.to_be_bytes());
                        commit(kv, &batch.batch(writer * BATCHES + number));
                    }
                })
            })
            .collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            let after = archives.last().unwrap().until;
            archives.push(archive(&kv, after, 2_000));
        }
    });
    while archives.last().unwrap().until < kv.health().seq {
        let after = archives.last().unwrap().until;
        archives.push(archive(&kv, after, 2_000));
    }
    let last = restore(&folder.path("checkpoint"), &archives, &folder.path("restored")).unwrap();
    assert_eq!(last, Seq(WRITERS * BATCHES));
    let restored = open(&folder.path("restored"));
    assert_eq!(dump(&restored), dump(&kv));
}

#[test]
fn archives_are_checked() {
    let folder = Folder::new();
    let (kv, model) = (open(&folder.path("store")), MemoryKv::new());
    write(&kv, &model, 0..5);
    let bytes = archive(&kv, Seq(0), usize::MAX).encode();
    for position in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[position] ^= 1;
        assert!(matches!(Archive::decode(&damaged), Err(Error::Corrupt { .. })));
    }
    for length in 0..bytes.len() {
        assert!(matches!(Archive::decode(&bytes[..length]), Err(Error::Corrupt { .. })));
    }
    assert!(kv.archive(Seq(6), usize::MAX).is_err(), "a position that was not reached");
}

#[test]
fn a_log_that_is_no_longer_kept_is_no_silent_gap() {
    let folder = Folder::new();
    let model = MemoryKv::new();
    let unkept = || RocksKv::open(RocksOptions { log_kept_bytes: 0, ..options(&folder.path("store")) }).unwrap();
    write(&unkept(), &model, 0..20);
    // Opening moves the log into tables and drops it.
    let kv = unkept();
    let error = kv.archive(Seq(3), usize::MAX).unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    write(&kv, &model, 20..25);
    assert!(kv.archive(Seq(3), usize::MAX).is_err(), "some of it is not all of it");
    assert_eq!(kv.archive(Seq(20), usize::MAX).unwrap().until, Seq(25));
}

#[test]
fn an_old_store_is_noticed_by_its_witness() {
    let folder = Folder::new();
    let (path, witness, model) = (folder.path("store"), folder.path("witness"), MemoryKv::new());
    let standing = |store: &Path| RocksKv::open_witnessed(options(store), &witness).unwrap().1;
    let (kv, first) = RocksKv::open_witnessed(options(&path), &witness).unwrap();
    assert_eq!(first, Standing::Unwitnessed);
    write_witness(&witness, &kv.witness()).unwrap();
    write(&kv, &model, 0..10);
    kv.checkpoint(&folder.path("old")).unwrap();
    write(&kv, &model, 10..20);
    write_witness(&witness, &kv.witness()).unwrap();
    write(&kv, &model, 20..22);
    drop(kv);
    assert_eq!(standing(&path), Standing::Complete);

    restore(&folder.path("old"), &[], &folder.path("restored")).unwrap();
    let gap = Gap { held: Seq(10), witnessed: Seq(20) };
    assert_eq!(standing(&folder.path("restored")), Standing::Behind(gap));
    // Somebody lets it go on without accepting the gap: it is not the store that was witnessed.
    let other = open(&folder.path("restored"));
    for number in 50_000..50_015 {
        commit(&other, &writes().batch(number));
    }
    drop(other);
    assert_eq!(standing(&folder.path("restored")), Standing::Forked(Seq(20)));
    // Accepting is to write a new witness.
    write_witness(&witness, &open(&folder.path("restored")).witness()).unwrap();
    assert_eq!(standing(&folder.path("restored")), Standing::Complete);
    assert_eq!(read_witness(&witness).unwrap().unwrap().seq, Seq(25));
    std::fs::write(&witness, b"nayose witness 1 99").unwrap();
    assert!(matches!(RocksKv::open_witnessed(options(&path), &witness), Err(Error::Corrupt { .. })));
}
