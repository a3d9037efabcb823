//! The commands, one file each.

pub(crate) mod audit;
pub(crate) mod backup;
mod closed;
pub(crate) mod directory;
pub(crate) mod evaluate;
pub(crate) mod explain;
pub(crate) mod import;
pub(crate) mod keyring;
pub(crate) mod link;
pub(crate) mod policy;
pub(crate) mod restore;
pub(crate) mod rules;
pub(crate) mod serve;
pub(crate) mod synth;
pub(crate) mod token;
pub(crate) mod verify;

use std::io::Write as _;
use std::path::Path;

use crate::input::RejectLog;
use crate::text::thousands;

/// Says on standard error how many rows of a file were refused, and shows the first ones.
pub(crate) fn warn_rejects(path: &Path, rejects: &RejectLog) {
    const SHOWN_MAX: usize = 5;
    if rejects.total() == 0 {
        return;
    }
    let rows = if rejects.total() == 1 { "row was" } else { "rows were" };
    let mut message = format!("warning: {} {rows} refused in `{}`\n", thousands(rejects.total()), path.display());
    for reject in rejects.kept().iter().take(SHOWN_MAX) {
        message.push_str(&format!("  line {}: {}\n", reject.line, reject.reason));
    }
    // A closed standard error is no reason to stop.
    let _ = std::io::stderr().write_all(message.as_bytes());
}
