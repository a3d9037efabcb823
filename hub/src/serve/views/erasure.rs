//! Erasures by law: proposed, and done. They name records, officers and reasons, never a value.

use mpi::Actor;
use mpi::erase::{Erasure, Proposed};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::serve::problem::Problem;

/// A record to erase.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewErasure {
    /// The record's id.
    pub(in crate::serve) record: String,
    /// The law or the request that the erasure rests on, in words that name no person.
    #[schema(example = "request 2026-17 under article 35 of the Act on the Protection of Personal Information")]
    pub(in crate::serve) legal_basis: String,
}

/// An erasure.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Erasure)]
pub(in crate::serve) struct ErasureView {
    /// The record's id.
    record: String,
    /// What it rests on.
    legal_basis: String,
    /// `proposed` or `done`.
    #[schema(example = "proposed")]
    state: &'static str,
    /// The officer who proposed it.
    by: String,
    /// The officer who agreed.
    #[serde(skip_serializing_if = "Option::is_none")]
    agreed_by: Option<String>,
    /// When it was proposed or, if it is done, done.
    at: String,
}

/// Erasures.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Erasures {
    /// Those that wait for another officer, then those that are done.
    pub(in crate::serve) erasures: Vec<ErasureView>,
}

impl ErasureView {
    pub(in crate::serve) fn proposed(proposed: &Proposed) -> Self {
        Self::of("proposed", (proposed.record, &proposed.legal_basis), (&proposed.by, None), proposed.at)
    }

    pub(in crate::serve) fn done(erasure: &Erasure) -> Self {
        let [by, agreed] = &erasure.officers;
        Self::of("done", (erasure.record, &erasure.legal_basis), (by, Some(agreed)), erasure.at)
    }

    fn of(
        state: &'static str,
        (record, legal_basis): (mpi::RecordId, &str),
        (by, agreed): (&Actor, Option<&Actor>),
        at: directory::Instant,
    ) -> Self {
        Self {
            record: record.to_string(),
            legal_basis: legal_basis.to_owned(),
            state,
            by: by.id.to_string(),
            agreed_by: agreed.map(|agreed| agreed.id.to_string()),
            at: at.to_string(),
        }
    }
}

/// Longest legal basis.
const BASIS_CHARS_MAX: usize = 500;

/// A legal basis that says something.
pub(in crate::serve) fn legal_basis(text: &str) -> Result<Box<str>, Problem> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Problem::bad_field("legal_basis", "is empty")),
        length if length > BASIS_CHARS_MAX => {
            Err(Problem::bad_field("legal_basis", format!("is longer than {BASIS_CHARS_MAX} characters")))
        }
        _ => Ok(text.into()),
    }
}
