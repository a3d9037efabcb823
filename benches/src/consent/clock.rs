//! Processor time of the measuring thread: what others do on a shared machine does not count, the wall does.

use rustix::time::{ClockId, clock_gettime};
use std::time::Instant;

/// A measurement that has begun.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    wall: Instant,
    cpu: f64,
}

impl Stopwatch {
    pub(crate) fn start() -> Self {
        Self { wall: Instant::now(), cpu: cpu_seconds() }
    }

    pub(crate) fn cpu_seconds(&self) -> f64 {
        cpu_seconds() - self.cpu
    }

    pub(crate) fn wall_seconds(&self) -> f64 {
        self.wall.elapsed().as_secs_f64()
    }
}

#[expect(clippy::cast_precision_loss, reason = "seconds of a process stay far below 2^53")]
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
