//! Undoes a merge.
//!
//! Records kept their home through the merge, so each record that existed before it is with its person again, whatever
//! was merged since and in whatever order merges are undone. Records that came since are decided again between the two
//! persons, listed, and given a task.

use super::links::{load, record_head, rehome};
use crate::event::{Event, log};
use crate::merge::{self, MergeRow};
use crate::review::{self, About, Seed};
use crate::store::{Happening, LoadedPerson, MoveRow, PersonRow, decode, person, record};
use crate::{Basis, Error, Index, MergeId, PersonId, RecordId, Refusal, Stamp, TaskId, TaskKind};
use directory::Instant;
use kv::Draft;

/// What undoing a merge did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmerged {
    /// The person that had survived.
    pub survivor: PersonId,
    /// The person that stands for itself again.
    pub absorbed: PersonId,
    /// Records that came since the merge: where each belongs now, and the task about it.
    pub since: Vec<(RecordId, PersonId, TaskId)>,
}

/// Undoes a merge; the two persons are kept apart from here on.
///
/// # Errors
/// [`Refusal`] when there is no such merge or it is undone already.
pub fn unmerge(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    id: MergeId,
    reason: &str,
    stamp: &Stamp,
) -> Result<Unmerged, Error> {
    draft.rely(&merge::partition(id))?;
    let row = draft.get(&merge::partition(id).key(*b"h"))?.ok_or(Refusal::NoMerge(id))?;
    let mut row: MergeRow = decode("merge", &row)?;
    if row.undone.is_some() {
        return Err(Refusal::State("the merge is undone already").into());
    }
    row.undone = Some((stamp.now, stamp.actor.clone(), reason.into()));
    merge::put(draft, id, &row)?;
    part(draft, id, &row, stamp)?;
    log(draft, &Event::Unmerged { merge: id, survivor: row.survivor, absorbed: row.absorbed })?;
    let since = decide_again(index, draft, (id, &row), stamp)?;
    Ok(Unmerged { survivor: row.survivor, absorbed: row.absorbed, since })
}

/// Takes the pointer back on both sides, and keeps the two apart.
fn part(draft: &mut Draft<'_>, id: MergeId, row: &MergeRow, stamp: &Stamp) -> Result<(), Error> {
    let (survivor, absorbed) = (row.survivor, row.absorbed);
    draft.rely(&person::partition(survivor))?;
    draft.rely(&person::partition(absorbed))?;
    let missing = Error::Corrupt { what: "a person of a merge" };
    let mut kept = person::head(draft, survivor)?.ok_or(missing)?;
    let mut freed = person::head(draft, absorbed)?.ok_or(Error::Corrupt { what: "a person of a merge" })?;
    kept.absorbed.retain(|pointer| pointer.merge != id);
    freed.merged_into = None;
    for (head, rival) in [(&mut kept, absorbed), (&mut freed, survivor)] {
        if !head.apart.contains(&rival) {
            head.apart.push(rival);
        }
    }
    person::note(draft, survivor, &mut kept, PersonRow { at: stamp.now, what: Happening::Released(absorbed, id) })?;
    person::note(draft, absorbed, &mut freed, PersonRow { at: stamp.now, what: Happening::Separated(id) })?;
    person::put_head(draft, survivor, &kept)?;
    person::put_head(draft, absorbed, &freed)
}

/// Decides again about every record that came to either side since the merge.
fn decide_again(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, row): (MergeId, &MergeRow),
    stamp: &Stamp,
) -> Result<Vec<(RecordId, PersonId, TaskId)>, Error> {
    let (survivor, _) = person::root(draft, row.survivor)?.ok_or(Refusal::NoPerson(row.survivor))?;
    let (absorbed, _) = person::root(draft, row.absorbed)?.ok_or(Refusal::NoPerson(row.absorbed))?;
    let sides = [person::tree(draft, survivor, index.generation)?, person::tree(draft, absorbed, index.generation)?];
    let mut since = Vec::new();
    for (side, (own, other)) in [(survivor, (&sides[0], &sides[1])), (absorbed, (&sides[1], &sides[0]))] {
        for record in came_since(draft, own, row.at)? {
            let (person, task) = between(index, draft, (record, side, id), (own, other), stamp)?;
            since.push((record, person, task));
        }
    }
    Ok(since)
}

/// Records that came to an older home of this side at or after an instant by the rules; where a clerk put a record, it
/// stays.
fn came_since(draft: &mut Draft<'_>, side: &[LoadedPerson], at: Instant) -> Result<Vec<RecordId>, Error> {
    let mut came = Vec::new();
    for home in side.iter().filter(|home| home.head.created < at) {
        for (record, _) in &home.members {
            let moves = record::moves(draft, *record)?;
            let is_since = |row: &MoveRow| row.at >= at && !matches!(row.basis, Basis::Clerk { .. });
            if moves.last().is_some_and(is_since) {
                came.push(*record);
            }
        }
    }
    Ok(came)
}

/// Gives a record to the side whose older records claim it more, and opens a task about it.
fn between(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, side, merge): (RecordId, PersonId, MergeId),
    (own, other): (&[LoadedPerson], &[LoadedPerson]),
    stamp: &Stamp,
) -> Result<(PersonId, TaskId), Error> {
    let member = |homes: &[LoadedPerson]| {
        homes.iter().flat_map(|home| &home.members).find(|(known, _)| *known == id).map(|(_, member)| member.clone())
    };
    let member = member(own).ok_or(Error::Corrupt { what: "a member of a person" })?;
    let claim = |homes: &[LoadedPerson]| -> Result<Option<(f64, RecordId, PersonId)>, Error> {
        let others: Vec<_> = homes
            .iter()
            .flat_map(|home| home.members.iter().map(move |(record, member)| (home.id, *record, &member.values)))
            .filter(|(_, record, _)| *record != id)
            .collect();
        let values: Vec<_> = others.iter().map(|(_, _, values)| *values).collect();
        let verdicts = index.model.compare(&member.values, &values)?;
        let weighed =
            others.iter().zip(verdicts).map(|((home, record, _), verdict)| (verdict.weight.0, *record, *home));
        Ok(weighed.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1))))
    };
    let (here, there) = (claim(own)?, claim(other)?);
    let goes = there.filter(|there| here.is_none_or(|here| there.0 > here.0));
    let mut person = side;
    if let Some((_, _, target)) = goes {
        let mut to = load(index, draft, target)?;
        let head = record_head(draft, id)?;
        rehome(index, draft, (id, head), &mut to, (&Basis::Unmerge, stamp))?;
        person = person::root(draft, target)?.map_or(target, |(root, _)| root);
    }
    let rival = if person == side { other.first() } else { own.first() };
    let seed = Seed {
        kind: TaskKind::Reassigned,
        records: std::iter::once(id).chain(here.map(|here| here.1)).chain(there.map(|there| there.1)).collect(),
        persons: std::iter::once(person).chain(rival.map(|rival| rival.id)).collect(),
        institutions: vec![member.institution.clone()],
        about: About::Merge(merge),
        evidence: None,
    };
    Ok((person, review::open(draft, index.digester, seed, stamp)?))
}
