//! `nayose restore`: a store from a backup, in a folder that does not exist yet.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::backup::chains;
use crate::backup::{MODELS, Manifest, STORE, archive_path, copy_folder, unreadable};
use crate::cli::print_result;
use crate::failure::{Exit, Failure};
use crate::opening;

/// Put a store back from a backup.
#[derive(Debug, Args)]
#[command(after_help = "\
The folder must not exist. Let `store.folder` of the configuration name it, with the keyring that the store had, and
verify it. If the backup ends before what the witness knows, the server stays closed until `nayose serve --accept-gap`
names the position up to which it goes. The search index is filled again by itself.

Example:
  nayose restore --from /backup/monday --to /var/lib/nayose/store
  nayose verify --config nayose.toml")]
pub(crate) struct Arguments {
    /// The folder of the backup, or that of a server's backups: then the latest.
    #[arg(long, value_name = "FOLDER")]
    from: PathBuf,
    /// The folder of the store; it must not exist.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let Arguments { from, to } = arguments;
    let found = match Manifest::read(from)? {
        Some(manifest) => Some((from.clone(), manifest)),
        None => chains::latest(from)?.map(|chain| (chain.folder, chain.manifest)),
    };
    let missing = || Failure::bad_input(anyhow::anyhow!("`{}` is no complete backup", from.display()));
    let (from, manifest) = found.ok_or_else(missing)?;
    if to.try_exists().map_err(|error| unreadable(to, error))? {
        return Err(Failure::usage(format!("`{}` exists already: a store is never overwritten", to.display())));
    }
    let models = opening::models_folder(to);
    copy_folder(&from.join(MODELS), &models)?;
    let until = put_back(&from, to, &manifest)?;
    if until != manifest.until {
        return Err(Failure::bad_input(anyhow::anyhow!(
            "the store goes to position {until}, and the backup says {}",
            manifest.until
        )));
    }
    print_result(&format!("`{}` is as it was at position {until}; check it with `nayose verify`\n", to.display()))?;
    Ok(Exit::Ok)
}

#[cfg(not(feature = "rocks"))]
fn put_back(_: &Path, _: &Path, _: &Manifest) -> Result<u64, Failure> {
    let _ = (STORE, archive_path);
    Err(Failure::usage("this build has no RocksDB"))
}

#[cfg(feature = "rocks")]
fn put_back(from: &Path, to: &Path, manifest: &Manifest) -> Result<u64, Failure> {
    use mpi::kv::rocks::{Archive, restore};

    let mut archives = Vec::new();
    for positions in &manifest.archives {
        let path = archive_path(from, *positions);
        let bytes = std::fs::read(&path).map_err(|error| unreadable(&path, error))?;
        archives.push(Archive::decode(&bytes).map_err(|error| unreadable(&path, error))?);
    }
    Ok(restore(&from.join(STORE), &archives, to).map_err(Failure::bad_input)?.0)
}
