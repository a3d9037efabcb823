//! Review tasks: one line of the queue, and everything that a clerk has to see to decide.

use directory::Instant;
use mpi::kv::Draft;
use mpi::read::{RecordView, VersionView};
use mpi::{PersonId, Task, TaskDecision, TaskKind, TaskOutcome, TaskState, Visible, read};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::arrival::EvidenceView;
use super::record::{RecordBody, VersionBody};
use super::waterfall::{Side, WaterfallView};
use crate::index::Operating;
use crate::serve::caller::Caller;
use crate::serve::problem::Problem;

/// One doubt for a clerk.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task)]
pub(in crate::serve) struct TaskView {
    /// Its id.
    id: String,
    /// `overlay`, `bridge`, `near-tie`, `conflict`, `possible-match`, `reassigned` or `in-hospital-duplicate`.
    #[schema(example = "possible-match")]
    kind: &'static str,
    /// How soon somebody should look, 0 to 9.
    priority: u8,
    /// Whether a second clerk has to agree.
    needs_four_eyes: bool,
    /// When it was opened.
    opened: String,
    /// The records that it is about: the one that arrived, then those that it is like.
    records: Vec<String>,
    /// The persons that it is about.
    persons: Vec<String>,
    /// The custodians of the records.
    institutions: Vec<String>,
    /// The version of the first record that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    /// What it rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceView>,
    /// `open`, `claimed`, `deferred`, `proposed` or `closed`.
    #[schema(example = "open")]
    state: &'static str,
    /// Who claimed, proposed or closed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    /// Until when it is claimed or deferred.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
    /// What was proposed.
    #[serde(skip_serializing_if = "Option::is_none")]
    decision: Option<&'static str>,
    /// When it was closed.
    #[serde(skip_serializing_if = "Option::is_none")]
    closed: Option<String>,
    /// What closing it did: `merged`, `kept-apart`, `accepted`, `rejected`, `split`, `settled` or `superseded`.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    /// The merge that closing it did.
    #[serde(skip_serializing_if = "Option::is_none")]
    merge: Option<String>,
}

impl TaskView {
    /// A task as a caller sees it that may see its records. Persons are those of its records as the caller knows them.
    pub(in crate::serve) fn of(
        operating: &Operating,
        draft: &mut Draft<'_>,
        task: &Task,
        visible: &Visible,
    ) -> Result<Self, Problem> {
        let mut persons = task.persons.clone();
        if *visible != Visible::All {
            persons = known_persons(operating, draft, task, visible)?;
        }
        let mut view = Self {
            id: task.id.to_string(),
            kind: task.kind.name(),
            priority: task.priority,
            needs_four_eyes: task.kind.needs_four_eyes(),
            opened: task.opened.to_string(),
            records: task.records.iter().map(ToString::to_string).collect(),
            persons: persons.iter().map(|id| id.enterprise_id(&operating.prefix)).collect(),
            institutions: task.institutions.iter().map(ToString::to_string).collect(),
            version: task.version,
            evidence: task.evidence.as_ref().map(EvidenceView::new),
            state: "open",
            by: None,
            until: None,
            decision: None,
            closed: None,
            outcome: None,
            merge: None,
        };
        view.set_state(&task.state);
        Ok(view)
    }

    fn set_state(&mut self, state: &TaskState) {
        let time = |instant: &Instant| Some(instant.to_string());
        match state {
            TaskState::Open => {}
            TaskState::Claimed { by, until } => {
                (self.state, self.by, self.until) = ("claimed", Some(by.id.to_string()), time(until));
            }
            TaskState::Deferred { until } => (self.state, self.until) = ("deferred", time(until)),
            TaskState::Proposed { by, decision } => {
                (self.state, self.by, self.decision) = ("proposed", Some(by.id.to_string()), Some(decision.name()));
            }
            TaskState::Closed { by, at, outcome } => {
                (self.state, self.by, self.closed) = ("closed", Some(by.id.to_string()), time(at));
                self.outcome = Some(match outcome {
                    TaskOutcome::Merged(_) => "merged",
                    TaskOutcome::KeptApart => "kept-apart",
                    TaskOutcome::Accepted => "accepted",
                    TaskOutcome::Rejected => "rejected",
                    TaskOutcome::Split(_) => "split",
                    TaskOutcome::Settled => "settled",
                    TaskOutcome::Superseded => "superseded",
                });
                if let TaskOutcome::Merged(merge) = outcome {
                    self.merge = Some(merge.to_string());
                }
            }
        }
    }
}

fn known_persons(
    operating: &Operating,
    draft: &mut Draft<'_>,
    task: &Task,
    visible: &Visible,
) -> Result<Vec<PersonId>, Problem> {
    let mut persons = Vec::new();
    for record in &task.records {
        let Some(found) = read::record(draft, *record, visible)? else { continue };
        let person = read::cross_reference(&operating.index(), draft, &found.identifier, visible)?;
        persons.extend(person.map(|person| person.person).filter(|id| !persons.contains(id)));
    }
    Ok(persons)
}

/// A task with everything that a clerk has to see.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskDetail)]
pub(in crate::serve) struct TaskDetail {
    /// The task.
    #[serde(flatten)]
    task: TaskView,
    /// Its records, side by side, in the order of `records`.
    sides: Vec<RecordBody>,
    /// The version of the first record that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting: Option<VersionBody>,
    /// Why the first two are alike, or the first and what waits, by the rules that decide now.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<WaterfallView>,
    /// What may be decided.
    decisions: Vec<&'static str>,
}

impl TaskDetail {
    /// The persons that it is about, by enterprise id.
    pub(in crate::serve) fn persons(&self) -> &[String] {
        &self.task.persons
    }

    pub(in crate::serve) fn of(
        operating: &Operating,
        draft: &mut Draft<'_>,
        task: &Task,
        caller: &Caller,
    ) -> Result<Self, Problem> {
        let (visible, reader) = (caller.visible(), caller.institution());
        let mut records: Vec<RecordView> = Vec::new();
        for id in &task.records {
            records.extend(read::record(draft, *id, &visible)?);
        }
        let waiting = waiting(draft, task, &visible)?;
        let explanation = match (records.as_slice(), &waiting) {
            ([one, ..], Some(waiting)) => {
                let later = RecordView {
                    demographics: waiting.demographics.clone(),
                    life: waiting.life.clone(),
                    ..one.clone()
                };
                Some(WaterfallView::of(operating, Side::of(one, reader), Side::of(&later, reader)))
            }
            ([one, other, ..], None) => {
                Some(WaterfallView::of(operating, Side::of(one, reader), Side::of(other, reader)))
            }
            _ => None,
        };
        let is_open = |record: &RecordView, waiting: &VersionView| {
            reader == Some(&record.institution)
                || (record.life.protection.is_none() && waiting.life.protection.is_none())
        };
        let waiting = records.first().zip(waiting).map(|(record, it)| VersionBody::new(&it, is_open(record, &it)));
        Ok(Self {
            task: TaskView::of(operating, draft, task, &visible)?,
            sides: records.iter().map(|record| RecordBody::new(record, reader)).collect(),
            waiting,
            explanation,
            decisions: decisions(task.kind),
        })
    }
}

/// The version that waits for a decision.
fn waiting(draft: &mut Draft<'_>, task: &Task, visible: &Visible) -> Result<Option<VersionView>, Problem> {
    let (Some(number), Some(record)) = (task.version, task.records.first()) else { return Ok(None) };
    let versions = read::versions(draft, *record, visible)?.unwrap_or_default();
    Ok(versions.into_iter().find(|version| version.version == number))
}

/// What may be decided about a kind of task.
fn decisions(kind: TaskKind) -> Vec<&'static str> {
    use TaskDecision::{Accept, DifferentPersons, Reject, SamePerson, Split};
    let fitting: &[TaskDecision] = match kind {
        TaskKind::Overlay => &[Accept, Reject, Split],
        TaskKind::Bridge | TaskKind::NearTie | TaskKind::PossibleMatch => &[SamePerson, DifferentPersons],
        TaskKind::Conflict => &[SamePerson, DifferentPersons, Accept, Split],
        TaskKind::Reassigned | TaskKind::InHospitalDuplicate => &[Accept, Split],
    };
    fitting.iter().map(|decision| decision.name()).collect()
}

/// A page of the queue.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct TaskPage {
    /// The tasks, the most urgent first and of these the oldest.
    pub(in crate::serve) tasks: Vec<TaskView>,
    /// The token of the next page; missing on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::serve) next: Option<String>,
}

/// For how long a task is claimed.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Lease {
    /// Minutes, 1 to 480.
    #[serde(default = "default_minutes")]
    #[schema(default = 30)]
    minutes: u32,
}

fn default_minutes() -> u32 {
    30
}

/// A working day.
const MINUTES_MAX: u32 = 480;
const MICROS_PER_MINUTE: i64 = 60_000_000;

impl Lease {
    /// When the lease ends that begins now.
    pub(in crate::serve) fn end(self, now: Instant) -> Result<Instant, Problem> {
        if !(1..=MINUTES_MAX).contains(&self.minutes) {
            return Err(Problem::bad_field("minutes", format!("must be from 1 to {MINUTES_MAX}")));
        }
        Ok(now.plus_micros(i64::from(self.minutes) * MICROS_PER_MINUTE))
    }
}

/// Until when a task is put aside.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Deferral {
    /// A time.
    #[schema(example = "2026-04-01T09:00:00+09:00")]
    pub(in crate::serve) until: String,
}

/// What a clerk decides.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Decision {
    /// `same-person`, `different-persons`, `accept`, `reject` or `split`: see `decisions` of the task.
    #[schema(example = "same-person")]
    decision: String,
    /// In words that name no person.
    pub(in crate::serve) reason: String,
}

impl Decision {
    /// The decision of the word.
    pub(in crate::serve) fn parsed(&self) -> Result<TaskDecision, Problem> {
        TaskDecision::named(&self.decision).ok_or_else(|| {
            Problem::bad_field(
                "decision",
                "must be one of `same-person`, `different-persons`, `accept`, `reject`, `split`",
            )
        })
    }
}
