//! Rules in operation: which decide, and what a candidate would change.

use axum::extract::State;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Json, Path};
use crate::serve::problem::{ErrorCode, Problem};
use crate::serve::views::rules::{Candidate, RulesView, ShadowView};

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
/// end what would change.
#[utoipa::path(post, path = "/v1/rules/shadow", operation_id = "start_shadow_run", tag = "rules",
    request_body = Candidate, responses((status = 201, body = ShadowView)))]
pub(in crate::serve) async fn start(
    State(app): State<App>,
    caller: Caller,
    Json(candidate): Json<Candidate>,
) -> Result<Answer, Problem> {
    for_network(&caller)?;
    let run = app.start_shadow(&candidate.rules)?;
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

/// A run is over all institutions, and so are its figures.
fn for_network(caller: &Caller) -> Result<(), Problem> {
    caller.require(Scope::ManageRules)?;
    match caller.institution() {
        None => Ok(()),
        Some(_) => Err(Problem::new(ErrorCode::NotAllowed, "shadow runs are for callers of the whole network")),
    }
}
