//! Clusters against the truth: pairwise, B-cubed, and in persons.

use super::counts::{float, harmonic, pairs_sharing};
use super::{Counts, Share, Truth, distinct, join, split, zip};

/// B-cubed (Bagga & Baldwin 1998): precision and recall of the cluster of each record, averaged over the records.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Bcubed {
    /// Mean share of a record's cluster that is of its person.
    pub precision: f64,
    /// Mean share of a person's records that are in the record's cluster.
    pub recall: f64,
}

impl Bcubed {
    /// Harmonic mean of the two.
    #[must_use]
    pub fn f1(&self) -> f64 {
        harmonic(self.precision, self.recall)
    }
}

/// What clusters are worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ClusterQuality {
    /// Every pair of records in one cluster counts as linked (where sources count: across sources).
    pub pairwise: Counts,
    /// Over all records, whatever their sources.
    pub bcubed: Bcubed,
    /// Number of clusters.
    pub clusters: u64,
    /// Records in the largest cluster.
    pub largest: u64,
    /// Clusters of one record.
    pub singletons: u64,
    /// Persons who share a cluster with another person, of all persons.
    pub persons_sharing: Share,
}

/// Measures clusters; `clusters` has one label per record.
#[must_use]
pub fn measure_clusters(truth: &Truth<'_>, clusters: &[u32]) -> ClusterQuality {
    let mut by_person = zip(truth.persons, clusters);
    by_person.sort_unstable();
    let mut by_cluster = zip(clusters, truth.persons);
    by_cluster.sort_unstable();
    let records = float(by_person.len() as u64).max(1.0);
    let (recall, ..) = purity(&by_person);
    let (precision, largest, singletons) = purity(&by_cluster);
    let (sharing, clusters_count) = persons_sharing(&by_cluster);
    let mut right = pairs_sharing(by_person);
    let mut linked = pairs_sharing(clusters.to_vec());
    if let Some(sources) = truth.sources {
        linked -= pairs_sharing(zip(clusters, sources));
        let keys = truth.persons.iter().zip(clusters).zip(sources);
        right -= pairs_sharing(keys.map(|((person, cluster), source)| (join(*person, *cluster), *source)).collect());
    }
    ClusterQuality {
        pairwise: Counts::new(right, linked, truth.pairs()),
        bcubed: Bcubed { precision: precision / records, recall: recall / records },
        clusters: clusters_count,
        largest,
        singletons,
        persons_sharing: Share { count: sharing, total: truth.person_count() },
    }
}

/// Over sorted keys (outer, inner): Σ over records of the share of its outer group that is in its inner one; and the
/// size of the largest outer group, and how many have one record.
fn purity(keys: &[u64]) -> (f64, u64, u64) {
    let (mut sum, mut largest, mut singletons) = (0.0, 0, 0);
    for outer in keys.chunk_by(|left, right| left >> 32 == right >> 32) {
        let size = outer.len() as u64;
        largest = largest.max(size);
        singletons += u64::from(size == 1);
        let squares: u64 = outer.chunk_by(|left, right| left == right).map(|run| (run.len() as u64).pow(2)).sum();
        sum += float(squares) / float(size);
    }
    (sum, largest, singletons)
}

/// Persons who share a cluster with another, and the number of clusters.
fn persons_sharing(by_cluster: &[u64]) -> (u64, u64) {
    let mut persons = Vec::new();
    let mut clusters = 0;
    for cluster in by_cluster.chunk_by(|left, right| left >> 32 == right >> 32) {
        clusters += 1;
        if cluster.first() != cluster.last() {
            persons.extend(cluster.iter().map(|key| split(*key).1));
        }
    }
    (distinct(persons), clusters)
}

/// What is left for clerks to decide.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TaskCount {
    /// Persons with at least one task, of all persons.
    pub persons: Share,
    /// Pairs of clusters that somebody must look at.
    pub tasks: u64,
}

/// Counts the tasks that possible matches leave: a pair inside one cluster needs no decision any more.
#[must_use]
pub fn persons_with_task(truth: &Truth<'_>, clusters: &[u32], possible: &[(u32, u32)]) -> TaskCount {
    let mut persons = Vec::new();
    let mut tasks = Vec::new();
    for (left, right) in possible {
        let (left, right) = (*left as usize, *right as usize);
        let (Some(left_cluster), Some(right_cluster)) = (clusters.get(left), clusters.get(right)) else { continue };
        if left_cluster == right_cluster {
            continue;
        }
        tasks.push(join(*left_cluster.min(right_cluster), *left_cluster.max(right_cluster)));
        persons.extend([truth.persons.get(left), truth.persons.get(right)].into_iter().flatten());
    }
    tasks.sort_unstable();
    tasks.dedup();
    TaskCount { persons: Share { count: distinct(persons), total: truth.person_count() }, tasks: tasks.len() as u64 }
}
