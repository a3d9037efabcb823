//! Counts over the whole index, kept for a while: counting reads every record once.
//!
//! The first who asks waits for the count; later ones get what was counted last, with its time, and start another count
//! in the background when that is old.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use directory::Instant;
use mpi::read::{Census, census};

use super::app::App;
use super::problem::Problem;

/// After this time a count is made anew when somebody asks.
const FRESH_MICROS: i64 = 60_000_000;

/// What was counted last.
#[derive(Debug, Default)]
pub(super) struct Counted {
    last: Mutex<Option<(Instant, Arc<Census>)>>,
    is_counting: AtomicBool,
}

impl App {
    /// The counts, and when they were made.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) async fn census(&self) -> Result<(Instant, Arc<Census>), Problem> {
        let last = self.counted().last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let Some((at, known)) = last else { return self.count().await };
        if self.now().since(at) > FRESH_MICROS && !self.counted().is_counting.swap(true, Ordering::AcqRel) {
            let app = self.clone();
            tokio::spawn(async move {
                if let Err(problem) = app.count().await {
                    tracing::warn!(code = problem.code().name(), cause = %problem, "counting failed");
                }
                app.counted().is_counting.store(false, Ordering::Release);
            });
        }
        Ok((at, known))
    }

    async fn count(&self) -> Result<(Instant, Arc<Census>), Problem> {
        let at = self.now();
        let counted = Arc::new(self.ask_store(|kv, _| census(kv)).await?);
        let mut last = self.counted().last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.as_ref().is_none_or(|(before, _)| *before < at) {
            *last = Some((at, Arc::clone(&counted)));
        }
        Ok((at, counted))
    }
}
