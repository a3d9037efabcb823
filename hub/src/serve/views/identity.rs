//! What clerks do to persons and records, and what came of it. The answers hold ids only: they are stored for repeats.

use mpi::kv::Draft;
use mpi::read::{MergeView, PersonView};
use mpi::{MergeCause, PersonId, RecordId, Unmerged, Visible, read};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::arrival::EvidenceView;
use crate::index::Operating;
use crate::serve::problem::Problem;

/// Why somebody does something.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Why)]
pub(in crate::serve) struct Reason {
    /// In words that name no person.
    #[schema(example = "the same insurance card was shown")]
    pub(in crate::serve) reason: String,
}

/// Another person, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct OtherPerson {
    /// The enterprise id of the other person.
    #[schema(example = "N-1234-5678-9018")]
    pub(in crate::serve) person: String,
    /// In words that name no person.
    pub(in crate::serve) reason: String,
}

/// Records that leave a person, and why.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct SomeRecords {
    /// The ids of the records.
    pub(in crate::serve) records: Vec<String>,
    /// In words that name no person.
    pub(in crate::serve) reason: String,
}

/// Longest reason.
const REASON_CHARS_MAX: usize = 500;

/// A reason that says something.
pub(in crate::serve) fn reason(text: &str) -> Result<Box<str>, Problem> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(Problem::bad_field("reason", "is empty")),
        length if length > REASON_CHARS_MAX => {
            Err(Problem::bad_field("reason", format!("is longer than {REASON_CHARS_MAX} characters")))
        }
        _ => Ok(text.into()),
    }
}

/// Two persons that became one.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Merged)]
pub(in crate::serve) struct MergedView {
    /// The merge: what undoes it.
    pub(in crate::serve) merge: String,
    /// The enterprise id that stands for both.
    pub(in crate::serve) person: String,
    /// The enterprise id that leads there from now on.
    pub(in crate::serve) absorbed: String,
}

/// A record that changed its person.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Moved)]
pub(in crate::serve) struct MovedView {
    /// The record.
    pub(in crate::serve) record: String,
    /// The enterprise id of its person now.
    pub(in crate::serve) person: String,
}

/// Records that became a person of their own.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SplitOff)]
pub(in crate::serve) struct SplitView {
    /// The new enterprise id.
    pub(in crate::serve) person: String,
    /// Its records.
    pub(in crate::serve) records: Vec<String>,
    /// The person that they left, which keeps its enterprise id.
    pub(in crate::serve) rest: String,
}

/// Two persons that are kept apart.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeptApart)]
pub(in crate::serve) struct ApartView {
    /// Their enterprise ids.
    pub(in crate::serve) persons: [String; 2],
}

/// A merge.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Merge)]
pub(in crate::serve) struct MergeBody {
    /// Its id.
    merge: String,
    /// The person that survived.
    survivor: String,
    /// The person that was merged into it.
    absorbed: String,
    /// When.
    at: String,
    /// Who did it.
    by: String,
    /// Why, when a clerk did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// What it rests on, when the rules did it.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceView>,
    /// When and by whom it was undone.
    #[serde(skip_serializing_if = "Option::is_none")]
    undone: Option<UndoneView>,
}

/// How a merge was undone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Undone)]
struct UndoneView {
    at: String,
    by: String,
    reason: String,
}

impl MergeBody {
    /// A merge as the network sees it; evidence names a record, so an institution is not told it.
    pub(in crate::serve) fn new(merge: &MergeView, prefix: &str, visible: &Visible) -> Self {
        let (reason, evidence) = match &merge.cause {
            MergeCause::Clerk { reason } => (Some(reason.to_string()), None),
            MergeCause::Automatic(evidence) => (None, evidence.as_ref().filter(|_| *visible == Visible::All)),
        };
        Self {
            merge: merge.merge.to_string(),
            survivor: merge.survivor.enterprise_id(prefix),
            absorbed: merge.absorbed.enterprise_id(prefix),
            at: merge.at.to_string(),
            by: merge.actor.id.to_string(),
            reason,
            evidence: evidence.map(EvidenceView::new),
            undone: merge.undone.as_ref().map(|(at, by, reason)| UndoneView {
                at: at.to_string(),
                by: by.id.to_string(),
                reason: reason.to_string(),
            }),
        }
    }
}

/// A merge that was undone.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Unmerged)]
pub(in crate::serve) struct UnmergedView {
    /// The two persons.
    persons: [String; 2],
    /// Records that came since the merge and were decided again, each with a task.
    decided_again: Vec<DecidedAgain>,
}

/// A record that was decided again.
#[derive(Debug, Serialize, ToSchema)]
struct DecidedAgain {
    record: String,
    person: String,
    task: String,
}

impl UnmergedView {
    pub(in crate::serve) fn of(
        operating: &Operating,
        draft: &mut Draft<'_>,
        undone: &Unmerged,
        visible: &Visible,
    ) -> Result<Self, Problem> {
        let written = |id: PersonId| id.enterprise_id(&operating.prefix);
        let mut decided_again = Vec::new();
        for (record, person, task) in &undone.since {
            if read::record(draft, *record, visible)?.is_some() {
                let person = read::person(&operating.index(), draft, *person, visible)?.map(|it| it.person);
                decided_again.push(DecidedAgain {
                    record: record.to_string(),
                    person: person.map(written).unwrap_or_default(),
                    task: task.to_string(),
                });
            }
        }
        Ok(Self { persons: [undone.survivor, undone.absorbed].map(written), decided_again })
    }
}

/// A person that the caller may see.
pub(in crate::serve) fn seen(
    operating: &Operating,
    draft: &mut Draft<'_>,
    id: PersonId,
    visible: &Visible,
) -> Result<PersonView, Problem> {
    read::person(&operating.index(), draft, id, visible)?.ok_or_else(|| Problem::not_found("person"))
}

/// The person of a record that the caller may see, with all that it may see of it.
pub(in crate::serve) fn seen_of(
    operating: &Operating,
    draft: &mut Draft<'_>,
    record: RecordId,
    visible: &Visible,
) -> Result<PersonView, Problem> {
    let found = read::record(draft, record, visible)?.ok_or_else(|| Problem::not_found("record"))?;
    let person = read::resolve(&operating.index(), draft, &found.identifier, visible)?;
    person.ok_or_else(|| Problem::not_found("record"))
}
