//! Group commit: many callers, one writer, one sync.
//!
//! Every commit enters a queue. Whoever finds no leader becomes it, takes the whole queue, decides the batches in order
//! against the store and against what earlier batches of the group have changed, writes all of them with one sync, and
//! tells everybody the outcome. While the disk is busy the next group collects itself; its leader is the first of the
//! queue. So a batch waits for at most two syncs, and the more callers there are the more batches share one. There is no
//! thread for this: a leader is a caller that lends its own.
//!
//! INVARIANT: only a leader writes, and there is one leader at a time. What it reads cannot change until it has written.

use super::read::{decode_version, encode_entries};
use super::{LAST_KEY, Last, RocksKv, Statistics, error, from_library, key, profile, unavailable};
use crate::{Batch, BatchId, Error, Partition, Seq};
use rocksdb::{ReadOptions, WriteBatch};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// The most batches that wait at a time, and so the most of one group. More callers wait for room: they would only
/// lengthen the time that the first of the group waits.
const QUEUE_BATCHES_MAX: usize = 1_024;
/// The most bytes that wait at a time, but for the last batch: what one write puts into memory at once.
const QUEUE_BYTES_MAX: usize = 32 << 20;
/// Log position of an id that is burnt. Positions start at 1.
pub(super) const BURNT: u64 = 0;

/// What one caller wants to have done, in the bytes of the database.
pub(super) struct Work {
    id: BatchId,
    is_settling: bool,
    /// Partition and expected version, in the order of the batch.
    asserts: Vec<Assert>,
    rows: Vec<Written>,
    entries: Option<Vec<u8>>,
    bytes: usize,
}

/// A partition, its bytes and its expected version.
type Assert = (Partition, Vec<u8>, u64);

/// The bytes of a row's key, and its value or none to delete it.
type Written = (Vec<u8>, Option<Box<[u8]>>);

impl Work {
    pub(super) fn of_batch(batch: &Batch) -> Result<Self, Error> {
        // The limits were checked: every name fits.
        let too_long = || unavailable("commit", "a partition's name is over the limit");
        let mut work = Self::settling(batch.id);
        work.is_settling = false;
        for (partition, version) in &batch.plan.asserts {
            let bytes = key::of_partition(partition).ok_or_else(too_long)?;
            work.asserts.push((partition.clone(), bytes, version.0));
        }
        for (row, value) in &batch.plan.rows {
            let bytes = key::of_row(&row.partition, &row.sort).ok_or_else(too_long)?;
            work.bytes += bytes.len() + value.as_ref().map_or(0, |value| value.len());
            work.rows.push((bytes, value.clone()));
        }
        if !batch.plan.log.is_empty() {
            let entries = encode_entries(&batch.plan.log);
            work.bytes += entries.len();
            work.entries = Some(entries);
        }
        Ok(work)
    }

    pub(super) fn settling(id: BatchId) -> Self {
        Self { id, is_settling: true, asserts: Vec::new(), rows: Vec::new(), entries: None, bytes: 0 }
    }
}

/// What became of one work.
#[derive(Clone, Debug)]
pub(super) enum Outcome {
    Committed(Seq),
    /// The places of the asserts that do not hold, ascending.
    Conflict(Vec<usize>),
    /// The id can never commit.
    Burnt,
    /// The write failed: it may have happened.
    Unknown(String),
    /// Nothing was written, for this reason; where, if something stored is corrupt.
    Refused(String, Option<String>),
}

/// The queue, and what the leader hands from group to group.
pub(super) struct Group {
    queue: Mutex<Queue>,
    /// Told when the queue has been taken.
    room: Condvar,
    /// The last committed batch; its lock is the right to write.
    last: Mutex<Last>,
    /// The same position, to be read without waiting.
    seq: AtomicU64,
    /// Why the engine takes no more writes.
    failure: Mutex<Option<String>>,
    statistics: Mutex<Statistics>,
}

#[derive(Default)]
struct Queue {
    waiting: Vec<Entry>,
    bytes: usize,
    has_leader: bool,
}

struct Entry {
    work: Work,
    slot: Arc<Slot>,
}

/// Where a caller waits for its turn.
#[derive(Default)]
struct Slot {
    turn: Mutex<Turn>,
    changed: Condvar,
}

#[derive(Default)]
enum Turn {
    #[default]
    Waiting,
    Leading,
    Done(Outcome),
}

impl Group {
    pub(super) fn new(last: Last) -> Self {
        Self {
            queue: Mutex::default(),
            room: Condvar::new(),
            seq: AtomicU64::new(last.seq.0),
            last: Mutex::new(last),
            failure: Mutex::default(),
            statistics: Mutex::default(),
        }
    }

    pub(super) fn seq(&self) -> Seq {
        Seq(self.seq.load(Ordering::Acquire))
    }

    pub(super) fn is_writable(&self) -> bool {
        lock(&self.failure).is_none()
    }

    pub(super) fn statistics(&self) -> Statistics {
        lock(&self.statistics).clone()
    }

    /// Waits for the right to write: until it is given back, nothing changes.
    pub(super) fn hold(&self) -> MutexGuard<'_, Last> {
        lock(&self.last)
    }

    /// Puts work into the queue and waits: none when the caller has to lead.
    fn enter(&self, work: Work, slot: &Arc<Slot>) -> Option<Outcome> {
        let mut queue = lock(&self.queue);
        if queue.is_full() {
            lock(&self.statistics).waits_for_room += 1;
        }
        while queue.is_full() {
            queue = self.room.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.bytes += work.bytes;
        queue.waiting.push(Entry { work, slot: Arc::clone(slot) });
        if !queue.has_leader {
            queue.has_leader = true;
            return None;
        }
        drop(queue);
        slot.wait()
    }

    fn take(&self) -> Vec<Entry> {
        let mut queue = lock(&self.queue);
        queue.bytes = 0;
        let taken = std::mem::take(&mut queue.waiting);
        drop(queue);
        self.room.notify_all();
        taken
    }

    /// The next leader starts before the group is told, so that the disk is never idle for it.
    fn hand_over(&self) {
        let mut queue = lock(&self.queue);
        match queue.waiting.first() {
            Some(next) => next.slot.set(Turn::Leading),
            None => queue.has_leader = false,
        }
    }
}

impl Queue {
    fn is_full(&self) -> bool {
        self.waiting.len() >= QUEUE_BATCHES_MAX || self.bytes >= QUEUE_BYTES_MAX
    }
}

impl Slot {
    fn set(&self, turn: Turn) {
        *lock(&self.turn) = turn;
        self.changed.notify_one();
    }

    /// Waits for an outcome; none when it is the caller's turn to lead.
    fn wait(&self) -> Option<Outcome> {
        let mut turn = lock(&self.turn);
        loop {
            match std::mem::take(&mut *turn) {
                Turn::Waiting => turn = self.changed.wait(turn).unwrap_or_else(PoisonError::into_inner),
                Turn::Leading => return None,
                Turn::Done(outcome) => return Some(outcome),
            }
        }
    }
}

/// Tells everybody that the outcome is unknown if the leader does not come to its end.
struct Leading<'a> {
    group: &'a Group,
    entries: Vec<Entry>,
}

impl Drop for Leading<'_> {
    fn drop(&mut self) {
        if self.entries.is_empty() {
            return;
        }
        let reason = "the leader of the group stopped in the middle";
        lock(&self.group.failure).get_or_insert_with(|| reason.to_owned());
        self.group.hand_over();
        self.entries.drain(..).for_each(|entry| entry.slot.set(Turn::Done(Outcome::Unknown(reason.to_owned()))));
    }
}

/// What was decided about one work, and whether it rests on the write that follows.
struct Decision {
    outcome: Outcome,
    is_new: bool,
}

/// A group in the making: the store as the batches so far leave it.
struct Draft {
    batch: WriteBatch,
    last: Last,
    versions: BTreeMap<Vec<u8>, u64>,
    /// Position by id, and whether this group gave it.
    ids: BTreeMap<BatchId, (u64, bool)>,
}

impl RocksKv {
    /// Has work done, together with others' or as their leader.
    pub(super) fn submit(&self, work: Work) -> Result<Outcome, Error> {
        let slot = Arc::new(Slot::default());
        let outcome = match self.group.enter(work, &slot) {
            Some(outcome) => outcome,
            None => {
                self.lead();
                // The leader's own work was in the group: its outcome is there.
                slot.wait().unwrap_or_else(|| Outcome::Unknown("the leader found no outcome".to_owned()))
            }
        };
        match outcome {
            Outcome::Refused(reason, None) => Err(unavailable("commit", reason)),
            Outcome::Refused(reason, Some(place)) => Err(error::corrupt_because("commit", place, reason)),
            outcome => Ok(outcome),
        }
    }

    fn lead(&self) {
        let mut leading = Leading { group: &self.group, entries: self.group.take() };
        let outcomes = self.write_group(&leading.entries);
        self.group.hand_over();
        for (entry, outcome) in leading.entries.drain(..).zip(outcomes) {
            entry.slot.set(Turn::Done(outcome));
        }
    }

    fn write_group(&self, entries: &[Entry]) -> Vec<Outcome> {
        let mut last = self.group.hold();
        if let Some(reason) = lock(&self.group.failure).clone() {
            let refused =
                Outcome::Refused(format!("a write failed, and the store has to be opened again: {reason}"), None);
            return vec![refused; entries.len()];
        }
        let mut draft = match self.look_up(entries, *last) {
            Ok(draft) => draft,
            Err(error) => return vec![refusal(&error); entries.len()],
        };
        let mut decisions = Vec::with_capacity(entries.len());
        for entry in entries {
            match self.decide(&mut draft, &entry.work) {
                Ok(decision) => decisions.push(decision),
                Err(error) => return vec![refusal(&error); entries.len()],
            }
        }
        let written = if draft.batch.is_empty() { Ok(()) } else { self.write(&mut draft) };
        let mut committed = 0;
        match &written {
            Ok(()) => {
                committed = draft.last.seq.0 - last.seq.0;
                *last = draft.last;
                self.group.seq.store(last.seq.0, Ordering::Release);
            }
            Err(reason) => *lock(&self.group.failure) = Some(reason.clone()),
        }
        drop(last);
        let outcomes: Vec<Outcome> = decisions
            .into_iter()
            .map(|decision| match &written {
                Err(reason) if decision.is_new => Outcome::Unknown(reason.clone()),
                _ => decision.outcome,
            })
            .collect();
        self.count(entries, &outcomes, committed);
        outcomes
    }

    /// Reads what the group is decided by: the ids and the asserted versions.
    fn look_up(&self, entries: &[Entry], last: Last) -> Result<Draft, Error> {
        let options = ReadOptions::default();
        let mut draft = Draft { batch: WriteBatch::default(), last, versions: BTreeMap::new(), ids: BTreeMap::new() };
        let ids: Vec<Vec<u8>> = entries.iter().map(|entry| entry.work.id.0.to_vec()).collect();
        for (found, entry) in self.get_many(profile::BATCHES, &ids, &options)?.into_iter().zip(entries) {
            let found = found.map_err(|source| from_library("read a batch id", "the batch ids", source))?;
            if let Some(bytes) = found {
                let malformed = |_| error::corrupt("read a batch id", "the batch ids", "a position has not 8 bytes");
                let seq = u64::from_be_bytes(bytes.as_ref().try_into().map_err(malformed)?);
                draft.ids.insert(entry.work.id, (seq, false));
            }
        }
        let asserts = || entries.iter().flat_map(|entry| &entry.work.asserts);
        let keys: Vec<Vec<u8>> = asserts().map(|(_, bytes, _)| bytes.clone()).collect();
        let found = self.get_many(profile::VERSIONS, &keys, &options)?;
        for ((partition, bytes, _), found) in asserts().zip(found) {
            draft.versions.insert(bytes.clone(), decode_version(found, partition)?.0);
        }
        Ok(draft)
    }

    /// Decides one work against the draft, and adds it if it holds.
    fn decide(&self, draft: &mut Draft, work: &Work) -> Result<Decision, Error> {
        if let Some((seq, is_new)) = draft.ids.get(&work.id).copied() {
            let outcome = if seq == BURNT { Outcome::Burnt } else { Outcome::Committed(Seq(seq)) };
            return Ok(Decision { outcome, is_new });
        }
        if work.is_settling {
            draft.batch.put_cf(self.family(profile::BATCHES)?, work.id.0, BURNT.to_be_bytes());
            draft.ids.insert(work.id, (BURNT, true));
            return Ok(Decision { outcome: Outcome::Burnt, is_new: true });
        }
        let holds = |(_, bytes, version): &Assert| draft.versions.get(bytes) == Some(version);
        let stale: Vec<usize> =
            (0..).zip(&work.asserts).filter(|(_, assert)| !holds(assert)).map(|(at, _)| at).collect();
        if !stale.is_empty() {
            return Ok(Decision { outcome: Outcome::Conflict(stale), is_new: false });
        }
        self.add(draft, work)
    }

    fn add(&self, draft: &mut Draft, work: &Work) -> Result<Decision, Error> {
        let (rows, versions) = (self.family(profile::ROWS)?, self.family(profile::VERSIONS)?);
        draft.last = Last { seq: Seq(draft.last.seq.0 + 1), batch: work.id.0 };
        let seq = draft.last.seq;
        for (_, bytes, version) in &work.asserts {
            draft.batch.put_cf(versions, bytes, (version + 1).to_be_bytes());
            draft.versions.insert(bytes.clone(), version + 1);
        }
        for (bytes, value) in &work.rows {
            match value {
                Some(value) => draft.batch.put_cf(rows, bytes, value),
                None => draft.batch.delete_cf(rows, bytes),
            }
        }
        if let Some(entries) = &work.entries {
            draft.batch.put_cf(self.family(profile::LOG)?, seq.0.to_be_bytes(), entries);
        }
        draft.batch.put_cf(self.family(profile::BATCHES)?, work.id.0, seq.0.to_be_bytes());
        draft.ids.insert(work.id, (seq.0, true));
        Ok(Decision { outcome: Outcome::Committed(seq), is_new: true })
    }

    /// One write for the whole group: all of it or nothing of it, and durable when this returns.
    fn write(&self, draft: &mut Draft) -> Result<(), String> {
        let mut batch = std::mem::take(&mut draft.batch);
        batch.put(LAST_KEY, draft.last.encode());
        let started = Instant::now();
        let written = self.db.write_opt(batch, &profile::writing(&self.options));
        lock(&self.group.statistics).count_sync(started.elapsed());
        written.map_err(|source| source.to_string())
    }

    fn count(&self, entries: &[Entry], outcomes: &[Outcome], committed: u64) {
        let mut statistics = lock(&self.group.statistics);
        let mut answered = 0;
        for (_, outcome) in entries.iter().zip(outcomes).filter(|(entry, _)| !entry.work.is_settling) {
            match outcome {
                Outcome::Committed(_) => answered += 1,
                Outcome::Conflict(_) | Outcome::Burnt => statistics.conflicts += 1,
                Outcome::Unknown(_) | Outcome::Refused(..) => {}
            }
        }
        statistics.batches += committed;
        // Every position was given to one of those that were answered with one; the others asked again.
        statistics.repetitions += u64::saturating_sub(answered, committed);
        statistics.group_batches_max = statistics.group_batches_max.max(committed);
    }
}

fn refusal(error: &Error) -> Outcome {
    let source = std::error::Error::source(error).map(ToString::to_string);
    let place = match error {
        Error::Corrupt { place, .. } => Some(place.clone()),
        _ => None,
    };
    Outcome::Refused(source.unwrap_or_else(|| error.to_string()), place)
}

/// No code panics under these locks but by a failed allocation, which ends the process.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
