//! The laws of the model, the cases from other engines' defects, and random worlds.

mod brute;
mod cases;
mod laws;
mod publish;
pub(crate) mod random;
mod receipt;
mod simulate;
pub(crate) mod world;
