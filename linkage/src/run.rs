//! Links a table: the whole run from blocks to clusters.
//!
//! Candidates are scored in units on any number of threads. Matches then form components, and inside every component
//! the pairs that no block brought together are scored as well (the *second hop*): they are candidates because
//! something else already speaks for them. Clusters are made of the weights of all pairs of a component.

use crate::block::BlockIndex;
use crate::cluster::{self, Apart, MEMBERS_MAX, PairWeights};
use crate::exec::{self, Executor};
use crate::model::Decision;
use crate::rules::{Cap, ClusterMethod, Guard, RuleSet};
use crate::score::{LevelCache, Scored, Scorer, Sieve};
use crate::table::RecordIndex;

/// What to link and from which weights on.
#[derive(Clone, Copy, Debug)]
pub struct Request {
    /// Match weight in bits from which a pair links two records.
    pub threshold: f64,
    /// Match weight in bits from which a pair is reported.
    pub weight_min: f64,
    /// Whether only pairs of different sources count.
    pub across_sources: bool,
}

/// A scored pair at or above the reported weight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkedPair {
    /// The record with the lower number.
    pub left: RecordIndex,
    /// The record with the higher number.
    pub right: RecordIndex,
    /// Match weight in bits, after guards: a capped pair stands just under the threshold of its cap.
    pub weight: f32,
    /// The guard that capped the pair, counted from 1; 0 for none.
    pub guard: u8,
}

/// The result of a run.
#[derive(Clone, Debug, Default)]
pub struct Linked {
    /// Pairs from the reported weight up, in order of record numbers.
    pub pairs: Vec<LinkedPair>,
    /// For every record, the smallest record of its cluster.
    pub clusters: Vec<RecordIndex>,
    /// Candidate pairs per blocking rule that no earlier rule had, and at the end those of the second hop.
    pub candidates: Vec<u64>,
    /// Pairs per whole bit of weight from [`HISTOGRAM_MIN`] up; lighter and unfinished pairs are in the first bin.
    pub histogram: Vec<u64>,
    /// Components too large to compare all with all, split at higher thresholds first.
    pub components_split: u64,
}

/// Weight of the first histogram bin, in bits.
pub const HISTOGRAM_MIN: i32 = -20;
/// Bins of the histogram.
pub const HISTOGRAM_BINS: usize = 80;
/// How far under a threshold a capped pair is reported, in bits.
const CAP_MARGIN: f64 = 0.01;
/// Components handled in one task.
const TASK_COMPONENTS: usize = 4096;
/// Bits by which the threshold rises when a component is too large.
const SPLIT_STEP: f64 = 2.0;

/// A run over one table.
pub struct Run<'a> {
    /// Scores pairs.
    pub scorer: &'a Scorer<'a>,
    /// Brings pairs together.
    pub blocks: &'a BlockIndex,
    /// What is asked for.
    pub request: Request,
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Run").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Run<'_> {
    /// Scores all candidates and clusters the matches; `progress` is called with units done and all units.
    pub fn link(&self, executor: &dyn Executor, progress: &(dyn Fn(usize, usize) + Sync)) -> Linked {
        let mut linked = self.score_candidates(executor, progress);
        linked.pairs.sort_unstable_by_key(|pair| (pair.left, pair.right));
        let records = self.scorer.comparer.table.len();
        let components = self.components(records, &linked.pairs, &mut linked.components_split);
        let tasks = components.len().div_ceil(TASK_COMPONENTS);
        let resolved = exec::map(executor, tasks, |task| {
            let mut cache = LevelCache::new(self.scorer.comparer.rules.comparisons.len());
            let range = task * TASK_COMPONENTS..((task + 1) * TASK_COMPONENTS).min(components.len());
            let own = components.get(range).unwrap_or(&[]);
            own.iter().map(|members| self.resolve(members, &linked.pairs, &mut cache)).collect::<Vec<_>>()
        });
        linked.clusters = (0..u32::try_from(records).unwrap_or(u32::MAX)).collect();
        let mut second_hop = 0;
        for (members, resolved) in components.iter().zip(resolved.into_iter().flatten()) {
            second_hop += resolved.compared;
            for pair in &resolved.pairs {
                count(&mut linked.histogram, f64::from(pair.weight));
            }
            linked.pairs.extend(resolved.pairs);
            for (member, group) in members.iter().zip(resolved.groups) {
                if let (Some(slot), Some(first)) = (linked.clusters.get_mut(*member as usize), members.get(group)) {
                    *slot = *first;
                }
            }
        }
        linked.candidates.push(second_hop);
        linked.pairs.sort_unstable_by_key(|pair| (pair.left, pair.right));
        linked
    }

    fn score_candidates(&self, executor: &dyn Executor, progress: &(dyn Fn(usize, usize) + Sync)) -> Linked {
        let units = self.blocks.units();
        let profiles = self.scorer.comparer.profiles;
        let done = std::sync::atomic::AtomicUsize::new(0);
        let scored = exec::map(executor, units.len(), |n| {
            let mut cache = LevelCache::new(self.scorer.comparer.rules.comparisons.len());
            let (mut sieve, mut pairs) = (Sieve::default(), Vec::new());
            let mut histogram = vec![0_u64; HISTOGRAM_BINS];
            let (mut candidates, mut light) = (0_u64, 0_u64);
            if let Some(unit) = units.get(n) {
                self.blocks.for_each_fan(unit, profiles, |fan| {
                    let rights = self.scorer.sift(fan, self.request.weight_min, &mut sieve);
                    candidates += fan.rights.len() as u64;
                    light += (fan.rights.len() - rights.len()) as u64;
                    for right in rights {
                        let rows = (fan.left_row(profiles), fan.row(profiles, *right));
                        let Some(scored) = self.scorer.score(rows.0, rows.1, self.request.weight_min, &mut cache)
                        else {
                            light += 1;
                            continue;
                        };
                        let capped = self.cap(fan.left, fan.member(*right), scored);
                        count(&mut histogram, f64::from(capped.weight));
                        pairs.extend((f64::from(capped.weight) >= self.request.weight_min).then_some(capped));
                    }
                });
            }
            if let Some(first) = histogram.first_mut() {
                *first += light;
            }
            progress(done.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1, units.len());
            (pairs, histogram, candidates)
        });
        let mut linked = Linked {
            candidates: vec![0; self.blocks.rules.len()],
            histogram: vec![0; HISTOGRAM_BINS],
            ..Linked::default()
        };
        linked.pairs.reserve(scored.iter().map(|(pairs, ..)| pairs.len()).sum());
        for (unit, (pairs, histogram, candidates)) in units.iter().zip(scored) {
            linked.pairs.extend(pairs);
            linked.histogram.iter_mut().zip(histogram).for_each(|(total, own)| *total += own);
            if let Some(total) = linked.candidates.get_mut(unit.rule()) {
                *total += candidates;
            }
        }
        linked
    }

    /// The pair after guards.
    fn cap(&self, left: RecordIndex, right: RecordIndex, scored: Scored) -> LinkedPair {
        let comparer = self.scorer.comparer;
        let holds = |_, guard: &Guard| comparer.holds(&guard.when, left, right);
        let (weight, guard) = cap(comparer.rules, self.request.threshold, scored.weight.0, holds);
        #[expect(clippy::cast_possible_truncation, reason = "reported weights need no more than single precision")]
        LinkedPair { left, right, weight: weight as f32, guard }
    }

    /// What the guards say of two records that others bring together, whatever their weight.
    fn apart(&self, left: RecordIndex, right: RecordIndex) -> Apart {
        let comparer = self.scorer.comparer;
        apart(comparer.rules, |_, guard| comparer.holds(&guard.when, left, right))
    }

    /// Components of the links; those that are too large are split at higher thresholds.
    fn components(&self, records: usize, pairs: &[LinkedPair], split: &mut u64) -> Vec<Vec<RecordIndex>> {
        let links = |threshold: f64| pairs.iter().filter(move |pair| f64::from(pair.weight) >= threshold);
        let mut threshold = self.request.threshold;
        let found = cluster::components(records, links(threshold).map(|pair| (pair.left, pair.right)));
        let (mut small, mut large): (Vec<_>, Vec<_>) =
            cluster::members(&found).into_iter().partition(|members| members.len() <= MEMBERS_MAX);
        *split += large.len() as u64;
        while !large.is_empty() && threshold < f64::from(HISTOGRAM_MIN) + 80.0 {
            threshold += SPLIT_STEP;
            let mut is_large = vec![false; records];
            for record in large.iter().flatten() {
                is_large.iter_mut().skip(*record as usize).take(1).for_each(|flag| *flag = true);
            }
            let inside = links(threshold).filter(|pair| is_large.get(pair.left as usize) == Some(&true));
            let found = cluster::components(records, inside.map(|pair| (pair.left, pair.right)));
            let (fits, still): (Vec<_>, Vec<_>) =
                cluster::members(&found).into_iter().partition(|members| members.len() <= MEMBERS_MAX);
            small.extend(fits);
            large = still;
        }
        // Records that no threshold takes apart agree in everything: they stay together, however many they are.
        small.extend(large);
        small.sort_unstable();
        small
    }

    /// Compares all members of one component and groups them.
    fn resolve(&self, members: &[RecordIndex], known: &[LinkedPair], cache: &mut LevelCache) -> Resolved {
        if members.len() > MEMBERS_MAX {
            return Resolved { pairs: Vec::new(), groups: vec![0; members.len()], compared: 0 };
        }
        let rules = self.scorer.comparer.rules;
        let table = self.scorer.comparer.table;
        if members.len() == 2 && !rules.clustering.one_per_source {
            // The link that made the component is all there is to know about it.
            return Resolved { pairs: Vec::new(), groups: vec![0; 2], compared: 0 };
        }
        let mut weights = PairWeights::new(members.len(), self.request.threshold);
        let mut resolved = Resolved { pairs: Vec::new(), groups: Vec::new(), compared: 0 };
        for (a, left) in members.iter().copied().enumerate() {
            let mut known = pairs_of(known, left).iter().copied().peekable();
            for (b, right) in members.iter().copied().enumerate().skip(a + 1) {
                // Members and pairs are both in order of record numbers.
                while known.next_if(|pair| pair.right < right).is_some() {}
                let scored = known.next_if(|pair| pair.right == right);
                let is_known = scored.is_some();
                let pair =
                    scored.unwrap_or_else(|| self.cap(left, right, self.scorer.score_records(left, right, cache)));
                let weight = f64::from(pair.weight);
                let same_source = table.source(left) == table.source(right);
                let is_double = rules.clustering.one_per_source && same_source;
                let apart = if is_double { Apart::Never } else { self.apart(left, right) };
                weights.set(a, b, weight, apart);
                if !is_known && self.blocks.is_comparable(left, right) && !self.blocks.is_candidate(left, right) {
                    resolved.compared += 1;
                    resolved.pairs.extend((weight >= self.request.weight_min).then_some(pair));
                }
            }
        }
        resolved.groups = match rules.clustering.method {
            ClusterMethod::Connected => vec![0; members.len()],
            ClusterMethod::Safe => cluster::safe_clusters(weights),
        };
        resolved
    }

    /// The decision on a pair of the result.
    #[must_use]
    pub fn decision(&self, pair: &LinkedPair) -> Decision {
        Decision::of(f64::from(pair.weight), self.scorer.comparer.rules.lower, self.request.threshold)
    }
}

/// The weight of a pair after guards, and the guard that capped it, counted from 1; 0 for none.
///
/// `holds` is asked, by position, only about guards that could lower the weight further.
pub(crate) fn cap(
    rules: &RuleSet,
    threshold: f64,
    scored: f64,
    mut holds: impl FnMut(usize, &Guard) -> bool,
) -> (f64, u8) {
    let (mut weight, mut by) = (scored, 0);
    // Under the lower threshold no guard can change the decision.
    if weight >= rules.lower.min(threshold) {
        for (position, (number, guard)) in (1_u8..).zip(&rules.guards).enumerate() {
            let limit = match guard.cap {
                Cap::PossibleMatch => rules.upper.min(threshold) - CAP_MARGIN,
                Cap::NonMatch => rules.lower.min(threshold) - CAP_MARGIN,
            };
            // Where a guard asks for more evidence, what is missing to it is missing to the threshold.
            let limit = guard.below.map_or(limit, |below| limit.min(threshold + scored - below));
            if weight > limit && guard.asks(Some(scored)) && holds(position, guard) {
                (weight, by) = (limit, number);
            }
        }
    }
    (weight, by)
}

/// What the guards that hold say of two records that others bring together; `holds` is asked, by position.
pub(crate) fn apart(rules: &RuleSet, mut holds: impl FnMut(usize, &Guard) -> bool) -> Apart {
    let mut said = Apart::No;
    for (position, guard) in rules.guards.iter().enumerate() {
        if guard.apart() > said && holds(position, guard) {
            said = guard.apart();
        }
    }
    said
}

/// Those of sorted pairs that have a record on the left.
fn pairs_of(pairs: &[LinkedPair], left: RecordIndex) -> &[LinkedPair] {
    let from = pairs.get(pairs.partition_point(|pair| pair.left < left)..).unwrap_or(&[]);
    from.get(..from.iter().take_while(|pair| pair.left == left).count()).unwrap_or(&[])
}

struct Resolved {
    pairs: Vec<LinkedPair>,
    /// Per member: position of the first member of its group.
    groups: Vec<usize>,
    compared: u64,
}

fn count(histogram: &mut [u64], weight: f64) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the bins")]
    let bin = (weight - f64::from(HISTOGRAM_MIN)).clamp(0.0, (HISTOGRAM_BINS - 1) as f64) as usize;
    if let Some(slot) = histogram.get_mut(bin) {
        *slot += 1;
    }
}
