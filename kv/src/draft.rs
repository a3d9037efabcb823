//! A draft of one batch: reads through to the store, sees its own writes, remembers what it relied on.
//!
//! Verbs of the core crates write onto a draft instead of the store. Several verbs of one request share a draft, so
//! that the later ones see what the earlier ones planned, and everything is committed at once. A draft decides nothing
//! and commits nothing: it ends as a [`Plan`].

use crate::{Error, Freshness, Key, Kv, Mark, Partition, Plan, Read, Rows, Version};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A batch in the making.
#[derive(Debug)]
pub struct Draft<'k> {
    kv: &'k dyn Kv,
    plan: Plan,
    /// Whether it only answers: versions are not looked up.
    is_peeking: bool,
    /// The oldest version seen of each partition that was read.
    seen: BTreeMap<Partition, Version>,
}

impl<'k> Draft<'k> {
    /// An empty draft over a store.
    #[must_use]
    pub fn new(kv: &'k dyn Kv) -> Self {
        Self { kv, plan: Plan::default(), is_peeking: false, seen: BTreeMap::new() }
    }

    /// A draft that answers a question and is dropped: reading costs less, since nothing will rely on what was read.
    #[must_use]
    pub fn peeking(kv: &'k dyn Kv) -> Self {
        Self { is_peeking: true, ..Self::new(kv) }
    }

    /// One row, as the draft would leave it.
    ///
    /// # Errors
    /// Those of [`Kv::read`].
    pub fn get(&mut self, key: &Key) -> Result<Option<Box<[u8]>>, Error> {
        let found = self.read(&[Read::Get(key.clone())])?;
        Ok(found.into_iter().flat_map(|rows| rows.rows).map(|(_, value)| value).next())
    }

    /// As [`Kv::mark`].
    #[must_use]
    pub fn mark(&self) -> Option<Mark> {
        self.kv.mark()
    }

    /// All rows of a partition whose sort key is in a range, ascending, at most `limit`.
    ///
    /// # Errors
    /// Those of [`Kv::read`].
    pub fn scan(
        &mut self,
        partition: &Partition,
        from: &[u8],
        until: Option<&[u8]>,
        limit: u32,
    ) -> Result<Rows, Error> {
        let want = Read::Scan {
            partition: partition.clone(),
            from: from.into(),
            until: until.map(Into::into),
            limit,
            is_reverse: false,
        };
        Ok(self.read(&[want])?.pop().unwrap_or_default())
    }

    /// Answers every want as [`Kv::read`] does, with the writes of this draft on top.
    ///
    /// # Errors
    /// Those of [`Kv::read`].
    pub fn read(&mut self, wants: &[Read]) -> Result<Vec<Rows>, Error> {
        if self.is_peeking && self.plan.rows.is_empty() {
            return self.kv.peek(wants);
        }
        let widened: Vec<Read> = wants.iter().map(|want| self.widened(want)).collect();
        let mut answers = self.kv.read(&widened, Freshness::Latest)?;
        for (want, rows) in wants.iter().zip(&mut answers) {
            if let Entry::Vacant(slot) = self.seen.entry(want.partition().clone()) {
                slot.insert(rows.version);
            }
            self.overlay(want, rows);
        }
        Ok(answers)
    }

    /// Relies on a partition: the batch fails if it is written after it was first read here.
    ///
    /// # Errors
    /// Those of [`Kv::read`], when the partition has not been read before.
    pub fn rely(&mut self, partition: &Partition) -> Result<(), Error> {
        if self.plan.asserts.contains_key(partition) {
            return Ok(());
        }
        if !self.seen.contains_key(partition) {
            let found = self.kv.read(&[Read::Get(partition.key([]))], Freshness::Latest)?;
            let version = found.first().map(|rows| rows.version).unwrap_or_default();
            self.seen.insert(partition.clone(), version);
        }
        let version = self.seen.get(partition).copied().unwrap_or_default();
        self.plan.asserts.insert(partition.clone(), version);
        Ok(())
    }

    /// Writes a row.
    pub fn put(&mut self, key: Key, value: impl Into<Box<[u8]>>) {
        self.plan.rows.insert(key, Some(value.into()));
    }

    /// Deletes a row.
    pub fn delete(&mut self, key: Key) {
        self.plan.rows.insert(key, None);
    }

    /// Appends an entry to the change log.
    pub fn log(&mut self, entry: impl Into<Box<[u8]>>) {
        self.plan.log.push(entry.into());
    }

    /// Whether nothing has been written yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.plan.is_empty()
    }

    /// Rows written so far, to keep a batch of many verbs under its limit.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.plan.rows.len()
    }

    /// The plan.
    #[must_use]
    pub fn finish(self) -> Plan {
        self.plan
    }

    /// The same want with room for rows that this draft deletes.
    fn widened(&self, want: &Read) -> Read {
        let mut widened = want.clone();
        if let Read::Scan { limit, .. } = &mut widened {
            let deleted = self.written(want).filter(|(_, value)| value.is_none()).count();
            *limit = limit.saturating_add(u32::try_from(deleted).unwrap_or(u32::MAX));
        }
        widened
    }

    /// The writes of this draft that a want covers.
    fn written(&self, want: &Read) -> impl Iterator<Item = (&Key, &Option<Box<[u8]>>)> {
        let partition = want.partition();
        let (from, until): (&[u8], Option<&[u8]>) = match want {
            Read::Get(key) => (&key.sort, None),
            Read::Scan { from, until, .. } => (from, until.as_deref()),
        };
        let is_get = matches!(want, Read::Get(_));
        self.plan.rows.range(partition.key(from)..).take_while(move |(key, _)| {
            key.partition == *partition
                && until.is_none_or(|until| *key.sort < *until)
                && (!is_get || *key.sort == *from)
        })
    }

    fn overlay(&self, want: &Read, rows: &mut Rows) {
        let mut written = self.written(want).peekable();
        if written.peek().is_some() {
            let mut merged: BTreeMap<Box<[u8]>, Box<[u8]>> = std::mem::take(&mut rows.rows).into_iter().collect();
            for (key, value) in written {
                match value {
                    Some(value) => merged.insert(key.sort.clone(), value.clone()),
                    None => merged.remove(&key.sort),
                };
            }
            rows.rows = merged.into_iter().collect();
            if matches!(want, Read::Scan { is_reverse: true, .. }) {
                rows.rows.reverse();
            }
        }
        if let Read::Scan { limit, .. } = want {
            let limit = usize::try_from(*limit).unwrap_or(usize::MAX);
            rows.has_more |= rows.rows.len() > limit;
            rows.rows.truncate(limit);
        }
    }
}
