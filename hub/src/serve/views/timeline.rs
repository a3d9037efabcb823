//! What happened to a person, and who was given its data. Ids and reasons, never a value.

use mpi::history::{Access, Cause, Happened, What};
use mpi::{Basis, Evidence, MergeCause, Visible};
use serde::Serialize;
use utoipa::ToSchema;

use super::arrival::EvidenceView;

/// A part of what happened to a person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Timeline)]
pub(in crate::serve) struct TimelineView {
    /// Oldest first.
    pub(in crate::serve) happenings: Vec<HappeningView>,
    /// `page` of the next request; missing at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::serve) next: Option<String>,
}

/// One thing that happened.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Happening)]
pub(in crate::serve) struct HappeningView {
    /// When.
    at: String,
    /// To which enterprise id.
    person: String,
    /// `created`, `joined`, `left`, `merged-into`, `separated`, `absorbed`, `released`, `kept-apart` or `reconciled`.
    #[schema(example = "joined")]
    what: &'static str,
    /// The record that came or went.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    /// The other person.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
    /// The merge.
    #[serde(skip_serializing_if = "Option::is_none")]
    merge: Option<String>,
    /// On what it rests: `new`, `automatic`, `must-link`, `clerk`, `unmerge` or `rules`.
    #[serde(skip_serializing_if = "Option::is_none")]
    basis: Option<&'static str>,
    /// Who did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What the rules went by; for callers of the whole network.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceView>,
}

impl HappeningView {
    pub(in crate::serve) fn new(happened: &Happened, prefix: &str, visible: &Visible) -> Self {
        let view = Self {
            at: happened.at.to_string(),
            person: happened.person.enterprise_id(prefix),
            ..Self::of_what(&happened.what, prefix)
        };
        match &happened.cause {
            None => view,
            Some(cause) => view.because(cause, visible),
        }
    }

    fn of_what(what: &What, prefix: &str) -> Self {
        let (name, record, other, merge) = match what {
            What::Created => ("created", None, None, None),
            What::Joined(record) => ("joined", Some(record), None, None),
            What::Left(record) => ("left", Some(record), None, None),
            What::MergedInto(other, merge) => ("merged-into", None, Some(other), Some(merge)),
            What::Separated(merge) => ("separated", None, None, Some(merge)),
            What::Absorbed(other, merge) => ("absorbed", None, Some(other), Some(merge)),
            What::Released(other, merge) => ("released", None, Some(other), Some(merge)),
            What::KeptApart(other) => ("kept-apart", None, Some(other), None),
            What::Reconciled(other) => ("reconciled", None, Some(other), None),
        };
        Self {
            what: name,
            record: record.map(ToString::to_string),
            other: other.map(|id| id.enterprise_id(prefix)),
            merge: merge.map(ToString::to_string),
            ..Self::default()
        }
    }

    /// Evidence names a record, and so does an earlier decision: an institution is not told which.
    fn because(self, cause: &Cause, visible: &Visible) -> Self {
        let shown = |evidence: &Evidence| (*visible == Visible::All).then(|| EvidenceView::new(evidence));
        let clerk = |by: &mpi::Actor, reason: &str| (Some(by.id.to_string()), Some(reason.to_owned()));
        let (basis, (by, reason), evidence) = match cause {
            Cause::Basis(Basis::New) => ("new", (None, None), None),
            Cause::Basis(Basis::Automatic(evidence)) => ("automatic", (None, None), shown(evidence)),
            Cause::Basis(Basis::Rules(evidence)) => ("rules", (None, None), shown(evidence)),
            Cause::Basis(Basis::MustLink(_)) => ("must-link", (None, None), None),
            Cause::Basis(Basis::Unmerge) => ("unmerge", (None, None), None),
            Cause::Basis(Basis::Clerk { actor, reason }) => ("clerk", clerk(actor, reason), None),
            Cause::Merge(actor, MergeCause::Clerk { reason }) => ("clerk", clerk(actor, reason), None),
            Cause::Merge(actor, MergeCause::Automatic(evidence)) => {
                ("automatic", (Some(actor.id.to_string()), None), evidence.as_ref().and_then(shown))
            }
            Cause::Unmerge(actor, reason) | Cause::Clerk(actor, reason) => ("clerk", clerk(actor, reason), None),
        };
        Self { basis: Some(basis), by, reason, evidence, ..self }
    }
}

/// Who was given data under a wrong link.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Reads)]
pub(in crate::serve) struct ReadsView {
    /// Oldest first.
    pub(in crate::serve) reads: Vec<ReadView>,
    /// Whether there are more than are listed.
    pub(in crate::serve) has_more: bool,
}

/// One answer that held data of records that are of different persons.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Read)]
pub(in crate::serve) struct ReadView {
    /// When.
    at: String,
    /// Under which enterprise id.
    person: String,
    /// To whom.
    by: String,
    /// On whose behalf.
    #[serde(skip_serializing_if = "Option::is_none")]
    institution: Option<String>,
    /// The records whose values were given.
    records: Vec<String>,
}

impl ReadView {
    pub(in crate::serve) fn new(access: &Access, prefix: &str) -> Self {
        Self {
            at: access.at.to_string(),
            person: access.person.enterprise_id(prefix),
            by: access.by.id.to_string(),
            institution: access.by.institution.as_ref().map(ToString::to_string),
            records: access.records.iter().map(ToString::to_string).collect(),
        }
    }
}
