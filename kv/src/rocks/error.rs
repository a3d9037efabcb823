//! What the library says, as errors of the trait.

use crate::Error;
use rocksdb::ErrorKind;

/// An error of the library: corruption is a kind of its own, everything else means that the engine cannot answer.
pub(super) fn from_library(operation: &'static str, place: &str, source: rocksdb::Error) -> Error {
    match source.kind() {
        ErrorKind::Corruption => Error::Corrupt { operation, place: place.to_owned(), source: Box::new(source) },
        _ => Error::Unavailable { operation, source: Box::new(source) },
    }
}

/// What the library read well does not make sense.
pub(super) fn corrupt(operation: &'static str, place: impl Into<String>, what: &'static str) -> Error {
    Error::Corrupt { operation, place: place.into(), source: Box::new(Stopped(what.to_owned())) }
}

/// The same, found by somebody else and told in words.
pub(super) fn corrupt_because(operation: &'static str, place: String, reason: String) -> Error {
    Error::Corrupt { operation, place, source: Box::new(Stopped(reason)) }
}

/// The engine does not do what was asked, for this reason.
pub(super) fn unavailable(operation: &'static str, reason: impl Into<String>) -> Error {
    Error::Unavailable { operation, source: Box::new(Stopped(reason.into())) }
}

/// A reason in words.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Stopped(String);
