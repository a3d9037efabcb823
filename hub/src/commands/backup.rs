//! `nayose backup`: a copy of the store from which it can be put back.
//!
//! The first backup into a folder is a checkpoint with the models beside it; every later one into the same folder adds
//! what was written since. The keyring is not part of it: a backup alone can be read by nobody.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::{Deserialize, Serialize};

use crate::cli::print_result;
use crate::failure::{Exit, Failure};
use crate::opening;

/// Back the store up, or add to a backup what was written since.
#[derive(Debug, Args)]
#[command(after_help = "\
The folder gets a checkpoint of the store and the models; backing up into the same folder again adds only what was
written since. The keyring is not in it: keep a copy elsewhere. The server must not run at the same time.

Example:
  nayose backup --config nayose.toml --to /backup/monday")]
pub(crate) struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "nayose.toml")]
    config: PathBuf,
    /// The folder of the backup; not in the folder of the store.
    #[arg(long, value_name = "FOLDER")]
    to: PathBuf,
}

/// What a backup says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The layout of the folder.
    pub(crate) format: u32,
    /// The position of the checkpoint.
    pub(crate) checkpoint: u64,
    /// Archives in their order: after which position, and up to which.
    pub(crate) archives: Vec<(u64, u64)>,
    /// The position up to which the backup goes.
    pub(crate) until: u64,
}

/// The layout of the folder.
pub(crate) const FORMAT: u32 = 1;
/// The checkpoint, in the folder of a backup.
pub(crate) const STORE: &str = "store";
/// The models, in the folder of a backup.
pub(crate) const MODELS: &str = "models";
/// What the backup says of itself; written last.
const MANIFEST: &str = "backup.json";

impl Manifest {
    /// Reads that of a folder; none when there is none.
    pub(crate) fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let path = folder.join(MANIFEST);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unreadable(&path, error)),
        };
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| unreadable(&path, error))?;
        if manifest.format == FORMAT {
            Ok(Some(manifest))
        } else {
            let format = manifest.format;
            Err(Failure::bad_input(anyhow::anyhow!("`{}` has the format {format}, not {FORMAT}", path.display())))
        }
    }

    #[cfg(feature = "rocks")]
    fn write(&self, folder: &Path) -> Result<(), Failure> {
        let path = folder.join(MANIFEST);
        let bytes = serde_json::to_vec_pretty(self).map_err(Failure::internal)?;
        write_whole(&path, &bytes)
    }
}

/// The file of an archive.
pub(crate) fn archive_path(folder: &Path, (after, until): (u64, u64)) -> PathBuf {
    folder.join(format!("archive-{after:020}-{until:020}"))
}

/// An error about a file that should be there.
pub(crate) fn unreadable(path: &Path, error: impl Into<anyhow::Error>) -> Failure {
    Failure::bad_input(error.into().context(format!("cannot read `{}`", path.display())))
}

/// Writes a file that is there as a whole or not at all, also after a power cut.
fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let write = || {
        let mut name = path.file_name().unwrap_or_default().to_os_string();
        name.push(".partial");
        let partial = path.with_file_name(name);
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)?;
        path.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
    };
    write().map_err(|error| Failure::write(path, error))
}

/// Copies the files of a folder and of the folders in it.
pub(crate) fn copy_folder(from: &Path, into: &Path) -> Result<(), Failure> {
    fs::create_dir_all(into).map_err(|error| Failure::write(into, error))?;
    for entry in fs::read_dir(from).map_err(|error| unreadable(from, error))? {
        let entry = entry.map_err(|error| unreadable(from, error))?;
        let (source, copy) = (entry.path(), into.join(entry.file_name()));
        if source.is_dir() {
            copy_folder(&source, &copy)?;
        } else {
            let bytes = fs::read(&source).map_err(|error| unreadable(&source, error))?;
            write_whole(&copy, &bytes)?;
        }
    }
    Ok(())
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let (config, keyring) = opening::read(&arguments.config)?;
    let to = &arguments.to;
    if to.starts_with(opening::folder(&config)?) {
        return Err(Failure::usage("the backup would lie in the folder of the store: choose another disk"));
    }
    let opened = opening::open_whole(&config, keyring.as_ref())?;
    fs::create_dir_all(to).map_err(|error| Failure::write(to, error))?;
    let before = Manifest::read(to)?;
    let manifest = back_up(&opened, to, before.clone())?;
    opened.witness(&config)?;
    let shown = to.display();
    print_result(&match before {
        None => format!("checkpoint at position {} in `{shown}`\n", manifest.until),
        Some(before) if before.until == manifest.until => {
            format!("nothing was written since position {}\n", before.until)
        }
        Some(before) => format!("added positions {} to {} to `{shown}`\n", before.until + 1, manifest.until),
    })?;
    Ok(Exit::Ok)
}

#[cfg(not(feature = "rocks"))]
fn back_up(_: &opening::Opened, _: &Path, _: Option<Manifest>) -> Result<Manifest, Failure> {
    Err(Failure::usage("this build has no RocksDB"))
}

/// Bytes of one archive: about what is held in memory at once.
#[cfg(feature = "rocks")]
const ARCHIVE_BYTES_MAX: usize = 64 << 20;

#[cfg(feature = "rocks")]
fn back_up(opened: &opening::Opened, to: &Path, before: Option<Manifest>) -> Result<Manifest, Failure> {
    use mpi::kv::Seq;

    let engine = opened.engine.engine();
    let Some(mut manifest) = before else {
        let is_empty = fs::read_dir(to).map_err(|error| unreadable(to, error))?.next().is_none();
        if !is_empty {
            let shown = to.display();
            return Err(Failure::bad_input(anyhow::anyhow!("`{shown}` holds something that is no backup")));
        }
        // Models are there before the store names them, so they are copied after it.
        let seq = engine.checkpoint(&to.join(STORE)).map_err(Failure::internal)?.0;
        copy_models(opened, to)?;
        let manifest = Manifest { format: FORMAT, checkpoint: seq, archives: Vec::new(), until: seq };
        manifest.write(to)?;
        return Ok(manifest);
    };
    loop {
        let archive = engine.archive(Seq(manifest.until), ARCHIVE_BYTES_MAX).map_err(Failure::internal)?;
        if archive.is_empty() || archive.until.0 == manifest.until {
            return Ok(manifest);
        }
        let positions = (archive.after.0, archive.until.0);
        write_whole(&archive_path(to, positions), &archive.encode())?;
        copy_models(opened, to)?;
        manifest.archives.push(positions);
        manifest.until = archive.until.0;
        manifest.write(to)?;
    }
}

#[cfg(feature = "rocks")]
fn copy_models(opened: &opening::Opened, to: &Path) -> Result<(), Failure> {
    let into = to.join(MODELS);
    match opened.models.folder() {
        Some(folder) if folder.is_dir() => copy_folder(folder, &into),
        _ => fs::create_dir_all(&into).map_err(|error| Failure::write(&into, error)),
    }
}
