//! The network's policy in versions, and the vetoes of custodians.
//!
//! One officer writes, another reviews, and the version is in force from an instant on. Nothing is changed afterwards: to go
//! back is to publish the older text as a new version.

use axum::extract::State;
use consent::registry;
use consent::{Known, NetworkPolicy};
use directory::AsOf;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Json, Path};
use crate::serve::ids;
use crate::serve::problem::Problem;
use crate::serve::views::directive::consent_stamp;
use crate::serve::views::draft::{DraftRunView, NewDraftRun};
use crate::serve::views::policy::{
    NewReview, NewVeto, PolicyText, PolicyVersionView, PolicyVersions, Schedule, VetoView, Vetoes,
};
use crate::serve::views::replay::{NewReplay, ReplayView};

/// All versions and where they stand.
#[utoipa::path(get, path = "/v1/policies", operation_id = "list_policies", tag = "policies",
    responses((status = 200, body = PolicyVersions)))]
pub(in crate::serve) async fn list(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    caller.require(Scope::ReadConsent)?;
    let now = app.now();
    app.read(move |draft| -> Result<Answer, Problem> {
        let states = registry::policy_states(draft, AsOf::known(now))?;
        let versions = states.into_iter().map(|(version, state)| PolicyVersionView { version, state, text: None });
        Answer::ok(&PolicyVersions { versions: versions.collect() })
    })
    .await
}

/// One version with its text.
#[utoipa::path(get, path = "/v1/policies/{version}", operation_id = "get_policy", tag = "policies",
    params(("version" = u32, Path, description = "The version")),
    responses((status = 200, body = PolicyVersionView)))]
pub(in crate::serve) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(version): Path<u32>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadConsent)?;
    let now = app.now();
    app.read(move |draft| -> Result<Answer, Problem> { Answer::ok(&view(draft, version, now, true)?) }).await
}

/// Reads a policy without keeping it; an error names the line.
#[utoipa::path(post, path = "/v1/policies/check", operation_id = "check_policy", tag = "policies",
    request_body = PolicyText, responses((status = 204, description = "It can be kept")))]
pub(in crate::serve) async fn check(caller: Caller, Json(policy): Json<PolicyText>) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    NetworkPolicy::parse("text", &policy.text).map_err(|error| Problem::bad_field("text", error.to_string()))?;
    Ok(Answer::no_content())
}

/// Keeps a draft.
#[utoipa::path(post, path = "/v1/policies", operation_id = "save_policy", tag = "policies",
    request_body = PolicyText, responses((status = 201, body = PolicyVersionView)))]
pub(in crate::serve) async fn save(
    State(app): State<App>,
    caller: Caller,
    change: Change<PolicyText>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        let version = registry::save_policy(draft, &change.body.text, &consent_stamp(stamp))?;
        Answer::created(format!("/v1/policies/{version}"), &view(draft, version, stamp.now, false)?)
    })
    .await
}

/// Works out what a version would change for all patients if it were published now: who would see what they could not see
/// yesterday. Nothing changes. Its address tells how far it is, and at the end what it found.
#[utoipa::path(post, path = "/v1/policies/{version}/simulations", operation_id = "simulate_policy", tag = "policies",
    params(("version" = u32, Path, description = "The version")),
    request_body = NewDraftRun, responses((status = 201, body = DraftRunView)))]
pub(in crate::serve) async fn simulate(
    State(app): State<App>,
    caller: Caller,
    Path(version): Path<u32>,
    Json(asked): Json<NewDraftRun>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    let run = app.start_draft_run(asked.about(version)?).await?;
    Answer::created(format!("/v1/policies/{version}/simulations/{}", run.id), &DraftRunView::new(&run))
}

/// How far a simulation is, and what a version would change.
#[utoipa::path(get, path = "/v1/policies/{version}/simulations/{run}", operation_id = "get_policy_simulation",
    tag = "policies", params(("version" = u32, Path, description = "The version"),
    ("run" = String, Path, description = "The id of a run; runs are kept until the server stops")),
    responses((status = 200, body = DraftRunView)))]
pub(in crate::serve) async fn simulation(
    State(app): State<App>,
    caller: Caller,
    Path((version, id)): Path<(u32, String)>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    let run = app.draft_runs().get(&id)?;
    if run.about.version != version {
        return Err(Problem::not_found("run"));
    }
    Answer::ok(&DraftRunView::new(&run))
}

/// Puts the real questions of the last days to a version, each as it was asked then. Nothing changes. Its address tells how
/// far it is, and at the end which answers would have been others.
#[utoipa::path(post, path = "/v1/policies/{version}/replays", operation_id = "replay_policy", tag = "policies",
    params(("version" = u32, Path, description = "The version")),
    request_body = NewReplay, responses((status = 201, body = ReplayView)))]
pub(in crate::serve) async fn replay(
    State(app): State<App>,
    caller: Caller,
    Path(version): Path<u32>,
    Json(asked): Json<NewReplay>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    caller.require(Scope::ReadAudit)?;
    let run = app.start_replay(asked.past(version)?).await?;
    Answer::created(format!("/v1/policies/{version}/replays/{}", run.id), &ReplayView::new(&run))
}

/// How far a replay is, and which answers would have been others.
#[utoipa::path(get, path = "/v1/policies/{version}/replays/{run}", operation_id = "get_policy_replay", tag = "policies",
    params(("version" = u32, Path, description = "The version"),
    ("run" = String, Path, description = "The id of a run; runs are kept until the server stops")),
    responses((status = 200, body = ReplayView)))]
pub(in crate::serve) async fn replayed(
    State(app): State<App>,
    caller: Caller,
    Path((version, id)): Path<(u32, String)>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    caller.require(Scope::ReadAudit)?;
    let run = app.replay_runs().get(&id)?;
    if run.about.version != version {
        return Err(Problem::not_found("run"));
    }
    let view = ReplayView::new(&run);
    app.audit(&caller, ("get_policy_replay", None), view.subjects()).await?;
    Answer::ok(&view)
}

/// Says that somebody who did not write a draft has looked at it and at what it would change.
#[utoipa::path(post, path = "/v1/policies/{version}/review", operation_id = "review_policy", tag = "policies",
    params(("version" = u32, Path, description = "The version")),
    request_body = NewReview, responses((status = 200, body = PolicyVersionView)))]
pub(in crate::serve) async fn review(
    State(app): State<App>,
    caller: Caller,
    Path(version): Path<u32>,
    change: Change<NewReview>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    let (here, digest) = (app.clone(), change.body.digest()?);
    app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        let in_force = registry::in_force(draft, AsOf::known(stamp.now))?.map(|published| published.version);
        let findings = here.findings((version, digest), in_force)?;
        registry::review_policy(draft, version, &change.body.review(&findings), &consent_stamp(stamp))?;
        Answer::ok(&view(draft, version, stamp.now, false)?)
    })
    .await
}

/// Publishes a reviewed version from an instant on.
#[utoipa::path(post, path = "/v1/policies/{version}/schedule", operation_id = "schedule_policy", tag = "policies",
    params(("version" = u32, Path, description = "The version")),
    request_body = Schedule, responses((status = 200, body = PolicyVersionView)))]
pub(in crate::serve) async fn schedule(
    State(app): State<App>,
    caller: Caller,
    Path(version): Path<u32>,
    change: Change<Schedule>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        let from = change.body.from.as_deref().map(|text| ids::instant("from", text)).transpose()?;
        registry::schedule_policy(draft, version, from.unwrap_or(stamp.now), &consent_stamp(stamp))?;
        Answer::ok(&view(draft, version, stamp.now, false)?)
    })
    .await
}

/// Calls off a version that is not in force yet.
#[utoipa::path(post, path = "/v1/policies/{version}/cancel", operation_id = "cancel_policy", tag = "policies",
    params(("version" = u32, Path, description = "The version")),
    responses((status = 200, body = PolicyVersionView)))]
pub(in crate::serve) async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(version): Path<u32>,
    change: Change<()>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        registry::cancel_policy(draft, version, &consent_stamp(stamp))?;
        Answer::ok(&view(draft, version, stamp.now, false)?)
    })
    .await
}

/// The vetoes that hold; an institution's officer sees its own.
#[utoipa::path(get, path = "/v1/vetoes", operation_id = "list_vetoes", tag = "policies",
    responses((status = 200, body = Vetoes)))]
pub(in crate::serve) async fn vetoes(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    caller.require(Scope::ReadConsent)?;
    let (now, own) = (app.now(), caller.institution().cloned());
    app.read(move |draft| -> Result<Answer, Problem> {
        let (_, vetoes) = registry::vetoes(draft, AsOf::known(now))?;
        let shown = vetoes.iter().filter(|veto| own.as_ref().is_none_or(|own| *own == veto.custodian));
        Answer::ok(&Vetoes { vetoes: shown.map(VetoView::new).collect() })
    })
    .await
}

/// States a veto of a custodian on its own records, or that it has ended.
#[utoipa::path(post, path = "/v1/vetoes", operation_id = "state_veto", tag = "policies",
    request_body = NewVeto, responses((status = 204, description = "It is stated")))]
pub(in crate::serve) async fn state_veto(
    State(app): State<App>,
    caller: Caller,
    change: Change<NewVeto>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReviewConsent)?;
    let custodian = caller.speaks_for("custodian", change.body.custodian.as_deref())?;
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let body = &change.body;
        let from = body.from.as_deref().map(|text| ids::instant("from", text)).transpose()?.unwrap_or(stamp.now);
        let known = Known { directory: &operating.directory, as_of: AsOf::known(stamp.now) };
        let what = (&custodian, body.name.as_str(), body.provision.as_ref());
        registry::state_veto(draft, what, (from, known), &consent_stamp(stamp))?;
        Ok(Answer::no_content())
    })
    .await
}

fn view(
    draft: &mut mpi::kv::Draft<'_>,
    version: u32,
    now: directory::Instant,
    with_text: bool,
) -> Result<PolicyVersionView, Problem> {
    let states = registry::policy_states(draft, AsOf::known(now))?;
    let state = states.iter().find(|(known, _)| *known == version).map(|(_, state)| *state);
    let state = state.ok_or_else(|| Problem::not_found("policy"))?;
    let text = if with_text { Some(registry::policy(draft, version)?.text.into_string()) } else { None };
    Ok(PolicyVersionView { version, state, text })
}
