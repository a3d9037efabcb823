//! Who is like a description.

use axum::extract::State;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::Scope;
use crate::serve::extract::Json;
use crate::serve::problem::Problem;
use crate::serve::viewer::Viewer;
use crate::serve::views::matching::{Description, MatchesView, Question};

/// Compares a description with the index: who could it be, and why.
#[utoipa::path(post, path = "/v1/match", operation_id = "match_persons", tag = "persons", request_body = Description,
    responses((status = 200, body = MatchesView)))]
pub(in crate::serve) async fn find(
    State(app): State<App>,
    viewer: Viewer,
    Json(body): Json<Description>,
) -> Result<Answer, Problem> {
    viewer.caller.require(Scope::MatchPersons)?;
    let (question, here) = (Question::new(body, viewer.clone())?, app.clone());
    let (answer, subjects) = app
        .ask(move |operating, draft| -> Result<_, Problem> {
            let (view, subjects) = question.answer((&here, operating), draft)?;
            Ok((Answer::ok(&view)?, subjects))
        })
        .await?;
    app.audit_view(&viewer, "match", subjects).await?;
    Ok(answer)
}
