//! Golden scenarios: small cases beside a policy that say what must come out, run on every draft.
//!
//! A file describes a few institutions, patients with their consents, and questions with the answer that is expected. It
//! needs no directory and no store, so that an officer can read it beside the policy and an editor can run it at once.
//! Reading the file is the caller's; shapes, checks and the run are here.

use crate::category::Category;
use crate::chart::{Chart, ChartConsent, ConsentId, IdentityId, IdentityStanding, SubjectState};
use crate::codebook::{Codebook, Name, Number};
use crate::compile::{CompiledConsent, Terms, compile_provision};
use crate::decide::Engine;
use crate::decision::{Outcome, Reasons};
use crate::document::{KindWord, Provision};
use crate::emergency::{Emergency, EmergencyKind, EmergencyReason};
use crate::explain::{Audience, explain};
use crate::label::Labels;
use crate::obligation::{Obligation, Obligations};
use crate::policy::{NetworkPolicy, PolicyImage};
use crate::purpose::{Purpose, Purposes};
use crate::request::{RecordFacts, Request, Requester};
use crate::role::ActingAs;
use crate::rule::{Layer, Relation, Relations};
use crate::simulate::{Drafted, PolicyDiff, every_label, every_relationship, what_would_change};
use directory::{Date, Instant, InstitutionId, PractitionerId};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A file of scenarios.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioFile {
    /// The present of all questions that name no other, as RFC 3339.
    pub now: String,
    /// The institutions, by id.
    pub institution: BTreeMap<InstitutionId, ScenarioInstitution>,
    /// The patients, by name.
    pub patient: BTreeMap<String, ScenarioPatient>,
    /// The questions.
    pub scenario: Vec<Scenario>,
}

/// An institution.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioInstitution {
    /// What it is.
    pub kind: KindWord,
    /// Where it is.
    pub region: Box<str>,
    /// Groups that it belongs to.
    #[serde(default)]
    pub groups: Vec<Box<str>>,
}

/// A patient; takes part unless it is said otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScenarioPatient {
    /// How he or she stands.
    #[serde(default = "enrolled")]
    pub state: SubjectState,
    /// Whether protected (DV支援措置).
    #[serde(default)]
    pub is_restricted: bool,
    /// Whether dead.
    #[serde(default)]
    pub is_deceased: bool,
    /// The consents in force.
    #[serde(default)]
    pub consents: Vec<Provision>,
}

fn enrolled() -> SubjectState {
    SubjectState::Enrolled
}

/// A question and its answer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// What it shows.
    pub name: String,
    /// Whose record: a patient of the file.
    pub patient: String,
    /// Who asks.
    pub institution: InstitutionId,
    /// As what.
    pub role: ActingAs,
    /// The person, if known.
    #[serde(default)]
    pub practitioner: Option<PractitionerId>,
    /// The care relationships.
    #[serde(default)]
    pub relations: Vec<Relation>,
    /// Whose data.
    pub custodian: InstitutionId,
    /// Which.
    pub category: Category,
    /// How sensitive.
    #[serde(default)]
    pub labels: Vec<String>,
    /// The day of the record.
    #[serde(default)]
    pub date: Option<String>,
    /// Why.
    pub purpose: Purpose,
    /// When, if not at the present of the file.
    #[serde(default)]
    pub now: Option<String>,
    /// The emergency that is declared, with its reason; it has just begun, by a person who was named and proved again.
    #[serde(default)]
    pub emergency: Option<(EmergencyKind, EmergencyReason)>,
    /// What must come out.
    pub expect: Expected,
    /// Obligations that must be among those of the answer.
    #[serde(default)]
    pub obligations: Vec<Obligation>,
}

/// An answer, as files write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expected {
    /// It may be seen.
    Permit,
    /// It may not.
    Deny,
}

/// A scenario that came out differently, or cannot be asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("scenario `{name}`: {reason}")]
pub struct ScenarioFailure {
    /// Which.
    pub name: String,
    /// What is wrong, or how it came out, with the reasons.
    pub reason: String,
}

impl ScenarioFile {
    /// Reads a file; `file` is only named in the error.
    ///
    /// # Errors
    /// What the reader of TOML says, with the name of the file.
    pub fn parse(file: &str, text: &str) -> Result<Self, String> {
        toml::from_str(text).map_err(|error| format!("{file}: {error}"))
    }

    /// Puts all questions to a policy; how many were asked, and which failed.
    #[must_use]
    pub fn run(&self, policy: &NetworkPolicy) -> (usize, Vec<ScenarioFailure>) {
        let failures = self.scenario.iter().filter_map(|scenario| {
            let reason = self.check(policy, scenario).err()?;
            Some(ScenarioFailure { name: scenario.name.clone(), reason })
        });
        (self.scenario.len(), failures.collect())
    }

    /// What another policy would change for the patients of the file, between its institutions: exact, at the present of the
    /// file and at every moment within a horizon of a year at which a window begins or ends.
    ///
    /// # Errors
    /// What cannot be compiled or compared, in words.
    pub fn diff(&self, old: &NetworkPolicy, new: &NetworkPolicy) -> Result<PolicyDiff<String>, String> {
        const HORIZON_MICROS: i64 = 365 * 86_400 * 1_000_000;
        let mut book = Codebook::new();
        self.enter(&mut book).map_err(|error| error.to_string())?;
        let mut image = |policy, version| {
            PolicyImage::compile(policy, version, (None, &[]), &mut book).map_err(|error| said(&error))
        };
        let (old, new) = (image(old, 1)?, image(new, 2)?);
        let mut charts = Vec::new();
        for (name, patient) in &self.patient {
            charts.push((name.clone(), chart(patient, &old, &mut book)?));
        }
        let now: Instant = self.now.parse().map_err(|error: directory::InvalidTime| error.to_string())?;
        let seat = |(id, institution): (&InstitutionId, &ScenarioInstitution)| Requester {
            practitioner: Number::OTHER,
            department: Number::OTHER,
            ..seated((id, institution), ActingAs::Service, &book)
        };
        let record = |id: &InstitutionId| RecordFacts {
            department: Number::OTHER,
            author: Number::OTHER,
            record: Number::OTHER,
            related: Some(&[]),
            date: now.date(directory::Offset::TOKYO),
            ..RecordFacts::of(book.number(&Name::Institution(id.clone())), Category::IDENTITY)
        };
        let seats: Vec<Requester> = self.institution.iter().map(seat).collect();
        let records: Vec<RecordFacts<'_>> = self.institution.keys().map(record).collect();
        let drafted = Drafted {
            book: &book,
            old: &old,
            new: &new,
            seats: &seats,
            relations: &every_relationship(now),
            records: &records,
            labels: &every_label(),
            now,
            horizon: now.plus_micros(HORIZON_MICROS),
        };
        let patients = charts.iter().map(|(name, chart)| (name.clone(), chart.view()));
        what_would_change(&drafted, patients).map_err(|error| error.to_string())
    }

    fn check(&self, policy: &NetworkPolicy, scenario: &Scenario) -> Result<(), String> {
        let mut book = Codebook::new();
        self.enter(&mut book).map_err(|error| error.to_string())?;
        let image = PolicyImage::compile(policy, 1, (None, &[]), &mut book).map_err(|error| said(&error))?;
        let patient = self.patient.get(&scenario.patient);
        let patient = patient.ok_or_else(|| format!("the file has no patient `{}`", scenario.patient))?;
        let chart = chart(patient, &image, &mut book)?;
        let requester = self.requester(scenario, &book)?;
        let request = self.request(scenario, (&requester, &book))?;
        let engine = Engine { policy: &image, book: &book };
        let mut reasons = Reasons::new();
        let decision = engine.decide(chart.view(), &request, &mut reasons);
        let expected = if scenario.expect == Expected::Permit { Outcome::Permit } else { Outcome::Deny };
        let wanted: Obligations = scenario.obligations.iter().copied().collect();
        let has_all = decision.obligations.joined(wanted) == decision.obligations;
        if decision.outcome == expected && has_all {
            return Ok(());
        }
        let why = explain(&engine, &chart, (&decision, &reasons), Audience::Officer);
        Err(format!("came out as: {} {}", why.japanese, why.english))
    }

    fn enter(&self, book: &mut Codebook) -> Result<(), crate::CodebookFull> {
        for (id, institution) in &self.institution {
            book.enter(Name::Institution(id.clone()))?;
            book.enter(Name::Region(institution.region.clone()))?;
            for group in &institution.groups {
                book.enter(Name::Group(group.clone()))?;
            }
        }
        Ok(())
    }

    fn requester(&self, scenario: &Scenario, book: &Codebook) -> Result<Requester, String> {
        let id = &scenario.institution;
        let institution = self.institution.get(id).ok_or_else(|| format!("the file has no institution `{id}`"))?;
        let practitioner = scenario.practitioner.clone();
        Ok(Requester {
            practitioner: practitioner.map_or(Number::UNKNOWN, |id| book.number(&Name::Practitioner(id))),
            relations: scenario.relations.iter().copied().collect(),
            ..seated((id, institution), scenario.role, book)
        })
    }

    fn request<'a>(
        &self,
        scenario: &Scenario,
        (requester, book): (&'a Requester, &Codebook),
    ) -> Result<Request<'a>, String> {
        let now = scenario.now.as_deref().unwrap_or(&self.now);
        let now: Instant = now.parse().map_err(|error: directory::InvalidTime| error.to_string())?;
        let date = scenario.date.as_deref().map(str::parse::<Date>).transpose().map_err(|error| error.to_string())?;
        let custodian = book.number(&Name::Institution(scenario.custodian.clone()));
        let labels = Labels::of_record(scenario.labels.iter().map(String::as_str));
        let record = RecordFacts { labels, date, ..RecordFacts::of(custodian, scenario.category) };
        let emergency = scenario.emergency.map(|(kind, reason)| Emergency {
            kind,
            reason: Some(reason),
            opened: now,
            is_reauthenticated: true,
        });
        let purpose = scenario.purpose;
        Ok(Request { requester, record, purpose, now, emergency, has_legal_basis: false, is_stale: false })
    }
}

/// Somebody at an institution, named for emergencies, through a client that is licensed for everything.
fn seated((id, institution): (&InstitutionId, &ScenarioInstitution), role: ActingAs, book: &Codebook) -> Requester {
    let number = |name: Name| book.number(&name);
    Requester {
        institution: number(Name::Institution(id.clone())),
        kind: Some(institution.kind.0),
        region: number(Name::Region(institution.region.clone())),
        groups: institution.groups.iter().map(|group| number(Name::Group(group.clone()))).collect(),
        department: Number::UNKNOWN,
        practitioner: Number::UNKNOWN,
        role,
        licensed: Purposes::ALL,
        is_participant: true,
        is_suspended: false,
        may_break_glass: true,
        relations: Relations::default(),
        last_encounter: None,
        facts_until: Instant::FOREVER,
    }
}

fn chart(patient: &ScenarioPatient, image: &PolicyImage, book: &mut Codebook) -> Result<Chart, String> {
    let identity = IdentityId([1; 16]);
    let terms = Terms { layer: Layer::Patient, refusable: image.refusable(), known: None };
    let mut compiled = Vec::new();
    for (number, consent) in (1_u8..).zip(&patient.consents) {
        let rules = compile_provision(consent, &terms, book).map_err(|error| error.to_string())?;
        compiled.push(CompiledConsent { consent: ConsentId([number; 16]), version: 1, rules });
    }
    let reach = BTreeSet::from([identity]);
    let consents: Vec<ChartConsent<'_>> =
        compiled.iter().map(|compiled| ChartConsent { compiled, reach: &reach }).collect();
    let standing = IdentityStanding {
        state: patient.state,
        is_deceased: patient.is_deceased,
        is_restricted: patient.is_restricted,
        has_signed: !patient.consents.is_empty(),
    };
    let linked = BTreeMap::from([(identity, standing)]);
    Chart::assemble(&linked, &consents, Instant::FOREVER).map_err(|error| error.to_string())
}

/// An error with what caused it.
fn said(error: &dyn std::error::Error) -> String {
    error.source().map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = include_str!("../policies/default.toml");
    const SCENARIOS: &str = include_str!("../policies/default.scenarios.toml");

    #[test]
    fn the_default_policy_does_what_its_scenarios_say() {
        let policy = NetworkPolicy::parse("default.toml", POLICY).unwrap();
        let file = ScenarioFile::parse("default.scenarios.toml", SCENARIOS).unwrap();
        let (asked, failures) = file.run(&policy);
        assert!(failures.is_empty(), "{failures:#?}");
        assert!(asked >= 20, "{asked} scenarios");
    }

    #[test]
    fn a_scenario_that_comes_out_differently_is_told_with_reasons() {
        // Pharmacists may see diagnoses without being asked for: the scenario that forbids it must notice.
        let looser = POLICY.replace("with_permit = [\"diagnoses\"]", "").replace(
            "allowed = [\"identity\", \"demographics\", \"prescriptions\", \"injections\", \"tests\", \"allergies\", \"vaccinations\"]",
            "allowed = [\"identity\", \"demographics\", \"diagnoses\", \"prescriptions\", \"injections\", \"tests\", \"allergies\", \"vaccinations\"]",
        );
        let policy = NetworkPolicy::parse("looser.toml", &looser).unwrap();
        let file = ScenarioFile::parse("default.scenarios.toml", SCENARIOS).unwrap();
        let (_, failures) = file.run(&policy);
        let said: Vec<&str> = failures.iter().map(|failure| failure.name.as_str()).collect();
        assert_eq!(said, ["薬剤師は病名を患者の同意なしに見られない"]);
        // The comparison finds the same, and nothing else.
        let today = NetworkPolicy::parse("default.toml", POLICY).unwrap();
        let diff = file.diff(&today, &policy).unwrap();
        let changed: BTreeSet<(&str, &str)> =
            diff.changes.keys().map(|key| (key.role.word(), key.category.word())).collect();
        assert_eq!(changed, BTreeSet::from([("pharmacist", "diagnoses")]));
        assert!(diff.widens && file.diff(&policy, &today).is_ok_and(|back| !back.widens));
        assert_eq!(file.diff(&today, &today).unwrap().changes.len(), 0);
    }
}
