//! A record arrives: it is kept, compared, and given to a person, in one draft.
//!
//! One strong match links. Strong matches to two persons never merge them: the record goes to the better one and a task
//! opens. An update never unlinks, and an update that looks like another person waits for a decision. A message that is
//! older than what is known becomes history. Whoever creates a person relies on every strong blocking key, so that two
//! simultaneous arrivals of one new person that share such a key create one person.

mod decide;
mod first;
pub(crate) mod look;
mod update;

pub(crate) use first::{create, settle};
pub use look::look_again;
pub(crate) use look::look_at;
pub(crate) use update::follow;

use crate::life::LifeStatus;
use crate::store::record;
use crate::{Demographics, Error, Evidence, Index, PersonId, RecordId, Refusal, Stamp, TaskId};
use directory::{Identifier, Instant, InstitutionId};
use kv::Draft;
use linkage::arrival::Verdict;

/// A record as a source sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Assigning authority and local id.
    pub identifier: Identifier,
    /// Who sends it, and keeps it.
    pub institution: InstitutionId,
    /// When the source says that this holds from.
    pub event_time: Instant,
    /// What it says.
    pub demographics: Demographics,
    /// What it says of life and death.
    pub life: LifeStatus,
}

/// What became of an arrival.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrived {
    /// The record.
    pub record: RecordId,
    /// The person that it belongs to, merges followed.
    pub person: PersonId,
    /// The version that was stored; the current one when nothing had changed.
    pub version: u32,
    /// What was done.
    pub outcome: Outcome,
    /// Tasks that this opened or strengthened.
    pub tasks: Vec<TaskId>,
    /// Blocks that were too large to be read whole.
    pub blocks_cut: u32,
}

/// What was done with an arrival.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A new person, with a new enterprise id.
    Created,
    /// A new record of a known person.
    Linked(Evidence),
    /// A new version of a known record.
    Updated,
    /// Nothing new.
    Unchanged,
    /// Older than what is known: kept as history.
    History,
    /// It looks like another person: kept aside until somebody decides.
    Quarantined,
}

/// Takes a record; `fresh` is the id for the person if a new one is made.
///
/// # Errors
/// [`Refusal`] when the institution may not assign in the domain or a text is too long; those of the store.
pub fn arrive(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    arrival: &Arrival,
    fresh: PersonId,
    stamp: &Stamp,
) -> Result<Arrived, Error> {
    admit(index, arrival, stamp)?;
    let id = record::id_of(index.digester, &arrival.identifier);
    draft.rely(&record::partition(id))?;
    match record::head(draft, id)? {
        None => first::take(index, draft, (id, arrival), fresh, stamp),
        Some(head) => update::take(index, draft, (id, head), arrival, stamp),
    }
}

fn admit(index: &Index<'_>, arrival: &Arrival, stamp: &Stamp) -> Result<(), Refusal> {
    index.may_assign(&arrival.institution, arrival.identifier.authority(), stamp.now)?;
    match arrival.demographics.too_long() {
        Some(attribute) => {
            Err(Refusal::TooLong { attribute: attribute.name(), limit: crate::demographics::TEXT_BYTES_MAX })
        }
        None => Ok(()),
    }
}

impl Index<'_> {
    /// What an automatic decision rests on.
    pub(crate) fn evidence(&self, (with, verdict): &(RecordId, Verdict)) -> Evidence {
        Evidence {
            with: *with,
            weight: verdict.weight.0,
            pattern: verdict.pattern.0,
            guard: verdict.guard.and_then(|guard| u16::try_from(guard).ok()),
            rules: self.model.version().into(),
        }
    }
}
