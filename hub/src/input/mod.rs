//! Reads CSV and Parquet files.
//!
//! A file comes as batches of borrowed text ([`read_batches`]), made by a thread of their own so that reading and
//! using overlap, or row by row ([`read`]). Every field is text: what it means is not decided here. Rows that cannot
//! be taken (ragged, not UTF-8, too long, NUL bytes) go to a [`RejectLog`] with their line and the reason, and the
//! rest goes on; only what spoils the whole file is an [`InputError`].

mod batch;
mod csv;
mod encoding;
#[cfg(feature = "parquet")]
mod parquet;
mod reject;
mod split;
#[cfg(test)]
mod tests;

pub use batch::Batch;
pub use reject::{RAW_BYTES_MAX, REJECTS_KEPT_MAX, Reject, RejectLog, RejectReason};

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The longest field that is taken, in bytes. No field of a person comes near it; one that does is a broken quote or
/// an attack, and comparing it would cost its square.
pub const FIELD_BYTES_MAX: usize = 65_536;

/// The longest row that is held in memory, in bytes; a longer one is refused unread.
pub const RECORD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A file to be read, and the name of the source that its records get (none: a column says it, or nobody asks).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Where the file is.
    pub path: PathBuf,
    /// The source of all its records.
    pub source: Option<String>,
}

/// Takes a file as batches.
pub trait BatchSink {
    /// The column names, once, before any batch.
    ///
    /// # Errors
    /// Stops reading: a column is missing ([`column_position`]).
    fn header(&mut self, names: &[String]) -> Result<(), InputError>;

    /// Some rows, in file order. Rows that are refused here go to `rejects`; [`Batch::raw`] has their text.
    ///
    /// # Errors
    /// Stops reading.
    fn batch(&mut self, batch: &Batch, rejects: &mut RejectLog) -> Result<(), InputError>;
}

/// Takes a file row by row.
pub trait RowSink {
    /// The column names, once, before any row.
    ///
    /// # Errors
    /// Stops reading: a column is missing ([`column_position`]).
    fn header(&mut self, names: &[String]) -> Result<(), InputError>;

    /// One row: the line it starts on, and one text per column.
    ///
    /// # Errors
    /// Refuses the row, nothing else.
    fn row(&mut self, line: u64, fields: &[&str]) -> Result<(), RejectReason>;
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReadReport {
    /// Rows in the file that could be read as rows, refused by a sink or not.
    pub rows: u64,
    /// Rows that were refused, by the reader or by the sink.
    pub rejected: u64,
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The operating system says no.
    #[error("cannot read `{path}`")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Nothing in it, not even a header.
    #[error("`{path}` is empty: the first line must name the columns")]
    Empty {
        /// The file.
        path: PathBuf,
    },
    /// The first line cannot be a header.
    #[error("the header of `{path}` {reason}")]
    Header {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A column that is needed is not there.
    #[error("`{path}` has no column `{column}`; {present}")]
    MissingColumn {
        /// The file.
        path: PathBuf,
        /// The column that is needed.
        column: String,
        /// The columns that are there, as a half sentence.
        present: String,
    },
    /// Not UTF-8 text.
    #[error("`{path}` is not UTF-8 text; it looks like {looks_like}")]
    Encoding {
        /// The file.
        path: PathBuf,
        /// What it looks like and what to do.
        looks_like: String,
    },
    /// The file ends inside quotes.
    #[error("`{path}` ends inside quotes that were opened on line {line}")]
    OpenQuote {
        /// The file.
        path: PathBuf,
        /// Line of the opening quote, counted from 1.
        line: u64,
    },
    /// A Parquet file that cannot be read as a flat table.
    #[error("cannot read `{path}` as Parquet: {reason}")]
    Parquet {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file for refused rows cannot be written.
    #[error("cannot write the refused rows to `{path}`")]
    Rejects {
        /// That file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// Reads a file in batches: CSV, or Parquet when it starts like one.
///
/// # Errors
/// [`InputError`] when the file as a whole cannot be read, or when the sink stops.
pub fn read_batches(path: &Path, sink: &mut dyn BatchSink, rejects: &mut RejectLog) -> Result<ReadReport, InputError> {
    let before = rejects.total();
    let failed = |source| InputError::Io { path: path.to_path_buf(), source };
    let mut file = File::open(path).map_err(failed)?;
    let mut rows = if starts_like_parquet(&mut file).map_err(failed)? {
        read_parquet(path, file, sink, rejects)?
    } else {
        csv::read(path, file, sink, rejects)?
    };
    rows.rejected = rejects.total() - before;
    Ok(rows)
}

/// Reads a file row by row; `progress` gets the bytes read so far from time to time.
///
/// # Errors
/// [`InputError`] when the file as a whole cannot be read, or when the sink stops at the header.
pub fn read(
    path: &Path,
    sink: &mut dyn RowSink,
    rejects: &mut RejectLog,
    progress: &mut dyn FnMut(u64),
) -> Result<ReadReport, InputError> {
    read_batches(path, &mut RowByRow { sink, progress }, rejects)
}

/// The position of a column.
///
/// # Errors
/// [`InputError::MissingColumn`], naming the columns that are there.
pub fn column_position(path: &Path, names: &[String], column: &str) -> Result<usize, InputError> {
    names.iter().position(|name| name == column).ok_or_else(|| InputError::MissingColumn {
        path: path.to_path_buf(),
        column: column.to_owned(),
        present: present(names),
    })
}

/// Names of columns shown in an error; a file of a thousand columns must not fill the screen.
const NAMES_SHOWN_MAX: usize = 40;

fn present(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(NAMES_SHOWN_MAX).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > NAMES_SHOWN_MAX { ", …" } else { "" };
    let separator = match names {
        [only] if only.contains(';') => " (is the file separated by semicolons? it must be commas)",
        [only] if only.contains('\t') => " (is the file separated by tabs? it must be commas)",
        _ => "",
    };
    format!("its columns are {}{more}{separator}", shown.join(", "))
}

/// Checks what every header must fulfil, whatever the format.
fn check_header(path: &Path, names: &[String]) -> Result<(), InputError> {
    let twice =
        names.iter().enumerate().find(|(at, name)| !name.is_empty() && names.iter().take(*at).any(|n| n == *name));
    match twice {
        None => Ok(()),
        Some((_, name)) => {
            Err(InputError::Header { path: path.to_path_buf(), reason: format!("names the column `{name}` twice") })
        }
    }
}

fn starts_like_parquet(file: &mut File) -> io::Result<bool> {
    let mut start = [0; 4];
    let mut filled = 0;
    while let Some(rest) = start.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(bytes) => filled += bytes,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    file.seek(SeekFrom::Start(0))?;
    Ok(&start == b"PAR1")
}

#[cfg(feature = "parquet")]
use parquet::read as read_parquet;

#[cfg(not(feature = "parquet"))]
fn read_parquet(path: &Path, _: File, _: &mut dyn BatchSink, _: &mut RejectLog) -> Result<ReadReport, InputError> {
    let reason = "this program was built without the feature `parquet`".to_owned();
    Err(InputError::Parquet { path: path.to_path_buf(), reason })
}

/// Hands the rows of each batch to a [`RowSink`].
struct RowByRow<'a> {
    sink: &'a mut dyn RowSink,
    progress: &'a mut dyn FnMut(u64),
}

impl BatchSink for RowByRow<'_> {
    fn header(&mut self, names: &[String]) -> Result<(), InputError> {
        self.sink.header(names)
    }

    fn batch(&mut self, batch: &Batch, rejects: &mut RejectLog) -> Result<(), InputError> {
        let mut fields: Vec<&str> = Vec::with_capacity(batch.columns());
        for row in 0..batch.len() {
            fields.clear();
            fields.extend(batch.row(row));
            if let Err(reason) = self.sink.row(batch.line(row), &fields) {
                let raw = reject::raw_text(batch.raw(row).as_bytes());
                rejects.push(Reject { line: batch.line(row), reason, raw })?;
            }
        }
        (self.progress)(batch.bytes_read());
        Ok(())
    }
}
