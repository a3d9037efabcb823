//! Reads the input files of a linkage into one table.

use std::path::{Path, PathBuf};

use linkage::rules::RuleSet;
use linkage::table::{Table, TableBuilder};

use super::{Lookup, Pool, Stopwatch};
use crate::commands::warn_rejects;
use crate::failure::Failure;
use crate::input::{self, Batch, BatchSink, InputError, Reject, RejectLog, RejectReason, column_position};
use crate::progress::Progress;

/// Which files, and which of their columns mean what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) data: &'a [PathBuf],
    /// The column of the record id.
    pub(crate) id: &'a str,
    /// The column of the source, if there is one.
    pub(crate) source: Option<&'a str>,
    /// Where refused rows go.
    pub(crate) rejects: Option<&'a Path>,
    /// Whether the raw texts are kept for explanations.
    pub(crate) keep_raw: bool,
}

/// Records in memory.
pub(crate) struct Loaded {
    pub(crate) table: Table,
    pub(crate) lookup: Lookup,
    pub(crate) pool: Pool,
    pub(crate) across_sources: bool,
    /// Rows that were refused, duplicates included.
    pub(crate) rejected: u64,
    /// Runs since reading began.
    pub(crate) stopwatch: Stopwatch,
}

/// Reads all files.
pub(crate) fn load(rules: &RuleSet, source: &Source<'_>, pool: Pool) -> Result<Loaded, Failure> {
    let stopwatch = Stopwatch::start();
    let lookup = Lookup::built_in()?;
    let mut rejects = match source.rejects {
        Some(path) => RejectLog::to_file(path).map_err(Failure::bad_input)?,
        None => RejectLog::new(),
    };
    let mut builder = TableBuilder::new(rules);
    let mut lines: Vec<u32> = Vec::new();
    for path in source.data {
        let name = file_source(path, source);
        let mut sink = Filling {
            path,
            request: source,
            fixed_source: builder.source(&name),
            positions: Vec::new(),
            id: 0,
            source_column: None,
            builder: &mut builder,
            lines: &mut lines,
            is_first: true,
            bytes: std::fs::metadata(path).map_or(0, |file| file.len()),
            progress: Progress::reading(path),
        };
        input::read_batches(path, &mut sink, &mut rejects).map_err(Failure::bad_input)?;
        sink.progress.finish();
    }
    stopwatch.lap("read");
    let (table, repeated) = builder.finish(rules, &lookup.tables, source.keep_raw, &pool);
    for row in repeated {
        let line = lines.get(row).copied().map_or(0, u64::from);
        let reject =
            Reject { line, reason: RejectReason::DuplicateId { column: source.id.to_owned() }, raw: String::new() };
        rejects.push(reject).map_err(Failure::bad_input)?;
    }
    stopwatch.lap("normalise");
    rejects.finish().map_err(Failure::bad_input)?;
    if let Some(path) = source.data.first() {
        warn_rejects(path, &rejects);
    }
    let across_sources = source.data.len() > 1 || source.source.is_some();
    Ok(Loaded { table, lookup, pool, across_sources, rejected: rejects.total(), stopwatch })
}

/// The source of a file's records when no column says it: the file itself.
fn file_source(path: &Path, source: &Source<'_>) -> String {
    match source.data {
        [_] => String::new(),
        _ => path.display().to_string(),
    }
}

struct Filling<'a> {
    path: &'a Path,
    request: &'a Source<'a>,
    fixed_source: u16,
    /// Column of the file for each column of the builder.
    positions: Vec<usize>,
    id: usize,
    source_column: Option<usize>,
    builder: &'a mut TableBuilder,
    lines: &'a mut Vec<u32>,
    is_first: bool,
    /// Size of the file.
    bytes: u64,
    progress: Progress,
}

impl Filling<'_> {
    /// Makes room for the whole file, going by what its first rows take.
    fn foresee(&mut self, first: &Batch) {
        let rows = self.bytes.saturating_mul(first.len() as u64) / first.bytes_read().max(1);
        // Rows are not all of one length.
        let rows = usize::try_from(rows + rows / 50).unwrap_or(0);
        self.builder.reserve(rows);
        self.lines.reserve(rows);
    }
}

impl BatchSink for Filling<'_> {
    fn header(&mut self, names: &[String]) -> Result<(), InputError> {
        let position = |column: &str| column_position(self.path, names, column);
        self.id = position(self.request.id)?;
        self.source_column = self.request.source.map(position).transpose()?;
        self.positions = self.builder.columns().iter().map(|column| position(column)).collect::<Result<_, _>>()?;
        Ok(())
    }

    fn batch(&mut self, batch: &Batch, rejects: &mut RejectLog) -> Result<(), InputError> {
        if std::mem::take(&mut self.is_first) {
            self.foresee(batch);
        }
        let sources: Option<Vec<u16>> =
            self.source_column.map(|column| batch.column(column).map(|name| self.builder.source(name)).collect());
        let source = |row: usize| sources.as_ref().map_or(Some(&self.fixed_source), |sources| sources.get(row));
        let head = |row: usize| (batch.field(row, self.id), source(row).copied().unwrap_or(0));
        let text = |row: usize, column: usize| self.positions.get(column).map_or("", |at| batch.field(row, *at));
        let refused = self.builder.push_rows(batch.len(), &head, &text);
        let mut left_out = refused.iter().map(|(row, _)| *row).peekable();
        let rows = (0..batch.len()).filter(|row| left_out.next_if_eq(row).is_none());
        self.lines.extend(rows.map(|row| u32::try_from(batch.line(row)).unwrap_or(u32::MAX)));
        for (row, error) in refused {
            let reason = RejectReason::Other(error.to_string());
            rejects.push(Reject { line: batch.line(row), reason, raw: batch.raw(row).to_owned() })?;
        }
        self.progress.set(batch.bytes_read());
        Ok(())
    }
}
