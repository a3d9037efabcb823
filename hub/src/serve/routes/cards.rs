//! Cards: a patient joins with a form and gets one, and institutions tie their own numbers to it.
//!
//! Before a number is tied, the index is asked whether whom it stands for is whom the card is tied to already: the card of
//! a family member and a typing error are found at the desk and not in an emergency. A tie joins no records and shows
//! nothing to anybody.

use axum::extract::State;
use consent::IdentityId;
use consent::registry::{self, Card, CardId};
use directory::Instant;
use mpi::kv::Draft;
use mpi::{RecordId, Visible};

use crate::index::Operating;
use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Json};
use crate::serve::permission::identities;
use crate::serve::problem::Problem;
use crate::serve::routes::directives::presented;
use crate::serve::views::care::{CardEnd, CardNumber, CardView, NewCard, NewTie, TieCheckView};
use crate::serve::views::directive::consent_stamp;

/// What the digests of card numbers are for.
const NUMBER: &str = "card number";

/// Issues a card to a patient who joins with a form.
#[utoipa::path(post, path = "/v1/cards", operation_id = "issue_card", tag = "directives",
    request_body = NewCard, responses((status = 200, body = CardView)))]
pub(in crate::serve) async fn issue(
    State(app): State<App>,
    caller: Caller,
    change: Change<NewCard>,
) -> Result<Answer, Problem> {
    caller.require(Scope::SignConsent)?;
    let institution = caller.speaks_for("institution", change.body.institution.as_deref())?;
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let id = card_id(operating, &change.body.number)?;
        registry::issue_card(draft, id, (&change.body.form, &institution), &consent_stamp(stamp))?;
        Answer::ok(&CardView::new(&standing(draft, id)?, None))
    })
    .await
}

/// How a card stands.
#[utoipa::path(post, path = "/v1/cards/find", operation_id = "find_card", tag = "directives",
    request_body = CardNumber, responses((status = 200, body = CardView)))]
pub(in crate::serve) async fn find(
    State(app): State<App>,
    caller: Caller,
    Json(body): Json<CardNumber>,
) -> Result<Answer, Problem> {
    caller.require(Scope::SignConsent)?;
    app.ask(move |operating, draft| -> Result<Answer, Problem> {
        let id = card_id(operating, &body.number)?;
        Answer::ok(&CardView::new(&standing(draft, id)?, None))
    })
    .await
}

/// Ties an institution's number of a patient to the card that the patient shows, unless the two look like two persons.
#[utoipa::path(post, path = "/v1/cards/ties", operation_id = "tie_card", tag = "directives",
    request_body = NewTie, responses((status = 200, body = CardView)))]
pub(in crate::serve) async fn tie(
    State(app): State<App>,
    caller: Caller,
    change: Change<NewTie>,
) -> Result<Answer, Problem> {
    caller.require(Scope::SignConsent)?;
    let own = caller.institution().cloned();
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let new = &change.body;
        let id = card_id(operating, &new.number)?;
        let (identity, cross) = presented(operating, draft, &new.identity.identifier()?)?;
        let record = cross.records.iter().find(|record| record.record.0 == identity.0);
        let institution = &record.ok_or_else(|| Problem::not_found("identifier"))?.institution;
        if own.as_ref().is_some_and(|own| own != institution) {
            return Err(Problem::not_found("identifier"));
        }
        let card = standing(draft, id)?;
        let linked = identities(&cross);
        let check = check((operating, draft), (identity, &|tied| linked.contains(&tied)), &card)?;
        if check.is_doubtful() && !new.is_confirmed {
            return Err(Problem::conflict(
                "the card is tied to records that look like another person's: a family member's card, or a typing error; \
                 look at both, and say `is_confirmed`",
            ));
        }
        registry::tie_card(draft, (id, identity), institution, &consent_stamp(stamp))?;
        Answer::ok(&CardView::new(&standing(draft, id)?, Some(check)))
    })
    .await
}

/// Takes a tie back, or calls the whole card off.
#[utoipa::path(post, path = "/v1/cards/end", operation_id = "end_card", tag = "directives",
    request_body = CardEnd, responses((status = 200, body = CardView)))]
pub(in crate::serve) async fn end(
    State(app): State<App>,
    caller: Caller,
    change: Change<CardEnd>,
) -> Result<Answer, Problem> {
    caller.require(Scope::SignConsent)?;
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let (body, stamp) = (&change.body, consent_stamp(stamp));
        let id = card_id(operating, &body.number)?;
        standing(draft, id)?;
        match &body.identity {
            None => registry::cancel_card(draft, id, &body.reason, &stamp)?,
            Some(identity) => {
                let identity = presented(operating, draft, &identity.identifier()?)?.0;
                registry::untie_card(draft, (id, identity), &body.reason, &stamp)?
            }
        };
        Answer::ok(&CardView::new(&standing(draft, id)?, None))
    })
    .await
}

/// How whom a number stands for compares with whom a card is tied to: the best of the ties counts.
fn check(
    (operating, draft): (&Operating, &mut Draft<'_>),
    (identity, is_linked): (IdentityId, &dyn Fn(IdentityId) -> bool),
    card: &Card,
) -> Result<TieCheckView, Problem> {
    if card.ties.is_empty() {
        return Ok(TieCheckView::FIRST);
    }
    if card.ties.keys().any(|tied| is_linked(*tied)) {
        return Ok(TieCheckView::LINKED);
    }
    let mut read = |id: IdentityId| mpi::read::record(draft, RecordId(id.0), &Visible::All);
    let own = read(identity)?.ok_or_else(|| Problem::not_found("identifier"))?;
    let mut best = None;
    for tied in card.ties.keys() {
        let Some(other) = read(*tied)? else { continue };
        let compared = mpi::read::compare(&operating.index(), &own.demographics, &other.demographics)?;
        best = Some(best.filter(|(weight, _)| *weight >= compared.0).unwrap_or(compared));
    }
    Ok(best.map_or(TieCheckView::FIRST, TieCheckView::compared))
}

fn card_id(operating: &Operating, number: &str) -> Result<CardId, Problem> {
    let number = linkage::normalize::clean(number);
    if number.is_empty() || number.len() > NUMBER_BYTES_MAX {
        return Err(Problem::bad_field("number", format!("has 1 to {NUMBER_BYTES_MAX} bytes")));
    }
    Ok(CardId(operating.digester.digest(NUMBER, &[number.as_bytes()])))
}

/// Longer than any number on a card.
const NUMBER_BYTES_MAX: usize = 64;

fn standing(draft: &mut Draft<'_>, card: CardId) -> Result<Card, Problem> {
    registry::card(draft, card, Instant::FOREVER)?.ok_or_else(|| Problem::not_found("card"))
}
