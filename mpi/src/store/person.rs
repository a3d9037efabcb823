//! Persons: a head, the member records with what is needed to compare them, and what happened to the person.

use super::posting::KeyDigest;
use super::rows::{decode, encode};
use crate::{Actor, Error, MergeId, PersonId, RecordId, space};
use directory::{Instant, InstitutionId};
use kv::{Draft, Key, Partition, Read};
use linkage::arrival::Normalized;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What a person is, apart from its records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PersonHead {
    /// When the enterprise id was issued.
    pub created: Instant,
    /// The person that this one is merged into.
    pub merged_into: Option<Pointer>,
    /// Persons that are merged into this one.
    pub absorbed: Vec<Pointer>,
    /// Persons that a clerk has decided to be others: homes, whatever they are merged into.
    pub apart: Vec<PersonId>,
    /// Happenings so far.
    pub happenings: u32,
    /// Recorded time of the latest happening.
    pub latest: Instant,
}

/// One end of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Pointer {
    /// The person at the other end.
    pub person: PersonId,
    /// The merge.
    pub merge: MergeId,
    /// Whether the rules did it: the records of both then have to agree; what a clerk merged need not.
    pub is_automatic: bool,
}

/// A member record of a person, ready to be compared.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The normalised values.
    pub values: Normalized,
    /// The blocking keys.
    pub keys: Vec<KeyDigest>,
    /// The custodian of the record.
    pub institution: InstitutionId,
    /// Whether the source says that the person has died.
    pub is_dead: bool,
}

#[derive(Serialize, Deserialize)]
struct MemberRow {
    values: Vec<u8>,
    keys: Vec<KeyDigest>,
    institution: InstitutionId,
    is_dead: bool,
}

/// What happened to a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Happening {
    /// The enterprise id was issued.
    Created,
    /// A record came.
    Joined(RecordId),
    /// A record went.
    Left(RecordId),
    /// Merged into another person.
    MergedInto(PersonId, MergeId),
    /// That merge was undone.
    Separated(MergeId),
    /// Another person was merged into this one.
    Absorbed(PersonId, MergeId),
    /// That merge was undone.
    Released(PersonId, MergeId),
    /// A clerk decided that it is not this other person; by whom and why stands in an [`ApartRow`].
    KeptApart(PersonId),
    /// That decision was taken back; by whom and why stands in an [`ApartRow`].
    Reconciled(PersonId),
}

/// Who decided that two persons are two, or took it back, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ApartRow {
    /// Who.
    pub by: Actor,
    /// In words that name no person.
    pub reason: Box<str>,
}

/// A happening with its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PersonRow {
    /// Recorded time.
    pub at: Instant,
    /// What.
    pub what: Happening,
}

/// A person with its own records; those of absorbed persons are not among them.
#[derive(Clone, Debug)]
pub(crate) struct LoadedPerson {
    /// Which person.
    pub id: PersonId,
    /// The head.
    pub head: PersonHead,
    /// The records whose home this person is, by id.
    pub members: Vec<(RecordId, Member)>,
}

/// The sort key of the head.
pub(crate) const HEAD: &[u8] = b"h";
/// The first byte of the sort key of a member.
pub(crate) const MEMBER: u8 = b'r';
/// The first byte of the sort key of a happening.
pub(crate) const HAPPENING: u8 = b'e';
/// The first byte of the sort key of the reason of a happening, which has the happening's number.
pub(crate) const APART: u8 = b'w';

/// Records of one person beyond which no record joins it: a sink of wrong links, not a person. So many fit into its listing
/// when every authority, identifier and institution has the longest name that is taken.
pub(crate) const MEMBERS_MAX: u32 = 240;

/// The partition of a person.
pub(crate) fn partition(id: PersonId) -> Partition {
    Partition::new(space::PERSON, id.to_bytes())
}

fn member_key(id: PersonId, generation: u8, record: RecordId) -> Key {
    let mut sort = vec![MEMBER, generation];
    sort.extend_from_slice(&record.0);
    partition(id).key(sort)
}

/// The head of a person.
pub(crate) fn head(draft: &mut Draft<'_>, id: PersonId) -> Result<Option<PersonHead>, Error> {
    draft.get(&partition(id).key(HEAD))?.map(|bytes| decode("person head", &bytes)).transpose()
}

/// Persons with their members under one generation; those that do not exist are left out.
pub(crate) fn load(draft: &mut Draft<'_>, ids: &[PersonId], generation: u8) -> Result<Vec<LoadedPerson>, Error> {
    // The head sorts before the members, so that one scan reads both.
    let want = |id: &PersonId| Read::Scan {
        partition: partition(*id),
        from: HEAD.into(),
        until: Some([MEMBER, generation + 1].into()),
        limit: 1 + MEMBERS_MAX * (u32::from(generation) + 1),
        is_reverse: false,
    };
    let wants: Vec<Read> = ids.iter().map(want).collect();
    let answers = draft.read(&wants)?;
    let mut loaded = Vec::with_capacity(ids.len());
    for (id, answer) in ids.iter().zip(answers) {
        let mut rows = answer.rows.iter();
        let Some((sort, head)) = rows.next() else { continue };
        if **sort != *HEAD {
            return Err(Error::Corrupt { what: "person head" });
        }
        let members = rows.filter(|(sort, _)| sort.get(1) == Some(&generation));
        let members = members.map(|(sort, value)| member(sort, value)).collect::<Result<_, Error>>()?;
        loaded.push(LoadedPerson { id: *id, head: decode("person head", head)?, members });
    }
    Ok(loaded)
}

/// A member row: its record and what it says.
pub(crate) fn member(sort: &[u8], value: &[u8]) -> Result<(RecordId, Member), Error> {
    let corrupt = || Error::Corrupt { what: "member of a person" };
    let record = sort.get(2..).and_then(|id| id.try_into().ok()).map(RecordId).ok_or_else(corrupt)?;
    let row: MemberRow = decode("member of a person", value)?;
    let values = Normalized::from_bytes(&row.values).map_err(|_| corrupt())?;
    Ok((record, Member { values, keys: row.keys, institution: row.institution, is_dead: row.is_dead }))
}

/// Writes the head of a person.
pub(crate) fn put_head(draft: &mut Draft<'_>, id: PersonId, head: &PersonHead) -> Result<(), Error> {
    draft.put(partition(id).key(HEAD), encode("person head", head)?);
    Ok(())
}

/// Writes a member.
pub(crate) fn put_member(
    draft: &mut Draft<'_>,
    id: PersonId,
    generation: u8,
    (record, member): (RecordId, &Member),
) -> Result<(), Error> {
    draft.put(member_key(id, generation, record), member_bytes(member)?);
    Ok(())
}

/// A member as its row is written.
pub(crate) fn member_bytes(member: &Member) -> Result<Box<[u8]>, Error> {
    let row = MemberRow {
        values: member.values.to_bytes(),
        keys: member.keys.clone(),
        institution: member.institution.clone(),
        is_dead: member.is_dead,
    };
    encode("member of a person", &row)
}

/// The generations under which a person has member rows.
pub(crate) fn generations(draft: &mut Draft<'_>, id: PersonId) -> Result<BTreeSet<u8>, Error> {
    let rows = draft.scan(&partition(id), &[MEMBER], Some(&[MEMBER + 1]), u32::MAX)?;
    Ok(rows.rows.iter().filter_map(|(sort, _)| sort.get(1).copied()).collect())
}

/// Removes a member.
pub(crate) fn remove_member(draft: &mut Draft<'_>, id: PersonId, generation: u8, record: RecordId) {
    draft.delete(member_key(id, generation, record));
}

/// Appends what happened to a person; the head has to be written after it.
///
/// A request takes its time before it reads, so another with a later time may have been committed in between: what is
/// appended never goes back behind it.
pub(crate) fn note(draft: &mut Draft<'_>, id: PersonId, head: &mut PersonHead, row: PersonRow) -> Result<(), Error> {
    let mut sort = vec![HAPPENING];
    sort.extend_from_slice(&head.happenings.to_be_bytes());
    head.happenings += 1;
    head.latest = head.latest.max(row.at);
    let row = PersonRow { at: head.latest, ..row };
    draft.put(partition(id).key(sort), encode("happening", &row)?);
    Ok(())
}

/// Appends that a person is kept apart from another, or not any more, with who said so; the head has to be written after it.
pub(crate) fn note_apart(
    draft: &mut Draft<'_>,
    (id, head): (PersonId, &mut PersonHead),
    row: PersonRow,
    said: &ApartRow,
) -> Result<(), Error> {
    draft.put(apart_key(id, head.happenings), encode("why persons are kept apart", said)?);
    note(draft, id, head, row)
}

fn apart_key(id: PersonId, happening: u32) -> Key {
    let mut sort = vec![APART];
    sort.extend_from_slice(&happening.to_be_bytes());
    partition(id).key(sort)
}

/// Who said that a person is kept apart from another, or not any more, by the number of the happening.
pub(crate) fn apart_said(draft: &mut Draft<'_>, id: PersonId, happening: u32) -> Result<Option<ApartRow>, Error> {
    let found = draft.get(&apart_key(id, happening))?;
    found.map(|bytes| decode("why persons are kept apart", &bytes)).transpose()
}

/// All that happened to a person, oldest first.
pub(crate) fn happenings(draft: &mut Draft<'_>, id: PersonId) -> Result<Vec<PersonRow>, Error> {
    let rows = draft.scan(&partition(id), &[HAPPENING], Some(&[HAPPENING + 1]), u32::MAX)?;
    rows.rows.iter().map(|(_, value)| decode("happening", value)).collect()
}

/// The person that an id stands for today: merges are followed to their end.
pub(crate) fn root(draft: &mut Draft<'_>, id: PersonId) -> Result<Option<(PersonId, PersonHead)>, Error> {
    let mut at = id;
    for _ in 0..MERGES_DEEP_MAX {
        let Some(found) = head(draft, at)? else { return Ok(None) };
        match found.merged_into {
            Some(next) => at = next.person,
            None => return Ok(Some((at, found))),
        }
    }
    Err(Error::Corrupt { what: "a chain of merges" })
}

/// Merges that one id may be away from its person: each is a decision of somebody, and merging goes to the root.
pub(crate) const MERGES_DEEP_MAX: usize = 64;

/// A person and all that is merged into it, at any depth, the person first.
pub(crate) fn tree(draft: &mut Draft<'_>, root: PersonId, generation: u8) -> Result<Vec<LoadedPerson>, Error> {
    let mut found: Vec<LoadedPerson> = Vec::new();
    let mut wanted = vec![root];
    while !wanted.is_empty() {
        let loaded = load(draft, &wanted, generation)?;
        wanted = loaded.iter().flat_map(|person| &person.head.absorbed).map(|pointer| pointer.person).collect();
        found.extend(loaded);
        if found.len() > PERSONS_MERGED_MAX {
            return Err(Error::Corrupt { what: "a tree of merges" });
        }
    }
    Ok(found)
}

/// Persons that may be merged into one: more is a loop in the store.
const PERSONS_MERGED_MAX: usize = 10_000;
