//! Removes stored answers to repeated writes after the time for which they are kept.
//!
//! Answers are found by the hour in which they were stored. An answer whose key was used again since stands under a later
//! hour as well and stays. Whoever repeats a write while its old answer is being removed meets a conflict, not a gap.

use std::time::Duration;

use directory::Instant;
use mpi::kv::{BUCKETS, Draft, Key};

use super::app::App;
use super::once;
use super::problem::Problem;
use super::space;

/// Time between two sweeps.
const EVERY: Duration = Duration::from_secs(3_600);
/// Time until another attempt after a failure, and until the first sweep.
const RETRY: Duration = Duration::from_secs(60);
/// Answers that are looked at in one batch.
const ROWS: u32 = 500;

/// Sweeps until the server stops.
pub(super) async fn follow(app: App) {
    let mut pause = RETRY;
    loop {
        tokio::time::sleep(pause).await;
        pause = RETRY;
        if !app.readiness().obstacles().is_empty() {
            continue;
        }
        match sweep(&app, app.now()).await {
            Ok(removed) => {
                tracing::debug!(removed, "old answers removed");
                pause = EVERY;
            }
            Err(problem) => {
                tracing::warn!(code = problem.code().name(), cause = %problem, "old answers are not removed yet");
            }
        }
        if let Err(problem) = app.keep_erasures().await {
            tracing::error!(cause = %problem, "the list of erasures outside of the store is not complete");
        }
    }
}

/// Removes every answer that is not given any more; how many.
pub(super) async fn sweep(app: &App, now: Instant) -> Result<u64, Problem> {
    let kept_seconds = app.limits().idempotency_seconds;
    let end = once::first_hour_kept(now, kept_seconds).to_be_bytes();
    let mut removed = 0;
    for bucket in 0..BUCKETS {
        let bucket = u8::try_from(bucket).unwrap_or(u8::MAX);
        let mut after: Option<Key> = None;
        loop {
            let from = after.clone();
            let rows = app
                .ask_store(move |kv, _| -> Result<_, Problem> {
                    Ok(kv.export(space::ONCE_BY_HOUR, bucket, from.as_ref(), ROWS)?)
                })
                .await?;
            let Some((last, _)) = rows.last() else { break };
            after = Some(last.clone());
            let old: Vec<Key> =
                rows.into_iter().map(|(key, _)| key).filter(|key| *key.partition.part < *end.as_slice()).collect();
            if !old.is_empty() {
                removed += remove(app, old, (now, kept_seconds)).await?;
            }
        }
    }
    Ok(removed)
}

async fn remove(app: &App, old: Vec<Key>, kept: (Instant, u32)) -> Result<u64, Problem> {
    let written = app
        .write(move |draft: &mut Draft<'_>, _| -> Result<u64, Problem> {
            let mut removed = 0;
            for key in &old {
                removed += u64::from(once::forget(draft, &key.sort, kept)?);
                draft.delete(key.clone());
            }
            Ok(removed)
        })
        .await?;
    Ok(written.value)
}
