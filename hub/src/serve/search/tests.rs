//! The thread that follows the log, over a store in memory and folders that are of no use.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use linkage::normalize::Tables;
use mpi::kv::{BatchId, Commit, Draft, Kv, MemoryKv};
use mpi::search::SearchIndex;

use super::fill::fill;
use super::{Folder, Pace, Search};
use crate::linking::{Lookup, Pool};
use crate::testing::folder;

const PACE: Pace = Pace {
    idle: Duration::from_millis(2),
    commit: Duration::ZERO,
    busy_commit: Duration::ZERO,
    retry: Duration::from_millis(5),
};

fn tables() -> Arc<Tables> {
    Arc::new(Lookup::built_in().unwrap().tables)
}

fn start(kv: &Arc<MemoryKv>, folder: &Path) -> Search {
    Search::start(Arc::clone(kv) as _, tables(), Folder::Kept(folder.to_owned()), PACE).unwrap()
}

/// Waits until something holds; a test that waits for ever has failed.
#[track_caller]
pub(in crate::serve) fn wait_until(mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it never came");
        std::thread::yield_now();
    }
}

/// Batches that touch no record.
fn write(kv: &MemoryKv, batches: u8) {
    for number in 0..batches {
        let mut draft = Draft::new(kv);
        draft.log(vec![0xFF, number]);
        let seq = kv.health().seq.0.to_be_bytes();
        let id = BatchId(*blake3::hash(&seq).as_bytes().first_chunk().unwrap());
        assert!(matches!(kv.commit(&draft.finish().into_batch(id)).unwrap(), Commit::Committed(_)));
    }
}

fn statistic(search: &Search, name: &str) -> f64 {
    search.statistics()().into_iter().find(|it| it.name == name).unwrap().value
}

#[test]
fn a_stopped_server_goes_on_where_it_was() {
    let (kv, folder) = (Arc::new(MemoryKv::new()), folder("search-goes-on"));
    let search = start(&kv, &folder.join("index"));
    write(&kv, 3);
    wait_until(|| search.applied() == 3);
    search.stop();
    write(&kv, 2);
    assert_eq!((search.applied(), statistic(&search, "search_lag_batches")), (3, 2.0));
    drop(search);
    let search = start(&kv, &folder.join("index"));
    wait_until(|| search.applied() == 5);
    assert_eq!((statistic(&search, "search_lag_batches"), statistic(&search, "search_rebuilds")), (0.0, 0.0));
    drop(search);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_index_that_knows_more_than_the_store_is_filled_again() {
    let folder = folder("search-ahead");
    let (kv, restored) = (Arc::new(MemoryKv::new()), Arc::new(MemoryKv::new()));
    write(&kv, 5);
    write(&restored, 2);
    let search = start(&kv, &folder);
    wait_until(|| search.applied() == 5);
    drop(search);
    let search = start(&restored, &folder);
    wait_until(|| search.applied() == 2);
    assert_eq!(statistic(&search, "search_rebuilds"), 1.0);
    drop(search);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_damaged_index_is_filled_again() {
    let (kv, folder) = (Arc::new(MemoryKv::new()), folder("search-damaged"));
    write(&kv, 1);
    let search = start(&kv, &folder);
    wait_until(|| search.applied() == 1);
    drop(search);
    std::fs::write(folder.join("meta.json"), "{").unwrap();
    let search = start(&kv, &folder);
    wait_until(|| search.applied() == 1);
    assert!(search.reader().is_ok());
    assert_eq!(statistic(&search, "search_rebuilds"), 1.0);
    drop(search);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn what_was_filled_before_is_not_filled_again() {
    let (kv, folder) = (Arc::new(MemoryKv::new()), folder("search-filled"));
    write(&kv, 40);
    fill(&*kv, &tables(), (&folder, Pool::new(Some(2)))).unwrap();
    let index = SearchIndex::open(&folder, tables()).unwrap();
    assert_eq!(index.applied(), 40);
    drop(index);
    let older = MemoryKv::new();
    write(&older, 2);
    let trouble = fill(&older, &tables(), (&folder, Pool::new(Some(2)))).unwrap_err();
    assert!(trouble.is_of_no_use());
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn an_index_of_a_store_in_memory_passes() {
    let (kv, folder) = (Arc::new(MemoryKv::new()), folder("search-passes"));
    std::fs::write(folder.join("meta.json"), "{").unwrap();
    let search = Search::start(Arc::clone(&kv) as _, tables(), Folder::Passing(folder.clone()), PACE).unwrap();
    write(&kv, 1);
    wait_until(|| search.applied() == 1);
    assert_eq!(statistic(&search, "search_rebuilds"), 0.0);
    search.stop();
    assert!(!folder.try_exists().unwrap());
}
