//! Whether the server lives, whether it is ready, and what it counts.

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::problem::Problem;

/// Whether the server can answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Health {
    /// `ok`, or `not_ready`.
    #[schema(example = "ok")]
    status: &'static str,
    /// What stands in the way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<Reason>,
}

/// Something that stands in the way.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Reason {
    /// Which part.
    part: &'static str,
    /// Why, and what to do.
    reason: String,
}

/// The process lives.
#[utoipa::path(get, path = "/health/live", tag = "server", security(()), responses((status = 200, body = Health)))]
pub(in crate::serve) async fn live() -> Response {
    axum::Json(Health { status: "ok", reasons: Vec::new() }).into_response()
}

/// The server can answer; if not, why.
#[utoipa::path(get, path = "/health/ready", tag = "server", security(()),
    responses((status = 200, body = Health), (status = 503, description = "Not ready", body = Health)))]
pub(in crate::serve) async fn ready(State(app): State<App>) -> Response {
    let obstacles = app.readiness().obstacles().into_iter();
    let mut reasons: Vec<Reason> = obstacles.map(|(part, reason)| Reason { part, reason }).collect();
    if !app.kv().health().is_writable {
        let reason = "the store accepts no writes: look at the disk and at the log".to_owned();
        reasons.push(Reason { part: "store", reason });
    }
    let (status, word) = match reasons.is_empty() {
        true => (StatusCode::OK, "ok"),
        false => (StatusCode::SERVICE_UNAVAILABLE, "not_ready"),
    };
    (status, axum::Json(Health { status: word, reasons })).into_response()
}

/// What the server counts, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "server",
    responses((status = 200, description = "OpenMetrics text", content_type = "application/openmetrics-text")))]
pub(in crate::serve) async fn metrics(State(app): State<App>, caller: Caller) -> Result<Response, Problem> {
    caller.require(Scope::ReadMetrics)?;
    let text = app.metrics().encode().map_err(Problem::internal)?;
    Ok(([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], text).into_response())
}
