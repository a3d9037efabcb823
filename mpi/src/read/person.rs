//! One person, as far as a caller may see.

use super::Visible;
use crate::golden::{GoldenRecord, Observation, Survivorship, golden};
use crate::life::LifeStatus;
use crate::store::{LoadedPerson, RecordHead, VersionRow, person as stored, record as source};
use crate::{Demographics, Error, Index, PersonId, RecordId, RecordState};
use directory::{AsOf, Identifier, Instant, InstitutionId};
use kv::Draft;

/// A record with the version that holds now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordView {
    /// The record.
    pub record: RecordId,
    /// Assigning authority and local id.
    pub identifier: Identifier,
    /// The custodian.
    pub institution: InstitutionId,
    /// The version that holds, counted from 1.
    pub version: u32,
    /// When the source says that it holds from.
    pub event_time: Instant,
    /// When it was taken.
    pub recorded: Instant,
    /// What it says; nothing after erasure.
    pub demographics: Demographics,
    /// What it says of life and death.
    pub life: LifeStatus,
    /// Whether the record takes part.
    pub state: RecordState,
}

/// A person as far as a caller may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonView {
    /// The enterprise id: the oldest of those that visible records were given.
    pub person: PersonId,
    /// Every enterprise id that visible records were given; all of them resolve to this person.
    pub persons: Vec<PersonId>,
    /// The visible records, by id.
    pub records: Vec<RecordView>,
}

/// The person behind an identifier; none when there is no such record or it is hidden.
///
/// # Errors
/// Those of the store.
pub fn resolve(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    identifier: &Identifier,
    visible: &Visible,
) -> Result<Option<PersonView>, Error> {
    let id = source::id_of(index.digester, identifier);
    let Some(head) = source::head(draft, id)? else { return Ok(None) };
    if !visible.shows(id, &head.institution) || head.state == RecordState::Erased {
        return Ok(None);
    }
    view(index, draft, head.home, visible)
}

/// A person by any of its enterprise ids; none when there is none or all its records are hidden, and also when the id
/// was given to hidden records only: nobody would have been given it without them.
///
/// # Errors
/// Those of the store.
pub fn person(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    id: PersonId,
    visible: &Visible,
) -> Result<Option<PersonView>, Error> {
    let Some(found) = view(index, draft, id, visible)? else { return Ok(None) };
    let is_known = *visible == Visible::All || found.persons.contains(&id);
    Ok(is_known.then_some(found))
}

/// A record by its id; none when there is none or it is hidden.
///
/// # Errors
/// Those of the store.
pub fn record(draft: &mut Draft<'_>, id: RecordId, visible: &Visible) -> Result<Option<RecordView>, Error> {
    let Some(head) = source::head(draft, id)? else { return Ok(None) };
    if !visible.shows(id, &head.institution) {
        return Ok(None);
    }
    let current = source::version(draft, id, head.current)?;
    Ok(Some(record_view(id, head, current.ok_or(Error::Corrupt { what: "the current version of a record" })?)))
}

fn view(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    id: PersonId,
    visible: &Visible,
) -> Result<Option<PersonView>, Error> {
    let Some((root, _)) = stored::root(draft, id)? else { return Ok(None) };
    let homes = stored::tree(draft, root, index.generation)?;
    let mut records = Vec::new();
    for (id, member) in homes.iter().flat_map(|home| &home.members) {
        if visible.shows(*id, &member.institution) {
            records.extend(record(draft, *id, &Visible::All)?);
        }
    }
    records.sort_by_key(|record| record.record);
    let persons = given(&homes, visible);
    // An emptied person still resolves, for those who see everything.
    let person = persons.first().copied().or((*visible == Visible::All).then_some(root));
    Ok(person.map(|person| PersonView { person, persons, records }))
}

/// The enterprise ids that visible records were given, the one that survives first.
pub(super) fn given(homes: &[LoadedPerson], visible: &Visible) -> Vec<PersonId> {
    let is_given = |home: &&LoadedPerson| {
        *visible == Visible::All || home.members.iter().any(|(id, member)| visible.shows(*id, &member.institution))
    };
    let mut given: Vec<(Instant, PersonId)> =
        homes.iter().filter(is_given).map(|home| (home.head.created, home.id)).collect();
    given.sort_unstable();
    given.into_iter().map(|(_, id)| id).collect()
}

fn record_view(id: RecordId, head: RecordHead, current: VersionRow) -> RecordView {
    RecordView {
        record: id,
        identifier: head.identifier,
        institution: head.institution,
        version: head.current,
        event_time: current.event_time,
        recorded: current.recorded,
        demographics: current.demographics.unwrap_or_default(),
        life: current.life,
        state: head.state,
    }
}

impl PersonView {
    /// The best-known demographics of the person, from the visible records.
    #[must_use]
    pub fn golden(&self, index: &Index<'_>, rules: &Survivorship, now: Instant) -> GoldenRecord {
        let kind = |institution: &InstitutionId| {
            let known = index.directory.institution(institution, AsOf { valid: now, recorded: now });
            known.map_or("other", |institution| institution.kind.word())
        };
        let observations: Vec<Observation<'_>> = self
            .records
            .iter()
            .map(|record| Observation {
                record: record.record,
                version: record.version,
                institution: record.institution.as_str(),
                institution_kind: kind(&record.institution),
                event_time: record.event_time,
                demographics: &record.demographics,
            })
            .collect();
        golden(rules, index.model.tables(), &observations)
    }
}
