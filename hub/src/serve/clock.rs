//! The only place that asks what time it is.
//!
//! Recorded time never goes back and is never given out twice: it is the machine's clock, or one microsecond after the
//! last instant when the clock stands still or was set back. After a restart it starts behind what the store has seen.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use directory::Instant;

/// Gives instants that only grow.
#[derive(Debug)]
pub struct Clock {
    source: Source,
    last: AtomicI64,
}

#[derive(Clone, Copy, Debug)]
enum Source {
    Machine,
    /// Starts at an instant and moves by a microsecond per question.
    Fixed(i64),
}

impl Clock {
    /// The machine's clock.
    #[must_use]
    pub fn of_machine() -> Self {
        Self { source: Source::Machine, last: AtomicI64::new(i64::MIN) }
    }

    /// A clock that stands: every answer is a microsecond after the one before. For tests.
    #[must_use]
    pub fn standing_at(instant: Instant) -> Self {
        Self { source: Source::Fixed(instant.micros()), last: AtomicI64::new(i64::MIN) }
    }

    /// The next instant.
    #[must_use]
    pub fn now(&self) -> Instant {
        let read = match self.source {
            Source::Machine => micros_of_machine(),
            Source::Fixed(micros) => micros,
        };
        let next = |last: i64| Some(read.max(last.saturating_add(1)));
        let last = self.last.fetch_update(Ordering::AcqRel, Ordering::Acquire, next).unwrap_or_else(|last| last);
        Instant::from_micros(read.max(last.saturating_add(1)))
    }

    /// Never answers with this instant or an earlier one again.
    pub fn pass(&self, instant: Instant) {
        self.last.fetch_max(instant.micros(), Ordering::AcqRel);
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the service's clock module")]
fn micros_of_machine() -> i64 {
    // Before 1970 or after the year 290,000 the clock of the machine is broken; the last instant then leads.
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_micros()).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_only_grows() {
        let clock = Clock::standing_at(Instant::from_micros(100));
        assert_eq!([clock.now(), clock.now()].map(Instant::micros), [100, 101]);
        clock.pass(Instant::from_micros(500));
        clock.pass(Instant::from_micros(200));
        assert_eq!(clock.now().micros(), 501);
    }

    #[test]
    fn threads_never_get_the_same_instant() {
        let clock = Clock::of_machine();
        let mut seen = Vec::new();
        std::thread::scope(|scope| {
            let ask = || (0..1_000).map(|_| clock.now()).collect::<Vec<_>>();
            let threads = [scope.spawn(ask), scope.spawn(ask)];
            for thread in threads {
                let instants = thread.join().unwrap();
                assert!(instants.is_sorted());
                seen.extend(instants);
            }
        });
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 2_000);
        assert!(seen.first().unwrap().micros() > 1_700_000_000_000_000, "the machine's clock is behind 2023");
    }
}
