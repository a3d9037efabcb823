//! Masks: many records of one custodian at once, as they are asked about and answered.

use consent::{Categories, Decision, Labels, Obligation};
use directory::{Instant, InstitutionId, PractitionerId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::decision::{EmergencyOf, PatientOf, RequesterOf, category, date, name, outcome_word};
use crate::serve::caller::Caller;
use crate::serve::ids;
use crate::serve::permission::{MaskQuestion, Masked, Wanted};
use crate::serve::problem::Problem;

/// Records of one question at most: more than a chart has pages.
const RECORDS_MAX: usize = 10_000;

/// Which of these records may this requester see?
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewMask {
    /// About whom.
    patient: PatientOf,
    /// Who asks.
    requester: RequesterOf,
    /// Why.
    #[schema(example = "TREAT")]
    purpose: String,
    /// Whose records.
    custodian: String,
    /// The emergency that is declared.
    emergency: Option<EmergencyOf>,
    /// The records, at most 10,000; none: only the categories are wanted.
    #[serde(default)]
    records: Vec<MaskedRecord>,
}

/// A record of the custodian.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct MaskedRecord {
    /// What kind of data.
    #[schema(example = "prescriptions")]
    category: String,
    /// Its sensitivity labels and level of confidentiality.
    #[serde(default)]
    labels: Vec<String>,
    /// The day that it is from.
    date: Option<String>,
    /// The id of the record in the index; missing: whatever the patient has at the custodian.
    record: Option<String>,
    /// What the custodian calls the document.
    document: Option<String>,
    /// The department.
    department: Option<String>,
    /// Who wrote it.
    author: Option<String>,
}

impl NewMask {
    /// The question as the engine is asked.
    pub(in crate::serve) fn question(
        &self,
        (caller, prefix): (&Caller, &str),
        now: Instant,
    ) -> Result<MaskQuestion, Problem> {
        if self.records.len() > RECORDS_MAX {
            return Err(Problem::bad_field("records", format!("are more than {RECORDS_MAX}")));
        }
        let declared = self.emergency.as_ref().map(|emergency| emergency.declared(now)).transpose()?;
        let custodian = name("custodian", InstitutionId::new(&self.custodian))?;
        let data = self.records.iter().enumerate().map(|(place, record)| record.data(&custodian, place));
        Ok(MaskQuestion {
            patient: self.patient.patient(prefix)?,
            asked: self.requester.asked(caller, (&self.purpose, declared))?,
            data: data.collect::<Result<_, _>>()?,
            custodian,
        })
    }
}

impl MaskedRecord {
    fn data(&self, custodian: &InstitutionId, place: usize) -> Result<Wanted, Problem> {
        let field = |field: &str| format!("records[{place}].{field}");
        let author = self.author.as_deref().map(|id| name(&field("author"), PractitionerId::new(id)));
        Ok(Wanted {
            custodian: custodian.clone(),
            record_of: self.record.as_deref().map(|id| ids::record_field(&field("record"), id)).transpose()?,
            category: category(&self.category),
            labels: Labels::of_record(self.labels.iter().map(String::as_str)),
            date: self.date.as_deref().map(|text| date(&field("date"), text)).transpose()?,
            department: self.department.as_deref().map(Into::into),
            author: author.transpose()?,
            document: self.document.as_deref().map(Into::into),
        })
    }
}

/// Which records may be seen.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mask)]
pub(in crate::serve) struct MaskView {
    /// Names the answer in the audit.
    id: String,
    /// The categories in which something may be seen: all others need not be fetched.
    open: Vec<&'static str>,
    /// The categories of which every record may be seen as it is.
    whole: Vec<&'static str>,
    /// The records in the order of the question.
    records: Vec<MaskedView>,
    /// What stands against the whole question on the requester's side.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<&'static str>,
    /// For how many seconds the client may keep the answer.
    cache_for_seconds: u32,
    /// The version of the policy that decided; missing when none is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<u32>,
}

/// Whether a record may be seen.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MaskedRecordOutcome)]
pub(in crate::serve) struct MaskedView {
    /// `permit` or `deny`.
    #[schema(example = "permit")]
    outcome: &'static str,
    /// What must be done beside.
    #[schema(value_type = Vec<Object>)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    obligations: Vec<Obligation>,
}

impl MaskView {
    /// An answer of the engine.
    pub(in crate::serve) fn new(id: String, masked: &Masked, (policy, cache_for_seconds): (u32, u32)) -> Self {
        let words = |categories: Categories| categories.iter().map(consent::Category::word).collect();
        let one = |decision: &Decision| MaskedView {
            outcome: outcome_word(decision.outcome),
            obligations: decision.obligations.iter().collect(),
        };
        Self {
            id,
            open: words(masked.open),
            whole: words(masked.whole),
            records: masked.decisions.iter().map(one).collect(),
            reasons: masked.stops.iter().map(|stop| stop.word()).collect(),
            cache_for_seconds,
            policy: Some(policy),
        }
    }

    /// The answer while no policy is in force.
    pub(in crate::serve) fn without_policy(id: String, records: usize) -> Self {
        let denied = MaskedView { outcome: outcome_word(consent::Outcome::Deny), obligations: Vec::new() };
        Self {
            id,
            open: Vec::new(),
            whole: Vec::new(),
            records: vec![denied; records],
            reasons: vec!["no_policy"],
            cache_for_seconds: 0,
            policy: None,
        }
    }
}
