//! Reads a flat Parquet file as text.
//!
//! Every value becomes the text that a CSV file would have: dates as `1950-01-02`, numbers in digits, null as the
//! empty text. It goes through the row interface of the `parquet` crate, which needs no Arrow; that is slower than
//! CSV here and was chosen for its small build. Nested columns and raw bytes have no text and are refused.

use std::fs::File;
use std::path::Path;

use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};

use super::batch::{RowSpan, Span};
use super::{Batch, BatchSink, FIELD_BYTES_MAX, InputError, ReadReport, Reject, RejectLog, RejectReason, check_header};

/// Rows of one batch.
const BATCH_ROWS: usize = 8192;

/// Reads a Parquet file and hands it to the sink.
pub(super) fn read(
    path: &Path,
    file: File,
    sink: &mut dyn BatchSink,
    rejects: &mut RejectLog,
) -> Result<ReadReport, InputError> {
    let failed = |reason: String| InputError::Parquet { path: path.to_path_buf(), reason };
    let bytes = file.metadata().map_or(0, |metadata| metadata.len());
    let reader = SerializedFileReader::new(file).map_err(|error| failed(error.to_string()))?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let names: Vec<String> = schema.root_schema().get_fields().iter().map(|field| field.name().to_owned()).collect();
    let nested = schema.root_schema().get_fields().iter().find(|field| !field.is_primitive());
    if let Some(nested) = nested {
        return Err(failed(format!("column `{}` is nested; only flat columns can be read", nested.name())));
    }
    check_header(path, &names)?;
    sink.header(&names)?;
    let rows_total = u64::try_from(reader.metadata().file_metadata().num_rows()).unwrap_or(0);
    let mut rows = Rows::new(names);
    let mut report = ReadReport::default();
    for row in reader.get_row_iter(None).map_err(|error| failed(error.to_string()))? {
        let row = row.map_err(|error| failed(error.to_string()))?;
        if let Err(reject) = rows.push(&row).map_err(failed)? {
            rejects.push(reject)?;
        }
        if rows.batch.len() >= BATCH_ROWS {
            rows.batch.bytes_read = share(bytes, rows.number, rows_total);
            report.rows += rows.batch.len() as u64;
            sink.batch(&rows.batch, rejects)?;
            rows.clear();
        }
    }
    rows.batch.bytes_read = bytes;
    report.rows += rows.batch.len() as u64;
    sink.batch(&rows.batch, rejects)?;
    Ok(report)
}

/// Bytes that stand for the rows read: Parquet does not tell where it is.
fn share(bytes: u64, done: u64, total: u64) -> u64 {
    let scaled = u128::from(bytes) * u128::from(done) / u128::from(total.max(1));
    u64::try_from(scaled).unwrap_or(bytes)
}

/// The batch that is being filled.
struct Rows {
    names: Vec<String>,
    batch: Batch,
    /// Rows read so far.
    number: u64,
}

impl Rows {
    fn new(names: Vec<String>) -> Self {
        let batch = Batch { columns: names.len(), ..Batch::default() };
        Self { names, batch, number: 0 }
    }

    fn clear(&mut self) {
        self.batch.text.clear();
        self.batch.spans.clear();
        self.batch.rows.clear();
    }

    /// Adds a row, or says why not; the outer error ends reading.
    fn push(&mut self, row: &Row) -> Result<Result<(), Reject>, String> {
        self.number += 1;
        let (row_start, first_span) = (self.batch.text.len(), self.batch.spans.len());
        let mut refusal = None;
        for (at, (name, field)) in row.get_column_iter().enumerate() {
            if at > 0 {
                self.batch.text.push(',');
            }
            let start = self.batch.text.len();
            push_text(field, &mut self.batch.text).map_err(|kind| format!("column `{name}` holds {kind}"))?;
            let text = self.batch.text.get(start..).unwrap_or_default();
            if text.len() > FIELD_BYTES_MAX {
                refusal = Some(RejectReason::FieldTooLong { column: name.clone(), bytes: text.len() });
            } else if text.contains('\0') {
                refusal = Some(RejectReason::NulByte { column: name.clone() });
            }
            self.batch.spans.push(Span::new(start, self.batch.text.len()));
        }
        let found = self.batch.spans.len() - first_span;
        if found != self.names.len() {
            refusal = Some(RejectReason::FieldCount { expected: self.names.len(), found });
        }
        if let Some(reason) = refusal {
            let raw = super::reject::raw_text(self.batch.text.get(row_start..).unwrap_or_default().as_bytes());
            self.batch.spans.truncate(first_span);
            self.batch.text.truncate(row_start);
            return Ok(Err(Reject { line: self.number, reason, raw }));
        }
        self.batch.rows.push(RowSpan { span: Span::new(row_start, self.batch.text.len()), line: self.number });
        Ok(Ok(()))
    }
}

/// Appends the text of a value.
fn push_text(field: &Field, to: &mut String) -> Result<(), &'static str> {
    match field {
        Field::Null => {}
        Field::Str(text) => to.push_str(text),
        // Whole numbers are ids and codes here: `1.0` would not equal the `1` of a CSV file.
        Field::Double(number) => to.push_str(&number.to_string()),
        Field::Float(number) => to.push_str(&number.to_string()),
        Field::Bytes(bytes) => match std::str::from_utf8(bytes.data()) {
            Ok(text) => to.push_str(text),
            Err(_) => return Err("bytes that are no text"),
        },
        Field::Group(_) | Field::ListInternal(_) | Field::MapInternal(_) => return Err("nested values"),
        plain => to.push_str(&plain.to_string()),
    }
    Ok(())
}

#[cfg(test)]
mod tests;
