//! How often each level occurs among random pairs: the raw material of u.
//!
//! Pairs with equal combinations of values are counted exactly from the value counts, because a sample never meets
//! rare agreement often enough; only pairs with different combinations are sampled.

use super::observe::Observer;
use crate::block::pairs_possible;
use crate::exec;
use crate::model::ComparedColumn;
use crate::score::LevelCache;
use crate::table::{RecordIndex, Table};

/// P(level) among all pairs, per comparison and level; null levels have the share of pairs that miss a value.
#[derive(Clone, Debug)]
pub(super) struct RandomLevels {
    pub(super) shares: Vec<Vec<f64>>,
    /// The least probability that the sample can tell from zero.
    pub(super) floor: f64,
}

/// Random pairs compared in one task.
const TASK_PAIRS: u64 = 16_384;

/// Observes the levels of random pairs; also returns how many pairs were compared.
pub(super) fn levels(observer: &Observer<'_>) -> (RandomLevels, u64) {
    let comparer = observer.comparer;
    let (table, across) = (comparer.table, observer.settings.across_sources);
    let possible = pairs_possible(table, across);
    let wanted = u64::from(comparer.rules.training.random_pairs);
    let drawn = draws(table, wanted);
    let tasks = usize::try_from(drawn.count.div_ceil(TASK_PAIRS)).unwrap_or(0);
    let widths: Vec<usize> = comparer.rules.comparisons.iter().map(|comparison| comparison.levels.len()).collect();
    let counted = exec::map(observer.executor, tasks, |task| {
        let mut counts: Vec<Vec<u64>> = widths.iter().map(|levels| vec![0; *levels]).collect();
        let mut cache = LevelCache::new(widths.len());
        let start = task as u64 * TASK_PAIRS;
        let pairs =
            (start..(start + TASK_PAIRS).min(drawn.count)).filter_map(|n| drawn.pair(table, observer.settings.seed, n));
        let mut compared = 0;
        for (left, right) in pairs.filter(|(a, b)| !across || table.source(*a) != table.source(*b)) {
            compared += 1;
            let (left, right) = (comparer.profiles.row(left), comparer.profiles.row(right));
            let differ = (0..widths.len()).filter(|comparison| left.number(*comparison) != right.number(*comparison));
            for comparison in differ {
                let level = comparer.level(comparison, left, right, &mut cache);
                if let Some(count) = counts.get_mut(comparison).and_then(|counts| counts.get_mut(usize::from(level))) {
                    *count += 1;
                }
            }
        }
        (counts, compared)
    });
    let compared: u64 = counted.iter().map(|(_, compared)| compared).sum();
    let mut shares = Vec::new();
    for (comparison, column) in comparer.profiles.columns.iter().enumerate() {
        let sampled =
            |level: usize| counted.iter().filter_map(|(counts, _)| counts.get(comparison)?.get(level)).sum::<u64>();
        let sampled: Vec<u64> = (0..widths.get(comparison).copied().unwrap_or(0)).map(sampled).collect();
        let equal = equal_pairs(comparison, column, observer);
        shares.push(combine(&sampled, &equal, possible));
    }
    #[expect(clippy::cast_precision_loss, reason = "pair counts stay far below 2^52")]
    let floor = 0.5 / compared.max(1) as f64;
    (RandomLevels { shares, floor }, compared)
}

/// All pairs when there are at most three times as many as wanted, otherwise a sample with replacement.
struct Draws {
    count: u64,
    is_complete: bool,
    pairs: u64,
}

fn draws(table: &Table, wanted: u64) -> Draws {
    let pairs = pairs_possible(table, false);
    let is_complete = pairs <= wanted.saturating_mul(3);
    Draws { count: if is_complete { pairs } else { wanted }, is_complete, pairs }
}

impl Draws {
    fn pair(&self, table: &Table, seed: u64, number: u64) -> Option<(RecordIndex, RecordIndex)> {
        if !self.is_complete {
            return table.random_pair(seed, number);
        }
        // Walk the triangle row by row: the rows are short enough that the first one is found by division.
        let count = table.len() as u64;
        debug_assert!(number < self.pairs, "numbers are drawn below the number of pairs");
        let (left, right) = (number / count, number % count);
        // Fold the lower half of the square onto the upper one, so that each unordered pair occurs once.
        let (left, right) = if right > left { (left, right) } else { (count - 2 - left, count - 1 - right) };
        Some((u32::try_from(left).ok()?, u32::try_from(right).ok()?))
    }
}

/// Pairs with equal combinations, by the level that such a combination has with itself.
fn equal_pairs(comparison: usize, column: &ComparedColumn, observer: &Observer<'_>) -> Vec<f64> {
    let comparer = observer.comparer;
    let levels = comparer.rules.comparisons.get(comparison).map_or(0, |rule| rule.levels.len());
    let mut pairs = vec![0.0; levels];
    let mut add = |number: u32, sign: f64, count: u32| {
        let level = comparer.self_level(comparison, number);
        if let Some(total) = pairs.get_mut(usize::from(level)) {
            *total += sign * f64::from(count) * (f64::from(count) - 1.0) / 2.0;
        }
    };
    for (number, count) in (0..).zip(&column.counts) {
        add(number, 1.0, *count);
    }
    if observer.settings.across_sources {
        // Pairs inside one source are taken off again.
        let records = 0..u32::try_from(comparer.table.len()).unwrap_or(u32::MAX);
        let number = |record| comparer.profiles.row(record).number(comparison).unwrap_or(0);
        let mut sided: Vec<(u32, u16)> =
            records.map(|record| (number(record), comparer.table.source(record))).collect();
        sided.sort_unstable();
        for run in sided.chunk_by(|a, b| a == b) {
            if let Some((number, _)) = run.first() {
                add(*number, -1.0, u32::try_from(run.len()).unwrap_or(u32::MAX));
            }
        }
    }
    pairs
}

fn combine(sampled: &[u64], equal: &[f64], possible: u64) -> Vec<f64> {
    #[expect(clippy::cast_precision_loss, reason = "pair counts stay far below 2^52")]
    let (sampled_total, possible) = (sampled.iter().sum::<u64>().max(1) as f64, possible.max(1) as f64);
    let different = (1.0 - equal.iter().sum::<f64>() / possible).max(0.0);
    #[expect(clippy::cast_precision_loss, reason = "pair counts stay far below 2^52")]
    let share = |(sampled, equal): (&u64, &f64)| equal / possible + different * (*sampled as f64) / sampled_total;
    sampled.iter().zip(equal).map(share).collect()
}
