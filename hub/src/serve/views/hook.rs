//! The CDS Hook `patient-consent-consult`: a consent decision as cards, for systems that ask before they show.
//!
//! One card says permit, deny, or that no consent is on file; its obligations name the labels that must be taken out. What
//! the hook cannot carry (limits by day, author or document) is not guessed at: such records are denied, and the card says
//! that single decisions know more.

use consent::{ActingAs, Categories, Category, Labels};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::decision::RequesterOf;
use crate::serve::caller::Caller;
use crate::serve::permission::Asked;
use crate::serve::problem::Problem;

/// The id of the service.
pub(in crate::serve) const SERVICE: &str = "patient-consent-consult";
/// Where HL7 defines sensitivity labels and what to do about them.
const ACT_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-ActCode";

/// A question of the hook.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(in crate::serve) struct HookRequest {
    /// `patient-consent-consult`.
    hook: String,
    /// The question's id.
    #[serde(rename = "hookInstance")]
    hook_instance: String,
    context: HookContext,
}

/// What is asked.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::serve) struct HookContext {
    /// Numbers of the patient; the first with a system that is known counts.
    patient_id: Vec<SystemValue>,
    /// Who asks: an institution (system `urn:nayose:institution`), a practitioner (`urn:nayose:practitioner`), a role
    /// (`urn:nayose:role`). An actor without a system is an institution.
    actor: Vec<SystemValue>,
    /// Why: one purpose, or several of which each is asked for.
    #[serde(default)]
    purpose_of_use: Option<OneOrMany>,
    /// Kinds of data; missing: all.
    #[serde(default)]
    class: Vec<Coded>,
}

/// A value in a system.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(in crate::serve) struct SystemValue {
    #[serde(default)]
    system: Option<String>,
    value: String,
}

/// A code in a system.
#[derive(Clone, Debug, Deserialize, ToSchema)]
pub(in crate::serve) struct Coded {
    code: String,
}

/// One, or a list.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(in crate::serve) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// A question as it is understood.
pub(in crate::serve) struct Consult {
    /// Patient numbers, in order: authority and value.
    pub(in crate::serve) patients: Vec<(String, String)>,
    /// The institution; none: that of the token.
    pub(in crate::serve) institution: Option<String>,
    /// The practitioner.
    pub(in crate::serve) practitioner: Option<String>,
    /// In which role.
    pub(in crate::serve) role: String,
    /// The purposes.
    pub(in crate::serve) purposes: Vec<String>,
    /// The kinds of data.
    pub(in crate::serve) categories: Vec<String>,
}

impl HookRequest {
    /// What is asked.
    pub(in crate::serve) fn consult(self) -> Result<Consult, Problem> {
        if self.hook != SERVICE {
            return Err(Problem::bad_field("hook", format!("is not `{SERVICE}`")));
        }
        if self.hook_instance.trim().is_empty() {
            return Err(Problem::bad_field("hookInstance", "is missing"));
        }
        let HookContext { patient_id, actor, purpose_of_use, class } = self.context;
        let patients = patient_id.into_iter().filter_map(|it| Some((it.system?, it.value))).collect::<Vec<_>>();
        if patients.is_empty() {
            return Err(Problem::bad_field("context.patientId", "names no number with its system"));
        }
        let named = |system: &str| {
            let of = |it: &&SystemValue| it.system.as_deref().unwrap_or("urn:nayose:institution") == system;
            actor.iter().find(of).map(|it| it.value.clone())
        };
        let practitioner = named("urn:nayose:practitioner");
        Ok(Consult {
            patients,
            institution: named("urn:nayose:institution"),
            practitioner,
            role: named("urn:nayose:role").unwrap_or_else(|| ActingAs::Service.word().to_owned()),
            purposes: match purpose_of_use {
                None => vec!["TREAT".to_owned()],
                Some(OneOrMany::One(purpose)) => vec![purpose],
                Some(OneOrMany::Many(purposes)) => purposes,
            },
            categories: class.into_iter().map(|class| class.code).collect(),
        })
    }
}

impl Consult {
    /// Who asks, once for each purpose.
    pub(in crate::serve) fn requesters(&self, caller: &Caller) -> Result<Vec<Asked>, Problem> {
        let requester = json!({
            "institution": self.institution, "practitioner": self.practitioner, "role": self.role,
        });
        let requester: RequesterOf = serde_json::from_value(requester)
            .map_err(|error| Problem::bad_field("context.actor", error.to_string()))?;
        self.purposes.iter().map(|purpose| requester.asked(caller, (purpose, None))).collect()
    }

    /// The kinds of data that are asked about. A word that nobody knows is a kind that nothing permits.
    pub(in crate::serve) fn wanted(&self) -> Categories {
        if self.categories.is_empty() {
            return Categories::ALL;
        }
        self.categories.iter().filter_map(|word| word.parse::<Category>().ok()).collect()
    }
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Consulted {
    /// These kinds of data may be seen, without what carries one of these labels.
    Permit {
        /// By custodian: the kinds.
        open: Vec<(String, Vec<&'static str>)>,
        /// What has to be taken out.
        redact: Labels,
    },
    /// Nothing of this may be seen.
    Deny,
    /// Nobody is known by that number, or nothing was ever signed: to this requester it is the same.
    NoConsent,
}

/// The cards of an answer.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct HookResponse {
    #[schema(value_type = Vec<Object>)]
    cards: Vec<Value>,
}

impl HookResponse {
    /// One card that says what was found; `based_on` names the answer in the audit.
    pub(in crate::serve) fn new(found: &Consulted, based_on: &str) -> Self {
        let (summary, indicator, decision, detail) = match found {
            Consulted::Permit { open, .. } => {
                let custodian = |(custodian, words): &(String, Vec<&str>)| format!("{custodian}: {}", words.join(", "));
                let lines: Vec<String> = open.iter().map(custodian).collect();
                ("CONSENT_PERMIT", "info", "CONSENT_PERMIT", lines.join("\n"))
            }
            Consulted::Deny => ("CONSENT_DENY", "warning", "CONSENT_DENY", "閲覧できません。".to_owned()),
            Consulted::NoConsent => ("NO_CONSENT", "warning", "NO_CONSENT", "同意がありません。".to_owned()),
        };
        let obligations: Vec<Value> = match found {
            Consulted::Permit { redact, .. } if !redact.is_empty() => {
                let codes = redact.iter().map(|label| json!({"system": ACT_CODE, "code": label.code()}));
                let parameters = json!({"codes": codes.collect::<Vec<_>>()});
                vec![json!({"id": {"system": ACT_CODE, "code": "REDACT"}, "parameters": parameters})]
            }
            _ => Vec::new(),
        };
        let card = json!({
            "summary": summary,
            "detail": detail,
            "indicator": indicator,
            "source": {"label": "Nayose"},
            "extension": {"decision": decision, "obligations": obligations, "basedOn": based_on},
        });
        Self { cards: vec![card] }
    }
}
