//! Permits that do not reach every record of their person: what an officer has to look at after a merge.
//!
//! A permit opens what was linked when it was signed. When more is linked later, somebody who knows both charts says
//! whether it is meant as well ([`super::add_to_reach`]) or not ([`dismiss_gap`]). Until then it stays closed, and stands
//! here. Which persons have changed is known to the index, so the caller brings them.

use super::journal::{Actor, check_text, decode, encode};
use super::{Change, Effective, Error, REACH_GAP, Refusal, Stamp};
use crate::chart::{ConsentId, IdentityId};
use directory::Instant;
use kv::{Draft, Key, Partition};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A permit that waits for an officer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingGap {
    /// The consent.
    pub consent: ConsentId,
    /// Its version.
    pub version: u32,
    /// Linked identities that it does not open.
    pub beyond: BTreeSet<IdentityId>,
    /// When that was first found.
    pub since: Instant,
    /// Who said that they are not meant, when, and why; none: it waits.
    pub dismissed: Option<(Actor, Instant, Box<str>)>,
}

/// Notes how the permits of a person reach now: new gaps wait, those that are gone do not any more. What was dismissed stays
/// so while the same identities are beyond.
///
/// # Errors
/// Those of the store.
pub fn note_gaps(draft: &mut Draft<'_>, effective: &Effective, now: Instant) -> Result<(), Error> {
    let gaps = effective.reach_gaps();
    let consents: BTreeSet<ConsentId> = effective.in_force().map(|(_, kept)| kept.document.consent).collect();
    for consent in consents {
        let known = waiting(draft, consent)?;
        let gap = gaps.iter().find(|gap| gap.consent == consent);
        match (gap, known) {
            (None, None) => {}
            (None, Some(_)) => draft.delete(key(consent)),
            (Some(gap), Some(known)) if (gap.version, &gap.beyond) == (known.version, &known.beyond) => {}
            (Some(gap), known) => {
                let since = known.map_or(now, |known| known.since);
                let (version, beyond) = (gap.version, gap.beyond.clone());
                put(draft, &WaitingGap { consent, version, beyond, since, dismissed: None })?;
            }
        }
    }
    Ok(())
}

/// Says that a permit is not meant for the identities beyond it.
///
/// # Errors
/// [`Refusal`] when nothing waits, or without a reason; those of the store.
pub fn dismiss_gap(draft: &mut Draft<'_>, consent: ConsentId, reason: &str, stamp: &Stamp) -> Result<Change, Error> {
    check_text("reason", reason)?;
    let known = waiting(draft, consent)?.ok_or(Refusal::State("no permit of this consent waits"))?;
    if known.dismissed.is_some() {
        return Ok(Change::Unchanged);
    }
    let dismissed = Some((stamp.actor.clone(), stamp.now, reason.into()));
    put(draft, &WaitingGap { dismissed, ..known })?;
    Ok(Change::Changed)
}

/// The permits that wait, by consent, at most `limit`; what was dismissed is not among them.
///
/// # Errors
/// Those of the store.
pub fn gaps_waiting(draft: &mut Draft<'_>, limit: u32) -> Result<Vec<WaitingGap>, Error> {
    let rows = draft.scan(&partition(), &[], None, limit)?;
    let all: Vec<WaitingGap> = rows.rows.iter().map(|(_, row)| decode("a gap", row)).collect::<Result<_, _>>()?;
    Ok(all.into_iter().filter(|gap| gap.dismissed.is_none()).collect())
}

fn waiting(draft: &mut Draft<'_>, consent: ConsentId) -> Result<Option<WaitingGap>, Error> {
    draft.get(&key(consent))?.map(|row| decode("a gap", &row)).transpose()
}

fn put(draft: &mut Draft<'_>, gap: &WaitingGap) -> Result<(), Error> {
    draft.put(key(gap.consent), encode("a gap", gap)?);
    Ok(())
}

fn key(consent: ConsentId) -> Key {
    partition().key(consent.0)
}

fn partition() -> Partition {
    Partition::new(REACH_GAP, [])
}
