//! What a report shows, as plain data.
//!
//! The report is drawn from this and nothing else, so it can be made from a run, from a test, or from a saved file.

use serde::{Deserialize, Serialize};

/// Everything that a report shows. Empty lists and absent values leave their section out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ReportModel {
    /// What was linked, for the heading: the names of the files.
    pub dataset: String,
    /// The rule set that was used.
    pub rules: RuleSetModel,
    /// The figures at the top.
    pub figures: Figures,
    /// Match weight in bits from which a pair is a possible match.
    pub lower: f64,
    /// Match weight in bits from which a pair is a match.
    pub upper: f64,
    /// P(two random records are of one person).
    pub prior: Option<f64>,
    /// The comparisons with their levels.
    pub comparisons: Vec<ComparisonModel>,
    /// Scored pairs by match weight, in rising order.
    pub histogram: Vec<Bin>,
    /// Pairs that are lighter than the first bin; they were given up early, so their weights are not known.
    pub lighter: u64,
    /// Quality at every threshold, when the truth is known.
    pub curve: Vec<CurvePointModel>,
    /// The blocking rules, in the order in which they run.
    pub blocks: Vec<BlockModel>,
    /// Example pairs.
    pub waterfalls: Vec<WaterfallModel>,
    /// How training went; empty when the weights were given.
    pub training: Vec<TrainingStageModel>,
}

/// The rule set.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RuleSetModel {
    /// Short name.
    pub name: String,
    /// One sentence.
    pub title: String,
    /// Digest of rules, weights and tables together; shown in short.
    pub version: String,
    /// Whether the weights were learned from these records.
    pub is_trained_here: bool,
}

/// The figures at the top.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Records read.
    pub records: u64,
    /// Rows refused.
    pub rejected: u64,
    /// Pairs that the blocking rules made.
    pub pairs_compared: u64,
    /// All pairs that there could be.
    pub pairs_possible: u64,
    /// Pairs from the upper threshold up.
    pub matches: u64,
    /// Pairs between the thresholds.
    pub possible_matches: u64,
    /// Clusters, those of one record included.
    pub clusters: u64,
    /// Clusters of two records or more.
    pub clusters_linked: u64,
    /// Records in the largest cluster.
    pub largest_cluster: u64,
}

/// One comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ComparisonModel {
    /// Its name.
    pub name: String,
    /// Its levels, best first.
    pub levels: Vec<LevelModel>,
}

/// One level of a comparison.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LevelModel {
    /// Its name.
    pub name: String,
    /// P(level | same person).
    pub m: Option<f64>,
    /// P(level | different persons).
    pub u: Option<f64>,
    /// Match weight in bits.
    pub weight: f64,
    /// A side is missing: the level weighs exactly 0.
    pub is_null: bool,
}

/// Pairs with a weight in a range.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    /// Lower end in bits, included.
    pub lo: f64,
    /// Upper end in bits, excluded.
    pub hi: f64,
    /// Pairs.
    pub count: u64,
}

/// Quality of the scored pairs at one threshold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CurvePointModel {
    /// Match weight in bits from which pairs are linked.
    pub threshold: f64,
    /// Share of the linked pairs that are right.
    pub precision: f64,
    /// Share of all true pairs that are linked.
    pub recall: f64,
    /// Harmonic mean of the two.
    pub f1: f64,
}

/// One blocking rule.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BlockModel {
    /// Its name.
    pub rule: String,
    /// Pairs that share a block of it.
    pub pairs: u64,
    /// Those that no earlier rule has.
    pub new_pairs: u64,
    /// Its largest blocks.
    pub largest: Vec<LargestBlock>,
    /// Blocks that were skipped because they were over the limit.
    pub skipped: u64,
}

/// One large block.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LargestBlock {
    /// What its records have in common.
    pub key: String,
    /// Records.
    pub size: u64,
}

/// An example pair with its waterfall.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaterfallModel {
    /// Why this pair is shown, in English.
    pub title: String,
    /// The same in Japanese; the English title is shown when it is empty.
    pub title_ja: String,
    /// Id of the left record.
    pub left_id: String,
    /// Id of the right record.
    pub right_id: String,
    /// The prior in bits: where the waterfall starts.
    pub prior: f64,
    /// One step per comparison.
    pub bars: Vec<WaterfallBar>,
    /// The match weight in bits: where it ends.
    pub total: f64,
    /// What was decided.
    pub decision: DecisionModel,
    /// The guard that capped the decision, if one did.
    pub guard: Option<String>,
}

/// One step of a waterfall.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct WaterfallBar {
    /// The comparison.
    pub comparison: String,
    /// Its level for this pair.
    pub level: String,
    /// What the left record holds.
    pub left_value: String,
    /// What the right record holds.
    pub right_value: String,
    /// Match weight in bits.
    pub weight: f64,
}

/// What was decided about a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecisionModel {
    /// Linked.
    Match,
    /// A clerk has to look.
    PossibleMatch,
    /// Not linked.
    #[default]
    NonMatch,
}

/// One expectation-maximisation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingStageModel {
    /// The blocking rule whose pairs were used.
    pub name: String,
    /// Pairs observed.
    pub pairs: u64,
    /// Expected matches among them at the end.
    pub matches: f64,
    /// Largest change of a probability in each iteration.
    pub changes: Vec<f64>,
    /// Whether the changes fell under the limit before the iterations ran out.
    pub is_converged: bool,
}
