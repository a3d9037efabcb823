//! A file that appears only when it is complete.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Bytes held back before they are written.
const BUFFER_BYTES: usize = 256 * 1024;

/// Writes `name.partial` beside `name` and renames it on [`AtomicFile::commit`]; dropped before, it removes itself.
///
/// A reader of `name` sees the old file or the new one, never half of it. The content is not forced to the disk: these
/// are results that can be computed again.
#[derive(Debug)]
pub struct AtomicFile {
    path: PathBuf,
    partial: PathBuf,
    file: File,
    buffer: Vec<u8>,
    is_committed: bool,
}

impl AtomicFile {
    /// Starts a file. Missing folders are not made: a typing error in a path should be seen.
    ///
    /// # Errors
    /// When the partial file cannot be created.
    pub fn create(path: &Path) -> io::Result<Self> {
        let name = path.file_name().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
        if path.is_dir() {
            return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
        }
        let mut partial_name = name.to_os_string();
        partial_name.push(".partial");
        let partial = path.with_file_name(partial_name);
        let file = File::create(&partial)?;
        let buffer = Vec::with_capacity(BUFFER_BYTES);
        Ok(Self { path: path.to_path_buf(), partial, file, buffer, is_committed: false })
    }

    /// The name that the file will have.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes what is held back and gives the file its name.
    ///
    /// # Errors
    /// When writing or renaming fails; the partial file is removed.
    pub fn commit(mut self) -> io::Result<()> {
        self.flush()?;
        fs::rename(&self.partial, &self.path)?;
        self.is_committed = true;
        Ok(())
    }

    /// Takes bytes through `fill`, which appends to the buffer: no copy for writers that format in place.
    pub(super) fn append(&mut self, fill: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        fill(&mut self.buffer);
        if self.buffer.len() >= BUFFER_BYTES { self.flush() } else { Ok(()) }
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.append(|buffer| buffer.extend_from_slice(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.is_committed {
            // Nothing can be done about a file that does not go away; a later run overwrites it.
            let _ = fs::remove_file(&self.partial);
        }
    }
}
