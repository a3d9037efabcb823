//! What a run did, in words and as JSON.

use std::fmt::Write as _;

use linkage::rules::RuleSet;
use linkage::train::TrainingReport;
use serde::Serialize;

/// One run of `link`.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LinkSummary {
    /// Name of the rule set.
    pub(crate) rules: String,
    /// Digest of the rule set with the weights that were used.
    pub(crate) rules_digest: String,
    /// Version of the normalisation tables.
    pub(crate) tables_version: String,
    pub(crate) records: u64,
    pub(crate) rejected: u64,
    pub(crate) pairs_possible: u64,
    pub(crate) blocks: Vec<BlockSummary>,
    /// Pairs compared because other pairs had already brought their records together.
    pub(crate) second_hop_pairs: u64,
    pub(crate) pairs_compared: u64,
    pub(crate) pairs_reported: u64,
    pub(crate) pairs_capped: u64,
    pub(crate) threshold: f64,
    pub(crate) min_weight: f64,
    pub(crate) matches: u64,
    /// Possible matches between different clusters: what a clerk would be asked.
    pub(crate) possible_matches: u64,
    pub(crate) clusters: u64,
    pub(crate) components_split: u64,
    /// Wall time per stage.
    pub(crate) wall_seconds: Vec<(&'static str, f64)>,
    pub(crate) training: Option<TrainingSummary>,
}

/// One blocking rule.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct BlockSummary {
    pub(crate) name: String,
    /// Pairs that no earlier rule had.
    pub(crate) pairs: u64,
    /// Blocks that were too large, and the records in them.
    pub(crate) blocks_skipped: u64,
    pub(crate) records_skipped: u64,
}

/// What training learned.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct TrainingSummary {
    pub(crate) prior_from_deterministic_rules: f64,
    pub(crate) prior: f64,
    pub(crate) deterministic_pairs: f64,
    pub(crate) random_pairs: u64,
    pub(crate) relations: Vec<(String, f64)>,
    pub(crate) stages: Vec<StageSummary>,
    pub(crate) not_learned: Vec<String>,
    pub(crate) rounds: Vec<RoundSummary>,
}

/// One round of learning from clusters.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RoundSummary {
    /// Pairs that the clusters held.
    pub(crate) matches: u64,
    /// Bits by which the prior was moved to agree with what third records say of pairs.
    pub(crate) prior_shift: f64,
}

/// One expectation-maximisation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct StageSummary {
    pub(crate) name: String,
    pub(crate) pairs: u64,
    pub(crate) expected_matches: f64,
    pub(crate) iterations: usize,
    pub(crate) last_change: f64,
    pub(crate) converged: bool,
}

impl TrainingSummary {
    pub(crate) fn of(report: &TrainingReport, trained: &RuleSet) -> Self {
        Self {
            prior_from_deterministic_rules: report.prior_deterministic,
            prior: report.prior,
            deterministic_pairs: report.deterministic_pairs,
            random_pairs: report.random_pairs,
            relations: trained.relations.iter().map(|r| (r.name.clone(), r.rate.unwrap_or(0.0))).collect(),
            stages: report
                .stages
                .iter()
                .map(|stage| StageSummary {
                    name: stage.name.clone(),
                    pairs: stage.pairs,
                    expected_matches: stage.matches,
                    iterations: stage.iterations.len(),
                    last_change: stage.iterations.last().map_or(0.0, |last| last.change),
                    converged: stage.is_converged,
                })
                .collect(),
            not_learned: report.not_learned.clone(),
            rounds: report
                .rounds
                .iter()
                .map(|round| RoundSummary { matches: round.matches, prior_shift: round.prior_shift })
                .collect(),
        }
    }

    pub(crate) fn write(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "training     prior {:.3e} (deterministic rules: {:.3e} from {:.0} pairs), {} random pairs",
            self.prior, self.prior_from_deterministic_rules, self.deterministic_pairs, self.random_pairs
        );
        for (name, rate) in &self.relations {
            let _ = writeln!(out, "  relation {name}: {rate:.3e} of all pairs");
        }
        for stage in &self.stages {
            let state = if stage.converged { "converged" } else { "NOT CONVERGED" };
            let _ = writeln!(
                out,
                "  {:<40} {:>10} pairs {:>12.1} matches, {} after {} iterations (change {:.1e})",
                stage.name, stage.pairs, stage.expected_matches, state, stage.iterations, stage.last_change
            );
        }
        for name in &self.not_learned {
            let _ = writeln!(out, "  m of `{name}` was learned in no block; it keeps its starting value");
        }
        for (round, number) in self.rounds.iter().zip(1..) {
            let _ = writeln!(
                out,
                "  round {number}: {} pairs in clusters, prior moved by {:+.2} bits",
                round.matches, round.prior_shift
            );
        }
    }
}

impl LinkSummary {
    pub(crate) fn to_text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "rules        {} ({}, tables {})", self.rules, self.rules_digest, self.tables_version);
        let _ = writeln!(out, "records      {} ({} rejected)", self.records, self.rejected);
        if let Some(training) = &self.training {
            training.write(&mut out);
        }
        let share = |part: u64, whole: u64| 100.0 * to_f64(part) / to_f64(whole.max(1));
        let _ = writeln!(
            out,
            "compared     {} pairs of {} ({:.4} %)",
            self.pairs_compared,
            self.pairs_possible,
            share(self.pairs_compared, self.pairs_possible)
        );
        for block in &self.blocks {
            let _ = write!(out, "  {:<40} {:>12}", block.name, block.pairs);
            if block.blocks_skipped > 0 {
                let _ = write!(out, "  SKIPPED {} blocks, {} records", block.blocks_skipped, block.records_skipped);
            }
            let _ = writeln!(out);
        }
        let _ = writeln!(out, "  {:<40} {:>12}", "second hop", self.second_hop_pairs);
        let _ = writeln!(
            out,
            "matches      {} pairs from {:+.2} bits; {} possible matches between clusters from {:+.2} bits; {} pairs capped by guards",
            self.matches, self.threshold, self.possible_matches, self.min_weight, self.pairs_capped
        );
        let _ = writeln!(out, "clusters     {}", self.clusters);
        if self.components_split > 0 {
            let _ = writeln!(
                out,
                "             {} components were too large and split at higher weights",
                self.components_split
            );
        }
        let stages: Vec<String> = self.wall_seconds.iter().map(|(stage, s)| format!("{stage} {s:.2}")).collect();
        let _ = writeln!(out, "seconds      {}", stages.join(", "));
        out
    }
}

#[expect(clippy::cast_precision_loss, reason = "shown as a percentage")]
fn to_f64(number: u64) -> f64 {
    number as f64
}
