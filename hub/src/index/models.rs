//! The model folder: every version of rules, weights and frequencies that has ever decided, by its digest.
//!
//! A version is two files, written once and never changed: the trained rule set and the frozen frequencies. The store
//! names the version that is active; the folder is part of a backup. Frequencies are counts of digests, not values.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use linkage::arrival::{DecodeError, FrozenFrequencies, FrozenModel};
use linkage::model::UntrainedError;
use linkage::rules::{RuleError, RuleSet};

use crate::failure::ErrorFormat;
use crate::linking::Lookup;

/// Why a model cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A file cannot be read or written.
    #[error("cannot read or write `{path}`")]
    File {
        /// Which.
        path: PathBuf,
        /// The operating system's words.
        #[source]
        source: io::Error,
    },
    /// The rule set is not well formed.
    #[error("the rule set `{path}` cannot be used: {source}")]
    Rules {
        /// Which.
        path: PathBuf,
        /// What is wrong, with its line.
        #[source]
        source: RuleError,
    },
    /// The frequencies are not what was written.
    #[error("the frequencies `{path}` are damaged")]
    Frequencies {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        #[source]
        source: DecodeError,
    },
    /// The rule set has no weights yet.
    #[error("the rule set has to be trained first: {0}")]
    Untrained(#[from] UntrainedError),
    /// The files give another version than their name says.
    #[error("the model `{wanted}` gives the version `{found}`: a file was changed, or the program has other tables")]
    Version {
        /// What was asked for.
        wanted: String,
        /// What it is.
        found: String,
    },
    /// The survivorship rules are not well formed.
    #[error(transparent)]
    Survivorship(#[from] mpi::golden::SurvivorshipError),
    /// The store did not answer.
    #[error(transparent)]
    Index(#[from] mpi::Error),
    /// The directory did not answer.
    #[error(transparent)]
    Directory(#[from] directory::Error),
    /// The tables that the program carries cannot be read.
    #[error("the tables that the program carries cannot be read: {0}")]
    Tables(String),
}

/// The folder of models.
#[derive(Clone, Debug)]
pub struct Models {
    folder: PathBuf,
}

impl Models {
    /// The models below a folder, which need not exist yet.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The model of a version.
    ///
    /// # Errors
    /// [`ModelError`] when its files are missing, damaged, or give another version.
    pub fn load(&self, version: &str) -> Result<FrozenModel, ModelError> {
        let folder = self.folder.join(version);
        let rules = read_rules(&folder.join(RULES))?;
        let path = folder.join(FREQUENCIES);
        let bytes = fs::read(&path).map_err(|source| ModelError::File { path: path.clone(), source })?;
        let frequencies =
            FrozenFrequencies::from_bytes(&bytes).map_err(|source| ModelError::Frequencies { path, source })?;
        let model = freeze(rules, frequencies)?;
        if model.version() != version {
            return Err(ModelError::Version { wanted: version.to_owned(), found: model.version().to_owned() });
        }
        Ok(model)
    }

    /// Writes a model under its version, unless it is there.
    ///
    /// # Errors
    /// [`ModelError::File`].
    pub fn save(&self, model: &FrozenModel) -> Result<(), ModelError> {
        let folder = self.folder.join(model.version());
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ModelError::File { path, source }
        };
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let files = [(RULES, model.rules().to_toml().into_bytes()), (FREQUENCIES, model.frequencies().to_bytes())];
        for (name, bytes) in files {
            let path = folder.join(name);
            let partial = folder.join(format!("{name}.partial"));
            fs::write(&partial, bytes).map_err(failed(&partial))?;
            fs::File::open(&partial).and_then(|file| file.sync_all()).map_err(failed(&partial))?;
            fs::rename(&partial, &path).map_err(failed(&path))?;
        }
        fs::File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed(&folder))
    }
}

const RULES: &str = "rules.toml";
const FREQUENCIES: &str = "frequencies";

/// The rule set of a file.
///
/// # Errors
/// [`ModelError::File`], [`ModelError::Rules`].
pub fn read_rules(path: &Path) -> Result<RuleSet, ModelError> {
    let text = fs::read_to_string(path).map_err(|source| ModelError::File { path: path.to_owned(), source })?;
    RuleSet::parse(&text).map_err(|source| ModelError::Rules { path: path.to_owned(), source })
}

/// A model from a trained rule set and frequencies, with the tables that the program carries.
///
/// # Errors
/// [`ModelError::Untrained`], [`ModelError::Tables`].
pub fn freeze(rules: RuleSet, frequencies: FrozenFrequencies) -> Result<FrozenModel, ModelError> {
    let lookup = Lookup::built_in().map_err(|failure| ModelError::Tables(failure.message(ErrorFormat::Human)))?;
    Ok(FrozenModel::new(rules, frequencies, lookup.tables, lookup.readings)?)
}
