//! Questions of consent and their answers.
//!
//! Words that are not known are no mistake of the request but a reason to deny: an unknown purpose, role, category or label
//! is asked with the code that nothing permits. Only what has no form at all (a date, an id) is told as a wrong field.

use consent::registry::SessionId;
use consent::{
    Basis, Category, Emergency, EmergencyKind, EmergencyReason, Fate, Labels, Outcome, Purpose, Relation, Sentence,
};
use directory::{ClientId, Date, InstitutionId, PractitionerId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::serve::caller::Caller;
use crate::serve::ids;
use crate::serve::permission::{Asked, Finding, Patient, Question, Wanted};
use crate::serve::problem::Problem;

/// Who a question is about: an enterprise id, or the number of an institution.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct PatientOf {
    /// An enterprise id.
    #[schema(example = "N-1234-5678-9018")]
    person: Option<String>,
    /// The assigning authority of a local id.
    authority: Option<String>,
    /// The local id.
    value: Option<String>,
}

/// Who asks, as the client knows it. What the directory does not confirm counts against the requester.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct RequesterOf {
    /// The institution; missing: that of the token.
    institution: Option<String>,
    /// The department.
    department: Option<String>,
    /// The practitioner.
    practitioner: Option<String>,
    /// As what: `physician`, `nurse`, `pharmacist`, `clerk`, `service`, `patient` …
    #[schema(example = "physician")]
    role: String,
    /// Care relationships that the client knows of: `open_encounter`, `referral`, `registered_doctor`, `seen_recently`.
    #[serde(default)]
    relations: Vec<String>,
}

/// An emergency that the requester declares: by a session that was opened, or stated by the client.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct EmergencyOf {
    /// The session: see `POST /v1/emergencies`. Nothing else is stated beside it.
    session: Option<String>,
    /// `break_glass`, `consented`, `ambulance` or `disaster`.
    kind: Option<String>,
    /// `unconscious`, `danger_to_life`, `cannot_consent`, `unknown_identity`, `disaster` or `substitute`.
    reason: Option<String>,
    /// When the session began; missing: now.
    opened: Option<String>,
    /// Whether the person proved again who he or she is.
    #[serde(default)]
    is_reauthenticated: bool,
}

/// A question: may this requester see this?
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct DecisionQuestion {
    /// About whom.
    patient: PatientOf,
    /// Who asks.
    requester: RequesterOf,
    /// Why: `TREAT`, `COC`, `BTG` …
    #[schema(example = "TREAT")]
    purpose: String,
    /// The institution whose record it is.
    custodian: String,
    /// What kind of data: `prescriptions`, `allergies`, `tests` …
    #[schema(example = "prescriptions")]
    category: String,
    /// Its sensitivity labels and level of confidentiality.
    #[serde(default)]
    labels: Vec<String>,
    /// The day that the data is from.
    date: Option<String>,
    /// The id of the record in the index whose data it is; missing: whatever the patient has at the custodian.
    record: Option<String>,
    /// What the custodian calls the document.
    document: Option<String>,
    /// The department of the custodian.
    department: Option<String>,
    /// Who wrote it.
    author: Option<String>,
    /// The emergency that is declared.
    emergency: Option<EmergencyOf>,
}

/// Some questions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct DecisionQuestions {
    /// At most 1,000.
    pub(in crate::serve) questions: Vec<DecisionQuestion>,
}

impl PatientOf {
    /// What the index looks for.
    pub(in crate::serve) fn patient(&self, prefix: &str) -> Result<Patient, Problem> {
        match (&self.person, &self.authority, &self.value) {
            (Some(person), None, None) => Ok(Patient::Person(ids::person_field("patient.person", person, prefix)?)),
            (None, Some(authority), Some(value)) => {
                let fields = (("patient.authority", authority.as_str()), ("patient.value", value.as_str()));
                Ok(Patient::Identifier(ids::identifier(fields.0, fields.1)?))
            }
            _ => Err(Problem::bad_field("patient", "is either `person`, or `authority` with `value`")),
        }
    }
}

impl RequesterOf {
    /// The requester of a question.
    pub(in crate::serve) fn asked(
        &self,
        caller: &Caller,
        (purpose, declared): (&str, Option<Declared>),
    ) -> Result<Asked, Problem> {
        let own = caller.institution();
        let institution = match (&self.institution, own) {
            (Some(named), _) => name("requester.institution", InstitutionId::new(named))?,
            (None, Some(own)) => own.clone(),
            (None, None) => return Err(Problem::bad_field("requester.institution", "is missing")),
        };
        if own.is_some_and(|own| *own != institution) {
            return Err(Problem::bad_field("requester.institution", "is not the institution of the token"));
        }
        // A relationship that nobody knows is none.
        let relations = self.relations.iter().filter_map(|word| word_of::<Relation>(word)).collect();
        Ok(Asked {
            institution,
            department: self.department.as_deref().map(Into::into),
            practitioner: self
                .practitioner
                .as_deref()
                .map(|id| name("requester.practitioner", PractitionerId::new(id)))
                .transpose()?,
            role: self.role.parse().map_err(|_| Problem::bad_field("requester.role", "is no role"))?,
            client: name("token", ClientId::new(caller.id()))?,
            relations,
            // A purpose that nobody knows is one that nothing permits.
            purpose: purpose.parse().unwrap_or(Purpose::from_bit(u8::MAX)),
            emergency: match declared {
                Some(Declared::Stated(emergency)) => Some(emergency),
                _ => None,
            },
            session: match declared {
                Some(Declared::Session(id)) => Some(id),
                _ => None,
            },
        })
    }
}

/// How an emergency is declared.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) enum Declared {
    /// By the client.
    Stated(Emergency),
    /// By a session.
    Session(SessionId),
}

impl EmergencyOf {
    /// What is declared.
    pub(in crate::serve) fn declared(&self, now: directory::Instant) -> Result<Declared, Problem> {
        if let Some(session) = &self.session {
            let id = ids::record_field("emergency.session", session)?;
            return Ok(Declared::Session(SessionId(id.0)));
        }
        let unknown = |field: &str| Problem::bad_field(format!("emergency.{field}"), "is not known");
        let kind = self.kind.as_deref().ok_or_else(|| unknown("kind"))?;
        let reason = self.reason.as_deref().map(|word| word_of(word).ok_or_else(|| unknown("reason"))).transpose()?;
        let opened = self.opened.as_deref().map(|text| ids::instant("emergency.opened", text)).transpose()?;
        Ok(Declared::Stated(Emergency {
            kind: word_of::<EmergencyKind>(kind).ok_or_else(|| unknown("kind"))?,
            reason: reason.map(|reason: EmergencyReason| reason),
            opened: opened.unwrap_or(now),
            is_reauthenticated: self.is_reauthenticated,
        }))
    }
}

impl DecisionQuestion {
    /// The question as the engine is asked.
    pub(in crate::serve) fn question(
        &self,
        (caller, prefix): (&Caller, &str),
        now: directory::Instant,
    ) -> Result<Question, Problem> {
        let declared = self.emergency.as_ref().map(|emergency| emergency.declared(now)).transpose()?;
        Ok(Question {
            patient: self.patient.patient(prefix)?,
            asked: self.requester.asked(caller, (&self.purpose, declared))?,
            data: Wanted {
                custodian: name("custodian", InstitutionId::new(&self.custodian))?,
                record_of: self.record.as_deref().map(|id| ids::record_field("record", id)).transpose()?,
                category: category(&self.category),
                labels: Labels::of_record(self.labels.iter().map(String::as_str)),
                date: self.date.as_deref().map(|text| date("date", text)).transpose()?,
                department: self.department.as_deref().map(Into::into),
                author: self.author.as_deref().map(|id| name("author", PractitionerId::new(id))).transpose()?,
                document: self.document.as_deref().map(Into::into),
            },
        })
    }
}

/// A category by its word; one that nobody knows is one that nothing permits.
pub(in crate::serve) fn category(word: &str) -> Category {
    word.parse().unwrap_or(Category::from_bit(u8::MAX))
}

/// A calendar day.
pub(in crate::serve) fn date(field: &str, text: &str) -> Result<Date, Problem> {
    text.parse::<Date>().map_err(|error| Problem::bad_field(field, error.to_string()))
}

/// The same sentence twice.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(in crate::serve) struct SentenceView {
    /// Japanese.
    pub(in crate::serve) ja: String,
    /// English.
    pub(in crate::serve) en: String,
}

impl From<Sentence> for SentenceView {
    fn from(Sentence { japanese: ja, english: en }: Sentence) -> Self {
        Self { ja, en }
    }
}

/// A rule that stood behind an answer; for officers.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct RuleView {
    /// Its name: `network:3/ceiling of clerks`, `consent:…`.
    rule: String,
    /// `permits`, `denies`, `lifted`, `overridden` or `limits`.
    fate: &'static str,
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Decision)]
pub(in crate::serve) struct DecisionView {
    /// Names the answer in the audit.
    pub(super) id: String,
    /// `permit` or `deny`.
    #[schema(example = "permit")]
    outcome: &'static str,
    /// Why, for programs. The requester is told of the patient's side only that it may not be seen.
    pub(super) reasons: Vec<&'static str>,
    /// Why, for people.
    pub(super) sentence: SentenceView,
    /// What must be done beside. Whoever does not understand one of them must not show the data.
    #[schema(value_type = Vec<Object>)]
    pub(super) obligations: Vec<consent::Obligation>,
    /// For how many seconds the client may keep the answer.
    pub(super) cache_for_seconds: u32,
    /// The version of the policy that decided; missing when none is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    policy: Option<u32>,
    /// Every rule behind the answer; for officers.
    #[serde(skip_serializing_if = "Option::is_none")]
    rules: Option<Vec<RuleView>>,
    /// Until when the answer holds while nothing happens; for officers.
    #[serde(skip_serializing_if = "Option::is_none")]
    valid_until: Option<String>,
}

/// Answers in the order of the questions.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct DecisionViews {
    pub(in crate::serve) decisions: Vec<DecisionView>,
}

impl DecisionView {
    /// An answer of the engine. An officer reads all of it, whoever asks reads what he or she may know.
    pub(in crate::serve) fn new(
        (id, finding): (String, &Finding),
        cache_for_seconds: u32,
        is_for_officer: bool,
    ) -> Self {
        let decision = &finding.decision;
        let rule = |(name, fate): &(String, Fate)| RuleView { rule: name.clone(), fate: fate_word(*fate) };
        Self {
            id,
            outcome: outcome_word(decision.outcome),
            reasons: if is_for_officer { all_reasons(finding) } else { told_reasons(finding) },
            sentence: finding.sentence.clone().into(),
            obligations: decision.obligations.iter().collect(),
            cache_for_seconds,
            policy: Some(finding.basis.policy),
            rules: is_for_officer.then(|| finding.rules.iter().map(rule).collect()),
            valid_until: is_for_officer.then(|| decision.valid_until.to_string()),
        }
    }

    /// Whether it may be seen.
    pub(in crate::serve) fn is_permit(&self) -> bool {
        self.outcome == outcome_word(Outcome::Permit)
    }

    /// The answer while no policy is in force.
    pub(in crate::serve) fn without_policy(id: String) -> Self {
        Self {
            id,
            outcome: outcome_word(Outcome::Deny),
            reasons: vec!["no_policy"],
            sentence: SentenceView {
                ja: "有効なネットワークポリシーがないため、閲覧できません。".to_owned(),
                en: "No policy of the network is in force, so nothing may be viewed.".to_owned(),
            },
            obligations: Vec::new(),
            cache_for_seconds: 0,
            policy: None,
            rules: None,
            valid_until: None,
        }
    }
}

/// The word of an outcome.
pub(in crate::serve) fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Permit => "permit",
        Outcome::Deny => "deny",
    }
}

/// The word of what an answer rests on.
pub(in crate::serve) fn basis_word(basis: Basis) -> &'static str {
    match basis {
        Basis::OwnRecord => "own_record",
        Basis::Permitted => "permitted",
        Basis::Emergency(_) => "emergency",
        Basis::Denied => "denied",
        Basis::NoPermit => "no_permit",
        Basis::Stopped => "stopped",
    }
}

fn fate_word(fate: Fate) -> &'static str {
    match fate {
        Fate::Permits => "permits",
        Fate::Denies => "denies",
        Fate::Lifted => "lifted",
        Fate::Overridden => "overridden",
        Fate::Limits => "limits",
    }
}

/// Everything that stands behind an answer.
pub(in crate::serve) fn all_reasons(finding: &Finding) -> Vec<&'static str> {
    let stops = finding.decision.stops.iter().map(consent::Stop::word);
    let basis = finding.decision.basis;
    let basis = (basis != Basis::Stopped).then(|| basis_word(basis));
    stops.chain(basis).collect()
}

/// What the requester may know: its own side, and of the patient's side no more than the outcome. A hidden identity reads
/// as one that does not exist.
fn told_reasons(finding: &Finding) -> Vec<&'static str> {
    let own_side = finding.decision.stops.iter().filter(|stop| consent::is_of_requester(*stop));
    let told: Vec<&'static str> = own_side.map(consent::Stop::word).collect();
    match (told.is_empty(), finding.is_visible, finding.decision.outcome) {
        (false, ..) => told,
        (true, false, _) => vec!["not_found"],
        (true, true, Outcome::Deny) => vec!["denied"],
        (true, true, Outcome::Permit) => vec!["permitted"],
    }
}

/// A word of a closed set, as files write it.
pub(in crate::serve) fn word_of<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(word)).ok()
}

pub(in crate::serve) fn name<T>(field: &str, parsed: Result<T, directory::InvalidName>) -> Result<T, Problem> {
    parsed.map_err(|error| Problem::bad_field(field, error.to_string()))
}
