//! A server that is closed: it says why, and answers nothing else.
//!
//! A store that ends before its witness has lost writes that somebody was told are safe. Going on in silence would give
//! their ids and numbers away a second time, so an operator has to accept the gap first.

use axum::Router;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};

use crate::serve::app::App;
use crate::serve::problem::{ErrorCode, Problem};

/// The name of the obstacle.
const OBSTACLE: &str = "witness";

/// The same routes, of which only those about the health of the server answer. The reason is public.
pub(crate) fn closed(router: Router, app: &App, reason: &str) -> Router {
    app.readiness().put(OBSTACLE, reason);
    router.layer(from_fn(only_health))
}

async fn only_health(request: Request, next: Next) -> Response {
    if request.uri().path().starts_with("/health/") {
        return next.run(request).await;
    }
    Problem::new(ErrorCode::NotReady, "the server is closed: `/health/ready` says why").into_response()
}
