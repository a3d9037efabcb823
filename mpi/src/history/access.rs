//! Who was given a person's data, and when: so that what was read under a wrong link can be listed.
//!
//! This is no audit. It knows persons and clients and no reasons, it is not chained, and it may be cut after a time that
//! the operator names.

use super::merge_row;
use crate::store::{Happening, decode, encode, person, record};
use crate::{Actor, Error, Index, MergeId, PersonId, RecordId, space};
use directory::Instant;
use kv::{Digester, Draft, Partition};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A read of a person's data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// The enterprise id under which it was given.
    pub person: PersonId,
    /// To whom.
    pub by: Actor,
    /// When.
    pub at: Instant,
    /// The records whose values were given.
    pub records: Vec<RecordId>,
}

/// A read as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AccessRow {
    /// To whom.
    pub by: Actor,
    /// The records whose values were given.
    pub records: Vec<RecordId>,
}

fn partition(person: PersonId) -> Partition {
    Partition::new(space::ACCESS, person.to_bytes())
}

/// Notes that a person's data was given to somebody: one row, relying on nothing, so that reads do not hinder each other
/// or any write. Many reads can be noted on one draft.
///
/// # Errors
/// None but those of encoding.
pub fn note_read(draft: &mut Draft<'_>, digester: &Digester, access: &Access) -> Result<(), Error> {
    let institution = access.by.institution.as_ref().map_or("", |id| id.as_str());
    let who = digester.digest("noted read", &[access.by.id.as_bytes(), institution.as_bytes()]);
    let mut sort = access.at.micros().to_be_bytes().to_vec();
    sort.extend_from_slice(&who);
    let row = AccessRow { by: access.by.clone(), records: access.records.clone() };
    draft.put(partition(access.person).key(sort), encode("a noted read", &row)?);
    Ok(())
}

/// Reads that gave records of both sides of a merge as one person, while it held; oldest first, at most `limit` for each
/// enterprise id that stood for them, and whether there are more. Sides are told by where records belong now.
///
/// # Errors
/// [`Refusal`](crate::Refusal) when there is no such merge; those of the store.
pub fn read_under_merge(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    merge: MergeId,
    limit: u32,
) -> Result<(Vec<Access>, bool), Error> {
    let row = merge_row(draft, merge)?;
    let until = row.undone.map_or(Instant::from_micros(i64::MAX), |(at, ..)| at);
    let side = person::tree(draft, row.absorbed, index.generation)?;
    let side: BTreeSet<RecordId> = side.iter().flat_map(|home| &home.members).map(|(id, _)| *id).collect();
    let is_mixed = |records: &[RecordId]| {
        records.iter().any(|id| side.contains(id)) && !records.iter().all(|id| side.contains(id))
    };
    let mut ids = upwards(draft, row.survivor)?;
    ids.insert(row.absorbed);
    matching(draft, &ids, ((row.at, until), limit), &is_mixed)
}

/// Reads that gave a record together with others of a person that it has left since; oldest first, at most `limit` for
/// each enterprise id, and whether there are more.
///
/// # Errors
/// Those of the store.
pub fn read_before_move(draft: &mut Draft<'_>, id: RecordId, limit: u32) -> Result<(Vec<Access>, bool), Error> {
    let moves = record::moves(draft, id)?;
    let (mut found, mut has_more) = (Vec::new(), false);
    for (came, went) in moves.iter().zip(moves.iter().skip(1)) {
        let ids = upwards(draft, came.to)?;
        let is_given = |records: &[RecordId]| records.len() > 1 && records.contains(&id);
        let (some, more) = matching(draft, &ids, ((came.at, went.at), limit), &is_given)?;
        found.extend(some);
        has_more |= more;
    }
    Ok((found, has_more))
}

/// A person and every id that has ever stood for it.
fn upwards(draft: &mut Draft<'_>, id: PersonId) -> Result<BTreeSet<PersonId>, Error> {
    let (mut ids, mut wanted) = (BTreeSet::from([id]), vec![id]);
    while let Some(id) = wanted.pop() {
        for row in person::happenings(draft, id)? {
            if let Happening::MergedInto(into, _) = row.what
                && ids.insert(into)
            {
                wanted.push(into);
            }
        }
    }
    Ok(ids)
}

/// Reads under some enterprise ids in a time that gave such records.
fn matching(
    draft: &mut Draft<'_>,
    ids: &BTreeSet<PersonId>,
    (time, limit): ((Instant, Instant), u32),
    wanted: &dyn Fn(&[RecordId]) -> bool,
) -> Result<(Vec<Access>, bool), Error> {
    let (mut found, mut has_more) = (Vec::new(), false);
    for id in ids {
        let (reads, more) = read_between(draft, *id, time, limit)?;
        found.extend(reads.into_iter().filter(|access| wanted(&access.records)));
        has_more |= more;
    }
    found.sort_by_key(|access| access.at);
    Ok((found, has_more))
}

/// The reads of a person's data under one enterprise id from an instant on and before another, oldest first, at most
/// `limit`; and whether there are more.
///
/// # Errors
/// Those of the store.
pub fn read_between(
    draft: &mut Draft<'_>,
    person: PersonId,
    (from, until): (Instant, Instant),
    limit: u32,
) -> Result<(Vec<Access>, bool), Error> {
    let (from, until) = (from.micros().max(0).to_be_bytes(), until.micros().max(0).to_be_bytes());
    let rows = draft.scan(&partition(person), &from, Some(&until), limit)?;
    let mut found = Vec::with_capacity(rows.rows.len());
    for (sort, value) in &rows.rows {
        let at = sort.get(..8).and_then(|at| at.try_into().ok()).map(i64::from_be_bytes);
        let at = Instant::from_micros(at.ok_or(Error::Corrupt { what: "a noted read" })?);
        let row: AccessRow = decode("a noted read", value)?;
        found.push(Access { person, by: row.by, at, records: row.records });
    }
    Ok((found, rows.has_more))
}
