//! Processes that die: what was acknowledged is there, and a disk that is full says so.
//!
//! The dying process is this test program itself, started again to run one ignored test.

use super::Folder;
use crate::contract::{get, id, partition, writes};
use kv::{Commit, Error, Kv, Seq, Settled};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

/// Where the started process finds its folder.
const FOLDER: &str = "KV_TEST_FOLDER";
const WRITERS: u64 = 4;

fn this_program() -> PathBuf {
    std::env::current_exe().unwrap()
}

#[test]
fn what_was_acknowledged_survives_a_kill() {
    let folder = Folder::new();
    let mut acknowledged: Vec<u64> = Vec::new();
    for round in 1..=5 {
        let mut child = Command::new(this_program())
            .args(["--exact", "rocks::crash::writes_until_it_is_killed", "--ignored", "--nocapture"])
            .env(FOLDER, folder.path("store"))
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // Lines that the process still got out after the kill count as well: they were acknowledged.
        let mut seen = 0;
        for line in lines.map_while(Result::ok) {
            let Some(number) = line.strip_prefix("committed ") else { continue };
            acknowledged.push(number.parse().unwrap());
            seen += 1;
            if seen == 40 * round {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert!(seen >= 40 * round, "the process ended by itself after {seen} batches");
        let kv = super::open(&folder.path("store"));
        check(&kv, &acknowledged);
    }
}

/// Every acknowledged batch is whole; every other one is whole or not there at all.
fn check(kv: &dyn Kv, acknowledged: &[u64]) {
    let changes = kv.changes(Seq(0), u32::MAX).unwrap();
    let positions: Vec<u64> = changes.iter().map(|change| change.seq.0).collect();
    assert_eq!(positions, (1..=kv.health().seq.0).collect::<Vec<_>>());
    let logged: std::collections::BTreeSet<u64> =
        changes.iter().map(|change| u64::from_be_bytes((*change.entries[0]).try_into().unwrap())).collect();
    assert!(acknowledged.iter().all(|number| logged.contains(number)));
    for number in &logged {
        assert!(get(kv, &partition(&number.to_be_bytes()).key(*b"a")).is_some());
        assert!(get(kv, &partition(&number.to_be_bytes()).key(*b"z")).is_some());
        assert!(matches!(kv.settle(id(*number)).unwrap(), Settled::Committed(_)));
    }
}

#[test]
#[ignore = "is started by the test above"]
fn writes_until_it_is_killed() {
    let Some(path) = std::env::var_os(FOLDER) else { return };
    let kv = super::open(Path::new(&path));
    let first = kv.health().seq.0 * 1_000;
    let out = Mutex::new(std::io::stdout());
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (kv, out) = (&kv, &out);
            scope.spawn(move || {
                for number in (first + writer + 1..).step_by(usize::try_from(WRITERS).unwrap()) {
                    if write_one(kv, number).is_ok_and(|commit| matches!(commit, Commit::Committed(_))) {
                        let mut out = out.lock().unwrap();
                        writeln!(out, "committed {number}").unwrap();
                        out.flush().unwrap();
                    }
                }
            });
        }
    });
}

fn write_one(kv: &dyn Kv, number: u64) -> Result<Commit, Error> {
    let place = partition(&number.to_be_bytes());
    let value = [7; 2_000];
    let batch = writes().assert(&place, 0).put(place.key(*b"a"), &value).put(place.key(*b"z"), &value);
    kv.commit(&batch.log(&number.to_be_bytes()).batch(number))
}

#[test]
fn a_full_disk_stops_writing_and_loses_nothing() {
    let folder = Folder::new();
    // A limit on the size of files stands for a disk without space: the write fails in the same place.
    let limited = "trap '' XFSZ; ulimit -f 2048; exec \"$0\" --exact rocks::crash::writes_until_the_disk_is_full --ignored --nocapture";
    let output = Command::new("sh")
        .args(["-c", limited])
        .arg(this_program())
        .env(FOLDER, folder.path("store"))
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    let numbers = |prefix: &str| -> Vec<u64> {
        text.lines().filter_map(|line| line.strip_prefix(prefix)?.parse().ok()).collect()
    };
    let (acknowledged, unknown) = (numbers("committed "), numbers("unknown "));
    assert!(acknowledged.len() > 50 && unknown.len() == 1, "{} {unknown:?}", acknowledged.len());
    // With space again, opening clears the failure, and the unknown batch can be settled.
    let kv = super::open(&folder.path("store"));
    check(&kv, &acknowledged);
    let settled = kv.settle(id(unknown[0])).unwrap();
    let is_there = get(&kv, &partition(&unknown[0].to_be_bytes()).key(*b"a")).is_some();
    assert_eq!(matches!(settled, Settled::Committed(_)), is_there);
    assert!(matches!(write_one(&kv, 1_000_000).unwrap(), Commit::Committed(_)));
}

#[test]
#[ignore = "is started by the test above"]
fn writes_until_the_disk_is_full() {
    let Some(path) = std::env::var_os(FOLDER) else { return };
    let kv = super::open(Path::new(&path));
    for number in 1..100_000 {
        match write_one(&kv, number).unwrap() {
            Commit::Committed(_) => println!("committed {number}"),
            Commit::Unknown => {
                println!("unknown {number}");
                break;
            }
            Commit::Conflict(_) => panic!("nobody else writes"),
        }
    }
    assert!(!kv.health().is_writable);
    for number in [1, 200_000] {
        let refused = write_one(&kv, number);
        assert!(matches!(refused, Err(Error::Unavailable { .. })), "{refused:?}");
    }
    assert!(matches!(kv.settle(id(300_000)), Err(Error::Unavailable { .. })));
    assert!(get(&kv, &partition(&1_u64.to_be_bytes()).key(*b"a")).is_some(), "reading goes on");
}
