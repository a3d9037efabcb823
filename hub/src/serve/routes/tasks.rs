//! Review tasks: what waits for a clerk, and what a clerk does about it.

use axum::extract::State;
use directory::InstitutionId;
use mpi::kv::Draft;
use mpi::review::{self, Decided, Filter};
use mpi::{Stamp, Task, TaskId, TaskKind};
use serde::Deserialize;
use utoipa::IntoParams;

use crate::index::Operating;
use crate::serve::answer::{Answer, IfMatch, Tag};
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Path, Query};
use crate::serve::page::PageQuery;
use crate::serve::problem::Problem;
use crate::serve::trail::read;
use crate::serve::views::identity::{Reason, reason};
use crate::serve::views::task::{Decision, Deferral, Lease, TaskDetail, TaskPage, TaskView};
use crate::serve::{ids, random};

/// Which tasks to list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct TaskQuery {
    /// Only those of a kind.
    kind: Option<String>,
    /// Only those about records of an institution.
    institution: Option<String>,
    /// The most items to give. The server may give fewer.
    limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    page: Option<String>,
}

/// The tasks that somebody should look at now, the most urgent first.
#[utoipa::path(get, path = "/v1/tasks", operation_id = "list_tasks", tag = "tasks", params(TaskQuery),
    responses((status = 200, body = TaskPage)))]
pub(in crate::serve) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<TaskQuery>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReviewTasks)?;
    let kind = query.kind.as_deref().map(kind_of).transpose()?;
    let institution = query.institution.as_deref().map(InstitutionId::new).transpose();
    let institution = institution.map_err(|error| Problem::bad_field("institution", error.to_string()))?;
    let paging = PageQuery { limit: query.limit, page: query.page };
    let pages = app.pages(&caller, &format!("tasks {kind:?} {institution:?}"), &paging);
    let after = pages.position()?.map(Vec::into_boxed_slice);
    let limit = usize::try_from(pages.limit()?).unwrap_or(usize::MAX);
    let filter = Filter { kind, institution, after, limit };
    let (visible, now) = (caller.visible(), app.now());
    let (tasks, next) = app
        .ask(move |operating, draft| -> Result<_, Problem> {
            let listed = review::list(draft, &filter, &visible, now)?;
            let tasks: Result<Vec<_>, Problem> =
                listed.tasks.iter().map(|task| TaskView::of(operating, draft, task, &visible)).collect();
            Ok((tasks?, listed.next))
        })
        .await?;
    Answer::ok(&TaskPage { tasks, next: next.map(|position| pages.token(&position)) })
}

/// A task with its records side by side, and why they are alike.
#[utoipa::path(get, path = "/v1/tasks/{task}", operation_id = "get_task", tag = "tasks",
    params(("task" = String, Path, description = "The task's id: 32 hexadecimal digits")),
    responses((status = 200, body = TaskDetail)))]
pub(in crate::serve) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReviewTasks)?;
    let (id, looking) = (ids::task(&id)?, caller.clone());
    let detail = app.ask(move |operating, draft| -> Result<_, Problem> {
        let task = seen(draft, id, &looking)?;
        TaskDetail::of(operating, draft, &task, &looking)
    });
    let detail = detail.await?;
    let persons: Vec<_> = detail.persons().iter().flat_map(|person| read(person.clone())).collect();
    app.audit(&caller, ("get_task", None), persons).await?;
    Ok(Answer::ok(&detail)?.tagged())
}

/// Takes a task for a while, so that nobody else works on it.
#[utoipa::path(post, path = "/v1/tasks/{task}/claim", operation_id = "claim_task", tag = "tasks",
    params(("task" = String, Path, description = "The task's id")), request_body = Lease,
    responses((status = 200, body = TaskView)))]
pub(in crate::serve) async fn claim(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<Lease>,
) -> Result<Answer, Problem> {
    let lease = change.body;
    let verb = move |_: &Operating, draft: &mut Draft<'_>, id, stamp: &Stamp| {
        Ok(review::claim(draft, id, lease.end(stamp.now)?, stamp)?)
    };
    work((app, caller), (id, change), verb).await
}

/// Gives a task back.
#[utoipa::path(post, path = "/v1/tasks/{task}/release", operation_id = "release_task", tag = "tasks",
    params(("task" = String, Path, description = "The task's id")), responses((status = 200, body = TaskView)))]
pub(in crate::serve) async fn release(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<()>,
) -> Result<Answer, Problem> {
    let verb = |_: &Operating, draft: &mut Draft<'_>, id, stamp: &Stamp| Ok(review::release(draft, id, stamp)?);
    work((app, caller), (id, change), verb).await
}

/// Puts a task aside until a time.
#[utoipa::path(post, path = "/v1/tasks/{task}/defer", operation_id = "defer_task", tag = "tasks",
    params(("task" = String, Path, description = "The task's id")), request_body = Deferral,
    responses((status = 200, body = TaskView)))]
pub(in crate::serve) async fn defer(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<Deferral>,
) -> Result<Answer, Problem> {
    let until = ids::instant("until", &change.body.until)?;
    let verb =
        move |_: &Operating, draft: &mut Draft<'_>, id, stamp: &Stamp| Ok(review::defer(draft, id, until, stamp)?);
    work((app, caller), (id, change), verb).await
}

/// Decides a task. A risky one is proposed first, and done when another clerk decides the same.
#[utoipa::path(post, path = "/v1/tasks/{task}/decide", operation_id = "decide_task", tag = "tasks",
    params(("task" = String, Path, description = "The task's id")), request_body = Decision,
    responses((status = 200, body = TaskView)))]
pub(in crate::serve) async fn decide(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<Decision>,
) -> Result<Answer, Problem> {
    let (decision, why) = (change.body.parsed()?, reason(&change.body.reason)?);
    let verb = move |operating: &Operating, draft: &mut Draft<'_>, task, stamp: &Stamp| {
        let decided = Decided { task, decision, reason: &why, fresh: random::person_id()? };
        Ok(review::decide(&operating.index(), draft, &decided, stamp)?)
    };
    work((app, caller), (id, change), verb).await
}

/// Undoes a decision of the last day: the task is open again.
#[utoipa::path(post, path = "/v1/tasks/{task}/undo", operation_id = "undo_task", tag = "tasks",
    params(("task" = String, Path, description = "The task's id")), request_body = Reason,
    responses((status = 200, body = TaskView)))]
pub(in crate::serve) async fn undo(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<Reason>,
) -> Result<Answer, Problem> {
    let why = reason(&change.body.reason)?;
    let verb = move |operating: &Operating, draft: &mut Draft<'_>, id, stamp: &Stamp| {
        let since = stamp.now.plus_micros(-UNDO_MICROS);
        Ok(review::undo(&operating.index(), draft, (id, since), &why, stamp)?)
    };
    work((app, caller), (id, change), verb).await
}

/// For how long a decision can be undone as such: one day. Later there are verbs of their own.
const UNDO_MICROS: i64 = 24 * 3_600 * 1_000_000;

/// One step of a clerk on a task that it may see, as it has read it.
async fn work<T>(
    (app, caller): (App, Caller),
    (id, change): (String, Change<T>),
    mut verb: impl FnMut(&Operating, &mut Draft<'_>, TaskId, &Stamp) -> Result<Task, Problem> + Send + 'static,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReviewTasks)?;
    let (id, Change { once, if_match, .. }, reader) = (ids::task(&id)?, change, caller.clone());
    app.act((&caller, once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let before = seen(draft, id, &reader)?;
        check(operating, draft, (&before, &reader), &if_match)?;
        let after = verb(operating, draft, id, stamp)?;
        Answer::ok(&TaskView::of(operating, draft, &after, &reader.visible())?)
    })
    .await
}

/// A task that a caller may see.
fn seen(draft: &mut Draft<'_>, id: TaskId, caller: &Caller) -> Result<Task, Problem> {
    review::task(draft, id, &caller.visible())?.ok_or_else(|| Problem::not_found("task"))
}

fn check(
    operating: &Operating,
    draft: &mut Draft<'_>,
    (task, caller): (&Task, &Caller),
    if_match: &IfMatch,
) -> Result<(), Problem> {
    if !if_match.is_given() {
        return Ok(());
    }
    if_match.check(&Tag::of(&TaskDetail::of(operating, draft, task, caller)?)?)
}

fn kind_of(word: &str) -> Result<TaskKind, Problem> {
    let kind = TaskKind::ALL.iter().copied().find(|kind| kind.name() == word);
    kind.ok_or_else(|| {
        let words: Vec<&str> = TaskKind::ALL.iter().map(|kind| kind.name()).collect();
        Problem::bad_field("kind", format!("must be one of `{}`", words.join("`, `")))
    })
}
