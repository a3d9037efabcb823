//! Erases the values of a record by law, and leaves a tombstone.
//!
//! What goes: what every version said, the local id, the normalised values and the listing at the home, the postings that
//! only this record had. What stays: ids, times, moves, decisions and the log, which hold no value, so that history still verifies.
//! The record is no longer a member of any person and takes no more versions. Erasing twice is erasing once. A backup
//! holds what was erased after it was made: [`replay`] erases again, from a list that is kept beside the backups too.
//!
//! An engine may keep the old bytes on disk until it compacts; that is the engine's affair and the operator's.

use crate::event::{Event, Standing, log};
use crate::life::LifeStatus;
use crate::review::{self, TaskOutcome, about_version};
use crate::store::{Happening, PersonRow, RecordHead, RecordState, decode, encode, listing, person, posting, record};
use crate::{Actor, Error, Index, RecordId, Refusal, Stamp, Visible, history, space};
use directory::{Identifier, Instant};
use kv::{Draft, Partition};
use serde::{Deserialize, Serialize};

/// Why a record is erased, and who answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order<'a> {
    /// The law or the request that it rests on; it names no person.
    pub legal_basis: &'a str,
    /// The officer who agrees; the one who acts is in the stamp.
    pub second: &'a Actor,
}

/// An erasure that was done: ids and reasons only, to be kept beside backups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// The record.
    pub record: RecordId,
    /// Why.
    pub legal_basis: Box<str>,
    /// Who acted, and who agreed.
    pub officers: [Actor; 2],
    /// Recorded time.
    pub at: Instant,
}

/// Erasures are listed in one partition: they are rare.
fn list() -> Partition {
    Partition::new(space::META, *b"erasures")
}

/// Erases a record; true when it had not been erased before.
///
/// # Errors
/// [`Refusal`] when there is no such record, no legal basis is given, or both officers are one.
pub fn erase(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    id: RecordId,
    order: &Order<'_>,
    stamp: &Stamp,
) -> Result<bool, Error> {
    if order.second.id == stamp.actor.id {
        return Err(Refusal::State("an erasure needs two officers").into());
    }
    if order.legal_basis.trim().is_empty() {
        return Err(Refusal::State("an erasure needs a legal basis").into());
    }
    let erasure = Erasure {
        record: id,
        legal_basis: order.legal_basis.into(),
        officers: [stamp.actor.clone(), order.second.clone()],
        at: stamp.now,
    };
    carry_out(index, draft, &erasure, stamp)
}

/// Erases again what a restored backup still holds; true when there was something to erase. A record that the backup does
/// not know yet is left: its source may send it again.
///
/// # Errors
/// Those of the store.
pub fn replay(index: &Index<'_>, draft: &mut Draft<'_>, erasure: &Erasure, stamp: &Stamp) -> Result<bool, Error> {
    match carry_out(index, draft, erasure, stamp) {
        Err(Error::Refused(Refusal::NoRecord(_))) => Ok(false),
        done => done,
    }
}

/// An erasure that one officer wants and another has to agree to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposed {
    /// The record.
    pub record: RecordId,
    /// The law or the request that it rests on; it names no person.
    pub legal_basis: Box<str>,
    /// Who wants it.
    pub by: Actor,
    /// Since when.
    pub at: Instant,
}

fn proposals() -> Partition {
    Partition::new(space::META, *b"erasures proposed")
}

/// Says that a record should be erased; nothing is, until another officer agrees.
///
/// # Errors
/// [`Refusal`] when there is no such record, it is erased, no legal basis is given, or it is proposed already.
pub fn propose(draft: &mut Draft<'_>, id: RecordId, legal_basis: &str, stamp: &Stamp) -> Result<Proposed, Error> {
    draft.rely(&proposals())?;
    let head = record::head(draft, id)?.ok_or(Refusal::NoRecord(id))?;
    if head.state == RecordState::Erased {
        return Err(Refusal::State("the record was erased already").into());
    }
    if legal_basis.trim().is_empty() {
        return Err(Refusal::State("an erasure needs a legal basis").into());
    }
    if proposal(draft, id)?.is_some() {
        return Err(Refusal::State("the erasure is proposed already: another officer has to agree").into());
    }
    let proposed = Proposed { record: id, legal_basis: legal_basis.into(), by: stamp.actor.clone(), at: stamp.now };
    draft.put(proposals().key(id.0), encode("a proposed erasure", &proposed)?);
    Ok(proposed)
}

/// Agrees to a proposed erasure, which is carried out.
///
/// # Errors
/// [`Refusal`] when nothing is proposed, or by the same officer.
pub fn agree(index: &Index<'_>, draft: &mut Draft<'_>, id: RecordId, stamp: &Stamp) -> Result<Erasure, Error> {
    draft.rely(&proposals())?;
    let proposed = proposal(draft, id)?.ok_or(Refusal::State("no erasure of the record is proposed"))?;
    if proposed.by.id == stamp.actor.id {
        return Err(Refusal::State("an erasure needs two officers: somebody else has to agree").into());
    }
    let erasure = Erasure {
        record: id,
        legal_basis: proposed.legal_basis,
        officers: [proposed.by, stamp.actor.clone()],
        at: stamp.now,
    };
    draft.delete(proposals().key(id.0));
    carry_out(index, draft, &erasure, stamp)?;
    Ok(erasure)
}

/// Takes a proposed erasure back.
///
/// # Errors
/// [`Refusal`] when nothing is proposed.
pub fn withdraw(draft: &mut Draft<'_>, id: RecordId) -> Result<(), Error> {
    draft.rely(&proposals())?;
    proposal(draft, id)?.ok_or(Refusal::State("no erasure of the record is proposed"))?;
    draft.delete(proposals().key(id.0));
    Ok(())
}

/// The proposed erasure of a record; none when nothing is proposed.
///
/// # Errors
/// Those of the store.
pub fn proposal(draft: &mut Draft<'_>, id: RecordId) -> Result<Option<Proposed>, Error> {
    draft.get(&proposals().key(id.0))?.map(|bytes| decode("a proposed erasure", &bytes)).transpose()
}

/// The erasure of a record; none when it was not erased.
///
/// # Errors
/// Those of the store.
pub fn erasure(draft: &mut Draft<'_>, id: RecordId) -> Result<Option<Erasure>, Error> {
    draft.get(&list().key(id.0))?.map(|bytes| decode("erasure", &bytes)).transpose()
}

/// Proposed and done erasures of visible records, by record.
///
/// # Errors
/// Those of the store.
pub fn cases(draft: &mut Draft<'_>, visible: &Visible) -> Result<(Vec<Proposed>, Vec<Erasure>), Error> {
    let rows = draft.scan(&proposals(), &[], None, u32::MAX)?;
    let mut proposed = Vec::new();
    for (_, value) in &rows.rows {
        let one: Proposed = decode("a proposed erasure", value)?;
        if history::shows(draft, one.record, visible)? {
            proposed.push(one);
        }
    }
    let mut done = Vec::new();
    for one in erasures(draft)? {
        if history::shows(draft, one.record, visible)? {
            done.push(one);
        }
    }
    Ok((proposed, done))
}

/// Whether a record is there and visible, erased or not: who may not see it may not propose to erase it.
///
/// # Errors
/// Those of the store.
pub fn may_know(draft: &mut Draft<'_>, id: RecordId, visible: &Visible) -> Result<bool, Error> {
    Ok(record::head(draft, id)?.is_some_and(|head| visible.shows(id, &head.institution)))
}

/// Every erasure that was done, by record.
///
/// # Errors
/// Those of the store.
pub fn erasures(draft: &mut Draft<'_>) -> Result<Vec<Erasure>, Error> {
    let rows = draft.scan(&list(), &[], None, u32::MAX)?;
    rows.rows.iter().map(|(_, value)| decode("erasure", value)).collect()
}

fn carry_out(index: &Index<'_>, draft: &mut Draft<'_>, erasure: &Erasure, stamp: &Stamp) -> Result<bool, Error> {
    let id = erasure.record;
    draft.rely(&record::partition(id))?;
    let mut head = record::head(draft, id)?.ok_or(Refusal::NoRecord(id))?;
    if head.state == RecordState::Erased {
        return Ok(false);
    }
    leave(draft, id, &head, stamp)?;
    for (number, mut version) in record::versions(draft, id)? {
        if version.standing == Standing::Quarantined {
            // There is nothing left to decide on.
            let task = about_version(index.digester, id, number);
            match review::settle(draft, task, TaskOutcome::Settled, stamp) {
                Ok(()) | Err(Error::Refused(Refusal::NoTask(_))) => {}
                Err(error) => return Err(error),
            }
        }
        version.demographics = None;
        version.life = LifeStatus::default();
        record::put_version(draft, id, number, &version)?;
    }
    head.state = RecordState::Erased;
    // The local id is the source's name for the person; the record's own id is a keyed digest and tells nothing.
    let nameless = Identifier::new(head.identifier.authority().clone(), &format!("erased-{id}"));
    head.identifier = nameless.map_err(|_| Error::Corrupt { what: "the identifier of a record" })?;
    record::put_head(draft, id, &head)?;
    draft.put(list().key(id.0), encode("erasure", erasure)?);
    log(draft, &Event::Erased { record: id, institution: head.institution })?;
    Ok(true)
}

/// Takes the record from its home, under every generation of member rows.
fn leave(draft: &mut Draft<'_>, id: RecordId, head: &RecordHead, stamp: &Stamp) -> Result<(), Error> {
    let home = head.home;
    draft.rely(&person::partition(home))?;
    for generation in person::generations(draft, home)? {
        let Some(loaded) = person::load(draft, &[home], generation)?.pop() else { continue };
        if let Some((_, member)) = loaded.members.iter().find(|(known, _)| *known == id) {
            posting::retract(draft, &member.keys, id, &loaded);
            person::remove_member(draft, home, generation, id);
        }
    }
    listing::leave(draft, home, id)?;
    let mut at_home = person::head(draft, home)?.ok_or(Error::Corrupt { what: "the home of a record" })?;
    person::note(draft, home, &mut at_home, PersonRow { at: stamp.now, what: Happening::Left(id) })?;
    person::put_head(draft, home, &at_home)
}
