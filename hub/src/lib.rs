//! The `nayose` program: everything that touches files, the terminal and the clock.
//!
//! The library crates compute; this crate reads input, calls them, and writes results and messages. It is a library
//! beside its binary so that benches and fuzz targets can reach the readers.

pub mod audit;
mod backup;
pub mod cli;
mod commands;
pub mod config;
mod evaluation;
mod explanation;
pub mod failure;
mod import;
pub mod index;
pub mod input;
mod linking;
mod opening;
pub mod output;
pub mod progress;
pub mod report;
pub mod serve;
#[cfg(test)]
mod testing;
pub mod text;
