//! Cuts a block of CSV bytes into fields.
//!
//! This is the hot loop of reading: it looks at eight bytes at a time and stops only at the few that mean something.
//! Fields are left where they are and described by spans, so nothing is copied. The rules are those of the `csv`
//! crate, which the tests use as the oracle: a quote opens a quoted field only at its start, `""` inside stands for
//! one quote, text after a closing quote is kept as it is, and `\n`, `\r` and `\r\n` end a record; blank lines are
//! skipped. What that crate cannot say is why this exists: the line of every record, the raw line of a rejected one,
//! and where a quote that never closes was opened. UTF-8 is checked later, on the whole block at once.

use super::batch::{RowSpan, Span};
use super::{FIELD_BYTES_MAX, RejectReason};

/// What [`Splitter::split`] found in a block.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// All fields of all rows, row after row.
    pub(super) spans: Vec<Span>,
    /// Where each row stands in the block, and on which line of the file.
    pub(super) rows: Vec<RowSpan>,
    /// Rows that were refused.
    pub(super) refused: Vec<(RowSpan, Refusal)>,
    /// Texts of fields that had to be rewritten because quotes were doubled.
    pub(super) rewritten: Vec<u8>,
    /// Indexes into `spans` of the fields that stand in `rewritten`.
    pub(super) rewritten_spans: Vec<usize>,
}

/// Why the splitter refused a row; columns are still numbers here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Another number of fields than the header has.
    FieldCount(usize),
    /// A field over [`FIELD_BYTES_MAX`].
    FieldTooLong(usize, usize),
    /// A NUL byte in a field.
    NulByte(usize),
}

impl Refusal {
    /// The reason as the user sees it.
    pub(super) fn reason(self, names: &[String]) -> RejectReason {
        let column = |number: usize| names.get(number).cloned().unwrap_or_else(|| format!("#{}", number + 1));
        match self {
            Self::FieldCount(found) => RejectReason::FieldCount { expected: names.len(), found },
            Self::FieldTooLong(number, bytes) => RejectReason::FieldTooLong { column: column(number), bytes },
            Self::NulByte(number) => RejectReason::NulByte { column: column(number) },
        }
    }
}

/// How a block ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Every byte before this offset belongs to a finished record; the rest is the start of one.
    At(usize),
    /// The file ended inside quotes that were opened on this line.
    OpenQuote(u64),
}

/// Where the scan stands inside a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Before the first byte of a field, or inside an unquoted one.
    Plain,
    /// Inside quotes.
    Quoted,
    /// Behind a closing quote.
    AfterQuote,
}

/// The state that outlives a block.
#[derive(Debug)]
pub(super) struct Splitter {
    /// Fields that a row must have; 0 until the header is known: then any number is taken.
    pub(super) columns: usize,
    /// Line of the next byte to be read, counted from 1.
    pub(super) line: u64,
    /// The last record ended with `\r`, so a `\n` that comes next ends no second line. A block always starts behind the
    /// end of a record, or at the start of the file.
    after_cr: bool,
    /// Stop after this many rows.
    pub(super) rows_max: usize,
}

/// The record that is being read.
struct Current {
    place: Place,
    row_start: usize,
    row_line: u64,
    field_start: usize,
    first_span: usize,
    quote_line: u64,
    /// The current field was quoted.
    quoted: bool,
    /// The current field holds doubled quotes, or text after a closing quote.
    rewrite: bool,
    /// Candidates before this offset have been dealt with.
    resume_at: usize,
    refusal: Option<Refusal>,
}

impl Current {
    fn new(row_start: usize, row_line: u64, first_span: usize) -> Self {
        Self {
            place: Place::Plain,
            row_start,
            row_line,
            field_start: row_start,
            first_span,
            quote_line: row_line,
            quoted: false,
            rewrite: false,
            resume_at: 0,
            refusal: None,
        }
    }
}

const HIGH_BITS: u64 = 0x8080_8080_8080_8080;
const ONES: u64 = 0x0101_0101_0101_0101;
/// Every byte that means something to CSV is below this one, and few that do not: space and `#$%&'()*+`.
const CANDIDATE_BELOW: u64 = b',' as u64 + 1;

/// The high bit of each byte of `word` that may mean something.
#[inline]
fn candidates(word: u64) -> u64 {
    !((word | HIGH_BITS) - ONES * CANDIDATE_BELOW) & !word & HIGH_BITS
}

/// Eight bytes from `at`, filled up with bytes that mean nothing.
#[inline]
fn word_at(block: &[u8], at: usize) -> u64 {
    if let Some(bytes) = block.get(at..at + 8).and_then(|bytes| <[u8; 8]>::try_from(bytes).ok()) {
        return u64::from_le_bytes(bytes);
    }
    let mut bytes = [0xff; 8];
    for (to, from) in bytes.iter_mut().zip(block.get(at..).unwrap_or_default()) {
        *to = *from;
    }
    u64::from_le_bytes(bytes)
}

impl Splitter {
    pub(super) fn new() -> Self {
        Self { columns: 0, line: 1, after_cr: false, rows_max: usize::MAX }
    }

    /// Cuts the records of `block` that end in it; with `is_last`, the end of the block ends the last one.
    pub(super) fn split(&mut self, block: &[u8], is_last: bool, out: &mut Rows) -> End {
        let mut current = Current::new(0, self.line, out.spans.len());
        let mut word_start = 0;
        while word_start < block.len() {
            let word = word_at(block, word_start);
            let mut found = candidates(word);
            while found != 0 {
                let place_in_word = found.trailing_zeros() / 8;
                found &= found - 1;
                let at = word_start + place_in_word as usize;
                if at < current.resume_at {
                    continue;
                }
                match ((word >> (place_in_word * 8)) & 0xff) as u8 {
                    b',' if current.place != Place::Quoted => self.end_field(block, at, &mut current, out),
                    b'\n' | b'\r' => {
                        self.end_line(block, at, &mut current, out);
                        if out.rows.len() >= self.rows_max {
                            return End::At(current.row_start);
                        }
                    }
                    b'"' if !step_quote(block, at, is_last, self.line, &mut current) => {
                        return self.unfinished(&current, out);
                    }
                    0 => note_nul(&mut current, out),
                    _ => {}
                }
            }
            word_start += 8;
        }
        if !is_last {
            return self.unfinished(&current, out);
        }
        if current.place == Place::Quoted {
            return End::OpenQuote(current.quote_line);
        }
        self.end_record(block, block.len(), &mut current, out);
        End::At(block.len())
    }

    /// Forgets the record that the block does not finish; it will be read again with what follows.
    fn unfinished(&mut self, current: &Current, out: &mut Rows) -> End {
        out.spans.truncate(current.first_span);
        while out.rewritten_spans.last().is_some_and(|span| *span >= current.first_span) {
            out.rewritten_spans.pop();
        }
        self.line = current.row_line;
        End::At(current.row_start)
    }

    #[inline]
    fn end_field(&mut self, block: &[u8], at: usize, current: &mut Current, out: &mut Rows) {
        let mut start = current.field_start;
        let mut end = at;
        if current.quoted {
            if current.rewrite {
                let raw = block.get(start..end).unwrap_or_default();
                start = out.rewritten.len();
                rewrite(raw, &mut out.rewritten);
                end = out.rewritten.len();
                out.rewritten_spans.push(out.spans.len());
            } else {
                start += 1;
                end = end.saturating_sub(1);
            }
            current.quoted = false;
            current.rewrite = false;
            current.place = Place::Plain;
        }
        let bytes = end.saturating_sub(start);
        if bytes > FIELD_BYTES_MAX && current.refusal.is_none() {
            current.refusal = Some(Refusal::FieldTooLong(out.spans.len() - current.first_span, bytes));
        }
        out.spans.push(Span::new(start, end));
        current.field_start = at + 1;
    }

    /// A line end: of a record, or inside quotes.
    #[inline]
    fn end_line(&mut self, block: &[u8], at: usize, current: &mut Current, out: &mut Rows) {
        let byte = block.get(at).copied().unwrap_or_default();
        let previous_is_cr = if at == 0 { self.after_cr } else { block.get(at - 1) == Some(&b'\r') };
        if current.place != Place::Quoted {
            self.end_record(block, at, current, out);
        }
        if byte == b'\r' || !previous_is_cr {
            self.line += 1;
        }
        if current.place != Place::Quoted {
            self.after_cr = byte == b'\r';
            *current = Current::new(at + 1, self.line, out.spans.len());
        }
    }

    #[inline]
    fn end_record(&mut self, block: &[u8], at: usize, current: &mut Current, out: &mut Rows) {
        if at == current.row_start {
            return;
        }
        self.end_field(block, at, current, out);
        let fields = out.spans.len() - current.first_span;
        if self.columns != 0 && fields != self.columns {
            current.refusal = Some(Refusal::FieldCount(fields));
        }
        let row = RowSpan { span: Span::new(current.row_start, at), line: current.row_line };
        match current.refusal {
            None => out.rows.push(row),
            Some(refusal) => {
                out.spans.truncate(current.first_span);
                while out.rewritten_spans.last().is_some_and(|span| *span >= current.first_span) {
                    out.rewritten_spans.pop();
                }
                out.refused.push((row, refusal));
            }
        }
    }
}

/// A quote; returns whether the block shows what it means.
fn step_quote(block: &[u8], at: usize, is_last: bool, line: u64, current: &mut Current) -> bool {
    match current.place {
        Place::Plain if at == current.field_start => {
            current.place = Place::Quoted;
            current.quoted = true;
            current.quote_line = line;
        }
        Place::Quoted => match block.get(at + 1) {
            Some(b'"') => {
                current.rewrite = true;
                current.resume_at = at + 2;
            }
            Some(b',' | b'\n' | b'\r') => current.place = Place::AfterQuote,
            Some(_) => {
                current.place = Place::AfterQuote;
                current.rewrite = true;
            }
            None if is_last => current.place = Place::AfterQuote,
            None => return false,
        },
        Place::Plain | Place::AfterQuote => {}
    }
    true
}

fn note_nul(current: &mut Current, out: &Rows) {
    if current.refusal.is_none() {
        current.refusal = Some(Refusal::NulByte(out.spans.len() - current.first_span));
    }
}

/// Appends the meaning of a quoted field: opening quote off, doubled quotes single, the rest as it stands.
fn rewrite(raw: &[u8], to: &mut Vec<u8>) {
    let mut bytes = raw.iter().skip(1);
    while let Some(byte) = bytes.next() {
        if *byte != b'"' {
            to.push(*byte);
            continue;
        }
        match bytes.next() {
            Some(b'"') => to.push(b'"'),
            Some(other) => {
                // The field is closed: what follows is plain text.
                to.push(*other);
                to.extend(bytes);
                return;
            }
            None => return,
        }
    }
}

/// Finds the end of a record that is too long to be held, byte by byte.
#[derive(Debug, Default)]
pub(super) struct Skipper {
    place: SkipPlace,
    /// Line ends passed.
    pub(super) lines: u64,
    /// Lines passed when the last quote opened.
    quote_lines: u64,
    previous_is_cr: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum SkipPlace {
    #[default]
    FieldStart,
    Plain,
    Quoted,
    QuoteInQuoted,
}

impl Skipper {
    /// Goes through `bytes`; `Some(offset)` behind the line end of the record.
    pub(super) fn skip(&mut self, bytes: &[u8]) -> Option<usize> {
        for (at, byte) in bytes.iter().enumerate() {
            if *byte == b'\r' || (*byte == b'\n' && !self.previous_is_cr) {
                self.lines += 1;
            }
            self.previous_is_cr = *byte == b'\r';
            self.place = match (self.place, *byte) {
                (SkipPlace::FieldStart, b'"') => {
                    self.quote_lines = self.lines;
                    SkipPlace::Quoted
                }
                (SkipPlace::Quoted, b'"') => SkipPlace::QuoteInQuoted,
                (SkipPlace::QuoteInQuoted, b'"') | (SkipPlace::Quoted, _) => SkipPlace::Quoted,
                (_, b',') => SkipPlace::FieldStart,
                (_, b'\n' | b'\r') => return Some(at + 1),
                (SkipPlace::FieldStart | SkipPlace::Plain | SkipPlace::QuoteInQuoted, _) => SkipPlace::Plain,
            };
        }
        None
    }

    /// Line ends before the quote that is still open, if one is.
    pub(super) fn open_quote(&self) -> Option<u64> {
        (self.place == SkipPlace::Quoted).then_some(self.quote_lines)
    }

    /// The line end that was found is a `\r`.
    pub(super) fn ended_with_cr(&self) -> bool {
        self.previous_is_cr
    }
}

impl Splitter {
    /// Goes on behind a record that a [`Skipper`] went through.
    pub(super) fn resume_after(&mut self, skipper: &Skipper) {
        self.line += skipper.lines;
        self.after_cr = skipper.ended_with_cr();
    }
}
