//! Structured logs on standard error.
//!
//! Every line can be read alone and names what it is about in fields. No line holds a name, a birth date, an address or
//! the value of an identifier: what is logged is chosen where it happens, and libraries below may only warn.

use std::io::stderr;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::{SubscriberInitExt as _, TryInitError};

use crate::config::{LogConfig, LogFormat};

/// Starts logging for the whole process.
///
/// # Errors
/// When it was started before.
pub fn start(config: &LogConfig) -> Result<(), TryInitError> {
    let level = config.level.name();
    // Libraries may say what goes wrong, not what they do: their lines are not ours to vouch for.
    let filter = EnvFilter::new(format!("warn,hub={level}"));
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    match config.format {
        LogFormat::Text => lines.with_ansi(false).with_target(false).finish().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).finish().try_init(),
    }
}
