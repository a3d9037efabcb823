//! Finds persons for a clerk who has half a name.
//!
//! One document per source record holds how the record may be named: kanji, kana, sound, birth date, telephone,
//! numbers, former names. A query is a few words in any order, each in any script, whole, begun, or with one typing
//! error. A record ranks by how many words it fits and how well; the rank depends on nothing but the record and the
//! query. Scores that count how common a word is in the whole index are not used: they would tell of records that the
//! asker may not see.
//!
//! The index is derived from the event log and holds plain text: it needs an encrypted volume, and deleting it loses
//! nothing. It knows record ids and home persons, no enterprise ids, no merges and no personal values to show; the store
//! resolves and shows. It follows the log by [`SearchIndex::apply`], from [`SearchIndex::applied`] on after a stop.

mod automaton;
mod evaluate;
mod follow;
mod group;
mod index;
mod marks;
mod query;
mod sound;
mod terms;
#[cfg(test)]
mod tests;

use linkage::value::PartialDate;

pub use evaluate::{Answer, HITS_MAX, Hit, SearchReader, WordMatch};
pub use follow::{root_of, touched, update_of};
pub use group::{FoundPerson, group_by_person};
pub use index::{COMMIT_RECORDS_MAX, SearchIndex, WRITER_MEMORY_BYTES};
pub use query::{Class, QUERY_CHARS_MAX, Query, Question, WORDS_MAX, parse};
pub use terms::Part;

/// Id of a source record; the bytes of the store's `RecordId`.
pub type RecordKey = [u8; 16];

/// What a source record is found by. Values are as the source sent them; absent ones are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchRecord {
    /// Id of the record.
    pub record: RecordKey,
    /// Number of its home person.
    pub home: u64,
    /// Institution that keeps the record, as [`crate::Visible`] names it.
    pub institution: String,
    /// Family name, or the whole name where the source does not part it.
    pub family: SearchName,
    /// Given name, middle names included.
    pub given: SearchName,
    /// Names of earlier versions and names stated as former, family or given, current ones left out.
    pub former_names: Vec<SearchName>,
    /// Birth date, perhaps partial.
    pub birth_date: Option<PartialDate>,
    /// Telephone numbers.
    pub phones: Vec<String>,
    /// Local id of the record.
    pub local_id: String,
    /// Other numbers that a clerk may have: numbers merged into this one at the source, card and insurance numbers.
    pub other_ids: Vec<String>,
}

/// One name in its three forms; absent ones are empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SearchName {
    /// Registered spelling.
    pub kanji: String,
    /// Reading, in kana of any width.
    pub kana: String,
    /// Latin letters.
    pub romaji: String,
}

/// A change of the index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SearchUpdate {
    /// The record as it is now; replaces what the index has of it.
    Put(Box<SearchRecord>),
    /// The record is not to be found any more.
    Delete(RecordKey),
}

/// Why the index does not answer or follow.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The index is damaged, or was made by another version of this program or of its tables.
    #[error("cannot use the search index: {reason}; delete its folder and rebuild it")]
    Unusable {
        /// What is wrong with it.
        reason: String,
        /// What the engine said, if it did.
        source: Option<Box<tantivy::TantivyError>>,
    },
    /// Another process, or another part of this one, writes the index.
    #[error("cannot write the search index: it is open for writing elsewhere")]
    Busy,
    /// The folder cannot be read or written: no such folder, no right, disk full.
    #[error("cannot {operation} the search index")]
    Storage {
        /// What was being done.
        operation: &'static str,
        /// What the engine said.
        source: Box<tantivy::TantivyError>,
    },
}

impl SearchError {
    fn unusable(reason: impl Into<String>) -> Self {
        Self::Unusable { reason: reason.into(), source: None }
    }

    /// Sorts what the engine says by what the operator has to do.
    fn from_engine(operation: &'static str, source: impl Into<tantivy::TantivyError>) -> Self {
        use tantivy::TantivyError as Engine;
        use tantivy::directory::error::OpenReadError;
        let source = source.into();
        match source {
            Engine::DataCorruption(_)
            | Engine::IncompatibleIndex(_)
            | Engine::SchemaError(_)
            | Engine::OpenReadError(OpenReadError::FileDoesNotExist(_) | OpenReadError::IncompatibleIndex(_)) => {
                let reason = format!("it is damaged or of another format (found when trying to {operation} it)");
                Self::Unusable { reason, source: Some(Box::new(source)) }
            }
            Engine::LockFailure(..) => Self::Busy,
            _ => Self::Storage { operation, source: Box::new(source) },
        }
    }
}
