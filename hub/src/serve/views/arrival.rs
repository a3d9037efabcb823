//! A record as a source sends it, and what became of it. The answer holds no personal value: it is stored for repeats.

use std::collections::BTreeMap;

use directory::{Instant, InstitutionId};
use mpi::kv::Draft;
use mpi::{Arrival, Arrived, Attribute, Demographics, Evidence, Outcome, Visible, read, review};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::life::LifeView;
use crate::index::Operating;
use crate::serve::caller::Caller;
use crate::serve::ids;
use crate::serve::problem::{ErrorCode, FieldError, Problem};

/// A source record, new or changed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewRecord {
    /// The assigning authority: an object identifier or an URI.
    #[schema(example = "urn:oid:1.2.392.200119.6.102.11310000001")]
    authority: String,
    /// The local id in the domain of the authority.
    #[schema(example = "0001234567")]
    local_id: String,
    /// The custodian; missing: the caller's institution.
    institution: Option<String>,
    /// When this holds from, as the source says; missing: now.
    event_time: Option<String>,
    /// What the source says, by attribute, as it is written there: `family_kanji`, `given_kanji`, `family_kana`,
    /// `given_kana`, `name_romaji`, `former_family`, `common_name`, `sex`, `birth_date`, `postcode`, `address`, `phone`,
    /// `insurer_no`, `insured_symbol`, `insured_no`, `branch_no`, `card_id`, `birth_order`.
    demographics: BTreeMap<String, String>,
    /// What it says of life and death.
    #[serde(default)]
    life: LifeView,
}

impl NewRecord {
    /// The arrival that a caller may send.
    pub(in crate::serve) fn arrival(&self, caller: &Caller, now: Instant) -> Result<Arrival, Problem> {
        Ok(Arrival {
            identifier: ids::identifier(("authority", &self.authority), ("local_id", &self.local_id))?,
            institution: custodian(self.institution.as_deref(), caller)?,
            event_time: self.event_time.as_deref().map_or(Ok(now), |text| ids::instant("event_time", text))?,
            demographics: demographics(&self.demographics)?,
            life: self.life.status()?,
        })
    }
}

/// Whose record it is: an institution sends its own only.
fn custodian(given: Option<&str>, caller: &Caller) -> Result<InstitutionId, Problem> {
    let given = given.map(InstitutionId::new).transpose();
    let given = given.map_err(|error| Problem::bad_field("institution", error.to_string()))?;
    match (given, caller.institution()) {
        (Some(given), Some(own)) if given != *own => {
            Err(Problem::new(ErrorCode::NotAllowed, format!("this caller sends records of `{own}` only")))
        }
        (Some(given), _) => Ok(given),
        (None, Some(own)) => Ok(own.clone()),
        (None, None) => Err(Problem::bad_field("institution", "is missing, and the caller belongs to none")),
    }
}

/// Texts by the names of attributes; every name that is not known is told.
pub(in crate::serve) fn demographics(texts: &BTreeMap<String, String>) -> Result<Demographics, Problem> {
    let mut demographics = Demographics::new();
    let mut errors = Vec::new();
    for (name, text) in texts {
        match Attribute::named(name) {
            Some(attribute) => demographics.set(attribute, text),
            None => errors.push(FieldError {
                field: format!("demographics.{name}"),
                reason: format!("is no attribute of the index; it keeps {}", attributes()),
            }),
        }
    }
    if errors.is_empty() { Ok(demographics) } else { Err(Problem::bad_fields(errors)) }
}

fn attributes() -> String {
    let names: Vec<&str> = Attribute::ALL.iter().map(|attribute| attribute.name()).collect();
    format!("`{}`", names.join("`, `"))
}

/// What became of a record.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Arrived)]
pub(in crate::serve) struct ArrivedView {
    /// `created`: a new person; `linked`: a new record of a known person; `updated`; `unchanged`; `history`: older than
    /// what is known; `quarantined`: it looks like another person and waits for a clerk.
    #[schema(example = "linked")]
    outcome: &'static str,
    /// The record's id.
    record: String,
    /// The enterprise id.
    #[schema(example = "N-1234-5678-9018")]
    person: String,
    /// The version that was stored; the current one when nothing had changed.
    version: u32,
    /// What a link rests on.
    #[serde(skip_serializing_if = "Option::is_none")]
    evidence: Option<EvidenceView>,
    /// Tasks that were opened or strengthened.
    tasks: Vec<String>,
    /// Blocks that were too large to be compared whole; for callers of the whole network.
    blocks_cut: u32,
}

/// What an automatic decision rests on.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Evidence)]
pub(in crate::serve) struct EvidenceView {
    /// The record that decided.
    with: String,
    /// Match weight in bits, after guards.
    weight: f64,
    /// The version of rules, weights and frequencies.
    rules: String,
}

impl EvidenceView {
    pub(in crate::serve) fn new(evidence: &Evidence) -> Self {
        Self { with: evidence.with.to_string(), weight: evidence.weight, rules: evidence.rules.to_string() }
    }
}

impl ArrivedView {
    /// What a caller may know of it: what hidden records have done to it is not told.
    pub(in crate::serve) fn of(
        operating: &Operating,
        draft: &mut Draft<'_>,
        (arrival, arrived): (&Arrival, &Arrived),
        visible: &Visible,
    ) -> Result<Self, mpi::Error> {
        let (mut person, mut tasks) = (arrived.person, Vec::new());
        if *visible != Visible::All {
            let seen = read::cross_reference(&operating.index(), draft, &arrival.identifier, visible)?;
            person = seen.map_or(person, |seen| seen.person);
        }
        for task in &arrived.tasks {
            if *visible == Visible::All || review::task(draft, *task, visible)?.is_some() {
                tasks.push(task.to_string());
            }
        }
        let (outcome, evidence) = match &arrived.outcome {
            Outcome::Created => ("created", None),
            Outcome::Linked(evidence) if *visible == Visible::All => ("linked", Some(evidence)),
            Outcome::Linked(evidence) => match read::record(draft, evidence.with, visible)? {
                Some(_) => ("linked", Some(evidence)),
                None => ("created", None),
            },
            Outcome::Updated => ("updated", None),
            Outcome::Unchanged => ("unchanged", None),
            Outcome::History => ("history", None),
            Outcome::Quarantined => ("quarantined", None),
        };
        Ok(Self {
            outcome,
            record: arrived.record.to_string(),
            person: person.enterprise_id(&operating.prefix),
            version: arrived.version,
            evidence: evidence.map(EvidenceView::new),
            tasks,
            blocks_cut: if *visible == Visible::All { arrived.blocks_cut } else { 0 },
        })
    }
}
