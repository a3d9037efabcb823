//! What stands by, behind the requests: writes what a version needs of every record, and deletes it when it is let go.
//!
//! What a step does is decided in [`mpi::rules`]; here it is only done, one batch for some records. How far it is stands in
//! the store, in the same batches, so that it goes on after a restart where it stopped.

use std::time::Duration;

use mpi::rules::{self, STEP_RECORDS};

use super::app::App;
use super::problem::Problem;

/// Time between two looks when nothing is to do.
const IDLE: Duration = Duration::from_millis(500);
/// Time until another attempt after a failure.
const RETRY: Duration = Duration::from_secs(2);

/// Milliseconds beyond the time limit of a request after which every write that was under way has ended.
const SETTLE_MS: i64 = 5_000;

/// Does steps until the server stops.
pub(super) async fn follow(app: App) {
    loop {
        // A store that is closed to requests is closed to this as well.
        let pause = if app.readiness().obstacles().is_empty() {
            match round_when_settled(&app).await {
                Ok(true) => continue,
                Ok(false) => IDLE,
                Err(problem) => {
                    tracing::warn!(code = problem.code().name(), cause = %problem, "the standby does not go on");
                    RETRY
                }
            }
        } else {
            RETRY
        };
        tokio::time::sleep(pause).await;
    }
}

/// Does a step once writes that were under way when this began have ended; whether there may be more to do at once.
async fn round_when_settled(app: &App) -> Result<bool, Problem> {
    let settled = app.now().plus_micros(-1_000 * (i64::from(app.limits().request_ms_max) + SETTLE_MS));
    let preparation = app.read(rules::preparation).await?;
    match preparation {
        Some(preparation) if preparation.began <= settled => round(app).await,
        _ => Ok(false),
    }
}

/// Does a step; whether there was one to do.
pub(super) async fn round(app: &App) -> Result<bool, Problem> {
    let found = app
        .ask_store(|kv, _| -> Result<_, mpi::Error> {
            let Some(preparation) = rules::preparation(&mut mpi::kv::Draft::new(kv))? else { return Ok(None) };
            let page = rules::page(kv, &preparation, STEP_RECORDS)?;
            Ok(page.map(|page| (preparation, page)))
        })
        .await?;
    let Some((preparation, page)) = found else { return Ok(false) };
    let inside = app.clone();
    app.write(move |draft, _| -> Result<(), Problem> {
        let operating = inside.operating()?;
        Ok(rules::step(&operating.index(), draft, (&preparation, &page))?)
    })
    .await?;
    Ok(true)
}
