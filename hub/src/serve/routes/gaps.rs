//! Permits that do not reach every record of their person: what an officer has to look at after a merge.

use axum::extract::State;
use consent::registry::{self, WaitingGap};
use mpi::RecordId;
use serde::Serialize;
use utoipa::ToSchema;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Path};
use crate::serve::ids;
use crate::serve::problem::Problem;
use crate::serve::views::directive::{Because, consent_stamp};

/// Permits that are listed at once.
const LISTED_MAX: u32 = 1_000;

/// Permits that wait for an officer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Gaps {
    /// By directive.
    gaps: Vec<GapView>,
}

/// A permit that does not reach every record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReachGap)]
pub(in crate::serve) struct GapView {
    /// The directive.
    consent: String,
    /// Its version.
    version: u32,
    /// Records of the person that it does not open; `POST /v1/directives/{consent}/reach` adds one.
    records: Vec<String>,
    /// When that was found.
    since: String,
}

impl GapView {
    fn new(gap: &WaitingGap) -> Self {
        Self {
            consent: gap.consent.to_string(),
            version: gap.version,
            records: gap.beyond.iter().map(|identity| RecordId(identity.0).to_string()).collect(),
            since: gap.since.to_string(),
        }
    }
}

/// Permits that do not reach every record of their person since links have changed.
#[utoipa::path(get, path = "/v1/reach-gaps", operation_id = "list_reach_gaps", tag = "directives",
    responses((status = 200, body = Gaps)))]
pub(in crate::serve) async fn list(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    caller.require(Scope::ReviewConsent)?;
    app.read(move |draft| -> Result<Answer, Problem> {
        let waiting = registry::gaps_waiting(draft, LISTED_MAX)?;
        Answer::ok(&Gaps { gaps: waiting.iter().map(GapView::new).collect() })
    })
    .await
}

/// States that a permit is not meant for the records beyond it.
#[utoipa::path(post, path = "/v1/reach-gaps/{consent}/dismiss", operation_id = "dismiss_reach_gap", tag = "directives",
    params(("consent" = String, Path, description = "The directive's id")),
    request_body = Because, responses((status = 204, description = "It does not wait any more")))]
pub(in crate::serve) async fn dismiss(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<Because>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReviewConsent)?;
    let id = ids::consent(&id)?;
    app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        registry::dismiss_gap(draft, id, &change.body.reason, &consent_stamp(stamp))?;
        Ok(Answer::no_content())
    })
    .await
}
