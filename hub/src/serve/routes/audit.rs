//! Who saw a person: the access report that an officer gives to a patient.

use axum::extract::State;
use directory::Instant;
use mpi::Visible;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::audit::{AccessLimits, Accesses, accesses};
use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Path, Query};
use crate::serve::ids;
use crate::serve::permission::{Patient, linked};
use crate::serve::problem::Problem;
use crate::serve::trail::read;

/// Whose accesses.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct AccessQuery {
    /// An enterprise id.
    person: String,
}

/// Who saw a person, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Accesses)]
pub(in crate::serve) struct AccessView {
    /// The events, each with its writer and its number in the chain.
    #[schema(value_type = Vec<Object>)]
    accesses: Vec<crate::audit::Access>,
    /// The limit that was reached, so that older ones may be missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    limited_by: Option<&'static str>,
    /// Lines of the trail that are no events: a matter for `nayose audit verify`.
    unreadable: u64,
}

/// Who was answered about the two persons of a merge as about one, while the merge held: what was shown too much when it was
/// wrong, and whom to tell.
#[utoipa::path(get, path = "/v1/merges/{merge}/disclosures", operation_id = "list_disclosures_under_merge",
    tag = "audit", params(("merge" = String, Path, description = "The id of a merge: 32 hexadecimal digits")),
    responses((status = 200, body = AccessView)))]
pub(in crate::serve) async fn under_merge(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadAudit)?;
    let (id, here) = (ids::merge(&id)?, app.clone());
    let (person, mut found) = app
        .ask(move |operating, draft| -> Result<_, Problem> {
            let folder = here.audit_folder().ok_or_else(|| Problem::not_found("audit trail"))?;
            let merge = mpi::read::merge(draft, id, &Visible::All)?.ok_or_else(|| Problem::not_found("merge"))?;
            let end = merge.undone.as_ref().map_or(Instant::FOREVER, |(at, ..)| *at);
            let survivor = merge.survivor.enterprise_id(&operating.prefix);
            let absorbed = merge.absorbed.enterprise_id(&operating.prefix);
            let mut found =
                accesses(folder, &[&survivor, &absorbed], AccessLimits::default()).map_err(Problem::internal)?;
            found.accesses.retain(|access| merge.at <= access.event.at && access.event.at < end);
            Ok((survivor, found))
        })
        .await?;
    app.audit(&caller, ("list_disclosures_under_merge", None), read(person)).await?;
    let accesses = std::mem::take(&mut found.accesses);
    Answer::ok(&AccessView { accesses, limited_by: found.limited_by, unreadable: found.unreadable })
}

/// Who saw a person; asking is an access too.
#[utoipa::path(get, path = "/v1/audit", operation_id = "list_accesses", tag = "audit", params(AccessQuery),
    responses((status = 200, body = AccessView)))]
pub(in crate::serve) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<AccessQuery>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadAudit)?;
    let here = app.clone();
    let (person, found) = app
        .ask(move |operating, draft| -> Result<_, Problem> {
            let folder = here.audit_folder().ok_or_else(|| Problem::not_found("audit trail"))?;
            let id = ids::person_field("person", &query.person, &operating.prefix)?;
            let known = linked(operating, draft, &Patient::Person(id))?.ok_or_else(|| Problem::not_found("person"))?;
            // After a merge either id may stand in the trail.
            let ids: Vec<String> = [id, known.person].iter().map(|id| id.enterprise_id(&operating.prefix)).collect();
            let persons: Vec<&str> = ids.iter().map(String::as_str).collect();
            let found = accesses(folder, &persons, AccessLimits::default()).map_err(Problem::internal)?;
            Ok((known.person.enterprise_id(&operating.prefix), found))
        })
        .await?;
    app.audit(&caller, ("list_accesses", None), read(person)).await?;
    let Accesses { accesses, limited_by, unreadable } = found;
    Answer::ok(&AccessView { accesses, limited_by, unreadable })
}
