//! The second look at new persons, behind the requests: each is compared once more with all that was committed before.
//!
//! What is looked for and what becomes of it is decided in [`mpi::events`]; here it is only done, one batch for a few
//! persons at a time, with how far it is in the same batch: it goes on after a restart where it stopped.

use std::time::Duration;

use mpi::events::{self, Position};
use mpi::{Actor, Stamp};

use super::app::App;
use super::problem::Problem;

/// Log batches that are read at once.
const BATCHES: u32 = 256;
/// Persons of one batch: enough to share a sync, few enough to seldom meet a conflict.
const PERSONS: usize = 16;
/// Batches without a new person after which the position is written down all the same.
const BATCHES_UNWRITTEN_MAX: u64 = 10_000;
/// Time between two looks at a log that has not moved.
const IDLE: Duration = Duration::from_millis(100);
/// Time until another attempt after a failure.
const RETRY: Duration = Duration::from_secs(2);

/// Looks until the server stops.
pub(super) async fn follow(app: App) {
    let mut at = None;
    loop {
        // A store that is closed to requests is closed to this as well.
        if !app.readiness().obstacles().is_empty() {
            tokio::time::sleep(RETRY).await;
            continue;
        }
        match round(&app, at).await {
            Ok((end, true)) => at = Some(end),
            Ok((end, false)) => {
                at = Some(end);
                tokio::time::sleep(IDLE).await;
            }
            Err(problem) => {
                tracing::warn!(code = problem.code().name(), cause = %problem, "second look failed");
                at = None;
                tokio::time::sleep(RETRY).await;
            }
        }
    }
}

/// Looks at what came after a position, or after the one that was written down; how far that was, and whether there may be
/// more.
pub(super) async fn round(app: &App, at: Option<Position>) -> Result<(Position, bool), Problem> {
    let (written, found, end) = app
        .ask_store(move |kv, _| -> Result<_, mpi::Error> {
            let written = events::second_look_at(&mut mpi::kv::Draft::new(kv))?;
            let (found, end) = events::second_looks(kv, at.map_or(written, |at| at.max(written)), BATCHES)?;
            Ok((written, found, end))
        })
        .await?;
    let has_more = Some(end) != at;
    for persons in found.chunks(PERSONS) {
        let (app_inside, persons) = (app.clone(), persons.to_vec());
        app.write(move |draft, now| -> Result<(), Problem> {
            let operating = app_inside.operating()?;
            for person in &persons {
                match events::look_second(&operating.index(), draft, *person, &stamp(now)) {
                    // Somebody too common to be compared is left as arrival has decided, and does not stop the rest.
                    Ok(_) | Err(mpi::Error::TooMany(_)) => {}
                    Err(error) => return Err(error.into()),
                }
            }
            Ok(())
        })
        .await?;
    }
    let is_behind = end.batch.0.saturating_sub(written.batch.0) > BATCHES_UNWRITTEN_MAX;
    if found.is_empty() && is_behind {
        app.write(move |draft, _| events::skip_second_looks(draft, end)).await?;
    }
    Ok((end, has_more))
}

fn stamp(now: directory::Instant) -> Stamp {
    Stamp { now, actor: Actor { id: "second-look".into(), institution: None } }
}
