//! Review tasks: what a clerk has to decide.

mod decide;
mod queue;
mod task;

pub use decide::{Decided, decide, undo};
pub use queue::{Filter, Listed, claim, defer, list, release, task};
pub(crate) use task::{About, Seed, open};
pub use task::{Task, TaskDecision, TaskKind, TaskOutcome, TaskState};
