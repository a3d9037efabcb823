//! Source records: a source sends one, and reads what the index has of it.

use axum::extract::State;
use axum::http::HeaderMap;
use mpi::Visible;
use mpi::kv::Draft;
use mpi::read::RecordView;
use serde::Serialize;
use utoipa::ToSchema;

use crate::audit::Subject;
use crate::index::Operating;
use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Path};
use crate::serve::problem::Problem;
use crate::serve::trail::read;
use crate::serve::views::arrival::{ArrivedView, NewRecord};
use crate::serve::views::record::{RecordBody, VersionBody};
use crate::serve::{ids, random};

/// Sends a record: a new one, or what has changed in a known one.
///
/// It is compared with all records of the network and given to a person, new or known, in one step. Sending the same
/// again changes nothing.
#[utoipa::path(post, path = "/v1/records", operation_id = "send_record", tag = "records", request_body = NewRecord,
    responses((status = 200, body = ArrivedView)))]
pub(in crate::serve) async fn send(
    State(app): State<App>,
    caller: Caller,
    change: Change<NewRecord>,
) -> Result<Answer, Problem> {
    caller.require(Scope::WriteRecords)?;
    let (arrival, visible) = (change.body.arrival(&caller, app.now())?, caller.visible());
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        operating.begin(draft, stamp)?;
        let arrived = mpi::arrive(&operating.index(), draft, &arrival, random::person_id()?, stamp)?;
        Answer::ok(&ArrivedView::of(operating, draft, (&arrival, &arrived), &visible)?)
    })
    .await
}

/// One record with the version that holds.
#[utoipa::path(get, path = "/v1/records/{record}", operation_id = "get_record", tag = "records",
    params(("record" = String, Path, description = "The record's id: 32 hexadecimal digits")),
    responses((status = 200, body = RecordBody), (status = 304, description = "Known: see `If-None-Match`")))]
pub(in crate::serve) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadRecords)?;
    let (id, visible) = (ids::record(&id)?, caller.visible());
    let (record, person) = app.ask_here(|operating, draft| -> Result<_, Problem> {
        let found = mpi::read::record(draft, id, &visible)?.ok_or_else(|| Problem::not_found("record"))?;
        let person = person_of((operating, draft), &found, &visible)?;
        Ok((found, person))
    })?;
    app.audit(&caller, ("get_record", None), person).await?;
    Ok(Answer::ok(&RecordBody::new(&record, caller.institution()))?.unless_known(&headers))
}

/// The person of a record, for the audit; nobody for one that was erased.
fn person_of(
    (operating, draft): (&Operating, &mut Draft<'_>),
    record: &RecordView,
    visible: &Visible,
) -> Result<Vec<Subject>, Problem> {
    let found = mpi::read::cross_reference(&operating.index(), draft, &record.identifier, visible)?;
    Ok(found.map(|found| read(found.person.enterprise_id(&operating.prefix))).unwrap_or_default())
}

/// The versions of a record.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Versions {
    /// Oldest first.
    versions: Vec<VersionBody>,
}

/// Every version of a record, as its source sent it.
#[utoipa::path(get, path = "/v1/records/{record}/versions", operation_id = "list_versions", tag = "records",
    params(("record" = String, Path, description = "The record's id: 32 hexadecimal digits")),
    responses((status = 200, body = Versions)))]
pub(in crate::serve) async fn versions(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadRecords)?;
    let (id, visible) = (ids::record(&id)?, caller.visible());
    let found = app.ask(move |operating, draft| -> Result<_, Problem> {
        let record = mpi::read::record(draft, id, &visible)?.ok_or_else(|| Problem::not_found("record"))?;
        let person = person_of((operating, draft), &record, &visible)?;
        let versions = mpi::read::versions(draft, id, &visible)?.ok_or_else(|| Problem::not_found("record"))?;
        Ok((record, versions, person))
    });
    let (record, versions, person) = found.await?;
    app.audit(&caller, ("list_versions", None), person).await?;
    let is_own = caller.institution() == Some(&record.institution);
    Answer::ok(&Versions { versions: VersionBody::all(&versions, is_own) })
}
