//! Scores pairs of records.
//!
//! [`Comparer`] finds the agreement pattern of a pair; [`Scorer`] turns patterns into match weights and stops early
//! when a pair can no longer reach the weight that the caller asked for. Neither decides anything: thresholds and
//! guards are applied by [`run`](crate::run).

mod bounds;
mod comparer;
mod outline;
mod sieve;
pub(crate) mod sketch;

pub use bounds::{Scored, Scorer};
pub use comparer::{Comparer, LevelCache};
pub use sieve::Sieve;
