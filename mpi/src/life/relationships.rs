//! Keeps relationships between source records: rows that are appended with both records, and taken back by another row.

use super::{Relationship, RelationshipKind};
use crate::event::{Event, log};
use crate::store::{RecordState, encode, record};
use crate::{Actor, Error, RecordId, Refusal, Stamp, Visible};
use directory::Instant;
use kv::Draft;
use serde::{Deserialize, Serialize};

/// A relationship as it was stated or taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RelationshipRow {
    /// The relationship from here on.
    pub relationship: Relationship,
    /// Recorded time.
    pub recorded: Instant,
    /// Who said so.
    pub actor: Actor,
}

/// Joins two source records. Of two that were born together the lower id comes first, whichever was named first.
///
/// # Errors
/// [`Refusal`] when a record does not exist or was erased, both are one, or the two are joined in this way already.
pub fn relate(
    draft: &mut Draft<'_>,
    kind: RelationshipKind,
    (first, second): (RecordId, RecordId),
    event_time: Instant,
    stamp: &Stamp,
) -> Result<Relationship, Error> {
    let (first, second) = ordered(kind, first, second);
    if first == second {
        return Err(Refusal::State("a record has no relationship with itself").into());
    }
    if standing(draft, kind, (first, second))?.is_some_and(|known| known.ended.is_none()) {
        return Err(Refusal::State("the two records are joined in this way already").into());
    }
    let relationship = Relationship { kind, first, second, event_time, ended: None };
    append(draft, &relationship, stamp)?;
    Ok(relationship)
}

/// Takes a relationship back from an instant on; from its own beginning on, it never held.
///
/// # Errors
/// [`Refusal`] when the two are not joined in this way.
pub fn stop_relating(
    draft: &mut Draft<'_>,
    kind: RelationshipKind,
    (first, second): (RecordId, RecordId),
    ended: Instant,
    stamp: &Stamp,
) -> Result<Relationship, Error> {
    let (first, second) = ordered(kind, first, second);
    let known = standing(draft, kind, (first, second))?.filter(|known| known.ended.is_none());
    let known = known.ok_or(Refusal::State("the two records are not joined in this way"))?;
    let relationship = Relationship { ended: Some(ended.max(known.event_time)), ..known };
    append(draft, &relationship, stamp)?;
    Ok(relationship)
}

/// What is said now of a record and others, also what has ended; with hidden records it has none.
///
/// # Errors
/// Those of the store.
pub fn relationships(draft: &mut Draft<'_>, id: RecordId, visible: &Visible) -> Result<Vec<Relationship>, Error> {
    let Some(own) = record::head(draft, id)? else { return Ok(Vec::new()) };
    if !visible.shows(id, &own.institution) {
        return Ok(Vec::new());
    }
    let mut found: Vec<Relationship> = Vec::new();
    for row in record::relationships(draft, id)? {
        let relationship = row.relationship;
        let key = |of: &Relationship| (of.kind, of.first, of.second);
        // Beginning again after an end is a relationship of its own; an end belongs to the beginning before it.
        found.retain(|known| key(known) != key(&relationship) || known.event_time != relationship.event_time);
        let Some(other) = relationship.other(id) else { continue };
        let is_shown = record::head(draft, other)?.is_some_and(|head| visible.shows(other, &head.institution));
        if is_shown {
            found.push(relationship);
        }
    }
    Ok(found)
}

fn ordered(kind: RelationshipKind, first: RecordId, second: RecordId) -> (RecordId, RecordId) {
    match kind {
        RelationshipKind::BornWith => (first.min(second), first.max(second)),
        RelationshipKind::NewbornOf => (first, second),
    }
}

/// The last word on two records.
fn standing(
    draft: &mut Draft<'_>,
    kind: RelationshipKind,
    (first, second): (RecordId, RecordId),
) -> Result<Option<Relationship>, Error> {
    let said = record::relationships(draft, first)?.into_iter().map(|row| row.relationship);
    Ok(said.filter(|known| (known.kind, known.first, known.second) == (kind, first, second)).last())
}

fn append(draft: &mut Draft<'_>, relationship: &Relationship, stamp: &Stamp) -> Result<(), Error> {
    let Relationship { first, second, .. } = *relationship;
    let row = RelationshipRow { relationship: *relationship, recorded: stamp.now, actor: stamp.actor.clone() };
    for id in [first, second] {
        draft.rely(&record::partition(id))?;
        let head = record::head(draft, id)?.ok_or(Refusal::NoRecord(id))?;
        if head.state == RecordState::Erased {
            return Err(Refusal::State("the record was erased by law").into());
        }
        let number = record::relationships(draft, id)?.len();
        let number = u32::try_from(number).map_err(|_| Error::Corrupt { what: "relationships of a record" })?;
        draft.put(record::numbered(id, record::RELATIONSHIP, number), encode("relationship", &row)?);
    }
    log(draft, &Event::Related { record: first, other: second })
}
