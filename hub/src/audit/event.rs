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
    /// Those who asked the questions of the answers, each named by its place.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requesters: Vec<Requester>,
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
    /// The rest of the question, from which the same answer can be found again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Box<Question>>,
}

/// Who asked a question, and in which emergency: the same for most questions of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Requester {
    /// The institution that asked.
    pub institution: Box<str>,
    /// Its department.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub department: Option<Box<str>>,
    /// The practitioner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub practitioner: Option<Box<str>>,
    /// As what.
    pub role: Box<str>,
    /// Care relationships that the client stated beside those of the register.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub relations: Vec<Box<str>>,
    /// The emergency that was declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Emergency>,
}

/// A question as far as category, purpose and requester do not say it: what it takes to ask it again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// The place of its requester among those of the event.
    #[serde(default, skip_serializing_if = "is_first")]
    pub by: usize,
    /// Whose record it was about.
    pub custodian: Box<str>,
    /// Which one, if one was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record: Option<Box<str>>,
    /// How sensitive; empty: not at all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Box<str>>,
    /// The day that the data is from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub date: Option<Box<str>>,
    /// The department of the custodian.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<Box<str>>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Box<str>>,
    /// What the custodian calls the document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<Box<str>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_first(place: &usize) -> bool {
    *place == 0
}

/// An emergency that was declared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Emergency {
    /// Which kind.
    pub kind: Box<str>,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
    /// When it began.
    #[serde(with = "instant")]
    pub opened: Instant,
    /// Whether the person proved again who he or she is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_reauthenticated: bool,
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
