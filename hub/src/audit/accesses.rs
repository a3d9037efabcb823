//! Who saw a person: the events about one person, newest first.
//!
//! The trail is no database: a question reads segments from the newest back, within named limits, and says when it
//! stopped at one. Chains are not verified here; a line that is no event is counted, so that nobody takes a damaged
//! trail for an empty one. After a merge a person has more than one id: all of them are asked for at once.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use directory::Instant;
use serde::Serialize;

use super::event::Event;
use super::files::{self, Layout};
use super::line;

/// How much one question may read and give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AccessLimits {
    /// Events in the answer.
    pub accesses_max: usize,
    /// Segments that are read.
    pub segments_max: usize,
}

impl Default for AccessLimits {
    fn default() -> Self {
        Self { accesses_max: 1_000, segments_max: 1_024 }
    }
}

/// The answer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Accesses {
    /// Newest first. An event holds the other persons of its request no more: only the ones asked for.
    pub accesses: Vec<Access>,
    /// Which limit was reached, so that older accesses may be missing.
    pub limited_by: Option<&'static str>,
    /// Lines that are no event. More than one, or one that is not the end of a crash, is a matter for verification.
    pub unreadable: u64,
}

/// One event about the person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Access {
    /// Whose chain.
    pub writer: String,
    /// The number in it.
    pub number: u64,
    /// What happened.
    pub event: Event,
}

/// A segment that may be read.
pub(super) struct Candidate {
    writer: String,
    pub(super) path: PathBuf,
    /// No event in it is newer; the last segment of a writer has no such bound.
    pub(super) newest: Instant,
}

/// Reads the accesses to a person, who is known by these enterprise ids.
///
/// # Errors
/// When the folder or a segment cannot be read.
pub fn accesses(folder: &Path, persons: &[&str], limits: AccessLimits) -> io::Result<Accesses> {
    let mut candidates = candidates(folder)?;
    candidates.sort_by_key(|candidate| std::cmp::Reverse(candidate.newest));
    // Events of several writers lie in between each other: the oldest one kept decides what is still of interest.
    let mut kept: BTreeMap<(Instant, String, u64), Event> = BTreeMap::new();
    let mut answer = Accesses::default();
    for (read, candidate) in candidates.iter().enumerate() {
        let oldest = kept.first_key_value().map(|((at, _, _), _)| *at);
        if kept.len() > limits.accesses_max && oldest.is_some_and(|oldest| candidate.newest < oldest) {
            break;
        }
        if read == limits.segments_max {
            answer.limited_by = Some("segments_max");
            break;
        }
        answer.unreadable += read_segment(candidate, persons, limits, &mut kept)?;
    }
    // One more than asked for is kept, to know whether there is more.
    if kept.len() > limits.accesses_max {
        kept.pop_first();
        answer.limited_by = Some("accesses_max");
    }
    let newest_first = kept.into_iter().rev();
    answer.accesses = newest_first.map(|((_, writer, number), event)| Access { writer, number, event }).collect();
    Ok(answer)
}

/// Every segment that retention left.
pub(super) fn candidates(folder: &Path) -> io::Result<Vec<Candidate>> {
    let mut candidates = Vec::new();
    for (writer, files) in Layout::read(folder, None)?.writers {
        let mut newest = Instant::from_micros(i64::MAX);
        for path in files.segments.into_values().rev() {
            let bound = newest;
            newest = first_instant(&path)?.unwrap_or(newest);
            candidates.push(Candidate { writer: writer.clone(), path, newest: bound });
        }
    }
    Ok(candidates)
}

/// When the first event of a segment was answered. Instants of one writer may lie a little out of order, since requests
/// overtake each other; a minute is more than any request takes.
fn first_instant(path: &Path) -> io::Result<Option<Instant>> {
    const OVERTAKING_MICROS: i64 = 60 * 1_000_000;
    let mut line = Vec::new();
    io::BufRead::read_until(&mut io::BufReader::new(std::fs::File::open(path)?), b'\n', &mut line)?;
    let event = line::parse(&line).and_then(|entry| entry.event());
    Ok(event.map(|event| Instant::from_micros(event.at.micros().saturating_add(OVERTAKING_MICROS))))
}

/// Takes the events about the person out of a segment: how many lines are no event.
fn read_segment(
    candidate: &Candidate,
    persons: &[&str],
    limits: AccessLimits,
    kept: &mut BTreeMap<(Instant, String, u64), Event>,
) -> io::Result<u64> {
    let needles: Vec<String> = persons.iter().map(|person| format!("\"person\":\"{person}\"")).collect();
    let bytes = std::fs::read(&candidate.path)?;
    let mut unreadable = 0;
    for text in files::lines(&bytes) {
        let Some(entry) = line::parse(text) else {
            unreadable += 1;
            continue;
        };
        let Ok(payload) = std::str::from_utf8(entry.payload) else {
            unreadable += 1;
            continue;
        };
        if !needles.iter().any(|needle| payload.contains(needle)) {
            continue;
        }
        let Some(mut event) = entry.event() else {
            unreadable += 1;
            continue;
        };
        let asked: BTreeSet<&str> = persons.iter().copied().collect();
        event.persons.retain(|subject| asked.contains(&*subject.person));
        if event.persons.is_empty() {
            continue;
        }
        kept.insert((event.at, candidate.writer.clone(), entry.head.events), event);
        if kept.len() > limits.accesses_max.saturating_add(1) {
            kept.pop_first();
        }
    }
    Ok(unreadable)
}
