//! Subscriptions: who gets the events of the change feed sent.

use axum::extract::State;
use mpi::kv::Seq;

use crate::serve::answer::Answer;
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Path};
use crate::serve::problem::Problem;
use crate::serve::random;
use crate::serve::views::subscription::{NewSubscription, SubscriptionView, Subscriptions};
use crate::serve::webhooks::{self, Subscription, Target};

/// Subscriptions of the caller, each with how far it is. Whoever runs the network sees all.
#[utoipa::path(get, path = "/v1/subscriptions", operation_id = "list_subscriptions", tag = "events",
    responses((status = 200, body = Subscriptions)))]
pub(in crate::serve) async fn list(State(app): State<App>, caller: Caller) -> Result<Answer, Problem> {
    caller.require(Scope::ReadEvents)?;
    app.read(move |draft| -> Result<Answer, Problem> {
        let mut subscriptions = Vec::new();
        for known in webhooks::list(draft)?.iter().filter(|known| known.is_open_to(&caller)) {
            let found = webhooks::read(draft, &known.id)?;
            subscriptions.extend(found.map(|(known, progress)| SubscriptionView::new(&known, &progress, None)));
        }
        Answer::ok(&Subscriptions { subscriptions })
    })
    .await
}

/// Subscribes to events: they are sent to an address, signed with the secret of the answer, which is not given again.
#[utoipa::path(post, path = "/v1/subscriptions", operation_id = "subscribe", tag = "events",
    request_body = NewSubscription, responses((status = 201, body = SubscriptionView)))]
pub(in crate::serve) async fn make(
    State(app): State<App>,
    caller: Caller,
    change: Change<NewSubscription>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadEvents)?;
    let Change { body, once, .. } = change;
    let wrong = |reason: String| Problem::bad_field("url", reason);
    Target::parse(&body.url, app.webhook_targets()).map_err(wrong)?;
    let types = body.types()?;
    if body.after.is_some() && caller.institution().is_some() {
        return Err(Problem::bad_field("after", "is for callers of the whole network"));
    }
    let after = body.after.map_or_else(|| app.kv().health().seq, Seq);
    let id = random::bytes::<8>().map_err(Problem::internal)?.map(|byte| format!("{byte:02x}")).concat();
    let key = app.secrets().newest_webhook_key();
    let secret = app.secrets().of_webhook(key, &id);
    let (owner, institution, url) = (caller.id().to_owned(), caller.institution().cloned(), body.url);
    app.write_once(once, move |draft, created| -> Result<Answer, Problem> {
        let (id, owner, url) = (id.clone(), owner.clone(), url.clone());
        let (institution, types) = (institution.clone(), types.clone());
        let subscription = Subscription { id, owner, institution, url, types, key, created };
        let progress = webhooks::add(draft, &subscription, after)?;
        let view = SubscriptionView::new(&subscription, &progress, Some(secret.clone()));
        Answer::created(format!("/v1/subscriptions/{}", subscription.id), &view)
    })
    .await
}

/// A subscription, and how far it is.
#[utoipa::path(get, path = "/v1/subscriptions/{subscription}", operation_id = "get_subscription", tag = "events",
    params(("subscription" = String, Path, description = "The id of a subscription")),
    responses((status = 200, body = SubscriptionView)))]
pub(in crate::serve) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadEvents)?;
    app.read(move |draft| -> Result<Answer, Problem> {
        let found = webhooks::read(draft, &id)?.filter(|(known, _)| known.is_open_to(&caller));
        let (known, progress) = found.ok_or_else(|| Problem::not_found("subscription"))?;
        Answer::ok(&SubscriptionView::new(&known, &progress, None))
    })
    .await
}

/// Ends a subscription.
#[utoipa::path(delete, path = "/v1/subscriptions/{subscription}", operation_id = "unsubscribe", tag = "events",
    params(("subscription" = String, Path, description = "The id of a subscription")),
    responses((status = 204, description = "Nothing is sent any more")))]
pub(in crate::serve) async fn end(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<()>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadEvents)?;
    app.write_once(change.once, move |draft, _| -> Result<Answer, Problem> {
        let found = webhooks::read(draft, &id)?.filter(|(known, _)| known.is_open_to(&caller));
        let (known, _) = found.ok_or_else(|| Problem::not_found("subscription"))?;
        webhooks::remove(draft, &known.id)?;
        Ok(Answer::no_content())
    })
    .await
}

/// Sends again at once what was not taken, also where the subscription has stopped.
#[utoipa::path(post, path = "/v1/subscriptions/{subscription}/resume", operation_id = "resume_subscription",
    tag = "events", params(("subscription" = String, Path, description = "The id of a subscription")),
    responses((status = 200, body = SubscriptionView)))]
pub(in crate::serve) async fn resume(
    State(app): State<App>,
    caller: Caller,
    Path(id): Path<String>,
    change: Change<()>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ReadEvents)?;
    app.write_once(change.once, move |draft, now| -> Result<Answer, Problem> {
        let found = webhooks::read(draft, &id)?.filter(|(known, _)| known.is_open_to(&caller));
        let (known, _) = found.ok_or_else(|| Problem::not_found("subscription"))?;
        let progress = webhooks::update(draft, &id, |progress| {
            (progress.attempts, progress.due, progress.is_stopped) = (0, now, false);
        })?;
        let progress = progress.ok_or_else(|| Problem::not_found("subscription"))?;
        Answer::ok(&SubscriptionView::new(&known, &progress, None))
    })
    .await
}
