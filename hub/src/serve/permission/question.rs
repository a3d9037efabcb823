//! One question to the engine, and what it found.
//!
//! A custodian may hold several records of one patient under several numbers. Unless a question names one, it is about all
//! of them: it is permitted when each is, and the obligations of all are joined.

use consent::registry::DecisionBasis;
use consent::{
    ActingAs, Audience, Category, Claimed, Decision, Emergency, Engine, Labels, Name, Number, Outcome, Purpose,
    Reasons, RecordFacts, Relation, Request, Requester, Sentence, explain,
};
use directory::{AsOf, ClientId, Date, Instant, InstitutionId, PractitionerId};
use mpi::RecordId;

use super::{InForce, Patient, Person};
use crate::index::Operating;

/// A question as it was asked.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Question {
    /// About whom.
    pub(in crate::serve) patient: Patient,
    /// Who asks.
    pub(in crate::serve) asked: Asked,
    /// Whose records.
    pub(in crate::serve) custodian: InstitutionId,
    /// One of them; none: all of the patient at this custodian.
    pub(in crate::serve) record_of: Option<RecordId>,
    /// Which data.
    pub(in crate::serve) category: Category,
    /// How sensitive.
    pub(in crate::serve) labels: Labels,
    /// The day that the data is from.
    pub(in crate::serve) date: Option<Date>,
    /// The department of the custodian.
    pub(in crate::serve) department: Option<Box<str>>,
    /// Who wrote it.
    pub(in crate::serve) author: Option<PractitionerId>,
    /// What the custodian calls the document.
    pub(in crate::serve) record: Option<Box<str>>,
}

/// Who asks, and why.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Asked {
    /// The institution.
    pub(in crate::serve) institution: InstitutionId,
    /// The department.
    pub(in crate::serve) department: Option<Box<str>>,
    /// The practitioner.
    pub(in crate::serve) practitioner: Option<PractitionerId>,
    /// As what.
    pub(in crate::serve) role: ActingAs,
    /// The client that carries the question.
    pub(in crate::serve) client: ClientId,
    /// Care relationships, as the client states them.
    pub(in crate::serve) relations: Vec<Relation>,
    /// Whether the head of the institution named the person for emergencies.
    pub(in crate::serve) may_break_glass: bool,
    /// Why.
    pub(in crate::serve) purpose: Purpose,
    /// The emergency that is declared.
    pub(in crate::serve) emergency: Option<Emergency>,
}

/// What the engine found.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Finding {
    /// The answer.
    pub(in crate::serve) decision: Decision,
    /// Whether the requester may know that the patient has records there.
    pub(in crate::serve) is_visible: bool,
    /// The names of the rules that stand behind the answer, with what became of each.
    pub(in crate::serve) rules: Vec<(String, consent::Fate)>,
    /// What the requester is told.
    pub(in crate::serve) told: Sentence,
    /// What an officer is told.
    pub(in crate::serve) explained: Sentence,
    /// The versions that it rests on.
    pub(in crate::serve) basis: DecisionBasis,
}

impl Asked {
    /// What the directory knows of the requester.
    pub(in crate::serve) fn requester(&self, operating: &Operating, in_force: &InForce, now: Instant) -> Requester {
        let claimed = Claimed {
            institution: self.institution.clone(),
            department: self.department.clone(),
            practitioner: self.practitioner.clone(),
            role: self.role,
            client: self.client.clone(),
        };
        let known = Requester::look_up(&claimed, (&operating.directory, AsOf::known(now)), &in_force.book);
        Requester {
            relations: self.relations.iter().copied().collect(),
            may_break_glass: self.may_break_glass,
            ..known
        }
    }
}

impl Question {
    /// Asks the engine.
    pub(in crate::serve) fn ask(
        &self,
        (operating, in_force): (&Operating, &InForce),
        person: &Person,
        now: Instant,
    ) -> Finding {
        let (engine, book) = (in_force.engine(), &in_force.book);
        let requester = self.asked.requester(operating, in_force, now);
        let named = |name: Option<Name>| name.map_or(Number::UNKNOWN, |name| book.number(&name));
        let department = |department: &str| Name::Department(self.custodian.clone(), department.into());
        let record = RecordFacts {
            custodian: book.number(&Name::Institution(self.custodian.clone())),
            department: named(self.department.as_deref().map(department)),
            category: self.category,
            labels: self.labels,
            date: self.date,
            author: named(self.author.clone().map(Name::Practitioner)),
            record: named(self.record.clone().map(Name::Data)),
            related: None,
            identity: u16::MAX,
        };
        let request = Request {
            requester: &requester,
            record,
            purpose: self.asked.purpose,
            now,
            emergency: self.asked.emergency,
            has_legal_basis: false,
            is_stale: person.is_stale,
        };
        // A record that the patient does not have is asked for as well: the engine says what there is to say of it.
        let places = person.places(&self.custodian, self.record_of);
        let (first, others) = places.split_first().map_or((u16::MAX, &[][..]), |(first, others)| (*first, others));
        let mut answer = one(engine, person, (&request, first));
        for place in others {
            answer = stricter(answer, one(engine, person, (&request, *place)));
        }
        let basis = DecisionBasis {
            valid: now,
            directory: AsOf { valid: now, recorded: now },
            policy: in_force.image.version(),
            vetoes: in_force.vetoes,
            identities: person.effective.versions.clone(),
        };
        finding(answer, (engine, person), basis)
    }
}

fn finding(
    (decision, reasons, is_visible): Answer,
    (engine, person): (Engine<'_>, &Person),
    basis: DecisionBasis,
) -> Finding {
    let audience = Audience::Requester { is_identity_visible: is_visible };
    let name = |matched: &consent::Matched| (engine.rule_name(&person.chart, matched.rule).to_string(), matched.fate);
    Finding {
        decision,
        is_visible,
        rules: reasons.matched().iter().map(name).collect(),
        told: explain(&engine, &person.chart, (&decision, &reasons), audience),
        explained: explain(&engine, &person.chart, (&decision, &reasons), Audience::Officer),
        basis,
    }
}

/// An answer, the rules behind it, and whether the requester may know of the identity.
type Answer = (Decision, Reasons, bool);

/// Of two answers the one that denies; of two permits one with the obligations of both.
fn stricter(one: Answer, other: Answer) -> Answer {
    let joined = one.0.obligations.joined(other.0.obligations);
    let valid_until = one.0.valid_until.min(other.0.valid_until);
    let is_visible = one.2 && other.2;
    let (decision, reasons, _) = if one.0.outcome == Outcome::Deny { one } else { other };
    let obligations = if decision.outcome == Outcome::Permit { joined } else { decision.obligations };
    (Decision { obligations, valid_until, ..decision }, reasons, is_visible)
}

/// The answer about one identity, and whether the requester may know of it.
fn one<'a>(engine: Engine<'a>, person: &'a Person, (request, identity): (&Request<'a>, u16)) -> Answer {
    let request = Request { record: RecordFacts { identity, ..request.record }, ..*request };
    let mut reasons = Reasons::default();
    let visible = engine.visibility(person.chart.view(), &request, &mut reasons).outcome == Outcome::Permit;
    let decision = engine.decide(person.chart.view(), &request, &mut reasons);
    (decision, reasons, visible)
}
