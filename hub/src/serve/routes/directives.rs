//! Directives: joining, signing, withdrawing, and the review that a merge asks for.
//!
//! Who presents an identity signs under it. An identity that nobody has is no valid target. A withdrawal holds with its
//! acknowledgement.

use axum::extract::State;
use consent::registry::{self, Checks, History, KeptConsent};
use consent::{ConsentId, IdentityId, Known, SignerFacts};
use directory::{AsOf, Identifier, Instant};
use mpi::kv::Draft;
use mpi::read::CrossReference;

use crate::index::Operating;
use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Path, Query};
use crate::serve::permission::{Patient, identities, identity, linked};
use crate::serve::problem::Problem;
use crate::serve::routes::persons::IdentifierQuery;
use crate::serve::views::directive::{
    Because, DirectiveView, Directives, NewDirective, ReachMore, StandingChange, StandingView, consent_stamp,
};
use crate::serve::{ids, random};

/// The person joins the network under an identity.
#[utoipa::path(post, path = "/v1/enrolments", operation_id = "enrol", tag = "directives",
    request_body = StandingChange, responses((status = 200, body = StandingView)))]
pub(in crate::serve) async fn enrol(
    State(app): State<App>,
    caller: Caller,
    change: Change<StandingChange>,
) -> Result<Answer, Problem> {
    caller.require(Scope::SignConsent)?;
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let (identifier, from) = change.body.parts(stamp.now)?;
        let signer = presented(operating, draft, &identifier)?.0;
        registry::enrol(draft, signer, from, &consent_stamp(stamp))?;
        standing(draft, signer, stamp.now)
    })
    .await
}

/// The person withdraws: from now on nothing of the person is seen under any identity linked to this one.
#[utoipa::path(post, path = "/v1/withdrawals", operation_id = "withdraw", tag = "directives",
    request_body = StandingChange, responses((status = 200, body = StandingView)))]
pub(in crate::serve) async fn withdraw(
    State(app): State<App>,
    caller: Caller,
    change: Change<StandingChange>,
) -> Result<Answer, Problem> {
    caller.require(Scope::SignConsent)?;
    let (identifier, _) = change.body.parts(app.now())?;
    let withdrawn = app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let (identifier, from) = change.body.parts(stamp.now)?;
        let signer = presented(operating, draft, &identifier)?.0;
        registry::withdraw(draft, signer, from, &consent_stamp(stamp))?;
        standing(draft, signer, stamp.now)
    });
    let answer = withdrawn.await?;
    app.keep_endings(move |operating, draft| Ok(presented(operating, draft, &identifier)?.0)).await?;
    Ok(answer)
}

/// How a person stands, and what was signed under any of the linked identities.
#[utoipa::path(get, path = "/v1/directives", operation_id = "list_directives", tag = "directives",
    params(IdentifierQuery), responses((status = 200, body = Directives)))]
pub(in crate::serve) async fn list(
    State(app): State<App>,
    caller: Caller,
    Query(query): Query<IdentifierQuery>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadConsent)?;
    let identifier = query.identifier()?;
    let now = app.now();
    app.ask(move |operating, draft| -> Result<Answer, Problem> {
        let (signer, cross) = presented(operating, draft, &identifier)?;
        let effective = registry::effective(draft, &identities(&cross), AsOf::known(now))?;
        let kept = effective.identities.values().flat_map(|state| state.consents.values());
        let directives = kept.map(|kept| DirectiveView::new(kept, now)).collect();
        let standing = StandingView::new(&registry::history(draft, signer)?, now);
        Answer::ok(&Directives { standing, directives })
    })
    .await
}

/// A person signs: the directive is checked, kept for ever, and holds from the instant that it says.
#[utoipa::path(post, path = "/v1/directives", operation_id = "sign", tag = "directives",
    request_body = NewDirective, responses((status = 201, body = DirectiveView)))]
pub(in crate::serve) async fn sign(
    State(app): State<App>,
    caller: Caller,
    change: Change<NewDirective>,
) -> Result<Answer, Problem> {
    caller.require(Scope::SignConsent)?;
    let fresh = ConsentId(random::bytes().map_err(Problem::internal)?);
    let permission = app.clone();
    let identifier = change.body.identity.identifier()?;
    let signed = app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let new = &change.body;
        let (signer, cross) = presented(operating, draft, &new.identity.identifier()?)?;
        let consent = new.known()?.unwrap_or(fresh);
        let version = next_version(&registry::history(draft, signer)?, consent, stamp.now);
        let (document, from) = new.document((consent, version), signer, stamp.now)?;
        let stamp = consent_stamp(stamp);
        permission.permission().with((operating, draft), stamp.now, |in_force, draft| {
            let in_force = in_force.ok_or_else(|| Problem::conflict("no policy of the network is in force"))?;
            let known = Known { directory: &operating.directory, as_of: AsOf::known(stamp.now) };
            let (policy, book) = (&in_force.image, &mut in_force.book);
            registry::save(draft, &document, Checks { known, signer: SignerFacts::default(), policy, book }, &stamp)?;
            Ok(())
        })?;
        registry::activate(draft, (consent, version), (&identities(&cross), from), &stamp)?;
        let view = view(draft, (consent, Some(version)), stamp.now)?;
        Answer::created(format!("/v1/directives/{consent}"), &view)
    });
    let answer = signed.await?;
    // What it replaces has ended.
    app.keep_endings(move |operating, draft| Ok(presented(operating, draft, &identifier)?.0)).await?;
    Ok(answer)
}

/// The last version of a directive.
#[utoipa::path(get, path = "/v1/directives/{consent}", operation_id = "get_directive", tag = "directives",
    params(("consent" = String, Path, description = "The directive's id")),
    responses((status = 200, body = DirectiveView)))]
pub(in crate::serve) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadConsent)?;
    let (id, now) = (ids::consent(&id)?, app.now());
    app.read(move |draft| -> Result<Answer, Problem> { Answer::ok(&view(draft, (id, None), now)?) }).await
}

/// Withdraws one directive that denies nothing; others of the person stay.
#[utoipa::path(post, path = "/v1/directives/{consent}/withdraw", operation_id = "withdraw_directive",
    tag = "directives", params(("consent" = String, Path, description = "The directive's id")),
    responses((status = 200, body = DirectiveView)))]
pub(in crate::serve) async fn withdraw_one(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<()>,
) -> Result<Answer, Problem> {
    caller.require(Scope::SignConsent)?;
    let id = ids::consent(&id)?;
    let withdrawn = app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        registry::withdraw_consent(draft, id, stamp.now, &consent_stamp(stamp))?;
        Answer::ok(&view(draft, (id, None), stamp.now)?)
    });
    let answer = withdrawn.await?;
    app.keep_endings(move |_, draft| owner(draft, id)).await?;
    Ok(answer)
}

/// States that a directive never should have been.
#[utoipa::path(post, path = "/v1/directives/{consent}/error", operation_id = "enter_directive_in_error",
    tag = "directives", params(("consent" = String, Path, description = "The directive's id")),
    request_body = Because, responses((status = 200, body = DirectiveView)))]
pub(in crate::serve) async fn enter_in_error(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<Because>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReviewConsent)?;
    let id = ids::consent(&id)?;
    let entered = app.act((&caller, change.once), move |_, draft, stamp| -> Result<Answer, Problem> {
        let version = match change.body.version {
            Some(version) => version,
            None => last(draft, id, stamp.now)?.1,
        };
        registry::enter_in_error(draft, (id, version), &change.body.reason, &consent_stamp(stamp))?;
        Answer::ok(&view(draft, (id, Some(version)), stamp.now)?)
    });
    let answer = entered.await?;
    app.keep_endings(move |_, draft| owner(draft, id)).await?;
    Ok(answer)
}

/// Lets the permits of a directive open one record more, after an officer has reviewed the link.
#[utoipa::path(post, path = "/v1/directives/{consent}/reach", operation_id = "add_to_reach", tag = "directives",
    params(("consent" = String, Path, description = "The directive's id")),
    request_body = ReachMore, responses((status = 200, body = DirectiveView)))]
pub(in crate::serve) async fn add_to_reach(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<ReachMore>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReviewConsent)?;
    let (id, record) = (ids::consent(&id)?, ids::record_field("record", &change.body.record)?);
    app.act((&caller, change.once), move |operating, draft, stamp| -> Result<Answer, Problem> {
        let body = &change.body;
        let found = mpi::read::record(draft, record, &mpi::Visible::All)?;
        let found = found.ok_or_else(|| Problem::not_found("record"))?;
        let (added, cross) = presented(operating, draft, &found.identifier)?;
        let what = (added, &identities(&cross), body.reason.as_str());
        registry::add_to_reach(draft, (id, body.version), what, &consent_stamp(stamp))?;
        let effective = registry::effective(draft, &identities(&cross), AsOf::known(stamp.now))?;
        registry::note_gaps(draft, &effective, stamp.now)?;
        Answer::ok(&view(draft, (id, Some(body.version)), stamp.now)?)
    })
    .await
}

/// The identity that was presented, and everything that is linked to it.
pub(super) fn presented(
    operating: &Operating,
    draft: &mut Draft<'_>,
    identifier: &Identifier,
) -> Result<(IdentityId, CrossReference), Problem> {
    let patient = Patient::Identifier(identifier.clone());
    let cross = linked(operating, draft, &patient)?.ok_or_else(|| Problem::not_found("identifier"))?;
    let record = cross.records.iter().find(|record| record.identifier == *identifier);
    let signer = identity(record.ok_or_else(|| Problem::not_found("identifier"))?.record);
    Ok((signer, cross))
}

fn standing(draft: &mut Draft<'_>, identity: IdentityId, now: Instant) -> Result<Answer, Problem> {
    Answer::ok(&StandingView::new(&registry::history(draft, identity)?, now))
}

fn next_version(history: &History, consent: ConsentId, now: Instant) -> u32 {
    let state = history.at(AsOf::known(now));
    let last = state.consents.range((consent, 0)..=(consent, u32::MAX)).next_back();
    last.map_or(1, |((_, version), _)| version.saturating_add(1))
}

/// The identity that a directive was signed under.
fn owner(draft: &mut Draft<'_>, consent: ConsentId) -> Result<IdentityId, Problem> {
    registry::identity_of(draft, consent)?.ok_or_else(|| Problem::not_found("directive"))
}

/// The last version of a directive that there is.
fn last(draft: &mut Draft<'_>, consent: ConsentId, now: Instant) -> Result<(IdentityId, u32), Problem> {
    let owner = owner(draft, consent)?;
    Ok((owner, next_version(&registry::history(draft, owner)?, consent, now).saturating_sub(1)))
}

fn view(
    draft: &mut Draft<'_>,
    (consent, version): (ConsentId, Option<u32>),
    now: Instant,
) -> Result<DirectiveView, Problem> {
    Ok(DirectiveView::new(&kept(draft, (consent, version), now)?, now))
}

/// A directive as it is kept, in a version or in the last.
pub(super) fn kept(
    draft: &mut Draft<'_>,
    (consent, version): (ConsentId, Option<u32>),
    now: Instant,
) -> Result<KeptConsent, Problem> {
    let (owner, newest) = last(draft, consent, now)?;
    let mut state = registry::history(draft, owner)?.at(AsOf::known(now));
    let kept = state.consents.remove(&(consent, version.unwrap_or(newest)));
    kept.ok_or_else(|| Problem::not_found("directive"))
}
