//! A bounded set of threads for bulk work.

use std::sync::atomic::{AtomicUsize, Ordering};

use linkage::exec::Executor;

/// Runs the numbered tasks of the library on a fixed number of threads.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pool {
    threads: usize,
}

impl Pool {
    /// A pool of that many threads; `None` asks the machine.
    pub(crate) fn new(threads: Option<u16>) -> Self {
        let available = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        Self { threads: threads.map_or_else(available, usize::from) }
    }
}

impl Executor for Pool {
    fn run(&self, tasks: usize, task: &(dyn Fn(usize) + Sync)) {
        let threads = self.threads.min(tasks);
        if threads <= 1 {
            return (0..tasks).for_each(task);
        }
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= tasks {
                    return;
                }
                task(number);
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
    }

    fn parallelism(&self) -> usize {
        self.threads
    }
}
