//! The model that runs: what a rule set and its weights become for a table of records.
//!
//! [`Profiles`] turns every comparison into one dictionary-encoded column, [`Frequencies`] holds how common each value
//! is, [`Weights`] turns an agreement pattern into a match weight. None of them knows how pairs are found.

mod frequency;
mod pairs;
mod pattern;
mod profile;
mod weights;

pub use frequency::Frequencies;
pub use pattern::AgreementPattern;
pub use profile::{ComparedColumn, Profiles, Row, Rows};
pub(crate) use weights::log2_add;
pub use weights::{MatchWeight, RelationWeights, UntrainedError, Weights};

/// What becomes of a pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Decision {
    /// A₃: different persons.
    NonMatch,
    /// A₂: a clerk has to look.
    PossibleMatch,
    /// A₁: one person.
    Match,
}

impl Decision {
    /// The decision on a weight alone, before guards (Fellegi & Sunter 1969, §2).
    #[must_use]
    pub fn of(weight: f64, lower: f64, upper: f64) -> Self {
        if weight >= upper {
            Self::Match
        } else if weight >= lower {
            Self::PossibleMatch
        } else {
            Self::NonMatch
        }
    }

    /// The word used in output and golden pairs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NonMatch => "non-match",
            Self::PossibleMatch => "possible match",
            Self::Match => "match",
        }
    }
}
