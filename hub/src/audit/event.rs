//! What one answered request leaves behind: who asked, about whom, and why each answer was what it was.
//!
//! An event holds ids, codes and versions. It has no field for a name, a birth date, an address or the value of an
//! identifier, so a trail can be shown to an officer without showing a patient's data. What the words mean is decided by
//! whoever answers the request; this file only gives them a place.

use std::fmt::Display;
use std::str::FromStr;

use directory::Instant;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// One answered request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When it was answered.
    #[serde(with = "instant")]
    pub at: Instant,
    /// The name of the route, such as `decide_batch`: no path, since a path may hold an identifier.
    pub route: Box<str>,
    /// Who asked.
    pub caller: Caller,
    /// Everybody whom the answer is about; empty for an answer that is about no person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub persons: Vec<Subject>,
}

/// Who asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The registered client.
    pub client: Box<str>,
    /// The institution for which it asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub institution: Option<Box<str>>,
    /// The practitioner or officer behind the client, as the client names them: an id, no name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Box<str>>,
}

/// A person whom an answer is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The enterprise id at the moment of the answer.
    pub person: Box<str>,
    /// What was answered about the person; empty when the person was read without a decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<Answer>,
}

/// One decision about one person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// What the caller wanted to do.
    pub action: Box<str>,
    /// With which category of information.
    pub category: Box<str>,
    /// For which purpose.
    pub purpose: Box<str>,
    /// `permit` or `deny`.
    pub outcome: Box<str>,
    /// What the outcome rests on.
    pub basis: Box<str>,
    /// The codes of the rules and stops behind it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<Box<str>>,
    /// The id under which the decision can be explained later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Box<str>>,
    /// The version of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Box<str>>,
    /// The version of the matching rules that found the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rules: Option<Box<str>>,
}

impl Event {
    /// Whether the event is about one of these persons.
    #[must_use]
    pub fn is_about(&self, persons: &[&str]) -> bool {
        self.persons.iter().any(|subject| persons.contains(&&*subject.person))
    }
}

/// Instants as RFC 3339, which an officer can read.
pub(super) mod instant {
    use super::{Deserialize as _, Deserializer, Display, FromStr as _, Instant, Serializer, de};

    pub(in crate::audit) fn serialize<S: Serializer>(instant: &Instant, to: S) -> Result<S::Ok, S::Error> {
        let shown: &dyn Display = instant;
        to.collect_str(shown)
    }

    pub(in crate::audit) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Instant, D::Error> {
        Instant::from_str(&String::deserialize(from)?).map_err(de::Error::custom)
    }
}
