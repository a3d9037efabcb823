//! What the index decides with, put together from the store, the model folder and the keyring.
//!
//! Rules, frequencies and the directory change rarely and are needed by every request, so they are kept in memory as one
//! immutable value and exchanged as a whole. What they mean is decided in the core crates; here they are only loaded.

mod models;

use std::sync::Arc;

use directory::Snapshot;
use linkage::arrival::FrozenModel;
use mpi::Index;
use mpi::golden::Survivorship;
use mpi::kv::{Digester, Draft, Kv};

pub use models::{ModelError, Models, freeze, read_rules};

/// Everything that decides, as it stands; shared by requests until the next exchange.
#[derive(Debug)]
pub struct Operating {
    /// Rules, weights, frequencies, tables.
    pub model: FrozenModel,
    /// The generation of member rows and postings that belongs to them.
    pub generation: u8,
    /// The directory.
    pub directory: Snapshot,
    /// What digests identifiers.
    pub digester: Digester,
    /// How a golden record is chosen.
    pub survivorship: Survivorship,
    /// What enterprise ids begin with.
    pub prefix: Box<str>,
}

/// The survivorship rules that the program carries.
const SURVIVORSHIP: &str = include_str!("../../../matching-rules/survivorship.toml");

impl Operating {
    /// Loads what the store says is active; a store without records decides with `first`.
    ///
    /// # Errors
    /// [`ModelError`] when the model of the active version cannot be read, and those of the store.
    pub fn load(
        kv: &dyn Kv,
        models: &Models,
        first: &dyn Fn() -> Result<FrozenModel, ModelError>,
        (digester, prefix): (Digester, &str),
    ) -> Result<Self, ModelError> {
        let mut draft = Draft::new(kv);
        let active = mpi::rules::active(&mut draft)?;
        let (model, generation) = match &active {
            Some(active) => (models.load(&active.version)?, active.generation),
            None => (first()?, 0),
        };
        let directory = Snapshot::load(&mut draft)?;
        let survivorship = Survivorship::parse("matching-rules/survivorship.toml", SURVIVORSHIP)?;
        Ok(Self { model, generation, directory, digester, survivorship, prefix: prefix.into() })
    }

    /// What verbs work with.
    #[must_use]
    pub fn index(&self) -> Index<'_> {
        Index { model: &self.model, generation: self.generation, directory: &self.directory, digester: &self.digester }
    }

    /// The same with the directory as it stands in the store now.
    ///
    /// # Errors
    /// Those of the store.
    pub fn with_directory(self: &Arc<Self>, kv: &dyn Kv) -> Result<Self, ModelError> {
        let directory = Snapshot::load(&mut Draft::new(kv))?;
        Ok(Self {
            model: self.model.clone(),
            generation: self.generation,
            directory,
            digester: self.digester.clone(),
            survivorship: self.survivorship.clone(),
            prefix: self.prefix.clone(),
        })
    }
}
