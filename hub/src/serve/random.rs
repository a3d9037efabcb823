//! The only place that asks for randomness: batch ids, request ids, tokens, keys and jitter.
//!
//! All of it comes from the operating system. There is no seed and no fallback: a machine without randomness cannot
//! issue ids, and says so.

use std::sync::atomic::{AtomicU64, Ordering};

use mpi::kv::BatchId;

use super::problem::Problem;

/// Random bytes.
///
/// # Errors
/// When the operating system has none.
pub fn bytes<const N: usize>() -> std::io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(std::io::Error::other)?;
    Ok(bytes)
}

/// An id for a batch that no other batch has.
///
/// # Errors
/// An internal problem when the operating system has no randomness.
pub(super) fn batch_id() -> Result<BatchId, Problem> {
    bytes().map(BatchId).map_err(Problem::internal)
}

/// Numbers that differ from each other and, but for chance, from those of another process: a random beginning, and a
/// permutation of what is counted from there. They need not be hard to guess, so the machine is asked once.
#[derive(Debug)]
pub(super) struct Numbers(AtomicU64);

impl Numbers {
    /// Numbers with a beginning of their own.
    ///
    /// # Errors
    /// When the operating system has no randomness.
    pub(super) fn new() -> std::io::Result<Self> {
        Ok(Self(AtomicU64::new(u64::from_le_bytes(bytes()?))))
    }

    /// The next number.
    pub(super) fn next(&self) -> u64 {
        // SplitMix64 (Steele, Lea, Flood 2014): each step is a bijection.
        let counted = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
        let mixed = (counted ^ (counted >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// An id for a person if one is made.
///
/// # Errors
/// An internal problem when the operating system has no randomness.
pub(super) fn person_id() -> Result<mpi::PersonId, Problem> {
    bytes().map(|bytes| mpi::PersonId::new(u64::from_le_bytes(bytes))).map_err(Problem::internal)
}

/// A number below a bound, for waiting times; 0 when there is no randomness, since nothing depends on it.
pub(super) fn below(bound: u64) -> u64 {
    let number = bytes().map_or(0, u64::from_le_bytes);
    number.checked_rem(bound).unwrap_or_default()
}
