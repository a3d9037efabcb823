//! What goes over the wire, apart from how it was found: one file per kind of thing.
//!
//! A view is made from what a read verb of a core crate returned for this caller, and shows nothing else. Enterprise ids
//! are texts with prefix and check digit, other ids hexadecimal digits, times RFC 3339.

pub(super) mod arrival;
pub(super) mod authzen;
pub(super) mod care;
pub(super) mod decision;
pub(super) mod directive;
pub(super) mod draft;
pub(super) mod emergency;
pub(super) mod erasure;
pub(super) mod event;
pub(super) mod hook;
pub(super) mod identity;
pub(super) mod life;
pub(super) mod mask;
pub(super) mod matching;
pub(super) mod person;
pub(super) mod policy;
pub(super) mod record;
pub(super) mod replay;
pub(super) mod rules;
pub(super) mod simulation;
pub(super) mod subscription;
pub(super) mod task;
pub(super) mod timeline;
pub(super) mod waterfall;
