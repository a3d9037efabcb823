//! The golden record: the best-known demographics of a person, chosen from what sources wrote.
//!
//! Nothing is composed: every value is the text of one record, as that record wrote it, and says which record and why it
//! won. What belongs together (a name in kanji and kana, an insurance card, a postcode and its address) comes from one
//! record. Which record wins is data ([`Survivorship`]); only one law is fixed: a value that is one beats a maimed one,
//! and a maimed one beats a placeholder. A golden record is a function of the observations it is given and of the rules,
//! whatever their order, so that of the visible records is that of a world without the others. Nothing is stored here.

mod choose;
mod rules;
mod statement;
#[cfg(test)]
mod tests;

pub use rules::{Criterion, Rule, Survivorship, SurvivorshipError, Trust};

use crate::demographics::{Attribute, Demographics};
use crate::id::RecordId;
use directory::Instant;
use linkage::normalize::Tables;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What one record says: one version of it, usually the current one.
#[derive(Clone, Copy, Debug)]
pub struct Observation<'d> {
    /// The record.
    pub record: RecordId,
    /// Which version of it.
    pub version: u32,
    /// Id of the institution that wrote it, as the `[trust.institution]` table of the rules names it.
    pub institution: &'d str,
    /// Kind of that institution in one word, as the `[trust.kind]` table names it: `hospital`, `pharmacy`.
    pub institution_kind: &'d str,
    /// When the source says that its values held.
    pub event_time: Instant,
    /// The values.
    pub demographics: &'d Demographics,
}

/// The best-known demographics of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldenRecord {
    /// Every attribute that has a value.
    pub values: BTreeMap<Attribute, GoldenValue>,
}

/// One value with where it came from and why it won. Its [`fmt::Debug`] hides the texts.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GoldenValue {
    /// The text as its source wrote it.
    pub text: Box<str>,
    /// Which record wrote it.
    pub provenance: Provenance,
    /// What decided for it.
    pub decided_by: Deciding,
    /// Records that wrote the same value, the chosen one among them; ways of writing (width, era years) do not count.
    pub records: u32,
    /// The other values, most frequent first.
    pub alternatives: Vec<Alternative>,
}

/// Where a value came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// The record.
    pub record: RecordId,
    /// Which version of it.
    pub version: u32,
    /// When its source says that the value held.
    pub event_time: Instant,
}

/// What decided for a value: the first step after which no other value was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deciding {
    /// Only one record says anything.
    OnlySource,
    /// All records that say something agree.
    Agreement,
    /// The others are placeholders, or are maimed: lost characters, partial or impossible dates.
    Soundness,
    /// The others come from sources of less trust.
    Trust,
    /// The others are older.
    Recency,
    /// The others say less.
    Completeness,
    /// The others are in the minority.
    Majority,
    /// No rule decided: the latest, and among these the smallest record id.
    Order,
    /// The chosen record is silent here; another one that agrees with the rest of the group speaks.
    Filled,
}

/// A value that was not chosen. Its [`fmt::Debug`] hides the text.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alternative {
    /// The text as the latest of its sources wrote it.
    pub text: Box<str>,
    /// Records that wrote this value.
    pub records: u32,
    /// The latest of them.
    pub provenance: Provenance,
}

/// The golden record of some records; empty for none. Cost grows with the square of the number of records of one person.
#[must_use]
pub fn golden(rules: &Survivorship, tables: &Tables, records: &[Observation<'_>]) -> GoldenRecord {
    let mut values = BTreeMap::new();
    for rule in rules.rules() {
        choose::group(rule, rules.trust(), tables, records).into_iter().for_each(|(attribute, value)| {
            values.insert(attribute, value);
        });
    }
    GoldenRecord { values }
}

impl GoldenRecord {
    /// The value of one attribute.
    #[must_use]
    pub fn get(&self, attribute: Attribute) -> Option<&GoldenValue> {
        self.values.get(&attribute)
    }

    /// The texts alone.
    #[must_use]
    pub fn demographics(&self) -> Demographics {
        let mut demographics = Demographics::new();
        self.values.iter().for_each(|(attribute, value)| demographics.set(*attribute, &value.text));
        demographics
    }
}

impl Deciding {
    /// The word in answers and screens.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OnlySource => "only source",
            Self::Agreement => "agreement",
            Self::Soundness => "soundness",
            Self::Trust => "trust",
            Self::Recency => "recency",
            Self::Completeness => "completeness",
            Self::Majority => "majority",
            Self::Order => "order",
            Self::Filled => "filled",
        }
    }
}

impl fmt::Debug for GoldenValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GoldenValue")
            .field("provenance", &self.provenance)
            .field("decided_by", &self.decided_by)
            .field("records", &self.records)
            .field("alternatives", &self.alternatives)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Alternative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alternative")
            .field("records", &self.records)
            .field("provenance", &self.provenance)
            .finish_non_exhaustive()
    }
}
