//! Counts of pairs, and the ratios that people read.

/// Pairs that were linked rightly, linked wrongly, and missed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Linked, and of one person.
    pub true_positives: u64,
    /// Linked, and of two persons.
    pub false_positives: u64,
    /// Of one person, and not linked.
    pub false_negatives: u64,
}

impl Counts {
    /// From the pairs that are right, all that are linked, and all that are true.
    #[must_use]
    pub fn new(right: u64, linked: u64, true_pairs: u64) -> Self {
        Self {
            true_positives: right,
            false_positives: linked.saturating_sub(right),
            false_negatives: true_pairs.saturating_sub(right),
        }
    }

    /// Share of the linked pairs that are right; 1 when nothing is linked.
    #[must_use]
    pub fn precision(&self) -> f64 {
        ratio(self.true_positives, self.true_positives + self.false_positives).unwrap_or(1.0)
    }

    /// Share of the true pairs that are linked; 1 when there are none.
    #[must_use]
    pub fn recall(&self) -> f64 {
        ratio(self.true_positives, self.true_positives + self.false_negatives).unwrap_or(1.0)
    }

    /// Harmonic mean of precision and recall.
    #[must_use]
    pub fn f1(&self) -> f64 {
        harmonic(self.precision(), self.recall())
    }
}

/// Some of a number of things.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// How many.
    pub count: u64,
    /// Of how many.
    pub total: u64,
}

/// Bounds of a share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower bound, 0..=1.
    pub low: f64,
    /// Upper bound, 0..=1.
    pub high: f64,
}

/// 97.5 % quantile of the normal distribution: a two-sided interval of 95 %.
const Z: f64 = 1.959_963_984_540_054;

impl Share {
    /// The share, `None` of nothing.
    #[must_use]
    pub fn rate(&self) -> Option<f64> {
        ratio(self.count, self.total)
    }

    /// The 95 % confidence interval after Wilson (1927), which holds up where shares are near 0 or 1; `None` of
    /// nothing. It takes the things as independent: pairs of one person are not quite, so it is a little too narrow.
    #[must_use]
    pub fn interval(&self) -> Option<Interval> {
        let rate = self.rate()?;
        let total = float(self.total);
        let middle = rate + Z * Z / (2.0 * total);
        let spread = Z * (rate * (1.0 - rate) / total + Z * Z / (4.0 * total * total)).sqrt();
        let scale = 1.0 + Z * Z / total;
        let low = if self.count == 0 { 0.0 } else { ((middle - spread) / scale).max(0.0) };
        let high = if self.count == self.total { 1.0 } else { ((middle + spread) / scale).min(1.0) };
        Some(Interval { low, high })
    }
}

pub(super) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| float(part) / float(whole))
}

pub(super) fn harmonic(precision: f64, recall: f64) -> f64 {
    let sum = precision + recall;
    if sum > 0.0 { 2.0 * precision * recall / sum } else { 0.0 }
}

#[expect(clippy::cast_precision_loss, reason = "counts of pairs stay far below 2^53")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

/// Pairs among `count` things.
pub(super) fn choose2(count: usize) -> u64 {
    let count = count as u64;
    count * count.saturating_sub(1) / 2
}

/// Pairs of records that have the same key.
pub(super) fn pairs_sharing<K: Ord>(mut keys: Vec<K>) -> u64 {
    keys.sort_unstable();
    keys.chunk_by(|left, right| left == right).map(|run| choose2(run.len())).sum()
}
