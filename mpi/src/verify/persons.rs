//! Persons: members, happenings, and the pointers of merges.

use super::records::digest_listed;
use super::{Check, is_in_order, number, short};
use crate::store::listing::{self, LISTING};
use crate::store::person::{APART, HAPPENING, HEAD, MEMBER, MERGES_DEEP_MAX, member};
use crate::store::{ApartRow, Happening, KeyDigest, Listed, PersonHead, PersonRow, decode};
use crate::{Error, MergeId, PersonId, RecordId};
use kv::{Freshness, Partition, Read};
use std::collections::{BTreeMap, BTreeSet};

/// What a person is by all that happened to it.
#[derive(Default)]
struct Replayed {
    members: BTreeSet<RecordId>,
    merged_into: Option<(PersonId, MergeId)>,
    absorbed: BTreeMap<MergeId, PersonId>,
    is_lawful: bool,
}

/// Plays the happenings of a person.
fn replay(rows: &[PersonRow]) -> Replayed {
    let mut person = Replayed { is_lawful: true, ..Replayed::default() };
    for (number, row) in rows.iter().enumerate() {
        person.is_lawful &= match row.what {
            Happening::Created => number == 0,
            Happening::Joined(record) => person.members.insert(record),
            Happening::Left(record) => person.members.remove(&record),
            Happening::MergedInto(to, merge) => person.merged_into.replace((to, merge)).is_none(),
            Happening::Separated(merge) => person.merged_into.take().is_some_and(|(_, known)| known == merge),
            Happening::Absorbed(other, merge) => person.absorbed.insert(merge, other).is_none(),
            Happening::Released(other, merge) => person.absorbed.remove(&merge) == Some(other),
            Happening::KeptApart(_) | Happening::Reconciled(_) => true,
        };
    }
    person
}

impl Check<'_> {
    pub(super) fn person(&mut self, part: &[u8], rows: &[kv::Row]) -> Result<(), Error> {
        let Some(id) = PersonId::from_bytes(part) else {
            self.fail("a person has an id of 8 bytes", "a person".into());
            return Ok(());
        };
        let place = || format!("person {:011}", id.number());
        self.done.counts.persons += 1;
        self.persons.insert(id);
        let mut head: Option<PersonHead> = None;
        let mut happenings: Vec<PersonRow> = Vec::new();
        let mut members = BTreeSet::new();
        let mut listed = Vec::new();
        let mut keys: BTreeSet<Partition> = BTreeSet::new();
        let mut reasons: BTreeSet<u32> = BTreeSet::new();
        for (sort, value) in rows {
            match sort.first() {
                Some(_) if **sort == *HEAD => head = self.decoded(decode("person head", value), &place),
                Some(_) if **sort == *LISTING => {
                    listed = self.decoded(listing::decoded(value), &place).unwrap_or_default();
                }
                Some(&HAPPENING) => {
                    let is_next = number(sort).is_some_and(|number| number as usize == happenings.len());
                    self.require(is_next, "happenings are numbered from 0 without gaps", &place);
                    happenings.extend(self.decoded(decode::<PersonRow>("happening", value), &place));
                }
                Some(&MEMBER) => self.member(id, (sort, value), &mut members, &mut keys),
                Some(&APART) => {
                    self.decoded(decode::<ApartRow>("why persons are kept apart", value), &place);
                    reasons.extend(number(sort));
                }
                _ => self.fail("a person has rows of known kinds", place()),
            }
        }
        let Some(head) = head else {
            self.fail("a person has a head", place());
            return Ok(());
        };
        let is_counted = head.happenings as usize == happenings.len();
        self.require(is_counted, "the head counts the happenings", &place);
        let is_begun = happenings.first().is_some_and(|row| row.what == Happening::Created && row.at == head.created);
        self.require(is_begun, "a person begins with the issue of its id", &place);
        self.require(is_in_order(happenings.iter().map(|row| row.at)), "happenings are in the order of time", &place);
        let is_decided = |row: &PersonRow| matches!(row.what, Happening::KeptApart(_) | Happening::Reconciled(_));
        let decided: BTreeSet<u32> =
            (0..).zip(&happenings).filter(|(_, row)| is_decided(row)).map(|(number, _)| number).collect();
        self.require(reasons == decided, "every decision to keep persons apart has its reason", &place);
        let replayed = replay(&happenings);
        self.require(replayed.is_lawful, "no happening contradicts an earlier one", &place);
        self.require(replayed.members == members, "the members are those that came and did not go", &place);
        self.listing(&listed, &replayed.members, &place)?;
        let upwards = head.merged_into.map(|pointer| (pointer.person, pointer.merge));
        self.require(replayed.merged_into == upwards, "the pointer is that of the last merge", &place);
        let absorbed: BTreeMap<MergeId, PersonId> = head.absorbed.iter().map(|p| (p.merge, p.person)).collect();
        self.require(replayed.absorbed == absorbed, "the absorbed are those merged and not released", &place);
        self.note_head(id, &head);
        self.posted(id, &keys, &place)
    }

    fn member(
        &mut self,
        home: PersonId,
        (sort, value): (&[u8], &[u8]),
        members: &mut BTreeSet<RecordId>,
        keys: &mut BTreeSet<Partition>,
    ) {
        let place = || format!("person {:011}", home.number());
        self.done.counts.members += 1;
        let Some((record, row)) = self.decoded(member(sort, value), &place) else { return };
        let place = || format!("record {record} with person {:011}", home.number());
        keys.extend(row.keys.iter().copied().map(KeyDigest::partition));
        let is_in_use = sort.get(1) == Some(&self.index.generation);
        let note = self.records.get_mut(&record);
        let is_home = note.as_ref().is_some_and(|note| note.home == home && note.member.is_some());
        if !is_in_use {
            self.done.counts.members_unchecked += 1;
            self.require(is_home, "a person lists only records whose home it is", &place);
            return;
        }
        members.insert(record);
        let mut is_same = true;
        if let Some(note) = note.filter(|_| is_home) {
            note.is_seen = true;
            is_same = note.member == Some(short(value));
        }
        self.require(is_home, "a person lists only records whose home it is", &place);
        self.require(is_same, "a member is what its record says now", &place);
    }

    /// The listing names the members, each as its own head does.
    fn listing(
        &mut self,
        listed: &[Listed],
        members: &BTreeSet<RecordId>,
        place: &dyn Fn() -> String,
    ) -> Result<(), Error> {
        let is_whole = listed.iter().map(|listed| listed.record).eq(members.iter().copied());
        self.require(is_whole, "a person lists its members, by id", place);
        for listed in listed {
            let digest = digest_listed(listed)?;
            let note = self.records.get(&listed.record);
            let is_same = note.is_some_and(|note| note.listed == Some(digest));
            self.require(is_same, "a listed record is called as its head says", place);
        }
        Ok(())
    }

    fn note_head(&mut self, id: PersonId, head: &PersonHead) {
        if let Some(pointer) = head.merged_into {
            self.merged_into.insert(id, pointer.person);
            let ends = self.merges.entry(pointer.merge).or_default();
            ends.upwards.push((id, pointer.person, pointer.is_automatic));
        }
        for pointer in &head.absorbed {
            let ends = self.merges.entry(pointer.merge).or_default();
            ends.downwards.push((pointer.person, id, pointer.is_automatic));
        }
        self.apart.extend(head.apart.iter().map(|other| (id, *other)));
    }

    /// Looks for the postings of a person's keys.
    fn posted(&mut self, id: PersonId, keys: &BTreeSet<Partition>, place: &dyn Fn() -> String) -> Result<(), Error> {
        let wants: Vec<Read> = keys.iter().map(|key| Read::Get(key.key(id.to_bytes()))).collect();
        let found = self.kv.read(&wants, Freshness::Latest)?;
        let found = found.iter().filter(|rows| !rows.rows.is_empty()).count();
        self.postings_found += found as u64;
        self.require(found == keys.len(), "a person is posted under every key of its members", place);
        Ok(())
    }

    pub(super) fn agree_on_homes(&mut self) {
        let unlisted: Vec<RecordId> =
            self.records.iter().filter(|(_, note)| note.member.is_some() && !note.is_seen).map(|(id, _)| *id).collect();
        for record in unlisted {
            self.fail("the home of a record lists it", format!("record {record}"));
        }
        let homeless: Vec<RecordId> =
            self.records.iter().filter(|(_, note)| !self.persons.contains(&note.home)).map(|(id, _)| *id).collect();
        for record in homeless {
            self.fail("the home of a record exists", format!("record {record}"));
        }
        let lone: Vec<RecordId> =
            self.relationships.iter().filter(|(_, count)| *count % 2 != 0).map(|((id, _), _)| *id).collect();
        for record in lone {
            self.fail("a relationship stands with both records", format!("record {record}"));
        }
        let one_sided: Vec<(PersonId, PersonId)> =
            self.apart.iter().filter(|(one, other)| !self.apart.contains(&(*other, *one))).copied().collect();
        for (one, other) in one_sided {
            let place = format!("persons {:011} and {:011}", one.number(), other.number());
            self.fail("persons are kept apart from both sides", place);
        }
        let circular: Vec<PersonId> =
            self.merged_into.keys().filter(|id| !ends_somewhere(&self.merged_into, **id)).copied().collect();
        for id in circular {
            self.fail("a chain of merges ends", format!("person {:011}", id.number()));
        }
    }
}

fn ends_somewhere(merged_into: &BTreeMap<PersonId, PersonId>, id: PersonId) -> bool {
    let mut at = id;
    for _ in 0..MERGES_DEEP_MAX {
        match merged_into.get(&at) {
            Some(next) => at = *next,
            None => return true,
        }
    }
    false
}
