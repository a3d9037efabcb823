//! What the engine counts: enough to say batches per sync and how long the disk takes.

use std::time::Duration;

/// Powers of two of microseconds that sync times are sorted into: the last holds everything above half a minute.
const STEPS: usize = 26;

/// Counts since the store was opened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Batches committed for the first time.
    pub batches: u64,
    /// Batches whose id was known already.
    pub repetitions: u64,
    /// Batches refused because an assert did not hold, or because their id was burnt.
    pub conflicts: u64,
    /// Writes to the disk, each with one sync if syncs are on. Batches by this number is the gain of sharing.
    pub syncs: u64,
    /// Time of all writes together.
    pub sync_time: Duration,
    /// Time of the longest write.
    pub sync_time_max: Duration,
    /// The most batches that shared one write.
    pub group_batches_max: u64,
    /// How often a caller had to wait for room in the queue.
    pub waits_for_room: u64,
    /// Writes by the power of two of their microseconds.
    pub sync_steps: [u64; STEPS],
}

impl Statistics {
    /// An upper bound of the time within which a share (0 to 1) of the writes was done: at most twice the true value.
    #[must_use]
    pub fn sync_time_within(&self, share: f64) -> Duration {
        let mut counted = 0;
        // The last step has no upper bound but the maximum.
        for (step, count) in (0_u32..).zip(self.sync_steps).take(STEPS - 1) {
            counted += count;
            // Counts are far below 2⁵³: the conversion is exact.
            if counted > 0 && counted as f64 >= share * self.syncs as f64 {
                return Duration::from_micros(1 << step).min(self.sync_time_max);
            }
        }
        self.sync_time_max
    }

    pub(super) fn count_sync(&mut self, took: Duration) {
        self.syncs += 1;
        self.sync_time += took;
        self.sync_time_max = self.sync_time_max.max(took);
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let step = usize::try_from(u64::BITS - micros.leading_zeros()).unwrap_or(STEPS);
        if let Some(count) = self.sync_steps.get_mut(step.min(STEPS - 1)) {
            *count += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_bounded_from_above() {
        let mut statistics = Statistics::default();
        assert_eq!(statistics.sync_time_within(0.5), Duration::ZERO);
        for millis in 1..=100 {
            statistics.count_sync(Duration::from_millis(millis));
        }
        for (share, millis) in [(0.01, 1), (0.5, 50), (0.99, 99), (1.0, 100)] {
            let (exact, bound) = (Duration::from_millis(millis), statistics.sync_time_within(share));
            assert!(exact <= bound && bound < exact * 21 / 10, "{share}: {bound:?}");
        }
        statistics.count_sync(Duration::from_secs(10_000));
        assert_eq!(statistics.sync_time_within(1.0), Duration::from_secs(10_000));
    }
}
