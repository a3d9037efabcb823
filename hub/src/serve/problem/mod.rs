//! What a caller is told when a request cannot be answered: problem details (RFC 9457) with a stable code.
//!
//! A handler fails with a [`Problem`] and nothing else. Use [`Problem::bad_field`] for a value in the request,
//! [`Problem::not_found`] whenever the caller may not know that a thing exists, [`Problem::refused`] when a rule of the
//! domain says no, [`Problem::conflict`] when the state does not fit. Errors of the core crates become problems in
//! `mapping`, the only place that chooses. Causes go to the log at the edge, never to the caller.

mod code;
mod mapping;

use std::fmt;
use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

pub use code::{ErrorCode, document};

/// Why a request cannot be answered.
#[derive(Debug)]
pub struct Problem(Box<Parts>);

#[derive(Debug)]
struct Parts {
    code: ErrorCode,
    detail: String,
    errors: Vec<FieldError>,
    retry_after_seconds: Option<u32>,
    cause: Option<Cause>,
}

type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// A part of the request that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where it stands: a path in the body (`names/0/family`), a query parameter, or a header.
    pub field: String,
    /// What is wrong with it.
    pub reason: String,
}

/// The body of every answer that is an error (`application/problem+json`).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
struct Body<'p> {
    /// Where the kind of problem is described, relative to the server.
    #[schema(value_type = String, example = "/v1/errors#not_found")]
    r#type: String,
    /// The kind of problem in a few words.
    title: &'static str,
    /// The status of the answer.
    status: u16,
    /// The kind of problem for programs; codes are never renamed.
    #[schema(value_type = String, example = "not_found")]
    code: &'static str,
    /// What went wrong this time.
    detail: &'p str,
    /// What to do about it.
    action: &'static str,
    /// Parts of the request that are wrong.
    #[serde(skip_serializing_if = "<[FieldError]>::is_empty")]
    errors: &'p [FieldError],
}

/// What the log line of a request says about its problem; travels beside the answer.
#[derive(Clone, Debug)]
pub(super) struct ProblemTrace {
    pub(super) code: ErrorCode,
    pub(super) cause: Option<Cause>,
}

impl Problem {
    /// A problem of a kind. The detail may repeat what the caller sent; it is not logged.
    #[must_use]
    pub fn new(code: ErrorCode, detail: impl Into<String>) -> Self {
        Self(Box::new(Parts {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            retry_after_seconds: code.retry_after_seconds(),
            cause: None,
        }))
    }

    /// The request cannot be understood.
    #[must_use]
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadRequest, detail)
    }

    /// One part of the request is wrong.
    #[must_use]
    pub fn bad_field(field: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::bad_fields(vec![FieldError { field: field.into(), reason: reason.into() }])
    }

    /// Parts of the request are wrong.
    #[must_use]
    pub fn bad_fields(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [error] => format!("`{}`: {}", error.field, error.reason),
            errors => format!("{} values of the request are wrong", errors.len()),
        };
        let mut problem = Self::new(ErrorCode::BadRequest, detail);
        problem.0.errors = errors;
        problem
    }

    /// There is none, or the caller may not know that there is one: the two must give the same bytes, so nothing of the
    /// thing itself may be said.
    #[must_use]
    pub fn not_found(what: &'static str) -> Self {
        Self::new(ErrorCode::NotFound, format!("there is no such {what}"))
    }

    /// A rule of the domain says no, and says why.
    #[must_use]
    pub fn refused(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Refused, detail)
    }

    /// The thing is not in a state that allows this.
    #[must_use]
    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(ErrorCode::Conflict, detail)
    }

    /// A fault of ours. The cause goes to the log, the caller learns that there was one.
    #[must_use]
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(ErrorCode::Internal, "the server failed to do this").because(cause)
    }

    /// The same problem with what led to it, for the log.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    /// The kind of problem.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// What went wrong.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.0.detail
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.detail)
    }
}

impl std::error::Error for Problem {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as _)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let Parts { code, detail, errors, retry_after_seconds, cause } = *self.0;
        let body = Body {
            r#type: format!("/v1/errors#{}", code.name()),
            title: code.title(),
            status: code.status().as_u16(),
            code: code.name(),
            detail: &detail,
            action: code.action(),
            errors: &errors,
        };
        // A body of texts and numbers always has a JSON form.
        let bytes = serde_json::to_vec(&body).unwrap_or_default();
        let mut response = (code.status(), bytes).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(seconds) = retry_after_seconds {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        if code.status() == StatusCode::UNAUTHORIZED {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response.extensions_mut().insert(ProblemTrace { code, cause });
        response
    }
}

/// The schema of the body and its name, for the OpenAPI document.
pub(super) fn schema() -> (String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>) {
    (<Body<'_> as ToSchema>::name().into_owned(), <Body<'_> as utoipa::PartialSchema>::schema())
}

/// The schema of a wrong part of the request and its name.
pub(super) fn field_schema() -> (String, utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>) {
    (<FieldError as ToSchema>::name().into_owned(), <FieldError as utoipa::PartialSchema>::schema())
}
