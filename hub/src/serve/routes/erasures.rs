//! Erasure by law: one officer proposes it, another agrees, and the values of the record are gone for good.
//!
//! A tombstone stays: ids, times and decisions, which hold no value. The list of erasures is also kept outside of the
//! store, so that a restored backup forgets again.

use axum::extract::State;
use mpi::kv::Draft;
use mpi::{RecordId, Visible, erase};

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Path};
use crate::serve::ids;
use crate::serve::problem::Problem;
use crate::serve::views::erasure::{ErasureView, Erasures, NewErasure, legal_basis};

/// Erasures that are proposed, and those that were done.
#[utoipa::path(get, path = "/v1/erasures", operation_id = "list_erasures", tag = "erasures",
    responses((status = 200, body = Erasures)))]
pub(in crate::serve) async fn list(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    caller.require(Scope::EraseRecords)?;
    let visible = caller.visible();
    let (proposed, done) = app.read(move |draft| erase::cases(draft, &visible)).await?;
    let erasures = proposed.iter().map(ErasureView::proposed).chain(done.iter().map(ErasureView::done)).collect();
    Answer::ok(&Erasures { erasures })
}

/// Proposes to erase a record. Nothing is erased until another officer agrees.
#[utoipa::path(post, path = "/v1/erasures", operation_id = "propose_erasure", tag = "erasures",
    request_body = NewErasure, responses((status = 201, body = ErasureView)))]
pub(in crate::serve) async fn propose(
    State(app): State<App>,
    caller: Caller,
    change: Change<NewErasure>,
) -> Result<Answer, Problem> {
    caller.require(Scope::EraseRecords)?;
    let (basis, visible) = (legal_basis(&change.body.legal_basis)?, caller.visible());
    let id = ids::record_field("record", &change.body.record)?;
    app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        known(draft, id, &visible)?;
        let proposed = erase::propose(draft, id, &basis, stamp)?;
        Answer::created(format!("/v1/erasures/{id}"), &ErasureView::proposed(&proposed))
    })
    .await
}

/// The erasure of a record.
#[utoipa::path(get, path = "/v1/erasures/{record}", operation_id = "get_erasure", tag = "erasures",
    params(("record" = String, Path, description = "The record's id")),
    responses((status = 200, body = ErasureView)))]
pub(in crate::serve) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    caller.require(Scope::EraseRecords)?;
    let (id, visible) = (ids::record(&id)?, caller.visible());
    app.read(move |draft| -> Result<Answer, Problem> {
        known(draft, id, &visible)?;
        let done = erase::erasure(draft, id)?.map(|done| ErasureView::done(&done));
        let view = match done {
            Some(done) => Some(done),
            None => erase::proposal(draft, id)?.map(|proposed| ErasureView::proposed(&proposed)),
        };
        Answer::ok(&view.ok_or_else(|| Problem::not_found("erasure"))?)
    })
    .await
}

/// Agrees to an erasure that another officer has proposed: the values are gone with the answer.
#[utoipa::path(post, path = "/v1/erasures/{record}/agree", operation_id = "agree_to_erasure", tag = "erasures",
    params(("record" = String, Path, description = "The record's id")),
    responses((status = 200, body = ErasureView)))]
pub(in crate::serve) async fn agree(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<()>,
) -> Result<Answer, Problem> {
    caller.require(Scope::EraseRecords)?;
    let (id, visible) = (ids::record(&id)?, caller.visible());
    let answer = app
        .act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
            known(draft, id, &visible)?;
            Answer::ok(&ErasureView::done(&erase::agree(&operating.index(), draft, id, stamp)?))
        })
        .await?;
    // The record is erased whatever becomes of the list; a failure is told to the operator and tried again.
    if let Err(problem) = app.keep_erasures().await {
        tracing::error!(cause = %problem, "the list of erasures outside of the store is not complete");
    }
    Ok(answer)
}

/// Takes a proposed erasure back.
#[utoipa::path(post, path = "/v1/erasures/{record}/withdraw", operation_id = "withdraw_erasure", tag = "erasures",
    params(("record" = String, Path, description = "The record's id")),
    responses((status = 204, description = "Nothing is proposed any more")))]
pub(in crate::serve) async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<()>,
) -> Result<Answer, Problem> {
    caller.require(Scope::EraseRecords)?;
    let (id, visible) = (ids::record(&id)?, caller.visible());
    app.act((&caller, change.once), move |_, draft, _| -> Result<Answer, Problem> {
        known(draft, id, &visible)?;
        erase::withdraw(draft, id)?;
        Ok(Answer::no_content())
    })
    .await
}

/// A record that the caller may not see does not exist.
fn known(draft: &mut Draft<'_>, id: RecordId, visible: &Visible) -> Result<(), Problem> {
    if erase::may_know(draft, id, visible)? { Ok(()) } else { Err(Problem::not_found("record")) }
}
