//! The cross-reference of an identifier: who it is, and which other identifiers are of the same person.
//!
//! It reads the head of one record and the heads and listings of persons, never members or versions: it is the question
//! that is asked most.

use super::Visible;
use crate::store::listing::{self, LISTING};
use crate::store::{Listed, PersonHead, RecordState, decode, person, record};
use crate::{Error, Index, PersonId, RecordId, space};
use directory::{Identifier, Instant, InstitutionId};
use kv::{BUCKETS, Draft, Kv, Read};

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

/// Everything that is linked to what was asked for, read once, for answers to whoever may see some of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The record whose identifier was asked for; none when it was an enterprise id.
    asked: Option<(RecordId, InstitutionId)>,
    homes: Vec<Home>,
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
    Ok(linked(index, draft, identifier)?.and_then(|linked| linked.seen(visible)))
}

/// What is linked to an identifier; none when there is no such record.
///
/// # Errors
/// Those of the store.
pub fn linked(index: &Index<'_>, draft: &mut Draft<'_>, identifier: &Identifier) -> Result<Option<Linked>, Error> {
    let id = record::id_of(index.digester, identifier);
    let Some(head) = record::head(draft, id)? else { return Ok(None) };
    if head.state == RecordState::Erased {
        return Ok(None);
    }
    Ok(Some(Linked { asked: Some((id, head.institution)), homes: homes(draft, head.home)? }))
}

/// What looking an identifier up has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// What is linked to it.
    Asked(Linked),
    /// There is no such record; this is linked to another one, and nobody may be told of it.
    Other(Linked),
    /// There is no record at all.
    Nothing,
}

/// Looks an identifier up so that nobody can tell by the time of an answer whether there is such a record.
///
/// Whoever may not see a record is told the same as of one that does not exist, and would still notice that the one takes
/// longer: links and consents are read before anybody knows that it is hidden. So looking in vain reads another record
/// instead, the next in the order of digests: the same for the same identifier, and as ordinary as any.
///
/// # Errors
/// Those of the store.
pub fn look_up(kv: &dyn Kv, index: &Index<'_>, identifier: &Identifier) -> Result<Lookup, Error> {
    let id = record::id_of(index.digester, identifier);
    let Some((found, head)) = at_or_after(kv, id)? else { return Ok(Lookup::Nothing) };
    let homes = homes(&mut Draft::peeking(kv), head.home)?;
    let is_asked = found == id && head.state != RecordState::Erased;
    let linked = Linked { asked: Some((found, head.institution)), homes };
    Ok(if is_asked { Lookup::Asked(linked) } else { Lookup::Other(linked) })
}

/// The head of a record, or of the next one: in its bucket, from its beginning again, or in the next that has any.
fn at_or_after(kv: &dyn Kv, id: RecordId) -> Result<Option<(RecordId, record::RecordHead)>, Error> {
    // Before every row of the record, of which the head is the first.
    let before = record::partition(id).key([]);
    let own = before.partition.bucket();
    let mut found = kv.export(space::RECORD, own, Some(&before), 1)?.pop();
    for step in 0..BUCKETS {
        if found.is_some() {
            break;
        }
        let bucket = u8::try_from((u32::from(own) + step) % BUCKETS).unwrap_or(u8::MAX);
        found = kv.export(space::RECORD, bucket, None, 1)?.pop();
    }
    let Some((key, value)) = found else { return Ok(None) };
    record::head_of(&key, &value)?.ok_or(Error::Corrupt { what: "the rows of a record" }).map(Some)
}

/// What is linked to an enterprise id, merged or not; none when there is no such person.
///
/// # Errors
/// Those of the store.
pub fn linked_to(draft: &mut Draft<'_>, person: PersonId) -> Result<Option<Linked>, Error> {
    if draft.get(&person::partition(person).key(person::HEAD))?.is_none() {
        return Ok(None);
    }
    Ok(Some(Linked { asked: None, homes: homes(draft, person)? }))
}

/// The cross-reference of an enterprise id, merged or not; none when there is no such person or nothing of it is visible.
///
/// # Errors
/// Those of the store.
pub fn cross_reference_of(
    draft: &mut Draft<'_>,
    person: PersonId,
    visible: &Visible,
) -> Result<Option<CrossReference>, Error> {
    Ok(linked_to(draft, person)?.and_then(|linked| linked.seen(visible)))
}

impl Linked {
    /// What of it may be seen; none when what was asked for is hidden, or all of it.
    #[must_use]
    pub fn seen(&self, visible: &Visible) -> Option<CrossReference> {
        if self.asked.as_ref().is_some_and(|(record, institution)| !visible.shows(*record, institution)) {
            return None;
        }
        let mut given: Vec<(Instant, PersonId)> = Vec::new();
        let mut records = Vec::new();
        for (id, head, listed) in &self.homes {
            let before = records.len();
            let shown = listed.iter().filter(|listed| visible.shows(listed.record, &listed.institution));
            records.extend(shown.map(|listed| Reference {
                record: listed.record,
                identifier: listed.identifier.clone(),
                institution: listed.institution.clone(),
            }));
            if records.len() > before || *visible == Visible::All {
                given.push((head.created, *id));
            }
        }
        records.sort_by_key(|reference| reference.record);
        given.into_iter().min().map(|(_, person)| CrossReference { person, records })
    }
}

/// A home with its head and its own records.
type Home = (PersonId, PersonHead, Vec<Listed>);

/// The person of a home and all that is merged into it.
fn homes(draft: &mut Draft<'_>, home: PersonId) -> Result<Vec<Home>, Error> {
    let mut first = outline(draft, home)?;
    if first.1.merged_into.is_some() {
        let root = person::root(draft, home)?.ok_or(Error::Corrupt { what: "the home of a record" })?.0;
        first = outline(draft, root)?;
    }
    let mut found = vec![first];
    let mut next = 0;
    while let Some((_, head, _)) = found.get(next) {
        let absorbed: Vec<PersonId> = head.absorbed.iter().map(|pointer| pointer.person).collect();
        for id in absorbed {
            found.push(outline(draft, id)?);
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
fn outline(draft: &mut Draft<'_>, id: PersonId) -> Result<Home, Error> {
    let partition = person::partition(id);
    let answers = draft.read(&[Read::Get(partition.key(LISTING)), Read::Get(partition.key(person::HEAD))])?;
    let mut values = answers.iter().map(|answer| answer.rows.first().map(|(_, value)| value));
    let mut next = |what| values.next().flatten().ok_or(Error::Corrupt { what });
    let listed = listing::decoded(next("the listing of a person")?)?;
    let head = decode("person head", next("the home of a record")?)?;
    Ok((id, head, listed))
}
