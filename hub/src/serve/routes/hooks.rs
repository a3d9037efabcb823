//! CDS Hooks: what this server offers, and `patient-consent-consult`.

use axum::extract::State;
use consent::{Categories, Labels};
use mpi::kv::Draft;
use serde_json::json;

use crate::audit::{Answer as Kept, Subject};
use crate::index::Operating;
use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::Json;
use crate::serve::permission::{Facts, Opened, Patient, consult, linked};
use crate::serve::problem::Problem;
use crate::serve::views::hook::{Consult, Consulted, HookRequest, HookResponse, SERVICE};
use crate::serve::{ids, random};

/// The services that this server offers.
#[utoipa::path(get, path = "/cds-services", operation_id = "list_cds_services", tag = "cds-hooks", security(()),
    responses((status = 200, description = "As CDS Hooks has it", body = Object)))]
pub(in crate::serve) async fn services() -> Result<Answer, Problem> {
    Answer::ok(&json!({"services": [{
        "hook": SERVICE,
        "id": SERVICE,
        "title": "同意の確認 / Consent consult",
        "description": "Whether an actor may see data of a patient, by the patient's consent and the network's policy.",
    }]}))
}

/// Whether an actor may see data of a patient: one card.
#[utoipa::path(post, path = "/cds-services/patient-consent-consult", operation_id = "consult_consent",
    tag = "cds-hooks", request_body = HookRequest, responses((status = 200, body = HookResponse)))]
pub(in crate::serve) async fn consent_consult(
    State(app): State<App>,
    caller: Caller,
    Json(request): Json<HookRequest>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Decide)?;
    let (asked, here, asking) = (request.consult()?, app.clone(), caller.clone());
    let (user, id) = (asked.practitioner.as_deref().map(Into::into), ids::decision(random::bytes())?);
    let based_on = id.clone();
    let (found, subjects) = app
        .ask(move |operating, draft| -> Result<_, Problem> {
            let (now, requesters) = (here.now(), asked.requesters(&asking)?);
            let facts = Facts::read((&**here.kv(), operating), &first_known(operating, draft, &asked)?, now)?;
            here.permission().with((operating, draft), now, |in_force, _| {
                let Some(in_force) = in_force else { return Ok((Consulted::NoConsent, Vec::new())) };
                let person = facts.person(operating, in_force)?;
                let wanted = asked.wanted();
                let one = |asked| consult((operating, in_force), &person, (asked, wanted), now);
                let found = found(requesters.iter().map(one).collect());
                let kept = kept((&asked, &found), (&id, in_force.image.version(), operating.model.version()));
                let known = person.id.map(|id| id.enterprise_id(&operating.prefix));
                let subject = known.map(|person| Subject { person: person.into(), answers: vec![kept] });
                Ok((found, subject.into_iter().collect()))
            })
        })
        .await?;
    app.audit(&caller, ("consult_consent", user), subjects).await?;
    Answer::ok(&HookResponse::new(&found, &based_on))
}

/// The first of the numbers that somebody is known by; otherwise the first, so that the answer is the same.
fn first_known(operating: &Operating, draft: &mut Draft<'_>, asked: &Consult) -> Result<Patient, Problem> {
    let mut first = None;
    for (authority, value) in &asked.patients {
        let fields = (("context.patientId", authority.as_str()), ("context.patientId", value.as_str()));
        let patient = Patient::Identifier(ids::identifier(fields.0, fields.1)?);
        if linked(operating, draft, &patient)?.is_some() {
            return Ok(patient);
        }
        first = first.or(Some(patient));
    }
    first.ok_or_else(|| Problem::bad_field("context.patientId", "is empty"))
}

/// What is open for every purpose that was stated.
fn found(opened: Vec<Opened>) -> Consulted {
    let redact = opened.iter().fold(Labels::default(), |all, one| all.with(one.redact));
    let mut all = opened.into_iter();
    let Some(first) = all.next() else { return Consulted::NoConsent };
    let mut custodians = first.custodians;
    for other in all {
        custodians.retain_mut(|(custodian, open)| {
            let same = other.custodians.iter().find(|(known, _)| known == custodian);
            *open =
                same.map_or(Categories::NONE, |(_, other)| open.iter().filter(|it| other.meets(it.set())).collect());
            same.is_some()
        });
    }
    if custodians.is_empty() {
        // Hidden, not enrolled and unknown are one to the requester.
        return Consulted::NoConsent;
    }
    let words = |open: Categories| open.iter().map(consent::Category::word).collect::<Vec<_>>();
    let open = custodians.into_iter().filter(|(_, open)| !open.is_empty());
    let open: Vec<_> = open.map(|(custodian, open)| (custodian.to_string(), words(open))).collect();
    if open.is_empty() { Consulted::Deny } else { Consulted::Permit { open, redact } }
}

/// The answer as the trail keeps it.
fn kept((asked, found): (&Consult, &Consulted), (id, policy, rules): (&str, u32, &str)) -> Kept {
    let (outcome, basis) = match found {
        Consulted::Permit { .. } => ("permit", "consult: permit"),
        Consulted::Deny => ("deny", "consult: deny"),
        Consulted::NoConsent => ("deny", "consult: no consent"),
    };
    let opened = match found {
        Consulted::Permit { open, .. } => {
            open.iter().map(|(custodian, words)| format!("{custodian}:{}", words.join(",")).into()).collect()
        }
        Consulted::Deny | Consulted::NoConsent => Vec::new(),
    };
    Kept {
        action: "view".into(),
        category: asked.categories.join(",").into(),
        purpose: asked.purposes.join(",").into(),
        outcome: outcome.into(),
        basis: basis.into(),
        reasons: opened,
        decision: Some(id.into()),
        policy: Some(policy.to_string().into()),
        rules: Some(rules.into()),
        question: None,
    }
}
