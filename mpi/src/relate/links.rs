//! Moves records between persons: link, unlink, split; and keeps persons apart.

use crate::arrive::{create, settle};
use crate::event::{Event, log};
use crate::store::{
    ApartRow, Happening, Listed, LoadedPerson, MoveRow, PersonRow, RecordHead, RecordState, listing, person, posting,
    record,
};
use crate::{Basis, Error, Index, MergeCause, PersonId, RecordId, Refusal, Stamp, merge as pointer, rules};
use kv::Draft;

/// A record that was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The record.
    pub record: RecordId,
    /// The home that it left.
    pub from: PersonId,
    /// The home that it came to.
    pub to: PersonId,
}

/// Gives a record to a person, as a clerk has decided.
///
/// # Errors
/// [`Refusal`] when there is no such record or person, or the record is with the person already.
pub fn link(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, to): (RecordId, PersonId),
    reason: &str,
    stamp: &Stamp,
) -> Result<Moved, Error> {
    let (to, _) = person::root(draft, to)?.ok_or(Refusal::NoPerson(to))?;
    let head = record_head(draft, id)?;
    let (from, _) = person::root(draft, head.home)?.ok_or(Error::Corrupt { what: "the home of a record" })?;
    if from == to {
        return Err(Refusal::State("the record belongs to that person already").into());
    }
    let mut home = load(index, draft, to)?;
    let moved = rehome(index, draft, (id, head), &mut home, (&clerk(reason, stamp), stamp))?;
    // Whatever the two persons were to each other: this record is not with the one that it left.
    let left = load(index, draft, moved.from)?;
    if left.members.is_empty() && left.head.merged_into.is_none() && left.head.absorbed.is_empty() {
        let cause = MergeCause::Clerk { reason: reason.into() };
        super::reconcile(index, draft, (moved.from, to), (reason, stamp))?;
        pointer::join(draft, index.digester, (moved.from, to), cause, stamp)?;
    }
    Ok(moved)
}

/// Takes a record out of its person: it becomes the first record of a new person, kept apart from the one that it left.
///
/// # Errors
/// [`Refusal`] when there is no such record, or it is the only one of its person.
pub fn unlink(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, fresh): (RecordId, PersonId),
    reason: &str,
    stamp: &Stamp,
) -> Result<Moved, Error> {
    let head = record_head(draft, id)?;
    let root = person::root(draft, head.home)?.ok_or(Error::Corrupt { what: "the home of a record" })?.0;
    let moved = split(index, draft, (root, &[id]), (fresh, reason), stamp)?;
    moved.first().copied().ok_or(Error::Corrupt { what: "a split" })
}

/// Takes some records out of a person: they become a new person under a new enterprise id, kept apart from the rest. The
/// rest keeps the enterprise id.
///
/// # Errors
/// [`Refusal`] when there is no such person, a record is not one of its, or nothing would be left.
pub fn split(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, records): (PersonId, &[RecordId]),
    (fresh, reason): (PersonId, &str),
    stamp: &Stamp,
) -> Result<Vec<Moved>, Error> {
    let (root, _) = person::root(draft, id)?.ok_or(Refusal::NoPerson(id))?;
    let tree = person::tree(draft, root, index.generation)?;
    let members = || tree.iter().flat_map(|home| &home.members).map(|(record, _)| *record);
    if let Some(foreign) = records.iter().find(|record| !members().any(|member| member == **record)) {
        return Err(Refusal::NoRecord(*foreign).into());
    }
    if members().all(|member| records.contains(&member)) {
        return Err(Refusal::State("at least one record has to stay with the person").into());
    }
    let mut home = create(draft, fresh, stamp)?;
    let mut moved = Vec::with_capacity(records.len());
    for record in records {
        let head = record_head(draft, *record)?;
        moved.push(rehome(index, draft, (*record, head), &mut home, (&clerk(reason, stamp), stamp))?);
    }
    keep_apart(draft, (root, fresh), reason, stamp)?;
    Ok(moved)
}

/// Keeps two persons apart, whatever their records say, until a clerk decides otherwise.
///
/// # Errors
/// [`Refusal`] when one does not exist or both are one person.
pub fn keep_apart(
    draft: &mut Draft<'_>,
    (one, other): (PersonId, PersonId),
    reason: &str,
    stamp: &Stamp,
) -> Result<(), Error> {
    let root =
        |draft: &mut Draft<'_>, id| -> Result<_, Error> { Ok(person::root(draft, id)?.ok_or(Refusal::NoPerson(id))?) };
    let (one, mut one_head) = root(draft, one)?;
    let (other, mut other_head) = root(draft, other)?;
    if one == other {
        return Err(Refusal::State("both are one person: split it first").into());
    }
    let said = ApartRow { by: stamp.actor.clone(), reason: reason.into() };
    let mut is_new = false;
    for (id, head, rival) in [(one, &mut one_head, other), (other, &mut other_head, one)] {
        draft.rely(&person::partition(id))?;
        if !head.apart.contains(&rival) {
            head.apart.push(rival);
            let row = PersonRow { at: stamp.now, what: Happening::KeptApart(rival) };
            person::note_apart(draft, (id, head), row, &said)?;
            person::put_head(draft, id, head)?;
            is_new = true;
        }
    }
    if is_new { log(draft, &Event::KeptApart { one, other }) } else { Ok(()) }
}

/// Takes back that two persons are kept apart.
///
/// # Errors
/// [`Refusal`] when one does not exist.
pub fn stop_keeping_apart(
    draft: &mut Draft<'_>,
    (one, other): (PersonId, PersonId),
    reason: &str,
    stamp: &Stamp,
) -> Result<(), Error> {
    let said = ApartRow { by: stamp.actor.clone(), reason: reason.into() };
    let mut was_apart = false;
    for (id, rival) in [(one, other), (other, one)] {
        draft.rely(&person::partition(id))?;
        let mut head = person::head(draft, id)?.ok_or(Refusal::NoPerson(id))?;
        if head.apart.contains(&rival) {
            head.apart.retain(|known| *known != rival);
            let row = PersonRow { at: stamp.now, what: Happening::Reconciled(rival) };
            person::note_apart(draft, (id, &mut head), row, &said)?;
            person::put_head(draft, id, &head)?;
            was_apart = true;
        }
    }
    if was_apart { log(draft, &Event::Reconciled { one, other }) } else { Ok(()) }
}

/// Takes the mark away that undoing a merge has just left, where nobody decided that the two are two.
pub(crate) fn forget_apart(draft: &mut Draft<'_>, (one, other): (PersonId, PersonId)) -> Result<(), Error> {
    for (id, rival) in [(one, other), (other, one)] {
        draft.rely(&person::partition(id))?;
        let mut head = person::head(draft, id)?.ok_or(Refusal::NoPerson(id))?;
        head.apart.retain(|known| *known != rival);
        person::put_head(draft, id, &head)?;
    }
    Ok(())
}

/// Gives a record to a new person, also where it is the only one: the enterprise id that it leaves stays that of the
/// person that it was.
pub(crate) fn leave(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, fresh): (RecordId, PersonId),
    stamp: &Stamp,
) -> Result<Moved, Error> {
    let head = record_head(draft, id)?;
    let root = person::root(draft, head.home)?.ok_or(Error::Corrupt { what: "the home of a record" })?.0;
    let mut home = create(draft, fresh, stamp)?;
    let reason = "the local id is of another person from here on";
    let moved = rehome(index, draft, (id, head), &mut home, (&clerk(reason, stamp), stamp))?;
    keep_apart(draft, (root, fresh), reason, stamp)?;
    Ok(moved)
}

/// Moves a record to another home, with its member row and its postings.
pub(crate) fn rehome(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, mut head): (RecordId, RecordHead),
    to: &mut LoadedPerson,
    (basis, stamp): (&Basis, &Stamp),
) -> Result<Moved, Error> {
    if to.members.len() >= person::MEMBERS_MAX as usize {
        return Err(Refusal::State("the person has as many records as one may have: split it first").into());
    }
    draft.rely(&record::partition(id))?;
    let mut from = load(index, draft, head.home)?;
    draft.rely(&person::partition(from.id))?;
    let position = from.members.iter().position(|(known, _)| *known == id);
    let position = position.ok_or(Error::Corrupt { what: "a member of a person" })?;
    let (_, member) = from.members.remove(position);
    posting::retract(draft, &member.keys, id, &from);
    person::remove_member(draft, from.id, index.generation, id);
    listing::leave(draft, from.id, id)?;
    person::note(draft, from.id, &mut from.head, PersonRow { at: stamp.now, what: Happening::Left(id) })?;
    person::put_head(draft, from.id, &from.head)?;
    record::note_move(draft, id, &mut head, &MoveRow { at: stamp.now, to: to.id, basis: basis.clone() })?;
    record::put_head(draft, id, &head)?;
    settle(index, draft, to, (Listed::of(id, &head), &member), stamp)?;
    rules::rehome(index, draft, id, (from.id, to.id))?;
    let institution = head.institution.clone();
    log(draft, &Event::RecordMoved { record: id, institution, from: Some(from.id), to: to.id })?;
    Ok(Moved { record: id, from: from.id, to: to.id })
}

pub(super) fn load(index: &Index<'_>, draft: &mut Draft<'_>, id: PersonId) -> Result<LoadedPerson, Error> {
    Ok(person::load(draft, &[id], index.generation)?.pop().ok_or(Refusal::NoPerson(id))?)
}

pub(super) fn record_head(draft: &mut Draft<'_>, id: RecordId) -> Result<RecordHead, Error> {
    let head = record::head(draft, id)?.ok_or(Refusal::NoRecord(id))?;
    match head.state {
        RecordState::Erased => Err(Refusal::State("the record was erased by law").into()),
        _ => Ok(head),
    }
}

fn clerk(reason: &str, stamp: &Stamp) -> Basis {
    Basis::Clerk { actor: stamp.actor.clone(), reason: reason.into() }
}
