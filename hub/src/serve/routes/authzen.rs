//! AuthZEN 1.0: the same decisions in the words of a standard that enforcement points speak.
//!
//! Evaluations are decisions and leave the same trace in the audit. A search is answered in one page.

use axum::extract::State;
use consent::{ActingAs, Categories};
use serde_json::{Value, json};

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::Json;
use crate::serve::permission::{Facts, Viewpoint, with_matrix};
use crate::serve::problem::Problem;
use crate::serve::trail::read;
use crate::serve::views::authzen::{Evaluation, EvaluationView, EvaluationViews, Evaluations, SearchView};
use crate::serve::views::decision::{PatientOf, category};

/// Where an enforcement point finds the addresses.
#[utoipa::path(get, path = "/.well-known/authzen-configuration", operation_id = "authzen_configuration",
    tag = "authzen", security(()), responses((status = 200, description = "Paths below the address of this server", body = Object)))]
pub(in crate::serve) async fn configuration() -> Result<Answer, Problem> {
    Answer::ok(&json!({
        "access_evaluation_endpoint": "/access/v1/evaluation",
        "access_evaluations_endpoint": "/access/v1/evaluations",
        "search_subject_endpoint": "/access/v1/search/subject",
        "search_resource_endpoint": "/access/v1/search/resource",
        "search_action_endpoint": "/access/v1/search/action",
    }))
}

/// Decides one question.
#[utoipa::path(post, path = "/access/v1/evaluation", operation_id = "authzen_evaluation", tag = "authzen",
    request_body = Evaluation, responses((status = 200, body = EvaluationView)))]
pub(in crate::serve) async fn evaluation(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<Evaluation>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Decide)?;
    let mut decided = app.decide(&caller, "authzen_evaluation", (vec![asked.question(None)?], None)).await?;
    let decided = decided.pop().ok_or_else(|| Problem::bad_request("there is no question"))?;
    Answer::ok(&EvaluationView::from(decided))
}

/// Decides many questions.
#[utoipa::path(post, path = "/access/v1/evaluations", operation_id = "authzen_evaluations", tag = "authzen",
    request_body = Evaluations, responses((status = 200, body = EvaluationViews)))]
pub(in crate::serve) async fn evaluations(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<Evaluations>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Decide)?;
    let ends_with = asked.ends_with();
    let decided = app.decide(&caller, "authzen_evaluations", (asked.questions()?, ends_with)).await?;
    Answer::ok(&EvaluationViews { evaluations: decided.into_iter().map(EvaluationView::from).collect() })
}

/// Whom of the network this data of the patient is open to: an institution in a role. For officers.
#[utoipa::path(post, path = "/access/v1/search/subject", operation_id = "authzen_search_subject", tag = "authzen",
    request_body = Evaluation, responses((status = 200, body = SearchView)))]
pub(in crate::serve) async fn subjects(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<Evaluation>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadConsent)?;
    let here = app.clone();
    let (found, person) = app
        .ask(move |operating, draft| -> Result<_, Problem> {
            let now = here.now();
            let patient = patient(&asked)?.patient(&operating.prefix)?;
            let purpose =
                asked.purpose()?.parse().map_err(|_| Problem::bad_field("context.purpose", "is not known"))?;
            let wanted: Categories = category(asked.category()).set();
            let facts = Facts::read((&**here.kv(), operating), &patient, now)?;
            here.permission().with((operating, draft), now, |in_force, _| {
                let in_force = in_force.ok_or_else(|| Problem::conflict("no policy of the network is in force"))?;
                let person = facts.person(operating, in_force)?;
                let view = Viewpoint { purpose, at: now, in_care: false };
                let found = with_matrix((operating, in_force), &person, view, |matrix, institutions| {
                    let mut results = Vec::new();
                    for (place, institution) in institutions.iter().enumerate() {
                        for (role, acting) in ActingAs::ALL.iter().enumerate() {
                            let is_open = wanted
                                .iter()
                                .any(|category| matrix.cell(place, role, category).is_some_and(|cell| cell.plain > 0));
                            if is_open {
                                let properties = json!({"institution": institution.as_str(), "role": acting.word()});
                                results.push(json!({"type": "institution", "id": institution.as_str(),
                                    "properties": properties}));
                            }
                        }
                    }
                    SearchView { results }
                });
                Ok((found.unwrap_or_default(), person.id.map(|id| id.enterprise_id(&operating.prefix))))
            })
        })
        .await?;
    app.audit(&caller, ("authzen_search_subject", None), person.map(read).unwrap_or_default()).await?;
    Answer::ok(&found)
}

/// At which custodians the subject may see this kind of data of the patient.
#[utoipa::path(post, path = "/access/v1/search/resource", operation_id = "authzen_search_resource", tag = "authzen",
    request_body = Evaluation, responses((status = 200, body = SearchView)))]
pub(in crate::serve) async fn resources(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<Evaluation>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Decide)?;
    let (here, about) = (app.clone(), asked.clone());
    let custodians = app
        .ask(move |operating, _| -> Result<_, Problem> {
            let patient = patient(&about)?.patient(&operating.prefix)?;
            Ok(Facts::read((&**here.kv(), operating), &patient, here.now())?.custodians())
        })
        .await?;
    let questions = custodians.iter().map(|custodian| asked.question(Some(custodian.as_str())));
    let questions = questions.collect::<Result<Vec<_>, _>>()?;
    let decided = app.decide(&caller, "authzen_search_resource", (questions, None)).await?;
    let answers = custodians.iter().map(directory::InstitutionId::as_str).zip(&decided);
    Answer::ok(&SearchView::resources(asked.category(), answers))
}

/// What the subject may do with the resource: `view`, or nothing.
#[utoipa::path(post, path = "/access/v1/search/action", operation_id = "authzen_search_action", tag = "authzen",
    request_body = Evaluation, responses((status = 200, body = SearchView)))]
pub(in crate::serve) async fn actions(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<Evaluation>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Decide)?;
    let decided = app.decide(&caller, "authzen_search_action", (vec![asked.question(None)?], None)).await?;
    Answer::ok(&decided.first().map(SearchView::actions).unwrap_or_default())
}

fn patient(asked: &Evaluation) -> Result<PatientOf, Problem> {
    let patient: Value = asked.patient()?;
    serde_json::from_value(patient)
        .map_err(|error| Problem::bad_field("resource.properties.patient", error.to_string()))
}
