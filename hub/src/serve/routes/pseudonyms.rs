//! Pseudonyms: one id per person and service, for services that count and follow persons without knowing them.
//!
//! A pseudonym is a keyed digest of the person and the client that asks, so two services cannot put theirs together, and
//! nobody without the key can go back. It follows the person through merges as the enterprise id does: a person that was
//! merged into another has the other's from then on.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::Json;
use crate::serve::problem::Problem;
use crate::serve::trail::read;
use crate::serve::views::directive::Presented;

/// What the digests of persons are for.
const PSEUDONYM: &str = "pseudonym";

/// A person as one service knows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Pseudonym)]
pub(in crate::serve) struct PseudonymView {
    /// 32 hexadecimal digits, the same for every request of this client about this person.
    pseudonym: String,
}

/// The pseudonym of whom an identifier stands for.
#[utoipa::path(post, path = "/v1/pseudonyms", operation_id = "get_pseudonym", tag = "persons",
    request_body = Presented, responses((status = 200, body = PseudonymView)))]
pub(in crate::serve) async fn find(
    State(app): State<App>,
    caller: Caller,
    Json(presented): Json<Presented>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ResolveIdentifiers)?;
    let (identifier, visible) = (presented.identifier()?, caller.visible());
    let (digest, person) = app.ask_here(|operating, draft| -> Result<_, Problem> {
        let found = mpi::read::cross_reference(&operating.index(), draft, &identifier, &visible)?;
        let person = found.ok_or_else(|| Problem::not_found("identifier"))?.person;
        let parts = [caller.id().as_bytes(), &person.number().to_be_bytes()[..]];
        Ok((operating.digester.digest(PSEUDONYM, &parts), person.enterprise_id(&operating.prefix)))
    })?;
    app.audit(&caller, ("get_pseudonym", None), read(person)).await?;
    let pseudonym = mpi::RecordId(digest).to_string();
    Answer::ok(&PseudonymView { pseudonym })
}
