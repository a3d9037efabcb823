//! What changed, in the order of the log: ids only, never a value.
//!
//! Consumers poll the log from a sequence number and may replay it: the search index, web hooks, the second look.

use crate::store::{decode, encode};
use crate::{Error, MergeId, PersonId, RecordId, TaskId, TaskKind};
use directory::InstitutionId;
use kv::Draft;
use serde::{Deserialize, Serialize};

/// One thing that changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A version of a record was taken.
    RecordStored {
        /// The record.
        record: RecordId,
        /// Its custodian.
        institution: InstitutionId,
        /// The version, counted from 1.
        version: u32,
        /// What became of it.
        standing: Standing,
    },
    /// An enterprise id was issued.
    PersonCreated {
        /// The person.
        person: PersonId,
    },
    /// A record came to a person.
    RecordMoved {
        /// The record.
        record: RecordId,
        /// Its custodian.
        institution: InstitutionId,
        /// The person that it left.
        from: Option<PersonId>,
        /// The person that it came to.
        to: PersonId,
    },
    /// A person was merged into another.
    Merged {
        /// The merge.
        merge: MergeId,
        /// The person that survives.
        survivor: PersonId,
        /// The person that points to it now.
        absorbed: PersonId,
        /// Whether the rules did it.
        is_automatic: bool,
    },
    /// A merge was undone.
    Unmerged {
        /// The merge.
        merge: MergeId,
        /// The person that had survived.
        survivor: PersonId,
        /// The person that stands for itself again.
        absorbed: PersonId,
    },
    /// A task was opened, or what it rests on grew stronger.
    TaskOpened {
        /// The task.
        task: TaskId,
        /// Its kind.
        kind: TaskKind,
    },
    /// A task was claimed, deferred, assigned or decided.
    TaskChanged {
        /// The task.
        task: TaskId,
    },
    /// A clerk decided about two records.
    Constrained {
        /// One record.
        record: RecordId,
        /// The other.
        other: RecordId,
    },
    /// A record's values were erased by law.
    Erased {
        /// The record.
        record: RecordId,
        /// Its custodian.
        institution: InstitutionId,
    },
    /// Other rules decide from here on.
    RulesActivated {
        /// The version.
        version: Box<str>,
    },
    /// A relationship between two records began or ended.
    Related {
        /// One record.
        record: RecordId,
        /// The other.
        other: RecordId,
    },
    /// What else stands in this batch was done by a run that applies rules or takes them back.
    ByRun {
        /// The run.
        run: Box<str>,
    },
    /// A clerk decided that two persons are two.
    KeptApart {
        /// One person.
        one: PersonId,
        /// The other.
        other: PersonId,
    },
    /// That decision was taken back.
    Reconciled {
        /// One person.
        one: PersonId,
        /// The other.
        other: PersonId,
    },
}

/// What became of a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Standing {
    /// It holds now.
    Current,
    /// It is older than the one that holds.
    History,
    /// It looks like another person and waits for a decision.
    Quarantined,
}

/// Appends an event.
pub(crate) fn log(draft: &mut Draft<'_>, event: &Event) -> Result<(), Error> {
    let mut entry = vec![directory::log::MPI];
    entry.extend_from_slice(&encode("event", event)?);
    draft.log(entry);
    Ok(())
}

impl Event {
    /// The event of a log entry; none for an entry of another crate.
    ///
    /// # Errors
    /// [`Error::Corrupt`] for an entry of this crate that cannot be read.
    pub fn decode(entry: &[u8]) -> Result<Option<Self>, Error> {
        match directory::log::split(entry) {
            Some((directory::log::Owner::Mpi, bytes)) => decode("event", bytes).map(Some),
            _ => Ok(None),
        }
    }
}
