//! What happened to a person, in order: by whom, and on what it rested.

use super::record::basis;
use super::tree::root;
use super::{Past, subtree};
use crate::merge::{self, MergeRow};
use crate::store::{Happening, PersonRow, decode, person, record};
use crate::{Actor, Basis, Error, Index, MergeCause, MergeId, PersonId, RecordId, Refusal, Visible};
use directory::Instant;
use kv::Draft;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Happened {
    /// Recorded time.
    pub at: Instant,
    /// To which enterprise id.
    pub person: PersonId,
    /// What.
    pub what: What,
    /// Why; none for what has no reason of its own.
    pub cause: Option<Cause>,
}

/// What can happen to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The enterprise id was issued.
    Created,
    /// A record came.
    Joined(RecordId),
    /// A record went.
    Left(RecordId),
    /// It was merged into another person.
    MergedInto(PersonId, MergeId),
    /// That merge was undone.
    Separated(MergeId),
    /// Another person was merged into it.
    Absorbed(PersonId, MergeId),
    /// That merge was undone.
    Released(PersonId, MergeId),
    /// A clerk decided that it is not this other person.
    KeptApart(PersonId),
    /// That decision was taken back.
    Reconciled(PersonId),
}

/// Why something happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Cause {
    /// On what the place of a record rests.
    Basis(Basis),
    /// Who merged, and on what it rests.
    Merge(Actor, MergeCause),
    /// Who undid a merge, and why.
    Unmerge(Actor, Box<str>),
    /// Who decided that two persons are two, or took that back, and why.
    Clerk(Actor, Box<str>),
}

/// Everything that happened to a person and to all that is merged into it now, oldest first, as far as it is about
/// visible records.
///
/// # Errors
/// Those of the store.
pub fn timeline(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    id: PersonId,
    visible: &Visible,
) -> Result<Vec<Happened>, Error> {
    let Some((top, _)) = person::root(draft, id)? else { return Ok(Vec::new()) };
    let mut all = Vec::new();
    for home in person::tree(draft, top, index.generation)? {
        let rows = person::happenings(draft, home.id)?;
        let mut seen = Vec::new();
        for (number, row) in (0..).zip(&rows) {
            if is_shown(draft, (home.id, row), &rows, visible)? {
                seen.push(happened(draft, home.id, (number, row))?);
            }
        }
        all.extend(seen);
    }
    all.sort_by_key(|happened| happened.at);
    Ok(all)
}

fn happened(draft: &mut Draft<'_>, id: PersonId, (number, row): (u32, &PersonRow)) -> Result<Happened, Error> {
    let cause = match row.what {
        Happening::Joined(record) => basis(draft, record, (id, row.at))?.map(Cause::Basis),
        Happening::Created | Happening::Left(_) => None,
        Happening::MergedInto(_, merge) | Happening::Absorbed(_, merge) => {
            let row = merge_row(draft, merge)?;
            Some(Cause::Merge(row.actor, row.cause))
        }
        Happening::Separated(merge) | Happening::Released(_, merge) => {
            merge_row(draft, merge)?.undone.map(|(_, actor, reason)| Cause::Unmerge(actor, reason))
        }
        Happening::KeptApart(_) | Happening::Reconciled(_) => {
            person::apart_said(draft, id, number)?.map(|said| Cause::Clerk(said.by, said.reason))
        }
    };
    let what = match row.what {
        Happening::Created => What::Created,
        Happening::Joined(record) => What::Joined(record),
        Happening::Left(record) => What::Left(record),
        Happening::MergedInto(into, merge) => What::MergedInto(into, merge),
        Happening::Separated(merge) => What::Separated(merge),
        Happening::Absorbed(other, merge) => What::Absorbed(other, merge),
        Happening::Released(other, merge) => What::Released(other, merge),
        Happening::KeptApart(other) => What::KeptApart(other),
        Happening::Reconciled(other) => What::Reconciled(other),
    };
    Ok(Happened { at: row.at, person: id, what, cause })
}

fn is_shown(
    draft: &mut Draft<'_>,
    (id, row): (PersonId, &PersonRow),
    rows: &[PersonRow],
    visible: &Visible,
) -> Result<bool, Error> {
    if *visible == Visible::All {
        return Ok(true);
    }
    match row.what {
        Happening::Joined(record) | Happening::Left(record) => shows(draft, record, visible),
        // An id is issued with its first record; what came later did not need it.
        Happening::Created => match rows.iter().find_map(|row| match row.what {
            Happening::Joined(record) => Some(record),
            _ => None,
        }) {
            Some(first) => shows(draft, first, visible),
            None => Ok(false),
        },
        Happening::MergedInto(other, merge) | Happening::Absorbed(other, merge) | Happening::Released(other, merge) => {
            Ok(sides(draft, merge, row.at, visible)?.contains(&other))
        }
        Happening::Separated(merge) => Ok(sides(draft, merge, row.at, visible)?.contains(&id)),
        Happening::KeptApart(other) | Happening::Reconciled(other) => {
            Ok(is_known_at(draft, id, row.at, visible)? && is_known_at(draft, other, row.at, visible)?)
        }
    }
}

/// Survivor and absorbed of a merge if each of the two had visible records of its own; empty otherwise: without the
/// hidden records there would have been nothing to merge.
pub(crate) fn sides(
    draft: &mut Draft<'_>,
    merge: MergeId,
    at: Instant,
    visible: &Visible,
) -> Result<Vec<PersonId>, Error> {
    let row = merge_row(draft, merge)?;
    let pair = vec![row.survivor, row.absorbed];
    if *visible == Visible::All {
        return Ok(pair);
    }
    for id in &pair {
        if !is_known_at(draft, *id, at, visible)? {
            return Ok(Vec::new());
        }
    }
    Ok(pair)
}

/// Whether a person had a visible record of its own at an instant.
fn is_known_at(draft: &mut Draft<'_>, id: PersonId, at: Instant, visible: &Visible) -> Result<bool, Error> {
    let own = root(draft, id, at)?.map(|_| subtree(draft, id, at)).transpose()?.unwrap_or_default();
    let own: Vec<Past> = own.into_iter().filter(|past| past.id == id).collect();
    let mut is_seen = false;
    for record in own.iter().flat_map(|past| &past.members) {
        is_seen |= shows(draft, *record, visible)?;
    }
    Ok(is_seen)
}

/// Whether a person has a visible record of its own.
pub(crate) fn is_known(draft: &mut Draft<'_>, id: PersonId, visible: &Visible) -> Result<bool, Error> {
    is_known_at(draft, id, Instant::from_micros(i64::MAX), visible)
}

/// Whether a record is visible.
pub(crate) fn shows(draft: &mut Draft<'_>, id: RecordId, visible: &Visible) -> Result<bool, Error> {
    if *visible == Visible::All {
        return Ok(true);
    }
    Ok(record::head(draft, id)?.is_some_and(|head| visible.shows(id, &head.institution)))
}

pub(crate) fn merge_row(draft: &mut Draft<'_>, id: MergeId) -> Result<MergeRow, Error> {
    let row = draft.get(&merge::partition(id).key(*b"h"))?.ok_or(Refusal::NoMerge(id))?;
    decode("merge", &row)
}
