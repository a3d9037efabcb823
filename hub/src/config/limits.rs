//! The limits of the server, each with its default and the range that makes sense.

use serde::Deserialize;

/// Named upper bounds. Reaching one gives a clear answer and is counted, never silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Open connections; more wait in the backlog of the system.
    pub connections_max: u32,
    /// Bytes of a request's body.
    pub body_bytes_max: u32,
    /// Milliseconds for the head of a request to arrive on an open connection.
    pub head_ms_max: u32,
    /// Milliseconds for one request, its body included.
    pub request_ms_max: u32,
    /// Reads of the store at the same time.
    pub readers_max: u32,
    /// Writes at the same time: they wait for one sync of the disk together.
    pub writers_max: u32,
    /// Requests that wait for a reader or a writer, of each kind; more are refused.
    pub queue_max: u32,
    /// Attempts of one write when others keep changing what it read.
    pub attempts_max: u32,
    /// Items of one page.
    pub page_items_max: u32,
    /// Seconds for which the answer to a repeated write is kept.
    pub idempotency_seconds: u32,
    /// Milliseconds that open requests get when the server stops.
    pub drain_ms_max: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections_max: 4_096,
            body_bytes_max: 1 << 20,
            head_ms_max: 10_000,
            request_ms_max: 30_000,
            readers_max: 8,
            writers_max: 64,
            queue_max: 1_024,
            attempts_max: 12,
            page_items_max: 200,
            idempotency_seconds: 24 * 60 * 60,
            drain_ms_max: 20_000,
        }
    }
}

impl Limits {
    /// Every limit with its name, its value, and its range.
    #[must_use]
    pub fn all(&self) -> [(&'static str, u32, u32, u32); 11] {
        [
            ("connections_max", self.connections_max, 1, 1_000_000),
            ("body_bytes_max", self.body_bytes_max, 1_024, 64 << 20),
            ("head_ms_max", self.head_ms_max, 100, 600_000),
            ("request_ms_max", self.request_ms_max, 100, 3_600_000),
            ("readers_max", self.readers_max, 1, 1_024),
            ("writers_max", self.writers_max, 1, 1_024),
            ("queue_max", self.queue_max, 1, 1_000_000),
            ("attempts_max", self.attempts_max, 1, 100),
            ("page_items_max", self.page_items_max, 1, 10_000),
            ("idempotency_seconds", self.idempotency_seconds, 60, 90 * 24 * 60 * 60),
            ("drain_ms_max", self.drain_ms_max, 0, 3_600_000),
        ]
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for (name, value, min, max) in self.all() {
            if !(min..=max).contains(&value) {
                return Err(format!("`limits.{name}` is {value}, it must be from {min} to {max}"));
            }
        }
        Ok(())
    }
}
