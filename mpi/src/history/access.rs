//! Who was given a person's data, and when: so that what was read under a wrong link can be listed.
//!
//! This is no audit. It knows persons and clients and no reasons, it is not chained, and it may be cut after a time that
//! the operator names.

use crate::store::{decode, encode};
use crate::{Actor, Error, PersonId, RecordId, space};
use directory::Instant;
use kv::{Digester, Draft, Partition};
use serde::{Deserialize, Serialize};

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
