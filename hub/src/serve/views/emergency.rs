//! Emergency sessions, as they are opened, listed and reviewed.

use consent::registry::{Session, SessionId, SessionReview};
use consent::{ActingAs, Emergency, EmergencyKind, EmergencyReason, Obligation};
use directory::Instant;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::decision::{Declared, PatientOf, RequesterOf, word_of};
use crate::serve::caller::Caller;
use crate::serve::permission::Asked;
use crate::serve::problem::Problem;

/// A session to be opened.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewEmergency {
    /// About whom.
    pub(in crate::serve) patient: PatientOf,
    /// Who asks; a practitioner is named.
    requester: RequesterOf,
    /// `BTG`, `ETREAT`, `ERTREAT` or `DISASTER`.
    #[schema(example = "BTG")]
    purpose: String,
    /// `break_glass`, `consented`, `ambulance` or `disaster`.
    #[schema(example = "break_glass")]
    kind: String,
    /// `unconscious`, `danger_to_life`, `cannot_consent`, `unknown_identity`, `disaster` or `substitute`.
    #[schema(example = "unconscious")]
    reason: String,
    /// The same in the requester's words; an officer reads it afterwards.
    pub(in crate::serve) words: String,
    /// Whether the person proved again who he or she is.
    #[serde(default)]
    is_reauthenticated: bool,
}

impl NewEmergency {
    /// Who asks, with the emergency that is declared.
    pub(in crate::serve) fn asked(&self, caller: &Caller, now: Instant) -> Result<(Asked, Emergency), Problem> {
        let unknown = |field: &str| Problem::bad_field(field, "is not known");
        let kind = word_of::<EmergencyKind>(&self.kind).ok_or_else(|| unknown("kind"))?;
        let reason = word_of::<EmergencyReason>(&self.reason).ok_or_else(|| unknown("reason"))?;
        let is_reauthenticated = self.is_reauthenticated;
        let emergency = Emergency { kind, reason: Some(reason), opened: now, is_reauthenticated };
        Ok((self.requester.asked(caller, (&self.purpose, Some(Declared::Stated(emergency))))?, emergency))
    }
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Emergency)]
pub(in crate::serve) struct EmergencyView {
    /// Its id: `emergency.session` of a question.
    id: String,
    /// Who asks.
    institution: String,
    practitioner: String,
    role: &'static str,
    /// Why.
    purpose: &'static str,
    /// Which kind of emergency.
    #[schema(value_type = String, example = "break_glass")]
    kind: EmergencyKind,
    /// Why the patient cannot be asked.
    #[schema(value_type = String, example = "unconscious")]
    reason: EmergencyReason,
    /// The same in the requester's words.
    words: String,
    /// From when until when it holds, or held.
    opened: String,
    until: String,
    /// The patient, by enterprise id; missing when the records have gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    person: Option<String>,
    /// What must be done beside.
    #[schema(value_type = Vec<Object>)]
    #[serde(skip_serializing_if = "Vec::is_empty")]
    obligations: Vec<Obligation>,
    /// What an officer found; missing while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    review: Option<FindingView>,
}

/// What an officer found.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = EmergencyReview)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct FindingView {
    /// Whether it was an emergency.
    is_justified: bool,
    /// What was found, in words.
    words: String,
}

impl FindingView {
    pub(in crate::serve) fn review(&self) -> SessionReview {
        SessionReview { is_justified: self.is_justified, words: self.words.as_str().into() }
    }
}

/// Sessions that no officer has looked at.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Emergencies {
    /// The oldest first.
    pub(in crate::serve) emergencies: Vec<EmergencyView>,
}

impl EmergencyView {
    pub(in crate::serve) fn new(
        (id, session): (SessionId, &Session),
        person: Option<String>,
        obligations: Vec<Obligation>,
    ) -> Self {
        let opening = &session.opening;
        let role: ActingAs = opening.role;
        Self {
            id: id.to_string(),
            institution: opening.institution.to_string(),
            practitioner: opening.practitioner.to_string(),
            role: role.word(),
            purpose: opening.purpose.code(),
            kind: opening.kind,
            reason: opening.reason,
            words: opening.words.to_string(),
            opened: session.opened.to_string(),
            until: session.until().to_string(),
            person,
            obligations,
            review: session
                .review
                .as_ref()
                .map(|review| FindingView { is_justified: review.is_justified, words: review.words.to_string() }),
        }
    }
}
