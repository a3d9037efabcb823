//! A merge that was done, as it is kept.

use super::Visible;
use crate::history::sides;
use crate::merge::{MergeRow, partition};
use crate::store::decode;
use crate::{Actor, Error, MergeCause, MergeId, PersonId};
use directory::Instant;
use kv::Draft;

/// A merge of two persons.
#[derive(Clone, Debug, PartialEq)]
pub struct MergeView {
    /// The merge.
    pub merge: MergeId,
    /// The person that survived.
    pub survivor: PersonId,
    /// The person that was merged into it.
    pub absorbed: PersonId,
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: Actor,
    /// Why.
    pub cause: MergeCause,
    /// When it was undone, by whom, and why.
    pub undone: Option<(Instant, Actor, Box<str>)>,
}

/// A merge by its id; none when there is none, or when without hidden records there would have been none.
///
/// # Errors
/// Those of the store.
pub fn merge(draft: &mut Draft<'_>, id: MergeId, visible: &Visible) -> Result<Option<MergeView>, Error> {
    let Some(bytes) = draft.get(&partition(id).key(*b"h"))? else { return Ok(None) };
    let row: MergeRow = decode("merge", &bytes)?;
    if sides(draft, id, row.at, visible)?.is_empty() {
        return Ok(None);
    }
    let MergeRow { survivor, absorbed, at, actor, cause, undone } = row;
    Ok(Some(MergeView { merge: id, survivor, absorbed, at, actor, cause, undone }))
}
