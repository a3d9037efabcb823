//! Progress of long work, on a terminal only.
//!
//! Bars go to standard error and only when that is a terminal: a pipe, a log file and a test see nothing.

use std::io::IsTerminal as _;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What a bar counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Bytes of a file.
    Bytes,
    /// Records, pairs or rounds.
    Count,
}

/// One bar for one step of the work.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// A bar for a step; `total` is `None` when nobody knows how much there is.
    #[must_use]
    pub fn start(title: &str, total: Option<u64>, unit: Unit) -> Self {
        if !std::io::stderr().is_terminal() {
            return Self { bar: ProgressBar::hidden() };
        }
        let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr_with_hz(10));
        let template = match (total, unit) {
            (Some(_), Unit::Bytes) => "{msg:<24} {bar:32} {bytes:>10} / {total_bytes:<10} {eta:>5}",
            (Some(_), Unit::Count) => "{msg:<24} {bar:32} {human_pos:>10} / {human_len:<10} {eta:>5}",
            (None, Unit::Bytes) => "{msg:<24} {spinner} {bytes:>10} {elapsed:>5}",
            (None, Unit::Count) => "{msg:<24} {spinner} {human_pos:>10} {elapsed:>5}",
        };
        // A template that does not parse would be a slip in the lines above: the default bar does as well.
        bar.set_style(ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(title.to_owned());
        Self { bar }
    }

    /// A bar for reading a file.
    #[must_use]
    pub fn reading(path: &std::path::Path) -> Self {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Self::start(&name, std::fs::metadata(path).ok().map(|file| file.len()), Unit::Bytes)
    }

    /// Work done so far.
    pub fn set(&self, done: u64) {
        self.bar.set_position(done);
    }

    /// Takes the bar off the screen.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
