//! Notes who was given a person's data, so that what was read under a wrong link can be listed.
//!
//! A note needs no answer, so notes wait in memory for a moment and are written together: by whoever fills the buffer, by
//! the follower, and before the server stops. A process that is killed loses what waited, a fraction of a second of
//! notes; this is a help for clerks and no audit.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mpi::history::{Access, note_read};
use mpi::{PersonId, RecordId};

use super::app::App;
use super::caller::Caller;
use super::problem::Problem;

/// Notes that wait before whoever adds one writes them.
const WAITING_MAX: usize = 256;
/// The longest time that a note waits.
const WAIT: Duration = Duration::from_millis(200);

/// Notes that wait to be written.
#[derive(Debug, Default)]
pub(super) struct Reads(Mutex<Vec<Access>>);

impl Reads {
    /// Adds a note; how many wait.
    fn add(&self, access: Access) -> usize {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.push(access);
        waiting.len()
    }

    fn take(&self) -> Vec<Access> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put_back(&self, notes: Vec<Access>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(notes);
    }
}

impl App {
    /// Notes that a caller was given a person's records.
    ///
    /// # Errors
    /// Those of [`App::write`], when too many notes wait and cannot be written: then nothing is given.
    pub(super) async fn note_read(
        &self,
        caller: &Caller,
        (person, records): (PersonId, Vec<RecordId>),
    ) -> Result<(), Problem> {
        let access = Access { person, by: caller.actor(), at: self.now(), records };
        if self.reads().add(access) < WAITING_MAX { Ok(()) } else { self.write_reads().await }
    }

    /// Writes the notes that wait.
    ///
    /// # Errors
    /// Those of [`App::write`]; the notes then wait on.
    pub(super) async fn write_reads(&self) -> Result<(), Problem> {
        let notes = self.reads().take();
        if notes.is_empty() {
            return Ok(());
        }
        let (app, written) = (self.clone(), notes.clone());
        let done = self.write(move |draft, _| -> Result<(), Problem> {
            let operating = app.operating()?;
            Ok(written.iter().try_for_each(|access| note_read(draft, &operating.digester, access))?)
        });
        match done.await {
            Ok(_) => Ok(()),
            Err(problem) => {
                self.reads().put_back(notes);
                Err(problem)
            }
        }
    }
}

/// Writes notes until the server stops.
pub(super) async fn follow(app: App) {
    loop {
        tokio::time::sleep(WAIT).await;
        if app.readiness().obstacles().is_empty()
            && let Err(problem) = app.write_reads().await
        {
            tracing::warn!(code = problem.code().name(), cause = %problem, "reads are not noted yet");
        }
    }
}
