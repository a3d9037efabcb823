//! Around every request: its id, its caller, its time limit, one log line and the metrics.
//!
//! The line names the route template, never the path: a path can hold an identifier. Neither query, body nor the detail
//! of a problem is logged. A request that fails through a fault of ours is an error with its cause; whoever reads the
//! log finds it by the id that the caller was given in `X-Request-Id`.

use std::error::Error;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::app::App;
use super::caller::Caller;
use super::problem::{ErrorCode, Problem, ProblemTrace};
use super::random::Numbers;

/// The header that names a request.
pub const REQUEST_ID_HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Longest request id that is taken over from the caller.
const REQUEST_ID_CHARS_MAX: usize = 64;

/// The middleware.
pub(super) async fn observe(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let metrics = app.metrics();
    let _open = metrics.open();
    let method = name_of(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map_or("unmatched", |route| route.as_str());
    let id = request_id(request.headers(), app.request_numbers());
    let caller = app.callers().identify(request.headers());
    if let Some(caller) = &caller {
        request.extensions_mut().insert(caller.clone());
    }
    let limit = Duration::from_millis(app.limits().request_ms_max.into());
    let mut response = match tokio::time::timeout(limit, answer(next, request)).await {
        Ok(response) => response,
        Err(_) => Problem::new(ErrorCode::TimeLimit, "the time limit of a request has passed").into_response(),
    };
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(REQUEST_ID_HEADER, value);
    }
    let duration = started.elapsed();
    metrics.count_request((method, route), response.status().as_u16(), duration);
    let caller = caller.as_ref().map_or("unknown", Caller::id);
    Line { method, route, caller, id: &id, duration }.write(&response);
    response
}

/// What a log line says of a request.
struct Line<'r> {
    method: &'static str,
    route: &'r str,
    caller: &'r str,
    id: &'r str,
    duration: Duration,
}

impl Line<'_> {
    fn write(&self, response: &Response) {
        let Self { method, route, caller, id, duration } = *self;
        let status = response.status().as_u16();
        let duration_ms = duration.as_secs_f64() * 1_000.0;
        let trace = response.extensions().get::<ProblemTrace>();
        let code = trace.map_or("", |trace| trace.code.name());
        if status >= 500 {
            let cause = trace.and_then(|trace| trace.cause.as_deref()).map(chain).unwrap_or_default();
            // A full queue is no fault of the program.
            if matches!(trace.map(|trace| trace.code), Some(ErrorCode::Busy | ErrorCode::NotReady)) {
                tracing::warn!(method, route, status, duration_ms, caller, request.id = id, code, "request refused");
            } else {
                tracing::error!(
                    method,
                    route,
                    status,
                    duration_ms,
                    caller,
                    request.id = id,
                    code,
                    cause,
                    "request failed"
                );
            }
        } else {
            tracing::info!(method, route, status, duration_ms, caller, request.id = id, code, "request answered");
        }
    }
}

fn chain(error: &(dyn Error + Send + Sync)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        text.push_str(": ");
        text.push_str(&source.to_string());
        next = source.source();
    }
    text
}

/// The answer of the inner layers; a handler that panics becomes an internal problem and not a closed connection.
async fn answer(next: Next, request: Request) -> Response {
    let mut inner = pin!(next.run(request));
    std::future::poll_fn(|context| {
        // After a panic the handler is not polled again, so nobody sees what it left half done.
        match std::panic::catch_unwind(AssertUnwindSafe(|| inner.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(_) => Poll::Ready(Problem::internal("a handler panicked").into_response()),
        }
    })
    .await
}

/// The caller's own id when it is a harmless word, otherwise a new one.
fn request_id(headers: &HeaderMap, numbers: &Numbers) -> String {
    let is_word = |text: &&str| {
        let is_harmless = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        !text.is_empty() && text.len() <= REQUEST_ID_CHARS_MAX && text.bytes().all(is_harmless)
    };
    let given = headers.get(&REQUEST_ID_HEADER).and_then(|value| value.to_str().ok()).filter(is_word);
    given.map_or_else(|| format!("{:016x}", numbers.next()), str::to_owned)
}

/// Methods are a closed set in labels.
fn name_of(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_request_ids_are_kept() {
        let numbers = Numbers::new().unwrap();
        let id = |text: &str| {
            let headers = HeaderMap::from_iter([(REQUEST_ID_HEADER, HeaderValue::from_str(text).unwrap())]);
            request_id(&headers, &numbers)
        };
        assert_eq!(id("a-1_b.C"), "a-1_b.C");
        for bad in ["", "a b", "a\"b", "a=b", &"x".repeat(65)] {
            let given = id(bad);
            assert!(given.len() == 16 && given != bad, "{bad} became {given}");
        }
        let drawn: std::collections::BTreeSet<String> =
            (0..1_000).map(|_| request_id(&HeaderMap::new(), &numbers)).collect();
        assert_eq!(drawn.len(), 1_000);
    }
}
