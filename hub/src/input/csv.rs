//! Reads a CSV file block by block.
//!
//! A thread reads blocks, cuts them ([`super::split`]) and checks them as UTF-8; the caller's thread uses them. The
//! two are joined by a channel of two batches, and empty batches go back, so a file of any size is read in a few
//! megabytes. Bytes that are no UTF-8 spoil their row only.

use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc;

use super::batch::{RowSpan, Span};
use super::reject::raw_text;
use super::split::{End, Rows, Skipper, Splitter};
use super::{Batch, BatchSink, InputError, RECORD_BYTES_MAX, ReadReport, Reject, RejectLog, RejectReason};
use super::{check_header, encoding};

/// Bytes read at a time. Large enough that a batch is worth a channel message, small enough for the cache.
const BLOCK_BYTES: usize = 512 * 1024;

/// Batches that wait between the two threads.
const BATCHES_WAITING_MAX: usize = 2;

/// A batch and the rows that it lost.
struct Delivery {
    batch: Batch,
    rejects: Vec<Reject>,
}

/// Reads a CSV file and hands it to the sink.
pub(super) fn read(
    path: &Path,
    file: impl Read + Send,
    sink: &mut dyn BatchSink,
    rejects: &mut RejectLog,
) -> Result<ReadReport, InputError> {
    let mut blocks = Blocks::open(path, file)?;
    sink.header(&blocks.names)?;
    let mut report = ReadReport::default();
    std::thread::scope(|scope| {
        let (full_in, full_out) = mpsc::sync_channel::<Result<Delivery, InputError>>(BATCHES_WAITING_MAX);
        let (empty_in, empty_out) = mpsc::channel::<Batch>();
        scope.spawn(move || {
            while let Some(delivery) = blocks.next(empty_out.try_recv().unwrap_or_default()).transpose() {
                let is_last = delivery.is_err();
                // The other side is gone when the sink has stopped: so does this thread.
                if full_in.send(delivery).is_err() || is_last {
                    return;
                }
            }
        });
        for delivery in full_out {
            let Delivery { batch, rejects: refused } = delivery?;
            for reject in refused {
                rejects.push(reject)?;
            }
            sink.batch(&batch, rejects)?;
            report.rows += batch.len() as u64;
            // A reader that is done takes nothing back.
            let _ = empty_in.send(batch);
        }
        Ok(report)
    })
}

/// The file, as it is cut into batches.
struct Blocks<R> {
    file: R,
    path: PathBuf,
    names: Vec<String>,
    splitter: Splitter,
    /// The start of a record whose end has not been read.
    carry: Vec<u8>,
    is_at_end: bool,
    is_first: bool,
    bytes_read: u64,
}

impl<R: Read> Blocks<R> {
    /// Reads the header.
    fn open(path: &Path, file: R) -> Result<Self, InputError> {
        let mut blocks = Self {
            file,
            path: path.to_path_buf(),
            names: Vec::new(),
            splitter: Splitter::new(),
            carry: Vec::new(),
            is_at_end: false,
            is_first: true,
            bytes_read: 0,
        };
        let mut buffer = Vec::new();
        blocks.fill(&mut buffer, BLOCK_BYTES)?;
        if let Some(looks_like) = encoding::not_text(&buffer) {
            return Err(blocks.not_utf8(looks_like));
        }
        if buffer.starts_with(b"\xef\xbb\xbf") {
            buffer.drain(..3);
        }
        blocks.splitter.rows_max = 1;
        let mut rows = Rows::default();
        let end = loop {
            match blocks.splitter.split(&buffer, blocks.is_at_end, &mut rows) {
                End::OpenQuote(line) => return Err(InputError::OpenQuote { path: blocks.path, line }),
                End::At(end) if !rows.rows.is_empty() || !rows.refused.is_empty() => break end,
                End::At(_) if blocks.is_at_end => return Err(InputError::Empty { path: blocks.path }),
                End::At(_) if buffer.len() > RECORD_BYTES_MAX => {
                    return Err(blocks.bad_header(RejectReason::RowTooLong.to_string()));
                }
                End::At(end) => {
                    buffer.drain(..end);
                    let wanted = buffer.len() * 2 + BLOCK_BYTES;
                    blocks.fill(&mut buffer, wanted)?;
                }
            }
        };
        blocks.names = blocks.header(&buffer, &rows)?;
        blocks.splitter.columns = blocks.names.len();
        blocks.splitter.rows_max = usize::MAX;
        blocks.carry = buffer.split_off(end);
        Ok(blocks)
    }

    fn header(&self, buffer: &[u8], rows: &Rows) -> Result<Vec<String>, InputError> {
        if let Some((_, refusal)) = rows.refused.first() {
            return Err(self.bad_header(format!("cannot be read: {}", refusal.reason(&[]))));
        }
        let name = |(at, span): (usize, &Span)| {
            let from = if rows.rewritten_spans.contains(&at) { &rows.rewritten } else { buffer };
            let bytes = from.get(span.start()..span.end()).unwrap_or_default();
            std::str::from_utf8(bytes).map(str::to_owned)
        };
        let names: Result<Vec<String>, _> = rows.spans.iter().enumerate().map(name).collect();
        let Ok(names) = names else {
            let looks_like = encoding::japanese(buffer).unwrap_or("some other encoding; convert it to UTF-8 first");
            return Err(self.not_utf8(looks_like));
        };
        check_header(&self.path, &names)?;
        Ok(names)
    }

    fn bad_header(&self, reason: String) -> InputError {
        InputError::Header { path: self.path.clone(), reason }
    }

    fn not_utf8(&self, looks_like: &str) -> InputError {
        InputError::Encoding { path: self.path.clone(), looks_like: looks_like.to_owned() }
    }

    /// Reads until the buffer has `wanted` bytes or the file ends.
    fn fill(&mut self, buffer: &mut Vec<u8>, wanted: usize) -> Result<(), InputError> {
        let mut filled = buffer.len();
        buffer.resize(wanted.max(filled), 0);
        while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
            match self.file.read(rest) {
                Ok(0) => {
                    self.is_at_end = true;
                    break;
                }
                Ok(bytes) => {
                    filled += bytes;
                    self.bytes_read += bytes as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(InputError::Io { path: self.path.clone(), source }),
            }
        }
        buffer.truncate(filled);
        Ok(())
    }

    /// The next batch, in the buffers of an old one; `None` when the file is done.
    fn next(&mut self, old: Batch) -> Result<Option<Delivery>, InputError> {
        let mut buffer = old.text.into_bytes();
        buffer.clear();
        buffer.append(&mut self.carry);
        let mut rows = Rows { spans: old.spans, rows: old.rows, ..Rows::default() };
        rows.spans.clear();
        rows.rows.clear();
        let mut rejects = Vec::new();
        if !self.is_at_end {
            let wanted = buffer.len() + BLOCK_BYTES;
            self.fill(&mut buffer, wanted)?;
        }
        if buffer.is_empty() {
            return Ok(None);
        }
        let end = loop {
            match self.splitter.split(&buffer, self.is_at_end, &mut rows) {
                End::OpenQuote(line) => return Err(InputError::OpenQuote { path: self.path.clone(), line }),
                End::At(0) if buffer.len() > RECORD_BYTES_MAX => {
                    rejects.push(self.skip_record(&mut buffer)?);
                    break 0;
                }
                End::At(0) if !self.is_at_end => {
                    let wanted = (buffer.len() * 2).min(RECORD_BYTES_MAX + 1);
                    self.fill(&mut buffer, wanted)?;
                }
                End::At(end) => break end,
            }
        };
        self.carry.extend_from_slice(buffer.get(end..).unwrap_or_default());
        buffer.truncate(end);
        for (row, refusal) in &rows.refused {
            let raw = raw_text(buffer.get(row.span.start()..row.span.end()).unwrap_or_default());
            rejects.push(Reject { line: row.line, reason: refusal.reason(&self.names), raw });
        }
        self.finish(buffer, rows, rejects).map(Some)
    }

    /// Goes behind a record that is longer than anything that is held.
    fn skip_record(&mut self, buffer: &mut Vec<u8>) -> Result<Reject, InputError> {
        let line = self.splitter.line;
        let raw = raw_text(buffer);
        let mut skipper = Skipper::default();
        let end = loop {
            if let Some(end) = skipper.skip(buffer) {
                break end;
            }
            if self.is_at_end {
                if let Some(lines) = skipper.open_quote() {
                    return Err(InputError::OpenQuote { path: self.path.clone(), line: line + lines });
                }
                break buffer.len();
            }
            buffer.clear();
            self.fill(buffer, BLOCK_BYTES)?;
        };
        self.splitter.resume_after(&skipper);
        buffer.drain(..end);
        Ok(Reject { line, reason: RejectReason::RowTooLong, raw })
    }

    /// Makes a batch of the finished records: one UTF-8 check for all of them.
    fn finish(&mut self, mut bytes: Vec<u8>, mut rows: Rows, mut rejects: Vec<Reject>) -> Result<Delivery, InputError> {
        let raw_bytes = bytes.len();
        bytes.append(&mut rows.rewritten);
        for at in &rows.rewritten_spans {
            if let Some(span) = rows.spans.get_mut(*at) {
                *span = span.moved(raw_bytes);
            }
        }
        if self.is_first
            && let Some(looks_like) = encoding::escapes(&bytes)
        {
            return Err(self.not_utf8(looks_like));
        }
        let columns = self.names.len();
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let mut bytes = error.into_bytes();
                let refused = take_broken_rows(&bytes, &mut rows, &self.names);
                if self.is_first {
                    self.refuse_other_encoding(&bytes, &rows, &refused)?;
                }
                rejects.extend(refused);
                blank_broken_bytes(&mut bytes);
                String::from_utf8(bytes).unwrap_or_default()
            }
        };
        self.is_first = false;
        rejects.sort_by_key(|reject| reject.line);
        let batch = Batch { text, spans: rows.spans, rows: rows.rows, columns, bytes_read: self.bytes_read };
        Ok(Delivery { batch, rejects })
    }

    /// A file whose rows are mostly broken, and in the same way, is in another encoding.
    fn refuse_other_encoding(&self, bytes: &[u8], rows: &Rows, refused: &[Reject]) -> Result<(), InputError> {
        let raw = |row: &&RowSpan| bytes.get(row.span.start()..row.span.end()).is_some_and(|raw| !raw.is_ascii());
        let sound = rows.rows.iter().filter(raw).count();
        match encoding::japanese(bytes) {
            Some(looks_like) if refused.len() > sound => Err(self.not_utf8(looks_like)),
            _ => Ok(()),
        }
    }
}

/// Takes the rows that hold broken bytes out of `rows`.
fn take_broken_rows(bytes: &[u8], rows: &mut Rows, names: &[String]) -> Vec<Reject> {
    let columns = names.len();
    let mut kept_spans: Vec<Span> = Vec::with_capacity(rows.spans.len());
    let mut refused = Vec::new();
    let mut number = 0;
    let spans = &rows.spans;
    rows.rows.retain(|row| {
        let fields = spans.get(number * columns..(number + 1) * columns).unwrap_or_default();
        number += 1;
        let raw = bytes.get(row.span.start()..row.span.end()).unwrap_or_default();
        if std::str::from_utf8(raw).is_ok() {
            kept_spans.extend_from_slice(fields);
            return true;
        }
        let is_broken =
            |span: &Span| std::str::from_utf8(bytes.get(span.start()..span.end()).unwrap_or_default()).is_err();
        // Broken bytes always lie in a field: separators and quotes are ASCII.
        let column = fields.iter().position(is_broken).and_then(|at| names.get(at)).cloned().unwrap_or_default();
        refused.push(Reject { line: row.line, reason: RejectReason::NotUtf8 { column }, raw: raw_text(raw) });
        false
    });
    rows.spans = kept_spans;
    refused
}

/// Overwrites every byte that is no UTF-8, so that the rest can be used as text; no row that is left shows them.
fn blank_broken_bytes(bytes: &mut [u8]) {
    let mut from = 0;
    while let Some(Err(error)) = bytes.get(from..).map(std::str::from_utf8) {
        let start = from + error.valid_up_to();
        let end = error.error_len().map_or(bytes.len(), |length| start + length);
        if let Some(broken) = bytes.get_mut(start..end) {
            broken.fill(b'?');
        }
        from = end;
    }
}
