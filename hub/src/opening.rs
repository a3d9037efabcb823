//! Opens what a configuration names: the store with its keys, its witness, and the models beside it.
//!
//! The server and every command that works on a store come through here, so a folder that somebody else has open, a
//! missing key or a store that ends before its witness is told in the same words by all of them. What is done with the
//! store afterwards is not decided here.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use mpi::kv::{Digester, Kv};

use crate::config::{Config, Engine, Keyring};
use crate::failure::Failure;
use crate::index::Models;

/// An open store with what belongs to it.
pub(crate) struct Opened {
    /// The store.
    pub(crate) kv: Arc<dyn Kv>,
    /// What turns identifiers into keys.
    pub(crate) digester: Digester,
    /// The versions of the rules.
    pub(crate) models: Models,
    /// How the store stands to its witness, if that is not well: what to tell.
    pub(crate) gap: Option<Gap>,
    #[cfg(feature = "rocks")]
    pub(crate) engine: Arc<mpi::kv::Sealed<mpi::kv::RocksKv>>,
}

/// What is missing in a store that ends before its witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Gap {
    /// The last position that the store holds: what an operator accepts by naming it.
    pub(crate) held: u64,
    /// What is wrong, in one sentence.
    pub(crate) reason: String,
}

/// The configuration and its keyring.
pub(crate) fn read(path: &Path) -> Result<(Config, Option<Keyring>), Failure> {
    let config = Config::read(path).map_err(Failure::bad_input)?;
    let keyring = config.keyring.as_deref().map(Keyring::read).transpose().map_err(Failure::bad_input)?;
    Ok((config, keyring))
}

/// The folder of models that belongs to a store: beside it, since nothing else may lie in the folder of a store.
pub(crate) fn models_folder(store: &Path) -> PathBuf {
    let mut name = store.file_name().unwrap_or_default().to_os_string();
    name.push(".models");
    store.with_file_name(name)
}

/// Opens the store of a command. It has to be on disk, and whole: a command writes to no store with a gap.
pub(crate) fn open_whole(config: &Config, keyring: Option<&Keyring>) -> Result<Opened, Failure> {
    let opened = open(config, keyring)?;
    match &opened.gap {
        None => Ok(opened),
        Some(gap) => Err(Failure::bad_input(gap.closed())),
    }
}

impl Gap {
    /// Why nothing is done, and what an operator can do.
    pub(crate) fn closed(&self) -> anyhow::Error {
        let Self { held, reason } = self;
        anyhow::anyhow!("{reason}; the store stays closed until `nayose serve --accept-gap {held}` accepts that")
    }
}

/// Whether what lies outside of the store can be written, before anything is written to the store: a command that has
/// committed and then cannot say so would be taken for one that failed.
pub(crate) fn check_outside(config: &Config) -> Result<(), Failure> {
    let files = [
        ("witness", config.witness.clone()),
        ("list of erasures", config.erasures_file()),
        ("list of withdrawals", config.withdrawals_file()),
    ];
    for (what, path) in files.into_iter().filter_map(|(what, path)| Some((what, path?))) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if !folder.is_dir() {
            let shown = folder.display();
            return Err(Failure::bad_input(anyhow::anyhow!(
                "there is no folder `{shown}` for the {what}: make it, or mount its disk"
            )));
        }
    }
    Ok(())
}

/// The folder of the store; none in memory, which no command but the server can use.
pub(crate) fn folder(config: &Config) -> Result<&Path, Failure> {
    match (config.store.engine, config.store.folder.as_deref()) {
        (Engine::Memory, _) => {
            Err(Failure::usage("`store.engine = \"memory\"` keeps nothing after a command: this needs a store on disk"))
        }
        (Engine::Rocks, None) => Err(Failure::usage("a store on disk needs `store.folder`")),
        (Engine::Rocks, Some(folder)) => Ok(folder),
    }
}

/// Why a store could not be opened.
#[cfg(feature = "rocks")]
fn unopened(folder: &Path, error: mpi::kv::Error) -> Failure {
    let shown = folder.display();
    let error = anyhow::Error::new(error);
    // The library says it in words only.
    let is_locked = error.chain().any(|cause| cause.to_string().to_lowercase().contains("lock"));
    let message = if is_locked {
        format!("the store in `{shown}` is open elsewhere: stop the server, or the other command, first")
    } else {
        format!("cannot open the store in `{shown}`")
    };
    Failure::internal(error.context(message))
}

/// Opens a store on disk.
#[cfg(not(feature = "rocks"))]
pub(crate) fn open(config: &Config, _keyring: Option<&Keyring>) -> Result<Opened, Failure> {
    folder(config)?;
    Err(Failure::usage(
        "this build has no RocksDB: build it with the feature `rocks`, or set `store.engine = \"memory\"` for a trial of \
         the server",
    ))
}

/// Opens a store on disk.
#[cfg(feature = "rocks")]
pub(crate) fn open(config: &Config, keyring: Option<&Keyring>) -> Result<Opened, Failure> {
    use mpi::kv::{RocksKv, RocksOptions, Sealed};

    let folder = folder(config)?;
    check_outside(config)?;
    let missing = "a store on disk needs a `keyring`: make one with `nayose keyring new FILE`";
    let ring = keyring.ok_or_else(|| Failure::usage(missing))?.for_store().map_err(Failure::bad_input)?;
    let digester = ring.digester().clone();
    let mut options = RocksOptions::new(folder);
    options.cache_bytes = usize::try_from(config.store.cache_bytes).unwrap_or(usize::MAX);
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent).map_err(|error| Failure::write(parent, error))?;
    }
    let (engine, gap) = match &config.witness {
        Some(witness) => {
            let (engine, standing) =
                RocksKv::open_witnessed(options, witness).map_err(|error| unopened(folder, error))?;
            let gap = gap_of(&standing, engine.health().seq.0);
            (engine, gap)
        }
        None => (RocksKv::open(options).map_err(|error| unopened(folder, error))?, None),
    };
    let engine = Arc::new(Sealed::new(engine, ring));
    let kv: Arc<dyn Kv> = Arc::clone(&engine) as _;
    Ok(Opened { kv, digester, models: Models::at(&models_folder(folder)), gap, engine })
}

#[cfg(feature = "rocks")]
fn gap_of(standing: &mpi::kv::Standing, held: u64) -> Option<Gap> {
    use mpi::kv::Standing;
    match standing {
        Standing::Unwitnessed | Standing::Complete => None,
        Standing::Behind(gap) => {
            let reason =
                format!("the store ends at position {}, and its witness knows {}", gap.held.0, gap.witnessed.0);
            Some(Gap { held, reason })
        }
        Standing::Forked(seq) => {
            let reason = format!(
                "the store has another batch at position {} than its witness: it went on from an older state",
                seq.0
            );
            Some(Gap { held, reason })
        }
    }
}

impl Opened {
    /// Waits until what was written lies in order in its files.
    pub(crate) fn come_to_rest(&self) -> Result<(), Failure> {
        #[cfg(feature = "rocks")]
        self.engine.engine().come_to_rest().map_err(Failure::internal)?;
        Ok(())
    }

    /// Notes outside of the store what it holds now; nothing without a witness file.
    pub(crate) fn witness(&self, config: &Config) -> Result<(), Failure> {
        #[cfg(feature = "rocks")]
        if let Some(path) = &config.witness {
            mpi::kv::rocks::write_witness(path, &self.engine.engine().witness()).map_err(Failure::internal)?;
        }
        #[cfg(not(feature = "rocks"))]
        let _ = config;
        Ok(())
    }
}
