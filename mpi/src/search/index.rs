//! The index on disk: opening, following the event log, committing, building anew.
//!
//! Every commit stores the number of the last event that it holds, so after a crash the caller goes on from there;
//! repeating events does no harm. Updates become visible with the commit, which the caller times (no clock here) or
//! which happens by itself once [`COMMIT_RECORDS_MAX`] updates wait. The engine keeps its threads and files below the
//! folder given to it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use linkage::normalize::Tables;
use tantivy::directory::MmapDirectory;
use tantivy::indexer::LogMergePolicy;
use tantivy::schema::{BytesOptions, FAST, Field, STRING, Schema};
use tantivy::{Index, IndexReader, IndexWriter, ReloadPolicy, TantivyDocument, Term};

use super::evaluate::SearchReader;
use super::terms::{TERMS_VERSION, TermField, Terms};
use super::{RecordKey, SearchError, SearchRecord, SearchUpdate};

/// Updates after which a commit happens by itself: bounds what a crash repeats to about a second of work.
pub const COMMIT_RECORDS_MAX: usize = 20_000;

/// Memory of the writer in bytes; when it is full, a part of the index is written out early. The engine asks for 15 MB
/// at least; this holds some 100,000 records.
pub const WRITER_MEMORY_BYTES: usize = 64 << 20;

/// Parts of similar size that are merged into one. Fewer parts answer faster, merging costs writes; 4 keeps the prefecture
/// below a dozen.
const MERGE_SEGMENTS: usize = 4;

/// Names of the fields that are no terms.
pub(super) const RECORD: &str = "record";
pub(super) const RECORD_HIGH: &str = "record_high";
pub(super) const RECORD_LOW: &str = "record_low";
pub(super) const HOME: &str = "home";
pub(super) const INSTITUTION: &str = "institution";

/// The fields of the schema by their meaning.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fields {
    pub(super) record: Field,
    record_high: Field,
    record_low: Field,
    home: Field,
    institution: Field,
    terms: [Field; TermField::ALL.len()],
}

impl Fields {
    fn schema() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let indexed = || BytesOptions::default().set_indexed();
        let fields = Self {
            record: schema.add_bytes_field(RECORD, indexed()),
            record_high: schema.add_u64_field(RECORD_HIGH, FAST),
            record_low: schema.add_u64_field(RECORD_LOW, FAST),
            home: schema.add_u64_field(HOME, FAST),
            institution: schema.add_text_field(INSTITUTION, STRING | FAST),
            terms: TermField::ALL.map(|field| schema.add_bytes_field(field.name(), indexed())),
        };
        (schema.build(), fields)
    }

    /// The field of these terms.
    pub(super) fn of(&self, wanted: TermField) -> Option<Field> {
        TermField::ALL.iter().zip(self.terms).find(|(field, _)| **field == wanted).map(|(_, field)| field)
    }

    fn document(&self, record: &SearchRecord, tables: &Tables) -> TantivyDocument {
        let mut document = TantivyDocument::new();
        let key = u128::from_be_bytes(record.record);
        document.add_bytes(self.record, &record.record);
        document.add_u64(self.record_high, high(key));
        document.add_u64(self.record_low, low(key));
        document.add_u64(self.home, record.home);
        document.add_text(self.institution, &record.institution);
        for (field, term) in Terms::of(record, tables).all {
            if let Some(field) = self.of(field) {
                document.add_bytes(field, &term);
            }
        }
        document
    }
}

/// The first eight bytes.
const fn high(key: u128) -> u64 {
    (key >> 64) as u64
}

/// The last eight bytes.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is what is wanted")]
const fn low(key: u128) -> u64 {
    key as u64
}

/// The writing side of the index. One exists per folder; readers come from [`SearchIndex::reader`].
pub struct SearchIndex {
    writer: IndexWriter,
    reader: IndexReader,
    fields: Fields,
    tables: Arc<Tables>,
    applied: u64,
    seen: u64,
    pending: usize,
}

impl fmt::Debug for SearchIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut all = formatter.debug_struct("SearchIndex");
        all.field("applied", &self.applied).field("seen", &self.seen).field("pending", &self.pending);
        all.finish_non_exhaustive()
    }
}

impl SearchIndex {
    /// Opens the index in a folder that exists, or makes an empty one there. Reads every file once to check it.
    ///
    /// # Errors
    /// [`SearchError::Unusable`] when it is damaged or made by another version or with other tables,
    /// [`SearchError::Busy`] when it is open for writing, [`SearchError::Storage`] when the folder cannot be used.
    pub fn open(folder: &Path, tables: Arc<Tables>) -> Result<Self, SearchError> {
        const OPEN: &str = "open";
        let (schema, fields) = Fields::schema();
        let directory = MmapDirectory::open(folder).map_err(|error| SearchError::from_engine(OPEN, error))?;
        let index = Index::open_or_create(directory, schema).map_err(|error| SearchError::from_engine(OPEN, error))?;
        let damaged = index.validate_checksum().map_err(|error| SearchError::from_engine("check", error))?;
        if !damaged.is_empty() {
            return Err(SearchError::unusable(format!("{} of its files are damaged", damaged.len())));
        }
        let meta = index.load_metas().map_err(|error| SearchError::from_engine(OPEN, error))?;
        let applied = match &meta.payload {
            Some(payload) => read_payload(payload, &tables)?,
            None if meta.segments.is_empty() => 0,
            None => return Err(SearchError::unusable("it does not say what it holds")),
        };
        let writer = index
            .writer_with_num_threads(1, WRITER_MEMORY_BYTES)
            .map_err(|error| SearchError::from_engine("write", error))?;
        let mut merges = LogMergePolicy::default();
        merges.set_min_num_segments(MERGE_SEGMENTS);
        writer.set_merge_policy(Box::new(merges));
        let reader = index
            .reader_builder()
            .reload_policy(ReloadPolicy::Manual)
            .try_into()
            .map_err(|error| SearchError::from_engine(OPEN, error))?;
        Ok(Self { writer, reader, fields, tables, applied, seen: applied, pending: 0 })
    }

    /// Number of the last event that is committed: after a stop, follow the log from the next. When this is beyond the
    /// end of the log (the store was restored from a backup), the index must be rebuilt.
    #[must_use]
    pub const fn applied(&self) -> u64 {
        self.applied
    }

    /// Updates taken since the last commit; they are not found yet.
    #[must_use]
    pub const fn pending(&self) -> usize {
        self.pending
    }

    /// The reading side; cheap to clone, sees every commit.
    #[must_use]
    pub fn reader(&self) -> SearchReader {
        SearchReader::new(self.reader.clone(), self.fields)
    }

    /// Takes the updates of one event. An event whose number is not above the last one is in already and is skipped.
    ///
    /// # Errors
    /// [`SearchError::Storage`] when the engine cannot write. Nothing is lost: open again and follow from
    /// [`SearchIndex::applied`].
    pub fn apply(&mut self, sequence: u64, updates: &[SearchUpdate]) -> Result<(), SearchError> {
        if sequence <= self.seen {
            return Ok(());
        }
        // Only the last change of each record counts.
        let last: BTreeMap<RecordKey, &SearchUpdate> = updates.iter().map(|update| (key_of(update), update)).collect();
        for update in last.into_values() {
            self.writer.delete_term(Term::from_field_bytes(self.fields.record, &key_of(update)));
            if let SearchUpdate::Put(record) = update {
                self.add(record)?;
            }
        }
        self.seen = sequence;
        self.pending += updates.len();
        if self.pending >= COMMIT_RECORDS_MAX {
            self.commit()?;
        }
        Ok(())
    }

    /// Makes all updates so far durable and visible, and gives [`SearchIndex::applied`]. Costs some file syncs, so many
    /// events should share one.
    ///
    /// # Errors
    /// As for [`SearchIndex::apply`].
    pub fn commit(&mut self) -> Result<u64, SearchError> {
        if self.seen != self.applied || self.pending > 0 {
            self.commit_as(self.seen)?;
        }
        Ok(self.applied)
    }

    /// Replaces the whole content by these records, as of an event. The old content answers until the end, and stays if
    /// this does not come to its end.
    ///
    /// # Errors
    /// As for [`SearchIndex::apply`].
    pub fn rebuild<I>(&mut self, sequence: u64, records: I) -> Result<(), SearchError>
    where
        I: IntoIterator<Item = SearchRecord>,
    {
        // What waits for a commit is older than the rebuild.
        self.writer.rollback().map_err(|error| SearchError::from_engine("rebuild", error))?;
        self.writer.delete_all_documents().map_err(|error| SearchError::from_engine("rebuild", error))?;
        for record in records {
            self.add(&record)?;
        }
        self.commit_as(sequence)
    }

    fn add(&self, record: &SearchRecord) -> Result<(), SearchError> {
        let document = self.fields.document(record, &self.tables);
        self.writer.add_document(document).map_err(|error| SearchError::from_engine("write", error))?;
        Ok(())
    }

    fn commit_as(&mut self, sequence: u64) -> Result<(), SearchError> {
        let failed = |error| SearchError::from_engine("commit", error);
        let mut commit = self.writer.prepare_commit().map_err(failed)?;
        commit.set_payload(&payload(sequence, &self.tables));
        commit.commit().map_err(failed)?;
        (self.applied, self.seen, self.pending) = (sequence, sequence, 0);
        self.reader.reload().map_err(failed)
    }
}

fn key_of(update: &SearchUpdate) -> RecordKey {
    match update {
        SearchUpdate::Put(record) => record.record,
        SearchUpdate::Delete(record) => *record,
    }
}

/// What a commit says of itself: version of the terms, version of the tables, last event.
fn payload(sequence: u64, tables: &Tables) -> String {
    format!("nayose-search {TERMS_VERSION} {} {sequence}", tables.version())
}

fn read_payload(payload: &str, tables: &Tables) -> Result<u64, SearchError> {
    let words: Vec<&str> = payload.split(' ').collect();
    let ["nayose-search", terms, table_version, sequence] = *words.as_slice() else {
        return Err(SearchError::unusable("it does not say what it holds"));
    };
    if terms != TERMS_VERSION.to_string() {
        return Err(SearchError::unusable(format!("its terms have version `{terms}`, not `{TERMS_VERSION}`")));
    }
    if table_version != tables.version() {
        let reason = format!("it was made with tables `{table_version}`, not `{}`", tables.version());
        return Err(SearchError::unusable(reason));
    }
    sequence.parse().map_err(|_| SearchError::unusable("it does not say what it holds"))
}
