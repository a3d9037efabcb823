//! What a stratum prescribes about the registrations of one of its people.
//!
//! Ordinary people have the default plan: everything is left to chance.

use crate::calendar::Day;
use crate::errors::ErrorKind;
use crate::registration::entry::Field;

/// What is prescribed; the default prescribes nothing.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// How many records there are, duplicates within an institution not counted.
    pub(crate) records: Option<u8>,
    /// Fewest records; for people of a stratum, whose own records must be able to find each other.
    pub(crate) records_min: u8,
    /// Registered at this institution (place in the list) first.
    pub(crate) site: Option<usize>,
    /// The first record bears the patient number that the institution once gave to this record.
    pub(crate) local_id_of: Option<u64>,
    /// No registration has a branch number.
    pub(crate) branch_never: bool,
    /// Never registered twice at one institution.
    pub(crate) no_duplicates: bool,
    /// Records that were made on a given day and never refreshed.
    pub(crate) fixed: Vec<(u8, Day)>,
    /// Values that replace whatever would have been registered.
    pub(crate) forced: Vec<Forced>,
}

/// A prescribed value of one field of one record.
#[derive(Clone, Debug)]
pub(crate) struct Forced {
    /// The record, counted from 0 in order of planning.
    pub(crate) record: u8,
    pub(crate) field: Field,
    /// The value before the institution's own way of writing.
    pub(crate) value: String,
    pub(crate) kind: ErrorKind,
}
