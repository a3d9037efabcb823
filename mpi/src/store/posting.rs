//! Postings: which persons have a record with a blocking key.
//!
//! One row per key and person, so that two arrivals write beside each other and not over each other. The partition's
//! version guards the birth of a person: whoever creates one relies on every strong key that it consulted.

use super::person::LoadedPerson;
use crate::{Error, PersonId, RecordId, space};
use kv::{Digester, Draft, Partition, Read};
use linkage::arrival::RecordKey;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A blocking key as it stands in the store: a keyed digest, and whether it guards the birth of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct KeyDigest {
    digest: [u8; 16],
    /// Whether records that agree on the key are so likely one person that nobody may create a second one unseen.
    pub is_strong: bool,
}

/// Persons read per key: a block of more is no evidence, and each costs a read. Reaching it is counted.
pub(crate) const PERSONS_PER_KEY_MAX: u32 = 200;

/// The key of a record as it stands in the store, under one generation of blocking rules.
pub(crate) fn posting_part(digester: &Digester, generation: u8, key: &RecordKey) -> KeyDigest {
    let digest = digester.digest("blocking key", &[&[generation, key.rule], &key.key.to_be_bytes()]);
    KeyDigest { digest, is_strong: key.is_strong }
}

impl KeyDigest {
    /// The partition of the key.
    pub(crate) fn partition(self) -> Partition {
        Partition::new(space::POSTING, self.digest)
    }
}

/// Persons that share a key with a record.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// The persons, as homes: merges are not followed yet.
    pub persons: BTreeSet<PersonId>,
    /// Keys whose block was larger than is read.
    pub cut: u32,
}

/// Everybody who shares a key.
pub(crate) fn reach(draft: &mut Draft<'_>, keys: &[KeyDigest]) -> Result<Reached, Error> {
    let wants: Vec<Read> = keys
        .iter()
        .map(|key| Read::Scan {
            partition: key.partition(),
            from: [].into(),
            until: None,
            limit: PERSONS_PER_KEY_MAX,
            is_reverse: false,
        })
        .collect();
    let mut reached = Reached::default();
    for rows in draft.read(&wants)? {
        reached.cut += u32::from(rows.has_more);
        for (sort, _) in rows.rows {
            reached.persons.insert(PersonId::from_bytes(&sort).ok_or(Error::Corrupt { what: "posting" })?);
        }
    }
    Ok(reached)
}

/// Says that a person has records with these keys.
pub(crate) fn post(draft: &mut Draft<'_>, keys: &[KeyDigest], person: PersonId) {
    for key in keys {
        draft.put(key.partition().key(person.to_bytes()), []);
    }
}

/// Takes back the postings that only one record of a person had.
pub(crate) fn retract(draft: &mut Draft<'_>, keys: &[KeyDigest], record: RecordId, person: &LoadedPerson) {
    let others = person.members.iter().filter(|(id, _)| *id != record);
    let kept: BTreeSet<&KeyDigest> = others.flat_map(|(_, member)| &member.keys).collect();
    for key in keys.iter().filter(|key| !kept.contains(key)) {
        draft.delete(key.partition().key(person.id.to_bytes()));
    }
}
