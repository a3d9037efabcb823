//! What was answered lately: every event since an instant, for whoever asks past questions again.
//!
//! Events come in no promised order. As with the accesses to a person, chains are not verified here, and a line that is no
//! event is counted.

use std::io;
use std::ops::ControlFlow;
use std::path::Path;

use directory::Instant;

use super::accesses::candidates;
use super::event::Event;
use super::{files, line};

/// How far a walk through the trail came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recent {
    /// Lines that are no event.
    pub unreadable: u64,
    /// Whether the visitor stopped before the end.
    pub is_cut: bool,
}

/// Visits the events that were answered at an instant or later, newer segments first. `visit` is told besides how many
/// segments are done, and of how many.
///
/// # Errors
/// When the folder or a segment cannot be read.
pub fn recent(
    folder: &Path,
    since: Instant,
    mut visit: impl FnMut(Event, (usize, usize)) -> ControlFlow<()>,
) -> io::Result<Recent> {
    let mut segments = candidates(folder)?;
    segments.retain(|segment| segment.newest >= since);
    segments.sort_by_key(|segment| std::cmp::Reverse(segment.newest));
    let mut walk = Recent::default();
    for (done, segment) in segments.iter().enumerate() {
        for text in files::lines(&std::fs::read(&segment.path)?) {
            match line::parse(text).and_then(|entry| entry.event()) {
                None => walk.unreadable += 1,
                Some(event) if event.at < since => {}
                Some(event) => {
                    if visit(event, (done, segments.len())).is_break() {
                        walk.is_cut = true;
                        return Ok(walk);
                    }
                }
            }
        }
    }
    Ok(walk)
}
