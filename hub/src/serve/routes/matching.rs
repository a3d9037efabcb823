//! Who is like a description.

use axum::extract::State;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::Json;
use crate::serve::problem::Problem;
use crate::serve::views::matching::{Description, MatchesView, Question};

/// Compares a description with the index: who could it be, and why.
#[utoipa::path(post, path = "/v1/match", operation_id = "match_persons", tag = "persons", request_body = Description,
    responses((status = 200, body = MatchesView)))]
pub(in crate::serve) async fn find(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<Description>,
) -> Result<Answer, Problem> {
    caller.require(Scope::MatchPersons)?;
    let question = Question::new(body, &caller)?;
    app.ask(move |operating, draft| Answer::ok(&question.answer(operating, draft)?)).await
}
