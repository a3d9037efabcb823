//! The one who writes a chain: groups of events, each group with one sync, a seal from time to time.
//!
//! It is plain and synchronous, and it owns its files: who waits for it, and on which thread it runs, is the trail's
//! matter. What was synced is never touched again. When the disk does not say whether a group is there, nothing more is
//! written until the trail is opened anew, because what follows an unknown line cannot be chained to it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use directory::Instant;

use super::line::{self, Head};
use super::seal::{Seal, SealKeys, Signed as _};
use super::{files, recovery, retention};

/// How a trail is kept.
#[derive(Clone, Debug)]
pub struct TrailOptions {
    /// The folder of the segments; made when it is missing.
    pub folder: PathBuf,
    /// The folder of the seals, out of reach of whoever can write the first; made when it is missing.
    pub witness: PathBuf,
    /// The name of this writer: no two that run at the same time have the same.
    pub writer: String,
    /// Events after which a seal is due.
    pub seal_events: u64,
    /// Seconds after which a seal is due when there is anything to seal.
    pub seal_seconds: u32,
    /// Bytes after which a new segment begins.
    pub segment_bytes: u64,
}

/// What a trail did since it was opened.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) events: AtomicU64,
    pub(super) syncs: AtomicU64,
    pub(super) seals: AtomicU64,
    pub(super) unsealed: AtomicU64,
    pub(super) failures: AtomicU64,
}

/// Writes one chain.
#[derive(Debug)]
pub(super) struct Writer {
    options: TrailOptions,
    keys: SealKeys,
    head: Head,
    /// The open segment, and the bytes in it.
    segment: Option<(File, u64)>,
    witness: File,
    /// The number of the last seal, and the events before it.
    sealed: (u64, u64),
    /// When the oldest event that is not sealed was answered.
    unsealed_since: Option<Instant>,
    last_at: Instant,
    /// Why nothing more may be written.
    is_broken: bool,
    pub(super) tally: Arc<Tally>,
}

/// An event on its way to the disk.
#[derive(Debug)]
pub(super) struct Payload {
    pub(super) at: Instant,
    pub(super) bytes: Vec<u8>,
}

impl Writer {
    /// Goes on where the last one stopped.
    pub(super) fn open(options: TrailOptions, keys: SealKeys) -> Result<(Self, recovery::Torn), recovery::OpenError> {
        let recovered = recovery::recover(&options, &keys)?;
        let recovery::Recovered { head, segment, witness, last_seal, unsealed_since, last_at, torn } = recovered;
        let (number, events) = last_seal.map_or((0, 0), |seal| (seal.seal, seal.events));
        let last_at = last_at.unwrap_or(Instant::from_micros(i64::MIN));
        let tally = Arc::new(Tally::default());
        tally.unsealed.store(head.events.saturating_sub(events), Ordering::Relaxed);
        let sealed = (number, events);
        let writer =
            Self { options, keys, head, segment, witness, sealed, unsealed_since, last_at, is_broken: false, tally };
        Ok((writer, torn))
    }

    /// Where the chain stands.
    #[cfg(test)]
    pub(super) fn head(&self) -> Head {
        self.head
    }

    /// Writes the seals to another file, for a test such as one that cannot be written.
    #[cfg(test)]
    pub(super) fn seal_with(&mut self, witness: File) {
        self.witness = witness;
    }

    /// Writes a group with one sync: the number of its first event. All of it is durable, or none of it counts.
    pub(super) fn commit(&mut self, group: &[Payload]) -> io::Result<u64> {
        let written = self.try_commit(group);
        if written.is_err() {
            self.tally.failures.fetch_add(1, Ordering::Relaxed);
        }
        written
    }

    fn try_commit(&mut self, group: &[Payload]) -> io::Result<u64> {
        let Some(newest) = group.iter().map(|payload| payload.at).max() else { return Ok(self.head.events) };
        if self.is_broken {
            return Err(io::Error::other("an earlier write failed, so the trail is closed until it is opened anew"));
        }
        // A seal that could not be written is tried again first: a trail without a witness takes no more events.
        if self.is_due(self.last_at) {
            self.seal(self.last_at)?;
        }
        let mut head = self.head;
        let mut lines = Vec::with_capacity(group.iter().map(|payload| payload.bytes.len() + 128).sum());
        for payload in group {
            line::write(&mut lines, &mut head, &payload.bytes);
        }
        self.write(&lines)?;
        let first = self.head.events.saturating_add(1);
        self.head = head;
        self.last_at = self.last_at.max(newest);
        self.unsealed_since = self.unsealed_since.or(group.iter().map(|payload| payload.at).min());
        self.tally.events.fetch_add(u64::try_from(group.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
        self.tally.unsealed.store(self.unsealed(), Ordering::Relaxed);
        Ok(first)
    }

    /// Appends to the open segment and syncs it.
    fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        let (mut file, length) = match self.segment.take() {
            Some(open) => open,
            None => (new_segment(&self.options, self.head.events.saturating_add(1))?, 0),
        };
        let found = file.metadata()?.len();
        if found != length {
            self.is_broken = true;
            return Err(io::Error::other(format!(
                "the segment has {found} bytes where {length} were written: somebody else writes it"
            )));
        }
        if let Err(error) = file.write_all(lines) {
            // Nothing of the group counts, so half of it may go; if it does not go, nothing may follow it.
            self.is_broken = file.set_len(length).and_then(|()| file.sync_data()).is_err();
            self.segment = Some((file, length));
            return Err(error);
        }
        self.tally.syncs.fetch_add(1, Ordering::Relaxed);
        if let Err(error) = file.sync_data() {
            // After a failed sync nobody knows what is on the disk, and a second one may lie.
            self.is_broken = true;
            return Err(error);
        }
        self.segment = Some((file, length.saturating_add(u64::try_from(lines.len()).unwrap_or(u64::MAX))));
        Ok(())
    }

    /// Events behind the last seal.
    fn unsealed(&self) -> u64 {
        self.head.events.saturating_sub(self.sealed.1)
    }

    fn is_due(&self, now: Instant) -> bool {
        let Some(since) = self.unsealed_since else { return false };
        let waited = now.micros().saturating_sub(since.micros());
        self.unsealed() >= self.options.seal_events.max(1)
            || waited >= i64::from(self.options.seal_seconds).saturating_mul(1_000_000)
    }

    /// Seals when it is due at an instant; none when a last event is newer than that.
    pub(super) fn seal_if_due(&mut self, now: Option<Instant>) -> io::Result<()> {
        let now = now.map_or(self.last_at, |now| now.max(self.last_at));
        if self.is_due(now) { self.seal(now) } else { Ok(()) }
    }

    /// Seals what is not sealed.
    pub(super) fn seal_rest(&mut self, now: Option<Instant>) -> io::Result<()> {
        if self.unsealed() == 0 { Ok(()) } else { self.seal(now.map_or(self.last_at, |now| now.max(self.last_at))) }
    }

    fn seal(&mut self, at: Instant) -> io::Result<()> {
        if self.is_broken {
            return Err(io::Error::other(
                "an earlier write failed, so nothing is sealed until the trail is opened anew",
            ));
        }
        let sealed = self.try_seal(at);
        if sealed.is_err() {
            self.tally.failures.fetch_add(1, Ordering::Relaxed);
        }
        sealed
    }

    fn try_seal(&mut self, at: Instant) -> io::Result<()> {
        let (number, key) = (self.sealed.0.saturating_add(1), self.keys.newest());
        let Head { events, chain } = self.head;
        let seal = Seal { writer: self.options.writer.as_str().into(), seal: number, events, chain, at, key };
        let line = seal.to_line(&self.keys).ok_or_else(|| io::Error::other("there is no key to seal with"))?;
        let length = self.witness.metadata()?.len();
        let written = self.witness.write_all(line.as_bytes()).and_then(|()| self.witness.sync_data());
        if let Err(error) = written {
            // The same seal is written again later, and must not stand there twice.
            self.is_broken = self.witness.set_len(length).and_then(|()| self.witness.sync_data()).is_err();
            return Err(error);
        }
        self.sealed = (number, events);
        self.unsealed_since = None;
        self.tally.seals.fetch_add(1, Ordering::Relaxed);
        self.tally.unsealed.store(0, Ordering::Relaxed);
        // A segment ends at a seal, so that what retention leaves of it is a place that was sealed.
        if self.segment.as_ref().is_some_and(|(_, bytes)| *bytes >= self.options.segment_bytes) {
            self.segment = None;
        }
        Ok(())
    }

    /// Removes the segments of this writer that end before an instant: how many events went.
    pub(super) fn retain(&mut self, before: Instant) -> Result<u64, retention::RetentionError> {
        let TrailOptions { folder, witness, writer, .. } = &self.options;
        retention::remove_of(folder, witness, writer, &self.keys, before)
    }
}

/// Makes a segment; one that is there already is somebody else's.
fn new_segment(options: &TrailOptions, first: u64) -> io::Result<File> {
    let path = files::segment(&options.folder, &options.writer, first);
    let file = OpenOptions::new().append(true).create_new(true).open(path)?;
    files::sync_folder(&options.folder)?;
    Ok(file)
}

/// Opens a file to append to; makes it when it is missing.
pub(super) fn open_to_append(path: &Path) -> io::Result<File> {
    let is_new = !path.try_exists()?;
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    if is_new {
        files::sync_folder(path.parent().unwrap_or(Path::new(".")))?;
    }
    Ok(file)
}

/// Makes a folder that lasts.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    files::sync_folder(path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new(".")))
}
