//! The codec seam: an engine around an engine that seals every value and every log entry.
//!
//! What is sealed is encrypted and bound to its place by AES-256-GCM-SIV (RFC 8452): a changed byte, a row moved to
//! another key, or an entry moved to another position of its batch does not open and is [`Error::Corrupt`]. Keys of rows
//! stay in the clear, which is why no personal value may be part of one; the lengths of values can be seen too. Old
//! values put back at their own place open, and so do the entries of a whole batch moved elsewhere in the log: that
//! nothing was put back or reordered is for the chained audit and the witness to say.
//!
//! ```text
//! value   format 1 · key id 2 · nonce 12    · text · tag 16     associated: format, key id, "row", space, part, sort
//! entry   format 1 · key id 2 · batch id 16 · text · tag 16     associated: format, key id, "log", batch id, index, count
//! ```
//!
//! # Why nonces without randomness are safe
//!
//! This crate asks for no randomness, so a nonce is derived: a keyed BLAKE3 of the batch id and the place, under a
//! subkey of its own. A batch id is 128 random bits drawn by the server, and a place occurs once in a batch, so two
//! nonces are equal only by chance: 96 bits, and what a chance repetition costs is bounded by the mode. GCM-SIV is made
//! for it: under a repeated nonce the only thing lost is that equal texts *at the same place* are seen to be equal, and
//! no key or text is exposed. The same holds when a caller breaks the rule and uses one batch id for two contents. The
//! one repetition that is wanted does no harm: a batch sent twice is sealed to the same bytes.

use crate::keyring::{KeyId, Keyring, NotAuthentic, ValueKey};
use crate::{
    Batch, BatchId, Change, Commit, Error, Freshness, Health, Key, KeyedRow, Kv, Mark, Partition, Plan, Read, Rows,
    Seq, Settled, Space,
};

/// The format of sealed values and entries.
const FORMAT: u8 = 1;
/// Format and key id.
const HEAD_BYTES: usize = 3;
const TAG_BYTES: usize = 16;

/// An engine whose values and log entries are sealed with a key ring.
#[derive(Debug)]
pub struct Sealed<E> {
    engine: E,
    keyring: Keyring,
}

impl<E> Sealed<E> {
    /// Seals everything that goes into an engine from now on. What is in it must have been sealed as well.
    #[must_use]
    pub fn new(engine: E, keyring: Keyring) -> Self {
        Self { engine, keyring }
    }

    /// The engine inside, for what is beside the trait: statistics, checkpoints.
    #[must_use]
    pub fn engine(&self) -> &E {
        &self.engine
    }

    /// The keys.
    #[must_use]
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// The engine inside, as it was given.
    #[must_use]
    pub fn into_engine(self) -> E {
        self.engine
    }

    fn seal_plan(&self, batch: &Batch) -> Result<Plan, Error> {
        let id = self.keyring.active();
        let Some(key) = self.keyring.value_key(id) else { return Err(corrupt("commit", "the key ring", Why::Key(id))) };
        let mut place = Place::new(id);
        let mut plan = Plan { asserts: batch.plan.asserts.clone(), ..Plan::default() };
        for (row, value) in &batch.plan.rows {
            let sealed = match value {
                Some(value) => {
                    let place = place.row(&row.partition, &row.sort);
                    let nonce = key.nonce(&batch.id.0, place);
                    Some(seal((id, key), (nonce, &nonce), place, value))
                }
                None => None,
            };
            plan.rows.insert(row.clone(), sealed.transpose()?);
        }
        let count = batch.plan.log.len();
        for (index, entry) in batch.plan.log.iter().enumerate() {
            let place = place.entry(batch.id, index, count);
            let nonce = key.nonce(&batch.id.0, place);
            plan.log.push(seal((id, key), (nonce, &batch.id.0), place, entry)?);
        }
        Ok(plan)
    }

    /// Opens the value of a row in place of its sealed form.
    fn open_row(&self, partition: &Partition, sort: &[u8], value: &mut Box<[u8]>) -> Result<(), Error> {
        let opened = Envelope::<12>::split(&self.keyring, value).and_then(|envelope| {
            let mut place = Place::new(envelope.id);
            envelope.open(envelope.shown, place.row(partition, sort))
        });
        *value = opened.map_err(|why| corrupt("read a row", &partition.key(sort).place(), why))?;
        Ok(())
    }

    fn open_rows(&self, want: &Read, rows: &mut Rows) -> Result<(), Error> {
        let partition = want.partition();
        rows.rows.iter_mut().try_for_each(|(sort, value)| self.open_row(partition, sort, value))
    }

    fn open_change(&self, change: &mut Change) -> Result<(), Error> {
        let count = change.entries.len();
        let mut batch = None;
        for (index, entry) in change.entries.iter_mut().enumerate() {
            let opened = Envelope::<16>::split(&self.keyring, entry).and_then(|envelope| {
                if *batch.get_or_insert(envelope.shown) != envelope.shown {
                    return Err(Why::NotAuthentic);
                }
                let mut place = Place::new(envelope.id);
                let place = place.entry(BatchId(envelope.shown), index, count);
                envelope.open(envelope.key.nonce(&envelope.shown, place), place)
            });
            *entry =
                opened.map_err(|why| corrupt("read the change log", &format!("position {}", change.seq.0), why))?;
        }
        Ok(())
    }
}

impl<E: Kv> Kv for Sealed<E> {
    fn read(&self, wants: &[Read], how: Freshness) -> Result<Vec<Rows>, Error> {
        let mut answers = self.engine.read(wants, how)?;
        wants.iter().zip(&mut answers).try_for_each(|(want, rows)| self.open_rows(want, rows))?;
        Ok(answers)
    }

    fn peek(&self, wants: &[Read]) -> Result<Vec<Rows>, Error> {
        let mut answers = self.engine.peek(wants)?;
        wants.iter().zip(&mut answers).try_for_each(|(want, rows)| self.open_rows(want, rows))?;
        Ok(answers)
    }

    fn commit(&self, batch: &Batch) -> Result<Commit, Error> {
        // Checked before sealing: engines take a little more than callers may give, for the envelope.
        batch.check()?;
        self.engine.commit(&Batch { id: batch.id, plan: self.seal_plan(batch)? })
    }

    fn settle(&self, id: BatchId) -> Result<Settled, Error> {
        self.engine.settle(id)
    }

    fn changes(&self, after: Seq, limit: u32) -> Result<Vec<Change>, Error> {
        let mut changes = self.engine.changes(after, limit)?;
        changes.iter_mut().try_for_each(|change| self.open_change(change))?;
        Ok(changes)
    }

    fn export(&self, space: Space, bucket: u8, after: Option<&Key>, limit: u32) -> Result<Vec<KeyedRow>, Error> {
        let mut rows = self.engine.export(space, bucket, after, limit)?;
        rows.iter_mut().try_for_each(|(key, value)| self.open_row(&key.partition, &key.sort, value))?;
        Ok(rows)
    }

    fn health(&self) -> Health {
        self.engine.health()
    }

    fn mark(&self) -> Option<Mark> {
        self.engine.mark()
    }
}

/// Head, what is shown of the nonce, encrypted text, tag.
fn seal(
    (id, key): (KeyId, &ValueKey),
    (nonce, shown): ([u8; 12], &[u8]),
    place: &[u8],
    text: &[u8],
) -> Result<Box<[u8]>, Error> {
    let head = HEAD_BYTES + shown.len();
    let mut sealed = Vec::with_capacity(head + text.len() + TAG_BYTES);
    sealed.push(FORMAT);
    sealed.extend_from_slice(&id.0.to_be_bytes());
    sealed.extend_from_slice(shown);
    sealed.extend_from_slice(text);
    let inside = sealed.get_mut(head..).unwrap_or_default();
    let tag = key.seal(nonce, place, inside).map_err(|NotAuthentic| corrupt("seal", "a value", Why::NotAuthentic))?;
    sealed.extend_from_slice(&tag);
    Ok(sealed.into_boxed_slice())
}

/// A sealed value taken apart; `N` bytes of what the nonce comes from stand in the clear.
struct Envelope<'a, const N: usize> {
    id: KeyId,
    key: &'a ValueKey,
    shown: [u8; N],
    text: &'a [u8],
    tag: [u8; TAG_BYTES],
}

impl<'a, const N: usize> Envelope<'a, N> {
    fn split(keyring: &'a Keyring, sealed: &'a [u8]) -> Result<Self, Why> {
        let (head, rest) = sealed.split_first_chunk::<HEAD_BYTES>().ok_or(Why::Short(sealed.len()))?;
        let [format, high, low] = *head;
        if format != FORMAT {
            return Err(Why::Format(format));
        }
        let id = KeyId(u16::from_be_bytes([high, low]));
        let (shown, rest) = rest.split_first_chunk::<N>().ok_or(Why::Short(sealed.len()))?;
        let (text, tag) = rest.split_last_chunk::<TAG_BYTES>().ok_or(Why::Short(sealed.len()))?;
        let key = keyring.value_key(id).ok_or(Why::Key(id))?;
        Ok(Self { id, key, shown: *shown, text, tag: *tag })
    }

    fn open(&self, nonce: [u8; 12], place: &[u8]) -> Result<Box<[u8]>, Why> {
        let mut text: Box<[u8]> = self.text.into();
        self.key.open(nonce, place, (&mut text, self.tag)).map_err(|NotAuthentic| Why::NotAuthentic)?;
        Ok(text)
    }
}

/// The associated data: where something is sealed. One buffer serves all values of a batch.
struct Place(Vec<u8>);

impl Place {
    fn new(id: KeyId) -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.push(FORMAT);
        bytes.extend_from_slice(&id.0.to_be_bytes());
        Self(bytes)
    }

    fn row(&mut self, partition: &Partition, sort: &[u8]) -> &[u8] {
        self.0.truncate(HEAD_BYTES);
        self.0.extend_from_slice(b"row");
        self.0.push(partition.space.0);
        self.0.extend_from_slice(&length(&partition.part));
        self.0.extend_from_slice(&partition.part);
        self.0.extend_from_slice(sort);
        &self.0
    }

    fn entry(&mut self, batch: BatchId, index: usize, count: usize) -> &[u8] {
        self.0.truncate(HEAD_BYTES);
        self.0.extend_from_slice(b"log");
        self.0.extend_from_slice(&batch.0);
        self.0.extend_from_slice(&(index as u64).to_be_bytes());
        self.0.extend_from_slice(&(count as u64).to_be_bytes());
        &self.0
    }
}

fn length(bytes: &[u8]) -> [u8; 8] {
    (bytes.len() as u64).to_be_bytes()
}

/// Why something does not open.
#[derive(Clone, Copy, Debug, thiserror::Error)]
enum Why {
    #[error("{0} bytes are too few for a sealed value")]
    Short(usize),
    #[error("format {0} is not known")]
    Format(u8),
    #[error("key `{}` is not in the key ring", .0.0)]
    Key(KeyId),
    #[error("the bytes are not those that were sealed at this place")]
    NotAuthentic,
}

fn corrupt(operation: &'static str, place: &str, why: Why) -> Error {
    Error::Corrupt { operation, place: place.to_owned(), source: Box::new(why) }
}
