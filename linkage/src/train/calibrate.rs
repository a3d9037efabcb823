//! Sets the prior by the pairs whose truth other records tell.
//!
//! Fields that go together, as name, birthplace and occupation do, make a sum of weights too sure of itself on both
//! sides, and the weight at which one pair in two is a match is then no longer 0. Clusters know where it is without
//! labels: a pair that a third record holds together is almost surely a match, and a pair whose records both have
//! other company, in two clusters, is most likely none, whatever the weight of the pair itself. The prior is moved
//! until the weights of these pairs expect as many matches as are held: calibration in the large (Cox 1958).
//!
//! Pairs about which nothing but their own weight speaks are left out. Only the prior moves, so the order of pairs and
//! the bars of a waterfall stay; that weights are too steep is not corrected. A person whose records are in two clusters
//! lends some matches to the wrong side: clusters at even odds have few of them, so the run has to link there.

use crate::exec::{self, Executor};
use crate::model::MatchWeight;
use crate::rules::{ClusterMethod, RuleSet};
use crate::run::{Linked, LinkedPair};
use crate::score::{LevelCache, Scorer};
use crate::table::RecordIndex;

/// The match weight in bits at which one pair in two is a match.
pub const EVEN_ODDS: f64 = 0.0;
/// Bits on either side of even odds between which pairs are counted; others are decided wherever the prior is. The run
/// that [`calibrate_prior`] looks at has to report pairs from as far below.
pub const WEIGHT_MAX: f64 = 8.0;
/// Classes of weight per bit in which pairs are counted: counts are whole numbers, so no order of pairs can show.
const CLASSES_PER_BIT: f64 = 8.0;
/// Bits by which a prior is believed to be off before any pair is seen (one standard deviation): a handful of pairs does
/// not move it far.
const SHIFT_EXPECTED: f64 = 1.0;
/// Steps in which the interval that holds the shift is halved: to far less than a thousandth of a bit.
const HALVINGS: u32 = 30;
/// Pairs weighed in one task.
const TASK_PAIRS: usize = 16_384;

/// Moves the prior of a trained rule set to where its weights agree with what other records say of a pair.
///
/// The scorer weighs with the rule set; the pairs and clusters are those of a run with weights like it that linked at
/// [`EVEN_ODDS`]. Returns the shift in bits: above 0, pairs become likelier.
pub fn calibrate_prior(rules: &mut RuleSet, scorer: &Scorer<'_>, linked: &Linked, executor: &dyn Executor) -> f64 {
    // Clusters that every link joins never contradict one.
    if rules.clustering.method == ClusterMethod::Connected {
        return 0.0;
    }
    let company = Company::of(linked);
    let tasks: Vec<&[LinkedPair]> = linked.pairs.chunks(TASK_PAIRS).collect();
    let counted = exec::map(executor, tasks.len(), |task| {
        let mut cache = LevelCache::new(rules.comparisons.len());
        let mut known = Known::default();
        let near = |pair: &&LinkedPair| f64::from(pair.weight).abs() < WEIGHT_MAX;
        for pair in tasks.get(task).copied().unwrap_or(&[]).iter().filter(near) {
            if let Some(is_match) = company.tells(pair) {
                known.count(scorer.score_records(pair.left, pair.right, &mut cache).weight, is_match);
            }
        }
        known
    });
    let mut known = Known::default();
    counted.iter().for_each(|counted| known.add(counted));
    let shift = known.shift();
    rules.prior = rules.prior.map(|prior| {
        let odds = prior / (1.0 - prior) * shift.exp2();
        (odds / (1.0 + odds)).clamp(1e-12, 0.5)
    });
    shift
}

/// Who is with whom: what tells the truth about a pair without asking the pair.
struct Company<'a> {
    clusters: &'a [RecordIndex],
    /// Per record, by its number: how many are in the cluster that has its name.
    sizes: Vec<u32>,
    /// Per record: the records of its cluster that it is linked to, in order.
    linked: Vec<Vec<RecordIndex>>,
}

impl<'a> Company<'a> {
    fn of(linked: &'a Linked) -> Self {
        let clusters = linked.clusters.as_slice();
        let mut sizes = vec![0; clusters.len()];
        for cluster in clusters {
            sizes.iter_mut().skip(*cluster as usize).take(1).for_each(|size| *size += 1);
        }
        let mut company = Self { clusters, sizes, linked: vec![Vec::new(); clusters.len()] };
        for pair in linked.pairs.iter().filter(|pair| f64::from(pair.weight) >= EVEN_ODDS) {
            if company.cluster(pair.left) == company.cluster(pair.right) {
                for (one, other) in [(pair.left, pair.right), (pair.right, pair.left)] {
                    company.linked.iter_mut().skip(one as usize).take(1).for_each(|with| with.push(other));
                }
            }
        }
        company.linked.iter_mut().for_each(|with| with.sort_unstable());
        company
    }

    fn cluster(&self, record: RecordIndex) -> RecordIndex {
        self.clusters.get(record as usize).copied().unwrap_or(record)
    }

    /// Whether a pair is a match as other records tell; `None` when they tell nothing.
    fn tells(&self, pair: &LinkedPair) -> Option<bool> {
        // What a guard capped is decided by the guard.
        if pair.guard > 0 {
            return None;
        }
        let (left, right) = (self.cluster(pair.left), self.cluster(pair.right));
        if left == right {
            return self.have_common(pair).then_some(true);
        }
        let has_company = |cluster: RecordIndex| self.sizes.get(cluster as usize).is_some_and(|size| *size > 1);
        (has_company(left) && has_company(right)).then_some(false)
    }

    /// Whether a third record is linked to both.
    fn have_common(&self, pair: &LinkedPair) -> bool {
        let with = |record: RecordIndex| self.linked.get(record as usize).map_or(&[][..], Vec::as_slice);
        let (mut left, mut right) = (with(pair.left), with(pair.right));
        while let (Some((a, left_rest)), Some((b, right_rest))) = (left.split_first(), right.split_first()) {
            match a.cmp(b) {
                std::cmp::Ordering::Equal => return true,
                std::cmp::Ordering::Less => left = left_rest,
                std::cmp::Ordering::Greater => right = right_rest,
            }
        }
        false
    }
}

/// Pairs whose truth is known, by weight.
#[derive(Default)]
struct Known {
    /// Per class of weight: how many.
    pairs: Vec<u64>,
    matches: u64,
}

impl Known {
    fn count(&mut self, weight: MatchWeight, is_match: bool) {
        // A pair that this training has moved away counts where the range ends: there it is as good as decided.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and the classes")]
        let class = ((weight.0 + WEIGHT_MAX).clamp(0.0, 2.0 * WEIGHT_MAX) * CLASSES_PER_BIT) as usize;
        if self.pairs.len() <= class {
            self.pairs.resize(class + 1, 0);
        }
        self.pairs.iter_mut().skip(class).take(1).for_each(|pairs| *pairs += 1);
        self.matches += u64::from(is_match);
    }

    fn add(&mut self, other: &Self) {
        self.pairs.resize(self.pairs.len().max(other.pairs.len()), 0);
        self.pairs.iter_mut().zip(&other.pairs).for_each(|(pairs, more)| *pairs += more);
        self.matches += other.matches;
    }

    /// The shift in bits under which the weights expect as many matches as there are.
    #[expect(clippy::cast_precision_loss, reason = "pair counts stay far below 2^52")]
    fn shift(&self) -> f64 {
        let middle = |class: usize| (class as f64 + 0.5) / CLASSES_PER_BIT - WEIGHT_MAX;
        let too_many = |shift: f64| {
            let expected =
                |(class, pairs): (usize, &u64)| *pairs as f64 * MatchWeight(middle(class) + shift).probability();
            let expected: f64 = self.pairs.iter().enumerate().map(expected).sum();
            // The slope of a normal distribution around 0, in pairs.
            let held_back = shift / (SHIFT_EXPECTED * SHIFT_EXPECTED * std::f64::consts::LN_2);
            expected + held_back > self.matches as f64
        };
        let (mut low, mut high) = (-WEIGHT_MAX, WEIGHT_MAX);
        for _ in 0..HALVINGS {
            let shift = f64::midpoint(low, high);
            if too_many(shift) { high = shift } else { low = shift }
        }
        f64::midpoint(low, high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pair(left: RecordIndex, right: RecordIndex, weight: f32) -> LinkedPair {
        LinkedPair { left, right, weight, guard: 0 }
    }

    /// Pairs of every weight, of which as many are matches as weights higher by `by` would say.
    fn off(by: f64, pairs: u64) -> Known {
        let mut known = Known::default();
        for step in -70..70 {
            let weight = MatchWeight(f64::from(step) / 10.0);
            let share = MatchWeight(weight.0 + by).probability();
            for number in 0..pairs {
                known.count(weight, (number as f64 + 0.5) / (pairs as f64) < share);
            }
        }
        known
    }

    #[test]
    fn weights_that_are_too_low_are_raised_and_too_high_ones_lowered() {
        for by in [-3.0, -0.5, 0.0, 1.5, 3.0] {
            assert!((off(by, 1000).shift() - by).abs() < 0.1, "{by}: {}", off(by, 1000).shift());
        }
    }

    #[test]
    fn a_handful_of_pairs_moves_little_and_none_nothing() {
        assert!(Known::default().shift().abs() < 1e-6);
        let mut known = Known::default();
        known.count(MatchWeight(-7.0), true);
        assert!((0.2..1.0).contains(&known.shift()), "{}", known.shift());
    }

    #[test]
    fn others_tell_of_a_pair_and_never_the_pair_itself() {
        // Two clusters of three and two, one record alone, and a pair that only its own link holds.
        let linked = Linked {
            pairs: vec![pair(0, 1, 9.0), pair(1, 2, 9.0), pair(3, 4, 9.0), pair(6, 7, 1.0)],
            clusters: vec![0, 0, 0, 3, 3, 5, 6, 6],
            ..Linked::default()
        };
        let company = Company::of(&linked);
        assert_eq!(company.tells(&pair(0, 2, -5.0)), Some(true), "1 is linked to both");
        assert_eq!(company.tells(&pair(0, 1, 9.0)), None, "no third record is linked to both");
        assert_eq!(company.tells(&pair(6, 7, 1.0)), None, "there is no third record");
        assert_eq!(company.tells(&pair(2, 3, 4.0)), Some(false), "both have other company");
        assert_eq!(company.tells(&pair(2, 5, 4.0)), None, "one is alone");
        assert_eq!(company.tells(&LinkedPair { guard: 1, ..pair(2, 3, -0.01) }), None, "a guard decided");
    }

    proptest! {
        #[test]
        fn pairs_counted_in_parts_and_in_any_order_give_the_same_shift(
            pairs in prop::collection::vec((-12.0_f64..12.0, any::<bool>()), 1..200), at in 0_usize..200,
        ) {
            let count = |pairs: &mut dyn Iterator<Item = &(f64, bool)>| {
                let mut known = Known::default();
                pairs.for_each(|(weight, is_match)| known.count(MatchWeight(*weight), *is_match));
                known
            };
            let (first, rest) = pairs.split_at(at.min(pairs.len()));
            let mut parts = count(&mut rest.iter().rev());
            parts.add(&count(&mut first.iter().rev()));
            prop_assert_eq!(parts.shift().to_bits(), count(&mut pairs.iter()).shift().to_bits());
        }
    }
}
