//! Every version of a record, as its source sent it.

use super::Visible;
use crate::life::LifeStatus;
use crate::store::record;
use crate::{Actor, Demographics, Error, RecordId, Standing};
use directory::Instant;
use kv::Draft;

/// One version of a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VersionView {
    /// Its number, counted from 1 in the order of arrival.
    pub version: u32,
    /// When the source says that it holds from.
    pub event_time: Instant,
    /// When it was taken.
    pub recorded: Instant,
    /// Who sent it.
    pub actor: Actor,
    /// What it says; nothing after erasure.
    pub demographics: Demographics,
    /// What it says of life and death.
    pub life: LifeStatus,
    /// What became of it when it was taken.
    pub standing: Standing,
}

/// All versions of a record, oldest first; none when there is no such record or it is hidden.
///
/// # Errors
/// Those of the store.
pub fn versions(draft: &mut Draft<'_>, id: RecordId, visible: &Visible) -> Result<Option<Vec<VersionView>>, Error> {
    let Some(head) = record::head(draft, id)? else { return Ok(None) };
    if !visible.shows(id, &head.institution) {
        return Ok(None);
    }
    let rows = record::versions(draft, id)?;
    let view = |(version, row): (u32, crate::store::VersionRow)| VersionView {
        version,
        event_time: row.event_time,
        recorded: row.recorded,
        actor: row.actor,
        demographics: row.demographics.unwrap_or_default(),
        life: row.life,
        standing: row.standing,
    };
    Ok(Some(rows.into_iter().map(view).collect()))
}
