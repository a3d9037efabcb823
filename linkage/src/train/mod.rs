//! Learns the weights of a rule set from the data itself, or from labelled pairs.
//!
//! The order is that of an anchored estimate, because expectation-maximisation on everything at once finds the wrong
//! classes when matches are rare: the prior comes from deterministic rules with a stated recall; u comes from random
//! pairs; m comes from expectation-maximisation inside one block after another, where matches are common, for the
//! comparisons that do not read the blocked fields; at last one run over all training blocks together lets the
//! comparisons, the prior and the relations settle. u is corrected for the matches that are among random pairs. Where
//! the records are then linked and learned from again, the caller gives the pairs found as [`Labels`], and
//! [`calibrate_prior`] sets the prior by what records say of each other.
//!
//! Everything is a function of records, rules and seed: samples are drawn by number from the canonical record order.

mod calibrate;
mod em;
mod labels;
mod observe;
mod random;

pub use calibrate::{EVEN_ODDS, WEIGHT_MAX, calibrate_prior};
pub use em::Iteration;
pub use labels::{Labels, train_from_labels};

use crate::block::{BlockSample, KeyPart, fields_of, pairs_possible};
use crate::exec::Executor;
use crate::model::Frequencies;
use crate::rules::{BLOCK_RECORDS_MAX, BlockRule, RuleSet};
use crate::score::Comparer;
use em::{Classes, Learned};
use observe::{Drawn, Observer};

/// What training did and how well it converged.
#[derive(Clone, Debug, Default)]
pub struct TrainingReport {
    /// Pairs that could be compared.
    pub pairs_possible: u64,
    /// Pairs that agree under a deterministic rule, estimated from a sample of blocks when there are many records.
    pub deterministic_pairs: f64,
    /// The prior after the deterministic rules.
    pub prior_deterministic: f64,
    /// The prior at the end.
    pub prior: f64,
    /// Random pairs compared for u.
    pub random_pairs: u64,
    /// Every expectation-maximisation, in order.
    pub stages: Vec<StageReport>,
    /// Comparisons that no training block could learn; they keep their starting m.
    pub not_learned: Vec<String>,
    /// What was learned again from clusters, round after round; filled by who links.
    pub rounds: Vec<RoundReport>,
}

/// One round of learning from clusters.
#[derive(Clone, Copy, Debug)]
pub struct RoundReport {
    /// Pairs that the clusters held.
    pub matches: u64,
    /// Bits by which the prior was then moved; see [`calibrate_prior`].
    pub prior_shift: f64,
}

/// One expectation-maximisation.
#[derive(Clone, Debug)]
pub struct StageReport {
    /// The block, or `all training blocks`.
    pub name: String,
    /// Pairs observed.
    pub pairs: u64,
    /// Expected matches among them at the end.
    pub matches: f64,
    /// One entry per iteration.
    pub iterations: Vec<Iteration>,
    /// Whether the largest change fell under the limit before the iterations ran out.
    pub is_converged: bool,
}

/// The seed of all samples unless the caller names another.
pub const SEED: u64 = 0x6e61_796f_7365;

/// Learns every probability of a rule set without labels.
///
/// Values that the rule set states are the starting point. Returns the trained rule set and a report.
#[must_use]
pub fn train(
    comparer: &Comparer<'_>,
    frequencies: &Frequencies,
    settings: Settings,
    executor: &dyn Executor,
) -> (RuleSet, TrainingReport) {
    let rules = comparer.rules;
    let observer = Observer { comparer, frequencies, settings, executor, shared: observe::shared(comparer.rules) };
    let mut report = TrainingReport {
        pairs_possible: pairs_possible(comparer.table, settings.across_sources),
        ..Default::default()
    };
    let prior = prior(&observer, &mut report);
    let (random, observed) = random::levels(&observer);
    report.random_pairs = observed;
    let mut classes = Classes::starting(rules, prior, &random);
    let keys: Vec<Vec<KeyPart>> = rules.training.blocks.iter().chain(&rules.training.union).cloned().collect();
    let blocks = sample(&keys, &observer);
    let drawn = observer.draw(&blocks, rules.training.blocks.len());
    learn_in_blocks(&observer, (&blocks, &drawn), &mut classes, &mut report);
    classes.correct(&random);
    if !blocks.is_empty() {
        let seen = observer.union(&blocks, &drawn);
        let learn = Learned {
            comparisons: vec![true; rules.comparisons.len()],
            shares: em::Shares::OfAllPairs(report.pairs_possible),
        };
        report.stages.push(em::run("all training blocks", &seen, &mut classes, &learn, Some(&random)));
    }
    report.prior = classes.prior();
    (classes.into_rules(rules), report)
}

/// How to train.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Whether only pairs of different sources count.
    pub across_sources: bool,
    /// Seed of the samples.
    pub seed: u64,
}

fn sample<'t>(keys: &[Vec<KeyPart>], observer: &Observer<'t>) -> BlockSample<'t> {
    let rule = |parts: &Vec<KeyPart>| {
        let name: Vec<String> =
            parts.iter().map(|part| part.display(&observer.comparer.rules.fields).to_string()).collect();
        BlockRule { name: name.join(" + "), parts: parts.clone(), records_max: BLOCK_RECORDS_MAX, is_strong: false }
    };
    let rules: Vec<BlockRule> = keys.iter().map(rule).collect();
    BlockSample::build(&rules, observer.comparer.table, observer.settings.across_sources, observer.executor)
}

/// The prior from deterministic rules: pairs that agree under any of them, divided by their recall.
fn prior(observer: &Observer<'_>, report: &mut TrainingReport) -> f64 {
    let rules = observer.comparer.rules;
    let blocks = sample(&rules.training.deterministic, observer);
    let found = blocks.pairs_united();
    #[expect(clippy::cast_precision_loss, reason = "pair counts stay far below 2^52")]
    let possible = report.pairs_possible.max(1) as f64;
    // One match is the least that is worth looking for; half of all pairs the most that makes sense as a prior.
    let prior = (found.max(1.0) / rules.training.recall / possible).min(0.5);
    report.deterministic_pairs = found;
    report.prior_deterministic = rules.prior.filter(|_| found < 1.0).unwrap_or(prior);
    report.prior_deterministic
}

/// One expectation-maximisation per training block; m of each comparison is the mean over the blocks, weighted by the
/// matches expected in them.
fn learn_in_blocks(
    observer: &Observer<'_>,
    (blocks, drawn): (&BlockSample<'_>, &[Drawn]),
    classes: &mut Classes,
    report: &mut TrainingReport,
) {
    let rules = observer.comparer.rules;
    let mut sums: Vec<Vec<f64>> = classes.m.iter().map(|levels| vec![0.0; levels.len()]).collect();
    let mut totals = vec![0.0; sums.len()];
    for (position, (key, drawn)) in rules.training.blocks.iter().zip(drawn).enumerate() {
        let blocked = fields_of(key);
        let is_learned = |fields: &[crate::rules::FieldId]| !fields.iter().any(|field| blocked.contains(field));
        let comparisons: Vec<bool> =
            rules.comparisons.iter().map(|comparison| is_learned(&comparison.fields)).collect();
        let seen = observer.block(drawn, &comparisons);
        let mut own = classes.clone();
        let learn = Learned { comparisons: comparisons.clone(), shares: em::Shares::Free };
        let name = blocks.name(position);
        let stage = em::run(name, &seen, &mut own, &learn, None);
        for (comparison, learned) in comparisons.into_iter().enumerate().filter(|(_, learned)| *learned) {
            debug_assert!(learned, "filtered");
            if let (Some(sum), Some(total), Some(m)) =
                (sums.get_mut(comparison), totals.get_mut(comparison), own.m.get(comparison))
            {
                sum.iter_mut().zip(m).for_each(|(sum, m)| *sum += m * stage.matches);
                *total += stage.matches;
            }
        }
        report.stages.push(stage);
    }
    for (comparison, (sum, total)) in sums.into_iter().zip(totals).enumerate() {
        match classes.m.get_mut(comparison) {
            Some(m) if total > 0.0 => m.iter_mut().zip(sum).for_each(|(m, sum)| *m = sum / total),
            _ => report.not_learned.extend(rules.comparisons.get(comparison).map(|rule| rule.name.clone())),
        }
    }
}
