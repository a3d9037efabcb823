//! Consent documents as FHIR R4 Consents of IHE Privacy Consent on FHIR (PCF 1.1), and back.
//!
//! [`from_fhir`] reads a Consent into a [`ConsentDocument`], [`to_fhir`] writes a document as a
//! Consent of the narrowest profile that says it: basic, intermediate or advanced. Both are exact or refuse. What is
//! written is read back before it is given out, so a document that PCF cannot say is never given out as another one; an
//! element that is not evaluated here refuses the Consent, because it might restrict.
//!
//! | FHIR | consent document |
//! |---|---|
//! | `patient`, `performer` | the identity, and the grantor |
//! | `organization` | whose data: the custodians of the root, any when it is the network |
//! | `dateTime`, `policy.uri` | when it was signed, the version of the policy that was shown |
//! | `source` | where the scan of the form lies; the receipt, where there is no scan |
//! | `provision.type` | the effect of that provision; nesting never turns it round |
//! | `period`, `dataPeriod` | when it holds, the days of the data |
//! | `actor` with the role `IRCP` | recipients |
//! | `securityLabel`, `purpose` | labels, purposes |
//! | `data`: `instance`, `related`, `authoredby` | targets: a record, an encounter and the like, an author |
//! | `provision.provision` | exceptions, one level deep |
//!
//! PCF has no word for kinds of data, roles, care relationships, kinds of emergency, obligations, "without these labels",
//! denies that no emergency sets aside, and windows that are counted back from today. A Consent does not say which
//! consent it replaces or how it was signed, and its id and version are the registry's: these come as [`Given`].
//!
//! Where the texts disagree: the type of the root may be absent, then `policyRule` tells, then it denies; a nested
//! provision keeps its own type; a level of confidentiality means that level or lower in a permit, or higher in a deny. As in
//! every document, an exception that permits says what its root says where it is silent, and a permit that names no purpose
//! is for every purpose but those that break through denies. `organization` is read as R4 calls it, the custodian: a
//! Consent that one institution manages says nothing about the data of another. A consent that was signed on a day was
//! signed when the day began.
//!
//! Not here: HTTP, search, Bundles, narrative, the tokens and their residual rules, and which consent is in force: a
//! Consent that is not `active` is read, and contributes nothing until the registry brings it into force.

mod code;
mod element;
mod error;
mod provision;
mod read;
mod reference;
#[cfg(test)]
mod tests;
mod time;
mod write;

pub use error::{FhirProblem, FhirRefusal, FhirRejection};
pub use read::from_fhir;
pub use reference::{Reference, References, Referent};
pub use write::{FhirProfile, to_fhir};

use crate::chart::ConsentId;
use crate::document::{ConsentDocument, Signature};
use crate::label::Label;
use crate::lifecycle::ConsentState;
use crate::purpose::Purpose;
use directory::Offset;
use std::fmt;

/// A code and the system that it is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Coding {
    /// The address of the system.
    pub system: String,
    /// The code.
    pub code: String,
}

/// What the caller knows and a Consent does not say.
#[derive(Clone, Copy)]
pub struct FhirTerms<'t> {
    /// The zone that a date without a time is of.
    pub zone: Offset,
    /// The addresses of the versions of the network's policy. The first of a version is the one that is written.
    pub policies: &'t [(String, u32)],
    /// Codes of the purposes that the network names itself, in systems of its own.
    pub purposes: &'t [(Coding, Purpose)],
    /// Codes of the labels that HL7 has none for, in systems of its own.
    pub labels: &'t [(Coding, Label)],
    /// What references mean.
    pub references: &'t dyn References,
}

/// What a document has and a Consent has no element for, or what the registry gives and no client chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Given {
    /// The consent, over all its versions.
    pub consent: ConsentId,
    /// The version, from 1 on.
    pub version: u32,
    /// The consent that this one replaces.
    pub replaces: Option<ConsentId>,
    /// How it was signed.
    pub signature: Signature,
}

/// A Consent that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FhirConsent {
    /// What was signed.
    pub document: ConsentDocument,
    /// How the Consent says that it stands.
    pub status: FhirStatus,
}

/// `Consent.status`. Only an active Consent is in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FhirStatus {
    /// Being written.
    Draft,
    /// Proposed to the patient, and not agreed to yet.
    Proposed,
    /// In force.
    Active,
    /// The patient did not agree.
    Rejected,
    /// Ended: superseded or withdrawn, which FHIR does not tell apart.
    Inactive,
    /// Never should have been.
    EnteredInError,
}

impl FhirStatus {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Draft, Self::Proposed, Self::Active, Self::Rejected, Self::Inactive, Self::EnteredInError];

    /// The code of FHIR.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Proposed => "proposed",
            Self::Active => "active",
            Self::Rejected => "rejected",
            Self::Inactive => "inactive",
            Self::EnteredInError => "entered-in-error",
        }
    }
}

impl From<ConsentState> for FhirStatus {
    fn from(state: ConsentState) -> Self {
        match state {
            ConsentState::Draft => Self::Draft,
            ConsentState::Active => Self::Active,
            ConsentState::Superseded | ConsentState::Withdrawn => Self::Inactive,
            ConsentState::EnteredInError => Self::EnteredInError,
        }
    }
}

impl Given {
    /// What a document says beside its Consent.
    #[must_use]
    pub fn of(document: &ConsentDocument) -> Self {
        let ConsentDocument { consent, version, replaces, signature, .. } = *document;
        Self { consent, version, replaces, signature }
    }
}

impl fmt::Debug for FhirTerms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { zone, policies, purposes, labels, references: _ } = self;
        let mut shown = f.debug_struct("FhirTerms");
        let shown = shown.field("zone", zone).field("policies", policies);
        shown.field("purposes", purposes).field("labels", labels).finish_non_exhaustive()
    }
}
