//! The engine in memory: ordered maps behind a lock.
//!
//! It is the model that every other engine is tested against, and the store of tests above. It keeps every promise of
//! [`Kv`] but durability, and it is written to be read: no caching, no cleverness, whole batches under one lock.

use crate::{
    Batch, BatchId, Change, Commit, Error, Freshness, Health, Key, KeyedRow, Kv, Mark, Partition, Read, Rows, Seq,
    Settled, Space, Version,
};
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A store that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryKv {
    state: RwLock<State>,
}

#[derive(Debug, Default)]
struct State {
    rows: BTreeMap<Key, Box<[u8]>>,
    versions: BTreeMap<Partition, Version>,
    /// What became of each batch id.
    batches: BTreeMap<BatchId, Settled>,
    log: BTreeMap<Seq, Vec<Box<[u8]>>>,
    seq: Seq,
}

impl MemoryKv {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    // A panic under the lock could only come from a failed allocation, which ends the process: the state is whole.
    fn reading(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn writing(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kv for MemoryKv {
    fn read(&self, wants: &[Read], _how: Freshness) -> Result<Vec<Rows>, Error> {
        let state = self.reading();
        Ok(wants.iter().map(|want| state.answer(want)).collect())
    }

    fn commit(&self, batch: &Batch) -> Result<Commit, Error> {
        batch.check_sealed()?;
        let mut state = self.writing();
        match state.batches.get(&batch.id) {
            Some(Settled::Committed(seq)) => return Ok(Commit::Committed(*seq)),
            Some(Settled::Never) => return Ok(Commit::Conflict(Vec::new())),
            None => {}
        }
        let stale: Vec<Partition> = batch
            .plan
            .asserts
            .iter()
            .filter(|(p, version)| state.version(p) != **version)
            .map(|(p, _)| p.clone())
            .collect();
        if !stale.is_empty() {
            return Ok(Commit::Conflict(stale));
        }
        Ok(Commit::Committed(state.apply(batch)))
    }

    fn settle(&self, id: BatchId) -> Result<Settled, Error> {
        Ok(*self.writing().batches.entry(id).or_insert(Settled::Never))
    }

    fn changes(&self, after: Seq, limit: u32) -> Result<Vec<Change>, Error> {
        let state = self.reading();
        let later = state.log.range((Bound::Excluded(after), Bound::Unbounded)).take(size(limit));
        Ok(later.map(|(seq, entries)| Change { seq: *seq, entries: entries.clone() }).collect())
    }

    fn export(&self, space: Space, bucket: u8, after: Option<&Key>, limit: u32) -> Result<Vec<KeyedRow>, Error> {
        let first = Partition::new(space, []).key([]);
        let from = match after {
            Some(key) if *key >= first => Bound::Excluded(key),
            _ => Bound::Included(&first),
        };
        let state = self.reading();
        let rows = state.rows.range((from, Bound::Unbounded)).take_while(|(key, _)| key.partition.space == space);
        let inside = rows.filter(|(key, _)| key.partition.bucket() == bucket).take(size(limit));
        Ok(inside.map(|(key, value)| (key.clone(), value.clone())).collect())
    }

    fn health(&self) -> Health {
        Health { seq: self.reading().seq, is_writable: true }
    }

    fn mark(&self) -> Option<Mark> {
        Some(Mark(self.reading().seq.0))
    }
}

impl State {
    fn version(&self, partition: &Partition) -> Version {
        self.versions.get(partition).copied().unwrap_or_default()
    }

    fn answer(&self, want: &Read) -> Rows {
        let version = self.version(want.partition());
        match want {
            Read::Get(key) => {
                let found = self.rows.get(key).map(|value| (key.sort.clone(), value.clone()));
                Rows { version, rows: found.into_iter().collect(), has_more: false }
            }
            Read::Scan { partition, from, until, limit, is_reverse } => {
                let inside = self.rows.range(partition.key(from.clone())..).take_while(|(key, _)| {
                    key.partition == *partition && until.as_ref().is_none_or(|until| key.sort < *until)
                });
                let mut rows: Vec<_> = inside.map(|(key, value)| (key.sort.clone(), value.clone())).collect();
                if *is_reverse {
                    rows.reverse();
                }
                let has_more = rows.len() > size(*limit);
                rows.truncate(size(*limit));
                Rows { version, rows, has_more }
            }
        }
    }

    /// Applies a batch whose asserts hold.
    fn apply(&mut self, batch: &Batch) -> Seq {
        self.seq = Seq(self.seq.0 + 1);
        for (partition, version) in &batch.plan.asserts {
            self.versions.insert(partition.clone(), Version(version.0 + 1));
        }
        for (key, value) in &batch.plan.rows {
            match value {
                Some(value) => self.rows.insert(key.clone(), value.clone()),
                None => self.rows.remove(key),
            };
        }
        if !batch.plan.log.is_empty() {
            self.log.insert(self.seq, batch.plan.log.clone());
        }
        self.batches.insert(batch.id, Settled::Committed(self.seq));
        self.seq
    }
}

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Plan;

    #[test]
    fn a_batch_is_committed_once_and_seen() {
        let kv = MemoryKv::new();
        let partition = Partition::new(Space(1), *b"p");
        let mut plan = Plan::default();
        plan.asserts.insert(partition.clone(), Version(0));
        plan.rows.insert(partition.key(*b"a"), Some((*b"1").into()));
        plan.log.push((*b"entry").into());
        let batch = plan.into_batch(BatchId([1; 16]));
        assert_eq!(kv.commit(&batch).unwrap(), Commit::Committed(Seq(1)));
        assert_eq!(kv.commit(&batch).unwrap(), Commit::Committed(Seq(1)));
        let again = Batch { id: BatchId([2; 16]), ..batch };
        assert_eq!(kv.commit(&again).unwrap(), Commit::Conflict(vec![partition.clone()]));
        let rows = kv.read(&[Read::Get(partition.key(*b"a"))], Freshness::Latest).unwrap();
        assert_eq!(
            rows[0],
            Rows { version: Version(1), rows: vec![((*b"a").into(), (*b"1").into())], has_more: false }
        );
        assert_eq!(kv.changes(Seq(0), 9).unwrap(), [Change { seq: Seq(1), entries: vec![(*b"entry").into()] }]);
    }
}
