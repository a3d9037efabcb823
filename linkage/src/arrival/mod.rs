//! One record at its arrival: normalised, given its keys, and compared with a few others, exactly as a run over a table
//! of all of them would.
//!
//! A run counts and compares whole tables; an index that takes records one by one has no table. What a run learns from
//! its table is frozen here ([`FrozenFrequencies`]), and what it computes per record is made for one record
//! ([`Normalized`], [`block_keys`]). [`FrozenModel`] holds all that decides about a pair, under one version. Nothing here
//! stores, finds or clusters records: that is for the index, which hands in the candidates.

mod bytes;
mod conditions;
mod frequencies;
mod keys;
mod model;
mod normalized;
#[cfg(test)]
mod tests;

pub use bytes::DecodeError;
pub use frequencies::FrozenFrequencies;
pub use keys::{RecordKey, block_keys};
pub use model::{FrozenModel, TooManyOthersError, Verdict};
pub use normalized::Normalized;

/// The most records that one is compared with in one call: some hundredths of a second of work.
pub const OTHERS_MAX: usize = 10_000;
