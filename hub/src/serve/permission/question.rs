//! One question to the engine, and what it found.
//!
//! A custodian may hold several records of one patient under several numbers. Unless a question names one, it is about all
//! of them: it is permitted when each is, and the obligations of all are joined.

use consent::registry::{self, DecisionBasis, RelationFacts, SessionId};
use consent::{
    ActingAs, Audience, Category, Claimed, Codebook, Decision, Emergency, Engine, Labels, Name, Number, Outcome,
    Purpose, Reasons, RecordFacts, Relation, Relations, Request, Requester, Sentence, explain,
};
use directory::{AsOf, ClientId, Date, Instant, InstitutionId, PractitionerId};
use mpi::RecordId;
use mpi::kv::Draft;

use super::{Facts, InForce, Patient, Person};
use crate::index::Operating;
use crate::serve::problem::Problem;

/// A question as it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) struct Question {
    /// About whom.
    pub(in crate::serve) patient: Patient,
    /// Who asks.
    pub(in crate::serve) asked: Asked,
    /// About which data.
    pub(in crate::serve) data: Wanted,
}

/// The data that is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) struct Wanted {
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
    pub(in crate::serve) document: Option<Box<str>>,
}

/// Who asks, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// Care relationships, as the client states them beside those of the register.
    pub(in crate::serve) relations: Vec<Relation>,
    /// Why.
    pub(in crate::serve) purpose: Purpose,
    /// The emergency that is declared.
    pub(in crate::serve) emergency: Option<Emergency>,
    /// The emergency session that it is declared with; it is looked up before the question is asked.
    pub(in crate::serve) session: Option<SessionId>,
}

/// For how many days an encounter that has ended counts as one of lately.
const RECENT_DAYS: u32 = 90;

/// What the engine found.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Finding {
    /// The answer.
    pub(in crate::serve) decision: Decision,
    /// Whether the requester may know that the patient has records there.
    pub(in crate::serve) is_visible: bool,
    /// The names of the rules that stand behind the answer, with what became of each.
    pub(in crate::serve) rules: Vec<(String, consent::Fate)>,
    /// What is told to whoever reads the answer.
    pub(in crate::serve) sentence: Sentence,
    /// The versions that it rests on.
    pub(in crate::serve) basis: DecisionBasis,
}

impl Asked {
    /// What the session says that the question is declared with; a session of somebody else, about another patient or one
    /// that is over says nothing.
    pub(in crate::serve) fn with_session(
        &mut self,
        draft: &mut Draft<'_>,
        facts: &Facts,
        now: Instant,
    ) -> Result<(), Problem> {
        let Some(id) = self.session else { return Ok(()) };
        let session = registry::session(draft, id)?;
        let requester = (&self.institution, self.practitioner.as_ref(), self.role);
        self.emergency = session.as_ref().and_then(|session| session.emergency(requester, &facts.identities(), now));
        Ok(())
    }

    /// What directory and register know of the requester and this patient.
    pub(in crate::serve) fn requester(
        &self,
        (operating, in_force): (&Operating, &InForce),
        person: &Person,
        now: Instant,
    ) -> Requester {
        let claimed = Claimed {
            institution: self.institution.clone(),
            department: self.department.clone(),
            practitioner: self.practitioner.clone(),
            role: self.role,
            client: self.client.clone(),
        };
        let known = Requester::look_up(&claimed, (&operating.directory, AsOf::known(now)), &in_force.book);
        let place = (&self.institution, self.practitioner.as_ref());
        let registered = person.relations.facts(place, now, RECENT_DAYS);
        let stated: Relations = self.relations.iter().copied().collect();
        let relations = registered.relations.with(stated);
        known.with_relations(RelationFacts { relations, ..registered })
    }
}

impl Wanted {
    /// As the engine is asked; a name that nobody knows is told as unknown. The identity is filled in for each record.
    pub(in crate::serve) fn facts(&self, book: &Codebook) -> RecordFacts<'static> {
        let named = |name: Option<Name>| name.map_or(Number::UNKNOWN, |name| book.number(&name));
        let department = |department: &str| Name::Department(self.custodian.clone(), department.into());
        RecordFacts {
            custodian: book.number(&Name::Institution(self.custodian.clone())),
            department: named(self.department.as_deref().map(department)),
            category: self.category,
            labels: self.labels,
            date: self.date,
            author: named(self.author.clone().map(Name::Practitioner)),
            record: named(self.document.clone().map(Name::Data)),
            related: None,
            identity: u16::MAX,
        }
    }
}

impl Question {
    /// Asks the engine; `requester` is what is known of whoever asks, and an officer is told more than the requester.
    pub(in crate::serve) fn ask(
        &self,
        in_force: &InForce,
        (person, requester): (&Person, &Requester),
        (now, is_for_officer): (Instant, bool),
    ) -> Finding {
        let engine = in_force.engine();
        let record = self.data.facts(&in_force.book);
        let request = Request {
            requester,
            record,
            purpose: self.asked.purpose,
            now,
            emergency: self.asked.emergency,
            has_legal_basis: false,
            is_stale: person.is_stale,
        };
        // A record that the patient does not have is asked for as well: the engine says what there is to say of it.
        let places = person.places(&self.data.custodian, self.data.record_of);
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
        finding(answer, (engine, person, is_for_officer), basis)
    }
}

fn finding(
    (decision, reasons, is_visible): Answer,
    (engine, person, is_for_officer): (Engine<'_>, &Person, bool),
    basis: DecisionBasis,
) -> Finding {
    let requester = Audience::Requester { is_identity_visible: is_visible };
    let audience = if is_for_officer { Audience::Officer } else { requester };
    let name = |matched: &consent::Matched| (engine.rule_name(&person.chart, matched.rule).to_string(), matched.fate);
    Finding {
        decision,
        is_visible,
        rules: reasons.matched().iter().map(name).collect(),
        sentence: explain(&engine, &person.chart, (&decision, &reasons), audience),
        basis,
    }
}

/// Of two decisions the one that denies; of two permits one with the obligations of both.
pub(super) fn stricter_of(one: Decision, other: Decision) -> Decision {
    let joined = one.obligations.joined(other.obligations);
    let valid_until = one.valid_until.min(other.valid_until);
    let decision = if one.outcome == Outcome::Deny { one } else { other };
    let obligations = if decision.outcome == Outcome::Permit { joined } else { decision.obligations };
    Decision { obligations, valid_until, ..decision }
}

/// An answer, the rules behind it, and whether the requester may know of the identity.
type Answer = (Decision, Reasons, bool);

/// Of two answers the one that denies, as [`stricter_of`].
fn stricter(one: Answer, other: Answer) -> Answer {
    let decision = stricter_of(one.0, other.0);
    let is_visible = one.2 && other.2;
    let reasons = if one.0.outcome == Outcome::Deny { one.1 } else { other.1 };
    (decision, reasons, is_visible)
}

/// The answer about one identity, and whether the requester may know of it.
fn one<'a>(engine: Engine<'a>, person: &'a Person, (request, identity): (&Request<'a>, u16)) -> Answer {
    let request = Request { record: RecordFacts { identity, ..request.record }, ..*request };
    let mut reasons = Reasons::default();
    let visible = engine.visibility(person.chart.view(), &request, &mut reasons).outcome == Outcome::Permit;
    let decision = engine.decide(person.chart.view(), &request, &mut reasons);
    (decision, reasons, visible)
}
