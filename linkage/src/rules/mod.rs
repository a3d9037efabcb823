//! Rule sets: the whole linkage model as data.
//!
//! A rule set says which columns are read and how they are normalised, which pairs are compared (blocks), how
//! (comparisons with ordered levels), how much each level weighs (m, u, relations), what caps a decision (guards),
//! and where the two thresholds lie. It is plain data: everything that runs is compiled from it elsewhere.

mod check;
pub mod expr;
pub mod golden;
mod parse;
#[cfg(test)]
mod tests;
mod write;

pub use check::Warning;
pub use expr::{Atom, Expr};
pub use parse::RuleError;

use crate::block::KeyPart;
use crate::cluster::Apart;
use crate::normalize::Kind;

/// Index of a field in [`RuleSet::fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FieldId(pub u16);

impl FieldId {
    /// The position in [`RuleSet::fields`].
    #[must_use]
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// A whole linkage model.
#[derive(Clone, Debug, PartialEq)]
pub struct RuleSet {
    /// Short name, usually that of the file.
    pub name: String,
    /// One sentence for people.
    pub title: String,
    /// What is read from each record.
    pub fields: Vec<Field>,
    /// Pairs of columns in which some systems write a whole name into the first: `鈴木　花子`.
    pub split_joined: Vec<(String, String)>,
    /// P(two random records are of one person); `None` until trained.
    pub prior: Option<f64>,
    /// Match weight in bits from which a pair is a match.
    pub upper: f64,
    /// Match weight in bits from which a pair is a possible match.
    pub lower: f64,
    /// What is compared.
    pub comparisons: Vec<Comparison>,
    /// Kinds of different persons who share more than strangers do.
    pub relations: Vec<Relation>,
    /// What caps a decision, whatever the weight.
    pub guards: Vec<Guard>,
    /// Which pairs are compared at all.
    pub blocks: Vec<BlockRule>,
    /// How the weights are learned.
    pub training: Training,
    /// How pairs become clusters.
    pub clustering: Clustering,
}

/// One normalised field of a record.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// Name used by comparisons and blocks.
    pub name: String,
    /// Input columns; several are joined with a space.
    pub columns: Vec<String>,
    /// How the text is normalised.
    pub kind: Kind,
}

/// One comparison with ordered levels; the first level that holds is the outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// Name shown in explanations.
    pub name: String,
    /// Best first; the last is the catch-all.
    pub levels: Vec<Level>,
    /// Fields that the levels read, in order of first appearance.
    pub fields: Vec<FieldId>,
}

/// The most levels that one comparison may have; a pattern packs each outcome into four bits.
pub const LEVELS_MAX: usize = 16;
/// The most comparisons that one rule set may have; a pattern is one 64-bit word.
pub const COMPARISONS_MAX: usize = 16;
/// The most relations that one rule set may have; training keeps one adjustment per relation beside each pattern.
pub const RELATIONS_MAX: usize = 3;

/// One outcome of a comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    /// Name shown in explanations.
    pub name: String,
    /// When it holds; `None` for the catch-all at the end.
    pub when: Option<Expr>,
    /// A missing value: weighs exactly 0.
    pub is_null: bool,
    /// P(level | same person), strictly between 0 and 1; `None` until trained, and for the null level.
    pub m: Option<f64>,
    /// P(level | strangers), likewise.
    pub u: Option<f64>,
    /// P(level | relation), one per relation; `None`: as for strangers.
    pub relations: Vec<Option<f64>>,
    /// The field whose value frequency adjusts u, and how much of the adjustment counts (0..=1).
    pub frequency: Option<(FieldId, f64)>,
}

/// A kind of two different persons who share more than strangers do: a household, twins.
///
/// The non-match side of the model is a mixture of strangers and the relations, so evidence that a family shares
/// (surname, address, telephone, insurance) is counted once, as what it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Relation {
    /// Name; also the key of its probabilities in the levels.
    pub name: String,
    /// Share of all pairs of records; `None` until trained.
    pub rate: Option<f64>,
    /// Whether training learns the rate only and leaves the probabilities as the rule set states them. A relation that
    /// is too like one person cannot be told apart without labels; what is known about it is better.
    pub is_fixed: bool,
}

/// A condition that caps the decision on a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct Guard {
    /// Name shown in explanations.
    pub name: String,
    /// Why, for the person who reads the explanation.
    pub reason: String,
    /// When it holds.
    pub when: Expr,
    /// The best decision that remains.
    pub cap: Cap,
    /// Match weight in bits from which the guard no longer holds. Such a guard finds that a kind of evidence is too
    /// little by itself; the others find a contradiction, and hold whatever the weight.
    pub below: Option<f64>,
}

impl Guard {
    /// Whether a pair of this weight is light enough for the guard to be asked; a pair without a weight always is.
    #[must_use]
    pub fn asks(&self, weight: Option<f64>) -> bool {
        weight.zip(self.below).is_none_or(|(weight, below)| weight < below)
    }

    /// What it says of two records that others bring together: a contradiction keeps them apart, one that a clerk has to
    /// look at leaves a doubt, too little evidence leaves it to the others.
    #[must_use]
    pub fn apart(&self) -> Apart {
        match (self.below, self.cap) {
            (Some(_), _) => Apart::No,
            (None, Cap::PossibleMatch) => Apart::Doubt,
            (None, Cap::NonMatch) => Apart::Never,
        }
    }
}

/// The best decision that a guard leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cap {
    /// A clerk has to look.
    PossibleMatch,
    /// Not to be linked and nothing to look at.
    NonMatch,
}

/// One blocking rule: records with equal keys are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockRule {
    /// Shown in the block analysis.
    pub name: String,
    /// Parts of the key; a record that lacks one is in no block of this rule.
    pub parts: Vec<KeyPart>,
    /// Blocks of more records than this are skipped, counted and reported.
    pub records_max: u32,
    /// Two records that agree on the key are nearly surely of one person, or of one household and birth date: worth
    /// comparing even when a record has more candidates than are compared.
    pub is_strong: bool,
}

/// Records in one block beyond which it is skipped unless the rule says otherwise: 20,000 records are 200 million
/// pairs, more than a whole prefecture needs.
pub const BLOCK_RECORDS_MAX: u32 = 20_000;

/// How the weights are learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Training {
    /// Rules under which nearly every agreeing pair is a match; they give the prior.
    pub deterministic: Vec<Vec<KeyPart>>,
    /// Share of the matches that the deterministic rules find (0..=1).
    pub recall: f64,
    /// Blocks in which m is learned for the comparisons that do not read the blocked fields.
    pub blocks: Vec<Vec<KeyPart>>,
    /// Times that the records are linked and m learned again from the clusters found. Clusters hold pairs that only
    /// other records bring together, so they show errors that pairs alone cannot.
    pub rounds: u8,
    /// Random pairs for u.
    pub random_pairs: u32,
    /// Further blocks for the last expectation-maximisation, which runs over all training blocks together: the more
    /// matches these reach, the truer the prior.
    pub union: Vec<Vec<KeyPart>>,
}

/// How pairs become clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clustering {
    /// The method.
    pub method: ClusterMethod,
    /// At most one record per source in a cluster.
    pub one_per_source: bool,
}

/// How pairs become clusters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClusterMethod {
    /// Connected components of the matches.
    Connected,
    /// Components taken apart again where one weak link holds a chain together or a guard forbids the union.
    Safe,
}

impl RuleSet {
    /// The field of that name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<FieldId> {
        let position = self.fields.iter().position(|field| field.name == name)?;
        u16::try_from(position).ok().map(FieldId)
    }

    /// Whether every probability is known, so that pairs can be scored without training.
    #[must_use]
    pub fn is_trained(&self) -> bool {
        let levels = self.comparisons.iter().flat_map(|comparison| &comparison.levels);
        self.prior.is_some()
            && self.relations.iter().all(|relation| relation.rate.is_some())
            && levels.into_iter().all(|level| level.is_null || (level.m.is_some() && level.u.is_some()))
    }

    /// The digest of the rule set as it would be written, with its weights: the rule part of a rule version.
    #[must_use]
    pub fn digest(&self) -> String {
        blake3::hash(self.to_toml().as_bytes()).to_hex().chars().take(16).collect()
    }
}
