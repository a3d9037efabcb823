//! Backups: a checkpoint, the models, and archives of what was written since.
//!
//! A folder holds one backup; the file that says what is in it is written last, so that one that was interrupted is none.
//! The keyring is not part of it: a backup alone can be read by nobody. A server that runs keeps several of them, see
//! [`chains`]; the commands `backup` and `restore` are about one.

pub(crate) mod chains;
pub(crate) mod keep;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::opening::Opened;

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
    /// When the checkpoint was made, in seconds since 1970; 0 in a backup of a time before this was kept.
    #[serde(default)]
    pub(crate) began: u64,
    /// Whether nothing is added any more: the store went on from an older state.
    #[serde(default)]
    pub(crate) is_ended: bool,
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

/// Why nothing was added.
#[derive(Debug)]
pub(crate) enum Unfinished {
    /// The store cannot give what was written since the backup: it needs a new checkpoint.
    #[cfg_attr(not(feature = "rocks"), expect(dead_code, reason = "only a store on disk has a log"))]
    Cut(Failure),
    /// Anything else.
    Failed(Failure),
}

impl From<Failure> for Unfinished {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Unfinished> for Failure {
    fn from(unfinished: Unfinished) -> Self {
        match unfinished {
            Unfinished::Cut(failure) | Unfinished::Failed(failure) => failure,
        }
    }
}

#[cfg(not(feature = "rocks"))]
pub(crate) fn begin(_: &Opened, _: &Path, _: u64) -> Result<Manifest, Failure> {
    Err(Failure::usage("this build has no RocksDB"))
}

#[cfg(not(feature = "rocks"))]
pub(crate) fn go_on(_: &Opened, _: &Path, _: Manifest) -> Result<Manifest, Unfinished> {
    Err(Failure::usage("this build has no RocksDB").into())
}

/// Bytes of one archive: about what is held in memory at once.
#[cfg(feature = "rocks")]
const ARCHIVE_BYTES_MAX: usize = 64 << 20;

/// Begins a backup in an empty folder: a checkpoint of the store as it is, and the models. Writers go on meanwhile.
#[cfg(feature = "rocks")]
pub(crate) fn begin(opened: &Opened, to: &Path, now_seconds: u64) -> Result<Manifest, Failure> {
    fs::create_dir_all(to).map_err(|error| Failure::write(to, error))?;
    let is_empty = fs::read_dir(to).map_err(|error| unreadable(to, error))?.next().is_none();
    if !is_empty {
        let shown = to.display();
        return Err(Failure::bad_input(anyhow::anyhow!("`{shown}` holds something that is no backup")));
    }
    let seq = opened.engine.engine().checkpoint(&to.join(STORE)).map_err(Failure::internal)?.0;
    // Models are there before the store names them, so they are copied after it.
    copy_models(opened, to)?;
    let manifest = Manifest { format: FORMAT, checkpoint: seq, until: seq, began: now_seconds, ..Manifest::default() };
    manifest.write(to)?;
    Ok(manifest)
}

/// Adds what was written since. Writers go on meanwhile; what they write while this runs may be added or not.
#[cfg(feature = "rocks")]
pub(crate) fn go_on(opened: &Opened, to: &Path, mut manifest: Manifest) -> Result<Manifest, Unfinished> {
    let held = opened.kv.health().seq.0;
    loop {
        let after = mpi::kv::Seq(manifest.until);
        let archive = opened.engine.engine().archive(after, ARCHIVE_BYTES_MAX);
        let archive = archive.map_err(|error| Unfinished::Cut(Failure::internal(error)))?;
        if archive.is_empty() || archive.until.0 == manifest.until {
            return Ok(manifest);
        }
        let positions = (archive.after.0, archive.until.0);
        write_whole(&archive_path(to, positions), &archive.encode())?;
        copy_models(opened, to)?;
        manifest.archives.push(positions);
        manifest.until = archive.until.0;
        manifest.write(to)?;
        if manifest.until >= held {
            return Ok(manifest);
        }
    }
}

#[cfg(feature = "rocks")]
fn copy_models(opened: &Opened, to: &Path) -> Result<(), Failure> {
    let into = to.join(MODELS);
    match opened.models.folder() {
        Some(folder) if folder.is_dir() => copy_new_files(folder, &into),
        _ => fs::create_dir_all(&into).map_err(|error| Failure::write(&into, error)),
    }
}

/// Copies the files of a folder and of the folders in it that are not there yet, or are older there.
#[cfg(feature = "rocks")]
fn copy_new_files(from: &Path, into: &Path) -> Result<(), Failure> {
    fs::create_dir_all(into).map_err(|error| Failure::write(into, error))?;
    for entry in fs::read_dir(from).map_err(|error| unreadable(from, error))? {
        let entry = entry.map_err(|error| unreadable(from, error))?;
        let (source, copy) = (entry.path(), into.join(entry.file_name()));
        if source.is_dir() {
            copy_new_files(&source, &copy)?;
            continue;
        }
        let known = |path: &Path| fs::metadata(path).ok().and_then(|file| Some((file.len(), file.modified().ok()?)));
        // A copy is younger than what it was made of.
        let is_there =
            known(&source).zip(known(&copy)).is_some_and(|(own, copied)| own.0 == copied.0 && own.1 <= copied.1);
        if !is_there {
            let bytes = fs::read(&source).map_err(|error| unreadable(&source, error))?;
            write_whole(&copy, &bytes)?;
        }
    }
    Ok(())
}
