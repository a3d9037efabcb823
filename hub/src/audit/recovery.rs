//! Goes on after a stop: finds the end of a chain, and puts aside what a crash left half written.
//!
//! Only the last segment is read, and it is compared with the last seal. What lies behind the last whole line was never
//! acknowledged; it is moved to a file of its own, since even a half line may be evidence. A chain that ends before its
//! last seal, or differs from it, is not continued: an officer looks at it with `nayose audit verify`, and the server
//! goes on under another writer's name, which leaves the finding for ever in sight.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use directory::Instant;

use super::files::{self, Layout};
use super::line::{self, Head};
use super::seal::{BadSignature, Seal, SealKeys, Signed as _, Stub};
use super::writer::{TrailOptions, make_folder, open_to_append};

/// Why a trail cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The name of the writer.
    #[error("`{0}` is no name of a writer: up to 32 small letters, digits and `_`")]
    Writer(String),
    /// A file or folder.
    #[error("cannot open the audit trail at `{}`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A signed line that cannot be trusted.
    #[error("`{}` cannot be trusted", path.display())]
    Signature {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: BadSignature,
    },
    /// Events that were sealed are missing or changed.
    #[error(
        "the audit trail of `{writer}` agrees with its witness up to event {held} of {sealed}: run `nayose audit verify`, \
         and go on with another `audit.writer`"
    )]
    Behind {
        /// Whose.
        writer: String,
        /// Events that are there and whole.
        held: u64,
        /// Events under the last seal.
        sealed: u64,
    },
}

/// What a crash left behind, put aside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Torn {
    /// Bytes behind the last whole line.
    pub bytes: u64,
    /// Where they are now.
    pub kept_in: Option<PathBuf>,
}

/// Where to go on.
#[derive(Debug)]
pub(super) struct Recovered {
    pub(super) head: Head,
    pub(super) segment: Option<(File, u64)>,
    pub(super) witness: File,
    pub(super) last_seal: Option<Seal>,
    /// When the oldest event behind the last seal was answered.
    pub(super) unsealed_since: Option<Instant>,
    /// When the newest event of the last segment was answered.
    pub(super) last_at: Option<Instant>,
    pub(super) torn: Torn,
}

/// Finds the end of a writer's chain.
pub(super) fn recover(options: &TrailOptions, keys: &SealKeys) -> Result<Recovered, OpenError> {
    let TrailOptions { folder, witness: witness_folder, writer, .. } = options;
    if !files::is_writer(writer) {
        return Err(OpenError::Writer(writer.clone()));
    }
    for path in [folder, witness_folder] {
        make_folder(path).map_err(at(path))?;
    }
    let (witness, last_seal) = open_witness(&files::seals(witness_folder, writer), keys)?;
    let stub = read_stub(folder, writer, keys)?;
    let mut layout = Layout::read(folder, None).map_err(at(folder))?;
    let segments = layout.writers.remove(writer).unwrap_or_default().segments;
    let begin = stub.map_or_else(|| Head::start(writer), |stub| stub.head());
    let mut end = End { head: begin, good_bytes: 0, unsealed_since: None, last_at: None, is_sealed_as_known: true };
    let mut segment = None;
    let mut torn = Torn::default();
    if let Some((&first, path)) = segments.last_key_value() {
        let start = start_of(&segments, first, begin).map_err(at(path))?;
        let bytes = std::fs::read(path).map_err(at(path))?;
        end = find_end(&bytes, start, last_seal.as_ref());
        check(writer, &end, last_seal.as_ref())?;
        torn = put_aside(folder, writer, path, &bytes, &end).map_err(at(path))?;
        let good = u64::try_from(end.good_bytes).unwrap_or(u64::MAX);
        segment = Some((OpenOptions::new().append(true).open(path).map_err(at(path))?, good));
    }
    check(writer, &end, last_seal.as_ref())?;
    let End { head, unsealed_since, last_at, .. } = end;
    Ok(Recovered { head, segment, witness, last_seal, unsealed_since, last_at, torn })
}

/// An error at a path.
fn at(path: &Path) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Read { path: path.to_path_buf(), source }
}

/// The place in the chain before a segment.
fn start_of(segments: &std::collections::BTreeMap<u64, PathBuf>, first: u64, begin: Head) -> io::Result<Head> {
    if first == begin.events.saturating_add(1) {
        return Ok(begin);
    }
    let before = segments.range(..first).next_back();
    let bytes = before.map(|(_, path)| std::fs::read(path)).transpose()?.unwrap_or_default();
    let last = files::lines(&bytes).last().and_then(line::parse).map(|entry| entry.head);
    last.filter(|head| head.events.saturating_add(1) == first).ok_or_else(|| {
        io::Error::other("the segment before it is missing or ends elsewhere: run `nayose audit verify`")
    })
}

/// How far a segment is whole.
struct End {
    head: Head,
    good_bytes: usize,
    unsealed_since: Option<Instant>,
    last_at: Option<Instant>,
    /// Whether the place of the last seal was not met with another digest.
    is_sealed_as_known: bool,
}

fn find_end(bytes: &[u8], start: Head, seal: Option<&Seal>) -> End {
    let agrees = |head: Head| seal.is_none_or(|seal| seal.events != head.events || seal.chain == head.chain);
    let sealed = seal.map_or(0, |seal| seal.events);
    let mut end =
        End { head: start, good_bytes: 0, unsealed_since: None, last_at: None, is_sealed_as_known: agrees(start) };
    for text in files::lines(bytes) {
        let Some(entry) = line::parse(text) else { break };
        let head = end.head.after(entry.payload);
        let Some(event) = entry.event().filter(|_| head == entry.head) else { break };
        end.is_sealed_as_known &= agrees(head);
        if head.events > sealed {
            end.unsealed_since = end.unsealed_since.or(Some(event.at));
        }
        end.last_at = end.last_at.max(Some(event.at));
        end.head = head;
        end.good_bytes += text.len();
    }
    end
}

fn check(writer: &str, end: &End, seal: Option<&Seal>) -> Result<(), OpenError> {
    let sealed = seal.map_or(0, |seal| seal.events);
    if end.head.events >= sealed && end.is_sealed_as_known {
        return Ok(());
    }
    // With another digest at the seal nobody can say which of the events before it is wrong.
    let held = if end.is_sealed_as_known { end.head.events } else { 0 };
    Err(OpenError::Behind { writer: writer.to_owned(), held, sealed })
}

/// Moves what lies behind the last whole line out of a segment.
fn put_aside(folder: &Path, writer: &str, segment: &Path, bytes: &[u8], end: &End) -> io::Result<Torn> {
    let rest = bytes.get(end.good_bytes..).unwrap_or_default();
    if rest.is_empty() {
        return Ok(Torn::default());
    }
    let path = files::torn(folder, writer, end.head.events.saturating_add(1));
    let mut kept = open_to_append(&path)?;
    kept.write_all(rest)?;
    kept.sync_all()?;
    let file = OpenOptions::new().write(true).open(segment)?;
    file.set_len(u64::try_from(end.good_bytes).unwrap_or(u64::MAX))?;
    file.sync_all()?;
    Ok(Torn { bytes: u64::try_from(rest.len()).unwrap_or(u64::MAX), kept_in: Some(path) })
}

/// Opens the seals of a writer and reads the last one. Half a seal at the end was never told to anybody: it goes.
fn open_witness(path: &Path, keys: &SealKeys) -> Result<(File, Option<Seal>), OpenError> {
    let bytes = files::read_if_any(path).map_err(at(path))?.unwrap_or_default();
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let file = open_to_append(path).map_err(at(path))?;
    if whole < bytes.len() {
        let kept = u64::try_from(whole).unwrap_or(u64::MAX);
        file.set_len(kept).and_then(|()| file.sync_all()).map_err(at(path))?;
    }
    let last = files::lines(bytes.get(..whole).unwrap_or_default()).last();
    let seal = last.map(|line| {
        let text = std::str::from_utf8(line).map_err(|_| BadSignature::Spelling)?;
        Seal::of_line(text, keys)
    });
    let untrusted = |source| OpenError::Signature { path: path.to_path_buf(), source };
    Ok((file, seal.transpose().map_err(untrusted)?))
}

/// What retention left of a writer.
pub(super) fn read_stub(folder: &Path, writer: &str, keys: &SealKeys) -> Result<Option<Stub>, OpenError> {
    let path = files::stub(folder, writer);
    let Some(bytes) = files::read_if_any(&path).map_err(at(&path))? else { return Ok(None) };
    let text = String::from_utf8(bytes).map_err(|_| BadSignature::Spelling);
    let stub = text
        .and_then(|text| Stub::of_line(&text, keys))
        .and_then(|stub: Stub| if *stub.writer == *writer { Ok(stub) } else { Err(BadSignature::Wrong) });
    stub.map(Some).map_err(|source| OpenError::Signature { path, source })
}
