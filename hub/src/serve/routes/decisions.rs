//! Decisions: may this requester see this? One question, many, or a whole chart.
//!
//! A decision writes nothing. What cannot be decided is denied, and the answer of a hidden identity is, to the byte, that
//! of an identity that does not exist.

use axum::extract::State;
use mpi::kv::Draft;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::Json;
use crate::serve::permission::{Person, Question};
use crate::serve::problem::Problem;
use crate::serve::views::decision::{DecisionQuestion, DecisionQuestions, DecisionView, DecisionViews};
use crate::serve::{ids, random};

/// Questions of one request at most.
const QUESTIONS_MAX: usize = 1_000;

/// Decides one question.
#[utoipa::path(post, path = "/v1/decisions", operation_id = "decide", tag = "decisions",
    request_body = DecisionQuestion, responses((status = 200, body = DecisionView)))]
pub(in crate::serve) async fn decide(
    State(app): State<App>,
    caller: Caller,
    Json(question): Json<DecisionQuestion>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Decide)?;
    let mut decisions = app.decide(&caller, vec![question]).await?;
    Answer::ok(&decisions.pop().ok_or_else(|| Problem::bad_request("there is no question"))?)
}

/// Decides many questions as of one moment, in their order.
#[utoipa::path(post, path = "/v1/decisions/batch", operation_id = "decide_batch", tag = "decisions",
    request_body = DecisionQuestions, responses((status = 200, body = DecisionViews)))]
pub(in crate::serve) async fn decide_batch(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<DecisionQuestions>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Decide)?;
    if asked.questions.len() > QUESTIONS_MAX {
        return Err(Problem::bad_field("questions", format!("are more than {QUESTIONS_MAX}")));
    }
    Answer::ok(&DecisionViews { decisions: app.decide(&caller, asked.questions).await? })
}

impl App {
    /// Decides questions as of one moment. A patient that several of them are about is read once.
    async fn decide(&self, caller: &Caller, questions: Vec<DecisionQuestion>) -> Result<Vec<DecisionView>, Problem> {
        let (app, caller) = (self.clone(), caller.clone());
        let is_for_officer = caller.may(Scope::ReadConsent);
        self.ask(move |operating, draft: &mut Draft<'_>| -> Result<Vec<DecisionView>, Problem> {
            let now = app.now();
            let asked: Vec<Question> = questions
                .iter()
                .map(|question| question.question((&caller, &operating.prefix), now))
                .collect::<Result<_, _>>()?;
            app.permission().with((operating, draft), now, |in_force, _| {
                let Some(in_force) = in_force else {
                    return asked
                        .iter()
                        .map(|_| Ok(DecisionView::without_policy(ids::decision(random::bytes())?)))
                        .collect();
                };
                let cache_for_seconds = in_force.image.cache_for_seconds();
                let mut last: Option<(usize, Person)> = None;
                let mut views = Vec::with_capacity(asked.len());
                for (place, question) in asked.iter().enumerate() {
                    let is_same = last.as_ref().is_some_and(|(other, _)| {
                        asked.get(*other).is_some_and(|other| other.patient == question.patient)
                    });
                    if !is_same {
                        let from = (&**app.kv(), operating);
                        last = Some((place, Person::read(from, &question.patient, in_force, now)?));
                    }
                    let Some((_, person)) = &last else { continue };
                    let finding = question.ask((operating, in_force), person, now);
                    let id = ids::decision(random::bytes())?;
                    views.push(DecisionView::new((id, &finding), cache_for_seconds, is_for_officer));
                }
                Ok(views)
            })
        })
        .await
    }
}
