//! Simulation: what would be answered, asked of many at once, for an officer who wants to know before it happens.
//!
//! | call | question |
//! |---|---|
//! | [`who_can_see`] | who can see this patient? institution × role × category, each cell with its reason |
//! | [`what_can_see`] | what can this user see, over many patients? |
//! | [`what_would_flip`] | why, or why not, and the change that would turn the answer |
//! | [`what_would_change`] | what changes if this draft is published? |
//! | [`replay()`] | which answers of the past would come out otherwise under another policy? |
//!
//! All of them ask the rules that a decision asks, and come to the same answers: what is shared is the work, by asking
//! once for everybody whom no rule can tell apart. Nothing is sampled. Nothing here is a decision: a simulation is shown
//! and acted upon by nobody.

mod classes;
mod draft;
mod flip;
mod matrix;
mod replay;
mod sweep;
mod user;

pub use draft::{
    Change, ChangeKey, Direction, DraftError, Drafted, EXAMPLES_MAX, NETWORK_RULES_MAX, PROBES_MAX, PolicyDiff,
    Relationship, SHAPE_RULES_MAX, Witness, every_label, every_relationship, what_would_change,
};
pub use flip::{Flip, FlipStep, what_would_flip};
pub use matrix::{Cell, Extent, Matrix, Sight, who_can_see};
pub use replay::{DIFFERENCES_MAX, Difference, Past, Replay, replay};
pub use sweep::CellReason;
pub use user::{Holding, Seen, Standpoint, what_can_see};
