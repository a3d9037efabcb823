//! Long work beside the requests: begun by one request, looked at by others, one run of a kind at a time.
//!
//! A run has a thread of its own, so that a stop of the server does not wait for it. What has run is kept in memory until
//! the server stops, the latest few. Whatever has to outlive the server is kept elsewhere, by the work itself.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::problem::{ErrorCode, Problem};
use super::random;
use crate::failure::{ErrorFormat, Failure};

/// Runs of a kind that are kept.
const RUNS_MAX: usize = 16;

/// The runs of a kind since the start: what each is about, and what it found.
#[derive(Debug)]
pub(super) struct Runs<A, T>(Mutex<Vec<Arc<Run<A, T>>>>);

/// One run.
#[derive(Debug)]
pub(super) struct Run<A, T> {
    /// Its id.
    pub(super) id: String,
    /// What it is about.
    pub(super) about: A,
    state: Mutex<State<T>>,
    percent: AtomicU32,
}

/// How far a run is.
#[derive(Debug)]
pub(super) enum State<T> {
    /// It goes on: what it does.
    Running(&'static str),
    /// It is done.
    Done(Arc<T>),
    /// It failed: see the log.
    Failed,
}

impl<T> Clone for State<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Running(stage) => Self::Running(stage),
            Self::Done(found) => Self::Done(Arc::clone(found)),
            Self::Failed => Self::Failed,
        }
    }
}

impl<A, T> Default for Runs<A, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<A, T> Run<A, T> {
    /// How far it is.
    pub(super) fn state(&self) -> State<T> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How much of the longest stage is done, in percent.
    pub(super) fn percent(&self) -> u32 {
        self.percent.load(Ordering::Relaxed)
    }

    /// Tells what it does now.
    pub(super) fn stage(&self, stage: &'static str) {
        self.set(State::Running(stage));
    }

    /// Tells how much of the longest stage is done.
    pub(super) fn progress(&self, done: usize, all: usize) {
        let percent = u32::try_from(done * 100 / all.max(1)).unwrap_or(100);
        self.percent.store(percent, Ordering::Relaxed);
    }

    fn set(&self, state: State<T>) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl<A: Send + Sync + 'static, T: Send + Sync + 'static> Runs<A, T> {
    /// Starts a run; `kind` is what people and the log call it.
    ///
    /// # Errors
    /// A conflict while another run of the kind goes on.
    pub(super) fn start(
        &self,
        (kind, about): (&'static str, A),
        work: impl FnOnce(&Run<A, T>) -> Result<T, Failure> + Send + 'static,
    ) -> Result<Arc<Run<A, T>>, Problem> {
        let id = random::bytes::<8>().map_err(Problem::internal)?.map(|byte| format!("{byte:02x}")).concat();
        let state = Mutex::new(State::Running("reading"));
        let run = Arc::new(Run { id, about, state, percent: AtomicU32::new(0) });
        let mut runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if runs.iter().any(|run| matches!(run.state(), State::Running(_))) {
            return Err(Problem::conflict(format!("another {kind} goes on: wait for its end")));
        }
        if runs.len() >= RUNS_MAX {
            runs.remove(0);
        }
        runs.push(Arc::clone(&run));
        let inside = Arc::clone(&run);
        let work = move || {
            let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| work(&inside)));
            inside.set(match end {
                Ok(Ok(found)) => State::Done(Arc::new(found)),
                Ok(Err(failure)) => {
                    let cause = failure.message(ErrorFormat::Human);
                    tracing::error!(run = inside.id, kind, cause, "a run in the background failed");
                    State::Failed
                }
                Err(_) => State::Failed,
            });
        };
        std::thread::Builder::new().name("background".to_owned()).spawn(work).map_err(Problem::internal)?;
        Ok(run)
    }

    /// A run by its id.
    ///
    /// # Errors
    /// [`ErrorCode::NotFound`].
    pub(super) fn get(&self, id: &str) -> Result<Arc<Run<A, T>>, Problem> {
        let found = self.find(|run| run.id == id);
        found.ok_or_else(|| Problem::new(ErrorCode::NotFound, "there is no such run"))
    }

    /// The latest run that is as wanted.
    pub(super) fn find(&self, is_wanted: impl Fn(&Run<A, T>) -> bool) -> Option<Arc<Run<A, T>>> {
        let runs = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        runs.iter().rev().find(|run| is_wanted(run)).map(Arc::clone)
    }
}
