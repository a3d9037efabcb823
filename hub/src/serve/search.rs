//! The search index of a running server: opened beside the store, kept up with the change log by one thread.
//!
//! The index is derived and lies outside of the store: a folder that is damaged, or that knows more than the store (which
//! was restored from a backup), is thrown away and filled again from the first event. While that goes on, answers are
//! given from what is there, and each says up to which position of the log it holds. What words mean and who is found by
//! them is decided in [`mpi::search`]; who may see what, and how persons are shown, in `routes`.

mod fill;
mod follower;
#[cfg(test)]
pub(super) mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread::JoinHandle;
use std::time::Duration;

use linkage::normalize::Tables;
use mpi::kv::Kv;
use mpi::search::SearchReader;

use super::app::App;
use super::metrics::{Statistic, StatisticSource};
use super::problem::{ErrorCode, Problem};
use crate::config::{Config, Engine};
use crate::failure::Failure;
use crate::linking::Lookup;

/// How often the thread looks and commits.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Time between two looks at a log that has not moved.
    pub idle: Duration,
    /// Time between two commits while the log is at rest: a clerk's change is found after this time at most.
    pub commit: Duration,
    /// Time between two commits while events keep coming: each costs some syncs of the disk and some processor time.
    pub busy_commit: Duration,
    /// Time until another attempt after a failure.
    pub retry: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            idle: Duration::from_millis(50),
            commit: Duration::from_millis(200),
            busy_commit: Duration::from_secs(1),
            retry: Duration::from_secs(5),
        }
    }
}

/// Where an index lies. It holds names and dates in the clear: a folder that is kept belongs on an encrypted volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Kept for the next start.
    Kept(PathBuf),
    /// Emptied at the start and removed at the end.
    Passing(PathBuf),
}

impl Folder {
    /// Beside the folder of the store, whose engine wants its own for itself; for a store in memory one that passes.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        match config.store.folder.as_deref().filter(|_| config.store.engine == Engine::Rocks) {
            Some(store) => {
                let mut name = store.file_name().unwrap_or_default().to_owned();
                name.push(".search");
                Self::Kept(store.with_file_name(name))
            }
            None => Self::Passing(std::env::temp_dir().join(format!("nayose-search-{}", std::process::id()))),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Kept(path) | Self::Passing(path) => path,
        }
    }
}

/// The search index of a server. Clones are the same index; the thread ends with [`Search::stop`] or the last of them.
#[derive(Clone)]
pub struct Search(Arc<Running>);

struct Running {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// What the thread and its readers have in common.
struct Shared {
    kv: Arc<dyn Kv>,
    tables: Arc<Tables>,
    folder: Folder,
    pace: Pace,
    reader: RwLock<Option<SearchReader>>,
    applied: AtomicU64,
    rebuilds: AtomicU64,
    is_stopping: Mutex<bool>,
    woken: Condvar,
}

impl Search {
    /// Starts to follow the log of a store, with the index in a folder of its own, made if need be.
    ///
    /// # Errors
    /// When the operating system gives no thread. Everything else is tried again and told in the log.
    pub fn start(kv: Arc<dyn Kv>, tables: Arc<Tables>, folder: Folder, pace: Pace) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            kv,
            tables,
            folder,
            pace,
            reader: RwLock::new(None),
            applied: AtomicU64::new(0),
            rebuilds: AtomicU64::new(0),
            is_stopping: Mutex::new(false),
            woken: Condvar::new(),
        });
        let thread = std::thread::Builder::new().name("search-index".to_owned()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.run()
        })?;
        Ok(Self(Arc::new(Running { shared, thread: Mutex::new(Some(thread)) })))
    }

    /// The search index of a server, with the tables that the program carries.
    ///
    /// # Errors
    /// When the tables cannot be read, and those of [`Search::start`].
    pub fn of_server(config: &Config, kv: &Arc<dyn Kv>) -> Result<Self, Failure> {
        let tables = Arc::new(Lookup::built_in()?.tables);
        Self::start(Arc::clone(kv), tables, Folder::of(config), Pace::default()).map_err(Failure::internal)
    }

    /// The reading side.
    ///
    /// # Errors
    /// [`ErrorCode::NotReady`] until the index is open for the first time.
    pub fn reader(&self) -> Result<SearchReader, Problem> {
        let reader = self.0.shared.reader.read().unwrap_or_else(PoisonError::into_inner);
        reader.clone().ok_or_else(|| Problem::new(ErrorCode::NotReady, "the search index is being opened"))
    }

    /// The position of the log up to which answers hold at least.
    #[must_use]
    pub fn applied(&self) -> u64 {
        self.0.shared.applied.load(Ordering::Acquire)
    }

    /// The tables that names are read with.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.0.shared.tables
    }

    /// What an operator sees of it.
    #[must_use]
    pub fn statistics(&self) -> StatisticSource {
        // The metrics live as long as the server: they must not keep the thread alive.
        let shared = Arc::clone(&self.0.shared);
        Box::new(move || shared.statistics())
    }

    /// Commits what has been taken, and ends the thread.
    pub fn stop(&self) {
        self.0.stop();
    }
}

impl App {
    /// Gives the server its search index; a second one is not taken.
    pub fn open_search(&self, search: Search) {
        if self.search_slot().set(search).is_err() {
            tracing::warn!("the server has a search index already");
        }
    }

    /// The search index.
    ///
    /// # Errors
    /// [`ErrorCode::NotReady`] for a server without one.
    pub(super) fn search(&self) -> Result<&Search, Problem> {
        self.search_slot().get().ok_or_else(|| Problem::new(ErrorCode::NotReady, "this server has no search index"))
    }
}

impl Running {
    fn stop(&self) {
        *self.shared.is_stopping.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.woken.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && thread.join().is_err()
        {
            tracing::error!("the thread of the search index has failed");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Shared {
    fn statistics(&self) -> Vec<Statistic> {
        let of = |name, help, value| Statistic { name, help, value };
        #[expect(clippy::cast_precision_loss, reason = "a gauge may be off by one after 2^53 writes")]
        let number = |count: u64| count as f64;
        let applied = self.applied.load(Ordering::Acquire);
        let reader = self.reader.read().unwrap_or_else(PoisonError::into_inner).clone();
        let lag = self.kv.health().seq.0.saturating_sub(applied);
        vec![
            of("search_sequence", "The last batch that search knows of", number(applied)),
            of("search_lag_batches", "Committed batches that search does not know of yet", number(lag)),
            of("search_records", "Records in the search index", reader.map_or(0.0, |reader| number(reader.records()))),
            of("search_rebuilds", "Times that the search index was thrown away and filled again", {
                number(self.rebuilds.load(Ordering::Relaxed))
            }),
        ]
    }

    fn is_stopping(&self) -> bool {
        *self.is_stopping.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits, but not for a server that stops.
    fn pause(&self, time: Duration) {
        let is_stopping = self.is_stopping.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.woken.wait_timeout_while(is_stopping, time, |is_stopping| !*is_stopping));
    }
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Search").field("applied", &self.applied()).finish_non_exhaustive()
    }
}
