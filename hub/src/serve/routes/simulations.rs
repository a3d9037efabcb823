//! Questions of officers about everybody at once. They write nothing.

use axum::extract::State;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::Json;
use crate::serve::permission::{Facts, with_matrix};
use crate::serve::problem::Problem;
use crate::serve::trail::read;
use crate::serve::views::simulation::{SightQuestion, SightView};

/// Who can see this patient: every institution in every role, for each kind of data, for one purpose at one moment.
#[utoipa::path(post, path = "/v1/simulations/who-can-see", operation_id = "who_can_see", tag = "decisions",
    request_body = SightQuestion, responses((status = 200, body = SightView)))]
pub(in crate::serve) async fn sight(
    State(app): State<App>,
    caller: Caller,
    Json(asked): Json<SightQuestion>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadConsent)?;
    let here = app.clone();
    let (answer, person) = app
        .ask(move |operating, draft| -> Result<_, Problem> {
            let (now, patient) = (here.now(), asked.patient.patient(&operating.prefix)?);
            let view = asked.viewpoint(now)?;
            let facts = Facts::read((&**here.kv(), operating), &patient, view.at)?;
            here.permission().with((operating, draft), now, |in_force, _| {
                let in_force = in_force.ok_or_else(|| Problem::conflict("no policy of the network is in force"))?;
                let person = facts.person(operating, in_force)?;
                let seen = with_matrix((operating, in_force), &person, view, |matrix, institutions| {
                    SightView::new(view.at, (matrix, institutions), (&in_force.engine(), &person.chart))
                });
                let answer = Answer::ok(&seen.ok_or_else(|| Problem::not_found("person"))?)?;
                let person = person.id.ok_or_else(|| Problem::not_found("person"))?;
                Ok((answer, person.enterprise_id(&operating.prefix)))
            })
        })
        .await?;
    app.audit(&caller, ("who_can_see", None), read(person)).await?;
    Ok(answer)
}
