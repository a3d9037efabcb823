//! Where the server keeps its backups, and how often.
//!
//! Without the section a running server makes none; `nayose backup` needs the server to be stopped.

use std::path::PathBuf;

use serde::Deserialize;

/// The backups of a server that runs.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BackupConfig {
    /// The folder of the backups; not in the folder of the store, best on another machine.
    pub folder: PathBuf,
    /// Seconds between two rounds: what is lost at most with the disk of the store.
    #[serde(default = "default_every_seconds")]
    pub every_seconds: u32,
    /// Days after which a new checkpoint is made.
    #[serde(default = "default_checkpoint_days")]
    pub checkpoint_days: u32,
    /// Checkpoints that are kept, each with what was written after it.
    #[serde(default = "default_keep")]
    pub keep: u32,
}

impl BackupConfig {
    /// Every number with its name, its value, and its range.
    #[must_use]
    pub fn numbers(&self) -> [(&'static str, u32, u32, u32); 3] {
        [
            ("every_seconds", self.every_seconds, 1, 86_400),
            ("checkpoint_days", self.checkpoint_days, 1, 366),
            ("keep", self.keep, 1, 1_000),
        ]
    }

    pub(super) fn check(&self) -> Result<(), String> {
        for (name, value, min, max) in self.numbers() {
            if !(min..=max).contains(&value) {
                return Err(format!("`backup.{name}` is {value}, it must be from {min} to {max}"));
            }
        }
        Ok(())
    }
}

fn default_every_seconds() -> u32 {
    60
}

fn default_checkpoint_days() -> u32 {
    7
}

fn default_keep() -> u32 {
    4
}
