//! The way into the store: reads on a draft that is dropped, writes that are planned, committed and planned again.
//!
//! A verb of a core crate writes onto a draft. Here the draft becomes a batch with a random id and is committed. On a
//! conflict the verb runs again on a new draft, a bounded number of times, after a random pause. An unknown outcome is
//! settled; when even that fails the caller is told that nobody knows, and repeats with the same idempotency key. A verb
//! may therefore run several times and must have no effect but on its draft.

use std::sync::Arc;
use std::time::Duration;

use directory::Instant;
use mpi::kv::{self, Commit, Draft, Kv, Seq, Settled};

use super::app::App;
use super::clock::Clock;
use super::metrics::Metrics;
use super::problem::{ErrorCode, Problem};
use super::{random, space};

/// What a committed write gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written<T> {
    /// The result of the verb.
    pub value: T,
    /// A position of the log at which the write is visible.
    pub seq: Seq,
}

/// Attempts inside one job: a first conflict is nearly always over when it is seen.
const ATTEMPTS_PER_JOB: u32 = 2;
/// Attempts to settle an unknown outcome.
const SETTLE_ATTEMPTS_MAX: u32 = 3;
/// The longest pause between two jobs of one write.
const PAUSE_MICROS_MAX: u64 = 50_000;

impl App {
    /// Reads. The draft is dropped: nothing that the verb writes is kept.
    ///
    /// # Errors
    /// What the verb says, and [`ErrorCode::Busy`].
    pub async fn read<T, E>(
        &self,
        verb: impl FnOnce(&mut Draft<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, Problem>
    where
        T: Send + 'static,
        E: Into<Problem>,
    {
        let kv = Arc::clone(self.kv());
        self.readers().run(move || verb(&mut Draft::peeking(&*kv)).map_err(Into::into)).await?
    }

    /// Writes: everything that the verb plans is committed at once, or nothing is. The instant is the recorded time.
    ///
    /// # Errors
    /// What the verb says; [`ErrorCode::Busy`], [`ErrorCode::Contended`], [`ErrorCode::Unconfirmed`], and those of the
    /// store.
    pub async fn write<T, E>(
        &self,
        verb: impl FnMut(&mut Draft<'_>, Instant) -> Result<T, E> + Send + 'static,
    ) -> Result<Written<T>, Problem>
    where
        T: Send + 'static,
        E: Into<Problem>,
    {
        let mut job =
            Job { app: self.clone(), kv: Arc::clone(self.kv()), clock: self.clock(), metrics: self.metrics(), verb };
        let attempts_max = self.limits().attempts_max;
        let mut attempts = 0;
        loop {
            let tries = ATTEMPTS_PER_JOB.min(attempts_max.saturating_sub(attempts));
            let (returned, outcome) = self.writers().run(move || job.run(tries)).await?;
            if let Some(written) = outcome? {
                return Ok(written);
            }
            attempts += tries;
            if attempts >= attempts_max {
                let detail = format!("others changed the same thing {attempts} times");
                return Err(Problem::new(ErrorCode::Contended, detail));
            }
            job = returned;
            tokio::time::sleep(pause(attempts)).await;
        }
    }
}

/// Half of a time that doubles with every attempt, and a random part of the other half.
fn pause(attempts: u32) -> Duration {
    let bound = 500_u64.saturating_mul(1 << attempts.min(16)).min(PAUSE_MICROS_MAX);
    Duration::from_micros(bound / 2 + random::below(bound / 2 + 1))
}

/// A write on its way: what an attempt needs.
struct Job<V> {
    app: App,
    kv: Arc<dyn Kv>,
    clock: Arc<Clock>,
    metrics: Arc<Metrics>,
    verb: V,
}

/// What one attempt came to.
enum Attempt<T> {
    Done(Written<T>),
    Conflict,
}

impl<V> Job<V> {
    /// Tries a few times; none when all of them met a conflict. The job comes back for the next round.
    fn run<T, E>(mut self, tries: u32) -> (Self, Result<Option<Written<T>>, Problem>)
    where
        V: FnMut(&mut Draft<'_>, Instant) -> Result<T, E>,
        E: Into<Problem>,
    {
        for _ in 0..tries {
            match self.attempt() {
                Ok(Attempt::Done(written)) => return (self, Ok(Some(written))),
                Ok(Attempt::Conflict) => self.metrics.count_conflict(),
                Err(problem) => return (self, Err(problem)),
            }
        }
        (self, Ok(None))
    }

    fn attempt<T, E>(&mut self) -> Result<Attempt<T>, Problem>
    where
        V: FnMut(&mut Draft<'_>, Instant) -> Result<T, E>,
        E: Into<Problem>,
    {
        let now = self.clock.now();
        let mut draft = Draft::new(&*self.kv);
        let value = match (self.verb)(&mut draft, now).map_err(Into::into) {
            // What decides was exchanged while the verb was at work: it begins again with what decides now.
            Err(problem) if problem.code() == ErrorCode::Contended => {
                self.app.deciding().suspect();
                return Ok(Attempt::Conflict);
            }
            answered => answered?,
        };
        if draft.is_empty() {
            return Ok(Attempt::Done(Written { value, seq: self.kv.health().seq }));
        }
        draft.put(space::clock_key(), now.micros().to_be_bytes());
        let batch = draft.finish().into_batch(random::batch_id()?);
        let seq = match self.kv.commit(&batch)? {
            Commit::Committed(seq) => Some(seq),
            Commit::Conflict(_) => None,
            Commit::Unknown => {
                self.metrics.count_unknown();
                self.settle(batch.id)?
            }
        };
        if seq.is_some() {
            self.app.deciding().note(&batch);
        }
        Ok(seq.map_or(Attempt::Conflict, |seq| Attempt::Done(Written { value, seq })))
    }

    /// Where the batch stands in the log; none when it never happened and never will.
    fn settle(&self, id: kv::BatchId) -> Result<Option<Seq>, Problem> {
        let mut last = None;
        for _ in 0..SETTLE_ATTEMPTS_MAX {
            match self.kv.settle(id) {
                Ok(Settled::Committed(seq)) => return Ok(Some(seq)),
                Ok(Settled::Never) => return Ok(None),
                Err(error) => last = Some(error),
            }
        }
        let problem = Problem::new(ErrorCode::Unconfirmed, "the store did not say whether the change was made");
        Err(match last {
            Some(error) => problem.because(error),
            None => problem,
        })
    }
}

/// Lets recorded time begin behind everything that the store has seen.
pub(crate) fn wind_clock(kv: &dyn Kv, clock: &Clock) -> Result<(), kv::Error> {
    let row = Draft::new(kv).get(&space::clock_key())?;
    if let Some(micros) = row.and_then(|row| <[u8; 8]>::try_from(&*row).ok()) {
        clock.pass(Instant::from_micros(i64::from_be_bytes(micros)));
    }
    Ok(())
}
