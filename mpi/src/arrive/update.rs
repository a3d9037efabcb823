//! Takes another version of a record that is known.

use super::first::version_row;
use super::look::{Looked, reconsider};
use super::{Arrival, Arrived, Outcome};
use crate::event::{Event, Standing, log};
use crate::index::Profile;
use crate::overlay::Examiner;
use crate::review::{self, About, Seed};
use crate::store::{KeyDigest, LoadedPerson, Member, RecordHead, RecordState, VersionRow, person, posting, record};
use crate::{Demographics, Error, Index, PersonId, RecordId, Refusal, Stamp, TaskId, TaskKind, TaskOutcome, rules};
use kv::Draft;
use linkage::cluster::Apart;
use linkage::model::Decision;

/// Takes another version; what becomes of it depends on how it compares with the one that holds.
pub(super) fn take(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, head): (RecordId, RecordHead),
    arrival: &Arrival,
    stamp: &Stamp,
) -> Result<Arrived, Error> {
    if head.state == RecordState::Erased {
        return Err(Refusal::State("the record was erased by law and takes no more versions").into());
    }
    if head.institution != arrival.institution {
        return Err(Refusal::State("the record belongs to another institution of the domain").into());
    }
    let current =
        record::version(draft, id, head.current)?.ok_or(Error::Corrupt { what: "the current version of a record" })?;
    let person = person::root(draft, head.home)?.ok_or(Error::Corrupt { what: "the home of a record" })?.0;
    let arrived = Arrived {
        record: id,
        person,
        version: head.versions + 1,
        outcome: Outcome::Updated,
        tasks: Vec::new(),
        blocks_cut: 0,
    };
    let known = current.demographics.clone().unwrap_or_default();
    if known == arrival.demographics && current.life == arrival.life {
        return Ok(Arrived { version: head.current, outcome: Outcome::Unchanged, ..arrived });
    }
    if arrival.event_time < current.event_time {
        append(draft, (id, head), arrival, Standing::History, stamp)?;
        return Ok(Arrived { outcome: Outcome::History, ..arrived });
    }
    if let RecordState::Quarantined { version, task } = head.state {
        // Sent again while it waits: one doubt is one task.
        let waiting = record::version(draft, id, version)?.ok_or(Error::Corrupt { what: "a quarantined version" })?;
        if waiting.demographics.as_ref() == Some(&arrival.demographics) && waiting.life == arrival.life {
            return Ok(Arrived { version, outcome: Outcome::Quarantined, tasks: vec![task], ..arrived });
        }
    }
    if is_overlay(index, &known, &arrival.demographics) {
        let task = quarantine(index, draft, (id, head), (arrival, person), stamp)?;
        return Ok(Arrived { outcome: Outcome::Quarantined, tasks: vec![task], ..arrived });
    }
    let head = append(draft, (id, head), arrival, Standing::Current, stamp)?;
    let (person, tasks) = follow(index, draft, (id, &head), (&arrival.demographics, arrival.life.is_dead()), stamp)?;
    Ok(Arrived { person, tasks, ..arrived })
}

/// Whether an update looks like another person.
fn is_overlay(index: &Index<'_>, before: &Demographics, after: &Demographics) -> bool {
    let examiner = Examiner { tables: index.model.tables(), readings: index.model.readings() };
    examiner.examine(before, after).is_overlay()
}

/// Appends a version and says so.
fn append(
    draft: &mut Draft<'_>,
    (id, mut head): (RecordId, RecordHead),
    arrival: &Arrival,
    standing: Standing,
    stamp: &Stamp,
) -> Result<RecordHead, Error> {
    head.versions += 1;
    if standing == Standing::Current {
        head.current = head.versions;
    }
    head.latest = head.latest.max(stamp.now);
    let row = VersionRow { recorded: head.latest, ..version_row(arrival, standing, stamp) };
    record::put_version(draft, id, head.versions, &row)?;
    record::put_head(draft, id, &head)?;
    let institution = head.institution.clone();
    log(draft, &Event::RecordStored { record: id, institution, version: head.versions, standing })?;
    Ok(head)
}

/// Keeps a version aside and opens a task about it.
fn quarantine(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, mut head): (RecordId, RecordHead),
    (arrival, person): (&Arrival, PersonId),
    stamp: &Stamp,
) -> Result<TaskId, Error> {
    let version = head.versions + 1;
    let seed = Seed {
        kind: TaskKind::Overlay,
        records: vec![id],
        persons: vec![person],
        institutions: vec![head.institution.clone()],
        about: About::Version(version),
        evidence: None,
    };
    let task = review::open(draft, index.digester, seed, stamp)?;
    if let RecordState::Quarantined { task: earlier, .. } = head.state {
        // One version waits at a time: the task about the one before has nothing left to let hold.
        review::settle(draft, earlier, TaskOutcome::Superseded, stamp)?;
    }
    head.state = RecordState::Quarantined { version, task };
    append(draft, (id, head), arrival, Standing::Quarantined, stamp)?;
    Ok(task)
}

/// Brings the member row, the postings and the tasks in line with what the record says now.
pub(crate) fn follow(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, head): (RecordId, &RecordHead),
    (demographics, is_dead): (&Demographics, bool),
    stamp: &Stamp,
) -> Result<(PersonId, Vec<TaskId>), Error> {
    let profile = index.profile(demographics);
    let home = person::load(draft, &[head.home], index.generation)?.pop();
    let mut home = home.ok_or(Error::Corrupt { what: "the home of a record" })?;
    let member = Member {
        values: profile.values.clone(),
        keys: profile.keys.clone(),
        institution: head.institution.clone(),
        is_dead,
    };
    let before = replace(index, draft, &mut home, (id, &member))?;
    rules::enter(index, draft, home.id, (id, &head.institution), (demographics, is_dead))?;
    let person = person::root(draft, home.id)?.map_or(home.id, |(root, _)| root);
    if before.is_some_and(|before| before.values == member.values && before.is_dead == member.is_dead) {
        return Ok((person, Vec::new()));
    }
    let looked = Looked {
        id,
        institution: &head.institution,
        profile: &profile,
        is_dead,
        constraints: &head.constraints,
        homes: std::slice::from_ref(&home),
    };
    let mut tasks = Vec::from_iter(contradiction(index, draft, (&looked, &profile), person, stamp)?);
    let (joined, more) = reconsider(index, draft, (&looked, &home, &|_| true), stamp)?;
    tasks.extend(more);
    Ok((joined.map_or(person, |joined| joined.survivor), tasks))
}

/// Replaces a member row of a home and its postings; the home's version moves, since what it is compared by changed.
fn replace(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    home: &mut LoadedPerson,
    (id, member): (RecordId, &Member),
) -> Result<Option<Member>, Error> {
    draft.rely(&person::partition(home.id))?;
    let before = home.members.iter().find(|(known, _)| *known == id).map(|(_, member)| member.clone());
    let had: &[KeyDigest] = before.as_ref().map_or(&[], |before| &before.keys);
    let gone: Vec<KeyDigest> = had.iter().filter(|key| !member.keys.contains(key)).copied().collect();
    let known = |key: &KeyDigest| home.members.iter().any(|(_, member)| member.keys.contains(key));
    let new: Vec<KeyDigest> = member.keys.iter().filter(|key| !known(key)).copied().collect();
    posting::retract(draft, &gone, id, home);
    for key in new.iter().filter(|key| key.is_strong) {
        draft.rely(&key.partition())?;
    }
    posting::post(draft, &new, home.id);
    person::put_member(draft, home.id, index.generation, (id, member))?;
    home.members.retain(|(known, _)| *known != id);
    home.members.push((id, member.clone()));
    home.members.sort_unstable_by_key(|(known, _)| *known);
    Ok(before)
}

/// A task where the record has become unlike every other record of its person: an update never unlinks.
fn contradiction(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (looked, profile): (&Looked<'_>, &Profile),
    person: PersonId,
    stamp: &Stamp,
) -> Result<Option<TaskId>, Error> {
    let homes = person::tree(draft, person, index.generation)?;
    let others: Vec<_> = homes.iter().flat_map(|home| &home.members).filter(|(other, _)| *other != looked.id).collect();
    if others.is_empty() {
        return Ok(None);
    }
    let values: Vec<_> = others.iter().map(|(_, member)| &member.values).collect();
    let verdicts = index.model.compare(&profile.values, &values)?;
    let is_supported = verdicts.iter().any(|verdict| verdict.decision >= Decision::PossibleMatch);
    let veto = verdicts.iter().position(|verdict| verdict.apart == Apart::Never);
    if is_supported && veto.is_none() {
        return Ok(None);
    }
    let at = veto.unwrap_or(0);
    let (Some((other, member)), Some(verdict)) = (others.get(at), verdicts.get(at)) else { return Ok(None) };
    let mut institutions = vec![looked.institution.clone(), member.institution.clone()];
    institutions.sort_unstable();
    institutions.dedup();
    let seed = Seed {
        kind: TaskKind::Conflict,
        records: vec![looked.id, *other],
        persons: vec![person],
        institutions,
        about: About::Persons,
        evidence: Some(index.evidence(&(*other, *verdict))),
    };
    review::open(draft, index.digester, seed, stamp).map(Some)
}
