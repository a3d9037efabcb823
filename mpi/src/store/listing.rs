//! The listing of a person: its records under the names that their sources gave them, in one row.
//!
//! "Who is this identifier" is asked more often than everything else together, and its answer holds no demographics. With
//! the listing it takes two rows that lie beside each other, where the members and the heads of all records would be read
//! and opened otherwise. The listing is derived: what it says stands in the heads of the records too, neither an identifier
//! nor a custodian ever changes while a record takes part, and [`crate::verify`] compares them. Whoever writes a listing
//! relies on the person's partition, as for every other row of it.

use super::rows::{decode, encode};
use super::{RecordHead, person};
use crate::{Error, PersonId, RecordId};
use directory::{Identifier, InstitutionId};
use kv::Draft;
use serde::{Deserialize, Serialize};

/// The sort key of the listing: before the head, so that what loads members does not read it.
pub(crate) const LISTING: &[u8] = b"a";

/// A record as its person lists it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listed {
    /// The record.
    pub record: RecordId,
    /// Assigning authority and local id.
    pub identifier: Identifier,
    /// The custodian.
    pub institution: InstitutionId,
}

impl Listed {
    /// What a record's head says.
    pub(crate) fn of(record: RecordId, head: &RecordHead) -> Self {
        Self { record, identifier: head.identifier.clone(), institution: head.institution.clone() }
    }
}

/// The records of a person, by id; none of those that were merged into it.
pub(crate) fn decoded(bytes: &[u8]) -> Result<Vec<Listed>, Error> {
    decode("the listing of a person", bytes)
}

/// A record comes to a person.
pub(crate) fn enter(draft: &mut Draft<'_>, home: PersonId, listed: Listed) -> Result<(), Error> {
    change(draft, home, |records| {
        let place = records.binary_search_by_key(&listed.record, |known| known.record);
        match place {
            Ok(place) => drop(records.splice(place..=place, [listed])),
            Err(place) => records.insert(place, listed),
        }
    })
}

/// A record goes from a person.
pub(crate) fn leave(draft: &mut Draft<'_>, home: PersonId, record: RecordId) -> Result<(), Error> {
    change(draft, home, |records| records.retain(|known| known.record != record))
}

fn change(draft: &mut Draft<'_>, home: PersonId, apply: impl FnOnce(&mut Vec<Listed>)) -> Result<(), Error> {
    let key = person::partition(home).key(LISTING);
    let mut records = draft.get(&key)?.map(|bytes| decoded(&bytes)).transpose()?.unwrap_or_default();
    apply(&mut records);
    draft.put(key, encode("the listing of a person", &records)?);
    Ok(())
}
