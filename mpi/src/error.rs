//! What a verb answers when it cannot do what it was asked.

use crate::{MergeId, PersonId, RecordId, TaskId};
use linkage::arrival::TooManyOthersError;

/// Why a verb did nothing.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not answer.
    #[error(transparent)]
    Store(#[from] kv::Error),
    /// A row cannot be what was written.
    #[error("cannot read a row of {what}: it is not what was written")]
    Corrupt {
        /// The kind of row.
        what: &'static str,
    },
    /// What was asked for is not allowed or not possible as things stand.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What decides was exchanged while the verb was at work: it has to begin again with what decides now.
    #[error("other rules decide or stand by than those that the verb began with")]
    Superseded,
    /// More candidates than can be compared at once.
    #[error(transparent)]
    TooMany(#[from] TooManyOthersError),
}

/// A reason why something is not done; the store stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The directory does not let the institution do this in the domain.
    #[error(transparent)]
    Denied(#[from] directory::Denial),
    /// A text is too long to be what it claims to be.
    #[error("the text of `{attribute}` is longer than {limit} bytes")]
    TooLong {
        /// The attribute.
        attribute: &'static str,
        /// The limit.
        limit: usize,
    },
    /// There is no such record, or it is not visible.
    #[error("there is no record {0}")]
    NoRecord(RecordId),
    /// There is no such person, or it is not visible.
    #[error("there is no such person")]
    NoPerson(PersonId),
    /// There is no such task, or it is not visible.
    #[error("there is no task {0}")]
    NoTask(TaskId),
    /// There is no such merge.
    #[error("there is no merge {0}")]
    NoMerge(MergeId),
    /// What was asked for does not fit how things stand.
    #[error("{0}")]
    State(&'static str),
}
