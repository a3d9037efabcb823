//! The list of endings outside of the store: which consents have ended for good, and who withdrew.
//!
//! A backup holds permits that were withdrawn or replaced after it was made. The list is a file beside the witness, one
//! line of JSON per ending: ids and instants, no name. A line is on the disk before a withdrawal is acknowledged. At its
//! start the server ends again whatever the list says has ended and the store holds in force. Half a line at the end is
//! what a crash leaves of a withdrawal that nobody acknowledged; anything else that is no ending stops the start.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use consent::registry::{self, Change, Ending, Stamp};
use consent::{ConsentId, IdentityId};
use directory::Instant;
use mpi::RecordId;
use mpi::kv::Draft;
use serde::{Deserialize, Serialize};

use super::app::App;
use super::problem::{ErrorCode, Problem};
use crate::index::Operating;

/// The file, and what stands in it.
#[derive(Debug, Default)]
pub(super) struct EndingFile {
    path: Option<PathBuf>,
    /// None until it was read.
    known: Mutex<Option<BTreeSet<Ended>>>,
}

/// An identity and something of it that has ended.
type Ended = (IdentityId, Ending);

/// A line of the file: of a consent with its version, or of a withdrawal with its instant.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    identity: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    consent: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<Instant>,
}

impl Line {
    fn new((identity, ending): &Ended) -> Self {
        let identity = identity.to_string();
        match ending {
            Ending::Person { from } => Self { identity, consent: None, version: None, from: Some(*from) },
            Ending::Consent { consent, version } => {
                Self { identity, consent: Some(consent.to_string()), version: Some(*version), from: None }
            }
        }
    }

    fn ended(&self) -> Option<Ended> {
        let id = |text: &str| RecordId::parse(text).map(|id| id.0);
        let ending = match (self.consent.as_deref(), self.version, self.from) {
            (None, None, Some(from)) => Ending::Person { from },
            (Some(consent), Some(version), None) => Ending::Consent { consent: ConsentId(id(consent)?), version },
            _ => return None,
        };
        Some((IdentityId(id(&self.identity)?), ending))
    }
}

impl EndingFile {
    /// The file at a path; without one nothing is kept.
    pub(super) fn at(path: Option<PathBuf>) -> Self {
        Self { path, known: Mutex::new(None) }
    }

    /// Everything that stands in it.
    fn all(&self) -> io::Result<BTreeSet<Ended>> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(self.read_once(&mut known)?.clone())
    }

    /// Adds endings that are not in it yet, durably.
    fn add(&self, ended: &[Ended]) -> io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.read_once(&mut known)?;
        let new: Vec<&Ended> = ended.iter().filter(|ended| !before.contains(ended)).collect();
        if new.is_empty() {
            return Ok(());
        }
        let mut text = String::new();
        for ended in &new {
            text.push_str(&serde_json::to_string(&Line::new(ended)).map_err(io::Error::other)?);
            text.push('\n');
        }
        let mut file = OpenOptions::new().create(true).append(true).open(path)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        if before.is_empty() {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
            File::open(folder.unwrap_or(std::path::Path::new(".")))?.sync_all()?;
        }
        before.extend(new.into_iter().copied());
        Ok(())
    }

    /// Reads the file when nobody has, and cuts half a line off.
    fn read_once<'k>(&self, known: &'k mut Option<BTreeSet<Ended>>) -> io::Result<&'k mut BTreeSet<Ended>> {
        let read = match known.take() {
            Some(read) => read,
            None => self.read()?,
        };
        Ok(known.insert(read))
    }

    fn read(&self) -> io::Result<BTreeSet<Ended>> {
        let Some(path) = &self.path else { return Ok(BTreeSet::new()) };
        let text = match fs::read_to_string(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
            text => text?,
        };
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        if whole < text.len() {
            let file = OpenOptions::new().write(true).open(path)?;
            file.set_len(u64::try_from(whole).unwrap_or(u64::MAX))?;
            file.sync_all()?;
        }
        let ended = |(number, line): (usize, &str)| {
            let line = serde_json::from_str::<Line>(line).ok().and_then(|line| line.ended());
            line.ok_or_else(|| {
                let reason = format!("`{}`, line {number}: not an ending", path.display());
                io::Error::new(io::ErrorKind::InvalidData, reason)
            })
        };
        (1..).zip(text.get(..whole).unwrap_or_default().lines()).map(ended).collect()
    }
}

impl App {
    /// Keeps what has ended under an identity outside of the store; `whose` names the identity. Call it before a withdrawal
    /// is acknowledged.
    ///
    /// # Errors
    /// [`ErrorCode::Unconfirmed`] when it cannot be kept: it holds, and the caller repeats until it is kept as well.
    pub(super) async fn keep_endings(
        &self,
        whose: impl FnOnce(&Operating, &mut Draft<'_>) -> Result<IdentityId, Problem> + Send + 'static,
    ) -> Result<(), Problem> {
        let app = self.clone();
        self.ask(move |operating, draft| -> Result<(), Problem> {
            let identity = whose(operating, draft)?;
            let history = registry::history(draft, identity)?;
            let ended = registry::endings(&history);
            let ended: Vec<Ended> = ended.into_iter().map(|ending| (identity, ending)).collect();
            app.ending_file().add(&ended).map_err(|error| {
                let detail = "it holds, but is not on the list outside of the store: repeat the request";
                Problem::new(ErrorCode::Unconfirmed, detail).because(error)
            })
        })
        .await
    }

    /// Ends again what the list says has ended and the store holds in force: how many.
    ///
    /// # Errors
    /// When the file cannot be read, and those of the store.
    pub async fn replay_endings(&self) -> Result<u64, Problem> {
        let app = self.clone();
        let listed = self.ask_store(move |_, _| app.ending_file().all().map_err(Problem::internal)).await?;
        let mut replayed = 0;
        for (identity, ending) in listed {
            let done = self.write(move |draft, now| {
                let actor = registry::Actor { id: "restore".into(), institution: None };
                registry::end_again(draft, identity, ending, &Stamp { now, actor })
            });
            replayed += u64::from(done.await?.value == Change::Changed);
        }
        Ok(replayed)
    }
}
