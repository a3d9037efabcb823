//! Rows as they come from a file: one text and the spans of the fields in it.
//!
//! A batch borrows nothing and owns two buffers, which are used again for a later batch. Fields are handed out as
//! slices of its text, by row or by column, so reading allocates nothing per row.

/// A piece of the text of a batch, in bytes. Blocks are far smaller than 4 GiB, so 32 bits are enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    #[inline]
    pub(super) fn new(start: usize, end: usize) -> Self {
        let narrow = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Self { start: narrow(start), end: narrow(end) }
    }

    #[inline]
    pub(super) fn start(self) -> usize {
        self.start as usize
    }

    #[inline]
    pub(super) fn end(self) -> usize {
        self.end as usize
    }

    /// The same span, `bytes` further on.
    pub(super) fn moved(self, bytes: usize) -> Self {
        Self::new(self.start() + bytes, self.end() + bytes)
    }

    /// The text of the span; empty when it lies outside, which no span that is handed out does.
    #[inline]
    fn of(self, text: &str) -> &str {
        text.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Where a row stands in a block.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct RowSpan {
    /// The raw row without its line end.
    pub(super) span: Span,
    /// Line of the file on which it starts, counted from 1.
    pub(super) line: u64,
}

/// Some rows of an input file, in file order.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) text: String,
    pub(super) spans: Vec<Span>,
    pub(super) rows: Vec<RowSpan>,
    pub(super) columns: usize,
    pub(super) bytes_read: u64,
}

impl Batch {
    /// Number of rows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there are no rows; the last batch of a file may have none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Fields per row.
    #[must_use]
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Bytes of the file read when this batch was made, for progress.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    /// Line of the file on which a row starts, counted from 1 (in Parquet: the row number).
    #[must_use]
    pub fn line(&self, row: usize) -> u64 {
        self.rows.get(row).map_or(0, |row| row.line)
    }

    /// One field; empty outside the batch.
    #[inline]
    #[must_use]
    pub fn field(&self, row: usize, column: usize) -> &str {
        if column >= self.columns {
            return "";
        }
        self.spans.get(row * self.columns + column).map_or("", |span| span.of(&self.text))
    }

    /// One row as it stands in the file, without its line end; of a Parquet file its fields, joined.
    #[must_use]
    pub fn raw(&self, row: usize) -> &str {
        self.rows.get(row).map_or("", |row| row.span.of(&self.text))
    }

    /// The fields of one row, in the order of the header.
    pub fn row(&self, row: usize) -> impl Iterator<Item = &str> {
        let start = row.saturating_mul(self.columns).min(self.spans.len());
        let end = (start + self.columns).min(self.spans.len());
        self.spans.get(start..end).unwrap_or_default().iter().map(|span| span.of(&self.text))
    }

    /// One field of every row: what a columnar table wants.
    pub fn column(&self, column: usize) -> impl Iterator<Item = &str> {
        let spans = if column < self.columns { self.spans.get(column..) } else { None };
        spans.unwrap_or_default().iter().step_by(self.columns.max(1)).map(|span| span.of(&self.text))
    }
}
