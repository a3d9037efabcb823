//! What the index decides with, put together from the store, the model folder and the keyring.
//!
//! Rules, frequencies and the directory change rarely and are needed by every request, so they are kept in memory as one
//! immutable value and exchanged as a whole. What they mean is decided in the core crates; here they are only loaded.

mod models;

use std::sync::Arc;

use directory::Snapshot;
use linkage::arrival::FrozenModel;
use mpi::golden::Survivorship;
use mpi::kv::{Digester, Draft, Kv};
use mpi::rules::Standby;
use mpi::{Index, Stamp, StandbyModel};

use crate::config::{Config, Engine};

pub use models::{ModelError, Models, freeze, read_rules};

/// Everything that decides, as it stands; shared by requests until the next exchange.
#[derive(Debug)]
pub struct Operating {
    /// Rules, weights, frequencies, tables.
    pub model: Arc<FrozenModel>,
    /// Whether the store names that model; a store without records names none yet.
    pub is_active: bool,
    /// The generation of member rows and postings that belongs to them.
    pub generation: u8,
    /// The generation that stands by, with its model.
    pub standby: Option<(Arc<FrozenModel>, u8)>,
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
        let (model, is_active) = (Arc::new(model), active.is_some());
        let standby = standby(mpi::rules::standby(&mut draft)?, models, &[])?;
        let directory = Snapshot::load(&mut draft)?;
        let survivorship = Survivorship::parse("matching-rules/survivorship.toml", SURVIVORSHIP)?;
        Ok(Self { model, is_active, generation, standby, directory, digester, survivorship, prefix: prefix.into() })
    }

    /// What verbs work with.
    #[must_use]
    pub fn index(&self) -> Index<'_> {
        let standby = self.standby.as_ref();
        Index {
            model: &self.model,
            generation: self.generation,
            standby: standby.map(|(model, generation)| StandbyModel { model, generation: *generation }),
            directory: &self.directory,
            digester: &self.digester,
        }
    }

    /// The same as the store says now; none when nothing moved.
    ///
    /// # Errors
    /// [`ModelError`] when the model of the active version cannot be read, and those of the store.
    pub fn renewed(&self, kv: &dyn Kv, models: &Models) -> Result<Option<Self>, ModelError> {
        let mut draft = Draft::new(kv);
        let active = mpi::rules::active(&mut draft)?;
        let (version, generation) = active
            .as_ref()
            .map_or((self.model.version(), self.generation), |active| (&*active.version, active.generation));
        let stored = mpi::rules::standby(&mut draft)?;
        let stands_by = |standby: &Standby| {
            let is_it = |known: &(Arc<FrozenModel>, u8)| {
                (known.0.version(), known.1) == (&*standby.version, standby.generation)
            };
            self.standby.as_ref().is_some_and(is_it)
        };
        let is_same_standby = stored.as_ref().map_or(self.standby.is_none(), stands_by);
        let is_same_model = version == self.model.version();
        let is_same_directory = directory::version(&mut draft)? == self.directory.version();
        let is_same_generation = generation == self.generation && active.is_some() == self.is_active;
        if is_same_model && is_same_directory && is_same_generation && is_same_standby {
            return Ok(None);
        }
        // A switch exchanges the two, and neither is read again.
        let mut known = vec![Arc::clone(&self.model)];
        known.extend(self.standby.iter().map(|(model, _)| Arc::clone(model)));
        let model = load(version, models, &known)?;
        let standby = standby(stored, models, &known)?;
        let directory = Snapshot::load(&mut draft)?;
        Ok(Some(Self {
            model,
            is_active: active.is_some(),
            generation,
            standby,
            directory,
            digester: self.digester.clone(),
            survivorship: self.survivorship.clone(),
            prefix: self.prefix.clone(),
        }))
    }

    /// Lets the first model decide for good, in the batch of the first record.
    ///
    /// # Errors
    /// Those of the store.
    pub fn begin(&self, draft: &mut Draft<'_>, stamp: &Stamp) -> Result<(), mpi::Error> {
        if !self.is_active && mpi::rules::active(draft)?.is_none() {
            mpi::rules::activate(draft, self.model.version(), self.generation, stamp)?;
        }
        Ok(())
    }
}

/// A model that is known already, or that of the folder.
fn load(version: &str, models: &Models, known: &[Arc<FrozenModel>]) -> Result<Arc<FrozenModel>, ModelError> {
    match known.iter().find(|model| model.version() == version) {
        Some(model) => Ok(Arc::clone(model)),
        None => models.load(version).map(Arc::new),
    }
}

/// What stands by, with its model.
fn standby(
    stored: Option<Standby>,
    models: &Models,
    known: &[Arc<FrozenModel>],
) -> Result<Option<(Arc<FrozenModel>, u8)>, ModelError> {
    stored.map(|stored| Ok((load(&stored.version, models, known)?, stored.generation))).transpose()
}

/// The models of a configuration: a folder beside that of the store, whose engine wants its own for itself. A store in
/// memory has its models in memory.
#[must_use]
pub fn models_of(config: &Config) -> Models {
    let Some(folder) = config.store.folder.as_deref().filter(|_| config.store.engine == Engine::Rocks) else {
        return Models::in_memory();
    };
    let mut name = folder.file_name().unwrap_or_default().to_owned();
    name.push(".models");
    Models::at(&folder.with_file_name(name))
}
