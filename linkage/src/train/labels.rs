//! Learns m from labelled pairs, where somebody knows the truth.

use super::em::Classes;
use super::observe::{self, Observer};
use super::{Settings, random};
use crate::block::pairs_possible;
use crate::exec::Executor;
use crate::model::Frequencies;
use crate::rules::RuleSet;
use crate::score::{Comparer, LevelCache};
use crate::table::RecordIndex;

/// Learns the prior and every m from pairs that are known to be matches, and u from random pairs.
///
/// The matches should be all of them, or a random sample together with `matches_total`, how many there are.
#[must_use]
pub fn train_from_labels(
    comparer: &Comparer<'_>,
    frequencies: &Frequencies,
    settings: Settings,
    labels: &Labels<'_>,
    executor: &dyn Executor,
) -> RuleSet {
    let observer = Observer { comparer, frequencies, settings, executor, shared: observe::shared(comparer.rules) };
    let (random, _) = random::levels(&observer);
    #[expect(clippy::cast_precision_loss, reason = "pair counts stay far below 2^52")]
    let prior =
        labels.matches_total.max(1) as f64 / pairs_possible(comparer.table, settings.across_sources).max(2) as f64;
    let mut classes = Classes::starting(comparer.rules, prior.min(0.5), &random);
    let mut cache = LevelCache::new(comparer.rules.comparisons.len());
    let mut counts: Vec<Vec<f64>> = classes.m.iter().map(|levels| vec![0.0; levels.len()]).collect();
    for (left, right) in labels.matches {
        let pattern = comparer.pattern_of(*left, *right, &mut cache);
        for (comparison, counts) in counts.iter_mut().enumerate() {
            counts.iter_mut().skip(pattern.level(comparison)).take(1).for_each(|count| *count += 1.0);
        }
    }
    classes.set_matches(&counts);
    classes.correct_by_count(&random);
    classes.into_rules(comparer.rules)
}

/// Known matches.
#[derive(Clone, Copy, Debug)]
pub struct Labels<'a> {
    /// Pairs of records of one person.
    pub matches: &'a [(RecordIndex, RecordIndex)],
    /// How many such pairs there are in the whole table.
    pub matches_total: u64,
}
