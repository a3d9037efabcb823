//! One record as it was.

use crate::event::Standing;
use crate::life::LifeStatus;
use crate::review::{TaskOutcome, TaskState, about_version, stored};
use crate::store::{VersionRow, record};
use crate::{Basis, Demographics, Error, Index, PersonId, RecordId, Visible};
use directory::{Identifier, Instant, InstitutionId};
use kv::Draft;

/// A record as it was at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordAsOf {
    /// The record.
    pub record: RecordId,
    /// Assigning authority and local id.
    pub identifier: Identifier,
    /// The custodian.
    pub institution: InstitutionId,
    /// The person that it was with; merges are not followed.
    pub home: PersonId,
    /// The version that held, counted from 1.
    pub version: u32,
    /// When the source says that it held from.
    pub event_time: Instant,
    /// When it was taken.
    pub recorded: Instant,
    /// What it said; nothing after erasure.
    pub demographics: Demographics,
    /// What it said of life and death.
    pub life: LifeStatus,
}

/// A record as of an instant; none when it had not come or is hidden.
///
/// # Errors
/// Those of the store.
pub fn record_as_of(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    id: RecordId,
    at: Instant,
    visible: &Visible,
) -> Result<Option<RecordAsOf>, Error> {
    let Some(head) = record::head(draft, id)? else { return Ok(None) };
    if !visible.shows(id, &head.institution) {
        return Ok(None);
    }
    let moves = record::moves(draft, id)?;
    let Some(last) = moves.iter().take_while(|row| row.at <= at).last() else { return Ok(None) };
    let Some((version, row)) = held(index, draft, id, at)? else {
        return Err(Error::Corrupt { what: "the versions of a record" });
    };
    Ok(Some(RecordAsOf {
        record: id,
        identifier: head.identifier,
        institution: head.institution,
        home: last.to,
        version,
        event_time: row.event_time,
        recorded: row.recorded,
        demographics: row.demographics.unwrap_or_default(),
        life: row.life,
    }))
}

/// The version that held. A version that holds is always a later one than that which held before: what is older becomes
/// history, and a clerk may accept only what is later than what holds.
fn held(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    id: RecordId,
    at: Instant,
) -> Result<Option<(u32, VersionRow)>, Error> {
    for (number, row) in record::versions(draft, id)?.into_iter().rev().filter(|(_, row)| row.recorded <= at) {
        let holds = match row.standing {
            Standing::Current => true,
            Standing::History => false,
            Standing::Quarantined => is_accepted(index, draft, (id, number), at)?,
        };
        if holds {
            return Ok(Some((number, row)));
        }
    }
    Ok(None)
}

/// Whether a clerk had let a version hold that was kept aside.
fn is_accepted(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, version): (RecordId, u32),
    by: Instant,
) -> Result<bool, Error> {
    let task = stored(draft, about_version(index.digester, id, version))?;
    Ok(task.is_some_and(|task| match task.state {
        TaskState::Closed { at, outcome: TaskOutcome::Accepted | TaskOutcome::Split(_), .. } => at <= by,
        _ => false,
    }))
}

/// Why a record came to a person at an instant.
pub(super) fn basis(
    draft: &mut Draft<'_>,
    id: RecordId,
    (to, at): (PersonId, Instant),
) -> Result<Option<Basis>, Error> {
    let moves = record::moves(draft, id)?;
    Ok(moves.into_iter().find(|row| row.to == to && row.at == at).map(|row| row.basis))
}
