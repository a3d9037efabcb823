//! The change feed: what happened in the store, in the order of the log, polled from a sequence number.
//!
//! A consumer keeps the last sequence number that it has handled and asks for what came after; nothing is lost and
//! nothing is marked as read. Until the index decodes its own entries they are given as they stand in the log, which
//! only callers for the whole network may see.

use axum::extract::State;
use mpi::kv;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::Query;
use crate::serve::problem::{ErrorCode, Problem};

/// Where to go on.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct FeedQuery {
    /// The last sequence number that was handled; 0 begins at the first event.
    #[serde(default)]
    after: u64,
    /// The most changes to give.
    limit: Option<u32>,
}

/// A part of the change feed.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Feed {
    /// What happened, in order.
    changes: Vec<LoggedWrite>,
    /// The value of `after` for the next request.
    next: u64,
    /// The last sequence number of the store; equal to `next` when everything was given.
    last: u64,
}

/// What one write did.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct LoggedWrite {
    /// Its position.
    seq: u64,
    /// Its entries, as hexadecimal digits.
    entries: Vec<String>,
}

/// What happened after a sequence number.
#[utoipa::path(get, path = "/v1/events", operation_id = "list_events", tag = "events", params(FeedQuery), responses((status = 200, body = Feed)))]
pub(in crate::serve) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<FeedQuery>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadEvents)?;
    if caller.institution().is_some() {
        return Err(Problem::new(ErrorCode::NotAllowed, "the raw feed is for callers of the whole network"));
    }
    let limit = query.limit.unwrap_or(app.limits().page_items_max);
    if !(1..=app.limits().page_items_max).contains(&limit) {
        return Err(Problem::bad_field("limit", format!("must be from 1 to {}", app.limits().page_items_max)));
    }
    let after = kv::Seq(query.after);
    let (last, changes) = app.changes(after, limit).await?;
    Answer::ok(&view(after, last, &changes))
}

fn view(after: kv::Seq, last: kv::Seq, changes: &[kv::Change]) -> Feed {
    // Batches without entries are left out, so an empty feed may still move on to the end of the log.
    let next = changes.last().map_or(last.max(after), |change| change.seq);
    let hex = |entry: &[u8]| entry.iter().map(|byte| format!("{byte:02x}")).collect();
    let changes = changes
        .iter()
        .map(|change| LoggedWrite {
            seq: change.seq.0,
            entries: change.entries.iter().map(|entry| hex(entry)).collect(),
        })
        .collect();
    Feed { changes, next: next.0, last: last.0.max(next.0) }
}
