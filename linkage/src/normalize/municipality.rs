//! Prefecture and municipality at the head of an address, with the mergers that made old names stale.

use crate::normalize::TableError;

/// The municipalities of the table, sorted by their old name.
#[derive(Clone, Debug, Default)]
pub(super) struct Municipalities {}

impl Municipalities {
    pub(super) fn parse(_text: &str) -> Result<Self, TableError> {
        Ok(Self {})
    }
}
