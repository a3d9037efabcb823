//! The network's policy: ceilings of the roles, what is permitted before anybody said anything, what is never permitted,
//! emergencies and disasters.
//!
//! A policy is a text that an officer can read (TOML), checked when it is read and refused with file, line and reason. An
//! *image* is one version of it made into rules, together with the vetoes of custodians. The ceilings become denies, so
//! they hold against every consent; what needs the patient's permit is left out of the implicit permits.

mod image;
mod index;
mod read;

pub(crate) use image::check_veto;
pub use image::{PolicyError, PolicyImage, PolicyRule, Veto};
pub(crate) use index::{CHUNK, RuleIndex};

use crate::category::Category;
use crate::document::{KindWord, Provision};
use crate::emergency::{EmergencyKind, EmergencyReason};
use crate::label::Label;
use crate::obligation::Obligation;
use crate::role::ActingAs;
use directory::Period;
use serde::{Deserialize, Serialize};

/// A policy as an officer writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// As people call it.
    pub name: String,
    /// How long a client may keep an answer, in seconds; 0 means that it asks every time.
    pub cache_for_seconds: u32,
    /// From which age a person signs alone.
    pub minimum_age: u8,
    /// Labels that no emergency opens.
    pub sealed: Vec<Label>,
    /// The labels that the column "sensitive" of the ceilings is about.
    pub sensitive: Vec<Label>,
    /// The emergencies that a person may refuse for good.
    pub refusable: Vec<EmergencyKind>,
    /// Whether an emergency reaches persons who withdrew.
    pub reach_withdrawn_in_emergency: bool,
    /// What each role may see at most.
    pub ceilings: Vec<Ceiling>,
    /// Permits, denies and limits of the network.
    pub rules: Vec<NamedProvision>,
    /// What each kind of emergency asks for; a kind that is not here is not offered.
    pub emergencies: Vec<EmergencyClause>,
    /// Disasters that were declared.
    pub disasters: Vec<DisasterClause>,
    /// The digest of the text.
    pub digest: [u8; 32],
}

/// What some roles may see at most. Every role stands in exactly one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ceiling {
    /// Its name in reasons.
    pub name: String,
    /// The roles.
    pub roles: Vec<ActingAs>,
    /// What they may see.
    #[serde(default)]
    pub allowed: Vec<Category>,
    /// What they may see only with a permit of the patient.
    #[serde(default)]
    pub with_permit: Vec<Category>,
    /// Of these a list or summary only.
    #[serde(default)]
    pub summary: Vec<Category>,
    /// Whether they may see sensitive records.
    pub sensitive: SensitiveCeiling,
}

/// Whether a role may see sensitive records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SensitiveCeiling {
    /// As any other.
    Allowed,
    /// With a permit of the patient, or in an emergency.
    WithPermit,
    /// In an emergency only.
    Emergency,
    /// Never.
    Never,
}

/// A rule of the network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamedProvision {
    /// Its name in reasons.
    pub name: String,
    /// A permit for persons who have not said anything yet: their first consent replaces it.
    #[serde(default)]
    pub implicit: bool,
    /// The rule.
    pub provision: Provision,
}

/// What one kind of emergency asks for, and what it opens.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EmergencyClause {
    /// Which kind.
    pub kind: EmergencyKind,
    /// Who may declare it.
    pub roles: Vec<ActingAs>,
    /// At which kinds of institutions.
    pub institutions: Vec<KindWord>,
    /// The reasons that are taken.
    pub reasons: Vec<EmergencyReason>,
    /// How long a session lasts.
    pub hours: u16,
    /// Whether the head of the institution must have named the person.
    #[serde(default)]
    pub needs_naming: bool,
    /// Whether the person must prove again who he or she is.
    #[serde(default)]
    pub needs_reauthentication: bool,
    /// What it opens beside what the patient permits; empty for what was agreed beforehand.
    #[serde(default)]
    pub opens: Vec<Category>,
    /// What must be done beside.
    #[serde(default)]
    pub obligations: Vec<Obligation>,
}

/// A declared disaster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisasterClause {
    /// Its name.
    pub name: String,
    /// Regions of the directory.
    pub regions: Vec<Box<str>>,
    /// When; whole seconds.
    pub period: Period,
    /// Who declared it.
    pub by: String,
    /// On what ground.
    pub basis: String,
}

/// Why a text is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {reason}")]
pub struct PolicyTextError {
    /// The file, as the caller named it.
    pub file: String,
    /// Line, counted from 1; the last one when something is missing.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}
