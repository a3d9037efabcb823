//! The spaces of the server in the store: 96 to 127 are its own.
//!
//! | Space | Partition | Sort key | Value |
//! |---|---|---|---|
//! | `ONCE` | keyed digest of caller and idempotency key | nothing | the request's digest and the stored answer |
//! | `CLOCK` | `r` | nothing | the last recorded instant that this server has given out |
//! | `ONCE_BY_HOUR` | hour since 1970 | partition of `ONCE` | nothing: which stored answers to sweep |
//! | `SUBSCRIPTION` | `all` | id | a subscription |
//! | | `progress` id | nothing | how far it is |

use mpi::kv::{Key, Partition, Space};

/// Answers to writes with an idempotency key.
pub(super) const ONCE: Space = Space(96);
/// Recorded time.
const CLOCK: Space = Space(97);
/// Stored answers by the hour in which they were made.
pub(super) const ONCE_BY_HOUR: Space = Space(98);

/// Subscriptions to events.
pub(super) const SUBSCRIPTION: Space = Space(99);

/// Where the last recorded instant stands. It is written blindly, beside every batch: whoever starts reads it.
pub(crate) fn clock_key() -> Key {
    Partition::new(CLOCK, *b"r").key([])
}
