//! Decisions: may this requester see this? One question, many, or a whole chart.
//!
//! A decision writes nothing. What cannot be decided is denied, and the answer of a hidden identity is, to the byte, that
//! of an identity that does not exist.

use axum::extract::State;
use directory::Instant;
use mpi::kv::{Draft, Kv};

use crate::index::Operating;
use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::Json;
use crate::serve::permission::{InForce, Patient, Person, Question};
use crate::serve::problem::Problem;
use crate::serve::trail::Decided;
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
    let mut decisions = app.decide(&caller, "decide", vec![question]).await?;
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
    Answer::ok(&DecisionViews { decisions: app.decide(&caller, "decide_batch", asked.questions).await? })
}

impl App {
    /// Decides questions as of one moment, and keeps what was answered. A patient that questions one after another are
    /// about is read once.
    async fn decide(
        &self,
        caller: &Caller,
        route: &'static str,
        questions: Vec<DecisionQuestion>,
    ) -> Result<Vec<DecisionView>, Problem> {
        let (app, asking) = (self.clone(), caller.clone());
        let decided = self.ask(move |operating, draft: &mut Draft<'_>| -> Result<Decisions, Problem> {
            let now = app.now();
            let asked = questions.iter().map(|question| question.question((&asking, &operating.prefix), now));
            let asked: Vec<Question> = asked.collect::<Result<_, _>>()?;
            let from = (&**app.kv(), operating);
            app.permission().with((operating, draft), now, |in_force, _| match in_force {
                Some(in_force) => decide_all(from, in_force, &asked, (now, asking.may(Scope::ReadConsent))),
                None => without_policy(asked.len()),
            })
        });
        let Decisions { views, decided, user } = decided.await?;
        self.audit(caller, (route, user), decided.subjects()).await?;
        Ok(views)
    }
}

/// What a request is answered, and what is kept of it.
#[derive(Default)]
struct Decisions {
    views: Vec<DecisionView>,
    decided: Decided,
    user: Option<Box<str>>,
}

fn decide_all(
    (kv, operating): (&dyn Kv, &Operating),
    in_force: &mut InForce,
    asked: &[Question],
    (now, is_for_officer): (Instant, bool),
) -> Result<Decisions, Problem> {
    let cache_for_seconds = in_force.image.cache_for_seconds();
    let mut all = Decisions::default();
    let mut last: Option<(&Patient, Person)> = None;
    for question in asked {
        if last.as_ref().is_none_or(|(patient, _)| **patient != question.patient) {
            last = Some((&question.patient, Person::read((kv, operating), &question.patient, in_force, now)?));
        }
        let Some((_, person)) = &last else { continue };
        let finding = question.ask((operating, in_force), person, now);
        let id = ids::decision(random::bytes())?;
        let known = person.id.map(|id| id.enterprise_id(&operating.prefix));
        all.decided.add(known, (question, &finding), (&id, operating.model.version()));
        all.views.push(DecisionView::new((id, &finding), cache_for_seconds, is_for_officer));
    }
    let users = asked.iter().filter_map(|question| question.asked.practitioner.as_ref());
    all.user = users.map(|user| user.as_str().into()).next();
    Ok(all)
}

/// Without a policy everything is denied.
fn without_policy(questions: usize) -> Result<Decisions, Problem> {
    let view = |_| Ok(DecisionView::without_policy(ids::decision(random::bytes())?));
    let views = (0..questions).map(view).collect::<Result<_, Problem>>()?;
    Ok(Decisions { views, ..Decisions::default() })
}
