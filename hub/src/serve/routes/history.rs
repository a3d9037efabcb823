//! What happened to a person, and who was given data under a link that was wrong.

use axum::extract::State;
use mpi::history::{Access, read_before_move, read_under_merge, timeline};

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Path, Query};
use crate::serve::ids;
use crate::serve::page::PageQuery;
use crate::serve::problem::{ErrorCode, Problem};
use crate::serve::views::identity::seen;
use crate::serve::views::timeline::{HappeningView, ReadView, ReadsView, TimelineView};

/// Reads that are listed for each enterprise id.
const READS_MAX: u32 = 1_000;

/// Everything that happened to a person and to all that is merged into it, by whom and why.
#[utoipa::path(get, path = "/v1/persons/{person}/timeline", operation_id = "get_timeline", tag = "persons",
    params(("person" = String, Path, description = "An enterprise id"), PageQuery),
    responses((status = 200, body = TimelineView)))]
pub(in crate::serve) async fn of_person(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    Query(query): Query<PageQuery>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadPersons)?;
    let (visible, inside) = (caller.visible(), app.clone());
    app.ask(move |operating, draft| -> Result<Answer, Problem> {
        let pages = inside.pages(&caller, &format!("timeline {id}"), &query);
        let person = ids::person(&id, &operating.prefix)?;
        seen(operating, draft, person, &visible)?;
        let position = pages.position()?.and_then(|bytes| <[u8; 8]>::try_from(bytes.as_slice()).ok());
        let skipped = position.map_or(0, u64::from_be_bytes);
        let limit = u64::from(pages.limit()?);
        let all = timeline(&operating.index(), draft, person, &visible)?;
        let (from, length) = (usize::try_from(skipped).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(1));
        let shown = all.iter().skip(from).take(length);
        let happenings = shown.map(|it| HappeningView::new(it, &operating.prefix, &visible)).collect();
        let end = skipped.saturating_add(limit);
        let next = (end < all.len() as u64).then(|| pages.token(&end.to_be_bytes()));
        Answer::ok(&TimelineView { happenings, next })
    })
    .await
}

/// Who was given data of both sides of a merge as of one person, while the merge held: whom to tell when it was wrong.
#[utoipa::path(get, path = "/v1/merges/{merge}/reads", operation_id = "list_reads_under_merge", tag = "identity",
    params(("merge" = String, Path, description = "The id of a merge: 32 hexadecimal digits")),
    responses((status = 200, body = ReadsView)))]
pub(in crate::serve) async fn under_merge(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    may_ask_who_read(&caller)?;
    let id = ids::merge(&id)?;
    app.write_reads().await?;
    app.ask(move |operating, draft| -> Result<Answer, Problem> {
        let found = read_under_merge(&operating.index(), draft, id, READS_MAX)?;
        answer(&found, &operating.prefix)
    })
    .await
}

/// Who was given a record's data together with records of a person that the record has left since.
#[utoipa::path(get, path = "/v1/records/{record}/reads", operation_id = "list_reads_before_move", tag = "identity",
    params(("record" = String, Path, description = "The record's id")),
    responses((status = 200, body = ReadsView)))]
pub(in crate::serve) async fn before_move(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    may_ask_who_read(&caller)?;
    let id = ids::record(&id)?;
    app.write_reads().await?;
    app.ask(move |operating, draft| -> Result<Answer, Problem> {
        mpi::read::record(draft, id, &mpi::Visible::All)?.ok_or_else(|| Problem::not_found("record"))?;
        answer(&read_before_move(draft, id, READS_MAX)?, &operating.prefix)
    })
    .await
}

fn answer((reads, has_more): &(Vec<Access>, bool), prefix: &str) -> Result<Answer, Problem> {
    Answer::ok(&ReadsView { reads: reads.iter().map(|it| ReadView::new(it, prefix)).collect(), has_more: *has_more })
}

/// Who reads what elsewhere is not for one institution to know.
fn may_ask_who_read(caller: &Caller) -> Result<(), Problem> {
    caller.require(Scope::ReadRecords)?;
    match caller.institution() {
        None => Ok(()),
        Some(_) => Err(Problem::new(ErrorCode::NotAllowed, "reads are listed for callers of the whole network")),
    }
}
