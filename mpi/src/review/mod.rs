//! Review tasks: what a clerk has to decide.

mod decide;
mod queue;
mod task;

pub use decide::{Decided, decide, undo};
pub use queue::{Filter, Listed, claim, defer, list, release, task};
pub(crate) use task::{About, QueueRow, Seed, about_version, open, queue_key, settle, task as stored};
pub use task::{Task, TaskDecision, TaskKind, TaskOutcome, TaskState};
