//! The registry: what was signed, withdrawn and published, kept for ever and read as of any past moment.
//!
//! Everything is appended to journals, one per identity, one for the network's policy and one for the vetoes of
//! custodians. Nothing is overwritten: how things stand is the sum of the entries that were known at one instant and hold
//! at another. A withdrawal is an entry of the identity under which the person signed. No verb writes into the journal of
//! another identity than the one that it is given, and merges and unmerges are no verbs here: a chart is put together from
//! the identities that are linked at the moment, so there is nothing to rewrite and nothing to restore.
//!
//! Verbs write onto a [`kv::Draft`]; the caller commits. How many entries a journal holds is its version: whoever keeps
//! the versions that a decision rests on ([`DecisionBasis`]) can make the same decision again ([`rebuild`]).
//!
//! | Space | Partition | Sort key | Value |
//! |---|---|---|---|
//! | 64 | identity | `h` | head: entries so far, and when the last was recorded |
//! | | | `e` number | what happened to the identity, or to a consent that was signed under it |
//! | 65 | consent | | the identity that it was signed under |
//! | 66 | | `h`, `e` number | what happened to the network's policy |
//! | 67 | | `h`, `e` number | vetoes of custodians |
//! | 68 | identity | `h`, `e` number | care relationships of institutions with it |
//! | 69 | card | `h`, `e` number | what happened to the card |
//! | 70 | identity | | the card that it is tied to |
//! | 71 | session | `h`, `e` number | what happened to the emergency session |
//! | 72 | | opened, session | sessions that no officer has looked at |
//! | 73 | | consent | a permit that does not reach every record of its person |
//! | 74 | name | `h`, `e` number | what happened to a pack of scenarios |
//! | 75 | | name | packs that are kept |
//!
//! Not here: what a form looks like, receipts, and removing what the law says must go.

mod cards;
mod consents;
mod endings;
mod error;
mod event;
mod gaps;
mod history;
mod identities;
mod journal;
mod policies;
mod read;
mod relations;
mod scenarios;
mod sessions;
mod standing;
#[cfg(test)]
mod tests;
mod vetoes;

pub use cards::{Card, CardId, cancel_card, card, card_of, issue_card, tie_card, untie_card};
pub use consents::{Checks, activate, add_to_reach, enter_in_error, save, withdraw_consent};
pub use endings::{Ending, end_again, endings};
pub use error::{Error, Refusal};
pub use event::Event;
pub use gaps::{WaitingGap, dismiss_gap, gaps_waiting, note_gaps};
pub use history::{Deed, History, IdentityState, KeptConsent};
pub use identities::{enrol, state_death, state_protection, withdraw};
pub use journal::{Actor, ENTRIES_MAX, Entry, Stamp, TEXT_BYTES_MAX};
pub use policies::{
    PolicyState, PublishedPolicy, Review, cancel_policy, in_force, policy, policy_states, review_policy, save_policy,
    schedule_policy,
};
pub use read::{DecisionBasis, Effective, ReachGap, basis, effective, effective_again, history, identity_of, rebuild};
pub use relations::{CareRelation, CareRelations, RelationFacts, relations, state_relation};
pub use scenarios::{
    PACKS_MAX, PackOutcome, SavedScenarios, remove_scenarios, save_scenarios, scenarios, scenarios_named, try_scenarios,
};
pub use sessions::{
    Opening, Session, SessionId, SessionReview, close_session, open_session, review_session, session, sessions_waiting,
};
pub use standing::{Marks, Standing, marks, standing};
pub use vetoes::{VETO_ENTRIES_MAX, VetoesVersion, state_veto, vetoes, vetoes_again};

use kv::Space;

/// Journals of identities.
const IDENTITY: Space = Space(64);
/// Which identity a consent was signed under.
const CONSENT: Space = Space(65);
/// The journal of the policy.
const POLICY: Space = Space(66);
/// The journal of vetoes.
const VETO: Space = Space(67);
/// Journals of care relationships.
const RELATION: Space = Space(68);
/// Journals of cards.
const CARD: Space = Space(69);
/// The card of an identity.
const CARD_OF: Space = Space(70);

/// Journals of emergency sessions.
const SESSION: Space = Space(71);
/// Sessions that wait for an officer.
const SESSION_WAITING: Space = Space(72);

/// Permits that do not reach every record of their person.
const REACH_GAP: Space = Space(73);

/// Journals of packs of scenarios.
const SCENARIOS: Space = Space(74);
/// Packs that are kept.
const SCENARIO_NAME: Space = Space(75);

/// Whether a verb wrote anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Things stood so already.
    Unchanged,
    /// It was written.
    Changed,
}
