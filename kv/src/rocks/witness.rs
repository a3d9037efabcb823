//! The file of the witness, and opening a store against it.

use super::{RocksKv, RocksOptions, error, from_library, profile, unavailable};
use crate::{BatchId, Error, Seq, Standing, Witness};
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::Path;

impl RocksKv {
    /// Opens a store and compares it with its witness before anything can be written. What stands is a value, not an
    /// error: the server starts closed until an operator has accepted the named gap by writing a new witness.
    ///
    /// # Errors
    /// Those of [`RocksKv::open`], and [`Error::Corrupt`] when the witness is not whole.
    pub fn open_witnessed(options: RocksOptions, witness: &Path) -> Result<(Self, Standing), Error> {
        let witness = read_witness(witness)?;
        let store = Self::open(options)?;
        let standing = match witness {
            Some(witness) => witness.standing(store.group.seq(), store.position_of(witness.batch)?),
            None => Standing::Unwitnessed,
        };
        Ok((store, standing))
    }

    /// What the store holds now, to be kept outside of its folder.
    #[must_use]
    pub fn witness(&self) -> Witness {
        // Waits for a write that is under way, at most one sync.
        let last = *self.group.hold();
        Witness { seq: last.seq, batch: BatchId(last.batch) }
    }

    fn position_of(&self, batch: BatchId) -> Result<Option<Seq>, Error> {
        const OPERATION: &str = "read a batch id";
        let family = self.family(profile::BATCHES)?;
        let found =
            self.db.get_cf(family, batch.0).map_err(|source| from_library(OPERATION, "the batch ids", source))?;
        let malformed = |_| error::corrupt(OPERATION, "the batch ids", "a position has not 8 bytes");
        found.map(|bytes| Ok(Seq(u64::from_be_bytes(bytes.as_slice().try_into().map_err(malformed)?)))).transpose()
    }
}

/// Writes a witness so that the file is always whole: the old line or the new one, also after a power cut.
///
/// # Errors
/// [`Error::Unavailable`] when the file cannot be written.
pub fn write_witness(path: &Path, witness: &Witness) -> Result<(), Error> {
    let write = || {
        let new = path.with_extension("new");
        let mut file = File::create(&new)?;
        file.write_all(witness.to_line().as_bytes())?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        match path.parent() {
            // A bare file name lies in the current folder.
            Some(folder) if folder.as_os_str().is_empty() => File::open(".")?.sync_all(),
            Some(folder) => File::open(folder)?.sync_all(),
            None => Ok(()),
        }
    };
    write().map_err(|source| Error::Unavailable { operation: "write the witness", source: source.into() })
}

/// Reads a witness; none when there is no file.
///
/// # Errors
/// [`Error::Corrupt`] when the file is not whole, [`Error::Unavailable`] when it cannot be read.
pub fn read_witness(path: &Path) -> Result<Option<Witness>, Error> {
    const OPERATION: &str = "read the witness";
    match fs::read_to_string(path) {
        Ok(line) => match Witness::from_line(&line) {
            Some(witness) => Ok(Some(witness)),
            None => Err(error::corrupt(OPERATION, "the witness", "its line is not whole")),
        },
        Err(source) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(source) if source.kind() == ErrorKind::InvalidData => Err(unavailable(OPERATION, "it is not a text")),
        Err(source) => Err(Error::Unavailable { operation: OPERATION, source: source.into() }),
    }
}
