//! Who looks into the index, for whom and why: what decides which records an answer is made of.
//!
//! A caller of an institution sees its own records, and the network's own callers see all. With a purpose of use declared,
//! an answer is for one requester of one institution: it is made of that institution's own records and of those that the
//! patient's consent and the network's policy let this requester know of, and of nothing else. The declaration stands in
//! headers, so that it is the same for every route, and in the audit.
//!
//! Not here: what the caller's role includes (`caller`), and decisions about data (`permission`).

use std::collections::BTreeSet;

use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;
use consent::{ActingAs, Category, Purpose, Relation};
use directory::{ClientId, Identifier, InstitutionId, PractitionerId};
use mpi::Visible;
use mpi::kv::Draft;
use mpi::read::CrossReference;

use super::app::App;
use super::caller::Caller;
use super::permission::{Asked, Facts, Patient, shown};
use super::problem::Problem;
use crate::audit::{Answer, Subject};
use crate::index::Operating;

/// Why: `TREAT`, `PATADMIN` … Without it nothing but the caller's own institution is shown.
const PURPOSE: &str = "nayose-purpose";
/// As what: `physician`, `clerk`, `service` …
const ROLE: &str = "nayose-role";
/// For which institution; missing: that of the token.
const INSTITUTION: &str = "nayose-institution";
/// The department.
const DEPARTMENT: &str = "nayose-department";
/// The practitioner.
const PRACTITIONER: &str = "nayose-practitioner";
/// Care relationships that the client knows of, between commas.
const RELATIONS: &str = "nayose-relations";

/// What a record's name, birth date and address are in the words of consent: that there is a record, and who it says it is.
pub(super) const DEMOGRAPHICS: [Category; 2] = [Category::IDENTITY, Category::DEMOGRAPHICS];

/// Somebody who looks into the index.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    /// Who calls.
    pub(super) caller: Caller,
    asked: Option<Asked>,
}

impl Viewer {
    fn new(caller: Caller, headers: &HeaderMap) -> Result<Self, Problem> {
        let asked = match text(headers, PURPOSE)? {
            None => None,
            // A purpose that nobody knows is one that nothing permits.
            Some(purpose) => Some(declared(&caller, headers, purpose.parse().unwrap_or(Purpose::from_bit(u8::MAX)))?),
        };
        Ok(Self { caller, asked })
    }

    /// The institution that is answered; none: the network itself.
    pub(super) fn institution(&self) -> Option<&InstitutionId> {
        self.asked.as_ref().map(|asked| &asked.institution).or_else(|| self.caller.institution())
    }

    /// The user, for the audit.
    pub(super) fn user(&self) -> Option<Box<str>> {
        self.asked.as_ref()?.practitioner.as_ref().map(|user| user.as_str().into())
    }

    /// What tells this view from another: a page token is good for one.
    pub(super) fn binding(&self) -> String {
        format!("{:?}", self.asked)
    }

    /// Whether records of others are shown by consent, so that patients have to be named before an answer is made.
    pub(super) fn is_by_consent(&self) -> bool {
        self.asked.is_some()
    }

    /// The person of an identifier, as far as the viewer may know; none: nobody.
    pub(super) fn resolve(
        &self,
        (app, operating, draft): (&App, &Operating, &mut Draft<'_>),
        identifier: &Identifier,
    ) -> Result<Option<CrossReference>, Problem> {
        if !self.is_by_consent() {
            return Ok(mpi::read::cross_reference(&operating.index(), draft, identifier, &self.caller.visible())?);
        }
        let facts = Facts::read_evenly((&**app.kv(), operating), identifier, app.now())?;
        let visible = self.visible_of((app, operating), (vec![facts.clone()], &[Category::IDENTITY]))?;
        Ok(facts.seen(&visible))
    }

    /// What an answer about some patients may be made of: records of which the viewer may see all the categories.
    pub(super) fn visible(
        &self,
        (app, operating): (&App, &Operating),
        (patients, categories): (&[Patient], &[Category]),
    ) -> Result<Visible, Problem> {
        if !self.is_by_consent() {
            return Ok(self.caller.visible());
        }
        let now = app.now();
        let facts = patients.iter().map(|patient| Facts::read((&**app.kv(), operating), patient, now));
        self.visible_of((app, operating), (facts.collect::<Result<_, _>>()?, categories))
    }

    fn visible_of(
        &self,
        (app, operating): (&App, &Operating),
        (facts, categories): (Vec<Facts>, &[Category]),
    ) -> Result<Visible, Problem> {
        let Some(asked) = &self.asked else { return Ok(self.caller.visible()) };
        let now = app.now();
        let mut records = BTreeSet::new();
        app.permission().with((operating, &mut Draft::peeking(&**app.kv())), now, |in_force, _| {
            // Without a policy nothing is shown.
            let Some(in_force) = in_force else { return Ok(()) };
            for facts in facts {
                let person = facts.person(operating, in_force)?;
                records.extend(shown((operating, in_force), &person, (asked, categories), now));
            }
            Ok(())
        })?;
        Ok(Visible::Some { custodians: BTreeSet::from([asked.institution.clone()]), records })
    }

    /// Persons in an answer, as the audit keeps them.
    pub(super) fn subjects(&self, persons: impl IntoIterator<Item = String>, rules: &str) -> Vec<Subject> {
        let answer = self.asked.as_ref().map(|asked| Answer {
            action: "identify".into(),
            category: Category::IDENTITY.word().into(),
            purpose: asked.purpose.code().into(),
            outcome: "permit".into(),
            basis: "visible".into(),
            reasons: Vec::new(),
            decision: None,
            policy: None,
            rules: Some(rules.into()),
            question: None,
        });
        let subject = |person: String| Subject { person: person.into(), answers: answer.iter().cloned().collect() };
        persons.into_iter().map(subject).collect()
    }
}

impl FromRequestParts<App> for Viewer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Self::new(Caller::from_request_parts(parts, app).await?, &parts.headers)
    }
}

fn declared(caller: &Caller, headers: &HeaderMap, purpose: Purpose) -> Result<Asked, Problem> {
    let named = text(headers, INSTITUTION)?.map(|id| name(INSTITUTION, InstitutionId::new(id))).transpose()?;
    let institution = match (caller.institution(), named) {
        (Some(own), Some(named)) if *own != named => {
            return Err(Problem::bad_field(INSTITUTION, "is not the institution of the token"));
        }
        (Some(own), _) => own.clone(),
        (None, Some(named)) => named,
        (None, None) => return Err(Problem::bad_field(INSTITUTION, "is missing")),
    };
    let role = text(headers, ROLE)?.ok_or_else(|| Problem::bad_field(ROLE, "is missing beside a purpose"))?;
    let relation = |word: &str| serde_json::from_value::<Relation>(word.trim().into()).ok();
    Ok(Asked {
        institution,
        department: text(headers, DEPARTMENT)?.map(Into::into),
        practitioner: text(headers, PRACTITIONER)?.map(|id| name(PRACTITIONER, PractitionerId::new(id))).transpose()?,
        role: role.parse::<ActingAs>().map_err(|_| Problem::bad_field(ROLE, "is no role"))?,
        client: name("token", ClientId::new(caller.id()))?,
        // A relationship that nobody knows is none.
        relations: text(headers, RELATIONS)?.into_iter().flat_map(|all| all.split(',')).filter_map(relation).collect(),
        // Emergencies are declared where data is asked for.
        purpose,
        emergency: None,
        session: None,
    })
}

fn text<'h>(headers: &'h HeaderMap, name: &'static str) -> Result<Option<&'h str>, Problem> {
    let value = headers.get(name).map(|value| value.to_str());
    value.transpose().map_err(|_| Problem::bad_field(name, "is no text"))
}

fn name<T>(header: &str, parsed: Result<T, directory::InvalidName>) -> Result<T, Problem> {
    parsed.map_err(|error| Problem::bad_field(header, error.to_string()))
}
