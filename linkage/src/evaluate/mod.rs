//! How good a linkage is, measured against the truth.
//!
//! Records are numbered 0..n; the truth, the clusters and the sources are one label per record (any numbers: only
//! equality counts). Everything is counted exactly, by sorting labels: no pair is hashed and none is enumerated that
//! was not given, so a million records take a fraction of a second. *Recall is always over all true pairs*, also those
//! that no blocking rule reached. This module only counts; it decides nothing and knows no file format.

mod clusters;
mod counts;
mod kinds;
mod pairs;
mod strata;
#[cfg(test)]
mod tests;
mod unlinkable;

pub use clusters::{Bcubed, ClusterQuality, TaskCount, measure_clusters, persons_with_task};
pub use counts::{Counts, Interval, Share};
pub use kinds::{KINDS_MAX, KindQuality, KindRecall, cluster_kinds, pair_kinds};
pub use pairs::{CURVE_POINTS_MAX, CurvePoint, ScoredPairs};
pub use strata::{StratumMember, StratumQuality, measure_strata};
pub use unlinkable::{UnlinkablePoint, unlinkable_curve};

/// What is known about the records.
#[derive(Clone, Copy, Debug)]
pub struct Truth<'a> {
    /// The person of each record.
    pub persons: &'a [u32],
    /// The source of each record, when only pairs across sources count; as long as `persons`.
    pub sources: Option<&'a [u32]>,
}

impl Truth<'_> {
    /// Number of true pairs: two records of one person (and, where sources count, of two sources).
    #[must_use]
    pub fn pairs(&self) -> u64 {
        counts::pairs_sharing(self.persons.to_vec())
            - self.sources.map_or(0, |sources| counts::pairs_sharing(zip(self.persons, sources)))
    }

    /// Number of persons.
    #[must_use]
    pub fn person_count(&self) -> u64 {
        distinct(self.persons.to_vec())
    }
}

/// Two labels of each record as one key.
fn zip(outer: &[u32], inner: &[u32]) -> Vec<u64> {
    outer.iter().zip(inner).map(|(outer, inner)| join(*outer, *inner)).collect()
}

fn join(outer: u32, inner: u32) -> u64 {
    u64::from(outer) << 32 | u64::from(inner)
}

/// The labels that a key of [`join`] was made of.
fn split(key: u64) -> (u32, u32) {
    let low = u32::try_from(key & u64::from(u32::MAX)).unwrap_or(u32::MAX);
    (u32::try_from(key >> 32).unwrap_or(u32::MAX), low)
}

fn distinct(mut labels: Vec<u32>) -> u64 {
    labels.sort_unstable();
    labels.dedup();
    labels.len() as u64
}
