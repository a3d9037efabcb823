//! Care relationships: encounters, referrals and registered doctors, stated by the institutions themselves.
//!
//! What is stated here counts in every decision about the patient from the next request on.

use axum::extract::State;
use consent::registry;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Query};
use crate::serve::permission::identities;
use crate::serve::problem::Problem;
use crate::serve::routes::directives::presented;
use crate::serve::routes::persons::IdentifierQuery;
use crate::serve::views::care::{NewRelation, RelationView, Relations};
use crate::serve::views::directive::consent_stamp;

/// States a care relationship of an institution with a patient, or that there never was one.
#[utoipa::path(post, path = "/v1/relations", operation_id = "state_relation", tag = "directives",
    request_body = NewRelation, responses((status = 204, description = "It is stated")))]
pub(in crate::serve) async fn state(
    State(app): State<App>,
    caller: Caller,
    change: Change<NewRelation>,
) -> Result<Answer, Problem> {
    caller.require(Scope::StateCare)?;
    let institution = caller.speaks_for("institution", change.body.institution.as_deref())?;
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let (new, stamp) = (&change.body, consent_stamp(stamp));
        let identity = presented(operating, draft, &new.identity.identifier()?)?.0;
        let relation = new.relation(stamp.now)?;
        registry::state_relation(draft, (identity, &institution, &new.reference), relation.as_ref(), &stamp)?;
        Ok(Answer::no_content())
    })
    .await
}

/// Who cares for a patient: what was stated for any of the linked identities.
#[utoipa::path(get, path = "/v1/relations", operation_id = "list_relations", tag = "directives",
    params(IdentifierQuery), responses((status = 200, body = Relations)))]
pub(in crate::serve) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<IdentifierQuery>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadConsent)?;
    let (identifier, now) = (query.identifier()?, app.now());
    app.ask(move |operating, draft| -> Result<Answer, Problem> {
        let (_, cross) = presented(operating, draft, &identifier)?;
        let all = registry::relations(draft, &identities(&cross), now)?;
        Answer::ok(&Relations { relations: all.iter().map(RelationView::new).collect() })
    })
    .await
}
