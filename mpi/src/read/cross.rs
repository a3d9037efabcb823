//! The cross-reference of an identifier: who it is, and which other identifiers are of the same person.
//!
//! It reads heads only, never demographics: it is the question that is asked most.

use super::Visible;
use crate::store::{PersonHead, RecordHead, RecordState, decode, person, record};
use crate::{Error, Index, PersonId, RecordId};
use directory::{Identifier, Instant, InstitutionId};
use kv::{Draft, Read};

/// A record as others refer to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The record.
    pub record: RecordId,
    /// Assigning authority and local id.
    pub identifier: Identifier,
    /// The custodian.
    pub institution: InstitutionId,
}

/// A person with the visible identifiers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrossReference {
    /// The enterprise id, as [`super::PersonView::person`].
    pub person: PersonId,
    /// The visible records that take part, by id.
    pub records: Vec<Reference>,
}

/// The cross-reference of an identifier; none when there is no such record or it is hidden.
///
/// # Errors
/// Those of the store.
pub fn cross_reference(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    identifier: &Identifier,
    visible: &Visible,
) -> Result<Option<CrossReference>, Error> {
    let id = record::id_of(index.digester, identifier);
    let Some(head) = record::head(draft, id)? else { return Ok(None) };
    if !visible.shows(id, &head.institution) || head.state == RecordState::Erased {
        return Ok(None);
    }
    let homes = homes(index, draft, head.home)?;
    let mut given: Vec<(Instant, PersonId)> = Vec::new();
    let mut records = Vec::new();
    for (id, head, members) in homes {
        let heads = heads(draft, members)?;
        let shown: Vec<_> =
            heads.into_iter().filter(|(record, head)| visible.shows(*record, &head.institution)).collect();
        if !shown.is_empty() || *visible == Visible::All {
            given.push((head.created, id));
        }
        let active = shown.into_iter().filter(|(_, head)| head.state != RecordState::Erased);
        records.extend(active.map(|(record, head)| Reference {
            record,
            identifier: head.identifier,
            institution: head.institution,
        }));
    }
    records.sort_by_key(|reference| reference.record);
    Ok(given.into_iter().min().map(|(_, person)| CrossReference { person, records }))
}

/// A home with its head and the ids of its members.
type Home = (PersonId, PersonHead, Vec<RecordId>);

/// The person of a home and all that is merged into it.
fn homes(index: &Index<'_>, draft: &mut Draft<'_>, home: PersonId) -> Result<Vec<Home>, Error> {
    let mut first = outline(draft, home, index.generation)?;
    if first.1.merged_into.is_some() {
        let root = person::root(draft, home)?.ok_or(Error::Corrupt { what: "the home of a record" })?.0;
        first = outline(draft, root, index.generation)?;
    }
    let mut found = vec![first];
    let mut next = 0;
    while let Some((_, head, _)) = found.get(next) {
        let absorbed: Vec<PersonId> = head.absorbed.iter().map(|pointer| pointer.person).collect();
        for id in absorbed {
            found.push(outline(draft, id, index.generation)?);
        }
        next += 1;
        if found.len() > HOMES_MAX {
            return Err(Error::Corrupt { what: "a tree of merges" });
        }
    }
    Ok(found)
}

/// Persons that may be merged into one: more is a loop in the store.
const HOMES_MAX: usize = 10_000;

/// A person without what its members say.
fn outline(draft: &mut Draft<'_>, id: PersonId, generation: u8) -> Result<Home, Error> {
    let corrupt = || Error::Corrupt { what: "the home of a record" };
    let members = Read::Scan {
        partition: person::partition(id),
        from: [person::MEMBER, generation].into(),
        until: Some([person::MEMBER, generation + 1].into()),
        limit: u32::MAX,
        is_reverse: false,
    };
    let answers = draft.read(&[Read::Get(person::partition(id).key(person::HEAD)), members])?;
    let [head, members] = answers.as_slice() else { return Err(corrupt()) };
    let (_, head) = head.rows.first().ok_or_else(corrupt)?;
    let record = |sort: &[u8]| sort.get(2..).and_then(|id| id.try_into().ok()).map(RecordId).ok_or_else(corrupt);
    let members = members.rows.iter().map(|(sort, _)| record(sort)).collect::<Result<_, Error>>()?;
    Ok((id, decode("person head", head)?, members))
}

/// The heads of records, in one read.
fn heads(draft: &mut Draft<'_>, ids: Vec<RecordId>) -> Result<Vec<(RecordId, RecordHead)>, Error> {
    let wants: Vec<Read> = ids.iter().map(|id| Read::Get(record::partition(*id).key(record::HEAD))).collect();
    let answers = draft.read(&wants)?;
    let mut heads = Vec::with_capacity(ids.len());
    for (id, rows) in ids.into_iter().zip(answers) {
        let (_, bytes) = rows.rows.first().ok_or(Error::Corrupt { what: "a member of a person" })?;
        heads.push((id, decode("record head", bytes)?));
    }
    Ok(heads)
}
