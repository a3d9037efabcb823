//! A question as the audit trail keeps it, and back.
//!
//! The trail keeps words, as the interface does: a word that a later version does not know any more reads as unknown, and
//! is denied. What stands in the event beside the question (category, purpose, client) comes from there.

use consent::{Category, Emergency, EmergencyKind, EmergencyReason, Labels, Purpose, Relation};
use directory::{ClientId, InstitutionId, PractitionerId};
use mpi::PersonId;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Asked, Patient, Question, Wanted};
use crate::audit;
use crate::serve::ids;

/// A label that nobody defines stands for one that was not known when it was asked.
const UNKNOWN_LABEL: &str = "unknown";

impl Asked {
    /// As the trail keeps it.
    pub(in crate::serve) fn kept(&self) -> audit::Requester {
        audit::Requester {
            institution: self.institution.as_str().into(),
            department: self.department.clone(),
            practitioner: self.practitioner.as_ref().map(|id| id.as_str().into()),
            role: self.role.word().into(),
            relations: self.relations.iter().map(written).collect(),
            emergency: self.emergency.map(|declared| audit::Emergency {
                kind: written(&declared.kind),
                reason: declared.reason.as_ref().map(written),
                opened: declared.opened,
                is_reauthenticated: declared.is_reauthenticated,
            }),
        }
    }

    fn of_past(kept: &audit::Requester, (client, purpose): (&str, &str)) -> Option<Self> {
        let emergency = match &kept.emergency {
            None => None,
            Some(declared) => Some(Emergency {
                kind: word::<EmergencyKind>(&declared.kind)?,
                reason: declared.reason.as_deref().map(word::<EmergencyReason>).map_or(Some(None), |r| r.map(Some))?,
                opened: declared.opened,
                is_reauthenticated: declared.is_reauthenticated,
            }),
        };
        Some(Self {
            institution: InstitutionId::new(&kept.institution).ok()?,
            department: kept.department.clone(),
            practitioner: kept.practitioner.as_deref().and_then(practitioner),
            role: kept.role.parse().ok()?,
            client: ClientId::new(client).ok()?,
            relations: kept.relations.iter().filter_map(|relation| word::<Relation>(relation)).collect(),
            purpose: purpose.parse().unwrap_or(Purpose::from_bit(u8::MAX)),
            emergency,
            session: None,
        })
    }
}

impl Wanted {
    /// As the trail keeps it; `by` is the place of who asked.
    pub(in crate::serve) fn kept(&self, by: usize) -> audit::Question {
        audit::Question {
            by,
            custodian: self.custodian.as_str().into(),
            record: self.record_of.map(|record| record.to_string().into()),
            labels: labels(self.labels),
            date: self.date.map(|date| date.to_string().into()),
            held_by: self.department.clone(),
            author: self.author.as_ref().map(|id| id.as_str().into()),
            document: self.document.clone(),
        }
    }
}

impl Question {
    /// The question of an answer in the trail about a person; none when the trail does not keep it, or it cannot be read.
    pub(in crate::serve) fn of_past(person: PersonId, event: &audit::Event, answer: &audit::Answer) -> Option<Self> {
        let kept = answer.question.as_deref()?;
        let asked = Asked::of_past(event.requesters.get(kept.by)?, (&event.caller.client, &answer.purpose))?;
        let data = Wanted {
            custodian: InstitutionId::new(&kept.custodian).ok()?,
            record_of: kept.record.as_deref().map(|id| ids::record_field("record", id)).transpose().ok()?,
            category: answer.category.parse().unwrap_or(Category::from_bit(u8::MAX)),
            labels: Labels::of_record(kept.labels.iter().map(|label| &**label)),
            date: kept.date.as_deref().map(str::parse).transpose().ok()?,
            department: kept.held_by.clone(),
            author: kept.author.as_deref().and_then(practitioner),
            document: kept.document.clone(),
        };
        Some(Self { patient: Patient::Person(person), asked, data })
    }
}

fn practitioner(id: &str) -> Option<PractitionerId> {
    PractitionerId::new(id).ok()
}

/// The codes of labels; those of a record that is not sensitive are left out.
fn labels(labels: Labels) -> Vec<Box<str>> {
    if labels == Labels::PLAIN {
        return Vec::new();
    }
    let unknown = labels.meets(Labels::UNKNOWN).then(|| UNKNOWN_LABEL.into());
    labels.iter().map(|label| label.code().into()).chain(unknown).collect()
}

/// A word of a closed set, as files write it.
fn written<T: Serialize>(of: &T) -> Box<str> {
    serde_json::to_value(of).ok().as_ref().and_then(serde_json::Value::as_str).unwrap_or_default().into()
}

fn word<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::from(word)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use consent::Label;
    use directory::Instant;

    #[test]
    fn a_question_comes_back_from_the_trail_as_it_was_asked() {
        let emergency = Emergency {
            kind: EmergencyKind::BreakGlass,
            reason: Some(EmergencyReason::Unconscious),
            opened: Instant::from_micros(7),
            is_reauthenticated: true,
        };
        let asked = Asked {
            institution: InstitutionId::new("13-0001").unwrap(),
            department: Some("内科".into()),
            practitioner: PractitionerId::new("dr-1").ok(),
            role: "physician".parse().unwrap(),
            client: ClientId::new("hub").unwrap(),
            relations: vec![Relation::Referral, Relation::OpenEncounter],
            purpose: "TREAT".parse().unwrap(),
            emergency: Some(emergency),
            session: None,
        };
        let mut data = Wanted {
            custodian: InstitutionId::new("13-0002").unwrap(),
            record_of: None,
            category: "tests".parse().unwrap(),
            labels: Labels::of_record(["HIV", "R"]),
            date: "2026-02-03".parse().ok(),
            department: Some("皮膚科".into()),
            author: PractitionerId::new("dr-2").ok(),
            document: Some("doc-1".into()),
        };
        for labels in [Labels::PLAIN, Labels::of_record(["no such label"]), Label::HIV.set().with(Label::NORMAL.set())]
        {
            let question =
                Question { patient: Patient::Person(PersonId::new(3)), asked: asked.clone(), data: data.clone() };
            let answer = audit::Answer {
                action: "view".into(),
                category: "tests".into(),
                purpose: "TREAT".into(),
                outcome: "permit".into(),
                basis: "permitted".into(),
                reasons: Vec::new(),
                decision: None,
                policy: None,
                rules: None,
                question: Some(Box::new(question.data.kept(0))),
            };
            let event = audit::Event {
                at: Instant::from_micros(8),
                route: "decide".into(),
                caller: audit::Caller { client: "hub".into(), institution: None, user: None },
                persons: vec![audit::Subject { person: "p".into(), answers: vec![answer] }],
                requesters: vec![question.asked.kept()],
            };
            let text = serde_json::to_string(&event).unwrap();
            let read: audit::Event = serde_json::from_str(&text).unwrap();
            let again = Question::of_past(PersonId::new(3), &read, &read.persons[0].answers[0]).unwrap();
            assert_eq!(again, question, "{text}");
            data.labels = labels;
        }
    }
}
