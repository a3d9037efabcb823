//! Reads records from NDJSON: one object per line, whose names are the columns of a CSV file.
//!
//! Values are texts; a value that is absent or null says nothing. Numbers are refused, because whoever writes a local id
//! as a number has lost its zeros already. A line that is no such object is refused, and the rest goes on.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;

use mpi::Attribute;

use super::rows::{Rows, Source};
use crate::input::{InputError, RECORD_BYTES_MAX, Reject, RejectLog, RejectReason};

/// Whether a file is NDJSON by its name.
pub(super) fn is_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "ndjson" || extension == "jsonl")
}

/// The columns that every file has in the eyes of whoever takes its rows.
fn columns() -> Vec<String> {
    let own = ["record_id", "institution", "authority", "local_id", "registered_on"];
    let attributes = Attribute::ALL.iter().map(|attribute| attribute.name());
    own.into_iter().chain(attributes).map(str::to_owned).collect()
}

/// Reads a file and hands its rows over.
pub(super) fn read(source: &Source<'_>, rows: &mut Rows<'_>, rejects: &mut RejectLog) -> Result<(), InputError> {
    let failed = |error| InputError::Io { path: source.path.to_path_buf(), source: error };
    let mut reader = BufReader::new(File::open(source.path).map_err(failed)?);
    let names = columns();
    rows.names(&names)?;
    let (mut bytes, mut read, mut line) = (Vec::new(), 0, 0);
    loop {
        bytes.clear();
        let limit = u64::try_from(RECORD_BYTES_MAX).unwrap_or(u64::MAX);
        let length = reader.by_ref().take(limit).read_until(b'\n', &mut bytes).map_err(failed)?;
        if length == 0 {
            return Ok(());
        }
        read += u64::try_from(length).unwrap_or(u64::MAX);
        line += 1;
        rows.bytes_read(read);
        if bytes.trim_ascii().is_empty() {
            continue;
        }
        if let Err(reason) = take(source, (&names, &bytes), rows) {
            let raw = String::from_utf8_lossy(bytes.trim_ascii_end()).into_owned();
            rejects.push(Reject { line, reason, raw })?;
        }
    }
}

fn take(source: &Source<'_>, (names, bytes): (&[String], &[u8]), rows: &mut Rows<'_>) -> Result<(), RejectReason> {
    let object: BTreeMap<String, Option<String>> = serde_json::from_slice(bytes)
        .map_err(|error| RejectReason::Other(format!("not an object of texts (at byte {})", error.column())))?;
    let unknown = object.keys().find(|name| !names.contains(name));
    if let (Some(name), false) = (unknown, source.ignores_columns) {
        return Err(RejectReason::Other(format!(
            "the index has no place for `{name}`; `--ignore-columns` leaves it out"
        )));
    }
    let text = |column: usize| {
        let value = names.get(column).and_then(|name| object.get(name)?.as_deref());
        value.unwrap_or_default()
    };
    rows.row(&text)
}
