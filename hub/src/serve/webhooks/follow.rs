//! When deliveries are made: a subscription is looked at when the log moves or an attempt is due, each by itself.

use std::time::Duration;

use directory::Instant;
use mpi::events;
use mpi::kv::Seq;
use serde::Serialize;

use super::send::{Delivery, Refused, send, signature};
use super::{Progress, Subscription, Target, list, read, update};
use crate::serve::app::App;
use crate::serve::feed;
use crate::serve::problem::Problem;
use crate::serve::random;
use crate::serve::views::event::EventView;

/// Log batches of one delivery.
const BATCHES: u32 = 200;
/// Time between two looks at a log that has not moved.
const IDLE: Duration = Duration::from_millis(250);
/// Positions without an event that is wanted after which the position is written down all the same.
const UNWRITTEN_MAX: u64 = 10_000;
/// Attempts at one delivery, over about a day; then the subscription stops.
pub(in crate::serve) const ATTEMPTS_MAX: u32 = 32;
/// Seconds until the second attempt; each time doubles the one before.
const PAUSE_SECONDS_MIN: u64 = 1;
/// The longest time between two attempts.
const PAUSE_SECONDS_MAX: u64 = 3_600;
const MICROS_PER_SECOND: u64 = 1_000_000;

/// Delivers until the server stops.
pub(in crate::serve) async fn follow(app: App) {
    loop {
        tokio::time::sleep(IDLE).await;
        if !app.readiness().obstacles().is_empty() {
            continue;
        }
        match app.read(list).await {
            Ok(subscriptions) => subscriptions.into_iter().for_each(|it| begin(&app, it.id)),
            Err(problem) => {
                tracing::warn!(code = problem.code().name(), cause = %problem, "subscriptions cannot be read");
            }
        }
    }
}

/// Delivers what there is for one subscription, beside the others.
fn begin(app: &App, id: String) {
    if !app.webhooks().begin(&id) {
        return;
    }
    let app = app.clone();
    tokio::spawn(async move {
        loop {
            match deliver(&app, &id, app.now()).await {
                Ok(Delivered::Taken) => {}
                Ok(Delivered::Nothing | Delivered::Refused) => break,
                Err(problem) => {
                    tracing::warn!(code = problem.code().name(), cause = %problem, "a web hook cannot be sent");
                    break;
                }
            }
        }
        app.webhooks().end(&id);
    });
}

/// What a look at a subscription came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Delivered {
    /// Nothing is to be sent now.
    Nothing,
    /// Events were taken, or there were none among those read, and there may be more.
    Taken,
    /// Events were not taken.
    Refused,
}

/// The body of a delivery.
#[derive(Serialize)]
struct Body<'a> {
    subscription: &'a str,
    delivery: &'a str,
    events: &'a [EventView],
}

/// Sends what came after the position of a subscription, if an attempt is due.
pub(in crate::serve) async fn deliver(app: &App, id: &str, now: Instant) -> Result<Delivered, Problem> {
    let wanted = id.to_owned();
    let found = app.read(move |draft| read(draft, &wanted)).await?;
    let Some((subscription, progress)) = found.filter(|(_, it)| !it.is_stopped && it.due <= now) else {
        return Ok(Delivered::Nothing);
    };
    let after = Seq(progress.after.max(app.webhooks().seen(id)));
    let (last, page, mut events) = {
        let (visible, is_network) = (subscription.visible(), subscription.institution.is_none());
        let read = app.ask_store(move |kv, operating| -> Result<_, Problem> {
            let last = kv.health().seq;
            let page = events::feed(kv, after, BATCHES, &visible)?;
            let events = feed::events((kv, operating), &page, (&visible, is_network))?;
            Ok((last, page, events))
        });
        read.await?
    };
    let next = if page.has_more { page.next } else { page.next.max(last) };
    events.retain(|view| subscription.wants(view.kind()));
    if events.is_empty() {
        pass(app, &progress, (id, next)).await?;
        return Ok(if page.has_more { Delivered::Taken } else { Delivered::Nothing });
    }
    let delivery = delivery(app, &subscription, ((progress.after, page.next.0), &events), now)?;
    match send(delivery).await {
        Ok(()) => {
            let count = events.len() as u64;
            take(app, &progress, (id, next, count)).await?;
            Ok(Delivered::Taken)
        }
        Err(refused) => {
            refuse(app, &progress, (id, refused), now).await?;
            Ok(Delivered::Refused)
        }
    }
}

fn delivery(
    app: &App,
    subscription: &Subscription,
    ((after, until), events): ((u64, u64), &[EventView]),
    now: Instant,
) -> Result<Delivery, Problem> {
    let id = &subscription.id;
    let targets = app.webhook_targets();
    let target =
        Target::parse(&subscription.url, targets).map_err(|reason| Problem::refused(format!("url {reason}")))?;
    let secret = app.secrets().of_webhook(subscription.key, id);
    // The same events have the same id, more events another. It tells nothing of how much happens elsewhere.
    let digest = blake3::keyed_hash(app.secrets().page(), format!("{id} {after} {until}").as_bytes()).to_hex();
    let delivery: String = digest.chars().take(32).collect();
    let body = serde_json::to_string(&Body { subscription: id, delivery: &delivery, events });
    let body = body.map_err(Problem::internal)?;
    let signature = signature(&secret, now, &body);
    Ok(Delivery { target, subscription: id.clone(), id: delivery, signature, body })
}

/// Goes on behind what nobody wants; the position is written down now and then.
async fn pass(app: &App, progress: &Progress, (id, next): (&str, Seq)) -> Result<(), Problem> {
    if next.0.saturating_sub(progress.after) > UNWRITTEN_MAX {
        take(app, progress, (id, next, 0)).await?;
    } else {
        app.webhooks().note_seen(id, next.0);
    }
    Ok(())
}

async fn take(app: &App, before: &Progress, (id, next, count): (&str, Seq, u64)) -> Result<(), Problem> {
    let (wanted, after) = (id.to_owned(), before.after);
    app.write(move |draft, _| {
        update(draft, &wanted, |progress| {
            // Somebody may have set the position anew meanwhile.
            if progress.after == after {
                progress.after = next.0;
            }
            progress.delivered += count;
            progress.attempts = 0;
            progress.failure = None;
        })
    })
    .await?;
    app.webhooks().note_seen(id, next.0);
    Ok(())
}

async fn refuse(app: &App, before: &Progress, (id, refused): (&str, Refused), now: Instant) -> Result<(), Problem> {
    let pause = pause_micros(before.attempts);
    let due = Instant::from_micros(now.micros().saturating_add(pause));
    let wanted = id.to_owned();
    let written = app
        .write(move |draft, _| {
            let refused = refused.clone();
            update(draft, &wanted, |progress| {
                progress.attempts += 1;
                progress.due = due;
                progress.is_stopped = refused == Refused::ForGood || progress.attempts >= ATTEMPTS_MAX;
                progress.failure = Some(match refused {
                    Refused::Now(reason) => reason,
                    Refused::ForGood => "answered with status 410: it wants nothing any more".to_owned(),
                });
            })
        })
        .await?;
    if written.value.is_some_and(|progress| progress.is_stopped) {
        tracing::warn!(subscription = id, "a web hook is not taken: the subscription has stopped");
    }
    Ok(())
}

/// Half of a time that doubles with every attempt, and a random part of the other half.
fn pause_micros(attempts: u32) -> i64 {
    let seconds = PAUSE_SECONDS_MIN.saturating_mul(1 << attempts.min(32)).min(PAUSE_SECONDS_MAX);
    let bound = seconds * MICROS_PER_SECOND;
    i64::try_from(bound / 2 + random::below(bound / 2 + 1)).unwrap_or(i64::MAX)
}
