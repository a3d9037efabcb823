//! Review tasks: what a clerk has to decide.

mod task;

pub(crate) use task::{About, Seed, open};
pub use task::{Task, TaskKind, TaskState};
