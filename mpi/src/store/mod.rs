//! How the index lies in the store: rows, and the few operations on them that verbs are made of.
//!
//! Nothing here decides anything. Rows are encoded behind a format byte; a row that cannot be decoded is corruption and
//! never a panic.

pub(crate) mod export;
pub(crate) mod listing;
pub(crate) mod person;
pub(crate) mod posting;
pub(crate) mod record;
mod rows;

pub(crate) use listing::Listed;
pub(crate) use person::{ApartRow, Happening, LoadedPerson, Member, PersonHead, PersonRow, Pointer};
pub(crate) use posting::{KeyDigest, posting_part};
pub use record::{Constraint, RecordState};
pub(crate) use record::{MoveRow, RecordHead, VersionRow};
pub(crate) use rows::{decode, encode};
