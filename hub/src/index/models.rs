//! The models: every version of rules, weights and frequencies that has ever decided or been reviewed, by its digest.
//!
//! A version is two files of a folder, written once and never changed: the trained rule set and the frozen frequencies.
//! Beside them lies the review of its last shadow run, which names records and holds no value. The store names the version
//! that is active; the folder is part of a backup. Frequencies are counts of digests, not values. A store in memory keeps
//! the same bytes in memory.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

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

/// Where models are kept.
#[derive(Clone, Debug)]
pub struct Models {
    place: Place,
}

/// Files by version and kind.
type MemoryFiles = BTreeMap<(String, &'static str), Vec<u8>>;

#[derive(Clone, Debug)]
enum Place {
    Folder(PathBuf),
    /// By version and file.
    Memory(Arc<Mutex<MemoryFiles>>),
}

impl Models {
    /// The models below a folder, which need not exist yet.
    #[must_use]
    pub fn at(folder: &Path) -> Self {
        Self { place: Place::Folder(folder.to_owned()) }
    }

    /// Models that end with the process, for a store that does.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { place: Place::Memory(Arc::default()) }
    }

    /// The folder, if there is one.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.place {
            Place::Folder(folder) => Some(folder),
            Place::Memory(_) => None,
        }
    }

    /// Every version that is kept, in no order that means anything.
    ///
    /// # Errors
    /// [`ModelError::File`].
    pub fn versions(&self) -> Result<Vec<String>, ModelError> {
        let folder = match &self.place {
            Place::Folder(folder) => folder,
            Place::Memory(files) => {
                let files = files.lock().unwrap_or_else(PoisonError::into_inner);
                return Ok(files
                    .keys()
                    .filter(|(_, name)| *name == RULES)
                    .map(|(version, _)| version.clone())
                    .collect());
            }
        };
        let failed = |source| ModelError::File { path: folder.clone(), source };
        let mut versions = Vec::new();
        match fs::read_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(versions),
            Err(error) => return Err(failed(error)),
            Ok(entries) => {
                for entry in entries {
                    let entry = entry.map_err(failed)?;
                    if entry.path().join(RULES).is_file() {
                        versions.push(entry.file_name().to_string_lossy().into_owned());
                    }
                }
            }
        }
        versions.sort_unstable();
        Ok(versions)
    }

    /// The model of a version.
    ///
    /// # Errors
    /// [`ModelError`] when its files are missing, damaged, or give another version.
    pub fn load(&self, version: &str) -> Result<FrozenModel, ModelError> {
        let rules = self.rules(version)?;
        let path = self.path_of(version, FREQUENCIES);
        let bytes = self.read(version, FREQUENCIES)?;
        let frequencies =
            FrozenFrequencies::from_bytes(&bytes).map_err(|source| ModelError::Frequencies { path, source })?;
        let model = freeze(rules, frequencies)?;
        if model.version() != version {
            return Err(ModelError::Version { wanted: version.to_owned(), found: model.version().to_owned() });
        }
        Ok(model)
    }

    /// The rule set of a version.
    ///
    /// # Errors
    /// [`ModelError::File`], [`ModelError::Rules`].
    pub fn rules(&self, version: &str) -> Result<RuleSet, ModelError> {
        let path = self.path_of(version, RULES);
        let bytes = self.read(version, RULES)?;
        let text = String::from_utf8_lossy(&bytes);
        RuleSet::parse(&text).map_err(|source| ModelError::Rules { path, source })
    }

    /// Whether a version is kept. What is no version at all is not.
    #[must_use]
    pub fn has(&self, version: &str) -> bool {
        is_version(version) && self.read(version, RULES).is_ok()
    }

    /// Writes a model under its version, unless it is there.
    ///
    /// # Errors
    /// [`ModelError::File`].
    pub fn save(&self, model: &FrozenModel) -> Result<(), ModelError> {
        let files = [(RULES, model.rules().to_toml().into_bytes()), (FREQUENCIES, model.frequencies().to_bytes())];
        files.into_iter().try_for_each(|(name, bytes)| self.write(model.version(), name, bytes))
    }

    /// Keeps what the last shadow run of a version found.
    ///
    /// # Errors
    /// [`ModelError::File`].
    pub fn keep_review(&self, version: &str, bytes: &[u8]) -> Result<(), ModelError> {
        self.write(version, REVIEW, bytes.to_vec())
    }

    /// What the last shadow run of a version found; none when it was never reviewed.
    ///
    /// # Errors
    /// [`ModelError::File`].
    pub fn review(&self, version: &str) -> Result<Option<Vec<u8>>, ModelError> {
        match self.read(version, REVIEW) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(ModelError::File { source, .. }) if source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn path_of(&self, version: &str, name: &str) -> PathBuf {
        self.folder().unwrap_or(Path::new("memory")).join(version).join(name)
    }

    fn read(&self, version: &str, name: &'static str) -> Result<Vec<u8>, ModelError> {
        let path = self.path_of(version, name);
        let read = match &self.place {
            Place::Folder(_) => fs::read(&path),
            Place::Memory(files) => {
                let files = files.lock().unwrap_or_else(PoisonError::into_inner);
                files.get(&(version.to_owned(), name)).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
            }
        };
        read.map_err(|source| ModelError::File { path, source })
    }

    fn write(&self, version: &str, name: &'static str, bytes: Vec<u8>) -> Result<(), ModelError> {
        let folder = match &self.place {
            Place::Folder(folder) => folder.join(version),
            Place::Memory(files) => {
                files.lock().unwrap_or_else(PoisonError::into_inner).insert((version.to_owned(), name), bytes);
                return Ok(());
            }
        };
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| ModelError::File { path, source }
        };
        fs::create_dir_all(&folder).map_err(failed(&folder))?;
        let path = folder.join(name);
        let partial = folder.join(format!("{name}.partial"));
        fs::write(&partial, bytes).map_err(failed(&partial))?;
        fs::File::open(&partial).and_then(|file| file.sync_all()).map_err(failed(&partial))?;
        fs::rename(&partial, &path).map_err(failed(&path))?;
        fs::File::open(&folder).and_then(|folder| folder.sync_all()).map_err(failed(&folder))
    }
}

/// Whether a text that somebody sent can be the name of a version, and so of a folder.
fn is_version(text: &str) -> bool {
    !text.is_empty() && text.len() <= 128 && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

const RULES: &str = "rules.toml";
const FREQUENCIES: &str = "frequencies";
const REVIEW: &str = "review";

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
