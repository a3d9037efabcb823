//! Proves that a trail is what was written: every line, every segment, every seal.
//!
//! Whoever can write the folder may alter, remove, insert or reorder what they like, and may even write the chain anew;
//! before the last seal all of it is found, because the seals need a key and lie elsewhere. Behind the last seal only
//! the chain speaks, so those events are counted apart. Half a line at the very end is what a crash leaves, and is named
//! as that. Nothing is changed.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use directory::Instant;
use serde::Serialize;

use super::files::{self, Files, Layout};
use super::line::{self, Head};
use super::recovery::read_stub;
use super::seal::{Seal, SealKeys, Signed as _, Stub};

/// What verification found out.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Per writer, in order of their names.
    pub writers: Vec<Standing>,
    /// Everything that is wrong; empty when the trail is sound.
    pub findings: Vec<Finding>,
}

/// How the chain of one writer stands.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Whose.
    pub writer: String,
    /// Events that are there and agree, those that retention removed included.
    pub events: u64,
    /// Events that retention removed.
    pub removed: u64,
    /// Seals that are good.
    pub seals: u64,
    /// Events under the last of them.
    pub sealed: u64,
    /// Events behind it: a change there may not be found.
    pub unsealed: u64,
    /// When the last seal was made.
    #[serde(serialize_with = "shown")]
    pub sealed_at: Option<Instant>,
    /// Bytes of half a line at the end, as a crash leaves it.
    pub torn_bytes: u64,
    /// Files with what earlier crashes left behind.
    pub torn_files: u64,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file.
    pub file: PathBuf,
    /// The line in it, from 1; none when it is about the file as a whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// What is wrong, in one sentence.
    pub flaw: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.file.display())?;
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.flaw)
    }
}

impl Verified {
    /// Whether everything agrees.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// Events of all writers behind their last seals.
    #[must_use]
    pub fn unsealed(&self) -> u64 {
        self.writers.iter().map(|writer| writer.unsealed).sum()
    }
}

/// Verifies every chain of a folder against its witness.
///
/// # Errors
/// When a folder or file cannot be read. What is wrong with the content is a finding, no error.
pub fn verify(folder: &Path, witness: &Path, keys: &SealKeys) -> io::Result<Verified> {
    let layout = Layout::read(folder, Some(witness))?;
    let mut verified = Verified::default();
    for file in layout.strangers {
        verified.findings.push(Finding { file, line: None, flaw: "this file does not belong here".to_owned() });
    }
    for writer in layout.writers.keys() {
        let mut check = Check { folder, witness, writer, keys, findings: &mut verified.findings };
        let standing = check.run()?;
        verified.writers.push(standing);
    }
    Ok(verified)
}

/// The verification of one writer.
struct Check<'a> {
    folder: &'a Path,
    witness: &'a Path,
    writer: &'a str,
    keys: &'a SealKeys,
    findings: &'a mut Vec<Finding>,
}

/// How far the walk along the segments came.
struct Walk<'a> {
    head: Head,
    /// Seals that were not met yet, in the order of their events.
    ahead: std::iter::Peekable<std::slice::Iter<'a, Seal>>,
    /// The last seal that agreed.
    met: Option<&'a Seal>,
    torn_bytes: u64,
}

impl Check<'_> {
    fn run(&mut self) -> io::Result<Standing> {
        let seals = self.seals()?;
        // Listed after the seals were read: a server that writes meanwhile has at least what they stand for.
        let files = Layout::read(self.folder, None)?.writers.remove(self.writer).unwrap_or_default();
        let files = &files;
        let stub = self.stub();
        let start = stub.as_ref().map_or_else(|| Head::start(self.writer), Stub::head);
        let mut walk = Walk { head: start, ahead: seals.iter().peekable(), met: None, torn_bytes: 0 };
        // Of what is gone only the root can be compared.
        while let Some(seal) = walk.ahead.next_if(|seal| seal.events < start.events) {
            walk.met = Some(seal);
        }
        let is_rooted = stub.is_none() || walk.ahead.peek().is_some_and(|seal| seal.head() == start);
        if !is_rooted {
            self.find(files::stub(self.folder, self.writer), None, "what was removed did not end at a seal");
        }
        let is_whole = self.meet(&mut walk, &files::stub(self.folder, self.writer), None);
        let is_whole = is_whole && self.segments(files, &mut walk)?;
        let last = seals.last();
        let sealed = last.map_or(0, |seal| seal.events);
        if is_whole && walk.head.events < sealed {
            let missing = sealed - walk.head.events;
            let flaw = format!("{missing} events before the last seal are missing at the end");
            let place = files.segments.values().next_back().cloned();
            self.find(place.unwrap_or_else(|| self.folder.to_path_buf()), None, flaw);
        }
        Ok(Standing {
            writer: self.writer.to_owned(),
            events: walk.head.events,
            removed: start.events,
            seals: u64::try_from(seals.len()).unwrap_or(u64::MAX),
            sealed: walk.met.map_or(0, |seal| seal.events),
            unsealed: walk.head.events.saturating_sub(sealed),
            sealed_at: last.map(|seal| seal.at),
            torn_bytes: walk.torn_bytes,
            torn_files: u64::try_from(files.torn.len()).unwrap_or(u64::MAX),
        })
    }

    fn find(&mut self, file: PathBuf, line: Option<u64>, flaw: impl Into<String>) {
        self.findings.push(Finding { file, line, flaw: flaw.into() });
    }

    /// The seals, up to the first that cannot be trusted.
    fn seals(&mut self) -> io::Result<Vec<Seal>> {
        let path = files::seals(self.witness, self.writer);
        let bytes = files::read_if_any(&path)?.unwrap_or_default();
        let mut seals: Vec<Seal> = Vec::new();
        for (number, line) in (1..).zip(files::lines(&bytes)) {
            // A crash in the middle of a seal: it was never told to anybody, and the next start removes it.
            if !line.ends_with(b"\n") {
                break;
            }
            let read = std::str::from_utf8(line).map_err(|error| error.to_string());
            let seal = read.and_then(|line| Seal::of_line(line, self.keys).map_err(|error| error.to_string()));
            let seal = match seal {
                Ok(seal) => seal,
                Err(flaw) => {
                    self.find(path, Some(number), format!("a seal cannot be trusted: {flaw}"));
                    break;
                }
            };
            let before = seals.last().map_or(0, |seal| seal.events);
            if *seal.writer != *self.writer || seal.seal != number || seal.events <= before {
                self.find(
                    path,
                    Some(number),
                    "this seal does not follow the one before it: seals are missing or moved",
                );
                break;
            }
            seals.push(seal);
        }
        Ok(seals)
    }

    fn stub(&mut self) -> Option<Stub> {
        match read_stub(self.folder, self.writer, self.keys) {
            Ok(stub) => stub,
            Err(error) => {
                let flaw = format!("the root of what was removed cannot be trusted: {error}");
                self.find(files::stub(self.folder, self.writer), None, flaw);
                None
            }
        }
    }

    /// Compares the place with the seal that stands there, if one does.
    fn meet(&mut self, walk: &mut Walk<'_>, file: &Path, line: Option<u64>) -> bool {
        let Some(seal) = walk.ahead.next_if(|seal| seal.events == walk.head.events) else { return true };
        if seal.chain != walk.head.chain {
            let flaw = format!("seal {} knows another chain: something up to this event was changed", seal.seal);
            self.find(file.to_path_buf(), line, flaw);
            return false;
        }
        walk.met = Some(seal);
        true
    }

    /// Walks along the segments; false at the first thing that is wrong, since nothing behind it can be trusted.
    fn segments(&mut self, files: &Files, walk: &mut Walk<'_>) -> io::Result<bool> {
        let last = files.segments.keys().next_back();
        let removed = walk.head.events;
        for (first, path) in &files.segments {
            let expected = walk.head.events.saturating_add(1);
            if *first != expected {
                let flaw = if *first > expected {
                    format!("events {expected} to {} are missing before this segment", first.saturating_sub(1))
                } else if *first <= removed {
                    format!(
                        "events up to {removed} are removed, and this segment is there: retention was cut short (run it \
                         again), or somebody put it there"
                    )
                } else {
                    format!("this segment begins again at event {first}, where event {expected} is next")
                };
                self.find(path.clone(), None, flaw);
                return Ok(false);
            }
            if !self.segment(path, Some(first) == last, walk)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn segment(&mut self, path: &Path, is_last: bool, walk: &mut Walk<'_>) -> io::Result<bool> {
        let bytes = std::fs::read(path)?;
        for (number, text) in (1..).zip(files::lines(&bytes)) {
            let is_torn = is_last && !text.ends_with(b"\n");
            if is_torn {
                walk.torn_bytes = u64::try_from(text.len()).unwrap_or(u64::MAX);
                return Ok(true);
            }
            let flaw = match line::parse(text) {
                None => "this is no line of a trail",
                Some(entry) => {
                    let head = walk.head.after(entry.payload);
                    if head == entry.head {
                        walk.head = head;
                        if !self.meet(walk, path, Some(number)) {
                            return Ok(false);
                        }
                        continue;
                    }
                    "this line does not follow the one before it: something was changed, removed, inserted or moved"
                }
            };
            self.find(path.to_path_buf(), Some(number), flaw);
            return Ok(false);
        }
        Ok(true)
    }
}

fn shown<S: serde::Serializer>(instant: &Option<Instant>, to: S) -> Result<S::Ok, S::Error> {
    match instant {
        Some(instant) => to.collect_str(instant),
        None => to.serialize_none(),
    }
}
