//! Backup: a checkpoint, the log of writes since, and both put back together.
//!
//! A checkpoint is a whole store in a folder of its own, made in moments by hard links. The archive is what was written
//! since, taken from the write-ahead log as the engine wrote it: groups of batches, sealed values and burnt ids included.
//! Putting the archive on a checkpoint gives the store as it was after the last archived group, byte for byte in what it
//! answers. The engine keeps a limited amount of log for this ([`RocksOptions::log_kept_bytes`]); whoever archives too
//! seldom is told so and takes a new checkpoint: there is never a silent gap. Copying files elsewhere is the caller's.

use super::{BURNT, LAST_KEY, Last, RocksKv, RocksOptions, error, from_library, profile, read_last, unavailable};
use crate::{Error, Seq};
use rocksdb::checkpoint::Checkpoint;
use rocksdb::{DB, WriteBatch, WriteBatchIteratorCf};
use std::fs::{self, File};
use std::io;
use std::path::Path;

/// Log positions whose place in the write-ahead log is remembered, so that the next archive starts there.
const PLACES_MAX: usize = 8;
/// The words that an archive begins with.
const FORMAT: &[u8; 16] = b"nayose archive 1";
const CHECKSUM_BYTES: usize = 32;

/// Groups of batches as they were written, in order and without a gap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The position that the archive goes on from.
    pub after: Seq,
    /// The last position in it; the same when nothing was written.
    pub until: Seq,
    groups: Vec<ArchivedGroup>,
}

/// One write.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ArchivedGroup {
    /// The first position that it gave; none when it only burnt ids.
    first: Option<Seq>,
    /// The last position after it.
    last: Seq,
    bytes: Vec<u8>,
}

impl RocksKv {
    /// Makes a checkpoint in a folder that does not exist yet, and says up to which position it goes. Writers go on.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the folder is there or cannot be written, [`Error::Corrupt`] when the checkpoint
    /// cannot be read back.
    pub fn checkpoint(&self, folder: &Path) -> Result<Seq, Error> {
        const OPERATION: &str = "make a checkpoint";
        let failed = |source| from_library(OPERATION, "the files of the store", source);
        Checkpoint::new(&self.db).and_then(|checkpoint| checkpoint.create_checkpoint(folder)).map_err(failed)?;
        // Read back: this proves that it opens, and says what it holds.
        let options = RocksOptions { path: folder.to_owned(), ..self.options.clone() };
        let (database, families) = (profile::database(&options), profile::families(&options));
        let copy = DB::open_cf_descriptors_read_only(&database, folder, families, false).map_err(failed)?;
        Ok(read_last(&copy)?.seq)
    }

    /// What was written after a position, whole groups up to about `bytes_max` bytes. Call again from
    /// [`Archive::until`] until that is the last position.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the log no longer goes back that far, so that a new checkpoint is needed.
    pub fn archive(&self, after: Seq, bytes_max: usize) -> Result<Archive, Error> {
        const OPERATION: &str = "archive the log";
        let failed = |source| from_library(OPERATION, "the write-ahead log", source);
        let held = self.group.seq();
        if after > held {
            return Err(unavailable(OPERATION, format!("position {} has not been reached", after.0)));
        }
        let mut archive = Archive { after, until: after, groups: Vec::new() };
        let mut bytes = 0;
        let place = self.place_of(after);
        for written in self.db.get_updates_since(place).map_err(failed)? {
            let (number, batch) = written.map_err(failed)?;
            let group = ArchivedGroup::of(&batch)
                .ok_or_else(|| error::corrupt(OPERATION, "the write-ahead log", "a write has no position"))?;
            if group.is_before(after) {
                continue;
            }
            // What is written and not yet acknowledged is for the next archive.
            if group.last > held {
                break;
            }
            if group.first.is_some_and(|first| first.0 > archive.until.0 + 1) {
                return Err(cut_log(archive.until));
            }
            archive.until = group.last;
            bytes += group.bytes.len();
            archive.groups.push(group);
            self.remember_place(archive.until, number + batch.len() as u64 - 1);
            if bytes >= bytes_max {
                return Ok(archive);
            }
        }
        if archive.until < held {
            return Err(cut_log(archive.until));
        }
        Ok(archive)
    }

    /// Where the write-ahead log has to be read from; 0 is its beginning.
    fn place_of(&self, after: Seq) -> u64 {
        let places = super::group::lock(&self.places);
        places.iter().find(|(seq, _)| *seq == after).map_or(0, |(_, place)| *place)
    }

    fn remember_place(&self, until: Seq, place: u64) {
        let mut places = super::group::lock(&self.places);
        places.retain(|(seq, _)| *seq != until);
        if places.len() >= PLACES_MAX {
            places.remove(0);
        }
        places.push((until, place));
    }
}

fn cut_log(until: Seq) -> Error {
    let reason = format!("the log after position {} is no longer kept: take a new checkpoint", until.0);
    unavailable("archive the log", reason)
}

/// Makes a store from a checkpoint and archives, in a folder that does not exist yet, and says how far it goes.
///
/// # Errors
/// [`Error::Unavailable`] when an archive does not go on where the one before it ends, or files cannot be written;
/// [`Error::Corrupt`] when the checkpoint or an archive is not what was written.
pub fn restore(checkpoint: &Path, archives: &[Archive], into: &Path) -> Result<Seq, Error> {
    const OPERATION: &str = "restore the store";
    let failed = |source| from_library(OPERATION, "the restored files", source);
    copy_folder(checkpoint, into)
        .map_err(|source| Error::Unavailable { operation: OPERATION, source: source.into() })?;
    let store = RocksKv::open(RocksOptions::new(into))?;
    let mut held = store.group.seq();
    for archive in archives {
        if archive.after > held {
            let reason =
                format!("the store goes to position {}, the next archive begins after {}", held.0, archive.after.0);
            return Err(unavailable(OPERATION, reason));
        }
        for group in &archive.groups {
            if group.is_before(held) {
                continue;
            }
            store.db.write(WriteBatch::from_data(&group.bytes)).map_err(failed)?;
            held = held.max(group.last);
        }
    }
    store.db.flush_wal(true).map_err(failed)?;
    let last = read_last(&store.db)?.seq;
    if last != held {
        return Err(error::corrupt(OPERATION, "the archive", "its positions are not those of its batches"));
    }
    Ok(last)
}

impl Archive {
    /// Whether nothing was written since.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// The archive as the bytes of a file, with a checksum over all of it.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = FORMAT.to_vec();
        bytes.extend_from_slice(&self.after.0.to_be_bytes());
        bytes.extend_from_slice(&self.until.0.to_be_bytes());
        for group in &self.groups {
            bytes.extend_from_slice(&group.first.unwrap_or_default().0.to_be_bytes());
            bytes.extend_from_slice(&group.last.0.to_be_bytes());
            bytes.extend_from_slice(&(group.bytes.len() as u64).to_be_bytes());
            bytes.extend_from_slice(&group.bytes);
        }
        let checksum = blake3::hash(&bytes);
        bytes.extend_from_slice(checksum.as_bytes());
        bytes
    }

    /// Reads the bytes of a file.
    ///
    /// # Errors
    /// [`Error::Corrupt`] when they are not those that were written.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let broken = |what| error::corrupt("read an archive", "an archive", what);
        let (content, checksum) =
            bytes.split_last_chunk::<CHECKSUM_BYTES>().ok_or_else(|| broken("it is too short"))?;
        if blake3::hash(content).as_bytes() != checksum {
            return Err(broken("its checksum does not fit"));
        }
        let content = content.strip_prefix(FORMAT).ok_or_else(|| broken("its format is that of another version"))?;
        Self::decode_content(content).ok_or_else(|| broken("it is malformed"))
    }

    fn decode_content(bytes: &[u8]) -> Option<Self> {
        let (after, rest) = take_number(bytes)?;
        let (until, mut rest) = take_number(rest)?;
        let mut groups = Vec::new();
        while !rest.is_empty() {
            let (first, after_first) = take_number(rest)?;
            let (last, after_last) = take_number(after_first)?;
            let (length, after_length) = take_number(after_last)?;
            let (bytes, after_bytes) = after_length.split_at_checked(usize::try_from(length).ok()?)?;
            groups.push(ArchivedGroup {
                first: (first > 0).then_some(Seq(first)),
                last: Seq(last),
                bytes: bytes.to_vec(),
            });
            rest = after_bytes;
        }
        Some(Self { after: Seq(after), until: Seq(until), groups })
    }
}

fn take_number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*number), rest))
}

impl ArchivedGroup {
    /// Whether a store that goes to a position has this write for sure. A write that only burnt ids has the position of
    /// the one before it, so it may come twice: writing it again changes nothing.
    fn is_before(&self, held: Seq) -> bool {
        match self.first {
            Some(_) => self.last <= held,
            None => self.last < held,
        }
    }

    /// None when the write was not one of the engine's.
    fn of(batch: &WriteBatch) -> Option<Self> {
        let mut positions = Positions::default();
        batch.iterate_cf(&mut positions);
        Some(Self { first: positions.first, last: positions.last?, bytes: batch.data().to_vec() })
    }
}

/// Finds the positions that one write gave.
#[derive(Default)]
struct Positions {
    first: Option<Seq>,
    last: Option<Seq>,
}

impl WriteBatchIteratorCf for Positions {
    fn put_cf(&mut self, family: u32, key: &[u8], value: &[u8]) {
        if family == profile::META_NUMBER && key == LAST_KEY {
            self.last = Last::decode(value).map(|last| last.seq);
        }
        if family == profile::BATCHES_NUMBER {
            let seq = value.try_into().map_or(BURNT, u64::from_be_bytes);
            // The batches of a group stand in the order of their positions.
            if seq != BURNT && self.first.is_none() {
                self.first = Some(Seq(seq));
            }
        }
    }

    fn delete_cf(&mut self, _family: u32, _key: &[u8]) {}

    fn merge_cf(&mut self, _family: u32, _key: &[u8], _value: &[u8]) {}
}

/// Copies the files of a folder into a new one, and returns when the disk has them.
fn copy_folder(from: &Path, into: &Path) -> io::Result<()> {
    fs::create_dir(into)?;
    for file in fs::read_dir(from)? {
        let file = file?;
        // The lock of the one who has it open is not part of the store.
        if file.file_type()?.is_file() && file.file_name() != "LOCK" {
            let copy = into.join(file.file_name());
            fs::copy(file.path(), &copy)?;
            File::open(&copy)?.sync_all()?;
        }
    }
    File::open(into)?.sync_all()
}
