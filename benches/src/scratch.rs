//! A folder for the files of one measurement, removed when it is over.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The folder; dropping it removes it with all that is in it.
#[derive(Debug)]
pub(crate) struct Scratch {
    folder: PathBuf,
}

impl Scratch {
    /// Makes an empty folder in the temporary folder of the machine.
    pub(crate) fn create(name: &str) -> anyhow::Result<Self> {
        Self::create_in(&std::env::temp_dir(), name)
    }

    /// Makes an empty folder in another one, for files that are too large for the temporary folder.
    pub(crate) fn create_in(parent: &Path, name: &str) -> anyhow::Result<Self> {
        let folder = parent.join(format!("nayose-bench-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
        Ok(Self { folder })
    }

    /// A path in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            eprintln!("cannot remove `{}`: {error}", self.folder.display());
        }
    }
}
