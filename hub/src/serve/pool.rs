//! Blocking work beside the network: a bounded number of jobs, and a bounded queue before them.
//!
//! The store blocks, so nothing of it runs on the threads that serve connections. Reads and writes have a pool each:
//! writes wait together for one sync of the disk and must not keep reads from the processor. When the queue is full a
//! request is refused at once: a client that waits for nothing is worse than one that tries again.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError};

use super::problem::{ErrorCode, Problem};

/// A bounded set of jobs.
#[derive(Debug)]
pub(super) struct Pool {
    slots: Arc<Semaphore>,
    queue: Arc<Semaphore>,
    jobs_max: usize,
    queue_max: usize,
}

impl Pool {
    /// At most so many jobs at once, and so many requests that wait.
    pub(super) fn new(jobs_max: u32, queue_max: u32) -> Self {
        let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let (jobs_max, queue_max) = (count(jobs_max), count(queue_max));
        Self {
            slots: Arc::new(Semaphore::new(jobs_max)),
            queue: Arc::new(Semaphore::new(queue_max)),
            jobs_max,
            queue_max,
        }
    }

    /// Runs a job on a thread of its own. A job that has begun ends, even when nobody waits for it any more.
    pub(super) async fn run<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
        let slot = self.slot().await?;
        let job = move || {
            let result = job();
            drop(slot);
            result
        };
        // A job that panicked is a fault of the program; the others go on.
        tokio::task::spawn_blocking(job).await.map_err(Problem::internal)
    }

    /// Jobs that run now.
    pub(super) fn running(&self) -> usize {
        self.jobs_max.saturating_sub(self.slots.available_permits())
    }

    /// Requests that wait now.
    pub(super) fn waiting(&self) -> usize {
        self.queue_max.saturating_sub(self.queue.available_permits())
    }

    async fn slot(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let busy = |_: TryAcquireError| Problem::new(ErrorCode::Busy, "too many requests are waiting");
        match Arc::clone(&self.slots).try_acquire_owned() {
            Ok(slot) => Ok(slot),
            Err(_) => {
                let _place = self.queue.try_acquire().map_err(busy)?;
                Arc::clone(&self.slots).acquire_owned().await.map_err(Problem::internal)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;

    #[tokio::test]
    async fn a_full_queue_refuses_at_once_and_a_free_slot_goes_to_who_waits() {
        let pool = Arc::new(Pool::new(1, 1));
        let (release, gate) = mpsc::channel::<()>();
        let first = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(move || gate.recv().is_ok()).await }
        });
        while pool.running() == 0 {
            tokio::task::yield_now().await;
        }
        let second = tokio::spawn({
            let pool = Arc::clone(&pool);
            async move { pool.run(|| 2).await }
        });
        while pool.waiting() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(pool.run(|| 3).await.unwrap_err().code(), ErrorCode::Busy);
        release.send(()).unwrap();
        assert!(first.await.unwrap().unwrap());
        assert_eq!(second.await.unwrap().unwrap(), 2);
        assert_eq!((pool.running(), pool.waiting()), (0, 0));
        assert_eq!(pool.run(|| 4).await.unwrap(), 4);
    }

    #[tokio::test]
    async fn a_job_that_panics_is_an_internal_problem_and_frees_its_slot() {
        let pool = Pool::new(1, 1);
        let problem = pool.run(|| -> () { panic!("on purpose") }).await.unwrap_err();
        assert_eq!(problem.code(), ErrorCode::Internal);
        assert_eq!(pool.run(|| 1).await.unwrap(), 1);
    }
}
