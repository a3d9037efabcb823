//! Recall by kind of error.
//!
//! A true pair belongs to a kind when at least one of its two records has an error of that kind; most belong to
//! several. The figures say where recall is lost, not what one error alone costs.

use super::counts::choose2;
use super::{ScoredPairs, Share, Truth, join};

/// Kinds of errors that can be told apart: the kinds of a record are the bits of one word.
pub const KINDS_MAX: usize = 64;

/// True pairs of one kind, and how many of them were found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct KindRecall {
    /// True pairs in which at least one record has the error.
    pub true_pairs: u64,
    /// Those that are linked.
    pub found: u64,
}

impl KindRecall {
    /// Recall, as a share.
    #[must_use]
    pub fn share(&self) -> Share {
        Share { count: self.found, total: self.true_pairs }
    }

    /// True pairs that were missed.
    #[must_use]
    pub fn missed(&self) -> u64 {
        self.true_pairs - self.found
    }
}

/// Recall by kind of error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KindQuality {
    /// One entry per kind, in the order of the bits.
    pub kinds: Vec<KindRecall>,
    /// True pairs in which neither record has an error.
    pub clean: KindRecall,
}

/// Recall by kind when the records of one cluster are linked. `kinds` has one word per record: bit k says that the
/// record has an error of kind k.
#[must_use]
pub fn cluster_kinds(truth: &Truth<'_>, clusters: &[u32], kinds: &[u64]) -> KindQuality {
    let person = |record: usize| truth.persons.get(record).copied();
    let source = |record: usize| truth.sources.and_then(|sources| sources.get(record).copied()).unwrap_or(0);
    let keyed = |key: &dyn Fn(usize) -> Option<(u64, u32)>| -> Vec<(u64, u32, u64)> {
        let rows = kinds.iter().enumerate();
        rows.filter_map(|(record, kinds)| key(record).map(|(group, source)| (group, source, *kinds))).collect()
    };
    let mut all = keyed(&|record| Some((u64::from(person(record)?), source(record))));
    let mut found = keyed(&|record| Some((join(person(record)?, *clusters.get(record)?), source(record))));
    let all = touched_pairs(&mut all, truth.sources.is_some());
    let found = touched_pairs(&mut found, truth.sources.is_some());
    assemble(&all, |kind| found.get(kind).copied().unwrap_or(0))
}

/// Recall by kind when the pairs from `threshold` up are linked.
#[must_use]
pub fn pair_kinds(truth: &Truth<'_>, pairs: &ScoredPairs, threshold: f32, kinds: &[u64]) -> KindQuality {
    let source = |record: usize| truth.sources.and_then(|sources| sources.get(record).copied()).unwrap_or(0);
    let rows = truth.persons.iter().zip(kinds).enumerate();
    let mut all: Vec<(u64, u32, u64)> =
        rows.map(|(record, (person, kinds))| (u64::from(*person), source(record), *kinds)).collect();
    let all = touched_pairs(&mut all, truth.sources.is_some());
    let mut found = [0_u64; KINDS_MAX + 1];
    for (left, right, _) in pairs.linked(threshold).filter(|(.., is_true)| *is_true) {
        let of = |record: u32| kinds.get(record as usize).copied().unwrap_or(0);
        each_slot(of(left) | of(right), |slot| add(&mut found, slot, 1));
    }
    assemble(&all, |kind| found.get(kind).copied().unwrap_or(0))
}

/// One counter per kind, and a last one for records without errors.
type Slots = [u64; KINDS_MAX + 1];

fn assemble(all: &Slots, found: impl Fn(usize) -> u64) -> KindQuality {
    let mut kinds: Vec<KindRecall> =
        all.iter().enumerate().map(|(kind, pairs)| KindRecall { true_pairs: *pairs, found: found(kind) }).collect();
    let clean = kinds.pop().unwrap_or_default();
    KindQuality { kinds, clean }
}

/// Pairs of one group with at least one record of each kind, and pairs of two clean records; of two sources where
/// sources count.
fn touched_pairs(rows: &mut [(u64, u32, u64)], is_cross_source: bool) -> Slots {
    rows.sort_unstable();
    let mut sums = [0; KINDS_MAX + 1];
    for group in rows.chunk_by(|left, right| left.0 == right.0) {
        if group.len() < 2 {
            continue;
        }
        for (sum, pairs) in sums.iter_mut().zip(group_pairs(group)) {
            *sum += pairs;
        }
        if is_cross_source {
            for source in group.chunk_by(|left, right| left.1 == right.1) {
                for (sum, pairs) in sums.iter_mut().zip(group_pairs(source)) {
                    *sum -= pairs;
                }
            }
        }
    }
    sums
}

fn group_pairs(group: &[(u64, u32, u64)]) -> Slots {
    let mut records = [0_u64; KINDS_MAX + 1];
    for (_, _, kinds) in group {
        each_slot(*kinds, |slot| add(&mut records, slot, 1));
    }
    let all = choose2(group.len());
    let mut pairs: Slots = records.map(|with| all - choose2(group.len() - usize::try_from(with).unwrap_or(0)));
    if let (Some(pairs), Some(clean)) = (pairs.last_mut(), records.last()) {
        *pairs = choose2(usize::try_from(*clean).unwrap_or(0));
    }
    pairs
}

/// The counters of a record or pair with these kinds.
fn each_slot(kinds: u64, mut visit: impl FnMut(usize)) {
    if kinds == 0 {
        visit(KINDS_MAX);
    }
    let mut rest = kinds;
    while rest != 0 {
        visit(rest.trailing_zeros() as usize);
        rest &= rest - 1;
    }
}

fn add(slots: &mut Slots, slot: usize, by: u64) {
    if let Some(counter) = slots.get_mut(slot) {
        *counter += by;
    }
}
