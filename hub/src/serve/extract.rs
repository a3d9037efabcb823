//! What handlers take from a request: query, path, body. Everything that is wrong becomes a problem that names the field.
//!
//! The wrappers exist only for that: the framework's own answers to a wrong request are plain text. A body may hold
//! personal values, so what is wrong with it is told to the caller and never logged.

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use serde::de::DeserializeOwned;

use super::answer::IfMatch;
use super::app::App;
use super::caller::Caller;
use super::once::Once;
use super::problem::{ErrorCode, Problem};

/// Query parameters.
#[derive(Clone, Debug)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<App> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        use axum::extract::rejection::QueryRejection;
        match axum::extract::Query::from_request_parts(parts, app).await {
            Ok(axum::extract::Query(query)) => Ok(Self(query)),
            Err(QueryRejection::FailedToDeserializeQueryString(error)) => {
                Err(Problem::bad_request(format!("query: {}", innermost(&error))))
            }
            Err(_) => Err(Problem::bad_request("the query cannot be read")),
        }
    }
}

/// Parts of the path. An id that is not well formed is a thing that does not exist.
#[derive(Clone, Debug)]
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<App> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        match axum::extract::Path::from_request_parts(parts, app).await {
            Ok(axum::extract::Path(path)) => Ok(Self(path)),
            Err(_) => Err(Problem::not_found("thing")),
        }
    }
}

/// A JSON body of a request that changes nothing.
#[derive(Clone, Debug)]
pub struct Json<T>(pub T);

impl<T: DeserializeOwned> FromRequest<App> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (parts, bytes) = body_of(request, app).await?;
        parse(&parts.headers, &bytes).map(Self)
    }
}

/// A request that changes something: its body, its idempotency key, and the version that it has read.
#[derive(Clone, Debug)]
pub struct Change<T> {
    /// The JSON body.
    pub body: T,
    /// For [`App::write_once`].
    pub once: Option<Once>,
    /// For things that two people may edit at once.
    pub if_match: IfMatch,
}

impl<T: DeserializeOwned> FromRequest<App> for Change<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &App) -> Result<Self, Problem> {
        let (mut parts, bytes) = body_of(request, app).await?;
        let caller = Caller::from_request_parts(&mut parts, app).await?;
        let once = Once::of(app, &caller, &parts.headers, digest(&parts, &bytes))?;
        let if_match = IfMatch::of(&parts.headers);
        // A change without a body is `Change<()>`, for which nothing counts as `null`.
        let bytes = if bytes.is_empty() { Bytes::from_static(b"null") } else { bytes };
        let body = if bytes == "null" { parse_bytes(&bytes)? } else { parse(&parts.headers, &bytes)? };
        Ok(Self { body, once, if_match })
    }
}

/// What a request says, whole: a repeat has to be the same to the byte.
fn digest(parts: &Parts, body: &[u8]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let uri = parts.extensions.get::<axum::extract::OriginalUri>().map_or(&parts.uri, |original| &original.0);
    let target = uri.path_and_query().map_or("", |target| target.as_str());
    for part in [parts.method.as_str().as_bytes(), target.as_bytes(), body] {
        hasher.update(&part.len().to_le_bytes());
        hasher.update(part);
    }
    hasher.finalize()
}

async fn body_of(request: Request, app: &App) -> Result<(Parts, Bytes), Problem> {
    let (parts, body) = request.into_parts();
    let body = Request::from_parts(parts.clone(), body);
    let bytes = Bytes::from_request(body, app).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let limit = app.limits().body_bytes_max;
            Problem::new(ErrorCode::TooLarge, format!("the body is longer than {limit} bytes"))
        } else {
            Problem::bad_request("the body did not arrive whole")
        }
    })?;
    Ok((parts, bytes))
}

fn parse<T: DeserializeOwned>(headers: &HeaderMap, bytes: &[u8]) -> Result<T, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Problem::new(ErrorCode::UnsupportedMediaType, "the body is not `application/json`"));
    }
    parse_bytes(bytes)
}

fn parse_bytes<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let field = error.path().to_string();
        let reason = error.inner().to_string();
        // Without a path it is the body as a whole: not JSON at all, or of another shape.
        let is_whole = matches!(field.as_str(), "." | "?");
        if is_whole { Problem::bad_request(format!("body: {reason}")) } else { Problem::bad_field(field, reason) }
    })?;
    deserializer.end().map_err(|error| Problem::bad_request(format!("body: {error}")))?;
    Ok(value)
}

/// The message of the error at the end of the chain: the ones before only say that something failed.
fn innermost(error: &dyn std::error::Error) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}
