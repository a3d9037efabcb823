//! The handlers, one file per kind of thing.
//!
//! A handler has five lines: require a scope, call one verb through [`super::app::App`], map its result to a view,
//! answer. What a view shows is defined beside its handler. No handler reaches the store in another way, and none has a
//! rule of the domain in it.

pub(super) mod about;
pub(super) mod audit;
pub(super) mod authzen;
pub(super) mod cards;
pub(super) mod decisions;
pub(super) mod directives;
pub(super) mod emergencies;
pub(super) mod erasures;
pub(super) mod events;
pub(super) mod gaps;
pub(super) mod health;
pub(super) mod history;
pub(super) mod hooks;
pub(super) mod identity;
pub(super) mod institutions;
pub(super) mod masks;
pub(super) mod matching;
pub(super) mod persons;
pub(super) mod policies;
pub(super) mod pseudonyms;
pub(super) mod receipts;
pub(super) mod records;
pub(super) mod relations;
pub(super) mod rules;
pub(super) mod scenarios;
pub(super) mod search;
pub(super) mod simulations;
pub(super) mod statistics;
pub(super) mod subscriptions;
pub(super) mod tasks;
