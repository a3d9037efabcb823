//! Batches: what is committed at once, and the plans that become batches.

use crate::{Key, Limits, Partition, Seq, TooLarge, Version};
use std::collections::BTreeMap;

/// The idempotency id of a batch, chosen by the caller: 128 bits that no other batch has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BatchId(pub [u8; 16]);

/// What becomes of the store in one step, without the id under which it is committed.
///
/// A verb of a core crate returns a plan; the caller joins the plans of one request and commits them once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Versions that have to hold; each is bumped.
    pub asserts: BTreeMap<Partition, Version>,
    /// Rows to write, or to delete where the value is none.
    pub rows: BTreeMap<Key, Option<Box<[u8]>>>,
    /// Entries of the change log.
    pub log: Vec<Box<[u8]>>,
}

impl Plan {
    /// Whether the plan does nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty() && self.log.is_empty()
    }

    /// The plan as a batch.
    #[must_use]
    pub fn into_batch(self, id: BatchId) -> Batch {
        Batch { id, plan: self }
    }
}

/// A plan with the id under which it is committed once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Under which a repetition is known.
    pub id: BatchId,
    /// What to do.
    pub plan: Plan,
}

impl Batch {
    /// Checks the limits that hold for callers.
    ///
    /// # Errors
    /// [`TooLarge`] names the first thing over its limit.
    pub fn check(&self) -> Result<(), TooLarge> {
        self.check_values(Limits::ALL.value_bytes_max)
    }

    /// Checks the limits that hold in an engine, where values may have been sealed.
    ///
    /// # Errors
    /// [`TooLarge`] names the first thing over its limit.
    pub fn check_sealed(&self) -> Result<(), TooLarge> {
        self.check_values(Limits::ALL.value_bytes_max + Limits::ALL.envelope_bytes_max)
    }

    fn check_values(&self, value_bytes_max: usize) -> Result<(), TooLarge> {
        let limits = Limits::ALL;
        let check = |what, size, limit| if size > limit { Err(TooLarge { what, size, limit }) } else { Ok(()) };
        check("the number of rows", self.plan.rows.len(), limits.rows_max)?;
        check("the number of asserts", self.plan.asserts.len(), limits.asserts_max)?;
        check("the number of log entries", self.plan.log.len(), limits.entries_max)?;
        for partition in self.plan.asserts.keys() {
            check("a partition name in bytes", partition.part.len(), limits.part_bytes_max)?;
        }
        for (key, value) in &self.plan.rows {
            check("a partition name in bytes", key.partition.part.len(), limits.part_bytes_max)?;
            check("a sort key in bytes", key.sort.len(), limits.sort_bytes_max)?;
            check("a value in bytes", value.as_ref().map_or(0, |value| value.len()), value_bytes_max)?;
        }
        self.plan.log.iter().try_for_each(|entry| check("a log entry in bytes", entry.len(), value_bytes_max))
    }
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Durable, at this position of the log.
    Committed(Seq),
    /// Nothing happened: these partitions have other versions. Read again, decide again under a new id. The list is
    /// empty when the id itself was burnt by [`crate::Kv::settle`].
    Conflict(Vec<Partition>),
    /// It may have happened: see [`crate::Kv::settle`].
    Unknown,
}

/// How an unknown outcome was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// It had happened, at this position.
    Committed(Seq),
    /// It never happened and never will: the id is burnt.
    Never,
}

/// The log entries of one batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Position of the batch.
    pub seq: Seq,
    /// Its entries, in order.
    pub entries: Vec<Box<[u8]>>,
}
