//! Which error of a core crate becomes which problem: the only place that chooses.
//!
//! A core crate knows no status. Its message may reach the caller only where this file says so, since a message can
//! name what a caller must not know of.

use mpi::kv;

use super::{ErrorCode, Problem};

impl From<directory::Error> for Problem {
    fn from(error: directory::Error) -> Self {
        match error {
            directory::Error::Store(error) => error.into(),
            // The directory holds no personal value and nothing that is hidden from who may change it.
            directory::Error::Refused(refusal) => Self::refused(refusal.to_string()),
        }
    }
}

impl From<kv::Error> for Problem {
    fn from(error: kv::Error) -> Self {
        match &error {
            kv::Error::Unavailable { .. } => {
                Self::new(ErrorCode::StoreUnavailable, "the store does not answer").because(error)
            }
            kv::Error::Corrupt { .. } => {
                Self::new(ErrorCode::StoreCorrupt, "a stored row is not what was written").because(error)
            }
            kv::Error::TooLarge(too_large) => Self::new(ErrorCode::TooLarge, too_large.to_string()).because(error),
        }
    }
}
