//! Decisions: may this requester see this? One question, many, or a whole chart.
//!
//! A decision writes nothing. What cannot be decided is denied, and the answer of a hidden identity is, to the byte, that
//! of an identity that does not exist.

use axum::extract::State;
use consent::{Outcome, Requester};
use directory::Instant;
use mpi::kv::{Draft, Kv};

use crate::index::Operating;
use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::Json;
use crate::serve::permission::{Asked, Facts, InForce, Question};
use crate::serve::problem::Problem;
use crate::serve::trail::Decided;
use crate::serve::views::decision::{DecisionQuestion, DecisionQuestions, DecisionView, DecisionViews};
use crate::serve::{ids, random};

/// Questions of one request at most.
const QUESTIONS_MAX: usize = 1_000;
/// Questions that are answered on the thread of the request.
const HERE_MAX: usize = 4;

/// Decides one question.
#[utoipa::path(post, path = "/v1/decisions", operation_id = "decide", tag = "decisions",
    request_body = DecisionQuestion, responses((status = 200, body = DecisionView)))]
pub(in crate::serve) async fn decide(
    State(app): State<App>,
    caller: Caller,
    Json(question): Json<DecisionQuestion>,
) -> Result<Answer, Problem> {
    caller.require(Scope::Decide)?;
    let mut decisions = app.decide(&caller, "decide", (vec![question], None)).await?;
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
    let questions = (asked.questions, None);
    Answer::ok(&DecisionViews { decisions: app.decide(&caller, "decide_batch", questions).await? })
}

impl App {
    /// Decides questions as of one moment, and keeps what was answered; with `ends_with` no more is answered after the
    /// first such outcome. A patient that questions one after another are about is read once.
    pub(super) async fn decide(
        &self,
        caller: &Caller,
        route: &'static str,
        (questions, ends_with): (Vec<DecisionQuestion>, Option<Outcome>),
    ) -> Result<Vec<DecisionView>, Problem> {
        if questions.len() > QUESTIONS_MAX {
            return Err(Problem::bad_field("questions", format!("are more than {QUESTIONS_MAX}")));
        }
        let asked = Asking { app: self.clone(), caller: caller.clone(), questions, ends_with };
        // A handful of questions are a handful of reads: handing them to another thread would cost more.
        let decided = if asked.questions.len() <= HERE_MAX {
            self.ask_here(|operating, draft| asked.answer(operating, draft))
        } else {
            self.ask(move |operating, draft| asked.answer(operating, draft)).await
        };
        let Decisions { views, decided, user } = decided?;
        self.audit(caller, (route, user), decided.told()).await?;
        Ok(views)
    }
}

/// Questions of a caller.
struct Asking {
    app: App,
    caller: Caller,
    questions: Vec<DecisionQuestion>,
    ends_with: Option<Outcome>,
}

impl Asking {
    fn answer(&self, operating: &Operating, draft: &mut Draft<'_>) -> Result<Decisions, Problem> {
        let (app, now) = (&self.app, self.app.now());
        let asked = self.questions.iter().map(|question| question.question((&self.caller, &operating.prefix), now));
        let mut asked: Vec<Question> = asked.collect::<Result<_, _>>()?;
        let patients = patients((&**app.kv(), operating), &asked, now)?;
        let about = patients.iter().flat_map(|(length, facts)| std::iter::repeat_n(facts, *length));
        for (question, facts) in asked.iter_mut().zip(about) {
            question.asked.with_session(draft, facts, now)?;
        }
        app.permission().with((operating, draft), now, |in_force, _| match in_force {
            Some(in_force) => {
                let is_for_officer = self.caller.may(Scope::ReadConsent);
                let answers = Answers { now, is_for_officer, ends_with: self.ends_with };
                decide_all((operating, in_force), (&asked, patients), answers)
            }
            None => without_policy(asked.len()),
        })
    }
}

/// What a request is answered, and what is kept of it.
#[derive(Default)]
struct Decisions {
    views: Vec<DecisionView>,
    decided: Decided,
    user: Option<Box<str>>,
}

/// How questions are answered.
#[derive(Clone, Copy)]
struct Answers {
    now: Instant,
    is_for_officer: bool,
    /// After which outcome nothing more is answered.
    ends_with: Option<Outcome>,
}

/// The patients that questions are about, each with how many questions in a row are about it.
fn patients(from: (&dyn Kv, &Operating), asked: &[Question], now: Instant) -> Result<Vec<(usize, Facts)>, Problem> {
    let runs = asked.chunk_by(|one, next| one.patient == next.patient);
    runs.filter_map(|run| Some((run.len(), run.first()?)))
        .map(|(length, question)| Ok((length, Facts::read(from, &question.patient, now)?)))
        .collect()
}

fn decide_all(
    (operating, in_force): (&Operating, &mut InForce),
    (asked, patients): (&[Question], Vec<(usize, Facts)>),
    Answers { now, is_for_officer, ends_with }: Answers,
) -> Result<Decisions, Problem> {
    let cache_for_seconds = in_force.image.cache_for_seconds();
    let mut all = Decisions::default();
    let mut questions = asked.iter();
    'patients: for (length, facts) in patients {
        let person = facts.person(operating, in_force)?;
        let known = person.id.map(|id| id.enterprise_id(&operating.prefix));
        let mut known_requester: Option<(&Asked, Requester)> = None;
        for question in questions.by_ref().take(length) {
            // Who asks many questions about one patient is looked up once.
            let known_by_now = known_requester.take().filter(|(asked, _)| **asked == question.asked);
            let look_up = || (&question.asked, question.asked.requester((operating, in_force), &person, now));
            let (_, requester) = known_requester.insert(known_by_now.unwrap_or_else(look_up));
            let finding = question.ask(in_force, (&person, requester), (now, is_for_officer));
            let id = ids::decision(random::bytes())?;
            all.decided.add(known.clone(), (question, &finding), (&id, operating.model.version()));
            all.views.push(DecisionView::new((id, &finding), cache_for_seconds, is_for_officer));
            if ends_with == Some(finding.decision.outcome) {
                break 'patients;
            }
        }
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
