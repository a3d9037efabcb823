//! What cannot be carried over between a consent document and a FHIR Consent, and where it stands.
//!
//! Nothing is repaired or left out on the way: whatever has no exact counterpart ends the mapping with one of these
//! values. A message names elements, codes and the names of resources; it never holds the value of an identifier.

use crate::rejection::place;

/// Why a FHIR Consent is not taken: the element, and what was found there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cannot take the FHIR Consent: `{path}` {problem}")]
pub struct FhirRejection {
    /// The element, from `Consent` down, with places in lists counted from 0 as in `FHIRPath`.
    pub path: String,
    /// What is wrong with it.
    pub problem: FhirProblem,
}

/// What is wrong with an element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FhirProblem {
    /// FHIR, PCF or a consent document asks for it.
    #[error("is missing")]
    Missing,
    /// An element, a modifier or an extension that is not evaluated here: it might restrict.
    #[error("is not evaluated here, and could change what the consent means")]
    NotEvaluated,
    /// Not of the form that FHIR wants.
    #[error("is {found}, not {expected}")]
    Malformed {
        /// What belongs there.
        expected: &'static str,
        /// What was there.
        found: String,
    },
    /// A code that is not in the tables.
    #[error("holds the code `{code}` of `{system}`, which is not known here")]
    UnknownCode {
        /// Its system.
        system: String,
        /// The code.
        code: String,
    },
    /// The caller does not know what is referred to, or what it is cannot stand there.
    #[error("refers to {found}, which is not known here as {expected}")]
    Unresolved {
        /// What belongs there.
        expected: &'static str,
        /// The reference, without the value of an identifier.
        found: String,
    },
    /// Understood, and without a counterpart in a consent document.
    #[error("is {found}: {reason}")]
    Inexpressible {
        /// What was there.
        found: String,
        /// Why it is not taken.
        reason: &'static str,
    },
    /// More values than are taken.
    #[error("holds {count} values, over the limit of {limit}")]
    TooMany {
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
}

/// Why a consent document is not written as a FHIR Consent: what PCF cannot say, and in which provision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FhirRefusal {
    /// No PCF profile has an element for it.
    #[error("cannot write the consent as a FHIR Consent: PCF cannot say {what}, see {}", place(*.provision))]
    Unsayable {
        /// The provision: 0 is the root.
        provision: u16,
        /// What it cannot say.
        what: &'static str,
    },
    /// PCF asks for it, and the document does not have it.
    #[error("cannot write the consent as a FHIR Consent: PCF asks for {0}")]
    Missing(&'static str),
    /// The caller has no FHIR resource that stands for it.
    #[error("cannot write the consent as a FHIR Consent: no resource stands for {what}, see {}", place(*.provision))]
    NoReference {
        /// The provision: 0 is the root.
        provision: u16,
        /// For what.
        what: &'static str,
    },
    /// A word of the network's own for which the caller gave no code.
    #[error("cannot write the consent as a FHIR Consent: no code stands for `{word}`, see {}", place(*.provision))]
    NoCode {
        /// The provision: 0 is the root.
        provision: u16,
        /// The word.
        word: &'static str,
    },
    /// The caller knows no address of this version of the policy.
    #[error("cannot write the consent as a FHIR Consent: no address stands for version {0} of the policy")]
    NoPolicy(u32),
    /// What was written would not be read as the same document, so it is not given out.
    #[error("cannot write the consent as a FHIR Consent: it would not be read back as the same document")]
    NotReadBack(#[source] Option<FhirRejection>),
}
