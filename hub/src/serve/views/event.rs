//! Events of the change feed: ids only, never a value.

use consent::registry::{PolicyState, SessionId};
use directory::{Instant, InstitutionId};
use mpi::events::{Announced, Announcement};
use mpi::{Event, Standing};
use serde::Serialize;
use utoipa::ToSchema;

/// One thing that changed. Which ids stand in it depends on its type.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = Event)]
pub(in crate::serve) struct EventView {
    /// The position of its batch in the log; for callers of the whole network.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// `record-stored`, `person-created`, `record-moved`, `merged`, `unmerged`, `task-opened`, `task-changed`,
    /// `constrained`, `erased`, `rules-activated`, `related`, `kept-apart`, `reconciled`; of the directory
    /// `directory-stated` or `participants-listed`; of consent `consent-changed` and `care-changed` (answers about the
    /// person are out of date), `policy-changed`, `veto-changed`, `emergency-changed`.
    #[schema(example = "record-moved")]
    r#type: &'static str,
    /// A record.
    #[serde(skip_serializing_if = "Option::is_none")]
    record: Option<String>,
    /// The other record, or the other person, of two.
    #[serde(skip_serializing_if = "Option::is_none")]
    other: Option<String>,
    /// The custodian of the record.
    #[serde(skip_serializing_if = "Option::is_none")]
    institution: Option<String>,
    /// The version of the record, of what was signed under it, or of the policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u32>,
    /// What became of the version: `current`, `history` or `quarantined`; of the policy `draft` to `retired`.
    #[serde(skip_serializing_if = "Option::is_none")]
    standing: Option<&'static str>,
    /// A person: that was created, that a record came to, or that survived a merge.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// The person that a record left.
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<String>,
    /// The person that was merged into the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    absorbed: Option<String>,
    /// A merge.
    #[serde(skip_serializing_if = "Option::is_none")]
    merge: Option<String>,
    /// Whether the rules merged.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_automatic: Option<bool>,
    /// A task.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    /// Its kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// A version of the rules.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<String>,
    /// The run that applies a change of rules, or takes it back, and did this.
    #[serde(skip_serializing_if = "Option::is_none")]
    run: Option<String>,
    /// What kind of entry of the directory was stated: `institution`, `authority`, `practitioner`, `post`, `client` or
    /// `participation`.
    #[serde(skip_serializing_if = "Option::is_none")]
    entity: Option<&'static str>,
    /// The id of the entry, or of the emergency session.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// Whether the entry is there in that time.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_there: Option<bool>,
    /// From when it holds.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_from: Option<String>,
    /// Until when it holds, if that is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
    /// The number of a list of participants.
    #[serde(skip_serializing_if = "Option::is_none")]
    list: Option<u32>,
}

impl EventView {
    /// An event; `seq` for those who may know how much happened in all.
    pub(in crate::serve) fn new(announced: &Announced, seq: Option<u64>, prefix: &str) -> Self {
        let view = match &announced.what {
            Announcement::Index(event) => Self::of_index(event, prefix),
            Announcement::Directory(event) => of_directory(event),
            // Whom it may be shown to is judged where the register of consent can be read.
            Announcement::Consent(_) => Self::default(),
        };
        Self { seq, run: announced.run.as_ref().map(ToString::to_string), ..view }
    }

    /// A change in what may be seen of a person.
    pub(in crate::serve) fn about_person(kind: &'static str, version: u32, from: Option<Instant>) -> Self {
        let valid_from = from.map(|from| from.to_string());
        Self { r#type: kind, version: Some(version), valid_from, ..Self::default() }
    }

    /// A step in the life of a version of the policy.
    pub(in crate::serve) fn of_policy(version: u32, state: PolicyState, from: Instant) -> Self {
        let standing = match state {
            PolicyState::Draft => "draft",
            PolicyState::Reviewed => "reviewed",
            PolicyState::Scheduled => "scheduled",
            PolicyState::Active => "active",
            PolicyState::Retired => "retired",
        };
        let valid_from = (state == PolicyState::Scheduled).then(|| from.to_string());
        let version = Some(version);
        Self { r#type: "policy-changed", version, standing: Some(standing), valid_from, ..Self::default() }
    }

    /// A veto of a custodian, or its end.
    pub(in crate::serve) fn of_veto(custodian: &InstitutionId, from: Instant) -> Self {
        let institution = Some(custodian.to_string());
        Self { r#type: "veto-changed", institution, valid_from: Some(from.to_string()), ..Self::default() }
    }

    /// An emergency session.
    pub(in crate::serve) fn of_session(session: SessionId) -> Self {
        Self { r#type: "emergency-changed", id: Some(session.to_string()), ..Self::default() }
    }

    /// The same about a person, and perhaps under a record that the caller may know of.
    pub(in crate::serve) fn naming(self, person: String, record: Option<String>) -> Self {
        // The version is one of the record's journal, and tells how much was signed there.
        let version = self.version.filter(|_| record.is_some());
        Self { person: Some(person), record, version, ..self }
    }

    /// The same at a position of the log.
    pub(in crate::serve) fn at(self, seq: Option<u64>) -> Self {
        Self { seq, ..self }
    }

    /// Its type.
    pub(in crate::serve) fn kind(&self) -> &'static str {
        self.r#type
    }

    fn of_index(event: &Event, prefix: &str) -> Self {
        match event {
            Event::RecordStored { .. } | Event::RecordMoved { .. } | Event::Erased { .. } => of_record(event, prefix),
            Event::PersonCreated { person } => {
                Self { r#type: "person-created", person: Some(person.enterprise_id(prefix)), ..Self::default() }
            }
            Event::Merged { .. } | Event::Unmerged { .. } => of_merge(event, prefix),
            Event::TaskOpened { task, kind } => {
                let kind = Some(kind.name());
                Self { r#type: "task-opened", task: Some(task.to_string()), kind, ..Self::default() }
            }
            Event::TaskChanged { task } => {
                Self { r#type: "task-changed", task: Some(task.to_string()), ..Self::default() }
            }
            Event::Constrained { record, other } => {
                let (record, other) = (Some(record.to_string()), Some(other.to_string()));
                Self { r#type: "constrained", record, other, ..Self::default() }
            }
            Event::Related { record, other } => {
                let (record, other) = (Some(record.to_string()), Some(other.to_string()));
                Self { r#type: "related", record, other, ..Self::default() }
            }
            Event::RulesActivated { version } => {
                Self { r#type: "rules-activated", rules: Some(version.to_string()), ..Self::default() }
            }
            Event::KeptApart { one, other } | Event::Reconciled { one, other } => Self {
                r#type: if matches!(event, Event::KeptApart { .. }) { "kept-apart" } else { "reconciled" },
                person: Some(one.enterprise_id(prefix)),
                other: Some(other.enterprise_id(prefix)),
                ..Self::default()
            },
            // It marks a batch and is never announced.
            Event::ByRun { run } => Self { r#type: "by-run", run: Some(run.to_string()), ..Self::default() },
        }
    }
}

/// Every type of event, for subscriptions that want some of them.
pub(in crate::serve) const TYPES: &[&str] = &[
    "record-stored",
    "person-created",
    "record-moved",
    "merged",
    "unmerged",
    "task-opened",
    "task-changed",
    "constrained",
    "erased",
    "rules-activated",
    "related",
    "kept-apart",
    "reconciled",
    "directory-stated",
    "participants-listed",
    "consent-changed",
    "care-changed",
    "policy-changed",
    "veto-changed",
    "emergency-changed",
];

fn of_directory(event: &directory::Event) -> EventView {
    match event {
        directory::Event::Stated { entity, period, is_there, .. } => {
            let (entity, id) = entity_of(entity);
            let until = period.until();
            EventView {
                r#type: "directory-stated",
                entity: Some(entity),
                id: Some(id),
                is_there: Some(*is_there),
                valid_from: Some(period.from().to_string()),
                valid_until: (*period != directory::Period::since(period.from())).then(|| until.to_string()),
                ..EventView::default()
            }
        }
        directory::Event::Listed { list, effective, .. } => EventView {
            r#type: "participants-listed",
            list: Some(list.0),
            valid_from: Some(effective.to_string()),
            ..EventView::default()
        },
    }
}

fn entity_of(entity: &directory::Entity) -> (&'static str, String) {
    use directory::Entity;
    match entity {
        Entity::Institution(id) => ("institution", id.to_string()),
        Entity::Authority(id) => ("authority", id.to_string()),
        Entity::Practitioner(id) => ("practitioner", id.to_string()),
        Entity::Post(id, institution) => ("post", format!("{id} {institution}")),
        Entity::Client(id) => ("client", id.to_string()),
        Entity::Participation(id) => ("participation", id.to_string()),
    }
}

fn of_record(event: &Event, prefix: &str) -> EventView {
    match event {
        Event::RecordStored { record, institution, version, standing } => EventView {
            r#type: "record-stored",
            record: Some(record.to_string()),
            institution: Some(institution.to_string()),
            version: Some(*version),
            standing: Some(match standing {
                Standing::Current => "current",
                Standing::History => "history",
                Standing::Quarantined => "quarantined",
            }),
            ..EventView::default()
        },
        Event::RecordMoved { record, institution, from, to } => EventView {
            r#type: "record-moved",
            record: Some(record.to_string()),
            institution: Some(institution.to_string()),
            person: Some(to.enterprise_id(prefix)),
            from: from.map(|from| from.enterprise_id(prefix)),
            ..EventView::default()
        },
        Event::Erased { record, institution } => EventView {
            r#type: "erased",
            record: Some(record.to_string()),
            institution: Some(institution.to_string()),
            ..EventView::default()
        },
        _ => EventView::default(),
    }
}

fn of_merge(event: &Event, prefix: &str) -> EventView {
    match event {
        Event::Merged { merge, survivor, absorbed, is_automatic } => EventView {
            r#type: "merged",
            merge: Some(merge.to_string()),
            person: Some(survivor.enterprise_id(prefix)),
            absorbed: Some(absorbed.enterprise_id(prefix)),
            is_automatic: Some(*is_automatic),
            ..EventView::default()
        },
        Event::Unmerged { merge, survivor, absorbed } => EventView {
            r#type: "unmerged",
            merge: Some(merge.to_string()),
            person: Some(survivor.enterprise_id(prefix)),
            absorbed: Some(absorbed.enterprise_id(prefix)),
            ..EventView::default()
        },
        _ => EventView::default(),
    }
}
