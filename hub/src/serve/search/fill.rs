//! Fills the search index of a store that nobody serves: an import leaves it up to date, so that the server which starts
//! next has its processor for requests.
//!
//! It does what the thread of a server does, on all cores and without anybody who reads meanwhile. An index that is of no
//! use is filled from the first event. Whoever stops it loses time only: the server goes on where the index ends.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use linkage::exec::map_owned;
use linkage::normalize::Tables;
use mpi::RecordId;
use mpi::kv::{Draft, Kv, Seq};
use mpi::search::{SearchIndex, SearchUpdate, touched, update_of};

use super::follower::{Trouble, remove};
use super::{Folder, Search};
use crate::config::Config;
use crate::failure::Failure;
use crate::linking::{Lookup, Pool};
use crate::progress::{Progress, Unit};

/// Batches of the log that are taken at once: of a bulk load, each holds a thousand records.
const BATCHES: u32 = 16;

/// Records that one thread reads at once.
const RECORDS: usize = 256;

impl Search {
    /// Brings the index that belongs to a configuration up to the end of the log. What lies there beside a store that
    /// was empty before belongs to another store, and is thrown away.
    ///
    /// # Errors
    /// When the store cannot be read or the folder of the index cannot be written.
    pub(crate) fn fill(config: &Config, kv: &dyn Kv, (pool, was_empty): (Pool, bool)) -> Result<(), Failure> {
        let tables = Arc::new(Lookup::built_in()?.tables);
        let Folder::Kept(folder) = Folder::of(config) else { return Ok(()) };
        let anew = || remove(&folder).map_err(Trouble::from).and_then(|()| fill(kv, &tables, (&folder, pool)));
        let filled = match was_empty {
            true => anew(),
            false => match fill(kv, &tables, (&folder, pool)) {
                Err(trouble) if trouble.is_of_no_use() => anew(),
                filled => filled,
            },
        };
        filled.map_err(|trouble| {
            let message = "the records are in, but the search index could not be filled: the server will do it";
            Failure::internal(anyhow::Error::new(trouble).context(message))
        })
    }
}

pub(super) fn fill(kv: &dyn Kv, tables: &Arc<Tables>, (folder, pool): (&Path, Pool)) -> Result<(), Trouble> {
    fs::create_dir_all(folder)?;
    let mut index = SearchIndex::open(folder, Arc::clone(tables))?;
    let (applied, last) = (index.applied(), kv.health().seq.0);
    if applied > last {
        return Err(Trouble::Ahead { applied, last });
    }
    let progress = Progress::start("indexing", Some(last - applied), Unit::Count);
    let mut at = Seq(applied);
    loop {
        let changes = kv.changes(at, BATCHES)?;
        let Some(end) = changes.last().map(|change| change.seq) else { break };
        let records: Vec<RecordId> = touched(&mut Draft::peeking(kv), &changes)?.into_iter().collect();
        let parts: Vec<&[RecordId]> = records.chunks(RECORDS).collect();
        let read = map_owned(&pool, parts, |part| -> Result<Vec<SearchUpdate>, mpi::Error> {
            part.iter().map(|record| update_of(&mut Draft::peeking(kv), *record, tables)).collect()
        });
        let updates = read.into_iter().collect::<Result<Vec<_>, _>>()?;
        index.apply(end.0, &updates.into_iter().flatten().collect::<Vec<_>>())?;
        at = end;
        progress.set(at.0.saturating_sub(applied));
    }
    index.commit()?;
    Ok(())
}
