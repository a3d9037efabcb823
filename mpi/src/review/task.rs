//! A task: one doubt, what it rests on, and how far it has come.

use crate::event::{Event, log};
use crate::store::{decode, encode};
use crate::{Actor, Error, Evidence, MergeId, PersonId, RecordId, Refusal, Stamp, TaskId, space};
use directory::{Instant, InstitutionId};
use kv::{Digester, Draft, Key, Partition};
use serde::{Deserialize, Serialize};

/// What kind of doubt a task is about, the riskiest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TaskKind {
    /// An update looks like another person: the local id may have been given away, or the wrong chart was open.
    Overlay,
    /// A record is strongly like two persons that nobody has found to be one.
    Bridge,
    /// A record is nearly alike to two persons who must stay apart.
    NearTie,
    /// Records of one person contradict each other, or a strong match is contradicted by another record.
    Conflict,
    /// A pair between the two thresholds.
    PossibleMatch,
    /// A record that was decided again because a merge was undone.
    Reassigned,
    /// One institution has two records of one person.
    InHospitalDuplicate,
}

impl TaskKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::Overlay,
        Self::Bridge,
        Self::NearTie,
        Self::Conflict,
        Self::PossibleMatch,
        Self::Reassigned,
        Self::InHospitalDuplicate,
    ];

    /// The word used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Overlay => "overlay",
            Self::Bridge => "bridge",
            Self::NearTie => "near-tie",
            Self::Conflict => "conflict",
            Self::PossibleMatch => "possible-match",
            Self::Reassigned => "reassigned",
            Self::InHospitalDuplicate => "in-hospital-duplicate",
        }
    }

    /// How soon somebody should look, 0..=9: what can hurt a patient first.
    #[must_use]
    pub const fn priority(self) -> u8 {
        match self {
            Self::Overlay => 9,
            Self::Bridge | Self::NearTie => 7,
            Self::Conflict => 6,
            Self::Reassigned => 5,
            Self::PossibleMatch => 4,
            Self::InHospitalDuplicate => 2,
        }
    }

    /// Whether a second clerk has to agree before it is decided.
    #[must_use]
    pub const fn needs_four_eyes(self) -> bool {
        matches!(self, Self::Overlay | Self::Bridge | Self::NearTie)
    }
}

/// How far a task has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskState {
    /// Nobody has it.
    Open,
    /// Somebody works on it until the lease ends.
    Claimed {
        /// Who.
        by: Actor,
        /// When the lease ends.
        until: Instant,
    },
    /// Nobody needs to look before then.
    Deferred {
        /// When it opens again.
        until: Instant,
    },
    /// Decided by one clerk; another has to agree.
    Proposed {
        /// Who decided.
        by: Actor,
        /// What.
        decision: TaskDecision,
    },
    /// Decided, or settled by itself.
    Closed {
        /// Who.
        by: Actor,
        /// When.
        at: Instant,
        /// What was done.
        outcome: TaskOutcome,
    },
}

/// What a clerk decides about a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskDecision {
    /// The persons are one: they are merged.
    SamePerson,
    /// They are not: they are kept apart, whatever any score says.
    DifferentPersons,
    /// The waiting version is right, and so is where the record is.
    Accept,
    /// The waiting version is wrong: it stays in the history and never holds.
    Reject,
    /// The record is of another person from here on.
    Split,
}

impl TaskDecision {
    /// The word used in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SamePerson => "same-person",
            Self::DifferentPersons => "different-persons",
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Split => "split",
        }
    }

    /// The decision of that word.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let all = [Self::SamePerson, Self::DifferentPersons, Self::Accept, Self::Reject, Self::Split];
        all.into_iter().find(|decision| decision.name() == name)
    }
}

/// What deciding a task did: enough to undo it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TaskOutcome {
    /// The persons were merged.
    Merged(MergeId),
    /// The persons are kept apart.
    KeptApart,
    /// The version holds now, or the record stays where it is.
    Accepted,
    /// The version never holds.
    Rejected,
    /// The record was moved to this person.
    Split(PersonId),
    /// The doubt had gone by itself.
    Settled,
    /// A later version took the place of the one that waited, and has a task of its own.
    Superseded,
}

/// One doubt for a clerk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// Its id.
    pub id: TaskId,
    /// What kind of doubt.
    pub kind: TaskKind,
    /// How soon somebody should look, 0..=9.
    pub priority: u8,
    /// When it was opened.
    pub opened: Instant,
    /// The records that it is about: the one that arrived, then those that it is like.
    pub records: Vec<RecordId>,
    /// The persons that it is about, as they stood when it was opened.
    pub persons: Vec<PersonId>,
    /// Custodians of the records: an institution sees the tasks about its own.
    pub institutions: Vec<InstitutionId>,
    /// The version of the first record that waits, for an overlay.
    pub version: Option<u32>,
    /// What it rests on.
    pub evidence: Option<Evidence>,
    /// How far it has come.
    pub state: TaskState,
}

/// What a list of tasks shows, and what it can be filtered by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct QueueRow {
    /// The kind.
    pub kind: TaskKind,
    /// Custodians of the records.
    pub institutions: Vec<InstitutionId>,
}

/// A task in the making.
#[derive(Debug)]
pub(crate) struct Seed {
    /// The kind.
    pub kind: TaskKind,
    /// The records.
    pub records: Vec<RecordId>,
    /// The persons.
    pub persons: Vec<PersonId>,
    /// Custodians of the records.
    pub institutions: Vec<InstitutionId>,
    /// What makes it one doubt and not another.
    pub about: About,
    /// What it rests on.
    pub evidence: Option<Evidence>,
}

/// What makes a doubt this one and not another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// Whether the persons are one.
    Persons,
    /// What one institution has of one person.
    Institution,
    /// A version of the first record that waits.
    Version(u32),
    /// Where the first record belongs now that a merge is undone.
    Merge(MergeId),
}

const HEAD: &[u8] = b"h";

/// The partition of a task.
pub(crate) fn partition(id: TaskId) -> Partition {
    Partition::new(space::TASK, id.0)
}

/// Where a task that is not closed stands in the queue: the highest priority first, then the oldest.
pub(crate) fn queue_key(task: &Task) -> Key {
    let mut sort = vec![u8::MAX - task.priority];
    sort.extend_from_slice(&task.opened.micros().to_be_bytes());
    sort.extend_from_slice(&task.id.0);
    Partition::new(space::QUEUE, *b"open").key(sort)
}

/// One doubt is one task. Kinds of one doubt share it: a possible match that becomes a bridge is the same question.
fn id_of(digester: &Digester, seed: &Seed) -> TaskId {
    let mut persons: Vec<[u8; 8]> = seed.persons.iter().map(|person| person.to_bytes()).collect();
    persons.sort_unstable();
    let first = seed.records.first().map_or([0; 16], |record| record.0);
    let institution = seed.institutions.first().map_or("", |institution| institution.as_str());
    TaskId(match seed.about {
        About::Persons => {
            let parts: Vec<&[u8]> = persons.iter().map(<[u8; 8]>::as_slice).collect();
            digester.digest("task about persons", &parts)
        }
        About::Institution => {
            let person = persons.first().copied().unwrap_or_default();
            digester.digest("task about an institution", &[&person, institution.as_bytes()])
        }
        About::Version(version) => return about_version(digester, RecordId(first), version),
        About::Merge(merge) => digester.digest("task about a merge", &[&first, &merge.0]),
    })
}

/// The task about a version that waits.
pub(crate) fn about_version(digester: &Digester, record: RecordId, version: u32) -> TaskId {
    TaskId(digester.digest("task about a version", &[&record.0, &version.to_be_bytes()]))
}

/// One task.
pub(crate) fn task(draft: &mut Draft<'_>, id: TaskId) -> Result<Option<Task>, Error> {
    draft.get(&partition(id).key(HEAD))?.map(|bytes| decode("task", &bytes)).transpose()
}

/// Writes a task and its place in the queue.
pub(crate) fn put(draft: &mut Draft<'_>, before: Option<&Task>, task: &Task) -> Result<(), Error> {
    if let Some(before) = before {
        draft.delete(queue_key(before));
    }
    if !matches!(task.state, TaskState::Closed { .. }) {
        let row = QueueRow { kind: task.kind, institutions: task.institutions.clone() };
        draft.put(queue_key(task), encode("queue", &row)?);
    }
    draft.put(partition(task.id).key(HEAD), encode("task", task)?);
    Ok(())
}

/// Closes a task that nobody has to decide any more; one that is closed stays as it is.
///
/// # Errors
/// [`Refusal::NoTask`].
pub(crate) fn settle(draft: &mut Draft<'_>, id: TaskId, outcome: TaskOutcome, stamp: &Stamp) -> Result<(), Error> {
    draft.rely(&partition(id))?;
    let before = task(draft, id)?.ok_or(Refusal::NoTask(id))?;
    if matches!(before.state, TaskState::Closed { .. }) {
        return Ok(());
    }
    let state = TaskState::Closed { by: stamp.actor.clone(), at: stamp.now, outcome };
    put(draft, Some(&before), &Task { state, ..before.clone() })?;
    log(draft, &Event::TaskChanged { task: id })
}

/// Opens a task, or strengthens the one that asks the same; a closed one stays closed unless the doubt is riskier now.
pub(crate) fn open(draft: &mut Draft<'_>, digester: &Digester, seed: Seed, stamp: &Stamp) -> Result<TaskId, Error> {
    let id = id_of(digester, &seed);
    draft.rely(&partition(id))?;
    let before = task(draft, id)?;
    if before.as_ref().is_some_and(|known| known.kind <= seed.kind) {
        return Ok(id);
    }
    let after = Task {
        id,
        kind: seed.kind,
        priority: seed.kind.priority(),
        opened: before.as_ref().map_or(stamp.now, |known| known.opened),
        records: seed.records,
        persons: seed.persons,
        institutions: seed.institutions,
        version: match seed.about {
            About::Version(version) => Some(version),
            _ => None,
        },
        evidence: seed.evidence,
        state: TaskState::Open,
    };
    put(draft, before.as_ref(), &after)?;
    log(draft, &Event::TaskOpened { task: id, kind: after.kind })?;
    Ok(id)
}
