//! Retention: old segments go as a whole, and their root stays.
//!
//! Before a segment is removed, a stub with the number of its last event and the digest there is signed and made
//! durable. The chain goes on from the stub, so verification needs nothing of what is gone. Only a segment that ends at a
//! seal may go, and never the last one of a writer.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use directory::Instant;

use super::files::{self, Layout};
use super::line::{self, Head};
use super::recovery::{OpenError, read_stub};
use super::seal::{Seal, SealKeys, Signed as _, Stub};

/// Why segments could not be removed.
#[derive(Debug, thiserror::Error)]
pub enum RetentionError {
    /// A file.
    #[error("cannot remove old audit segments at `{}`", path.display())]
    Io {
        /// Which.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The stub of an earlier removal.
    #[error(transparent)]
    Stub(#[from] OpenError),
    /// A segment that ends at no seal: its root could not be shown to be right.
    #[error("the audit segment `{}` ends at no seal: run `nayose audit verify`", .0.display())]
    Unsealed(PathBuf),
    /// There is no key to sign the root with.
    #[error("there is no key to sign the root of the removed segments with")]
    Key,
    /// The trail was closed.
    #[error("the audit trail is closed")]
    Closed,
}

/// Removes the segments of every writer whose events are all older than an instant: how many events went. No server may
/// write the trail meanwhile.
///
/// # Errors
/// When files cannot be read or removed; nothing is gone then without its root.
pub fn remove(folder: &Path, witness: &Path, keys: &SealKeys, before: Instant) -> Result<u64, RetentionError> {
    let layout = Layout::read(folder, None).map_err(at(folder))?;
    let writers = layout.writers.keys();
    writers.map(|writer| remove_of(folder, witness, writer, keys, before)).sum()
}

/// The same for one writer.
pub(super) fn remove_of(
    folder: &Path,
    witness: &Path,
    writer: &str,
    keys: &SealKeys,
    before: Instant,
) -> Result<u64, RetentionError> {
    let mut layout = Layout::read(folder, None).map_err(at(folder))?;
    let segments = layout.writers.remove(writer).unwrap_or_default().segments;
    let stub = read_stub(folder, writer, keys)?;
    let gone = stub.as_ref().map_or(0, |stub| stub.events);
    let mut root = None;
    for (segment, next) in segments.values().zip(segments.keys().skip(1)) {
        if next.saturating_sub(1) <= gone {
            continue;
        }
        let Some(end) = end_if_older(segment, before).map_err(at(segment))? else { break };
        root = Some((end, segment));
    }
    if let Some((end, segment)) = root {
        let seals = sealed_places(witness, writer, keys)?;
        if !seals.contains(&(end.events, *end.chain.as_bytes())) {
            return Err(RetentionError::Unsealed(segment.clone()));
        }
        let (Head { events, chain }, key) = (end, keys.newest());
        let line = Stub { writer: writer.into(), events, chain, before, key }.to_line(keys);
        let path = files::stub(folder, writer);
        files::replace(&path, line.ok_or(RetentionError::Key)?.as_bytes()).map_err(at(&path))?;
    }
    let kept_from = root.map_or(gone, |(end, _)| end.events);
    delete(folder, &segments, kept_from)?;
    Ok(kept_from.saturating_sub(gone))
}

/// Deletes the segments that the stub stands for, also those that an earlier removal did not get to.
fn delete(folder: &Path, segments: &BTreeMap<u64, PathBuf>, gone: u64) -> Result<(), RetentionError> {
    for (segment, next) in segments.values().zip(segments.keys().skip(1)) {
        if next.saturating_sub(1) <= gone {
            std::fs::remove_file(segment).map_err(at(segment))?;
        }
    }
    files::sync_folder(folder).map_err(at(folder))
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> RetentionError {
    move |source| RetentionError::Io { path: path.to_path_buf(), source }
}

/// The end of a segment; none when it holds an event at or behind an instant, or something that is no event.
fn end_if_older(segment: &Path, before: Instant) -> io::Result<Option<Head>> {
    let bytes = std::fs::read(segment)?;
    let mut end = None;
    for text in files::lines(&bytes) {
        let Some(entry) = line::parse(text) else { return Ok(None) };
        if entry.event().is_none_or(|event| event.at >= before) {
            return Ok(None);
        }
        end = Some(entry.head);
    }
    Ok(end)
}

/// Every place that was sealed.
fn sealed_places(witness: &Path, writer: &str, keys: &SealKeys) -> Result<BTreeSet<(u64, [u8; 32])>, RetentionError> {
    let path = files::seals(witness, writer);
    let bytes = files::read_if_any(&path).map_err(at(&path))?.unwrap_or_default();
    let seals = files::lines(&bytes).filter_map(|line| Seal::of_line(std::str::from_utf8(line).ok()?, keys).ok());
    Ok(seals.map(|seal| (seal.events, *seal.chain.as_bytes())).collect())
}
