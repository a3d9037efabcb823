//! Review tasks: what a clerk has to decide.

mod task;

pub(crate) use task::{Seed, open};
pub use task::{Task, TaskKind, TaskState};
