//! Where a trail lies: the names of its files, and how they are found again.
//!
//! In the folder: `WRITER-FIRST.jsonl` (a segment, named by the number of its first event), `WRITER.removed` (what
//! retention left) and `WRITER-FIRST.torn` (bytes that a crash left behind). In the folder of the witness:
//! `WRITER.seals`. Nothing else belongs there, so a file that was slipped in is told by its name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

/// Letters of the name of a writer.
const WRITER_CHARS_MAX: usize = 32;

/// Whether a writer may have this name: small letters, digits and `_`.
#[must_use]
pub fn is_writer(name: &str) -> bool {
    let is_letter = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit() || c == b'_';
    (1..=WRITER_CHARS_MAX).contains(&name.len()) && name.bytes().all(is_letter)
}

pub(super) fn segment(folder: &Path, writer: &str, first: u64) -> PathBuf {
    folder.join(format!("{writer}-{first:012}.jsonl"))
}

pub(super) fn torn(folder: &Path, writer: &str, first: u64) -> PathBuf {
    folder.join(format!("{writer}-{first:012}.torn"))
}

pub(super) fn stub(folder: &Path, writer: &str) -> PathBuf {
    folder.join(format!("{writer}.removed"))
}

pub(super) fn seals(witness: &Path, writer: &str) -> PathBuf {
    witness.join(format!("{writer}.seals"))
}

/// The files of one writer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Files {
    /// Segments by the number of their first event.
    pub(super) segments: BTreeMap<u64, PathBuf>,
    /// What crashes left behind.
    pub(super) torn: Vec<PathBuf>,
    /// Whether retention removed something.
    pub(super) has_stub: bool,
    /// Whether there are seals.
    pub(super) has_seals: bool,
}

/// Everything in the folder and the witness, by writer, and what does not belong there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) writers: BTreeMap<String, Files>,
    pub(super) strangers: Vec<PathBuf>,
}

impl Layout {
    /// Looks into both folders; one that is missing is empty.
    pub(super) fn read(folder: &Path, witness: Option<&Path>) -> io::Result<Self> {
        let mut layout = Self::default();
        for path in paths(folder)? {
            layout.take(path, false);
        }
        for path in witness.map(paths).transpose()?.unwrap_or_default() {
            layout.take(path, true);
        }
        Ok(layout)
    }

    fn take(&mut self, path: PathBuf, is_witness: bool) {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let Some((stem, kind)) = name.rsplit_once('.') else { return self.strangers.push(path) };
        // Half of a stub that was never given its name: the next run overwrites it.
        if kind == "partial" && !is_witness {
            return;
        }
        let (writer, first) = match stem.rsplit_once('-') {
            Some((writer, digits)) => (writer, digits.parse().ok().filter(|first| format!("{first:012}") == digits)),
            None => (stem, None),
        };
        if !is_writer(writer) {
            return self.strangers.push(path);
        }
        let files = self.writers.entry(writer.to_owned()).or_default();
        match (is_witness, kind, first) {
            (false, "jsonl", Some(first)) => drop(files.segments.insert(first, path)),
            (false, "torn", Some(_)) => files.torn.push(path),
            (false, "removed", None) if stem == writer => files.has_stub = true,
            (true, "seals", None) if stem == writer => files.has_seals = true,
            _ => self.strangers.push(path),
        }
    }
}

/// The paths in a folder, in order.
fn paths(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// The content of a file; none when there is no such file.
pub(super) fn read_if_any(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        bytes => bytes.map(Some),
    }
}

/// Makes the names in a folder durable.
pub(super) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

/// Writes a file that is there as a whole or as it was, also after a power cut.
pub(super) fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let mut file = File::create(&partial)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    sync_folder(path.parent().unwrap_or(Path::new(".")))
}

/// Lines with their line ends; the last one has none when it is torn.
pub(super) fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n')
}
