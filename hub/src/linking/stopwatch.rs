//! Wall time per stage of a run, for the summary.

use std::cell::RefCell;
use std::time::Instant;

/// Measures one stage after another.
#[derive(Debug)]
pub(crate) struct Stopwatch {
    laps: RefCell<Vec<(&'static str, f64)>>,
    since: RefCell<Instant>,
}

impl Stopwatch {
    /// Starts measuring.
    pub(crate) fn start() -> Self {
        Self { laps: RefCell::new(Vec::new()), since: RefCell::new(Instant::now()) }
    }

    /// Ends the stage that has run since the last call.
    pub(crate) fn lap(&self, stage: &'static str) {
        let since = self.since.replace(Instant::now());
        self.laps.borrow_mut().push((stage, since.elapsed().as_secs_f64()));
    }

    /// Seconds of wall time per stage, in order.
    pub(crate) fn seconds(&self) -> Vec<(&'static str, f64)> {
        self.laps.borrow().clone()
    }
}
