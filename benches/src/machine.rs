//! Where and when something was measured, so that a figure can be read later.
//!
//! Linux only, like the measurements. What cannot be found out is written as `unknown` rather than left out.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::{Deserialize, Serialize};

/// The machine, the day, and the versions.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Environment {
    /// Day in UTC, `YYYY-MM-DD`.
    pub(crate) date: String,
    /// Model name of the processor.
    pub(crate) processor: String,
    /// Cores that this process may use.
    pub(crate) cores: usize,
    /// Memory of the machine in GiB.
    pub(crate) memory_gib: f64,
    /// Load average of the last minute before the start: a busy machine spoils wall times.
    pub(crate) load_before: String,
    /// Commit of the repository; `+ changes` when the tree differs from it.
    pub(crate) revision: String,
    /// What `nayose --version` says.
    pub(crate) nayose: String,
}

impl Environment {
    /// Asks the machine.
    pub(crate) fn ask(nayose: &Path) -> Self {
        let kib = first_number(&line_of("/proc/meminfo", "MemTotal"));
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Self {
            date: known(output(Command::new("date").args(["-u", "+%F"]))),
            processor: known(line_of("/proc/cpuinfo", "model name")),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: (kib / 1_048_576.0 * 10.0).round() / 10.0,
            load_before: known(load.split(' ').next().unwrap_or_default().to_owned()),
            revision: revision(),
            nayose: known(output(Command::new(nayose).arg("--version"))),
        }
    }
}

/// The folder of this repository.
pub(crate) fn repository() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

fn revision() -> String {
    let git = |arguments: &[&str]| output(Command::new("git").arg("-C").arg(repository()).args(arguments));
    let commit = known(git(&["rev-parse", "--short=12", "HEAD"]));
    // Results are written by the measurement itself; they do not change what is measured.
    let changes = git(&["status", "--porcelain", "--untracked-files=no", "--", ".", ":!benches/results"]);
    if changes.is_empty() { commit } else { format!("{commit} + changes") }
}

/// What follows the colon on the first line that starts with a word.
fn line_of(path: &str, word: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(word)).unwrap_or_default();
    line.split_once(':').map_or("", |(_, rest)| rest).trim().to_owned()
}

fn first_number(text: &str) -> f64 {
    text.split(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0.0)
}

fn output(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}

fn known(text: String) -> String {
    if text.is_empty() { "unknown".to_owned() } else { text }
}
