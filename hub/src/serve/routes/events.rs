//! The change feed: what happened in the index, in the order of the log, as far as the caller may see.
//!
//! A consumer keeps where it has got to and asks for what came after; nothing is lost and nothing is marked as read. A
//! caller of the whole network counts by the positions of the log. An institution gets sealed positions instead: the
//! numbers would tell how much happens elsewhere.

use axum::extract::State;
use mpi::kv::Seq;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::Query;
use crate::serve::feed::events;
use crate::serve::page::{PageQuery, Pages};
use crate::serve::problem::{ErrorCode, Problem};
use crate::serve::views::event::EventView;

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct FeedQuery {
    /// The last position that was handled, for callers of the whole network; 0 begins at the first event.
    after: Option<u64>,
    /// `page` of the answer before, for everybody.
    page: Option<String>,
    /// The most batches to read. There may be none in an answer that the caller may see.
    limit: Option<u32>,
}

/// A part of the change feed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Feed {
    /// What happened, in order.
    events: Vec<EventView>,
    /// Where to go on: `page` of the next request.
    page: String,
    /// Whether there was more when this was read.
    has_more: bool,
    /// The value of `after` for the next request; for callers of the whole network.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u64>,
    /// The last position of the log; for callers of the whole network.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<u64>,
}

/// What happened after a position.
#[utoipa::path(get, path = "/v1/events", operation_id = "list_events", tag = "events", params(FeedQuery),
    responses((status = 200, body = Feed)))]
pub(in crate::serve) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<FeedQuery>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadEvents)?;
    let is_network = caller.institution().is_none();
    let paging = PageQuery { limit: query.limit, page: query.page };
    let pages = app.pages(&caller, "events", &paging);
    let after = position(&pages, query.after, is_network)?;
    let limit = pages.limit()?;
    let visible = caller.visible();
    let (last, page, shown) = app
        .ask_store(move |kv, operating| -> Result<_, Problem> {
            let last = kv.health().seq;
            let page = mpi::events::feed(kv, after, limit, &visible)?;
            let events = events((kv, operating), &page, (&visible, is_network))?;
            Ok((last, page, events))
        })
        .await?;
    // Batches without events are left out of the log, so the end of the log is where an empty feed goes on.
    let next = if page.has_more { page.next } else { page.next.max(last) };
    let seq = |seq: Seq| is_network.then_some(seq.0);
    Answer::ok(&Feed {
        events: shown,
        page: pages.token(&next.0.to_be_bytes()),
        has_more: page.has_more,
        next: seq(next),
        last: seq(last.max(next)),
    })
}

fn position(pages: &Pages<'_>, after: Option<u64>, is_network: bool) -> Result<Seq, Problem> {
    let sealed = pages.position()?;
    match (after, sealed) {
        (Some(_), Some(_)) => Err(Problem::bad_field("after", "is given beside `page`")),
        (Some(_), None) if !is_network => {
            Err(Problem::bad_field("after", "is for callers of the whole network: use `page`"))
        }
        (Some(after), None) => Ok(Seq(after)),
        (None, Some(sealed)) => {
            let bytes = <[u8; 8]>::try_from(sealed.as_slice());
            let bad = |_| Problem::new(ErrorCode::BadPageToken, "`page` is not a token of this list");
            bytes.map(u64::from_be_bytes).map(Seq).map_err(bad)
        }
        (None, None) => Ok(Seq(0)),
    }
}
