//! Scenarios that officers keep: questions whose answers no version of the policy may change unnoticed.

use axum::extract::State;
use consent::registry::{self, PackOutcome, SavedScenarios};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Path};
use crate::serve::problem::Problem;
use crate::serve::views::directive::{Because, consent_stamp};

/// A pack as an officer writes it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewScenarios {
    /// Its name; a name that is known gets a new version.
    #[schema(example = "pharmacies")]
    name: String,
    /// The file (TOML), as `nayose policy test` reads it.
    text: String,
}

/// A pack of scenarios.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Scenarios)]
pub(in crate::serve) struct ScenariosView {
    /// Its name.
    name: String,
    /// How often it was saved or taken out.
    version: u32,
    /// Who saved it.
    by: String,
    /// When.
    saved: String,
    /// The file; only where one pack is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

/// The packs that are kept.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct ScenarioPacks {
    /// By name.
    packs: Vec<ScenariosView>,
}

/// What came out with a version of the policy.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScenarioOutcomes)]
pub(in crate::serve) struct OutcomesView {
    /// The version.
    policy: u32,
    /// Whether every scenario came out as it says; a version is reviewed only then.
    passes: bool,
    /// By name.
    packs: Vec<PackView>,
}

/// What came out of one pack.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScenarioPackOutcome)]
pub(in crate::serve) struct PackView {
    /// The pack.
    name: String,
    /// Which version of it.
    version: u32,
    /// How many questions it asks.
    asked: usize,
    /// Those that came out differently.
    failures: Vec<FailureView>,
}

/// A scenario that came out differently.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ScenarioFailure)]
pub(in crate::serve) struct FailureView {
    /// Which.
    scenario: String,
    /// How it came out, with the reasons, or why it cannot be asked.
    reason: String,
}

impl ScenariosView {
    fn new(pack: &SavedScenarios, text: Option<&str>) -> Self {
        Self {
            name: pack.name.to_string(),
            version: pack.version,
            by: pack.by.id.to_string(),
            saved: pack.saved.to_string(),
            text: text.map(str::to_owned),
        }
    }
}

impl OutcomesView {
    fn new(policy: u32, outcomes: Vec<PackOutcome>) -> Self {
        let passes = outcomes.iter().all(|pack| pack.failures.is_empty());
        let pack = |pack: PackOutcome| PackView {
            name: pack.name.into(),
            version: pack.version,
            asked: pack.asked,
            failures: pack
                .failures
                .into_iter()
                .map(|failure| FailureView { scenario: failure.name, reason: failure.reason })
                .collect(),
        };
        Self { policy, passes, packs: outcomes.into_iter().map(pack).collect() }
    }
}

/// The packs that are kept.
#[utoipa::path(get, path = "/v1/scenarios", operation_id = "list_scenarios", tag = "policies",
    responses((status = 200, body = ScenarioPacks)))]
pub(in crate::serve) async fn list(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    app.read(move |draft| -> Result<Answer, Problem> {
        let packs = registry::scenarios(draft)?;
        Answer::ok(&ScenarioPacks { packs: packs.iter().map(|pack| ScenariosView::new(pack, None)).collect() })
    })
    .await
}

/// One pack with its text.
#[utoipa::path(get, path = "/v1/scenarios/{name}", operation_id = "get_scenarios", tag = "policies",
    params(("name" = String, Path, description = "The name")), responses((status = 200, body = ScenariosView)))]
pub(in crate::serve) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    app.read(move |draft| -> Result<Answer, Problem> {
        let pack = registry::scenarios_named(draft, &name)?;
        Answer::ok(&ScenariosView::new(&pack, Some(&pack.text)))
    })
    .await
}

/// Keeps a pack. From now on no version of the policy is reviewed with which a scenario in it comes out differently.
#[utoipa::path(post, path = "/v1/scenarios", operation_id = "save_scenarios", tag = "policies",
    request_body = NewScenarios, responses((status = 201, body = ScenariosView)))]
pub(in crate::serve) async fn save(
    State(app): State<App>,
    caller: Caller,
    change: Change<NewScenarios>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        let NewScenarios { name, text } = &change.body;
        registry::save_scenarios(draft, name, text, &consent_stamp(stamp))?;
        let pack = registry::scenarios_named(draft, name)?;
        Answer::created("/v1/scenarios".to_owned(), &ScenariosView::new(&pack, None))
    })
    .await
}

/// Takes a pack out.
#[utoipa::path(post, path = "/v1/scenarios/{name}/remove", operation_id = "remove_scenarios", tag = "policies",
    params(("name" = String, Path, description = "The name")),
    request_body = Because, responses((status = 204, description = "It is kept no more")))]
pub(in crate::serve) async fn remove(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    change: Change<Because>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        registry::remove_scenarios(draft, &name, &change.body.reason, &consent_stamp(stamp))?;
        Ok(Answer::no_content())
    })
    .await
}

/// Puts every pack to a version of the policy. Nothing changes.
#[utoipa::path(post, path = "/v1/policies/{version}/scenarios", operation_id = "try_scenarios", tag = "policies",
    params(("version" = u32, Path, description = "The version")), responses((status = 200, body = OutcomesView)))]
pub(in crate::serve) async fn try_all(
    State(app): State<App>,
    caller: Caller,
    Path(version): Path<u32>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ManagePolicy)?;
    app.read(move |draft| -> Result<Answer, Problem> {
        Answer::ok(&OutcomesView::new(version, registry::try_scenarios(draft, version)?))
    })
    .await
}
