//! The only place that asks for randomness: batch ids, request ids, tokens, keys and jitter.
//!
//! All of it comes from the operating system. There is no seed and no fallback: a machine without randomness cannot
//! issue ids, and says so.

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
