//! From pairs to clusters.
//!
//! [`components`] joins everything that a chain of links connects. [`safe_clusters`] takes such a component apart
//! again when it is held together by less than most of its pairs say, or when a pair inside it must not be linked.
//! Both are functions of the weights alone; neither knows how records are compared.

mod safe;

pub use safe::{Apart, MEMBERS_MAX, PairWeights, excess, safe_clusters};

/// Disjoint sets of records (Tarjan 1975), with the smallest member as representative.
#[derive(Clone, Debug)]
pub struct DisjointSets {
    parents: Vec<u32>,
}

impl DisjointSets {
    /// Every record alone.
    #[must_use]
    pub fn new(records: usize) -> Self {
        Self { parents: (0..u32::try_from(records).unwrap_or(u32::MAX)).collect() }
    }

    /// The representative of a record's set.
    pub fn find(&mut self, record: u32) -> u32 {
        let mut at = record;
        loop {
            let parent = self.parent(at);
            if parent == at {
                return at;
            }
            // Path halving: every visited record moves one step closer to the root.
            let grandparent = self.parent(parent);
            if let Some(slot) = self.parents.get_mut(at as usize) {
                *slot = grandparent;
            }
            at = grandparent;
        }
    }

    fn parent(&self, record: u32) -> u32 {
        self.parents.get(record as usize).copied().unwrap_or(record)
    }

    /// Joins two sets.
    pub fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        // The smaller number stays the root, so the result does not depend on the order of the links.
        if let Some(slot) = self.parents.get_mut(a.max(b) as usize) {
            *slot = a.min(b);
        }
    }

    /// The representative of every record.
    #[must_use]
    pub fn representatives(mut self) -> Vec<u32> {
        (0..u32::try_from(self.parents.len()).unwrap_or(u32::MAX)).map(|record| self.find(record)).collect()
    }
}

/// The connected components of the links: for every record, the smallest record of its component.
#[must_use]
pub fn components(records: usize, links: impl Iterator<Item = (u32, u32)>) -> Vec<u32> {
    let mut sets = DisjointSets::new(records);
    links.for_each(|(a, b)| sets.join(a, b));
    sets.representatives()
}

/// The members of every cluster of at least two, in order of the smallest member.
#[must_use]
pub fn members(representatives: &[u32]) -> Vec<Vec<u32>> {
    let mut pairs: Vec<(u32, u32)> = representatives.iter().copied().zip(0..).collect();
    pairs.sort_unstable();
    pairs
        .chunk_by(|a, b| a.0 == b.0)
        .filter(|run| run.len() > 1)
        .map(|run| run.iter().map(|(_, r)| *r).collect())
        .collect()
}

#[cfg(test)]
mod tests;
