//! Why a provision is refused: one reason, and the provision that it is about.
//!
//! Saved rules are checked and never repaired, so every message says what to change. Names of institutions and
//! practitioners may stand in a message; nothing of the person does.

use crate::codebook::CodebookFull;
use crate::compile::DAYS_MAX;
use directory::{InstitutionId, PractitionerId};

/// Why a provision is refused, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {reason}", place(*.provision))]
pub struct Rejection {
    /// The provision: 0 is the root.
    pub provision: u16,
    /// What is wrong.
    pub reason: RejectionReason,
}

/// What is wrong with a provision.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RejectionReason {
    /// A list that is there and empty. Leave it out to mean "any".
    #[error("the list of {0} is empty; leave it out to mean any")]
    EmptyList(&'static str),
    /// More values than an attribute takes.
    #[error("there are {count} {what}, over the limit of {limit}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        count: usize,
        /// The limit.
        limit: usize,
    },
    /// An institution that the directory does not know.
    #[error("the institution `{0}` is not in the directory")]
    UnknownInstitution(InstitutionId),
    /// A practitioner that the directory does not know.
    #[error("the practitioner `{0}` is not in the directory")]
    UnknownPractitioner(PractitionerId),
    /// A group that no institution belongs to.
    #[error("no institution belongs to the group `{0}`")]
    UnknownGroup(Box<str>),
    /// A region that no institution lies in.
    #[error("no institution lies in the region `{0}`")]
    UnknownRegion(Box<str>),
    /// A version of the list of participants that there is not.
    #[error("there is no version {0} of the list of participants")]
    UnknownList(u32),
    /// A version of the policy that was never in force.
    #[error("version {0} of the policy was never published")]
    UnknownPolicy(u32),
    /// An exception without an effect.
    #[error("an exception says whether it permits or denies")]
    NoEffect,
    /// A limit where only permits and denies are taken.
    #[error("a consent permits or denies; only a policy limits")]
    LimitInConsent,
    /// An exception of an exception.
    #[error("exceptions are one level deep")]
    TooDeep,
    /// A window that is not of whole seconds, or not between 1970 and 2106.
    #[error("a period is of whole seconds between 1970 and 2106")]
    Period,
    /// A period of an exception that lies outside that of the root.
    #[error("the period of the exception and of the root share nothing")]
    PeriodOutsideRoot,
    /// A last day before the first.
    #[error("the last day of the data is before the first")]
    RecordDays,
    /// A number of days that is none or beyond any sense.
    #[error("a number of days lies between 1 and {DAYS_MAX}")]
    Days,
    /// The label test can never hold, or asks for nothing.
    #[error("the labels that are wanted and those that are not wanted are the same")]
    Labels,
    /// "Not even in an emergency" where the policy does not offer it.
    #[error("the policy does not offer a refusal of this kind of emergency")]
    RefusalNotOffered,
    /// A permit cannot be "never overridden", and has no obligations to carry on a deny.
    #[error("only a deny can be never overridden")]
    OverrideOnPermit,
    /// Obligations on a deny mean nothing.
    #[error("a deny has no obligations")]
    ObligationOnDeny,
    /// The proxy signed outside the time for which he or she may.
    #[error("the proxy may not sign at that time")]
    ProxyNotValid,
    /// A proxy without evidence of the right.
    #[error("a proxy shows by what right he or she signs")]
    ProxyWithoutEvidence,
    /// The person is too young to sign alone.
    #[error("at {age} the person does not sign alone; the policy asks for {minimum}")]
    TooYoung {
        /// The age in years when it was signed.
        age: u8,
        /// The age that the policy asks for.
        minimum: u8,
    },
    /// The dead give no new permits.
    #[error("the person is dead: no new permit is taken")]
    Deceased,
    /// The version begins at 1.
    #[error("versions are counted from 1")]
    Version,
    /// A text that is empty where something is named.
    #[error("the name of a {0} is empty")]
    EmptyName(&'static str),
    /// The codebook is full.
    #[error(transparent)]
    Full(#[from] CodebookFull),
}

pub(crate) fn place(provision: u16) -> String {
    if provision == 0 { "the root provision".to_owned() } else { format!("exception {provision}") }
}
