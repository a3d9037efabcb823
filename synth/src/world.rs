//! What every generating function needs to know: settings, rates and institutions of one run.

use crate::institution::Institutions;
use crate::place::REGIONS_JP10K;
use crate::random::{Kind, Permutation};
use crate::settings::{Columns, Rates, Settings};

/// The fixed surroundings of one run.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) seed: u64,
    pub(crate) columns: Columns,
    /// The rates as the columns use them.
    pub(crate) rates: Rates,
    pub(crate) institutions: Institutions,
    /// Regions that people are spread over.
    pub(crate) regions: u16,
    pub(crate) record_ids: Permutation,
    pub(crate) local_ids: Permutation,
}

impl World {
    pub(crate) fn new(settings: &Settings) -> Self {
        let columns = settings.columns;
        Self {
            seed: settings.seed,
            columns,
            rates: settings.rates.adapted(columns),
            institutions: Institutions::new(settings.seed, settings.institutions, columns),
            regions: if columns == Columns::Person { 1 } else { REGIONS_JP10K },
            record_ids: Permutation::new(settings.seed, Kind::RecordId),
            local_ids: Permutation::new(settings.seed, Kind::LocalId),
        }
    }

    /// Whether surnames follow the frequencies of Shimane.
    pub(crate) fn local_names(&self) -> bool {
        self.columns == Columns::Person
    }
}
