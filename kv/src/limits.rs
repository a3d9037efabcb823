//! How large keys, values and batches may be, on every engine alike.
//!
//! The strictest engine that is planned for sets them, so that what one engine takes every engine takes.

/// The limits of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a partition's name.
    pub part_bytes_max: usize,
    /// Bytes of a sort key.
    pub sort_bytes_max: usize,
    /// Bytes of a value or a log entry, as a caller gives them.
    pub value_bytes_max: usize,
    /// Bytes that sealing may add to a value: an engine takes this much more than a caller may give.
    pub envelope_bytes_max: usize,
    /// Puts and deletes of one batch.
    pub rows_max: usize,
    /// Asserts of one batch.
    pub asserts_max: usize,
    /// Log entries of one batch.
    pub entries_max: usize,
}

impl Limits {
    /// The limits of every engine: sealed values of 100,000 bytes are what the strictest distributed store takes; 50,000
    /// rows let a bulk import commit some thousand records at once.
    pub const ALL: Self = Self {
        part_bytes_max: 255,
        sort_bytes_max: 255,
        value_bytes_max: 99_900,
        envelope_bytes_max: 100,
        rows_max: 50_000,
        asserts_max: 50_000,
        entries_max: 10_000,
    };
}

/// A batch over a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {size}, over the limit of {limit}")]
pub struct TooLarge {
    /// What is too large.
    pub what: &'static str,
    /// How large it is.
    pub size: usize,
    /// How large it may be.
    pub limit: usize,
}
