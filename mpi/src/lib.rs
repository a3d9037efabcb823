//! The master patient index: identity over time.
//!
//! Linkage answers how alike two records are; this crate answers who a person is, for ever: while records arrive from
//! hundreds of institutions, while clerks merge and undo, while rules change. Its verbs read through a [`kv::Draft`],
//! write onto it and return a result; whoever calls commits the draft once and plans again on a conflict. Time, ids and
//! rules are parameters: the crate asks the machine for nothing. It does not know consent, HTTP or files.

pub use kv;

mod demographics;
mod id;
mod space;

pub use demographics::{Attribute, Demographics};
pub use id::{EnterpriseIdError, MergeId, PersonId, RecordId, TaskId};
