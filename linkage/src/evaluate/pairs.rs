//! Scored pairs against the truth: at a threshold, at every threshold, at the best one.

use super::counts::ratio;
use super::{Counts, Truth};

/// Points of a curve that is drawn or printed.
pub const CURVE_POINTS_MAX: usize = 200;

/// One threshold and what it gives.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CurvePoint {
    /// Match weight in bits from which pairs are linked.
    pub threshold: f32,
    /// What is linked then.
    pub counts: Counts,
}

/// Scored pairs in order of falling weight.
#[derive(Debug)]
pub struct ScoredPairs {
    pairs: Vec<Scored>,
    true_pairs: u64,
}

#[derive(Clone, Copy, Debug)]
struct Scored {
    weight: f32,
    left: u32,
    right: u32,
    is_true: bool,
}

impl ScoredPairs {
    /// Sorts the pairs (left, right, match weight). A pair that is given twice, in either order, counts once with its
    /// highest weight. A record with itself, a record that is not in the truth and a weight that is not a number do
    /// not count, nor do pairs of one source where sources count.
    #[must_use]
    pub fn new(truth: &Truth<'_>, pairs: &[(u32, u32, f32)]) -> Self {
        let mut pairs: Vec<Scored> = pairs.iter().filter_map(|pair| scored(truth, *pair)).collect();
        pairs.sort_unstable_by(|one, other| {
            (one.left, one.right).cmp(&(other.left, other.right)).then(other.weight.total_cmp(&one.weight))
        });
        pairs.dedup_by_key(|pair| (pair.left, pair.right));
        pairs.sort_unstable_by(|one, other| {
            other.weight.total_cmp(&one.weight).then((one.left, one.right).cmp(&(other.left, other.right)))
        });
        Self { pairs, true_pairs: truth.pairs() }
    }

    /// Number of different pairs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The pairs of at least that weight, as (left, right, whether they are of one person).
    pub fn linked(&self, threshold: f32) -> impl Iterator<Item = (u32, u32, bool)> {
        self.pairs
            .iter()
            .take_while(move |pair| pair.weight >= threshold)
            .map(|pair| (pair.left, pair.right, pair.is_true))
    }

    /// What a threshold gives.
    #[must_use]
    pub fn at(&self, threshold: f32) -> Counts {
        let (right, linked) =
            self.linked(threshold).fold((0, 0), |(right, linked), pair| (right + u64::from(pair.2), linked + 1));
        Counts::new(right, linked, self.true_pairs)
    }

    /// The threshold with the best F1 among all distinct weights, the highest of equals; `None` without pairs.
    #[must_use]
    pub fn best_f1(&self) -> Option<CurvePoint> {
        let mut best: Option<CurvePoint> = None;
        for point in self.points() {
            if best.is_none_or(|known| point.counts.f1() > known.counts.f1()) {
                best = Some(point);
            }
        }
        best
    }

    /// Area under the precision–recall curve, each distinct weight a step.
    #[must_use]
    pub fn average_precision(&self) -> f64 {
        let mut before = 0;
        let mut sum = 0.0;
        for point in self.points() {
            let right = point.counts.true_positives;
            sum += point.counts.precision() * ratio(right - before, self.true_pairs).unwrap_or(0.0);
            before = right;
        }
        sum
    }

    /// The curve, thinned to at most [`CURVE_POINTS_MAX`] points that are spread evenly over the weights, by falling
    /// threshold. First, last and best are always among them.
    #[must_use]
    pub fn curve(&self) -> Vec<CurvePoint> {
        let (Some(first), Some(last)) = (self.pairs.first(), self.pairs.last()) else { return Vec::new() };
        let best = self.best_f1().map(|point| point.threshold);
        // Three places are kept for first, best and last.
        let steps = f64::from(u16::try_from(CURVE_POINTS_MAX - 3).unwrap_or(u16::MAX));
        let range = f64::from(first.weight) - f64::from(last.weight);
        let mut curve: Vec<CurvePoint> = Vec::new();
        let mut step_before = f64::NAN;
        for point in self.points() {
            let step = ((f64::from(first.weight) - f64::from(point.threshold)) / range * steps).floor();
            let is_kept = Some(point.threshold) == best
                || point.threshold.total_cmp(&first.weight).is_eq()
                || point.threshold.total_cmp(&last.weight).is_eq();
            if step == step_before && !is_kept {
                continue;
            }
            step_before = step;
            curve.push(point);
        }
        curve
    }

    /// One point per distinct weight, by falling weight.
    fn points(&self) -> impl Iterator<Item = CurvePoint> {
        let (mut right, mut linked) = (0, 0);
        self.pairs.chunk_by(|one, other| one.weight.total_cmp(&other.weight).is_eq()).filter_map(move |run| {
            linked += run.len() as u64;
            right += run.iter().filter(|pair| pair.is_true).count() as u64;
            let threshold = run.first()?.weight;
            Some(CurvePoint { threshold, counts: Counts::new(right, linked, self.true_pairs) })
        })
    }
}

fn scored(truth: &Truth<'_>, (left, right, weight): (u32, u32, f32)) -> Option<Scored> {
    let (left, right) = (left.min(right), left.max(right));
    let label = |labels: &[u32], record: u32| labels.get(record as usize).copied();
    let is_true = label(truth.persons, left)? == label(truth.persons, right)?;
    let same_source = truth.sources.is_some_and(|sources| label(sources, left) == label(sources, right));
    // Adding zero turns -0.0 into 0.0: the two are one threshold. Infinite weights would leave the curve no range.
    let weight = (weight + 0.0).clamp(f32::MIN, f32::MAX);
    (left != right && !same_source && !weight.is_nan()).then_some(Scored { weight, left, right, is_true })
}
