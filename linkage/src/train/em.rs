//! Expectation-maximisation over classes: one match class, strangers, and the relations.
//!
//! Strangers' u is fixed, so the match class cannot drift into describing chance; relations keep u for what their
//! members do not share. After Winkler (1988) with the anchoring described in [`super`].

use super::StageReport;
use super::observe::Observation;
use super::random::RandomLevels;
use crate::rules::{COMPARISONS_MAX, LEVELS_MAX, RELATIONS_MAX, RuleSet};

/// One iteration of expectation-maximisation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Iteration {
    /// Expected matches among the observed pairs.
    pub matches: f64,
    /// The largest change of any probability.
    pub change: f64,
}

/// The probabilities being learned.
#[derive(Clone, Debug)]
pub(super) struct Classes {
    /// P(level | match), per comparison; null levels hold 1.
    pub(super) m: Vec<Vec<f64>>,
    u: Vec<Vec<f64>>,
    /// Per relation: P(level | relation), and which comparisons it shares.
    relations: Vec<(Vec<Vec<f64>>, Vec<bool>)>,
    /// Share of each class among the pairs looked at: match, strangers, relations.
    shares: Vec<f64>,
    nulls: Vec<Vec<bool>>,
    /// Per relation: whether its probabilities stay as the rule set states them.
    fixed: Vec<bool>,
}

/// What one run may change.
pub(super) struct Learned {
    /// The comparisons that count.
    pub(super) comparisons: Vec<bool>,
    /// How class shares are estimated.
    pub(super) shares: Shares,
}

/// How class shares are estimated.
#[derive(Clone, Copy)]
pub(super) enum Shares {
    /// Among the observed pairs.
    Free,
    /// Among this many pairs, of which those not observed are strangers.
    OfAllPairs(u64),
}

/// Iterations after which a run stops, converged or not.
const ITERATIONS_MAX: usize = 50;
/// A run has converged when no probability moves by more than this.
const CHANGE_MIN: f64 = 1e-4;
/// A relative change of a class share counts a tenth of an absolute change of a probability: one part in a thousand.
const SHARE_TOLERANCE: f64 = 0.1;
/// The least probability a level may have under any class: a weight beyond ±20 bits is not something data can teach.
const PROBABILITY_MIN: f64 = 1e-6;
/// Part of the agreement among random pairs that stays with strangers while matches are only expected: an estimate of
/// the matches that is a little too high must not leave nothing.
const CHANCE_SHARE_MIN: f64 = 0.05;
/// Share of relations among all pairs before anything is known about them.
const RELATION_RATE_START: f64 = 1e-5;

impl Classes {
    /// The starting point: what the rule set states, else a plain guess (agreement is likely among matches).
    pub(super) fn starting(rules: &RuleSet, prior: f64, random: &RandomLevels) -> Self {
        let nulls: Vec<Vec<bool>> = rules
            .comparisons
            .iter()
            .map(|comparison| comparison.levels.iter().map(|level| level.is_null).collect())
            .collect();
        let mut m = Vec::new();
        for comparison in &rules.comparisons {
            let count = comparison.levels.iter().filter(|level| !level.is_null).count();
            // Each better level is guessed three times as likely as the next, the catch-all one in twenty.
            let mut guess = 0.95;
            let mut rank = 0;
            m.push(
                comparison
                    .levels
                    .iter()
                    .map(|level| {
                        if level.is_null {
                            return 1.0;
                        }
                        rank += 1;
                        let own = if rank == count { 0.05 } else { guess * 0.75 };
                        guess *= 0.25;
                        level.m.unwrap_or(own)
                    })
                    .collect(),
            );
        }
        let mut relations = Vec::new();
        let mut shares = vec![prior, 1.0];
        for (position, relation) in rules.relations.iter().enumerate() {
            let own = |comparison: &crate::rules::Comparison| {
                comparison
                    .levels
                    .iter()
                    .map(|level| level.relations.get(position).copied().flatten())
                    .collect::<Vec<_>>()
            };
            let stated: Vec<Vec<Option<f64>>> = rules.comparisons.iter().map(own).collect();
            let shared: Vec<bool> = stated.iter().map(|levels| levels.iter().any(Option::is_some)).collect();
            let r = stated.into_iter().map(|levels| levels.into_iter().map(|r| r.unwrap_or(PROBABILITY_MIN)).collect());
            relations.push((r.collect(), shared));
            shares.push(relation.rate.unwrap_or(RELATION_RATE_START));
        }
        let fixed = rules.relations.iter().map(|relation| relation.is_fixed).collect();
        let mut classes = Self { u: random.shares.clone(), m, relations, shares, nulls, fixed };
        classes.normalize_all();
        classes.correct(random);
        classes
    }

    /// Share of matches among all pairs.
    pub(super) fn prior(&self) -> f64 {
        self.shares.first().copied().unwrap_or(0.5)
    }

    fn normalize_all(&mut self) {
        for (m, nulls) in self.m.iter_mut().zip(&self.nulls) {
            normalize(m, nulls);
        }
        for (r, shared) in &mut self.relations {
            for ((r, nulls), _) in r.iter_mut().zip(&self.nulls).zip(shared).filter(|(_, shared)| **shared) {
                normalize(r, nulls);
            }
        }
    }

    /// Takes the matches and the related pairs out of the random pairs: what is left are strangers.
    pub(super) fn correct(&mut self, random: &RandomLevels) {
        self.take_matches_out(random, CHANCE_SHARE_MIN);
    }

    /// The same where the matches have been counted, not expected: nothing of the agreement needs to be kept.
    pub(super) fn correct_by_count(&mut self, random: &RandomLevels) {
        self.take_matches_out(random, 0.0);
    }

    fn take_matches_out(&mut self, random: &RandomLevels, kept: f64) {
        let prior = self.prior();
        for (comparison, (u, nulls)) in self.u.iter_mut().zip(&self.nulls).enumerate() {
            let Some(shares) = random.shares.get(comparison) else { continue };
            let present: f64 = shares.iter().zip(nulls).filter(|(_, null)| !**null).map(|(share, _)| share).sum();
            for (level, u) in u.iter_mut().enumerate() {
                let share = shares.get(level).copied().unwrap_or(0.0) / present.max(f64::MIN_POSITIVE);
                let m = self.m.get(comparison).and_then(|m| m.get(level)).copied().unwrap_or(0.0);
                let related = self.relations.iter().zip(self.shares.iter().skip(2)).map(|((r, shared), rate)| {
                    let own = r.get(comparison).and_then(|r| r.get(level)).copied().unwrap_or(0.0);
                    if shared.get(comparison) == Some(&true) { rate * own } else { rate * share }
                });
                let others = prior * m + related.sum::<f64>();
                // Chance agreement cannot vanish: never less than one pair in the sample could have shown.
                *u = (share - others).max(share * kept).max(random.floor);
            }
            normalize(u, nulls);
        }
        for (r, shared) in &mut self.relations {
            for ((r, u), _) in r.iter_mut().zip(&self.u).zip(shared).filter(|(_, shared)| !**shared) {
                r.clone_from(u);
            }
        }
    }

    /// Sets m from counted matches, half a match added to every level so that none is impossible.
    pub(super) fn set_matches(&mut self, counts: &[Vec<f64>]) {
        for ((m, counts), nulls) in self.m.iter_mut().zip(counts).zip(&self.nulls) {
            m.iter_mut().zip(counts).for_each(|(m, count)| *m = count + 0.5);
            normalize(m, nulls);
        }
    }

    /// The trained rule set.
    pub(super) fn into_rules(self, rules: &RuleSet) -> RuleSet {
        let mut trained = rules.clone();
        trained.prior = Some(self.prior().clamp(1e-12, 0.5));
        for (comparison, rule) in trained.comparisons.iter_mut().enumerate() {
            for (position, level) in rule.levels.iter_mut().enumerate().filter(|(_, level)| !level.is_null) {
                let of =
                    |table: &[Vec<f64>]| table.get(comparison).and_then(|row| row.get(position)).map(|p| inside(*p));
                (level.m, level.u) = (of(&self.m), of(&self.u));
                for ((r, shared), slot) in self.relations.iter().zip(&mut level.relations) {
                    *slot = of(r).filter(|_| shared.get(comparison) == Some(&true));
                }
            }
        }
        for (relation, rate) in trained.relations.iter_mut().zip(self.shares.iter().skip(2)) {
            relation.rate = Some(inside(*rate));
        }
        trained
    }
}

fn inside(probability: f64) -> f64 {
    probability.clamp(1e-12, 1.0 - 1e-9)
}

/// Scales to a sum of 1 over the levels that are not null.
fn normalize(levels: &mut [f64], nulls: &[bool]) {
    let total: f64 = levels.iter().zip(nulls).filter(|(_, null)| !**null).map(|(level, _)| level).sum();
    for (level, null) in levels.iter_mut().zip(nulls) {
        *level = if *null { 1.0 } else { *level / total.max(f64::MIN_POSITIVE) };
    }
}

/// Iterates until nothing moves.
pub(super) fn run(
    name: &str,
    seen: &[Observation],
    classes: &mut Classes,
    learned: &Learned,
    random: Option<&RandomLevels>,
) -> StageReport {
    let pairs: f64 = seen.iter().map(|row| row.weight).sum();
    if matches!(learned.shares, Shares::Free) {
        // Inside a block a good part of the pairs are matches; the start only has to be on the right side.
        let count = classes.shares.len();
        for (class, share) in classes.shares.iter_mut().enumerate() {
            *share = if class < 2 { 0.5 } else { 0.1 } / f64::from(u32::try_from(count).unwrap_or(1));
        }
    }
    let cells = Cells::of(seen, learned);
    let mut iterations = Vec::new();
    let mut is_converged = pairs == 0.0;
    while !is_converged && iterations.len() < ITERATIONS_MAX {
        let expected = Expected::of(&cells, classes, learned);
        let change = expected.maximise(classes, learned);
        if let Some(random) = random {
            classes.correct(random);
        }
        iterations.push(Iteration { matches: expected.totals.first().copied().unwrap_or(0.0), change });
        is_converged = change < CHANGE_MIN;
    }
    let matches = iterations.last().map_or(0.0, |last| last.matches);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a count of pairs, rounded")]
    let pairs = pairs.round() as u64;
    StageReport { name: name.to_owned(), pairs, matches, iterations, is_converged }
}

/// Expected counts: the E step.
struct Expected {
    /// Pairs per class.
    totals: Vec<f64>,
    /// Pairs per class, comparison and level.
    levels: Vec<Vec<Vec<f64>>>,
    pairs: f64,
}

/// Numbers of levels over all comparisons.
const CELLS: usize = COMPARISONS_MAX * LEVELS_MAX;

/// Observations as the E step reads them: for each the cells of its levels, over the comparisons that count.
struct Cells<'a> {
    seen: &'a [Observation],
    cells: Vec<u8>,
    active: Vec<usize>,
}

impl<'a> Cells<'a> {
    fn of(seen: &'a [Observation], learned: &Learned) -> Self {
        let counts = |(comparison, counts): (usize, &bool)| counts.then_some(comparison);
        let active: Vec<usize> = learned.comparisons.iter().enumerate().filter_map(counts).collect();
        let cell = |row: &Observation, comparison: usize| comparison * LEVELS_MAX + row.pattern.level(comparison);
        let cells = seen.iter().flat_map(|row| active.iter().map(|comparison| cell(row, *comparison)));
        let cells = cells.map(|cell| u8::try_from(cell).unwrap_or(u8::MAX)).collect();
        Self { seen, cells, active }
    }

    /// Every observation with its cells.
    fn rows(&self) -> impl Iterator<Item = (&Observation, &[u8])> {
        let width = self.active.len();
        let cells = move |row: usize| self.cells.get(row * width..(row + 1) * width).unwrap_or(&[]);
        self.seen.iter().enumerate().map(move |(row, observation)| (observation, cells(row)))
    }
}

/// Classes of pairs at most: matches, strangers, relations.
const CLASSES_MAX: usize = RELATIONS_MAX + 2;

/// One number per class; classes that there are not have 0.
type PerClass = [f64; CLASSES_MAX];

/// The probabilities of all cells under every class, side by side.
fn cells_of(classes: &Classes) -> Vec<PerClass> {
    let mut cells = vec![[0.0; CLASSES_MAX]; CELLS];
    let tables = [&classes.m, &classes.u].into_iter().chain(classes.relations.iter().map(|(r, _)| r));
    for (class, table) in tables.enumerate() {
        for (cells, levels) in cells.chunks_mut(LEVELS_MAX).zip(table) {
            for (cell, p) in cells.iter_mut().zip(levels) {
                cell.iter_mut().skip(class).take(1).for_each(|slot| *slot = *p);
            }
        }
    }
    cells
}

/// 2 to the power of a whole number of bits: the exponent of a number with nothing behind the point (IEEE 754).
fn power_of_two(bits: i8) -> f64 {
    const BIAS: i64 = 1023;
    const FRACTION_BITS: u32 = 52;
    f64::from_bits(u64::try_from(BIAS + i64::from(bits)).unwrap_or(0) << FRACTION_BITS)
}

impl Expected {
    fn of(seen: &Cells<'_>, classes: &Classes, learned: &Learned) -> Self {
        let table = cells_of(classes);
        let count = 2 + classes.relations.len();
        let mut priors: PerClass = [0.0; CLASSES_MAX];
        for (class, prior) in priors.iter_mut().enumerate().take(count) {
            *prior = match (class, &learned.shares) {
                (1, Shares::OfAllPairs(_)) => 1.0,
                _ => classes.shares.get(class).copied().unwrap_or(0.0),
            };
        }
        let mut counts = vec![[0.0; CLASSES_MAX]; CELLS];
        let (mut totals, mut pairs) = ([0.0; CLASSES_MAX], 0.0);
        for (row, cells) in seen.rows() {
            pairs += row.weight;
            let mut joint = priors;
            for (joint, bits) in joint.iter_mut().skip(1).zip(row.bits).filter(|(_, bits)| *bits != 0) {
                *joint *= power_of_two(bits);
            }
            // Products of at most sixteen probabilities above a millionth are far from the least number there is.
            for cell in cells.iter().filter_map(|cell| table.get(usize::from(*cell))) {
                joint.iter_mut().zip(cell).for_each(|(joint, p)| *joint *= p);
            }
            let scale = row.weight / joint.iter().sum::<f64>().max(f64::MIN_POSITIVE);
            joint.iter_mut().for_each(|joint| *joint *= scale);
            totals.iter_mut().zip(joint).for_each(|(total, share)| *total += share);
            for cell in cells {
                if let Some(counts) = counts.get_mut(usize::from(*cell)) {
                    counts.iter_mut().zip(joint).for_each(|(count, share)| *count += share);
                }
            }
        }
        let levels = |class: usize| {
            let rows = counts.chunks(LEVELS_MAX).zip(&classes.m);
            let of_class = |count: &PerClass| count.get(class).copied().unwrap_or(0.0);
            rows.map(|(counts, levels)| counts.iter().take(levels.len()).map(of_class).collect()).collect()
        };
        Self { levels: (0..count).map(levels).collect(), totals: totals.into_iter().take(count).collect(), pairs }
    }

    /// The M step; returns the largest change.
    fn maximise(&self, classes: &mut Classes, learned: &Learned) -> f64 {
        let mut change = 0.0_f64;
        let mut move_to = |old: &mut Vec<f64>, counts: &[f64], nulls: &[bool]| {
            let total: f64 = counts.iter().zip(nulls).filter(|(_, null)| !**null).map(|(count, _)| count).sum();
            if total < 1.0 {
                return;
            }
            let before = old.clone();
            for (p, count) in old.iter_mut().zip(counts) {
                *p = (count / total).max(PROBABILITY_MIN).max(0.1 / total.max(1.0));
            }
            normalize(old, nulls);
            change = old.iter().zip(&before).map(|(a, b)| (a - b).abs()).fold(change, f64::max);
        };
        let mut tables = self.levels.iter();
        if let Some(counts) = tables.next() {
            let rows = classes.m.iter_mut().zip(counts).zip(&classes.nulls).zip(&learned.comparisons);
            rows.filter(|(_, learned)| **learned).for_each(|(((m, counts), nulls), _)| move_to(m, counts, nulls));
        }
        if matches!(learned.shares, Shares::OfAllPairs(_)) {
            let relations = classes.relations.iter_mut().zip(tables.skip(1)).zip(&classes.fixed);
            for (((r, shared), counts), _) in relations.filter(|(_, fixed)| !**fixed) {
                let rows = r.iter_mut().zip(counts).zip(&classes.nulls).zip(shared.iter());
                rows.filter(|(_, shared)| **shared).for_each(|(((r, counts), nulls), _)| move_to(r, counts, nulls));
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "pair counts stay far below 2^52")]
        let all = match learned.shares {
            Shares::Free => self.pairs,
            Shares::OfAllPairs(pairs) => pairs as f64,
        };
        for (class, (share, total)) in classes.shares.iter_mut().zip(&self.totals).enumerate() {
            let is_fixed = class == 1 && matches!(learned.shares, Shares::OfAllPairs(_));
            if !is_fixed {
                let now = (total / all.max(1.0)).clamp(1e-12, 1.0);
                // Shares of all pairs are tiny, so their change is measured relative to themselves; a class of less
                // than one expected pair may wander.
                let scale = if self.pairs_of_class_matter(class) { share.max(now) } else { 1.0 };
                change = change.max((now - *share).abs() / scale * SHARE_TOLERANCE);
                *share = now;
            }
        }
        change
    }
}

impl Expected {
    /// Whether a class is large enough for its share to be an estimate rather than noise.
    fn pairs_of_class_matter(&self, class: usize) -> bool {
        self.totals.get(class).is_some_and(|total| *total >= 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &str = r#"
name = "one"
title = "One field"

[match]
upper = 0.0
lower = -1.0

[fields]
email = { column = "email", kind = "email" }

[[comparison]]
name = "e-mail"
levels = [
  { name = "missing", when = "null(email)", null = true },
  { name = "equal", when = "exact(email)" },
  { name = "different" },
]

[[block]]
key = ["email"]
"#;

    #[test]
    fn agreement_that_is_all_counted_matches_leaves_strangers_nothing_but_the_floor() {
        let rules = RuleSet::parse(RULES).unwrap();
        let random = RandomLevels { shares: vec![vec![0.0, 0.01, 0.99]], floor: 1e-7 };
        let mut classes = Classes::starting(&rules, 0.02, &random);
        classes.set_matches(&[vec![0.0, 600.0, 400.0]]);
        let equal = |classes: &Classes| classes.u[0][1];
        classes.correct(&random);
        assert!((equal(&classes) / 0.0005 - 1.0).abs() < 0.05, "{}", equal(&classes));
        classes.correct_by_count(&random);
        assert!(equal(&classes) < 2e-7, "{}", equal(&classes));
    }
}
