//! Takes a record that was not known.

use super::decide::Choice;
use super::look::{Looked, doubt, look};
use super::{Arrival, Arrived, Outcome};
use crate::candidates::Claim;
use crate::event::{Event, Standing, log};
use crate::review::{self, About, Seed};
use crate::store::{
    Happening, Listed, LoadedPerson, Member, MoveRow, PersonHead, PersonRow, RecordHead, RecordState, VersionRow,
    listing, person, posting, record,
};
use crate::{Basis, Error, Index, PersonId, RecordId, Refusal, Stamp, TaskId, TaskKind, rules};
use kv::Draft;

/// Takes the first version of a record.
pub(super) fn take(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, arrival): (RecordId, &Arrival),
    fresh: PersonId,
    stamp: &Stamp,
) -> Result<Arrived, Error> {
    let profile = index.profile(&arrival.demographics);
    let looked = Looked {
        id,
        institution: &arrival.institution,
        profile: &profile,
        is_dead: arrival.life.is_dead(),
        constraints: &[],
        homes: &[],
    };
    let found = look(index, draft, &looked, None)?;
    let claim = match found.choice {
        Choice::New => None,
        Choice::Join(claim) | Choice::Obey(claim) => found.claims.claims.get(claim),
    };
    let best = claim.and_then(Claim::best);
    let (mut home, basis) = match (claim, best) {
        (Some(claim), Some(best)) => (home_of(claim, best.0)?, Basis::Automatic(index.evidence(best))),
        _ => (create(draft, fresh, stamp)?, Basis::New),
    };
    let person = claim.map_or(home.id, |claim| claim.person);
    let member = Member {
        values: profile.values.clone(),
        keys: profile.keys.clone(),
        institution: arrival.institution.clone(),
        is_dead: arrival.life.is_dead(),
    };
    let head = store(draft, (id, arrival), home.id, &basis, stamp)?;
    settle(index, draft, &mut home, (Listed::of(id, &head), &member), stamp)?;
    let (institution, says) = (&arrival.institution, (&arrival.demographics, arrival.life.is_dead()));
    rules::enter(index, draft, home.id, (id, institution), says)?;
    log_first(draft, (id, arrival), &home)?;
    let mut tasks = doubt(index, draft, (&looked, person), &found, stamp)?;
    tasks.extend(duplicate(index, draft, (id, arrival), claim, stamp)?);
    let outcome = match basis {
        Basis::Automatic(evidence) => Outcome::Linked(evidence),
        _ => Outcome::Created,
    };
    Ok(Arrived { record: id, person, version: 1, outcome, tasks, blocks_cut: found.claims.cut })
}

/// The home of the record that decided: if a merge is undone later, the new record is already where it belongs.
fn home_of(claim: &Claim, record: RecordId) -> Result<LoadedPerson, Error> {
    let home = claim.homes.iter().find(|home| home.members.iter().any(|(id, _)| *id == record));
    home.cloned().ok_or(Error::Corrupt { what: "a claim" })
}

/// Issues an enterprise id; the head is written when the first record settles.
pub(crate) fn create(draft: &mut Draft<'_>, fresh: PersonId, stamp: &Stamp) -> Result<LoadedPerson, Error> {
    if person::head(draft, fresh)?.is_some() {
        return Err(Refusal::State("the enterprise id drawn for a new person is taken: draw another").into());
    }
    let mut head = PersonHead {
        created: stamp.now,
        merged_into: None,
        absorbed: Vec::new(),
        apart: Vec::new(),
        happenings: 0,
        latest: stamp.now,
    };
    person::note(draft, fresh, &mut head, PersonRow { at: stamp.now, what: Happening::Created })?;
    log(draft, &Event::PersonCreated { person: fresh })?;
    Ok(LoadedPerson { id: fresh, head, members: Vec::new() })
}

fn store(
    draft: &mut Draft<'_>,
    (id, arrival): (RecordId, &Arrival),
    home: PersonId,
    basis: &Basis,
    stamp: &Stamp,
) -> Result<RecordHead, Error> {
    let mut head = RecordHead {
        identifier: arrival.identifier.clone(),
        institution: arrival.institution.clone(),
        current: 1,
        versions: 1,
        home,
        moves: 0,
        latest: stamp.now,
        constraints: Vec::new(),
        state: RecordState::Active,
    };
    record::put_version(draft, id, 1, &version_row(arrival, Standing::Current, stamp))?;
    record::note_move(draft, id, &mut head, &MoveRow { at: stamp.now, to: home, basis: basis.clone() })?;
    record::put_head(draft, id, &head)?;
    Ok(head)
}

/// The arrival as a version.
pub(super) fn version_row(arrival: &Arrival, standing: Standing, stamp: &Stamp) -> VersionRow {
    VersionRow {
        event_time: arrival.event_time,
        recorded: stamp.now,
        actor: stamp.actor.clone(),
        demographics: Some(arrival.demographics.clone()),
        life: arrival.life.clone(),
        standing,
    }
}

/// Gives a record to its home: the member row, the listing, the postings that are new, and the note of it.
///
/// Everything relies on the home, and on every strong key that the home is posted under for the first time: whoever
/// found nobody under that key has to look again.
pub(crate) fn settle(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    home: &mut LoadedPerson,
    (listed, member): (Listed, &Member),
    stamp: &Stamp,
) -> Result<(), Error> {
    let id = listed.record;
    draft.rely(&person::partition(home.id))?;
    let known = |key: &crate::store::KeyDigest| home.members.iter().any(|(_, member)| member.keys.contains(key));
    let new: Vec<_> = member.keys.iter().filter(|key| !known(key)).copied().collect();
    for key in new.iter().filter(|key| key.is_strong) {
        draft.rely(&key.partition())?;
    }
    posting::post(draft, &new, home.id);
    person::put_member(draft, home.id, index.generation, (id, member))?;
    listing::enter(draft, home.id, listed)?;
    person::note(draft, home.id, &mut home.head, PersonRow { at: stamp.now, what: Happening::Joined(id) })?;
    person::put_head(draft, home.id, &home.head)?;
    home.members.push((id, member.clone()));
    Ok(())
}

fn log_first(draft: &mut Draft<'_>, (id, arrival): (RecordId, &Arrival), home: &LoadedPerson) -> Result<(), Error> {
    let institution = arrival.institution.clone();
    log(
        draft,
        &Event::RecordStored { record: id, institution: institution.clone(), version: 1, standing: Standing::Current },
    )?;
    log(draft, &Event::RecordMoved { record: id, institution, from: None, to: home.id })
}

/// A task for an institution that now has two records of one person.
fn duplicate(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, arrival): (RecordId, &Arrival),
    claim: Option<&Claim>,
    stamp: &Stamp,
) -> Result<Option<TaskId>, Error> {
    let Some(claim) = claim else { return Ok(None) };
    let mut members = claim.homes.iter().flat_map(|home| &home.members);
    let Some((other, _)) = members.find(|(_, member)| member.institution == arrival.institution) else {
        return Ok(None);
    };
    let seed = Seed {
        kind: TaskKind::InHospitalDuplicate,
        records: vec![id, *other],
        persons: vec![claim.person],
        institutions: vec![arrival.institution.clone()],
        about: About::Institution,
        evidence: claim.best().map(|best| index.evidence(best)),
    };
    review::open(draft, index.digester, seed, stamp).map(Some)
}
