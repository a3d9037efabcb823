//! What clerks do to persons and records: merge, unmerge, link, unlink, split, keep apart.
//!
//! Every verb has an actor and a reason, relies on what it read, and can be undone by another verb. A later decision of a
//! clerk beats an earlier one, and any of them beats every score.

mod links;
mod unmerge;

pub use links::{Moved, keep_apart, link, split, stop_keeping_apart, unlink};
pub(crate) use links::{forget_apart, leave};
pub use unmerge::{Unmerged, unmerge};

use crate::store::person;
use crate::{Error, Index, Joined, MergeCause, PersonId, Refusal, Stamp, merge as pointer};
use kv::Draft;

/// Merges two persons, by any of their ids: the older enterprise id survives. An earlier decision that they are two is
/// taken back.
///
/// # Errors
/// [`Refusal`] when one does not exist or both are one person already.
pub fn merge(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (one, other): (PersonId, PersonId),
    reason: &str,
    stamp: &Stamp,
) -> Result<Joined, Error> {
    let one = person::root(draft, one)?.ok_or(Refusal::NoPerson(one))?.0;
    let other = person::root(draft, other)?.ok_or(Refusal::NoPerson(other))?.0;
    if one == other {
        return Err(Refusal::State("both are one person already").into());
    }
    reconcile(index, draft, (one, other), (reason, stamp))?;
    let cause = MergeCause::Clerk { reason: reason.into() };
    pointer::join(draft, index.digester, (one, other), cause, stamp)
}

/// Takes back that persons of two trees are kept apart.
pub(crate) fn reconcile(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (one, other): (PersonId, PersonId),
    (reason, stamp): (&str, &Stamp),
) -> Result<(), Error> {
    let trees = [person::tree(draft, one, index.generation)?, person::tree(draft, other, index.generation)?];
    let others: Vec<PersonId> = trees[1].iter().map(|home| home.id).collect();
    for home in &trees[0] {
        for rival in home.head.apart.iter().filter(|id| others.contains(id)) {
            links::stop_keeping_apart(draft, (home.id, *rival), reason, stamp)?;
        }
    }
    Ok(())
}
