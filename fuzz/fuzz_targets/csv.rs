//! The reader of input files: any bytes give rows, counted rejects or one clear error, and never a panic.
//!
//! Every row that the reader takes is compared with what the `csv` crate reads, so a row that is lost, cut or moved by
//! the reader's own splitter is found as well. Parquet is left out: its reader is somebody else's.

#![no_main]

use std::path::PathBuf;
use std::sync::OnceLock;

use hub::input::{FIELD_BYTES_MAX, InputError, RejectLog, RejectReason, RowSink, read};
use libfuzzer_sys::fuzz_target;

#[derive(Default)]
struct Taken {
    columns: usize,
    last_line: u64,
    rows: Vec<Vec<String>>,
}

impl RowSink for Taken {
    fn header(&mut self, names: &[String]) -> Result<(), InputError> {
        self.columns = names.len();
        Ok(())
    }

    fn row(&mut self, line: u64, fields: &[&str]) -> Result<(), RejectReason> {
        assert!(line > self.last_line, "line {line} after line {}", self.last_line);
        assert_eq!(fields.len(), self.columns, "line {line}");
        assert!(fields.iter().all(|field| is_acceptable(field.as_bytes())), "line {line}");
        self.last_line = line;
        self.rows.push(fields.iter().map(|field| (*field).to_owned()).collect());
        Ok(())
    }
}

fn is_acceptable(field: &[u8]) -> bool {
    field.len() <= FIELD_BYTES_MAX && !field.contains(&0) && std::str::from_utf8(field).is_ok()
}

/// One file per process: fuzzing in parallel must not share it.
fn file() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| std::env::temp_dir().join(format!("nayose-fuzz-{}.csv", std::process::id())))
}

/// The rows that should be taken, as the `csv` crate reads them.
fn expected(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    let mut rows = reader.byte_records().map(|row| row.expect("bytes in memory can be read"));
    let columns = rows.next().map_or(0, |header| header.len());
    let taken = rows.filter(|row| row.len() == columns && row.iter().all(is_acceptable));
    taken.map(|row| row.iter().map(|field| String::from_utf8_lossy(field).into_owned()).collect()).collect()
}

fuzz_target!(|bytes: &[u8]| {
    if bytes.starts_with(b"PAR1") {
        return;
    }
    std::fs::write(file(), bytes).expect("the folder for temporary files can be written");
    let mut taken = Taken::default();
    let mut rejects = RejectLog::new();
    match read(file(), &mut taken, &mut rejects, &mut |_| {}) {
        Ok(report) => {
            assert_eq!(report.rejected, rejects.total());
            assert_eq!(taken.rows, expected(bytes));
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
