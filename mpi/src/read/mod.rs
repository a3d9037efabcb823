//! Reads: who is behind an identifier, what is known of a person, who is like a description.
//!
//! Every read takes [`Visible`], and every part of its answer is a function of the visible records only: ids, golden
//! record, scores, order and totals are those of a world without the hidden ones. A person whose records are all hidden
//! is answered as one that does not exist.

mod census;
mod cross;
mod everybody;
mod find;
mod merge;
mod person;
mod version;

pub use census::{Census, Holding, census};
pub use cross::{
    CrossReference, Linked, Lookup, Reference, cross_reference, cross_reference_of, linked, linked_to, look_up,
};
pub use everybody::everybody;
pub use find::{Found, Likeness, Query, compare, find};
pub use merge::{MergeView, merge};
pub use person::{PersonView, RecordView, person, record, resolve};
pub use version::{VersionView, versions};

use crate::RecordId;
use directory::InstitutionId;
use std::collections::BTreeSet;

/// What a caller may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Visible {
    /// Everything: the network's own clerks.
    All,
    /// The records of some custodians, and some records beside them.
    Some {
        /// The custodians.
        custodians: BTreeSet<InstitutionId>,
        /// The records.
        records: BTreeSet<RecordId>,
    },
}

impl Visible {
    /// Nothing but the records of one custodian.
    #[must_use]
    pub fn custodian(id: InstitutionId) -> Self {
        Self::Some { custodians: BTreeSet::from([id]), records: BTreeSet::new() }
    }

    /// Whether a record is visible.
    #[must_use]
    pub fn shows(&self, record: RecordId, custodian: &InstitutionId) -> bool {
        match self {
            Self::All => true,
            Self::Some { custodians, records } => custodians.contains(custodian) || records.contains(&record),
        }
    }
}
