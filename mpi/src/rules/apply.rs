//! Applies a change of rules to what stands, step by step, and takes it back.
//!
//! Switching the version decides new arrivals only. What the new rules decide otherwise about the past was reviewed, and
//! is applied by a run that can be stopped and resumed: one batch per step. A person of one record may join another, as
//! reviewed, which keeps its enterprise id resolving; where persons of several records are concerned, where a link would
//! be lost, and where things have changed since the review, clerks are asked. Nothing is split by a rule. The run keeps a
//! list of every merge and task that it made, so that rolling back undoes exactly those.

use super::run::{RuleRun, RunState, going_on, put};
use super::shadow::PairChange;
use crate::arrive::look_at;
use crate::events::Position;
use crate::review::{self, About, Seed, TaskOutcome};
use crate::store::{LoadedPerson, MoveRow, person, record};
use crate::{
    Basis, Constraint, Error, Event, Index, Joined, MergeId, PersonId, RecordId, Refusal, Stamp, TaskId, TaskKind,
    relate, space,
};
use kv::{Draft, Key, Kv, Partition, Seq};
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

/// What one step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// The merge that joined two persons.
    pub joined: Option<MergeId>,
    /// Tasks that it opened.
    pub tasks: u32,
}

fn work_of(run: &str) -> Partition {
    let mut name = b"run ".to_vec();
    name.extend_from_slice(run.as_bytes());
    Partition::new(space::META, name)
}

/// The first byte of the sort key of a merge that a run made.
const MERGE: u8 = b'm';
/// The first byte of the sort key of a task that a run opened.
const TASK: u8 = b't';

fn work_key(run: &str, kind: u8, id: [u8; 16]) -> Key {
    let mut sort = vec![kind];
    sort.extend_from_slice(&id);
    work_of(run).key(sort)
}

/// Carries out the change of a number, and moves the run behind it; nothing when the run does not go on or is behind it
/// already.
///
/// # Errors
/// Those of the store.
pub fn apply(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (run, number, change): (&str, u64, &PairChange),
    stamp: &Stamp,
) -> Result<Option<Applied>, Error> {
    let Some(mut run) = going_on(draft, run, RunState::Applying)?.filter(|run| run.done == number) else {
        return Ok(None);
    };
    run.done += 1;
    let found = match pair(index, draft, change)? {
        None => Ok((None, Vec::new())),
        Some(pair) if change.is_gained => gained(index, draft, &pair, stamp),
        Some(pair) => lost(index, draft, &pair, stamp).map(|task| (None, Vec::from_iter(task))),
    };
    note(draft, run, unless_too_many(found)?, stamp).map(Some)
}

/// Two records of a change, with their homes and the persons that they are of now.
struct Pair {
    records: [RecordId; 2],
    homes: [LoadedPerson; 2],
    roots: [PersonId; 2],
}

/// The pair as it stands; none when a record is no member any more.
fn pair(index: &Index<'_>, draft: &mut Draft<'_>, change: &PairChange) -> Result<Option<Pair>, Error> {
    let mut side = |id: RecordId| -> Result<Option<(LoadedPerson, PersonId)>, Error> {
        let Some(head) = record::head(draft, id)? else { return Ok(None) };
        let Some(home) = person::load(draft, &[head.home], index.generation)?.pop() else { return Ok(None) };
        let root = person::root(draft, home.id)?.map_or(home.id, |(root, _)| root);
        Ok(home.members.iter().any(|(known, _)| *known == id).then_some((home, root)))
    };
    let Some(((one, one_root), (other, other_root))) = side(change.record)?.zip(side(change.other)?) else {
        return Ok(None);
    };
    Ok(Some(Pair { records: [change.record, change.other], homes: [one, other], roots: [one_root, other_root] }))
}

type Found = (Option<Joined>, Vec<TaskId>);

/// Somebody too common to be compared is left as arrival has decided, and does not stop the rest.
fn unless_too_many(found: Result<Found, Error>) -> Result<Found, Error> {
    match found {
        Err(Error::TooMany(_)) => Ok((None, Vec::new())),
        found => found,
    }
}

/// Joins a person of one record to the other, as reviewed, or asks a clerk.
fn gained(index: &Index<'_>, draft: &mut Draft<'_>, pair: &Pair, stamp: &Stamp) -> Result<Found, Error> {
    let ([record, other], [home, other_home], [root, other_root]) = (pair.records, &pair.homes, pair.roots);
    if root == other_root {
        return Ok((None, Vec::new()));
    }
    let (looked, target) = match is_alone(home) || !is_alone(other_home) {
        true => ((record, home), other_root),
        false => ((other, other_home), root),
    };
    look_at(index, draft, looked, &|person| person == target, stamp)
}

fn is_alone(home: &LoadedPerson) -> bool {
    home.members.len() == 1 && home.head.absorbed.is_empty() && home.head.merged_into.is_none()
}

/// Asks a clerk about a link that the rules would not make any more; what a clerk has said stands unasked.
fn lost(index: &Index<'_>, draft: &mut Draft<'_>, pair: &Pair, stamp: &Stamp) -> Result<Option<TaskId>, Error> {
    let ([one, other], [home, other_home], [root, other_root]) = (pair.records, &pair.homes, pair.roots);
    if root != other_root || says_a_clerk(draft, pair)? {
        return Ok(None);
    }
    let member = |home: &LoadedPerson, id| home.members.iter().find(|(known, _)| *known == id).cloned();
    let Some(((_, own), (_, rival))) = member(home, one).zip(member(other_home, other)) else { return Ok(None) };
    let Some(verdict) = index.model.compare(&own.values, &[&rival.values])?.pop() else { return Ok(None) };
    let mut institutions = vec![own.institution, rival.institution];
    institutions.sort_unstable();
    institutions.dedup();
    let seed = Seed {
        kind: TaskKind::Conflict,
        records: vec![one, other],
        persons: vec![root],
        institutions,
        about: About::Persons,
        evidence: Some(index.evidence(&(other, verdict))),
    };
    review::open(draft, index.digester, seed, stamp).map(Some)
}

/// Whether a clerk put the two together: by a decision about the records, by moving one, or by merging their homes.
fn says_a_clerk(draft: &mut Draft<'_>, pair: &Pair) -> Result<bool, Error> {
    for (id, other) in [(pair.records[0], pair.records[1]), (pair.records[1], pair.records[0])] {
        let said = record::head(draft, id)?.map(|head| head.constraints).unwrap_or_default();
        let is_moved = |row: &MoveRow| matches!(row.basis, Basis::Clerk { .. });
        if said.contains(&(other, Constraint::MustLink)) || record::moves(draft, id)?.last().is_some_and(is_moved) {
            return Ok(true);
        }
    }
    if pair.homes[0].id == pair.homes[1].id {
        return Ok(false);
    }
    // Between two homes of one person there is always a merge; one by a clerk on the way to the root is enough.
    for home in &pair.homes {
        let mut at = home.head.merged_into;
        for _ in 0..person::MERGES_DEEP_MAX {
            let Some(pointer) = at else { break };
            if !pointer.is_automatic {
                return Ok(true);
            }
            at = person::head(draft, pointer.person)?.and_then(|head| head.merged_into);
        }
    }
    Ok(false)
}

/// Records with the positions at which they came or changed.
pub type ChangedRecords = Vec<(Position, RecordId)>;

/// Records that came or changed after a position, in at most `limit` batches, each with its own position; and how far the
/// log was read: none when the run's own beginning was met, and nothing is left to look at.
///
/// # Errors
/// Those of the store.
pub fn changed_since(
    kv: &dyn Kv,
    (run, after): (&str, Position),
    limit: u32,
) -> Result<(ChangedRecords, Option<Position>), Error> {
    let from = Seq(after.batch.0.saturating_sub(1));
    let (mut found, mut end) = (Vec::new(), None);
    for change in kv.changes(from, limit.saturating_add(1))? {
        for (number, entry) in (1_u32..).zip(&change.entries) {
            let position = Position { batch: change.seq, entries: number };
            let event = Event::decode(entry)?;
            if matches!(&event, Some(Event::ByRun { run: own }) if **own == *run) {
                return Ok((found, None));
            }
            if position > after {
                end = Some(position);
                if let Some(Event::RecordStored { record, standing: crate::Standing::Current, .. }) = event {
                    found.push((position, record));
                }
            }
        }
    }
    Ok((found, end))
}

/// Looks at a record that came or changed after the review, and moves the run behind it: nobody has reviewed it, so what
/// the new rules decide otherwise is a task.
///
/// # Errors
/// Those of the store.
pub fn look_at_changed(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (run, position, record): (&str, Position, Option<RecordId>),
    stamp: &Stamp,
) -> Result<Option<Applied>, Error> {
    let Some(mut run) = going_on(draft, run, RunState::Applying)?.filter(|run| run.position() < position) else {
        return Ok(None);
    };
    run.at = (position.batch.0, position.entries);
    let mut found = (None, Vec::new());
    if let Some(id) = record
        && let Some(head) = record::head(draft, id)?
        && let Some(home) = person::load(draft, &[head.home], index.generation)?.pop()
    {
        found = unless_too_many(look_at(index, draft, (id, &home), &|_| false, stamp))?;
    }
    note(draft, run, found, stamp).map(Some)
}

/// Counts what a step did, keeps it on the list of the run, and writes how far the run is.
fn note(draft: &mut Draft<'_>, mut run: RuleRun, (joined, tasks): Found, stamp: &Stamp) -> Result<Applied, Error> {
    let mut applied = Applied { joined: joined.map(|joined| joined.merge), tasks: 0 };
    if let Some(merge) = applied.joined {
        draft.put(work_key(&run.id, MERGE, merge.0), []);
        run.joined += 1;
    }
    for id in tasks {
        // A task that asks the same as an earlier one keeps its age: it is not the run's.
        if review::stored(draft, id)?.is_some_and(|task| task.opened == stamp.now) {
            draft.put(work_key(&run.id, TASK, id.0), []);
            applied.tasks += 1;
            run.tasks += 1;
        }
    }
    put(draft, &run)?;
    Ok(applied)
}

/// Something that a run did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// It merged.
    Merge(MergeId),
    /// It opened a task.
    Task(TaskId),
}

/// What a run did and nobody has rolled back, at most `limit`.
///
/// # Errors
/// Those of the store.
pub fn work_left(draft: &mut Draft<'_>, run: &str, limit: u32) -> Result<Vec<Work>, Error> {
    let rows = draft.scan(&work_of(run), &[], None, limit)?;
    let work = |sort: &[u8]| {
        let (kind, id) = sort.split_first()?;
        let id: [u8; 16] = id.try_into().ok()?;
        match *kind {
            MERGE => Some(Work::Merge(MergeId(id))),
            TASK => Some(Work::Task(TaskId(id))),
            _ => None,
        }
    };
    rows.rows.iter().map(|(sort, _)| work(sort).ok_or(Error::Corrupt { what: "the work of a run" })).collect()
}

/// Undoes one thing that a run did. Persons are not kept apart: it was no clerk who said that they are two. A merge or a
/// task that a clerk has decided on meanwhile is only taken off the list.
///
/// # Errors
/// Those of the store.
pub fn roll_back(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (run, work): (&str, Work),
    stamp: &Stamp,
) -> Result<(), Error> {
    let Some(mut run) = going_on(draft, run, RunState::RollingBack)? else { return Ok(()) };
    match work {
        Work::Merge(merge) => {
            draft.delete(work_key(&run.id, MERGE, merge.0));
            run.joined = run.joined.saturating_sub(1);
            match relate::unmerge(index, draft, merge, "the rules were rolled back", stamp) {
                Ok(undone) => relate::forget_apart(draft, (undone.survivor, undone.absorbed))?,
                Err(Error::Refused(_)) => {}
                Err(error) => return Err(error),
            }
        }
        Work::Task(task) => {
            draft.delete(work_key(&run.id, TASK, task.0));
            run.tasks = run.tasks.saturating_sub(1);
            match review::settle(draft, task, TaskOutcome::Settled, stamp) {
                Ok(()) | Err(Error::Refused(Refusal::NoTask(_))) => {}
                Err(error) => return Err(error),
            }
        }
    }
    put(draft, &run)
}
