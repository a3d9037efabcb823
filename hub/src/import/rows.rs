//! Rows of a file become arrivals, or are refused with the column and the reason.
//!
//! A row is refused for itself alone, before anything is written: an institution or a domain that the directory does not
//! know, a local id or a day that is none, a text that is too long, nothing said of a person. What a row says of a person
//! is not judged. Columns that the index has no place for are an error, because they are more often misspelt than
//! superfluous. There is no column for death, twins and the other things of a life yet: they come with messages.

use std::collections::BTreeMap;
use std::path::Path;

use directory::{AsOf, AuthorityId, AuthorityKind, Date, Identifier, Instant, InstitutionId, Offset, Snapshot};
use mpi::life::LifeStatus;
use mpi::{Arrival, Attribute, Demographics};

use super::ndjson;
use crate::commands::warn_rejects;
use crate::failure::Failure;
use crate::input::{self, Batch, BatchSink, InputError, Reject, RejectLog, RejectReason, column_position};
use crate::progress::Progress;

/// A file of records, and how it is to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    /// Where refused rows go.
    pub(crate) rejects: Option<&'a Path>,
    /// Whether columns without a place in the index are left out.
    pub(crate) ignores_columns: bool,
    /// Columns that a file with a header has to have: what the rules compare, unless the caller takes it as unknown.
    pub(crate) needed: &'a [String],
    /// Whether the record ids of the file are wanted back.
    pub(crate) keeps_ids: bool,
}

/// What a file holds.
#[derive(Debug, Default)]
pub(crate) struct ReadRows {
    pub(crate) arrivals: Vec<Arrival>,
    /// The record id of each arrival, if it was wanted.
    pub(crate) ids: Vec<Box<str>>,
    pub(crate) rejected: u64,
}

/// Reads a file: NDJSON by its name (`.ndjson`, `.jsonl`), else CSV or Parquet.
pub(crate) fn read_rows(source: &Source<'_>, directory: &Snapshot, now: Instant) -> Result<ReadRows, Failure> {
    let mut rejects = match source.rejects {
        Some(path) => RejectLog::to_file(path)?,
        None => RejectLog::new(),
    };
    let mut sink = Rows {
        source,
        domains: Domains::of(directory, now),
        columns: Columns::default(),
        read: ReadRows::default(),
        progress: Progress::reading(source.path),
    };
    if ndjson::is_name(source.path) {
        ndjson::read(source, &mut sink, &mut rejects)?;
    } else {
        input::read_batches(source.path, &mut sink, &mut rejects)?;
    }
    let Rows { progress, mut read, .. } = sink;
    progress.finish();
    rejects.finish()?;
    warn_rejects(source.path, &rejects);
    read.rejected = rejects.total();
    Ok(read)
}

/// In which domain each institution numbers its patients.
#[derive(Debug)]
struct Domains {
    institutions: BTreeMap<Box<str>, (InstitutionId, Vec<AuthorityId>)>,
    authorities: BTreeMap<Box<str>, AuthorityId>,
}

impl Domains {
    fn of(directory: &Snapshot, now: Instant) -> Self {
        let as_of = AsOf { valid: now, recorded: now };
        let known = directory.institutions(as_of).map(|(id, _)| (id.as_str().into(), (id.clone(), Vec::new())));
        let mut institutions: BTreeMap<Box<str>, (InstitutionId, Vec<AuthorityId>)> = known.collect();
        for (id, authority) in directory.authorities(as_of) {
            if let (AuthorityKind::Patients, Some((_, own))) =
                (authority.kind, institutions.get_mut(authority.owner.as_str()))
            {
                own.push(id.clone());
            }
        }
        let authorities = directory.authorities(as_of).map(|(id, _)| (id.as_str().into(), id.clone())).collect();
        Self { institutions, authorities }
    }

    fn find(&self, institution: &str, authority: &str) -> Result<(InstitutionId, AuthorityId), RejectReason> {
        let (id, own) = self
            .institutions
            .get(institution)
            .ok_or_else(|| wrong(INSTITUTION, "the directory has no such institution"))?;
        let authority = match (authority, own.as_slice()) {
            ("", [one]) => one,
            ("", []) => return Err(wrong(INSTITUTION, "the institution owns no domain of patients in the directory")),
            ("", _) => {
                return Err(wrong(
                    INSTITUTION,
                    "the institution owns several domains: name one in the column `authority`",
                ));
            }
            (named, _) => self
                .authorities
                .get(named)
                .ok_or_else(|| wrong(AUTHORITY, "the directory has no such assigning authority"))?,
        };
        Ok((id.clone(), authority.clone()))
    }
}

const RECORD_ID: &str = "record_id";
const INSTITUTION: &str = "institution";
const AUTHORITY: &str = "authority";
const LOCAL_ID: &str = "local_id";
const REGISTERED_ON: &str = "registered_on";

fn wrong(column: &str, reason: impl std::fmt::Display) -> RejectReason {
    RejectReason::Other(format!("column `{column}`: {reason}"))
}

/// Where the columns of a file stand.
#[derive(Debug, Default)]
struct Columns {
    record_id: Option<usize>,
    institution: usize,
    authority: Option<usize>,
    local_id: usize,
    registered_on: usize,
    attributes: Vec<(usize, Attribute)>,
}

impl Columns {
    fn of(source: &Source<'_>, names: &[String]) -> Result<Self, InputError> {
        let position = |column: &str| column_position(source.path, names, column);
        let optional = |column: &str| names.iter().position(|name| name == column);
        let columns = Self {
            record_id: optional(RECORD_ID),
            institution: position(INSTITUTION)?,
            authority: optional(AUTHORITY),
            local_id: position(LOCAL_ID)?,
            registered_on: position(REGISTERED_ON)?,
            attributes: (0..).zip(names).filter_map(|(at, name)| Some((at, Attribute::named(name)?))).collect(),
        };
        if source.keeps_ids {
            position(RECORD_ID)?;
        }
        if let Some(missing) = source.needed.iter().find(|column| !names.contains(column)) {
            let reason = format!(
                "has no column `{missing}`, which the rules compare; `--missing-columns` takes it as unknown in every row"
            );
            return Err(header(source.path, reason));
        }
        let own = [RECORD_ID, INSTITUTION, AUTHORITY, LOCAL_ID, REGISTERED_ON];
        let unknown = |name: &&String| !own.contains(&name.as_str()) && Attribute::named(name).is_none();
        match names.iter().find(unknown) {
            Some(name) if !source.ignores_columns => Err(header(
                source.path,
                format!(
                    "names the column `{name}`, which the index has no place for; `--ignore-columns` leaves it out"
                ),
            )),
            _ if columns.attributes.is_empty() => {
                Err(header(source.path, "names no column that says anything of a person".to_owned()))
            }
            _ => Ok(columns),
        }
    }
}

fn header(path: &Path, reason: String) -> InputError {
    InputError::Header { path: path.to_path_buf(), reason }
}

/// Takes the rows of a file.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    source: &'a Source<'a>,
    domains: Domains,
    columns: Columns,
    read: ReadRows,
    progress: Progress,
}

impl Rows<'_> {
    /// One row; `text` gives the text of a column.
    pub(super) fn row<'t>(&mut self, text: &dyn Fn(usize) -> &'t str) -> Result<(), RejectReason> {
        let columns = &self.columns;
        let optional = |column: Option<usize>| column.map_or("", |column| text(column).trim());
        let (institution, authority) =
            self.domains.find(text(columns.institution).trim(), optional(columns.authority))?;
        let identifier =
            Identifier::new(authority, text(columns.local_id).trim()).map_err(|error| wrong(LOCAL_ID, error))?;
        let day: Date = text(columns.registered_on).trim().parse().map_err(|error| wrong(REGISTERED_ON, error))?;
        let mut demographics = Demographics::new();
        for (column, attribute) in &columns.attributes {
            demographics.set(*attribute, text(*column));
        }
        if demographics.is_empty() {
            return Err(RejectReason::Other("the row says nothing of a person".to_owned()));
        }
        if let Some(attribute) = demographics.too_long() {
            return Err(wrong(attribute.name(), "the text is too long"));
        }
        if self.source.keeps_ids {
            self.read.ids.push(optional(columns.record_id).into());
        }
        let event_time = day.start_instant(Offset::TOKYO);
        let life = LifeStatus::default();
        self.read.arrivals.push(Arrival { identifier, institution, event_time, demographics, life });
        Ok(())
    }

    pub(super) fn names(&mut self, names: &[String]) -> Result<(), InputError> {
        self.columns = Columns::of(self.source, names)?;
        Ok(())
    }

    pub(super) fn bytes_read(&self, bytes: u64) {
        self.progress.set(bytes);
    }
}

impl BatchSink for Rows<'_> {
    fn header(&mut self, names: &[String]) -> Result<(), InputError> {
        self.names(names)
    }

    fn batch(&mut self, batch: &Batch, rejects: &mut RejectLog) -> Result<(), InputError> {
        for row in 0..batch.len() {
            if let Err(reason) = self.row(&|column| batch.field(row, column)) {
                rejects.push(Reject { line: batch.line(row), reason, raw: batch.raw(row).to_owned() })?;
            }
        }
        self.progress.set(batch.bytes_read());
        Ok(())
    }
}
