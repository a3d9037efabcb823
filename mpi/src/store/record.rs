//! Source records: a head, every version as it came, every move between persons.

use super::rows::{decode, encode};
use crate::life::{LifeStatus, RelationshipRow};
use crate::{Actor, Basis, Demographics, Error, PersonId, RecordId, Standing, TaskId, space};
use directory::{Identifier, Instant, InstitutionId};
use kv::{Digester, Draft, Key, Partition};
use serde::{Deserialize, Serialize};

/// What a record is, apart from its versions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordHead {
    /// Assigning authority and local id.
    pub identifier: Identifier,
    /// The custodian.
    pub institution: InstitutionId,
    /// The version that holds now, counted from 1.
    pub current: u32,
    /// Versions so far.
    pub versions: u32,
    /// The person that the record belongs to; merges are not followed.
    pub home: PersonId,
    /// Moves so far.
    pub moves: u32,
    /// Recorded time of the latest version or move.
    pub latest: Instant,
    /// What clerks have decided about this record and others.
    pub constraints: Vec<(RecordId, Constraint)>,
    /// Whether the record takes part.
    pub state: RecordState,
}

/// A clerk's decision about two records: it beats any score, and survives every change of rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Constraint {
    /// The two are of one person.
    MustLink,
    /// The two are of different persons.
    DoNotLink,
}

/// Whether a record takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RecordState {
    /// It does.
    Active,
    /// It does, with its last good version: a later one looks like another person and waits for a decision.
    Quarantined {
        /// The version that waits.
        version: u32,
        /// The task that decides.
        task: TaskId,
    },
    /// Its values were erased by law; what is left is a tombstone.
    Erased,
}

/// One version of a record, as the source sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VersionRow {
    /// When the source says that this holds from.
    pub event_time: Instant,
    /// When it was taken.
    pub recorded: Instant,
    /// Who sent it.
    pub actor: Actor,
    /// What it says; none after erasure.
    pub demographics: Option<Demographics>,
    /// What it says of life and death.
    pub life: LifeStatus,
    /// What became of it when it was taken: with the task about a waiting one, enough to say what held at any instant.
    pub standing: Standing,
}

/// A move of a record to a person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MoveRow {
    /// Recorded time.
    pub at: Instant,
    /// Where to.
    pub to: PersonId,
    /// Why.
    pub basis: Basis,
}

/// The sort key of the head.
pub(crate) const HEAD: &[u8] = b"h";
/// The first byte of the sort key of a relationship.
pub(crate) const RELATIONSHIP: u8 = b'k';
/// The first byte of the sort key of a move.
pub(crate) const MOVE: u8 = b'm';
/// The first byte of the sort key of a version.
pub(crate) const VERSION: u8 = b'v';

/// The id of a record.
pub(crate) fn id_of(digester: &Digester, identifier: &Identifier) -> RecordId {
    let authority = identifier.authority().as_str().as_bytes();
    RecordId(digester.digest("source record", &[authority, identifier.value().as_bytes()]))
}

/// The partition of a record.
pub(crate) fn partition(id: RecordId) -> Partition {
    Partition::new(space::RECORD, id.0)
}

/// The key of a numbered row of a record.
pub(crate) fn numbered(id: RecordId, kind: u8, number: u32) -> Key {
    let mut sort = vec![kind];
    sort.extend_from_slice(&number.to_be_bytes());
    partition(id).key(sort)
}

/// The head of a record.
pub(crate) fn head(draft: &mut Draft<'_>, id: RecordId) -> Result<Option<RecordHead>, Error> {
    draft.get(&partition(id).key(HEAD))?.map(|bytes| decode("record head", &bytes)).transpose()
}

/// The record of an exported row that is a head.
pub(crate) fn head_of(key: &Key, value: &[u8]) -> Result<Option<(RecordId, RecordHead)>, Error> {
    if *key.sort != *HEAD {
        return Ok(None);
    }
    let id = key.partition.part.as_ref().try_into().map_err(|_| Error::Corrupt { what: "record head" })?;
    Ok(Some((RecordId(id), decode("record head", value)?)))
}

/// Writes the head of a record.
pub(crate) fn put_head(draft: &mut Draft<'_>, id: RecordId, head: &RecordHead) -> Result<(), Error> {
    draft.put(partition(id).key(HEAD), encode("record head", head)?);
    Ok(())
}

/// One version of a record.
pub(crate) fn version(draft: &mut Draft<'_>, id: RecordId, number: u32) -> Result<Option<VersionRow>, Error> {
    draft.get(&numbered(id, VERSION, number))?.map(|bytes| decode("record version", &bytes)).transpose()
}

/// All versions of a record, oldest first, with their numbers.
pub(crate) fn versions(draft: &mut Draft<'_>, id: RecordId) -> Result<Vec<(u32, VersionRow)>, Error> {
    let rows = draft.scan(&partition(id), &[VERSION], Some(&[VERSION + 1]), u32::MAX)?;
    let decoded = rows.rows.iter().map(|(_, value)| decode("record version", value));
    (1..).zip(decoded).map(|(number, row)| Ok((number, row?))).collect()
}

/// Writes a version; erasure alone writes one that exists.
pub(crate) fn put_version(draft: &mut Draft<'_>, id: RecordId, number: u32, row: &VersionRow) -> Result<(), Error> {
    draft.put(numbered(id, VERSION, number), encode("record version", row)?);
    Ok(())
}

/// Appends a move; the head has to be written after it.
pub(crate) fn note_move(
    draft: &mut Draft<'_>,
    id: RecordId,
    head: &mut RecordHead,
    row: &MoveRow,
) -> Result<(), Error> {
    head.latest = head.latest.max(row.at);
    let row = MoveRow { at: head.latest, ..row.clone() };
    draft.put(numbered(id, MOVE, head.moves), encode("move", &row)?);
    head.moves += 1;
    head.home = row.to;
    Ok(())
}

/// All moves of a record, oldest first.
pub(crate) fn moves(draft: &mut Draft<'_>, id: RecordId) -> Result<Vec<MoveRow>, Error> {
    let rows = draft.scan(&partition(id), &[MOVE], Some(&[MOVE + 1]), u32::MAX)?;
    rows.rows.iter().map(|(_, value)| decode("move", value)).collect()
}

/// All that was said of a record's relationships, oldest first.
pub(crate) fn relationships(draft: &mut Draft<'_>, id: RecordId) -> Result<Vec<RelationshipRow>, Error> {
    let rows = draft.scan(&partition(id), &[RELATIONSHIP], Some(&[RELATIONSHIP + 1]), u32::MAX)?;
    rows.rows.iter().map(|(_, value)| decode("relationship", value)).collect()
}
