//! The backups of a server that runs: one after the other in folders of one folder, each with its archives.
//!
//! A *chain* is one checkpoint with the archives that go on from it. Every round adds what was written since to the latest
//! chain; when that is old enough, cannot be gone on with, or has ended, a new one begins, and the oldest beyond a number
//! are removed. A folder without its manifest was interrupted and is removed as well.

use std::fs;
use std::path::{Path, PathBuf};

use super::{Manifest, Unfinished, begin, go_on, unreadable};
use crate::config::BackupConfig;
use crate::failure::Failure;
use crate::opening::Opened;
use crate::serve::clock::Clock;

/// What the folder of a chain begins with; the time of its checkpoint follows, so that names are in the order of time.
const PREFIX: &str = "chain-";

/// One checkpoint with its archives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chain {
    /// Where it is.
    pub(crate) folder: PathBuf,
    /// What is in it.
    pub(crate) manifest: Manifest,
}

/// What a round did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Round {
    /// The chain that was begun or gone on with.
    pub(crate) chain: Chain,
    /// Why a new chain was begun, if one was.
    pub(crate) begun: Option<&'static str>,
    /// Chains that were removed.
    pub(crate) removed: usize,
}

/// Seconds since 1970.
pub(crate) fn now_seconds() -> u64 {
    u64::try_from(Clock::of_machine().now().micros() / 1_000_000).unwrap_or(0)
}

/// The folders of chains, the earliest first; complete or not.
fn folders(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(unreadable(folder, error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| unreadable(folder, error))?;
        found.extend(entry.file_name().to_string_lossy().starts_with(PREFIX).then(|| entry.path()));
    }
    found.sort_unstable();
    Ok(found)
}

/// The latest complete chain of a folder.
pub(crate) fn latest(folder: &Path) -> Result<Option<Chain>, Failure> {
    for folder in folders(folder)?.into_iter().rev() {
        if let Some(manifest) = Manifest::read(&folder)? {
            return Ok(Some(Chain { folder, manifest }));
        }
    }
    Ok(None)
}

/// Ends the latest chain: the store goes on from an older state than it knows, so nothing may be added to it.
pub(crate) fn end(folder: &Path) -> Result<(), Failure> {
    let Some(Chain { folder, manifest }) = latest(folder)? else { return Ok(()) };
    Manifest { is_ended: true, ..manifest }.write(&folder)
}

/// Adds what was written since the last round, or begins a new chain.
pub(crate) fn round(opened: &Opened, config: &BackupConfig, now_seconds: u64) -> Result<Round, Failure> {
    let why = match latest(&config.folder)? {
        None => "there was none",
        Some(chain) if chain.manifest.is_ended => "the store went on from an older state",
        Some(chain) if is_old(&chain, config, now_seconds) => "the last one is old",
        Some(Chain { folder, manifest }) => match go_on(opened, &folder, manifest) {
            Ok(manifest) => return Ok(Round { chain: Chain { folder, manifest }, begun: None, removed: 0 }),
            Err(Unfinished::Cut(_)) => "the log no longer goes back to the last one",
            Err(Unfinished::Failed(failure)) => return Err(failure),
        },
    };
    let folder = free_folder(&config.folder, now_seconds)?;
    let manifest = begin(opened, &folder, now_seconds)?;
    let removed = remove_old(config, &folder)?;
    Ok(Round { chain: Chain { folder, manifest }, begun: Some(why), removed })
}

/// A folder for a new chain: named by the second, or the first after it that no chain has.
fn free_folder(all: &Path, mut second: u64) -> Result<PathBuf, Failure> {
    loop {
        let folder = all.join(format!("{PREFIX}{second:012}"));
        if Manifest::read(&folder)?.is_none() {
            remove(&folder)?;
            return Ok(folder);
        }
        second += 1;
    }
}

fn is_old(chain: &Chain, config: &BackupConfig, now_seconds: u64) -> bool {
    now_seconds.saturating_sub(chain.manifest.began) >= u64::from(config.checkpoint_days) * 86_400
}

/// Removes the oldest chains beyond the number to keep, and those that were interrupted; gives how many were complete.
fn remove_old(config: &BackupConfig, latest: &Path) -> Result<usize, Failure> {
    let mut complete = Vec::new();
    for folder in folders(&config.folder)? {
        if Manifest::read(&folder)?.is_some() {
            complete.push(folder);
        } else if folder != latest {
            remove(&folder)?;
        }
    }
    let beyond = complete.len().saturating_sub(usize::try_from(config.keep).unwrap_or(usize::MAX));
    complete.iter().take(beyond).try_for_each(|folder| remove(folder))?;
    Ok(beyond)
}

fn remove(folder: &Path) -> Result<(), Failure> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Failure::write(folder, error)),
        _ => Ok(()),
    }
}
