//! What a draft of the policy would change, as an officer reads it.

use consent::simulate::{Change, ChangeKey, Direction, PolicyDiff, Witness};
use consent::{EmergencyKind, Relation};
use directory::Instant;
use mpi::PersonId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::serve::background::State;
use crate::serve::drafts::{About, DraftRun, Places};
use crate::serve::problem::Problem;

/// What is tried.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewDraftRun {
    /// How many days ahead windows that begin or end are looked at: 1 to 366; missing: 90.
    horizon_days: Option<u32>,
}

/// Days ahead unless said otherwise.
const HORIZON_DAYS: u32 = 90;
/// The most days ahead: further on nobody knows what will be signed.
const HORIZON_DAYS_MAX: u32 = 366;

impl NewDraftRun {
    pub(in crate::serve) fn about(&self, version: u32) -> Result<About, Problem> {
        let horizon_days = self.horizon_days.unwrap_or(HORIZON_DAYS);
        if !(1..=HORIZON_DAYS_MAX).contains(&horizon_days) {
            return Err(Problem::bad_field("horizon_days", format!("must be from 1 to {HORIZON_DAYS_MAX}")));
        }
        Ok(About { version, horizon_days })
    }
}

/// A run of a draft.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DraftRun)]
pub(in crate::serve) struct DraftRunView {
    /// Its id.
    id: String,
    /// The version that is tried.
    version: u32,
    /// `running`, `done` or `failed`.
    #[schema(example = "done")]
    state: &'static str,
    /// What it does now.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage: Option<&'static str>,
    /// How much of the reading is done, in percent.
    percent: u32,
    /// Names the findings; whoever reviews the version gives it.
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    /// What would change.
    #[serde(skip_serializing_if = "Option::is_none")]
    findings: Option<FindingsView>,
}

impl DraftRunView {
    pub(in crate::serve) fn new(run: &DraftRun) -> Self {
        let (state, stage, found) = match run.state() {
            State::Running(stage) => ("running", Some(stage), None),
            State::Done(found) => ("done", None, Some(found)),
            State::Failed => ("failed", None, None),
        };
        Self {
            id: run.id.clone(),
            version: run.about.version,
            state,
            stage,
            percent: run.percent(),
            digest: found.as_ref().map(|found| found.digest.to_string()),
            findings: found.map(|found| found.view.clone()),
        }
    }
}

/// What would change.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DraftFindings)]
pub(in crate::serve) struct FindingsView {
    /// The version that was tried.
    version: u32,
    /// The version in force that it was compared with; missing when there was none, and then nobody sees anything today.
    #[serde(skip_serializing_if = "Option::is_none")]
    against: Option<u32>,
    /// From when to when windows that begin or end were looked at.
    from: String,
    until: String,
    /// Patients who were looked at.
    patients: u64,
    /// Patients for whom somebody sees more or less.
    affected: u64,
    /// Patients with too many rules to be compared; what changes for them is not known.
    unresolved: u64,
    /// Some of these, by enterprise id.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unresolved_examples: Vec<String>,
    /// Whether somebody would see more than today, or that cannot be excluded: the reviewer has to confirm it.
    widens: bool,
    /// Whether duties beside, the length of emergencies, or the time for which answers may be kept would change.
    changes_conditions: bool,
    /// Everything that opens or closes.
    changes: Vec<ChangeView>,
}

/// A kind of change.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DraftChange)]
pub(in crate::serve) struct ChangeView {
    /// `gained`: it may be seen and could not be before; `lost`: the other way round.
    #[schema(example = "gained")]
    direction: &'static str,
    /// The kind of institution that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    institution_kind: Option<&'static str>,
    /// In which role.
    role: &'static str,
    /// Why.
    purpose: &'static str,
    /// In which emergency, if in one.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    emergency: Option<EmergencyKind>,
    /// Whether the record carries a label that one of the policies calls sensitive.
    is_sensitive: bool,
    /// Which data.
    category: &'static str,
    /// How many patients.
    patients: u64,
    /// For how many of them at once; for the others when a window begins or ends.
    patients_now: u64,
    /// The first of them, by enterprise id.
    examples: Vec<String>,
    /// A question about the first that is answered differently.
    #[serde(skip_serializing_if = "Option::is_none")]
    witness: Option<WitnessView>,
}

/// A question that is answered differently.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DraftWitness)]
pub(in crate::serve) struct WitnessView {
    /// Who asks.
    institution: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    practitioner: Option<String>,
    /// What the requester has to do with the patient.
    #[schema(value_type = Vec<String>)]
    relations: Vec<Relation>,
    /// Whose record.
    custodian: String,
    /// With which labels.
    labels: Vec<&'static str>,
    /// When.
    at: String,
}

impl FindingsView {
    pub(in crate::serve) fn new(
        ((version, against), widens): ((u32, Option<u32>), bool),
        (from, until): (Instant, Instant),
        (diff, places): (&PolicyDiff<PersonId>, &Places),
        name: impl Fn(&PersonId) -> String,
    ) -> Self {
        let change = |(key, change): (&ChangeKey, &Change<PersonId>)| ChangeView {
            direction: match key.direction {
                Direction::Gained => "gained",
                Direction::Lost => "lost",
            },
            institution_kind: key.kind.map(directory::InstitutionKind::word),
            role: key.role.word(),
            purpose: key.purpose.code(),
            emergency: key.emergency,
            is_sensitive: key.is_sensitive,
            category: key.category.word(),
            patients: change.patients,
            patients_now: change.patients_now,
            examples: change.examples.iter().map(&name).collect(),
            witness: WitnessView::new(&change.witness, places),
        };
        Self {
            version,
            against,
            from: from.to_string(),
            until: until.to_string(),
            patients: diff.patients,
            affected: diff.affected,
            unresolved: diff.unresolved,
            unresolved_examples: diff.unresolved_examples.iter().map(&name).collect(),
            widens,
            changes_conditions: diff.changes_conditions || against.is_none(),
            changes: diff.changes.iter().map(change).collect(),
        }
    }
}

impl WitnessView {
    fn new(witness: &Witness, places: &Places) -> Option<Self> {
        let (institution, practitioner) = places.seats.get(witness.seat)?;
        let relationship = places.relations.get(witness.relation)?;
        Some(Self {
            institution: institution.to_string(),
            practitioner: practitioner.as_ref().map(ToString::to_string),
            relations: Relation::ALL.into_iter().filter(|relation| relationship.relations.has(*relation)).collect(),
            custodian: places.custodians.get(witness.record)?.to_string(),
            labels: places.labels.get(witness.label)?.iter().map(consent::Label::code).collect(),
            at: witness.now.to_string(),
        })
    }
}
