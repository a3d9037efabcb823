//! The server: HTTP around the verbs of the core crates.
//!
//! | File | What it is |
//! |---|---|
//! | `router` | every route, and the OpenAPI document from the same lines |
//! | `routes` | the handlers, five lines each, with their views |
//! | `operating` | what decides, as requests see it |
//! | `ids`, `views` | what goes over the wire: ids in both directions, answers |
//! | `app` | the state that every handler has |
//! | `caller`, `viewer` | who calls, what its role includes, and for whom and why it looks into the index |
//! | `permission`, `trail` | the consent engine at the edge, and the audit of what was answered |
//! | `extract`, `answer`, `page`, `once` | requests in, answers out, long lists, repeated writes |
//! | `problem` | everything that can go wrong, with its code |
//! | `background`, `second_look`, `reach`, `shadow`, `drafts`, `replays`, `rule_runs`, `counted` | what goes on behind the requests |
//! | `sweep` | what is kept for a named time only |
//! | `reads` | who was given what |
//! | `erasures`, `withdrawals` | what a restored store has to forget and to end again |
//! | `store`, `pool` | the way into the store, bounded |
//! | `feed`, `webhooks` | what has changed, for those who ask and for subscribers |
//! | `standby` | what a version with other blocking rules needs of every record |
//! | `search` | the search index, kept up with the log |
//! | `observe`, `metrics`, `ready` | what an operator sees |
//! | `server` | connections, and a stop that loses no request |
//! | `clock`, `random` | the only places that ask the machine for time and randomness |
//!
//! The server knows no rule of identity or consent: those are in the core crates, which know no HTTP.

pub mod answer;
pub mod app;
mod background;
pub mod caller;
pub mod clock;
mod counted;
mod drafts;
mod erasures;
pub mod extract;
mod feed;
mod ids;
pub mod log;
mod metrics;
pub mod observe;
pub mod once;
mod operating;
pub mod page;
mod permission;
mod pool;
pub mod problem;
pub mod random;
mod reach;
mod reads;
pub mod ready;
mod replays;
pub mod router;
mod routes;
mod rule_runs;
pub mod search;
mod second_look;
mod secrets;
pub mod server;
mod shadow;
pub(crate) mod space;
mod standby;
pub mod store;
mod sweep;
#[cfg(test)]
mod tests;
mod trail;
mod viewer;
mod views;
mod webhooks;
mod withdrawals;

pub use metrics::{Statistic, StatisticSource};
