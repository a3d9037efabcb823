//! Decides a task, with a second pair of eyes where a mistake would hurt, and undoes a decision for a while.

use super::queue::{change, check_free};
use super::task::{self, Task, TaskDecision, TaskKind, TaskOutcome, TaskState};
use crate::store::{RecordState, person, record};
use crate::{Error, Index, PersonId, RecordId, Refusal, Stamp, TaskId, arrive, relate};
use directory::Instant;
use kv::Draft;

/// A decision of a clerk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decided<'a> {
    /// About which task.
    pub task: TaskId,
    /// What.
    pub decision: TaskDecision,
    /// Why, in the clerk's words, which name no person.
    pub reason: &'a str,
    /// The id for a person if one is made.
    pub fresh: PersonId,
}

/// Decides a task. A risky one is proposed first and done when another clerk decides the same; when another decides
/// otherwise it is open again.
///
/// # Errors
/// [`Refusal`] when there is no such task, somebody else has it, it is closed, or the decision does not fit its kind.
pub fn decide(index: &Index<'_>, draft: &mut Draft<'_>, decided: &Decided<'_>, stamp: &Stamp) -> Result<Task, Error> {
    draft.rely(&task::partition(decided.task))?;
    let task = task::task(draft, decided.task)?.ok_or(Refusal::NoTask(decided.task))?;
    check_free(&task, &stamp.actor, stamp.now)?;
    if !fits(task.kind, decided.decision) {
        return Err(Refusal::State("the decision does not fit the kind of the task").into());
    }
    if task.kind.needs_four_eyes() {
        match &task.state {
            TaskState::Proposed { by, .. } if *by == stamp.actor => {
                return Err(Refusal::State("somebody else has to agree").into());
            }
            TaskState::Proposed { decision, .. } if *decision == decided.decision => {}
            TaskState::Proposed { .. } => return change(draft, task.id, |_| Ok(TaskState::Open)),
            _ => {
                let state = TaskState::Proposed { by: stamp.actor.clone(), decision: decided.decision };
                return change(draft, task.id, |_| Ok(state));
            }
        }
    }
    let outcome = carry_out(index, draft, &task, decided, stamp)?;
    let closed = TaskState::Closed { by: stamp.actor.clone(), at: stamp.now, outcome };
    change(draft, task.id, |_| Ok(closed))
}

fn fits(kind: TaskKind, decision: TaskDecision) -> bool {
    use TaskDecision::{Accept, DifferentPersons, Reject, SamePerson, Split};
    match kind {
        TaskKind::Overlay => matches!(decision, Accept | Reject | Split),
        TaskKind::Bridge | TaskKind::NearTie | TaskKind::PossibleMatch => {
            matches!(decision, SamePerson | DifferentPersons)
        }
        TaskKind::Conflict => matches!(decision, SamePerson | DifferentPersons | Accept | Split),
        TaskKind::Reassigned => matches!(decision, Accept | Split),
        TaskKind::InHospitalDuplicate => matches!(decision, Accept | Split),
    }
}

fn carry_out(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    task: &Task,
    decided: &Decided<'_>,
    stamp: &Stamp,
) -> Result<TaskOutcome, Error> {
    let subject = *task.records.first().ok_or(Error::Corrupt { what: "task" })?;
    match (task.kind, decided.decision) {
        (TaskKind::Overlay, decision) => overlay(index, draft, (subject, task), (decision, decided.fresh), stamp),
        (_, TaskDecision::SamePerson) => match two_persons(draft, task)? {
            Some(persons) => {
                Ok(TaskOutcome::Merged(relate::merge(index, draft, persons, decided.reason, stamp)?.merge))
            }
            None => Ok(TaskOutcome::Settled),
        },
        (_, TaskDecision::DifferentPersons) => match two_persons(draft, task)? {
            Some(persons) => relate::keep_apart(draft, persons, decided.reason, stamp).map(|()| TaskOutcome::KeptApart),
            None => Err(Refusal::State("the persons are one now: split them").into()),
        },
        (_, TaskDecision::Split) => {
            relate::unlink(index, draft, (subject, decided.fresh), decided.reason, stamp)?;
            Ok(TaskOutcome::Split(decided.fresh))
        }
        (_, TaskDecision::Accept | TaskDecision::Reject) => Ok(TaskOutcome::Accepted),
    }
}

/// The two persons that a task is about as they stand now; none when they are one by now.
fn two_persons(draft: &mut Draft<'_>, task: &Task) -> Result<Option<(PersonId, PersonId)>, Error> {
    let mut roots = Vec::new();
    for record in &task.records {
        let head = record::head(draft, *record)?.ok_or(Refusal::NoRecord(*record))?;
        roots.push(person::root(draft, head.home)?.ok_or(Error::Corrupt { what: "the home of a record" })?.0);
    }
    match roots.as_slice() {
        [one, other, ..] if one != other => Ok(Some((*one, *other))),
        _ => Ok(None),
    }
}

/// Lets the waiting version hold, throws it out, or lets it hold for another person.
fn overlay(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (subject, task): (RecordId, &Task),
    (decision, fresh): (TaskDecision, PersonId),
    stamp: &Stamp,
) -> Result<TaskOutcome, Error> {
    draft.rely(&record::partition(subject))?;
    let mut head = record::head(draft, subject)?.ok_or(Refusal::NoRecord(subject))?;
    let version = task.version.ok_or(Error::Corrupt { what: "task" })?;
    if head.state == (RecordState::Quarantined { version, task: task.id }) {
        head.state = RecordState::Active;
    }
    if decision == TaskDecision::Reject {
        record::put_head(draft, subject, &head)?;
        return Ok(TaskOutcome::Rejected);
    }
    if version < head.current {
        return Err(Refusal::State("a later version holds by now: reject this one").into());
    }
    let row = record::version(draft, subject, version)?.ok_or(Error::Corrupt { what: "a quarantined version" })?;
    head.current = version;
    record::put_head(draft, subject, &head)?;
    if decision == TaskDecision::Split {
        relate::leave(index, draft, (subject, fresh), stamp)?;
        head = record::head(draft, subject)?.ok_or(Refusal::NoRecord(subject))?;
    }
    let says = (&row.demographics.unwrap_or_default(), row.life.is_dead());
    arrive::follow(index, draft, (subject, &head), says, stamp)?;
    Ok(if decision == TaskDecision::Split { TaskOutcome::Split(head.home) } else { TaskOutcome::Accepted })
}

/// Undoes a decision that was made at or after `since`: the end of the undo window. The task is open again.
///
/// # Errors
/// [`Refusal`] when there is no such task, it is not closed, the window has passed, or what was done has to be undone by
/// a verb of its own.
pub fn undo(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, since): (TaskId, Instant),
    reason: &str,
    stamp: &Stamp,
) -> Result<Task, Error> {
    draft.rely(&task::partition(id))?;
    let task = task::task(draft, id)?.ok_or(Refusal::NoTask(id))?;
    let TaskState::Closed { at, outcome, .. } = &task.state else {
        return Err(Refusal::State("the task is not closed").into());
    };
    if *at < since {
        return Err(Refusal::State("the time to undo the decision has passed: use unmerge, link or split").into());
    }
    match outcome {
        TaskOutcome::Merged(merge) => {
            let undone = relate::unmerge(index, draft, *merge, reason, stamp)?;
            relate::forget_apart(draft, (undone.survivor, undone.absorbed))?;
        }
        TaskOutcome::KeptApart => {
            let (one, other) = two_persons(draft, &task)?.ok_or(Refusal::State("the persons are one now"))?;
            // The mark stands on the homes that were roots then; they may have been merged since.
            relate::reconcile(index, draft, (one, other), (reason, stamp))?;
        }
        TaskOutcome::Accepted | TaskOutcome::Settled if task.version.is_none() => {}
        TaskOutcome::Split(to) if task.version.is_none() => {
            let subject = *task.records.first().ok_or(Error::Corrupt { what: "task" })?;
            let target = *task.persons.first().ok_or(Error::Corrupt { what: "task" })?;
            relate::stop_keeping_apart(draft, (*to, target), reason, stamp)?;
            relate::link(index, draft, (subject, target), reason, stamp)?;
        }
        _ => return Err(Refusal::State("a version that was decided on is corrected by the next message").into()),
    }
    change(draft, id, |_| Ok(TaskState::Open))
}
