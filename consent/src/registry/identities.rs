//! How a person stands with the network: joining, withdrawing, death, protection.
//!
//! A withdrawal is one act and holds with its acknowledgement: it may be said of the past, for a paper that was signed
//! yesterday, and never of the future. To join again takes a new act, and no consent from before comes back with it.

use super::event::announce;
use super::history::Deed;
use super::journal::{ENTRIES_MAX, append};
use super::read::{history, partition};
use super::{Change, Error, Event, Refusal, Stamp};
use crate::chart::IdentityId;
use directory::{AsOf, Instant};
use kv::Draft;

/// The person joins under an identity, from an instant on.
///
/// # Errors
/// [`Refusal::State`] when it would begin before a withdrawal, or the person is dead; those of the store.
pub fn enrol(draft: &mut Draft<'_>, identity: IdentityId, from: Instant, stamp: &Stamp) -> Result<Change, Error> {
    let history = history(draft, identity)?;
    match last_standing(history.entries().iter().map(|entry| &entry.deed)) {
        Some(Deed::Enrolled { from: since }) if *since <= from => return Ok(Change::Unchanged),
        _ => {}
    }
    if history.last_withdrawal().is_some_and(|withdrawn| from < withdrawn) {
        return Err(Refusal::State("the person would join again before the withdrawal").into());
    }
    if history.at(AsOf::known(from)).standing.is_deceased {
        return Err(Refusal::State("the person is dead and does not join").into());
    }
    write(draft, identity, Deed::Enrolled { from }, stamp)
}

/// The person withdraws: from then on nothing of the person is seen under any identity linked to this one, and every
/// consent that was in force under it has ended for ever.
///
/// # Errors
/// [`Refusal::State`] when it lies in the future; those of the store.
pub fn withdraw(draft: &mut Draft<'_>, identity: IdentityId, from: Instant, stamp: &Stamp) -> Result<Change, Error> {
    if from > stamp.now {
        return Err(Refusal::State("a withdrawal holds at once, not from later on").into());
    }
    let history = history(draft, identity)?;
    // Whatever stands above an older withdrawal would stand above it still, so only the last word counts.
    match last_standing(history.entries().iter().map(|entry| &entry.deed)) {
        Some(Deed::Withdrew { from: since }) if *since <= from => Ok(Change::Unchanged),
        _ => write(draft, identity, Deed::Withdrew { from }, stamp),
    }
}

/// States whether the person is dead, from an instant on.
///
/// # Errors
/// Those of the store.
pub fn state_death(
    draft: &mut Draft<'_>,
    (identity, is_deceased): (IdentityId, bool),
    from: Instant,
    stamp: &Stamp,
) -> Result<Change, Error> {
    write(draft, identity, Deed::Died { is_deceased, from }, stamp)
}

/// States whether the person is protected (DV支援措置), from an instant on.
///
/// # Errors
/// Those of the store.
pub fn state_protection(
    draft: &mut Draft<'_>,
    (identity, is_restricted): (IdentityId, bool),
    from: Instant,
    stamp: &Stamp,
) -> Result<Change, Error> {
    write(draft, identity, Deed::Protected { is_restricted, from }, stamp)
}

fn last_standing<'d>(deeds: impl DoubleEndedIterator<Item = &'d Deed>) -> Option<&'d Deed> {
    deeds.rev().find(|deed| matches!(deed, Deed::Enrolled { .. } | Deed::Withdrew { .. }))
}

/// Appends to the journal of an identity, and announces it.
pub(super) fn write(draft: &mut Draft<'_>, identity: IdentityId, deed: Deed, stamp: &Stamp) -> Result<Change, Error> {
    let from = deed.from();
    let version = append(draft, &partition(identity), (deed, ENTRIES_MAX), stamp)?;
    announce(draft, &Event::Identity { identity, version, from })?;
    Ok(Change::Changed)
}
