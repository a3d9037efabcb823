//! The narrow waist under everything that is kept: ordered bytes, atomic batches, a change log.
//!
//! Whatever is above sees one trait, [`Kv`]; whatever is below is an engine: memory, `RocksDB`, later an SQL database.
//! The only guarantee asked of an engine is that one batch is compared and committed atomically and that an acknowledged
//! batch is durable. Everything else is built from explicit *asserts*: each partition has a version, a read returns it,
//! a batch states the versions that it relied on. There is no snapshot across partitions, no reliance on an engine's
//! isolation, and no closure in a batch: a batch is a plain list of operations that can be sent, kept and replayed.
//!
//! This crate knows nothing of patients. No personal value belongs into a key; values pass one codec seam.

mod batch;
mod draft;
mod key;
mod keyring;
mod limits;
mod memory;
#[cfg(feature = "rocks")]
pub mod rocks;
mod sealed;
mod witness;

pub use batch::{Batch, BatchId, Change, Commit, Plan, Settled};
pub use draft::Draft;
pub use key::{BUCKETS, Key, Partition, Space};
pub use keyring::{Digester, KeyId, Keyring, KeyringError, Purpose, RingKey};
pub use limits::{Limits, TooLarge};
pub use memory::MemoryKv;
#[cfg(feature = "rocks")]
pub use rocks::{RocksKv, RocksOptions};
pub use sealed::Sealed;
pub use witness::{Gap, Standing, Witness};

use std::fmt;

/// Position in the change log: one per committed batch, from 1 on, without gaps. 0 stands before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Seq(pub u64);

/// How often a partition has been asserted and bumped; 0: never.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Version(pub u64);

/// One thing to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Read {
    /// One row.
    Get(Key),
    /// Rows of one partition whose sort key is at least `from` and, if given, less than `until`.
    Scan {
        /// Where.
        partition: Partition,
        /// The first sort key.
        from: Box<[u8]>,
        /// The sort key after the last; none: to the end of the partition.
        until: Option<Box<[u8]>>,
        /// The most rows to return.
        limit: u32,
        /// Whether the last row comes first.
        is_reverse: bool,
    },
}

impl Read {
    /// The partition that is read.
    #[must_use]
    pub fn partition(&self) -> &Partition {
        match self {
            Self::Get(key) => &key.partition,
            Self::Scan { partition, .. } => partition,
        }
    }
}

/// A row with its whole key, as [`Kv::export`] gives it.
pub type KeyedRow = (Key, Box<[u8]>);

/// A value with its sort key.
pub type Row = (Box<[u8]>, Box<[u8]>);

/// What one [`Read`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rows {
    /// Version of the partition, read no later than the rows.
    pub version: Version,
    /// The rows, in the order asked for.
    pub rows: Vec<Row>,
    /// Whether rows were left out because of the limit.
    pub has_more: bool,
}

/// How fresh a read has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Freshness {
    /// Everything acknowledged before the read began.
    Latest,
    /// A replica may answer once it has applied this much.
    Since(Seq),
}

/// What an engine says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Health {
    /// The last committed batch.
    pub seq: Seq,
    /// Whether writes are accepted.
    pub is_writable: bool,
}

/// Why an engine did not answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The engine cannot be reached, has no space, or has been stopped after a failed write.
    #[error("cannot {operation}: the store is unavailable")]
    Unavailable {
        /// What was tried.
        operation: &'static str,
        /// The engine's own words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// What was read is not what was written.
    #[error("cannot {operation}: the store is corrupt at {place}")]
    Corrupt {
        /// What was tried.
        operation: &'static str,
        /// Space, bucket and digest of the row: never its content.
        place: String,
        /// What does not fit.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A batch or a value is over a limit; nothing was written.
    #[error("cannot commit the batch")]
    TooLarge(#[from] TooLarge),
}

/// Names a state of the store, as [`Kv::mark`] gives it: for comparing with another of the same open store, and not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(pub u64);

/// Bytes ordered inside a partition, atomic batches, an ordered change log.
pub trait Kv: fmt::Debug + Send + Sync {
    /// Answers every want, in order. The rows of one want are consistent with each other and with the version beside
    /// them or older than it; different wants may see different moments.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Corrupt`].
    fn read(&self, wants: &[Read], how: Freshness) -> Result<Vec<Rows>, Error>;

    /// As [`Kv::read`], for answers that decide nothing: the versions beside the rows need not be looked up, and nobody may
    /// rely on them.
    ///
    /// # Errors
    /// Those of [`Kv::read`].
    fn peek(&self, wants: &[Read]) -> Result<Vec<Rows>, Error> {
        self.read(wants, Freshness::Latest)
    }

    /// Compares every asserted version, and if all hold bumps them, applies the puts and deletes and appends the log
    /// entries: all or nothing. Returns when the batch is durable. A batch whose id has been committed before is not
    /// applied again: the answer is that of the first time. An id that [`Kv::settle`] has burnt is never applied: the
    /// answer is a conflict that names no partition, and the caller decides again under a new id.
    ///
    /// # Errors
    /// [`Error::TooLarge`] before anything is written, [`Error::Unavailable`] when nothing was written for sure. A
    /// batch that may or may not have been written is [`Commit::Unknown`], not an error.
    fn commit(&self, batch: &Batch) -> Result<Commit, Error>;

    /// Settles an unknown outcome: afterwards the batch is committed for ever or can never commit.
    ///
    /// # Errors
    /// [`Error::Unavailable`]; the outcome then is still unknown.
    fn settle(&self, id: BatchId) -> Result<Settled, Error>;

    /// The log entries of the batches after a position, in commit order, at most `limit` batches; batches without
    /// entries are left out.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Corrupt`].
    fn changes(&self, after: Seq, limit: u32) -> Result<Vec<Change>, Error>;

    /// Rows of one bucket of a space after a key, ordered by partition and sort key, at most `limit`: the unit of
    /// verification, dumps and moves to another engine.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Corrupt`].
    fn export(&self, space: Space, bucket: u8, after: Option<&Key>, limit: u32) -> Result<Vec<KeyedRow>, Error>;

    /// The engine's state, without waiting for anything.
    fn health(&self) -> Health;

    /// A mark of what reads see now: when two are the same, no commit has become visible between them, and everything that
    /// was read in between is of one moment. None where the engine cannot tell at no cost: then look again.
    fn mark(&self) -> Option<Mark> {
        None
    }
}
