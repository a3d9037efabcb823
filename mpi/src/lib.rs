//! The master patient index: identity over time.
//!
//! Linkage answers how alike two records are; this crate answers who a person is, for ever: while records arrive from
//! hundreds of institutions, while clerks merge and undo, while rules change. Its verbs read through a [`kv::Draft`],
//! write onto it and return a result; whoever calls commits the draft once and plans again on a conflict. Time, ids and
//! rules are parameters: the crate asks the machine for nothing. It does not know consent, HTTP or files.

pub use kv;

mod arrive;
pub mod bulk;
mod candidates;
mod cause;
mod demographics;
pub mod dump;
pub mod erase;
mod error;
mod event;
pub mod events;
pub mod golden;
pub mod history;
mod id;
mod index;
pub mod life;
mod merge;
pub mod overlay;
pub mod read;
mod relate;
pub mod review;
pub mod rules;
#[cfg(feature = "search")]
pub mod search;
mod space;
mod store;
#[cfg(test)]
mod tests;
pub mod verify;

pub use arrive::{Arrival, Arrived, Outcome, arrive, look_again};
pub use cause::{Actor, Basis, Evidence, Stamp};
pub use demographics::{Attribute, Demographics};
pub use error::{Error, Refusal};
pub use event::{Event, Standing};
pub use id::{EnterpriseIdError, MergeId, PersonId, RecordId, TaskId};
pub use index::{Index, StandbyModel};
pub use merge::{Joined, MergeCause};
pub use read::Visible;
pub use relate::{Moved, Unmerged, keep_apart, link, merge, split, stop_keeping_apart, unlink, unmerge};
pub use review::{Task, TaskDecision, TaskKind, TaskOutcome, TaskState};
pub use store::{Constraint, RecordState};
