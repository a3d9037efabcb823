//! Who does something, when, and why: what every decision carries.

use crate::RecordId;
use directory::{Instant, InstitutionId};
use linkage::model::AgreementPattern;
use serde::{Deserialize, Serialize};

/// Who asks for something: an id of an account or a service, never a person's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// The account or service.
    pub id: Box<str>,
    /// For which institution; none for the network itself.
    pub institution: Option<InstitutionId>,
}

/// Who, and when: the recorded time of everything that one request changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Recorded time: never before that of an earlier request.
    pub now: Instant,
    /// Who.
    pub actor: Actor,
}

/// Why a record belongs to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Basis {
    /// Nobody was like it: it is the first record of its person.
    New,
    /// The rules found it.
    Automatic(Evidence),
    /// A clerk's earlier decision about this record and another.
    MustLink(RecordId),
    /// A clerk's decision about this record.
    Clerk {
        /// Who.
        actor: Actor,
        /// Why, in the clerk's words, which name no person.
        reason: Box<str>,
    },
    /// A merge was undone, and the record came back or was decided again.
    Unmerge,
    /// A change of rules was applied.
    Rules(Evidence),
}

/// What an automatic decision rests on: enough to say why years later, and no personal value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The record that decided.
    pub with: RecordId,
    /// Match weight in bits, after guards.
    pub weight: f64,
    /// Which level each comparison reached.
    pub pattern: u64,
    /// The guard that capped the pair, by its place in the rule set.
    pub guard: Option<u16>,
    /// The version of rules, weights, frequencies and tables.
    pub rules: Box<str>,
}

impl Evidence {
    /// The agreement pattern.
    #[must_use]
    pub fn pattern(&self) -> AgreementPattern {
        AgreementPattern(self.pattern)
    }
}
