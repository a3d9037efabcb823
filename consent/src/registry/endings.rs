//! What has ended for good, as a list that outlives the store: a restored backup must not revive it.
//!
//! A backup holds permits that were withdrawn or replaced after it was made. Whoever runs the registry keeps the endings of
//! every identity elsewhere ([`endings`]) and has a restored store end them again ([`end_again`]). That may close more than
//! the lost entries did, and never opens anything: where a consent that has ended also denies, so that it cannot be taken
//! back alone, the person is out until he or she signs again.

use super::consents::has;
use super::history::{Deed, History};
use super::identities::{withdraw, write};
use super::read::history;
use super::{Change, Error, Stamp};
use crate::chart::{ConsentId, IdentityId};
use crate::lifecycle::ConsentState;
use crate::rule::Effect;
use directory::{AsOf, Instant};
use kv::Draft;

/// Something that has ended for good.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ending {
    /// The person withdrew under an identity.
    Person {
        /// From when.
        from: Instant,
    },
    /// A version of a consent was withdrawn, replaced, or entered in error.
    Consent {
        /// The consent.
        consent: ConsentId,
        /// The version.
        version: u32,
    },
}

/// Everything that has ended under an identity, or will by what is known.
#[must_use]
pub fn endings(history: &History) -> Vec<Ending> {
    let withdrawals = history.entries().iter().filter_map(|entry| match entry.deed {
        Deed::Withdrew { from } => Some(Ending::Person { from }),
        _ => None,
    });
    let state = history.at(AsOf::known(Instant::FOREVER));
    let has_ended = |state: ConsentState| !matches!(state, ConsentState::Draft | ConsentState::Active);
    let ended = state.consents.iter().filter(|(_, kept)| has_ended(kept.state));
    let consents = ended.map(|((consent, version), _)| Ending::Consent { consent: *consent, version: *version });
    withdrawals.chain(consents).collect()
}

/// Ends something again that had ended before the store was restored. What the store does not hold, or knows to have
/// ended, stays as it is.
///
/// # Errors
/// Those of the store.
pub fn end_again(draft: &mut Draft<'_>, identity: IdentityId, ending: Ending, stamp: &Stamp) -> Result<Change, Error> {
    let history = history(draft, identity)?;
    match ending {
        Ending::Person { from } if history.last_withdrawal().is_some_and(|known| known >= from) => {
            Ok(Change::Unchanged)
        }
        Ending::Person { from } => withdraw(draft, identity, from.min(stamp.now), stamp),
        Ending::Consent { consent, version } => {
            // Where it is known to end later on, nothing was lost.
            let state = history.at(AsOf::known(Instant::FOREVER));
            let Some(kept) = state.consents.get(&(consent, version)).filter(|kept| kept.state.is_in_force()) else {
                return Ok(Change::Unchanged);
            };
            let root = &kept.document.root;
            match (has(root, Effect::Permit), has(root, Effect::Deny)) {
                // What only denies does no harm.
                (false, _) => Ok(Change::Unchanged),
                (true, false) => write(draft, identity, Deed::ConsentWithdrawn { consent, from: stamp.now }, stamp),
                (true, true) => withdraw(draft, identity, stamp.now, stamp),
            }
        }
    }
}
