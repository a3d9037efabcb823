//! Connections: a bounded number, each with a time limit for the head of a request, and a stop that loses no request.
//!
//! On a stop the listener closes first, then idle connections end at once and open requests are answered, up to the
//! drain limit. TLS is not here: it comes with the edge, or from a proxy in front.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::app::App;
use super::{reach, reads, rule_runs, second_look, standby, sweep, trail, webhooks};

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Every open request was answered.
    Drained,
    /// Connections were cut at the drain limit: so many.
    Cut(usize),
}

/// A refused accept (no file descriptors left, a reset connection) is tried again after this time.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves connections until `stop` is ready.
pub async fn serve(listener: TcpListener, router: Router, app: &App, stop: impl Future<Output = ()>) -> End {
    let limits = *app.limits();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_millis(limits.head_ms_max.into()));
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(usize::try_from(limits.connections_max).unwrap_or(usize::MAX)));
    let mut stop = std::pin::pin!(stop);
    let behind = [
        tokio::spawn(second_look::follow(app.clone())),
        tokio::spawn(rule_runs::follow(app.clone())),
        tokio::spawn(standby::follow(app.clone())),
        tokio::spawn(reads::follow(app.clone())),
        tokio::spawn(webhooks::follow::follow(app.clone())),
        tokio::spawn(sweep::follow(app.clone())),
        tokio::spawn(trail::follow(app.clone())),
        tokio::spawn(reach::follow(app.clone())),
    ];
    loop {
        let next = async {
            let place = Arc::clone(&places).acquire_owned().await;
            (listener.accept().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = next => accepted,
            () = &mut stop => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let service = TowerToHyperService::new(router.clone());
                let connection = http.serve_connection(TokioIo::new(prepare(stream)), service);
                let watched = graceful.watch(connection);
                tokio::spawn(async move {
                    // A connection that the caller breaks off is no event; its requests have their own lines.
                    let _ = watched.await;
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(cause = %error, "connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    behind.iter().for_each(tokio::task::JoinHandle::abort);
    app.readiness().put("server", "the server stops");
    let end = drain(graceful, limits.drain_ms_max).await;
    if app.readiness().obstacles().len() == 1
        && let Err(problem) = app.write_reads().await
    {
        tracing::error!(cause = %problem, "reads of the last moment are not noted");
    }
    if let Some(trail) = app.trail()
        && let Err(error) = trail.seal(app.now()).await
    {
        tracing::error!(cause = %error, "the end of the audit trail is not sealed");
    }
    end
}

/// Answers that are small should not wait for more.
fn prepare(stream: TcpStream) -> TcpStream {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(cause = %error, "connection without a promise of small delays");
    }
    stream
}

async fn drain(graceful: GracefulShutdown, drain_ms_max: u32) -> End {
    let open = graceful.count();
    tracing::info!(connections = open, "server stops");
    let limit = Duration::from_millis(drain_ms_max.into());
    match tokio::time::timeout(limit, graceful.shutdown()).await {
        Ok(()) => End::Drained,
        Err(_) => End::Cut(open),
    }
}

/// Ready when the process is asked to stop: SIGTERM, or Ctrl-C.
///
/// # Errors
/// When signals cannot be received.
pub fn asked_to_stop() -> std::io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Opens the address.
///
/// # Errors
/// When it is taken, or not one of this machine.
pub async fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    TcpListener::bind(address).await
}
