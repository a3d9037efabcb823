//! Rules in operation: which decide, what a candidate would change, and how it takes over and is taken back.

use axum::extract::State;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Json, Path};
use crate::serve::problem::{ErrorCode, Problem};
use crate::serve::views::identity::{Reason, reason};
use crate::serve::views::rules::{
    Activation, Candidate, Prepared, RuleRuns, RuleVersions, RulesView, RunView, ShadowView, StandbyView, VersionView,
};
use crate::serve::{random, rule_runs};

/// The rules that decide now.
#[utoipa::path(get, path = "/v1/rules", operation_id = "get_rules", tag = "rules",
    responses((status = 200, body = RulesView)))]
pub(in crate::serve) async fn get(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    caller.require(Scope::ManageRules)?;
    app.ask(|operating, draft| -> Result<Answer, Problem> {
        let active = mpi::rules::active(draft)?;
        Answer::ok(&RulesView::new(operating, active.as_ref()))
    })
    .await
}

/// Runs a candidate over the whole population in the shadow: nothing changes. Its address tells how far it is, and at the
/// end what would change, and the version under which it can be activated.
#[utoipa::path(post, path = "/v1/rules/shadow", operation_id = "start_shadow_run", tag = "rules",
    request_body = Candidate, responses((status = 201, body = ShadowView)))]
pub(in crate::serve) async fn start(
    State(app): State<App>,
    caller: Caller,
    Json(candidate): Json<Candidate>,
) -> Result<Answer, Problem> {
    for_network(&caller)?;
    let run = app.start_shadow(&candidate)?;
    Answer::created(format!("/v1/rules/shadow/{}", run.id), &ShadowView::new(&run))
}

/// How far a shadow run is, and what the candidate would change.
#[utoipa::path(get, path = "/v1/rules/shadow/{run}", operation_id = "get_shadow_run", tag = "rules",
    params(("run" = String, Path, description = "The id of a run; runs are kept until the server stops")),
    responses((status = 200, body = ShadowView)))]
pub(in crate::serve) async fn shadow(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    for_network(&caller)?;
    Answer::ok(&ShadowView::new(&*app.shadow(&id)?))
}

/// The versions that are kept: those that have decided, and those that were reviewed.
#[utoipa::path(get, path = "/v1/rules/versions", operation_id = "list_rule_versions", tag = "rules",
    responses((status = 200, body = RuleVersions)))]
pub(in crate::serve) async fn versions(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    for_network(&caller)?;
    let models = app.deciding().models().clone();
    app.ask(move |operating, _| -> Result<Answer, Problem> {
        let mut versions = Vec::new();
        for version in models.versions()? {
            let rules = models.rules(&version)?;
            let reviewed = rule_runs::review(&models, &version)?;
            versions.push(VersionView {
                is_active: operating.is_active && operating.model.version() == version,
                version,
                name: rules.name,
                title: rules.title,
                reviewed_against: reviewed.as_ref().map(|reviewed| reviewed.against.to_string()),
                changes: reviewed.as_ref().map(|reviewed| reviewed.changes.len() as u64),
            });
        }
        Answer::ok(&RuleVersions { versions })
    })
    .await
}

/// Lets a reviewed version decide from here on. What its shadow run has found is then applied by a run, step by step:
/// persons of one record are joined as reviewed, all else becomes tasks.
#[utoipa::path(post, path = "/v1/rules/activate", operation_id = "activate_rules", tag = "rules",
    request_body = Activation, responses((status = 201, body = RunView)))]
pub(in crate::serve) async fn activate(
    State(app): State<App>,
    caller: Caller,
    change: Change<Activation>,
) -> Result<Answer, Problem> {
    for_network(&caller)?;
    let (why, version) = (reason(&change.body.reason)?, change.body.version);
    let models = app.deciding().models().clone();
    let candidate = app.ask_store(move |_, _| rule_runs::candidate(&models, &version)).await?;
    let id = random::bytes::<8>().map_err(Problem::internal)?.map(|byte| format!("{byte:02x}")).concat();
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let rebuild = candidate.may_take_over(operating, draft)?;
        let run = mpi::rules::begin(draft, (&candidate.reviewed, rebuild), (&id, &why), stamp)?;
        Answer::created(format!("/v1/rules/runs/{id}"), &RunView::new(&run))
    })
    .await
}

/// Writes what a version with other fields or other blocking rules needs of every record, beside what decides now. From
/// here on every change of a record writes both. When it is ready, the version can be activated.
#[utoipa::path(post, path = "/v1/rules/standby", operation_id = "prepare_rules", tag = "rules",
    request_body = Prepared, responses((status = 201, body = StandbyView)))]
pub(in crate::serve) async fn prepare(
    State(app): State<App>,
    caller: Caller,
    change: Change<Prepared>,
) -> Result<Answer, Problem> {
    for_network(&caller)?;
    let (models, version) = (app.deciding().models().clone(), change.body.version);
    app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        if !models.has(&version) {
            return Err(Problem::not_found("version"));
        }
        let preparation = mpi::rules::prepare(draft, &version, stamp)?;
        Answer::created("/v1/rules/standby", &StandbyView::new(&preparation))
    })
    .await
}

/// What stands by: a version that is being prepared or is ready, or the one that decided before the last switch.
#[utoipa::path(get, path = "/v1/rules/standby", operation_id = "get_standby", tag = "rules",
    responses((status = 200, body = StandbyView)))]
pub(in crate::serve) async fn standby(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    for_network(&caller)?;
    let preparation = app.read(mpi::rules::preparation).await?;
    Answer::ok(&StandbyView::new(&preparation.ok_or_else(|| Problem::not_found("standby"))?))
}

/// Lets the standby go: changes of records are written once again, and what was written for it is deleted. A change of
/// rules that came from it can be taken back only after its earlier version was prepared again.
#[utoipa::path(delete, path = "/v1/rules/standby", operation_id = "release_standby", tag = "rules",
    responses((status = 200, body = StandbyView)))]
pub(in crate::serve) async fn release(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    for_network(&caller)?;
    app.act((&caller, None), move |_, draft, stamp| -> Result<Answer, Problem> {
        if mpi::rules::preparation(draft)?.is_none() {
            return Err(Problem::not_found("standby"));
        }
        Answer::ok(&StandbyView::new(&mpi::rules::release(draft, stamp)?))
    })
    .await
}

/// Changes of rules that were begun, the latest first.
#[utoipa::path(get, path = "/v1/rules/runs", operation_id = "list_rule_runs", tag = "rules",
    responses((status = 200, body = RuleRuns)))]
pub(in crate::serve) async fn runs(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    for_network(&caller)?;
    let runs = app.read(mpi::rules::runs).await?;
    Answer::ok(&RuleRuns { runs: runs.iter().map(RunView::new).collect() })
}

/// How far a change of rules is.
#[utoipa::path(get, path = "/v1/rules/runs/{run}", operation_id = "get_rule_run", tag = "rules",
    params(("run" = String, Path, description = "The id of a run: 16 hexadecimal digits")),
    responses((status = 200, body = RunView)))]
pub(in crate::serve) async fn run(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    for_network(&caller)?;
    let run = app.read(move |draft| mpi::rules::run(draft, &id)).await?;
    Answer::ok(&RunView::new(&run.ok_or_else(|| Problem::not_found("run"))?))
}

/// Lets the version before decide again, and undoes what the run did, step by step. What clerks have decided stays.
#[utoipa::path(post, path = "/v1/rules/runs/{run}/roll-back", operation_id = "roll_back_rules", tag = "rules",
    params(("run" = String, Path, description = "The id of a run: 16 hexadecimal digits")), request_body = Reason,
    responses((status = 200, body = RunView)))]
pub(in crate::serve) async fn roll_back(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<Reason>,
) -> Result<Answer, Problem> {
    for_network(&caller)?;
    let why = reason(&change.body.reason)?;
    app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        mpi::rules::run(draft, &id)?.ok_or_else(|| Problem::not_found("run"))?;
        Answer::ok(&RunView::new(&mpi::rules::take_back(draft, &id, &why, stamp)?))
    })
    .await
}

/// A run is over all institutions, and so are its figures.
fn for_network(caller: &Caller) -> Result<(), Problem> {
    caller.require(Scope::ManageRules)?;
    match caller.institution() {
        None => Ok(()),
        Some(_) => Err(Problem::new(ErrorCode::NotAllowed, "a change of rules is for callers of the whole network")),
    }
}
