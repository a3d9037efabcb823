//! The list of erasures outside of the store, and what a restored store forgets again because of it.
//!
//! A backup holds what was erased after it was made. The list is a file beside the witness, one line of JSON per erasure:
//! ids, officers and reasons, no value. It is written again as a whole after every erasure, since erasures are rare. At
//! its start the server carries out every erasure of the file that the store does not know; what the store does not hold
//! stays on the list.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use directory::Instant;
use mpi::erase::{self, Erasure};
use mpi::{Actor, RecordId, Stamp};
use serde::{Deserialize, Serialize};

use super::app::App;
use super::problem::Problem;

/// The file, and whoever writes it now.
#[derive(Debug, Default)]
pub(super) struct ErasureFile {
    path: Option<PathBuf>,
    writing: Mutex<()>,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    record: String,
    legal_basis: Box<str>,
    officers: [Actor; 2],
    at: Instant,
}

impl ErasureFile {
    /// The file at a path; without one nothing is kept.
    pub(super) fn at(path: Option<PathBuf>) -> Self {
        Self { path, writing: Mutex::new(()) }
    }

    /// Every erasure of the file, by record.
    fn read(&self) -> io::Result<BTreeMap<RecordId, Erasure>> {
        let Some(path) = &self.path else { return Ok(BTreeMap::new()) };
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
            text => text?,
        };
        let malformed = |number: usize| {
            io::Error::new(io::ErrorKind::InvalidData, format!("`{}`, line {number}: not an erasure", path.display()))
        };
        let mut erasures = BTreeMap::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line: Line = serde_json::from_str(line).map_err(|_| malformed(number))?;
            let record = RecordId::parse(&line.record).ok_or_else(|| malformed(number))?;
            let Line { legal_basis, officers, at, .. } = line;
            erasures.insert(record, Erasure { record, legal_basis, officers, at });
        }
        Ok(erasures)
    }

    /// Adds erasures to the file, which is there as a whole or as it was, also after a power cut.
    fn add(&self, done: Vec<Erasure>) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read()?;
        let mut all = before.clone();
        for erasure in done {
            all.entry(erasure.record).or_insert(erasure);
        }
        if all == before { Ok(()) } else { write(path, all.into_values()) }
    }
}

fn write(path: &Path, erasures: impl Iterator<Item = Erasure>) -> io::Result<()> {
    let mut text = String::new();
    for Erasure { record, legal_basis, officers, at } in erasures {
        let line = Line { record: record.to_string(), legal_basis, officers, at };
        text.push_str(&serde_json::to_string(&line).map_err(io::Error::other)?);
        text.push('\n');
    }
    let mut name = path.file_name().unwrap_or_default().to_os_string();
    name.push(".partial");
    let partial = path.with_file_name(name);
    let mut file = File::create(&partial)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(&partial, path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

impl App {
    /// Erases again what the file says was erased and the store still holds, and brings the file up to the store: how
    /// many records a restored store has forgotten.
    ///
    /// # Errors
    /// When the file cannot be read or written, and those of the store.
    pub async fn replay_erasures(&self) -> Result<u64, Problem> {
        let app = self.clone();
        let listed = self.ask_store(move |_, _| app.erasure_file().read().map_err(Problem::internal)).await?;
        let mut replayed = 0;
        for erasure in listed.into_values() {
            let app = self.clone();
            let done = self.write(move |draft, now| -> Result<bool, Problem> {
                let stamp = Stamp { now, actor: Actor { id: "restore".into(), institution: None } };
                Ok(erase::replay(&app.operating()?.index(), draft, &erasure, &stamp)?)
            });
            replayed += u64::from(done.await?.value);
        }
        self.keep_erasures().await?;
        Ok(replayed)
    }

    /// Brings the file up to the store.
    ///
    /// # Errors
    /// When it cannot be read or written, and those of the store.
    pub(super) async fn keep_erasures(&self) -> Result<(), Problem> {
        let app = self.clone();
        self.ask(move |_, draft| -> Result<(), Problem> {
            let done = erase::erasures(draft)?;
            app.erasure_file().add(done).map_err(Problem::internal)
        })
        .await
    }
}
