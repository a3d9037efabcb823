//! Rows that were not taken, and why.
//!
//! Bad input is a value here, not an error: a refused row is counted, the first ones are kept to be shown, and all of
//! them can be written to a file together with the raw row, so nothing is lost. The reasons name columns and lengths,
//! never values: they may be logged.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::InputError;
use crate::output::{AtomicFile, push_csv_field};

/// Refused rows that are kept to be shown; the rest is counted (and written, when there is a file).
pub const REJECTS_KEPT_MAX: usize = 100;

/// Bytes of a raw row that are kept beside a rejection; a longer one is cut.
pub const RAW_BYTES_MAX: usize = 16_384;

/// Why a row was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RejectReason {
    /// Another number of fields than the header has.
    #[error("has {found} fields where the header has {expected}")]
    FieldCount {
        /// Fields of the header.
        expected: usize,
        /// Fields of the row.
        found: usize,
    },
    /// Bytes that are no UTF-8.
    #[error("column `{column}` is not valid UTF-8")]
    NotUtf8 {
        /// Column of the first such byte.
        column: String,
    },
    /// A field over [`super::FIELD_BYTES_MAX`].
    #[error("column `{column}` has {bytes} bytes; the limit is {}", super::FIELD_BYTES_MAX)]
    FieldTooLong {
        /// Column of the first such field.
        column: String,
        /// Its length.
        bytes: usize,
    },
    /// A row over [`super::RECORD_BYTES_MAX`].
    #[error("the row is over {} bytes", super::RECORD_BYTES_MAX)]
    RowTooLong,
    /// A NUL byte.
    #[error("column `{column}` holds a NUL byte")]
    NulByte {
        /// Column of the first one.
        column: String,
    },
    /// The record id is empty.
    #[error("the record id in column `{column}` is empty")]
    EmptyId {
        /// The id column.
        column: String,
    },
    /// An earlier row has the same record id.
    #[error("the record id in column `{column}` was used by an earlier row")]
    DuplicateId {
        /// The id column.
        column: String,
    },
    /// Any other reason, told by whoever reads the rows.
    #[error("{0}")]
    Other(String),
}

/// A row that was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// Line of the file on which the row starts, counted from 1.
    pub line: u64,
    /// Why.
    pub reason: RejectReason,
    /// The row as it stands in the file, cut at [`RAW_BYTES_MAX`]; bytes that are no UTF-8 show as U+FFFD.
    pub raw: String,
}

/// Collects refused rows.
#[derive(Debug, Default)]
pub struct RejectLog {
    total: u64,
    kept: Vec<Reject>,
    file: Option<AtomicFile>,
    line: Vec<u8>,
}

impl RejectLog {
    /// Counts, and keeps the first rows to be shown.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, and writes every refused row to `path` (`line,reason,raw`), once [`RejectLog::finish`] is called.
    ///
    /// # Errors
    /// [`InputError::Rejects`] when the file cannot be made.
    pub fn to_file(path: &Path) -> Result<Self, InputError> {
        let failed = |source| InputError::Rejects { path: PathBuf::from(path), source };
        let mut file = AtomicFile::create(path).map_err(failed)?;
        file.write_all(b"line,reason,raw\n").map_err(failed)?;
        Ok(Self { file: Some(file), ..Self::default() })
    }

    /// Adds a refused row.
    ///
    /// # Errors
    /// [`InputError::Rejects`] when it cannot be written.
    pub fn push(&mut self, reject: Reject) -> Result<(), InputError> {
        self.total += 1;
        if let Some(file) = &mut self.file {
            self.line.clear();
            self.line.extend_from_slice(reject.line.to_string().as_bytes());
            self.line.push(b',');
            push_csv_field(&mut self.line, &reject.reason.to_string());
            self.line.push(b',');
            push_csv_field(&mut self.line, &reject.raw);
            self.line.push(b'\n');
            file.write_all(&self.line)
                .map_err(|source| InputError::Rejects { path: file.path().to_path_buf(), source })?;
        }
        if self.kept.len() < REJECTS_KEPT_MAX {
            self.kept.push(reject);
        }
        Ok(())
    }

    /// Refused rows in all.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The first [`REJECTS_KEPT_MAX`] refused rows.
    #[must_use]
    pub fn kept(&self) -> &[Reject] {
        &self.kept
    }

    /// Completes the file, if there is one.
    ///
    /// # Errors
    /// [`InputError::Rejects`] when it cannot be written.
    pub fn finish(&mut self) -> Result<(), InputError> {
        let Some(file) = self.file.take() else { return Ok(()) };
        let path = file.path().to_path_buf();
        file.commit().map_err(|source| InputError::Rejects { path, source })
    }
}

/// A raw row for a [`Reject`]: cut to the limit, bad bytes replaced.
pub(super) fn raw_text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..RAW_BYTES_MAX).unwrap_or(bytes)).into_owned()
}
