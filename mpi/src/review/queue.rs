//! The queue: lists what waits, and says who works on what.

use super::task::{self, QueueRow, Task, TaskKind, TaskState, queue_key};
use crate::event::{Event, log};
use crate::store::decode;
use crate::{Actor, Error, Refusal, Stamp, TaskId, Visible, space};
use directory::Instant;
use kv::{Draft, Partition};

/// Which tasks a list shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Only of this kind.
    pub kind: Option<TaskKind>,
    /// Only about records of this institution.
    pub institution: Option<directory::InstitutionId>,
    /// Where the last page ended.
    pub after: Option<Box<[u8]>>,
    /// The most tasks to return.
    pub limit: usize,
}

/// A page of the queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// The tasks, the most urgent first.
    pub tasks: Vec<Task>,
    /// Where the next page begins; none at the end.
    pub next: Option<Box<[u8]>>,
}

/// Rows of the queue read at once.
const ROWS: u32 = 500;

/// The tasks that somebody should look at now, the riskiest first and of these the oldest; those that are deferred or that
/// an institution does not see are left out.
///
/// # Errors
/// Those of the store.
pub fn list(draft: &mut Draft<'_>, filter: &Filter, visible: &Visible, now: Instant) -> Result<Listed, Error> {
    let partition = Partition::new(space::QUEUE, *b"open");
    let mut from: Box<[u8]> = filter.after.clone().unwrap_or_default();
    let mut tasks: Vec<Task> = Vec::new();
    loop {
        let rows = draft.scan(&partition, &from, None, ROWS)?;
        for (sort, value) in &rows.rows {
            if tasks.len() == filter.limit {
                return Ok(Listed { tasks, next: Some(sort.clone()) });
            }
            let row: QueueRow = decode("queue", value)?;
            if shows(&row, filter, visible) {
                let id = sort.get(9..).and_then(|id| id.try_into().ok()).map(TaskId);
                let task = task::task(draft, id.ok_or(Error::Corrupt { what: "queue" })?)?;
                tasks.extend(task.filter(|task| !matches!(task.state, TaskState::Deferred { until } if until > now)));
            }
        }
        match rows.rows.last() {
            Some((sort, _)) if rows.has_more => from = sort.iter().copied().chain([0]).collect(),
            _ => return Ok(Listed { tasks, next: None }),
        }
    }
}

fn shows(row: &QueueRow, filter: &Filter, visible: &Visible) -> bool {
    let is_seen = match visible {
        Visible::All => true,
        // A task about a hidden record would tell that there is one.
        Visible::Some { custodians, .. } => row.institutions.iter().all(|id| custodians.contains(id)),
    };
    is_seen
        && filter.kind.is_none_or(|kind| kind == row.kind)
        && filter.institution.as_ref().is_none_or(|id| row.institutions.contains(id))
}

/// One task; none when there is none, or it is about a record that is hidden.
///
/// # Errors
/// Those of the store.
pub fn task(draft: &mut Draft<'_>, id: TaskId, visible: &Visible) -> Result<Option<Task>, Error> {
    let found = task::task(draft, id)?;
    Ok(found.filter(|task| match visible {
        Visible::All => true,
        Visible::Some { custodians, .. } => task.institutions.iter().all(|id| custodians.contains(id)),
    }))
}

/// Takes a task for a while, so that nobody else works on it; a lease that has ended is nobody's.
///
/// # Errors
/// [`Refusal`] when there is no such task, somebody else has it, or it is closed.
pub fn claim(draft: &mut Draft<'_>, id: TaskId, until: Instant, stamp: &Stamp) -> Result<Task, Error> {
    change(draft, id, |task| match &task.state {
        TaskState::Closed { .. } => Err(Refusal::State("the task is closed")),
        TaskState::Claimed { by, until } if *by != stamp.actor && *until > stamp.now => {
            Err(Refusal::State("somebody else works on the task"))
        }
        TaskState::Proposed { by, .. } if *by == stamp.actor => {
            Err(Refusal::State("the task waits for somebody else to agree"))
        }
        TaskState::Proposed { .. } => Ok(task.state.clone()),
        _ => Ok(TaskState::Claimed { by: stamp.actor.clone(), until }),
    })
}

/// Gives a task back.
///
/// # Errors
/// [`Refusal`] when there is no such task or somebody else has it.
pub fn release(draft: &mut Draft<'_>, id: TaskId, stamp: &Stamp) -> Result<Task, Error> {
    change(draft, id, |task| {
        check_free(task, &stamp.actor, stamp.now)?;
        Ok(TaskState::Open)
    })
}

/// Puts a task aside until an instant: a letter was written, a call is awaited.
///
/// # Errors
/// [`Refusal`] when there is no such task, somebody else has it, or it is closed.
pub fn defer(draft: &mut Draft<'_>, id: TaskId, until: Instant, stamp: &Stamp) -> Result<Task, Error> {
    change(draft, id, |task| {
        check_free(task, &stamp.actor, stamp.now)?;
        Ok(TaskState::Deferred { until })
    })
}

/// Refuses what somebody else works on, and what is closed.
pub(super) fn check_free(task: &Task, actor: &Actor, now: Instant) -> Result<(), Refusal> {
    match &task.state {
        TaskState::Closed { .. } => Err(Refusal::State("the task is closed")),
        TaskState::Claimed { by, until } if by != actor && *until > now => {
            Err(Refusal::State("somebody else works on the task"))
        }
        _ => Ok(()),
    }
}

pub(super) fn change(
    draft: &mut Draft<'_>,
    id: TaskId,
    state: impl FnOnce(&Task) -> Result<TaskState, Refusal>,
) -> Result<Task, Error> {
    draft.rely(&task::partition(id))?;
    let before = task::task(draft, id)?.ok_or(Refusal::NoTask(id))?;
    let after = Task { state: state(&before)?, ..before.clone() };
    if after != before {
        debug_assert_eq!(queue_key(&before), queue_key(&after), "a task keeps its place");
        task::put(draft, Some(&before), &after)?;
        log(draft, &Event::TaskChanged { task: id })?;
    }
    Ok(after)
}
