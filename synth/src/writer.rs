//! Writes the four files: records in shuffled order, truth, labels and strata as they come.
//!
//! A population does not fit in memory, so rows are shuffled in a window: each new row takes the place of a random
//! waiting one, which is written. Ids are permuted and do not follow the order either.

use std::fmt::Write as _;
use std::io;

use crate::errors::{ErrorKind, Label};
use crate::institution::NameColumns;
use crate::random::{Kind, Stream};
use crate::registration::Registered;
use crate::registration::entry::{Field, day_text};
use crate::settings::Columns;
use crate::style;
use crate::world::World;
use crate::{Error, Outputs, Summary};

/// Rows that wait to be written, about 50 MB. A prefecture-wide network is shuffled as a whole.
const WINDOW_ROWS: usize = 1 << 18;

/// Bytes gathered before a file is written to.
const CHUNK_BYTES: usize = 1 << 16;

/// Records between two reports of progress.
const PROGRESS_RECORDS: u64 = 10_000;

/// Patient numbers have ten digits.
const LOCAL_IDS: u64 = 10_000_000_000;

/// Columns before the personal ones.
const PERSON_HEAD: &str = "record_id,institution,local_id,registered_on";

/// The output of one run.
pub(crate) struct Writer<'a, 'w> {
    world: &'a World,
    outputs: &'a mut Outputs<'w>,
    progress: &'a mut dyn FnMut(u64),
    order: Stream,
    waiting: Vec<String>,
    records: String,
    truth: String,
    errors: String,
    strata: String,
    pub(crate) summary: Summary,
}

impl<'a, 'w> Writer<'a, 'w> {
    /// A writer with the header lines waiting.
    pub(crate) fn new(world: &'a World, outputs: &'a mut Outputs<'w>, progress: &'a mut dyn FnMut(u64)) -> Self {
        let head = if world.columns == Columns::Person { PERSON_HEAD } else { "unique_id" };
        let mut records = head.to_owned();
        for field in written_fields(world.columns) {
            let _ = write!(records, ",{}", field.name(world.columns));
        }
        records.push('\n');
        Self {
            world,
            outputs,
            progress,
            order: Stream::new(world.seed, Kind::RowOrder, 0),
            waiting: Vec::new(),
            records,
            truth: "record_id,person_id\n".to_owned(),
            errors: "record_id,field,kind,before,after\n".to_owned(),
            strata: "stratum,case,person_id\n".to_owned(),
            summary: Summary::default(),
        }
    }

    /// A record with its truth and labels.
    pub(crate) fn record(&mut self, person_id: &str, registered: &Registered<'_>) -> Result<(), Error> {
        let id = record_id(self.world.record_ids.apply(registered.number));
        let row = self.row(&id, registered);
        let _ = writeln!(self.truth, "{id},{person_id}");
        for label in &registered.sheet.labels {
            self.label(&id, label, registered);
        }
        self.joined_labels(&id, registered);
        self.summary.records += 1;
        if self.summary.records.is_multiple_of(PROGRESS_RECORDS) {
            (self.progress)(self.summary.records);
        }
        if self.waiting.len() < WINDOW_ROWS {
            self.waiting.push(row);
        } else {
            let place = self.order.place(self.waiting.len());
            if let Some(slot) = self.waiting.get_mut(place) {
                self.records.push_str(slot);
                *slot = row;
            }
        }
        self.flush(CHUNK_BYTES)
    }

    /// A person of a stratum.
    pub(crate) fn stratum(&mut self, stratum: &'static str, case: u64, person_id: &str) {
        let _ = writeln!(self.strata, "{stratum},{case},{person_id}");
    }

    /// Writes everything that still waits.
    pub(crate) fn finish(mut self) -> Result<Summary, Error> {
        for end in (1..self.waiting.len()).rev() {
            let other = self.order.place(end + 1);
            self.waiting.swap(end, other);
        }
        for row in std::mem::take(&mut self.waiting) {
            self.records.push_str(&row);
            self.flush(CHUNK_BYTES)?;
        }
        self.flush(0)?;
        for (name, file) in [
            ("records", &mut self.outputs.records),
            ("truth", &mut self.outputs.truth),
            ("errors", &mut self.outputs.errors),
            ("strata", &mut self.outputs.strata),
        ] {
            file.flush().map_err(|source| Error::Write { output: name, source })?;
        }
        (self.progress)(self.summary.records);
        Ok(self.summary)
    }

    fn row(&self, id: &str, registered: &Registered<'_>) -> String {
        let mut row = String::with_capacity(192);
        row.push_str(id);
        if self.world.columns == Columns::Person {
            let local_id = self.world.local_ids.apply_below(registered.local_number, LOCAL_IDS);
            let day = day_text(registered.registered_on);
            let _ = write!(row, ",{},{local_id:010},{day}", registered.institution.code);
        }
        let mut value = String::new();
        for field in written_fields(self.world.columns) {
            value.clear();
            self.write_value(&mut value, field, registered);
            row.push(',');
            push_cell(&mut row, &value);
        }
        row.push('\n');
        row
    }

    /// The value of a field as it stands in the record.
    fn write_value(&self, out: &mut String, field: Field, registered: &Registered<'_>) {
        let write = |out: &mut String, field| {
            let value = registered.sheet.entry.get(field);
            style::write(out, field, value, &registered.institution.habits, self.world.columns);
        };
        let NameColumns::Joined(between) = registered.institution.habits.names else {
            write(out, field);
            return;
        };
        let given = match field {
            Field::FamilyKanji => Field::GivenKanji,
            Field::FamilyKana => Field::GivenKana,
            Field::GivenKanji | Field::GivenKana => return,
            _ => {
                write(out, field);
                return;
            }
        };
        write(out, field);
        if !registered.sheet.entry.get(given).is_empty() {
            if !out.is_empty() {
                out.push_str(between);
            }
            write(out, given);
        }
    }

    fn label(&mut self, id: &str, label: &Label, registered: &Registered<'_>) {
        if !written_fields(self.world.columns).any(|field| field == label.field) {
            return;
        }
        let styled = |value: &str| {
            let mut out = String::new();
            style::write(&mut out, label.field, value, &registered.institution.habits, self.world.columns);
            out
        };
        let (before, after) = (styled(&label.before), styled(&label.after));
        // Two values may look the same in an institution's way of writing; then nothing went wrong.
        if before != after {
            self.error(id, label.field, label.kind, [&before, &after]);
        }
    }

    /// Names that share a column end every chain of labels, so that the last one holds what the record holds.
    fn joined_labels(&mut self, id: &str, registered: &Registered<'_>) {
        if registered.institution.habits.names == NameColumns::Apart {
            return;
        }
        for field in [Field::FamilyKanji, Field::GivenKanji, Field::FamilyKana, Field::GivenKana] {
            let (mut before, mut after) = (String::new(), String::new());
            let value = registered.sheet.entry.get(field);
            style::write(&mut before, field, value, &registered.institution.habits, self.world.columns);
            self.write_value(&mut after, field, registered);
            if before != after {
                self.error(id, field, ErrorKind::Joined, [&before, &after]);
            }
        }
    }

    fn error(&mut self, id: &str, field: Field, kind: ErrorKind, values: [&str; 2]) {
        let _ = write!(self.errors, "{id},{},{kind}", field.name(self.world.columns));
        for value in values {
            self.errors.push(',');
            push_cell(&mut self.errors, value);
        }
        self.errors.push('\n');
        *self.summary.errors_by_kind.entry(kind.name()).or_default() += 1;
    }

    /// Writes out what has gathered, where it is more than this many bytes.
    fn flush(&mut self, more_than: usize) -> Result<(), Error> {
        let outputs = &mut *self.outputs;
        let files: [(&'static str, &mut String, &mut dyn io::Write); 4] = [
            ("records", &mut self.records, &mut *outputs.records),
            ("truth", &mut self.truth, &mut *outputs.truth),
            ("errors", &mut self.errors, &mut *outputs.errors),
            ("strata", &mut self.strata, &mut *outputs.strata),
        ];
        for (output, text, file) in files {
            if text.len() > more_than {
                file.write_all(text.as_bytes()).map_err(|source| Error::Write { output, source })?;
                text.clear();
            }
        }
        Ok(())
    }
}

/// The personal columns that are written, in order.
fn written_fields(columns: Columns) -> impl Iterator<Item = Field> {
    Field::ALL.into_iter().filter(move |field| columns == Columns::Person || *field != Field::Address)
}

/// `r` and seven characters that say nothing; without letters that look like digits.
fn record_id(number: u64) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
    let mut id = String::with_capacity(8);
    id.push('r');
    for place in (0..7).rev() {
        let digit = usize::try_from(number >> (5 * place) & 31).unwrap_or(0);
        id.push(char::from(ALPHABET.get(digit).copied().unwrap_or(b'0')));
    }
    id
}

/// A cell, quoted where CSV asks for it.
fn push_cell(row: &mut String, value: &str) {
    if !value.contains([',', '"', '\n', '\r']) {
        row.push_str(value);
        return;
    }
    row.push('"');
    row.push_str(&value.replace('"', "\"\""));
    row.push('"');
}
