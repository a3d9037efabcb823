//! Ids and times as they come in: in a path what is not well formed does not exist, in a body it is a wrong field.

use directory::{Identifier, Instant};
use mpi::{MergeId, PersonId, RecordId, TaskId};

use super::problem::Problem;

/// The person of an enterprise id in a path.
pub(super) fn person(text: &str, prefix: &str) -> Result<PersonId, Problem> {
    PersonId::parse(text, prefix).map_err(|_| Problem::not_found("person"))
}

/// The person of an enterprise id in a body; a digit that was misread is told.
pub(super) fn person_field(field: &str, text: &str, prefix: &str) -> Result<PersonId, Problem> {
    PersonId::parse(text, prefix).map_err(|error| Problem::bad_field(field, error.to_string()))
}

/// The record of an id in a path.
pub(super) fn record(text: &str) -> Result<RecordId, Problem> {
    RecordId::parse(text).ok_or_else(|| Problem::not_found("record"))
}

/// The record of an id in a body.
pub(super) fn record_field(field: &str, text: &str) -> Result<RecordId, Problem> {
    RecordId::parse(text).ok_or_else(|| Problem::bad_field(field, "is not a record id of 32 hexadecimal digits"))
}

/// The task of an id in a path.
pub(super) fn task(text: &str) -> Result<TaskId, Problem> {
    TaskId::parse(text).ok_or_else(|| Problem::not_found("task"))
}

/// The merge of an id in a path.
pub(super) fn merge(text: &str) -> Result<MergeId, Problem> {
    MergeId::parse(text).ok_or_else(|| Problem::not_found("merge"))
}

/// A point in time.
pub(super) fn instant(field: &str, text: &str) -> Result<Instant, Problem> {
    text.parse().map_err(|error: directory::InvalidTime| Problem::bad_field(field, error.to_string()))
}

/// An identifier in its domain; the value is not repeated in what is told.
pub(super) fn identifier(
    (authority_field, authority): (&str, &str),
    (value_field, value): (&str, &str),
) -> Result<Identifier, Problem> {
    let authority = directory::AuthorityId::new(authority)
        .map_err(|error| Problem::bad_field(authority_field, error.to_string()))?;
    Identifier::new(authority, value).map_err(|error| Problem::bad_field(value_field, error.to_string()))
}

/// A consent by its id in a path.
pub(super) fn consent(text: &str) -> Result<consent::ConsentId, Problem> {
    RecordId::parse(text).map(|id| consent::ConsentId(id.0)).ok_or_else(|| Problem::not_found("directive"))
}

/// A new id for an answer or a consent, from random bytes.
pub(super) fn decision(bytes: std::io::Result<[u8; 16]>) -> Result<String, Problem> {
    bytes.map(|bytes| RecordId(bytes).to_string()).map_err(Problem::internal)
}
