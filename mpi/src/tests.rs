//! Tests of the whole index over a store in memory.
#![expect(clippy::unwrap_used, reason = "helpers of tests fail by panicking")]

mod arrival;
mod bulk;
mod order;
mod past;
mod race;
mod random;
mod read;
mod relate;
mod review;
mod rules;
mod world;
