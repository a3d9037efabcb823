//! Repository chores, as a library so that `cargo test` runs them too.
//!
//! Today that is [`tidy`]. What a compiler or a linter of the tool chain already says is not repeated here.

pub mod tidy;
