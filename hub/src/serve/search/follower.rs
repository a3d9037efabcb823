//! The thread that follows the log: takes what happened, commits now and then, starts over when the index is of no use.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::Instant;

use mpi::kv::{self, Change, Draft, Seq};
use mpi::search::{SearchError, SearchIndex, SearchUpdate, touched, update_of};

use super::{Folder, Shared};

/// Batches of the log that are taken at once: a record that several of them touch is read once. An import puts hundreds of
/// records into a batch, and all that are taken at once are held in memory.
const BATCHES: u32 = 128;

/// Updates after which a commit does not wait any longer.
const PENDING_MAX: usize = 10_000;

/// Why following ended before the server stopped.
#[derive(Debug, thiserror::Error)]
pub(super) enum Trouble {
    #[error("the search index knows position {applied}, and the store ends at {last}: it was restored")]
    Ahead { applied: u64, last: u64 },
    #[error(transparent)]
    Index(#[from] SearchError),
    #[error(transparent)]
    Store(#[from] kv::Error),
    #[error(transparent)]
    Records(#[from] mpi::Error),
    #[error("cannot use the folder of the search index")]
    Folder(#[from] io::Error),
}

impl Trouble {
    /// Whether the folder has to be thrown away.
    pub(super) fn is_of_no_use(&self) -> bool {
        matches!(self, Self::Ahead { .. } | Self::Index(SearchError::Unusable { .. }))
    }
}

impl Shared {
    /// Follows until the server stops, whatever happens.
    pub(super) fn run(&self) {
        self.follow_on();
        if let Folder::Passing(folder) = &self.folder
            && let Err(error) = remove(folder)
        {
            let cause: &dyn std::error::Error = &error;
            tracing::warn!(cause, folder = %folder.display(), "the folder of the search index stays behind");
        }
    }

    fn follow_on(&self) {
        while !self.is_stopping() {
            let Err(trouble) = self.follow() else { return };
            let cause: &dyn std::error::Error = &trouble;
            if !trouble.is_of_no_use() {
                tracing::error!(cause, "the search index does not follow; another attempt comes");
            } else if let Err(error) = self.start_over() {
                let cause: &dyn std::error::Error = &error;
                tracing::error!(cause, "the search index cannot be thrown away; another attempt comes");
            } else {
                tracing::warn!(cause, "the search index is filled again from the first event");
                continue;
            }
            self.pause(self.pace.retry);
        }
    }

    fn start_over(&self) -> io::Result<()> {
        *self.reader.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.applied.store(0, Ordering::Release);
        self.rebuilds.fetch_add(1, Ordering::Relaxed);
        remove(self.folder.path())
    }

    fn follow(&self) -> Result<(), Trouble> {
        if let Folder::Passing(folder) = &self.folder {
            remove(folder)?;
        }
        fs::create_dir_all(self.folder.path())?;
        let mut index = SearchIndex::open(self.folder.path(), self.tables.clone())?;
        let (applied, last) = (index.applied(), self.kv.health().seq.0);
        if applied > last {
            return Err(Trouble::Ahead { applied, last });
        }
        *self.reader.write().unwrap_or_else(PoisonError::into_inner) = Some(index.reader());
        self.applied.store(applied, Ordering::Release);
        tracing::info!(applied, last, "search index opened");
        let (mut at, mut committed) = (Seq(applied), Instant::now());
        while !self.is_stopping() {
            // Asked for before the log is read: whatever was committed up to here is then in what is read.
            let end = self.kv.health().seq;
            let changes = self.kv.changes(at, BATCHES)?;
            let is_at_end = changes.len() < BATCHES as usize;
            if let Some(last) = changes.last() {
                at = last.seq;
                index.apply(at.0, &self.updates(&changes)?)?;
            }
            if is_at_end {
                at = at.max(end);
            }
            let gap = if is_at_end { self.pace.commit } else { self.pace.busy_commit };
            if index.pending() >= PENDING_MAX || index.pending() > 0 && committed.elapsed() >= gap {
                index.commit()?;
                committed = Instant::now();
            }
            let known = if index.pending() == 0 { at.0 } else { index.applied() };
            self.applied.store(known, Ordering::Release);
            if is_at_end {
                self.pause(self.pace.idle);
            }
        }
        index.commit()?;
        Ok(())
    }

    fn updates(&self, changes: &[Change]) -> Result<Vec<SearchUpdate>, mpi::Error> {
        let records = touched(&mut Draft::peeking(&*self.kv), changes)?;
        // A draft keeps what it has read, and no record is read twice.
        let update = |record| update_of(&mut Draft::peeking(&*self.kv), record, &self.tables);
        records.into_iter().map(update).collect()
    }
}

pub(super) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
