//! Following the log, crashes, rebuilds, and folders that cannot be used.

use std::fs;
use std::path::Path;

use super::*;

fn person(number: u8, family: &str) -> SearchRecord {
    record(&format!("{number} {number} A {family} 正 - タダシ - - -"))
}

#[test]
fn updates_replace_and_delete() {
    let (_folder, mut index) = filled([person(1, "田中"), person(2, "山本")]);
    let reader = index.reader();
    index.apply(2, &[put(person(1, "石飛")), SearchUpdate::Delete([2; 16])]).unwrap();
    assert_eq!(index.pending(), 2);
    assert_eq!(numbers(&ask(&reader, "田中")), [1], "not committed yet");
    assert_eq!(index.commit().unwrap(), 2);
    assert_eq!(numbers(&ask(&reader, "田中")), [0; 0]);
    assert_eq!(numbers(&ask(&reader, "石飛")), [1]);
    assert_eq!(reader.records(), 1);
    // Several changes of one record in one event: the last counts.
    index.apply(3, &[SearchUpdate::Delete([1; 16]), put(person(1, "原")), put(person(1, "土江"))]).unwrap();
    index.commit().unwrap();
    assert_eq!(numbers(&ask(&reader, "土江")), [1]);
    assert_eq!(reader.records(), 1);
}

#[test]
fn events_that_are_in_are_skipped() {
    let (_folder, mut index) = filled([person(1, "田中")]);
    index.apply(1, &[put(person(1, "石飛"))]).unwrap();
    assert_eq!(index.pending(), 0);
    index.apply(5, &[]).unwrap();
    assert_eq!(index.commit().unwrap(), 5);
    assert_eq!(numbers(&ask(&index.reader(), "田中")), [1]);
}

/// After any cut of the log, going on from `applied` gives the same answers as never having stopped.
#[test]
fn catches_up_after_a_crash() {
    let families = ["田中", "石飛", "土江", "山本", "渡部"];
    let log: Vec<SearchUpdate> =
        (0..40_u8)
            .map(|n| {
                if n % 7 == 6 {
                    SearchUpdate::Delete([n % 5; 16])
                } else {
                    put(person(n % 11, families[n as usize % 5]))
                }
            })
            .collect();
    let whole = TempDir::new().unwrap();
    let mut straight = open(&whole);
    for (sequence, update) in (1..).zip(&log) {
        straight.apply(sequence, std::slice::from_ref(update)).unwrap();
    }
    straight.commit().unwrap();
    for (commit_at, crash_at) in [(1, 2), (5, 9), (12, 13), (20, 39), (39, 40)] {
        let folder = TempDir::new().unwrap();
        let mut index = open(&folder);
        for (sequence, update) in (1..=crash_at).zip(&log) {
            index.apply(sequence, std::slice::from_ref(update)).unwrap();
            if sequence == commit_at {
                index.commit().unwrap();
            }
        }
        // The folder as a process leaves it that is killed now.
        let left = TempDir::new().unwrap();
        copy(folder.path(), left.path());
        let mut again = open(&left);
        assert_eq!(again.applied(), commit_at);
        let applied = again.applied();
        for (sequence, update) in (1..).zip(&log).filter(|(sequence, _)| *sequence > applied) {
            again.apply(sequence, std::slice::from_ref(update)).unwrap();
        }
        assert_eq!(again.commit().unwrap(), 40);
        for typed in families {
            assert_eq!(ask(&again.reader(), typed), ask(&straight.reader(), typed), "{typed} {commit_at} {crash_at}");
        }
    }
}

#[test]
fn a_rebuild_answers_as_the_followed_index_does() {
    let folder = TempDir::new().unwrap();
    let mut followed = open(&folder);
    for n in 0..30_u8 {
        followed.apply(u64::from(n) + 1, &[put(person(n % 10, ["田中", "石飛", "田部"][n as usize % 3]))]).unwrap();
        if n % 4 == 0 {
            followed.commit().unwrap();
        }
    }
    followed.commit().unwrap();
    let current = (20..30_u8).map(|n| person(n % 10, ["田中", "石飛", "田部"][n as usize % 3]));
    let (_other, mut rebuilt) = filled([person(200, "石飛"), person(3, "原")]);
    rebuilt.apply(2, &[put(person(201, "石飛"))]).unwrap();
    rebuilt.rebuild(30, current).unwrap();
    assert_eq!((rebuilt.applied(), rebuilt.reader().records()), (30, 10));
    for typed in ["田中", "石飛", "田", "タダシ", "原", "tadashi"] {
        assert_eq!(ask(&rebuilt.reader(), typed), ask(&followed.reader(), typed), "{typed}");
    }
}

#[test]
fn commits_by_itself_when_much_waits() {
    let folder = TempDir::new().unwrap();
    let mut index = open(&folder);
    let many: Vec<SearchUpdate> = (0..COMMIT_RECORDS_MAX)
        .map(|n| {
            let mut record = person(0, "原");
            record.record = (n as u128).to_be_bytes();
            put(record)
        })
        .collect();
    index.apply(7, &many).unwrap();
    assert_eq!((index.applied(), index.pending()), (7, 0));
    assert_eq!(ask(&index.reader(), "原").total, COMMIT_RECORDS_MAX as u64);
}

#[track_caller]
fn check_unusable(folder: &Path, tables: Arc<Tables>, reason: &str) {
    let error = SearchIndex::open(folder, tables).map(|index| index.applied()).unwrap_err();
    assert!(matches!(error, SearchError::Unusable { .. }), "{error:?}");
    let message = error.to_string();
    assert!(message.contains(reason) && message.contains("delete its folder and rebuild it"), "{message}");
}

#[test]
fn a_damaged_index_is_refused() {
    let (folder, index) = filled((0..200).map(|n| person(n, "田中")));
    drop(index);
    let mut cases = 0;
    for entry in fs::read_dir(folder.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with('.') {
            continue;
        }
        let damaged = TempDir::new().unwrap();
        copy(folder.path(), damaged.path());
        let mut bytes = fs::read(&path).unwrap();
        let middle = bytes.len() / 3;
        bytes[middle] ^= 0x55;
        fs::write(damaged.path().join(&name), bytes).unwrap();
        check_unusable(damaged.path(), tables(), "damaged");
        if name != "meta.json" {
            fs::remove_file(damaged.path().join(&name)).unwrap();
            check_unusable(damaged.path(), tables(), "damaged");
        }
        cases += 1;
    }
    assert!(cases > 3, "{cases}");
}

#[test]
fn an_index_of_other_tables_is_refused() {
    let (folder, index) = filled([person(1, "田中")]);
    drop(index);
    check_unusable(folder.path(), Arc::new(Tables::empty()), "it was made with tables");
    assert!(SearchIndex::open(folder.path(), tables()).is_ok());
}

#[test]
fn one_writer_at_a_time() {
    let (folder, _index) = filled([person(1, "田中")]);
    let error = SearchIndex::open(folder.path(), tables()).map(|index| index.applied()).unwrap_err();
    assert!(matches!(error, SearchError::Busy), "{error:?}");
    let missing = folder.path().join("missing");
    let error = SearchIndex::open(&missing, tables()).map(|index| index.applied()).unwrap_err();
    assert!(matches!(error, SearchError::Storage { operation: "open", .. }), "{error:?}");
}

/// Copies a folder as a power cut would leave it: all of one moment. A merge in the background may take files away while
/// they are copied; then the moment is another one.
fn copy(from: &Path, to: &Path) {
    let meta = || fs::read(from.join("meta.json")).unwrap();
    loop {
        let before = meta();
        let entries = fs::read_dir(from).unwrap().map(|entry| entry.unwrap().path());
        let copied: Vec<bool> =
            entries.map(|path| fs::copy(&path, to.join(path.file_name().unwrap())).is_ok()).collect();
        if copied.iter().all(|copied| *copied) && meta() == before {
            return;
        }
        fs::read_dir(to).unwrap().for_each(|entry| fs::remove_file(entry.unwrap().path()).unwrap());
    }
}
