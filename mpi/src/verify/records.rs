//! Records: versions, moves, and what a home has to know of them.

use super::{Check, RecordNote, is_in_order, number, short};
use crate::life::RelationshipRow;
use crate::store::record::{HEAD, MOVE, RELATIONSHIP, VERSION, id_of};
use crate::store::{Listed, Member, MoveRow, RecordHead, RecordState, VersionRow, decode, person};
use crate::{Error, RecordId, Standing};

/// The rows of a record, decoded.
#[derive(Default)]
struct Rows {
    head: Option<RecordHead>,
    versions: Vec<VersionRow>,
    moves: Vec<MoveRow>,
    relationships: Vec<RelationshipRow>,
}

impl Check<'_> {
    pub(super) fn record(&mut self, part: &[u8], rows: &[kv::Row]) -> Result<(), Error> {
        let Some(id) = part.try_into().ok().map(RecordId) else {
            self.fail("a record has an id of 16 bytes", "a record".into());
            return Ok(());
        };
        let place = || format!("record {id}");
        self.done.counts.records += 1;
        let rows = self.record_rows(rows, &place);
        let Some(head) = rows.head.as_ref() else {
            self.fail("a record has a head", place());
            return Ok(());
        };
        let (versions, moves) = (rows.versions.len(), rows.moves.len());
        self.require(head.versions as usize == versions, "the head counts the versions", &place);
        self.require(head.moves as usize == moves, "the head counts the moves", &place);
        let last = rows.moves.last();
        self.require(last.is_some_and(|row| row.to == head.home), "the last move ends at the home", &place);
        self.require(is_in_order(rows.moves.iter().map(|row| row.at)), "moves are in the order of time", &place);
        let recorded = rows.versions.iter().map(|row| row.recorded);
        self.require(is_in_order(recorded), "versions are in the order of recorded time", &place);
        let is_erased = head.state == RecordState::Erased;
        self.done.counts.erased += u64::from(is_erased);
        let is_bare = rows.versions.iter().all(|row| row.demographics.is_none());
        self.require(is_bare || !is_erased, "an erased record has no values", &place);
        let is_own = is_erased || id_of(self.index.digester, &head.identifier) == id;
        self.require(is_own, "the id of a record is the digest of its identifier", &place);
        if let RecordState::Quarantined { version, task } = head.state {
            let standing = at(&rows.versions, version).map(|row| row.standing);
            self.require(standing == Some(Standing::Quarantined), "the version that waits was kept aside", &place);
            self.quarantined.push((id, version, task));
        }
        self.relationships_of(id, &rows.relationships, &place)?;
        let current = at(&rows.versions, head.current);
        self.require(current.is_some(), "the current version exists", &place);
        let held = current.is_none_or(|row| row.standing != Standing::History);
        self.require(held, "what became history when it came never holds", &place);
        let member = match current {
            Some(current) if !is_erased => Some(self.expected(head, current)?),
            _ => None,
        };
        let listed = if is_erased { None } else { Some(digest_listed(&Listed::of(id, head))?) };
        let note = RecordNote { home: head.home, versions: head.versions, member, listed, is_seen: false };
        self.records.insert(id, note);
        Ok(())
    }

    fn record_rows(&mut self, rows: &[kv::Row], place: &dyn Fn() -> String) -> Rows {
        let mut found = Rows::default();
        for (sort, value) in rows {
            match sort.first() {
                Some(_) if **sort == *HEAD => found.head = self.decoded(decode("record head", value), place),
                Some(&VERSION) => {
                    let is_next = number(sort).is_some_and(|number| number as usize == found.versions.len() + 1);
                    self.require(is_next, "versions are numbered from 1 without gaps", place);
                    found.versions.extend(self.decoded(decode::<VersionRow>("record version", value), place));
                }
                Some(&MOVE) => {
                    let is_next = number(sort).is_some_and(|number| number as usize == found.moves.len());
                    self.require(is_next, "moves are numbered from 0 without gaps", place);
                    found.moves.extend(self.decoded(decode::<MoveRow>("move", value), place));
                }
                Some(&RELATIONSHIP) => {
                    let is_next = number(sort).is_some_and(|number| number as usize == found.relationships.len());
                    self.require(is_next, "relationships are numbered from 0 without gaps", place);
                    found.relationships.extend(self.decoded(decode::<RelationshipRow>("relationship", value), place));
                }
                _ => self.fail("a record has rows of known kinds", place()),
            }
        }
        self.done.counts.versions += found.versions.len() as u64;
        self.done.counts.moves += found.moves.len() as u64;
        self.done.counts.relationships += found.relationships.len() as u64;
        found
    }

    /// Counts the rows of relationships that stand with one of two records, for [`Check::agree_on_homes`].
    fn relationships_of(
        &mut self,
        id: RecordId,
        rows: &[RelationshipRow],
        place: &dyn Fn() -> String,
    ) -> Result<(), Error> {
        for row in rows {
            let Some(other) = row.relationship.other(id) else {
                self.fail("a relationship stands with its records", place());
                continue;
            };
            let digest = short(&crate::store::encode("relationship", row)?);
            *self.relationships.entry((id.max(other), digest)).or_default() += 1;
        }
        Ok(())
    }

    /// What the home has to hold of a record.
    fn expected(&self, head: &RecordHead, current: &VersionRow) -> Result<[u8; 16], Error> {
        let profile = self.index.profile(&current.demographics.clone().unwrap_or_default());
        let member = Member {
            values: profile.values,
            keys: profile.keys,
            institution: head.institution.clone(),
            is_dead: current.life.is_dead(),
        };
        Ok(short(&person::member_bytes(&member)?))
    }
}

/// The digest of what a person's listing has to say of a record.
pub(super) fn digest_listed(listed: &Listed) -> Result<[u8; 16], Error> {
    Ok(short(&crate::store::encode("listed record", listed)?))
}

fn at(versions: &[VersionRow], number: u32) -> Option<&VersionRow> {
    versions.get((number as usize).checked_sub(1)?)
}
