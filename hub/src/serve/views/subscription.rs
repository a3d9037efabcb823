//! Subscriptions: who wants to hear what, and how far it is.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::event::TYPES;
use crate::serve::problem::Problem;
use crate::serve::webhooks::{Progress, Subscription};

/// A subscription to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewSubscription {
    /// Where events are sent: an address of this machine, or one that the configuration allows.
    #[schema(example = "http://127.0.0.1:9000/events")]
    pub(in crate::serve) url: String,
    /// The types of events that are wanted; missing or empty: all.
    #[serde(default)]
    pub(in crate::serve) types: Vec<String>,
    /// The position of the log after which to begin, for callers of the whole network; missing: from now on.
    #[serde(default)]
    pub(in crate::serve) after: Option<u64>,
}

impl NewSubscription {
    /// The types, all of which exist.
    pub(in crate::serve) fn types(&self) -> Result<Vec<String>, Problem> {
        match self.types.iter().find(|wanted| !TYPES.contains(&wanted.as_str())) {
            Some(unknown) => Err(Problem::bad_field("types", format!("`{unknown}` is no type of event"))),
            None => Ok(self.types.clone()),
        }
    }
}

/// A subscription.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
pub(in crate::serve) struct SubscriptionView {
    /// Its id.
    id: String,
    /// The caller whose it is.
    owner: String,
    /// The institution whose view is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    institution: Option<String>,
    /// Where events are sent.
    url: String,
    /// The types that are wanted; empty: all.
    types: Vec<String>,
    /// When it was made.
    created: String,
    /// `active`, `retrying` or `stopped`.
    #[schema(example = "active")]
    state: &'static str,
    /// Events that were taken.
    delivered: u64,
    /// Attempts at the next delivery that failed.
    attempts: u32,
    /// Why the last attempt failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
    /// When the next attempt is made, after a failure.
    #[serde(skip_serializing_if = "Option::is_none")]
    due: Option<String>,
    /// The position that is done with; for callers of the whole network.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<u64>,
    /// The key of signatures; only in the answer that made the subscription.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// Subscriptions of the caller; whoever runs the network sees all.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Subscriptions {
    pub(in crate::serve) subscriptions: Vec<SubscriptionView>,
}

impl SubscriptionView {
    pub(in crate::serve) fn new(subscription: &Subscription, progress: &Progress, secret: Option<String>) -> Self {
        let state = match progress {
            Progress { is_stopped: true, .. } => "stopped",
            Progress { attempts: 0, .. } => "active",
            _ => "retrying",
        };
        Self {
            id: subscription.id.clone(),
            owner: subscription.owner.clone(),
            institution: subscription.institution.as_ref().map(ToString::to_string),
            url: subscription.url.clone(),
            types: subscription.types.clone(),
            created: subscription.created.to_string(),
            state,
            delivered: progress.delivered,
            attempts: progress.attempts,
            failure: progress.failure.clone(),
            due: (state == "retrying").then(|| progress.due.to_string()),
            after: subscription.institution.is_none().then_some(progress.after),
            secret,
        }
    }
}
