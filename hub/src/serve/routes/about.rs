//! What the server says of itself and of its interface.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::serve::answer::Answer;
use crate::serve::caller::Caller;
use crate::serve::problem::{self, Problem};
use crate::serve::router::openapi_json;

/// Which program answers.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Version {
    /// The program.
    name: &'static str,
    /// Its version.
    version: &'static str,
    /// The version of the interface: the first part of every path.
    api: &'static str,
}

/// Which program answers.
#[utoipa::path(get, path = "/v1/version", tag = "server", responses((status = 200, body = Version)))]
pub(in crate::serve) async fn version(_caller: Caller) -> Result<Answer, Problem> {
    Answer::ok(&Version { name: "nayose", version: env!("CARGO_PKG_VERSION"), api: "v1" })
}

/// The interface as an OpenAPI document.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "server", security(()),
    responses((status = 200, description = "OpenAPI 3.1", content_type = "application/json")))]
pub(in crate::serve) async fn openapi() -> Result<Response, Problem> {
    static DOCUMENT: LazyLock<Result<String, serde_json::Error>> = LazyLock::new(openapi_json);
    match &*DOCUMENT {
        Ok(text) => Ok(([(header::CONTENT_TYPE, "application/json")], text.as_str()).into_response()),
        Err(error) => Err(Problem::internal(error.to_string())),
    }
}

/// Every error code, what it means and what to do.
#[utoipa::path(get, path = "/v1/errors", tag = "server", security(()),
    responses((status = 200, description = "Markdown", content_type = "text/markdown")))]
pub(in crate::serve) async fn errors() -> Response {
    ([(header::CONTENT_TYPE, "text/markdown; charset=utf-8")], problem::document()).into_response()
}
