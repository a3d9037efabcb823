//! Persons as they were: happenings up to an instant, played.

use crate::store::person::{self, MERGES_DEEP_MAX};
use crate::store::{Happening, PersonRow};
use crate::{Error, MergeId, PersonId, RecordId};
use directory::Instant;
use kv::Draft;
use std::collections::{BTreeMap, BTreeSet};

/// Persons that were merged into one at some instant: more is a loop in the store.
const PERSONS_MAX: usize = 10_000;

/// One person as it was, apart from what was merged into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Past {
    /// Which person.
    pub id: PersonId,
    /// When its id was issued.
    pub created: Instant,
    /// The records that were with it.
    pub members: BTreeSet<RecordId>,
    /// What it was merged into.
    pub merged_into: Option<PersonId>,
    /// What was merged into it.
    pub absorbed: BTreeMap<MergeId, PersonId>,
}

/// A person as of an instant; none when its id had not been issued.
pub(super) fn past(draft: &mut Draft<'_>, id: PersonId, at: Instant) -> Result<Option<Past>, Error> {
    let happenings = person::happenings(draft, id)?;
    Ok(play(id, happenings.iter().take_while(|row| row.at <= at)))
}

fn play<'r>(id: PersonId, rows: impl Iterator<Item = &'r PersonRow>) -> Option<Past> {
    let mut past: Option<Past> = None;
    for row in rows {
        let own = past.get_or_insert_with(|| Past {
            id,
            created: row.at,
            members: BTreeSet::new(),
            merged_into: None,
            absorbed: BTreeMap::new(),
        });
        match row.what {
            Happening::Created | Happening::KeptApart(_) | Happening::Reconciled(_) => {}
            Happening::Joined(record) => drop(own.members.insert(record)),
            Happening::Left(record) => drop(own.members.remove(&record)),
            Happening::MergedInto(into, _) => own.merged_into = Some(into),
            Happening::Separated(_) => own.merged_into = None,
            Happening::Absorbed(other, merge) => drop(own.absorbed.insert(merge, other)),
            Happening::Released(_, merge) => drop(own.absorbed.remove(&merge)),
        }
    }
    past
}

/// The person that an id stood for.
pub(super) fn root(draft: &mut Draft<'_>, id: PersonId, at: Instant) -> Result<Option<PersonId>, Error> {
    let mut root = id;
    for _ in 0..MERGES_DEEP_MAX {
        match past(draft, root, at)? {
            None => return Ok(None),
            Some(Past { merged_into: None, .. }) => return Ok(Some(root)),
            Some(Past { merged_into: Some(next), .. }) => root = next,
        }
    }
    Err(Error::Corrupt { what: "a chain of merges" })
}

/// A person and all that was merged into it, at any depth, the person first.
pub(crate) fn subtree(draft: &mut Draft<'_>, root: PersonId, at: Instant) -> Result<Vec<Past>, Error> {
    let mut found = Vec::new();
    let mut wanted = vec![root];
    while let Some(id) = wanted.pop() {
        let own = past(draft, id, at)?.ok_or(Error::Corrupt { what: "a merged person" })?;
        wanted.extend(own.absorbed.values());
        found.push(own);
        if found.len() > PERSONS_MAX {
            return Err(Error::Corrupt { what: "a tree of merges" });
        }
    }
    Ok(found)
}
