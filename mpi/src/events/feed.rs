//! A page of the feed, as far as a caller may see.

use crate::history::{is_known, merge_row, shows, sides};
use crate::{Error, Event, PersonId, RecordId, Visible, review};
use directory::{InstitutionId, log};
use kv::{Draft, Kv, Seq};

/// An event of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The position of its batch.
    pub seq: Seq,
    /// What happened.
    pub what: Announcement,
    /// The run of rules that did it, or took it back.
    pub run: Option<Box<str>>,
}

/// What happened, and in which register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Announcement {
    /// In the index.
    Index(Event),
    /// In the directory, which is open to all callers.
    Directory(directory::Event),
    /// In consent, as its register wrote it. This crate cannot read it and does not know whom it is about, so it stands in
    /// every page: whoever shows the page reads it and judges.
    Consent(Box<[u8]>),
}

/// A page of the feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The events that the caller may see, in the order of the log.
    pub events: Vec<Announced>,
    /// From where to go on. Positions count hidden batches too: whoever must not know of them gets positions sealed.
    pub next: Seq,
    /// Whether the log went on after this page when it was read.
    pub has_more: bool,
}

/// The events of the directory, of consent and of the index in at most `limit` batches after a position. An event about a hidden record is not among them, nor one that
/// would not have happened without hidden records; what is visible is judged by the rights of today.
///
/// # Errors
/// Those of the store; [`Error::Corrupt`] for an event that cannot be read.
pub fn feed(kv: &dyn Kv, after: Seq, limit: u32, visible: &Visible) -> Result<Page, Error> {
    let changes = kv.changes(after, limit)?;
    let mut page = Page {
        events: Vec::new(),
        next: changes.last().map_or(after, |change| change.seq),
        has_more: changes.len() >= usize::try_from(limit).unwrap_or(usize::MAX),
    };
    let mut draft = Draft::new(kv);
    for change in changes {
        let decoded: Result<Vec<Option<Event>>, Error> = change.entries.iter().map(|e| Event::decode(e)).collect();
        let batch: Vec<Event> = decoded?.into_iter().flatten().collect();
        let stated = change.entries.iter().filter_map(|entry| directory::Event::decode(entry));
        let mut whats: Vec<Announcement> = stated.map(Announcement::Directory).collect();
        let of_consent = change.entries.iter().filter(|entry| log::split(entry).is_some_and(is_consent));
        whats.extend(of_consent.cloned().map(Announcement::Consent));
        for event in &batch {
            if is_shown(&mut draft, event, &batch, visible)? {
                whats.push(Announcement::Index(event.clone()));
            }
        }
        let run = batch.iter().find_map(|event| match event {
            Event::ByRun { run } => Some(run.clone()),
            _ => None,
        });
        page.events.extend(whats.into_iter().map(|what| Announced { seq: change.seq, what, run: run.clone() }));
    }
    Ok(page)
}

/// Whether a caller may see an event; `batch` is what happened with it at once.
fn is_shown(draft: &mut Draft<'_>, event: &Event, batch: &[Event], visible: &Visible) -> Result<bool, Error> {
    if *visible == Visible::All {
        return Ok(true);
    }
    Ok(match event {
        Event::RecordStored { record, institution, .. }
        | Event::RecordMoved { record, institution, .. }
        | Event::Erased { record, institution } => visible.shows(*record, institution),
        Event::PersonCreated { person } => {
            let first = first_of(*person, batch);
            first.is_some_and(|(record, institution)| visible.shows(record, institution))
        }
        Event::Merged { merge, .. } => {
            let at = merge_row(draft, *merge)?.at;
            !sides(draft, *merge, at, visible)?.is_empty()
        }
        Event::Unmerged { merge, .. } => {
            let row = merge_row(draft, *merge)?;
            let at = row.undone.map_or(row.at, |(at, ..)| at);
            !sides(draft, *merge, at, visible)?.is_empty()
        }
        Event::TaskOpened { task, .. } | Event::TaskChanged { task } => review::task(draft, *task, visible)?.is_some(),
        Event::Constrained { record, other } | Event::Related { record, other } => {
            shows(draft, *record, visible)? && shows(draft, *other, visible)?
        }
        Event::KeptApart { one, other } | Event::Reconciled { one, other } => {
            is_known(draft, *one, visible)? && is_known(draft, *other, visible)?
        }
        Event::RulesActivated { .. } => true,
        // It says something of what stands beside it, and nothing by itself.
        Event::ByRun { .. } => false,
    })
}

fn is_consent((owner, _): (log::Owner, &[u8])) -> bool {
    owner == log::Owner::Consent
}

/// The first record of a new person: it comes in the same batch.
fn first_of(person: PersonId, batch: &[Event]) -> Option<(RecordId, &InstitutionId)> {
    batch.iter().find_map(|event| match event {
        Event::RecordMoved { record, institution, to, .. } if *to == person => Some((*record, institution)),
        _ => None,
    })
}
