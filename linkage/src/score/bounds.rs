//! Weighs pairs, and stops as soon as a pair cannot reach the weight asked for.
//!
//! The weight is kept as one running difference per class of different persons (strangers and each relation):
//! Σ log₂ m − Σ log₂ P(level | class). Sketches say first what each comparison can add at most, and most candidate pairs
//! are given up without looking at a value. Levels are then found one by one, for as long as the weight can be
//! reached. What is not given up has its exact weight.

#![expect(clippy::indexing_slicing, reason = "arrays of CLASSES_MAX places, indexed by class, in the hottest loop")]

use super::comparer::{Comparer, LevelCache, Levels};
use super::sieve::Mesh;
use crate::model::{AgreementPattern, Frequencies, MatchWeight, Row, Weights};
use crate::rules::{COMPARISONS_MAX, FieldId, RELATIONS_MAX};
use crate::table::RecordIndex;

/// Classes of different persons: strangers, then the relations.
pub(super) const CLASSES_MAX: usize = RELATIONS_MAX + 1;

/// A scored pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scored {
    /// The agreement pattern.
    pub pattern: AgreementPattern,
    /// The match weight.
    pub weight: MatchWeight,
}

/// Bits per class of different persons.
type Gains = [f64; CLASSES_MAX];

/// Far above the rounding of a sum of weights, far below a difference that matters: bounds are added up in another
/// order than weights.
const SLACK: f64 = 1e-9;

/// Scores pairs of one table with one set of weights; shared by all threads.
#[derive(Debug)]
pub struct Scorer<'a> {
    /// Finds the levels.
    pub comparer: &'a Comparer<'a>,
    prior: f64,
    /// log₂ share of each class.
    shares: Vec<f64>,
    /// Per class: the weight before any comparison; infinite for classes that there are not.
    pub(super) start: Gains,
    /// Comparisons in the order in which they are tried: the most telling first.
    steps: Vec<Step>,
    /// The same for sifting.
    pub(super) meshes: Vec<Mesh>,
}

#[derive(Debug)]
struct Step {
    comparison: usize,
    levels: Vec<StepLevel>,
    /// By the states of the sketches, as [`Comparer::levels`] numbers them: the most that this step can add.
    ceilings: Vec<Ceiling>,
    /// The most that it can add in any state.
    highest: Ceiling,
    /// The place of its rarity in a row, where value frequencies count.
    rarity: Option<usize>,
}

/// The most that a comparison can add, but for the rarity of the values that agree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ceiling {
    /// Over levels that no frequency adjusts.
    pub(super) plain: Gains,
    /// Over levels that one does; the rarity of the values comes on top for the classes that it adjusts.
    pub(super) adjusted: Gains,
    pub(super) adjusts: [bool; CLASSES_MAX],
}

#[derive(Clone, Debug, Default)]
struct StepLevel {
    /// Per class: log₂ m − log₂ P(level | class).
    gain: Gains,
    /// Field position in the comparison, log₂ Σp² and the share of the adjustment that counts.
    frequency: Option<(usize, f64, f64)>,
    /// Per class: whether the frequency adjustment applies.
    adjusts: [bool; CLASSES_MAX],
}

/// What a step knows of a pair.
#[derive(Clone, Copy)]
enum Known {
    Level(u8),
    /// The level is still to be found; until then this ceiling stands for it.
    Ceiling(usize),
}

impl<'a> Scorer<'a> {
    /// Prepares scoring.
    #[must_use]
    pub fn new(comparer: &'a Comparer<'a>, weights: &Weights, frequencies: &Frequencies) -> Self {
        let mut shares = vec![weights.strangers];
        shares.extend(weights.relations.iter().map(|relation| relation.rate));
        let mut start = [f64::INFINITY; CLASSES_MAX];
        start.iter_mut().zip(&shares).for_each(|(start, share)| *start = weights.prior - share);
        let mut steps: Vec<Step> = (0..comparer.rules.comparisons.len())
            .map(|comparison| step(comparison, comparer, weights, frequencies))
            .collect();
        // What can add most comes first: until it is known not to, no pair can be given up. Equal ones keep the order of
        // the rule set.
        let most = |step: &Step| step.highest.plain[0].max(step.highest.adjusted[0]);
        steps.sort_by(|a, b| most(b).total_cmp(&most(a)));
        let mesh = |step: &Step| Mesh::of(step.comparison, step.rarity, &step.ceilings, &step.highest);
        let meshes = steps.iter().map(mesh).collect();
        Self { comparer, prior: weights.prior, shares, start, steps, meshes }
    }

    /// The pattern and weight of two records, or `None` when the weight is certainly under `floor`.
    pub fn score(&self, left: Row<'_>, right: Row<'_>, floor: f64, cache: &mut LevelCache) -> Option<Scored> {
        let mut most = self.start;
        let mut known = [Known::Level(0); COMPARISONS_MAX];
        for (step, known) in self.steps.iter().zip(&mut known) {
            match self.comparer.levels(step.comparison, left, right) {
                Levels::One(level) => {
                    *known = Known::Level(level);
                    add(&mut most, &self.gains(step, level, left, right));
                }
                Levels::Several(states) => {
                    *known = Known::Ceiling(states);
                    add(&mut most, &step.ceiling(states, left, right));
                }
            }
        }
        let mut levels = [0; COMPARISONS_MAX];
        for (step, known) in self.steps.iter().zip(known) {
            let slot = levels.get_mut(step.comparison)?;
            *slot = match known {
                Known::Level(level) => level,
                Known::Ceiling(states) => {
                    // The odds against any one class bound the odds against all of them together.
                    if bound(&most) < floor {
                        return None;
                    }
                    let level = self.comparer.find(step.comparison, left, right, cache);
                    let (ceiling, gains) = (step.ceiling(states, left, right), self.gains(step, level, left, right));
                    for class in 0..CLASSES_MAX {
                        most[class] += gains[class] - ceiling[class];
                    }
                    level
                }
            };
        }
        if bound(&most) < floor {
            return None;
        }
        let columns = &self.comparer.profiles.columns;
        let scored = self.score_levels(
            |comparison| levels.get(comparison).copied().unwrap_or(0),
            |comparison, field| {
                let numbers = left.number(comparison).zip(right.number(comparison)).zip(columns.get(comparison));
                numbers.map_or(f32::NEG_INFINITY, |((left, right), column)| {
                    column.log2_frequency(left, field).max(column.log2_frequency(right, field))
                })
            },
        );
        (scored.weight.0 >= floor).then_some(scored)
    }

    /// What a level adds, with its frequency adjustment.
    #[inline]
    fn gains(&self, step: &Step, level: u8, left: Row<'_>, right: Row<'_>) -> Gains {
        let Some(level) = step.levels.get(usize::from(level)) else { return [0.0; CLASSES_MAX] };
        let mut gains = level.gain;
        if let Some(adjustment) = self.adjustment(step.comparison, level, left, right) {
            for (gain, adjusts) in gains.iter_mut().zip(level.adjusts) {
                *gain += if adjusts { adjustment } else { 0.0 };
            }
        }
        gains
    }

    /// The score of a pair whose levels are found elsewhere: `level` gives that of a comparison, and `commoner` log₂ of
    /// the frequency of the commoner of the two values of one of its fields. The same sums in the same order as
    /// [`Scorer::score`], so the same weight to the last bit.
    pub(crate) fn score_levels(
        &self,
        mut level: impl FnMut(usize) -> u8,
        mut commoner: impl FnMut(usize, usize) -> f32,
    ) -> Scored {
        let mut gains: Gains = [0.0; CLASSES_MAX];
        let mut pattern = AgreementPattern::default();
        for step in &self.steps {
            let level = level(step.comparison);
            pattern = pattern.with(step.comparison, level);
            let Some(level) = step.levels.get(usize::from(level)) else { continue };
            for (gain, own) in gains.iter_mut().zip(&level.gain).take(self.shares.len()) {
                *gain += own;
            }
            let Some((field, agreement, weight)) = level.frequency else { continue };
            let commoner = commoner(step.comparison, field);
            if commoner.is_finite() {
                let adjustment = weight * (agreement - f64::from(commoner));
                for (gain, _) in gains.iter_mut().zip(&level.adjusts).filter(|(_, adjusts)| **adjusts) {
                    *gain += adjustment;
                }
            }
        }
        Scored { pattern, weight: MatchWeight(self.prior - self.against(&gains)) }
    }

    /// The score of two records, whatever it is.
    pub fn score_records(&self, left: RecordIndex, right: RecordIndex, cache: &mut LevelCache) -> Scored {
        let profiles = self.comparer.profiles;
        let scored = self.score(profiles.row(left), profiles.row(right), f64::NEG_INFINITY, cache);
        scored.unwrap_or(Scored { pattern: AgreementPattern::default(), weight: MatchWeight(f64::NEG_INFINITY) })
    }

    /// log₂ Σ over classes of share × P(pattern | class) / P(pattern | match).
    fn against(&self, gains: &Gains) -> f64 {
        let mut terms = self.shares.iter().zip(gains).map(|(share, gain)| share - gain);
        let first = terms.next().unwrap_or(0.0);
        terms.fold(first, crate::model::log2_add)
    }

    fn adjustment(&self, comparison: usize, level: &StepLevel, left: Row<'_>, right: Row<'_>) -> Option<f64> {
        let (field, agreement, weight) = level.frequency?;
        let column = self.comparer.profiles.columns.get(comparison)?;
        let (left, right) = (left.number(comparison)?, right.number(comparison)?);
        let commoner = column.log2_frequency(left, field).max(column.log2_frequency(right, field));
        commoner.is_finite().then(|| weight * (agreement - f64::from(commoner)))
    }
}

#[inline]
fn add(total: &mut Gains, gains: &Gains) {
    for class in 0..CLASSES_MAX {
        total[class] += gains[class];
    }
}

/// The most that a weight can be.
fn bound(most: &Gains) -> f64 {
    most.iter().copied().fold(f64::INFINITY, f64::min) + SLACK
}

/// The highest gain of each class.
fn highest<'g>(gains: impl Iterator<Item = &'g Gains>) -> Gains {
    gains.fold([f64::NEG_INFINITY; CLASSES_MAX], |mut highest, gains| {
        highest.iter_mut().zip(gains).for_each(|(highest, gain)| *highest = highest.max(*gain));
        highest
    })
}

impl Step {
    #[inline]
    fn rarity_of(&self, row: Row<'_>) -> f64 {
        self.rarity.and_then(|place| row.rarities.get(place)).map_or(0.0, |rarity| f64::from(*rarity))
    }

    /// The most that this step can add to a pair in some states. What agrees is no rarer than the commoner value.
    #[inline]
    fn ceiling(&self, states: usize, left: Row<'_>, right: Row<'_>) -> Gains {
        let rarity = self.rarity_of(left).min(self.rarity_of(right));
        self.ceilings.get(states).unwrap_or(&self.highest).with(rarity)
    }
}

impl Ceiling {
    /// Over the levels whose bit is set.
    fn of(levels: &[StepLevel], possible: u16) -> Self {
        let levels = levels.iter().enumerate().filter(|(level, _)| possible >> level & 1 == 1).map(|(_, level)| level);
        let (adjusted, plain): (Vec<&StepLevel>, Vec<&StepLevel>) = levels.partition(|level| level.frequency.is_some());
        let over = |levels: &[&StepLevel]| highest(levels.iter().map(|level| &level.gain));
        let adjusts = adjusted.first().map(|level| level.adjusts).unwrap_or_default();
        Self { plain: over(&plain), adjusted: over(&adjusted), adjusts }
    }

    /// The most that it can be for values of this rarity.
    #[inline]
    fn with(&self, rarity: f64) -> Gains {
        let mut gains = self.plain;
        for ((gain, adjusted), adjusts) in gains.iter_mut().zip(self.adjusted).zip(self.adjusts) {
            *gain = gain.max(adjusted + if adjusts { rarity } else { 0.0 });
        }
        gains
    }
}

fn step(comparison: usize, comparer: &Comparer<'_>, weights: &Weights, frequencies: &Frequencies) -> Step {
    let rule = comparer.rules.comparisons.get(comparison);
    let levels = rule.map_or(&[][..], |rule| rule.levels.as_slice());
    let fields = rule.map_or(&[][..], |rule| rule.fields.as_slice());
    let of =
        |table: &[Vec<f64>], level: usize| table.get(comparison).and_then(|row| row.get(level)).copied().unwrap_or(0.0);
    let levels = levels.iter().enumerate().map(|(position, level)| {
        let m = of(&weights.m, position);
        let mut prepared = StepLevel::default();
        prepared.gain[0] = m - of(&weights.u, position);
        prepared.adjusts[0] = true;
        for (class, relation) in weights.relations.iter().enumerate() {
            prepared.gain[class + 1] = m - of(&relation.r, position);
            prepared.adjusts[class + 1] = !relation.shares.get(comparison).copied().unwrap_or(false);
        }
        let position_of = |field: FieldId| fields.iter().position(|known| *known == field);
        prepared.frequency = level
            .frequency
            .and_then(|(field, weight)| Some((position_of(field)?, frequencies.log2_agreement(field), weight)));
        prepared
    });
    let levels: Vec<StepLevel> = levels.collect();
    let ceilings = comparer.possible_levels(comparison).map(|possible| Ceiling::of(&levels, possible)).collect();
    let highest = Ceiling::of(&levels, u16::MAX);
    let rarity = comparer.profiles.adjusted.iter().position(|adjusted| *adjusted == comparison);
    Step { comparison, levels, ceilings, highest, rarity }
}
