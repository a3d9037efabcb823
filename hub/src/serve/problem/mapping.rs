//! Which error of a core crate becomes which problem: the only place that chooses.
//!
//! A core crate knows no status. Its message may reach the caller only where this file says so, since a message can
//! name what a caller must not know of.

use mpi::kv;
use mpi::{Error, Refusal};

use crate::index::ModelError;

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

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::Store(error) => error.into(),
            Error::Corrupt { .. } => {
                Self::new(ErrorCode::StoreCorrupt, "a stored row is not what was written").because(error)
            }
            Error::Refused(refusal) => refusal.into(),
            Error::Superseded => Self::new(ErrorCode::Contended, "the rules were exchanged meanwhile").because(error),
            Error::TooMany(_) => Self::refused("more records are alike than can be compared: say more").because(error),
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            // The directory is open to all callers.
            Refusal::Denied(denial @ directory::Denial::NotGranted { .. }) => {
                Self::new(ErrorCode::NotAllowed, denial.to_string())
            }
            Refusal::Denied(denial) => Self::refused(denial.to_string()),
            Refusal::TooLong { attribute, limit } => {
                Self::bad_field(format!("demographics.{attribute}"), format!("is longer than {limit} bytes"))
            }
            // What is hidden is answered with the same words as what does not exist.
            Refusal::NoRecord(_) => Self::not_found("record"),
            Refusal::NoPerson(_) => Self::not_found("person"),
            Refusal::NoTask(_) => Self::not_found("task"),
            Refusal::NoMerge(_) => Self::not_found("merge"),
            Refusal::State(why) => Self::conflict(why),
        }
    }
}

impl From<ModelError> for Problem {
    fn from(error: ModelError) -> Self {
        match error {
            ModelError::Index(error) => error.into(),
            ModelError::Directory(error) => error.into(),
            error => Self::internal(error),
        }
    }
}

impl From<consent::registry::Error> for Problem {
    fn from(error: consent::registry::Error) -> Self {
        use consent::registry::Error as E;
        match error {
            E::Store(error) => error.into(),
            E::Corrupt { .. } => {
                Self::new(ErrorCode::StoreCorrupt, "a stored row is not what was written").because(error)
            }
            E::Refused(refusal) => refusal.into(),
            // What is wrong with a document names institutions and provisions, nothing of the person.
            E::Rejected(rejection) => Self::bad_field("provision", rejection.to_string()),
            E::PolicyText(error) => Self::bad_field("text", error.to_string()),
            E::ScenarioText(error) => Self::bad_field("text", error),
            E::Policy(error) => {
                let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
                Self::refused(format!("{error}{cause}"))
            }
            E::Chart(error) => Self::refused(error.to_string()),
            E::Full(error) => Self::refused(error.to_string()),
        }
    }
}

impl From<consent::registry::Refusal> for Problem {
    fn from(refusal: consent::registry::Refusal) -> Self {
        use consent::registry::Refusal as R;
        match refusal {
            R::NoConsent(..) | R::OtherIdentity(_) => Self::not_found("directive"),
            R::NoPolicy(_) => Self::not_found("policy"),
            R::NoScenarios(_) => Self::not_found("pack of scenarios"),
            R::Text { .. } => Self::bad_request(refusal.to_string()),
            R::State(_) | R::Version { .. } | R::Scenarios { .. } => Self::conflict(refusal.to_string()),
            R::TooMany { .. } => Self::refused(refusal.to_string()),
        }
    }
}
