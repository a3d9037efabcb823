//! Merges: one person survives, the other points to it. Nothing is rewritten, so nothing is lost by undoing one.
//!
//! A merge writes two persons, whatever they hold: records and postings keep their home, readers follow the pointer.

use crate::event::{Event, log};
use crate::store::{Happening, PersonHead, PersonRow, Pointer, encode, person};
use crate::{Actor, Error, Evidence, MergeId, PersonId, Refusal, Stamp, space};
use directory::Instant;
use kv::{Digester, Draft, Partition};
use serde::{Deserialize, Serialize};

/// Why two persons are one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MergeCause {
    /// The rules found it when they looked again.
    Automatic(Option<Evidence>),
    /// A clerk decided it.
    Clerk {
        /// Why, in the clerk's words, which name no person.
        reason: Box<str>,
    },
}

/// A merge that was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Joined {
    /// The merge.
    pub merge: MergeId,
    /// The person that survives.
    pub survivor: PersonId,
    /// The person that points to it.
    pub absorbed: PersonId,
}

/// A merge as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MergeRow {
    /// The person that survives.
    pub survivor: PersonId,
    /// The person that points to it.
    pub absorbed: PersonId,
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: Actor,
    /// Why.
    pub cause: MergeCause,
    /// When and by whom it was undone, and why.
    pub undone: Option<(Instant, Actor, Box<str>)>,
}

/// The partition of a merge.
pub(crate) fn partition(id: MergeId) -> Partition {
    Partition::new(space::MERGE, id.0)
}

/// Writes a merge.
pub(crate) fn put(draft: &mut Draft<'_>, id: MergeId, row: &MergeRow) -> Result<(), Error> {
    draft.put(partition(id).key(*b"h"), encode("merge", row)?);
    Ok(())
}

/// The older enterprise id survives; of two issued in one moment the lower number.
fn survivor(one: (PersonId, PersonHead), other: (PersonId, PersonHead)) -> [(PersonId, PersonHead); 2] {
    if (one.1.created, one.0) <= (other.1.created, other.0) { [one, other] } else { [other, one] }
}

/// Merges two persons that stand for themselves.
///
/// # Errors
/// [`Refusal`] when one does not exist, is merged already, or both are one.
pub(crate) fn join(
    draft: &mut Draft<'_>,
    digester: &Digester,
    (one, other): (PersonId, PersonId),
    cause: MergeCause,
    stamp: &Stamp,
) -> Result<Joined, Error> {
    if one == other {
        return Err(Refusal::State("a person cannot be merged with itself").into());
    }
    let mut heads = Vec::new();
    for id in [one, other] {
        draft.rely(&person::partition(id))?;
        let head = person::head(draft, id)?.ok_or(Refusal::NoPerson(id))?;
        if head.merged_into.is_some() {
            return Err(
                Refusal::State("one of the persons is merged already: merge the person that it points to").into()
            );
        }
        heads.push((id, head));
    }
    let (Some(second), Some(first)) = (heads.pop(), heads.pop()) else {
        return Err(Error::Corrupt { what: "a merge" });
    };
    let [(survivor, mut survivor_head), (absorbed, mut absorbed_head)] = survivor(first, second);
    // What happened to the absorbed person so far tells two merges of one pair apart, also within one microsecond.
    let parts = [&survivor.to_bytes()[..], &absorbed.to_bytes(), &absorbed_head.happenings.to_be_bytes()];
    let merge = MergeId(digester.digest("merge", &parts));
    let is_automatic = matches!(cause, MergeCause::Automatic(_));
    survivor_head.absorbed.push(Pointer { person: absorbed, merge, is_automatic });
    absorbed_head.merged_into = Some(Pointer { person: survivor, merge, is_automatic });
    let row = |what| PersonRow { at: stamp.now, what };
    person::note(draft, survivor, &mut survivor_head, row(Happening::Absorbed(absorbed, merge)))?;
    person::note(draft, absorbed, &mut absorbed_head, row(Happening::MergedInto(survivor, merge)))?;
    person::put_head(draft, survivor, &survivor_head)?;
    person::put_head(draft, absorbed, &absorbed_head)?;
    let actor = stamp.actor.clone();
    put(draft, merge, &MergeRow { survivor, absorbed, at: stamp.now, actor, cause, undone: None })?;
    log(draft, &Event::Merged { merge, survivor, absorbed, is_automatic })?;
    Ok(Joined { merge, survivor, absorbed })
}
