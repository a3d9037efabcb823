//! The normalisation and reading tables that the program carries.

use linkage::compare::Readings;
use linkage::normalize::{TableSources, Tables};

use crate::failure::Failure;

/// Parsed tables.
#[derive(Debug)]
pub(crate) struct Lookup {
    pub(crate) tables: Tables,
    pub(crate) readings: Readings,
}

impl Lookup {
    /// The tables that were compiled in, so that the binary needs no folder beside it.
    pub(crate) fn built_in() -> Result<Self, Failure> {
        let sources = TableSources {
            kanji_fold: include_str!("../../../matching-rules/normalize/kanji_fold.tsv"),
            municipalities: include_str!("../../../matching-rules/normalize/municipalities.tsv"),
        };
        let tables = Tables::parse(&sources).map_err(Failure::internal)?;
        let readings = include_str!("../../../matching-rules/normalize/readings.tsv");
        let readings = Readings::parse(readings).map_err(Failure::internal)?;
        Ok(Self { tables, readings })
    }
}
