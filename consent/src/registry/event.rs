//! What the registry announces in the change log: whose consent has changed, and which policy.
//!
//! An event names what has to be read again. It holds no content, so that a consumer cannot rely on half of it.

use super::journal::{decode, encode};
use super::{CardId, Error, SessionId, policies, vetoes};
use crate::chart::IdentityId;
use directory::{Instant, InstitutionId, log};
use kv::Draft;
use serde::{Deserialize, Serialize};

/// A change. Variants are added at the end: entries hold their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// Something about an identity, or a consent that was signed under it.
    Identity {
        /// Which.
        identity: IdentityId,
        /// The version of its journal from now on.
        version: u32,
        /// From when it holds.
        from: Instant,
    },
    /// A step in the life of a version of the policy.
    Policy {
        /// Which.
        version: u32,
        /// The step.
        state: policies::PolicyState,
        /// From when it holds.
        from: Instant,
    },
    /// A veto of a custodian, or its end.
    Veto {
        /// Whose.
        custodian: InstitutionId,
        /// The version of all vetoes from now on.
        version: vetoes::VetoesVersion,
        /// From when it holds.
        from: Instant,
    },
    /// A care relationship with an identity.
    Relation {
        /// Which identity.
        identity: IdentityId,
        /// The version of its journal of relationships from now on.
        version: u32,
        /// From when it holds.
        from: Instant,
    },
    /// A card, or what is tied to it.
    Card {
        /// Which.
        card: CardId,
        /// The version of its journal from now on.
        version: u32,
    },
    /// An emergency session.
    Session {
        /// Which.
        session: SessionId,
        /// The version of its journal from now on.
        version: u32,
    },
}

impl Event {
    /// The event of an entry of the log; none when it is not one of this crate, or not readable.
    #[must_use]
    pub fn decode(entry: &[u8]) -> Option<Self> {
        let (log::Owner::Consent, row) = log::split(entry)? else { return None };
        decode("event", row).ok()
    }
}

/// Appends an event to the log.
pub(super) fn announce(draft: &mut Draft<'_>, event: &Event) -> Result<(), Error> {
    draft.log([&[log::CONSENT][..], &encode("event", event)?].concat());
    Ok(())
}
