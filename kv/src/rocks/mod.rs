//! The embedded engine: `RocksDB` below one folder.
//!
//! One database, one writer at a time, many readers. Concurrent commits share one sync: the group decides. After a failed
//! write the engine takes no more writes until it is opened again, because what the disk holds is no longer known;
//! reading goes on. This half of the crate may use files, and measures its syncs; it starts no thread of its own (the
//! library has two in the background).

mod backup;
mod error;
mod group;
mod key;
mod profile;
mod read;
mod statistics;
mod witness;

pub use backup::{Archive, restore};
pub use statistics::Statistics;
pub use witness::{read_witness, write_witness};

use crate::{
    Batch, BatchId, Change, Commit, Error, Freshness, Health, Key, KeyedRow, Kv, Mark, Read, Rows, Seq, Settled, Space,
};
use error::{corrupt, from_library, unavailable};
use group::{BURNT, Group, Outcome, Work};
use rocksdb::{ColumnFamily, DB, ReadOptions, WaitForCompactOptions};
use std::fmt;
use std::path::PathBuf;
use std::sync::Mutex;

/// The format of the store; another number is another layout.
const FORMAT: &[u8] = b"nayose-kv-1";
/// Where the format stands among the meta rows.
const FORMAT_KEY: &[u8] = b"format";
/// Where the last position and batch id stand.
const LAST_KEY: &[u8] = b"last";

/// How a store is opened.
#[derive(Clone, Debug)]
pub struct RocksOptions {
    /// The folder, made if it is not there. Nothing else may lie in it.
    pub path: PathBuf,
    /// Bytes of the block cache; half of the data is a good measure.
    pub cache_bytes: usize,
    /// Whether a commit waits until the disk has it. Off only for the negative control of crash tests: an acknowledged
    /// batch is lost with the next power cut.
    pub is_synced: bool,
    /// Bytes of write-ahead log that are kept for the archive after they are no longer needed for a start. 0: none.
    pub log_kept_bytes: u64,
    /// What to do with a write-ahead log that ends before its end.
    pub tail: Tail,
}

impl RocksOptions {
    /// A store in a folder, with a cache of 256 MiB, synced, and 1 GiB of log kept for the archive.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), cache_bytes: 256 << 20, is_synced: true, log_kept_bytes: 1 << 30, tail: Tail::Whole }
    }
}

/// What to do with a write-ahead log that holds a bad record.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tail {
    /// Refuse to open, unless it is the torn last record of a crash, which was never acknowledged.
    #[default]
    Whole,
    /// Open with everything before the bad record. Acknowledged batches may be missing then: an operator decides this,
    /// and the witness names what is missing.
    Cut,
}

/// A store in a folder.
pub struct RocksKv {
    db: DB,
    options: RocksOptions,
    group: Group,
    /// How is read what decides nothing; made once, since each is an object of the library.
    peeking: ReadOptions,
    /// Where in the write-ahead log the last archives ended.
    places: Mutex<Vec<(Seq, u64)>>,
}

impl RocksKv {
    /// Opens a store, or makes one in an empty folder.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the folder cannot be used, is in use by another process or has another format;
    /// [`Error::Corrupt`] when files do not hold what was written.
    pub fn open(options: RocksOptions) -> Result<Self, Error> {
        let opening = |source| from_library("open the store", "its files", source);
        let families = profile::families(&options);
        let db = DB::open_cf_descriptors(&profile::database(&options), &options.path, families).map_err(opening)?;
        let last = match db.get(FORMAT_KEY).map_err(opening)? {
            Some(format) if format == FORMAT => read_last(&db)?,
            Some(_) => return Err(unavailable("open the store", "its format is that of another version")),
            None if db.latest_sequence_number() == 0 => {
                let mut batch = rocksdb::WriteBatch::default();
                batch.put(FORMAT_KEY, FORMAT);
                batch.put(LAST_KEY, Last::default().encode());
                db.write_opt(batch, &profile::writing(&options)).map_err(opening)?;
                Last::default()
            }
            None => return Err(unavailable("open the store", "the folder holds a database of something else")),
        };
        let group = Group::new(last);
        Ok(Self { db, options, group, peeking: ReadOptions::default(), places: Mutex::default() })
    }

    /// What has been counted since the store was opened.
    #[must_use]
    pub fn statistics(&self) -> Statistics {
        self.group.statistics()
    }

    /// The options that the store was opened with.
    #[must_use]
    pub fn options(&self) -> &RocksOptions {
        &self.options
    }

    /// Waits until what was written lies in order in its files: after many writes at once, so that the next to open the store
    /// does not do it beside its requests.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when files cannot be written.
    pub fn come_to_rest(&self) -> Result<(), Error> {
        let mut options = WaitForCompactOptions::default();
        options.set_flush(true);
        let failed = |source| from_library("bring the files of the store in order", "its files", source);
        self.db.wait_for_compact(&options).map_err(failed)
    }

    fn family(&self, name: &'static str) -> Result<&ColumnFamily, Error> {
        // Opening made or found every family.
        self.db.cf_handle(name).ok_or_else(|| unavailable("find a column family", name))
    }
}

impl fmt::Debug for RocksKv {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RocksKv")
            .field("path", &self.options.path)
            .field("seq", &self.group.seq())
            .finish_non_exhaustive()
    }
}

impl Kv for RocksKv {
    fn read(&self, wants: &[Read], _how: Freshness) -> Result<Vec<Rows>, Error> {
        self.read_wants(wants)
    }

    fn peek(&self, wants: &[Read]) -> Result<Vec<Rows>, Error> {
        self.peek_wants(wants)
    }

    fn commit(&self, batch: &Batch) -> Result<Commit, Error> {
        batch.check_sealed()?;
        match self.submit(Work::of_batch(batch)?)? {
            Outcome::Committed(seq) => Ok(Commit::Committed(seq)),
            Outcome::Conflict(stale) => {
                // Asserts are sorted, and so are the places of those that do not hold.
                let names = batch.plan.asserts.keys().enumerate();
                let stale = names.filter(|(place, _)| stale.binary_search(place).is_ok());
                Ok(Commit::Conflict(stale.map(|(_, partition)| partition.clone()).collect()))
            }
            Outcome::Burnt => Ok(Commit::Conflict(Vec::new())),
            // Refusals became errors in `submit`.
            Outcome::Unknown(_) | Outcome::Refused(..) => Ok(Commit::Unknown),
        }
    }

    fn settle(&self, id: BatchId) -> Result<Settled, Error> {
        match self.submit(Work::settling(id))? {
            Outcome::Committed(seq) => Ok(Settled::Committed(seq)),
            Outcome::Burnt | Outcome::Conflict(_) => Ok(Settled::Never),
            Outcome::Unknown(reason) | Outcome::Refused(reason, _) => Err(unavailable("settle a batch", reason)),
        }
    }

    fn changes(&self, after: Seq, limit: u32) -> Result<Vec<Change>, Error> {
        self.read_changes(after, limit)
    }

    fn export(&self, space: Space, bucket: u8, after: Option<&Key>, limit: u32) -> Result<Vec<KeyedRow>, Error> {
        self.read_bucket((space, bucket), after, limit)
    }

    fn health(&self) -> Health {
        Health { seq: self.group.seq(), is_writable: self.group.is_writable() }
    }

    /// The number of the last write that reads see: a read takes it for its snapshot.
    fn mark(&self) -> Option<Mark> {
        Some(Mark(self.db.latest_sequence_number()))
    }
}

/// The last committed batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Last {
    seq: Seq,
    batch: [u8; 16],
}

impl Last {
    fn encode(&self) -> Vec<u8> {
        [&self.seq.0.to_be_bytes()[..], &self.batch].concat()
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (seq, batch) = bytes.split_first_chunk::<8>()?;
        Some(Self { seq: Seq(u64::from_be_bytes(*seq)), batch: batch.try_into().ok()? })
    }
}

fn read_last(db: &DB) -> Result<Last, Error> {
    const OPERATION: &str = "read the last position";
    let found = db.get(LAST_KEY).map_err(|source| from_library(OPERATION, "the meta rows", source))?;
    let last = found.as_deref().and_then(Last::decode);
    last.ok_or_else(|| corrupt(OPERATION, "the meta rows", "the last position is not there"))
}
