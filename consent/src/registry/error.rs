//! What the registry answers when it does not do what it was asked.

use crate::chart::{ChartError, ConsentId};
use crate::codebook::CodebookFull;
use crate::policy::{PolicyError, PolicyTextError};
use crate::rejection::Rejection;

/// Why a verb wrote nothing, or a read has no answer. Whoever decides takes every one of them for a deny.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not answer.
    #[error("cannot use the registry of consent")]
    Store(#[from] kv::Error),
    /// A row is not what was written.
    #[error("cannot read a row of {what}: it is not what was written")]
    Corrupt {
        /// The kind of row.
        what: &'static str,
    },
    /// As things stand it is not done.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The document cannot be meant, or what it names is not there.
    #[error("cannot take the consent")]
    Rejected(#[from] Rejection),
    /// The text is no policy.
    #[error("cannot take the policy")]
    PolicyText(#[from] PolicyTextError),
    /// The text is no file of scenarios.
    #[error("cannot take the scenarios: {0}")]
    ScenarioText(String),
    /// The policy names what is not there.
    #[error("cannot use the policy")]
    Policy(#[from] PolicyError),
    /// The person has more than a chart takes.
    #[error("cannot put the chart together")]
    Chart(#[from] ChartError),
    /// The codebook takes no more.
    #[error("cannot number the names of the directory")]
    Full(#[from] CodebookFull),
}

/// A reason why something is not done; the store stays as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A text that is empty where it must say something, or too long.
    #[error("the {what} is empty or longer than {limit} bytes")]
    Text {
        /// Which text.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// A journal or a consent is full.
    #[error("there are {limit} {what}, and no more are taken")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The consent was signed under another identity. It names neither.
    #[error("the consent {0} was signed under another identity")]
    OtherIdentity(ConsentId),
    /// There is no such consent, or no such version of it.
    #[error("there is no version {1} of the consent {0}")]
    NoConsent(ConsentId, u32),
    /// Versions follow each other without gaps.
    #[error("the next version of the consent is {expected}, not {found}")]
    Version {
        /// The next.
        expected: u32,
        /// What was given.
        found: u32,
    },
    /// There is no such version of the policy.
    #[error("there is no version {0} of the policy")]
    NoPolicy(u32),
    /// There is no such pack of scenarios.
    #[error("there is no pack of scenarios `{0}`")]
    NoScenarios(Box<str>),
    /// A kept scenario would come out differently.
    #[error("{count} kept scenarios come out differently; the first is in {first}")]
    Scenarios {
        /// How many.
        count: usize,
        /// The first with its pack, and how it came out.
        first: Box<str>,
    },
    /// What is asked for does not fit how things stand.
    #[error("{0}")]
    State(&'static str),
}
