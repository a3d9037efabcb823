//! Applies a change of rules to what stands, person by person, and takes it back.
//!
//! Switching the version decides new arrivals only. What the new rules would have decided about the past is applied by a
//! run that can be stopped and resumed: one batch per person. A person of one record may join another, which keeps its
//! enterprise id resolving; where persons of several records are concerned, clerks are asked. Nothing is split by a rule.
//! The run names every merge that it made, so that rolling back undoes exactly those.

use crate::store::person;
use crate::{Error, Index, MergeId, PersonId, Stamp, look_again, relate, space};
use kv::{Draft, Key, Partition};
use linkage::rules::RuleSet;

/// Why a candidate cannot take over by switching: what is stored per record was made under other rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rebuild {
    /// Other fields, or the same read otherwise.
    Fields,
    /// Other blocking rules.
    Blocks,
}

/// Whether a candidate can take over by switching: it reads and blocks as the active rules do, and differs in weights,
/// levels, guards, thresholds or frequencies.
///
/// # Errors
/// [`Rebuild`] says what would have to be written anew for every record.
pub fn may_switch(active: &RuleSet, candidate: &RuleSet) -> Result<(), Rebuild> {
    if active.fields != candidate.fields || active.split_joined != candidate.split_joined {
        return Err(Rebuild::Fields);
    }
    if active.blocks != candidate.blocks {
        return Err(Rebuild::Blocks);
    }
    Ok(())
}

/// What applying rules to one person did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Applied {
    /// Nothing: the new rules see it as the old ones did, or a clerk was asked.
    Stands,
    /// The person was joined to another.
    Joined(MergeId),
}

fn run_partition(run: &str) -> Partition {
    let mut name = b"run ".to_vec();
    name.extend_from_slice(run.as_bytes());
    Partition::new(space::META, name)
}

fn merge_key(run: &str, merge: MergeId) -> Key {
    run_partition(run).key(merge.0)
}

/// Applies the rules of `index` to one person, for the run that switched to them.
///
/// # Errors
/// Those of the store.
pub fn apply(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    person: PersonId,
    run: &str,
    stamp: &Stamp,
) -> Result<Applied, Error> {
    let Some(head) = person::head(draft, person)? else { return Ok(Applied::Stands) };
    if head.merged_into.is_some() {
        return Ok(Applied::Stands);
    }
    match look_again(index, draft, person, stamp)? {
        Some(joined) => {
            draft.put(merge_key(run, joined.merge), []);
            Ok(Applied::Joined(joined.merge))
        }
        None => Ok(Applied::Stands),
    }
}

/// The merges that a run made and nobody has rolled back, at most `limit`.
///
/// # Errors
/// Those of the store.
pub fn merges_of(draft: &mut Draft<'_>, run: &str, limit: u32) -> Result<Vec<MergeId>, Error> {
    let rows = draft.scan(&run_partition(run), &[], None, limit)?;
    let id = |sort: &[u8]| sort.try_into().map(MergeId).map_err(|_| Error::Corrupt { what: "merge of a run" });
    rows.rows.iter().map(|(sort, _)| id(sort)).collect()
}

/// Undoes one merge of a run. The two persons are not kept apart: it was no clerk who said that they are two.
///
/// # Errors
/// Those of the store. A merge that a clerk has undone meanwhile is only taken off the list.
pub fn roll_back(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    run: &str,
    merge: MergeId,
    stamp: &Stamp,
) -> Result<(), Error> {
    draft.delete(merge_key(run, merge));
    match relate::unmerge(index, draft, merge, "the rules were rolled back", stamp) {
        Ok(undone) => relate::stop_keeping_apart(draft, (undone.survivor, undone.absorbed)),
        Err(Error::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
