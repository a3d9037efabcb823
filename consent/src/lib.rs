//! Permission over time: who may see what of a patient, and why.
//!
//! This crate decides. Patients sign [`ConsentDocument`]s, the network publishes a [`NetworkPolicy`], custodians add
//! [`Veto`]es; [`compile()`] and [`PolicyImage::compile`] make flat [`Rule`]s of them, with checks that refuse and never
//! repair. A [`Chart`] holds the rules of one person for the identities linked now. An [`Engine`] answers:
//!
//! | call | question |
//! |---|---|
//! | [`Engine::decide`] | may this requester see this record? |
//! | [`Engine::visibility`] | may this requester learn that the person has a record there at all? |
//! | [`Engine::mask`] | which records of this custodian may be seen? (equal to the single decisions) |
//! | [`fetch_ahead`] | (not a question: lets many persons be asked about without waiting for memory) |
//! | [`simulate`] | the same asked of everybody at once, and of a policy that is not published yet |
//! | [`explain()`] | why, in Japanese and English, for the officer or for the requester |
//!
//! The laws that an officer can rely on: nobody permits, nobody sees; one deny that matches wins over every permit,
//! whoever wrote it, whenever, however deep; a deny is removed only by a permit of its own consent (when it is the *base*
//! of "nobody except") or by an authorised emergency (when it may be overridden). Errors and unknown codes deny.
//!
//! Documents, withdrawals, policies, vetoes, care relationships and cards are kept by the [`registry`], which reads a chart as
//! of any past moment. What the person takes home is a [`receipt`].
//!
//! The crate is pure: the present, the facts about the requester and the linked identities are parameters; nothing here
//! asks a clock or the network, a decision asks no store and allocates nothing, and the registry only plans. It knows no
//! wire format but one: [`fhir`] carries documents over to FHIR Consents and back. It does not know the index: an identity
//! is an opaque digest.
//!
//! # Numbers
//!
//! Rules compare numbers; a [`Codebook`] gives them out. Compile policies and documents with one codebook, look the names
//! of a requester and a record up in the same one ([`Codebook::number`]). Institutions must be entered
//! ([`Codebook::enter_directory`]): one without a number of its own is denied. Say [`Number::UNKNOWN`] for a fact that is
//! not known; it matches denies and no permit. Codebooks and charts are derived and never stored: documents and policy texts are.

mod ahead;
mod category;
mod chart;
mod codebook;
mod compile;
mod decide;
mod decision;
pub mod document;
mod emergency;
mod explain;
pub mod fhir;
mod label;
mod lifecycle;
mod lookup;
mod mask;
mod matching;
mod obligation;
pub mod policy;
mod purpose;
pub mod receipt;
pub mod registry;
mod rejection;
mod request;
mod role;
mod rule;
pub mod scenario;
pub mod simulate;
#[cfg(test)]
mod tests;

pub use ahead::fetch_ahead;
pub use category::{Categories, Category};
pub use chart::{
    CONSENTS_MAX, Chart, ChartConsent, ChartError, ChartView, ConsentId, IDENTITIES_MAX, IdentityId, IdentityStanding,
    Origin, Reach, Subject, SubjectState,
};
pub use codebook::{Codebook, CodebookFull, NUMBERS_MAX, Name, Number, OBLIGATIONS_MAX, ObligationsId};
pub use compile::{CompiledConsent, DAYS_MAX, EXCEPTIONS_MAX, Known, RULES_MAX, SignerFacts, VALUES_MAX, compile};
pub use decide::Engine;
pub use decision::{Basis, Decision, Fate, Matched, Outcome, Reasons, RuleRef, Stop, Stops};
pub use document::ConsentDocument;
pub use emergency::{
    Disaster, Emergency, EmergencyKind, EmergencyKinds, EmergencyPolicy, EmergencyReason, EmergencyTerms,
};
pub use explain::{
    Audience, RuleName, Sentence, describe, explain, is_of_requester, obligations_sentence, stop_sentence,
};
pub use label::{Label, Labels};
pub use lifecycle::ConsentState;
pub use lookup::Claimed;
pub use mask::{Mask, Slice};
pub use obligation::{Field, Notified, Obligation, Obligations, Transform};
pub use policy::{NetworkPolicy, PolicyError, PolicyImage, PolicyTextError, Veto};
pub use purpose::{Purpose, Purposes};
pub use rejection::{Rejection, RejectionReason};
pub use request::{RecordFacts, Request, Requester};
pub use role::{ActingAs, Roles};
pub use rule::{Effect, Flags, InstitutionKinds, Layer, Relation, Relations, Rule, Second, Selected, Selector};
