//! Every engine against one list of promises, and against the engine in memory.
//!
//! A promise of the trait that is not a function in `contract` is not a promise. Engines on disk are reopened wherever a
//! promise has to outlive the process.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "test code")]

mod contract;
mod draft;
mod memory;
mod model;
#[cfg(feature = "rocks")]
mod rocks;
mod sealed;
