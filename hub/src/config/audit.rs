//! Where the audit trail is kept, and for how long.
//!
//! Without the section there is no trail; whether that is allowed is decided by what the server serves, not here.

use std::path::PathBuf;

use serde::Deserialize;

use crate::audit;

/// The audit trail.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// The folder of the events; not in the folder of the store.
    pub folder: PathBuf,
    /// The folder of the seals; in neither, best on another machine or with another owner.
    pub witness: PathBuf,
    /// The name of this server in the trail: another one for each server that writes the same folder.
    #[serde(default = "default_writer")]
    pub writer: String,
    /// Events after which a seal is written.
    #[serde(default = "default_seal_events")]
    pub seal_events: u32,
    /// Seconds after which a seal is written when there is anything to seal.
    #[serde(default = "default_seal_seconds")]
    pub seal_seconds: u32,
    /// Bytes after which a new segment begins.
    #[serde(default = "default_segment_bytes")]
    pub segment_bytes: u32,
    /// Years for which events are kept; never below five, which is the shortest time that the rules for medical records
    /// allow.
    #[serde(default = "default_keep_years")]
    pub keep_years: u32,
}

impl AuditConfig {
    /// Every number with its name, its value, and its range.
    #[must_use]
    pub fn numbers(&self) -> [(&'static str, u32, u32, u32); 4] {
        [
            ("seal_events", self.seal_events, 1, 1_000_000),
            ("seal_seconds", self.seal_seconds, 1, 86_400),
            ("segment_bytes", self.segment_bytes, 64 << 10, 1 << 30),
            ("keep_years", self.keep_years, 5, 100),
        ]
    }

    /// How a trail is opened.
    #[must_use]
    pub fn options(&self) -> audit::TrailOptions {
        audit::TrailOptions {
            folder: self.folder.clone(),
            witness: self.witness.clone(),
            writer: self.writer.clone(),
            seal_events: self.seal_events.into(),
            seal_seconds: self.seal_seconds,
            segment_bytes: self.segment_bytes.into(),
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        if !audit::is_writer(&self.writer) {
            return Err(format!(
                "`audit.writer` is `{}`: up to 32 small letters, digits and `_` are allowed",
                self.writer
            ));
        }
        if self.witness.starts_with(&self.folder) || self.folder.starts_with(&self.witness) {
            return Err(
                "`audit.witness` and `audit.folder` lie in each other: keep the seals apart from the events".to_owned()
            );
        }
        for (name, value, min, max) in self.numbers() {
            if !(min..=max).contains(&value) {
                return Err(format!("`audit.{name}` is {value}, it must be from {min} to {max}"));
            }
        }
        Ok(())
    }
}

fn default_writer() -> String {
    "hub".to_owned()
}

fn default_seal_events() -> u32 {
    1_000
}

fn default_seal_seconds() -> u32 {
    60
}

fn default_segment_bytes() -> u32 {
    16 << 20
}

fn default_keep_years() -> u32 {
    10
}
