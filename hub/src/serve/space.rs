//! The spaces of the server in the store: 96 to 127 are its own.
//!
//! | Space | Partition | Sort key | Value |
//! |---|---|---|---|
//! | `ONCE` | keyed digest of caller and idempotency key | nothing | the request's digest and the stored answer |
//! | `CLOCK` | `r` | nothing | the last recorded instant that this server has given out |
//! | `ONCE_BY_HOUR` | hour since 1970 | partition of `ONCE` | nothing: which stored answers to sweep |
//! | `SUBSCRIPTION` | `all` | id | a subscription |
//! | | `progress` id | nothing | how far it is |
//! | `REACH` | `r` | nothing | up to where links were looked at for permits |

use mpi::kv::{Key, Partition, Space};

/// Answers to writes with an idempotency key.
pub(super) const ONCE: Space = Space(96);
/// Recorded time.
const CLOCK: Space = Space(97);
/// Stored answers by the hour in which they were made.
pub(super) const ONCE_BY_HOUR: Space = Space(98);

/// Subscriptions to events.
pub(super) const SUBSCRIPTION: Space = Space(99);

/// How far permits were looked at.
const REACH: Space = Space(100);

/// Where it stands up to which position of the log permits were looked at.
pub(super) fn reach_key() -> Key {
    Partition::new(REACH, *b"r").key([])
}

/// Where the last recorded instant stands. It is written blindly, beside every batch: whoever starts reads it.
pub(crate) fn clock_key() -> Key {
    Partition::new(CLOCK, *b"r").key([])
}
