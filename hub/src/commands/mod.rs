//! The commands, one file each.

pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod link;
pub(crate) mod rules;
pub(crate) mod synth;
