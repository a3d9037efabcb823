//! Web hooks: events of the change feed, sent to whoever subscribed.
//!
//! A subscription is a consumer of the log like any other: it has a position, gets what its subscriber may see and wants,
//! in order, and goes on from the position when an answer says that the events were taken. So every event comes at least
//! once, also after a restart; an event may come twice, and the id of a delivery stays the same when it is repeated. What
//! is not taken is tried again after a time that doubles; after many attempts the subscription stops until somebody
//! resumes it. How a delivery travels is in `send`, when in `follow`.

pub(super) mod follow;
mod send;
mod target;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use directory::{Instant, InstitutionId};
use mpi::kv::{Draft, Key, Partition, Seq};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::caller::Caller;
use super::problem::{ErrorCode, Problem};
use super::space;
use crate::config::Role;

#[cfg(test)]
pub(super) use send::signature;
pub(super) use target::Target;

/// Subscriptions of one server: each reads the log by itself.
pub(super) const SUBSCRIPTIONS_MAX: usize = 100;
/// Format of the rows.
const FORMAT: u8 = 1;

/// Who wants to hear what, and where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Subscription {
    /// Its id.
    pub(super) id: String,
    /// The caller whose it is.
    pub(super) owner: String,
    /// The institution that the caller acts for: only what it may see is sent.
    pub(super) institution: Option<InstitutionId>,
    /// Where to.
    pub(super) url: String,
    /// Which types of events; empty: all.
    pub(super) types: Vec<String>,
    /// The key of the keyring that the secret is derived from.
    pub(super) key: u16,
    /// Since when.
    pub(super) created: Instant,
}

/// How far a subscription is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Progress {
    /// The last position of the log that is done with.
    pub(super) after: u64,
    /// Events that were taken.
    pub(super) delivered: u64,
    /// Attempts at what comes next that failed.
    pub(super) attempts: u32,
    /// When the next attempt may be made.
    pub(super) due: Instant,
    /// Why the last attempt failed.
    pub(super) failure: Option<String>,
    /// Whether nothing is sent until somebody resumes it.
    pub(super) is_stopped: bool,
}

/// What is known of subscriptions between two deliveries.
#[derive(Debug, Default)]
pub(super) struct Webhooks {
    /// Positions up to which a subscription wants nothing: written only now and then.
    seen: Mutex<BTreeMap<String, u64>>,
    in_flight: Mutex<BTreeSet<String>>,
}

impl Webhooks {
    fn seen(&self, id: &str) -> u64 {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied().unwrap_or_default()
    }

    fn note_seen(&self, id: &str, position: u64) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned(), position);
    }

    fn begin(&self, id: &str) -> bool {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_owned())
    }

    fn end(&self, id: &str) {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

impl Subscription {
    /// Whether a caller may see and change it: its owner, and whoever runs the network.
    pub(super) fn is_open_to(&self, caller: &Caller) -> bool {
        let runs_the_network = matches!(caller.role(), None | Some(Role::Administrator));
        self.owner == caller.id() || (runs_the_network && caller.institution().is_none())
    }

    /// What its subscriber may see.
    fn visible(&self) -> mpi::Visible {
        self.institution.clone().map_or(mpi::Visible::All, mpi::Visible::custodian)
    }

    fn wants(&self, kind: &str) -> bool {
        self.types.is_empty() || self.types.iter().any(|wanted| wanted == kind)
    }
}

/// All subscriptions stand in one partition: they are few.
fn list_partition() -> Partition {
    Partition::new(space::SUBSCRIPTION, *b"all")
}

fn progress_key(id: &str) -> Key {
    Partition::new(space::SUBSCRIPTION, [b"progress ", id.as_bytes()].concat()).key([])
}

/// Every subscription.
pub(super) fn list(draft: &mut Draft<'_>) -> Result<Vec<Subscription>, Problem> {
    let rows = draft.scan(&list_partition(), &[], None, u32::MAX)?;
    rows.rows.iter().map(|(_, value)| decode(value)).collect()
}

/// A subscription with its progress; none when there is no such.
pub(super) fn read(draft: &mut Draft<'_>, id: &str) -> Result<Option<(Subscription, Progress)>, Problem> {
    let Some(row) = draft.get(&list_partition().key(id.as_bytes()))? else { return Ok(None) };
    let progress = draft.get(&progress_key(id))?;
    let missing = || Problem::new(ErrorCode::StoreCorrupt, "a subscription has no progress");
    Ok(Some((decode(&row)?, decode(&progress.ok_or_else(missing)?)?)))
}

/// Adds a subscription that begins after a position.
pub(super) fn add(draft: &mut Draft<'_>, subscription: &Subscription, after: Seq) -> Result<Progress, Problem> {
    draft.rely(&list_partition())?;
    if list(draft)?.len() >= SUBSCRIPTIONS_MAX {
        return Err(Problem::conflict(format!("there are {SUBSCRIPTIONS_MAX} subscriptions: remove one first")));
    }
    let progress = Progress {
        after: after.0,
        delivered: 0,
        attempts: 0,
        due: subscription.created,
        failure: None,
        is_stopped: false,
    };
    draft.put(list_partition().key(subscription.id.as_bytes()), encode(subscription)?);
    draft.put(progress_key(&subscription.id), encode(&progress)?);
    Ok(progress)
}

/// Removes a subscription.
pub(super) fn remove(draft: &mut Draft<'_>, id: &str) -> Result<(), Problem> {
    draft.rely(&list_partition())?;
    draft.rely(&progress_key(id).partition)?;
    draft.delete(list_partition().key(id.as_bytes()));
    draft.delete(progress_key(id));
    Ok(())
}

/// Changes how far a subscription is, if it is still there.
pub(super) fn update(
    draft: &mut Draft<'_>,
    id: &str,
    change: impl FnOnce(&mut Progress),
) -> Result<Option<Progress>, Problem> {
    draft.rely(&progress_key(id).partition)?;
    let Some((_, mut progress)) = read(draft, id)? else { return Ok(None) };
    change(&mut progress);
    draft.put(progress_key(id), encode(&progress)?);
    Ok(Some(progress))
}

fn encode(row: &impl Serialize) -> Result<Vec<u8>, Problem> {
    postcard::to_extend(row, vec![FORMAT]).map_err(Problem::internal)
}

fn decode<T: DeserializeOwned>(row: &[u8]) -> Result<T, Problem> {
    let decoded = match row.split_first() {
        Some((&FORMAT, rest)) => postcard::from_bytes(rest),
        _ => Err(postcard::Error::DeserializeBadEncoding),
    };
    decoded.map_err(|error| Problem::new(ErrorCode::StoreCorrupt, "a subscription cannot be read").because(error))
}
