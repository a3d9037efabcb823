//! How a command fails: the exit code, and the message with its causes.
//!
//! Every error that reaches the user passes through here, so there is one place that chooses the exit code and one
//! that prints. Messages go to standard error; standard output carries results only.

use std::fmt;
use std::io::Write as _;

use clap::ValueEnum;
use serde_json::json;

use crate::input::InputError;

/// What the exit code of `nayose` means. The numbers are part of the interface and do not change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Done, and nothing to complain about.
    Ok = 0,
    /// Done, with a finding: a golden test failed, a check found something.
    Finding = 1,
    /// The command line is wrong.
    Usage = 2,
    /// An input file or a rule set is wrong.
    BadInput = 3,
    /// A result could not be written, or the program is at fault.
    Internal = 4,
    /// Stopped by the user (Ctrl-C). The system's handling of the signal gives this code; unfinished results are left
    /// as `.partial` files, which the next run overwrites.
    Interrupted = 130,
}

/// The exit codes as `--help` shows them.
pub const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    done, with a finding (a golden test failed, a check found something)
  2    the command line is wrong
  3    an input file or a rule set is wrong
  4    a result could not be written, or the program is at fault
  130  interrupted";

impl Exit {
    /// The word for it in JSON.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Finding => "finding",
            Self::Usage => "usage",
            Self::BadInput => "bad_input",
            Self::Internal => "internal",
            Self::Interrupted => "interrupted",
        }
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// How errors are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum ErrorFormat {
    /// `error: …`, with one `because: …` line per cause.
    #[default]
    Human,
    /// One JSON object: `{"error": …, "causes": […], "kind": …, "exit_code": …}`.
    Json,
}

/// A command that could not do its work.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    error: anyhow::Error,
}

impl Failure {
    /// The command line asks for something that makes no sense.
    #[must_use]
    pub fn usage(message: impl fmt::Display) -> Self {
        Self { exit: Exit::Usage, error: anyhow::anyhow!("{message}") }
    }

    /// An input file or a rule set is wrong.
    #[must_use]
    pub fn bad_input(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::BadInput, error: error.into() }
    }

    /// A result could not be written, or the program is at fault.
    #[must_use]
    pub fn internal(error: impl Into<anyhow::Error>) -> Self {
        Self { exit: Exit::Internal, error: error.into() }
    }

    /// A file of results could not be written.
    #[must_use]
    pub fn write(path: &std::path::Path, error: std::io::Error) -> Self {
        Self::internal(anyhow::Error::new(error).context(format!("cannot write `{}`", path.display())))
    }

    /// The exit code.
    #[must_use]
    pub fn exit(&self) -> Exit {
        self.exit
    }

    /// The message on standard error.
    #[must_use]
    pub fn message(&self, format: ErrorFormat) -> String {
        let causes: Vec<String> = self.error.chain().skip(1).map(ToString::to_string).collect();
        match format {
            ErrorFormat::Human => {
                let mut message = format!("error: {}", self.error);
                for cause in causes {
                    message.push_str("\n  because: ");
                    message.push_str(&cause);
                }
                message
            }
            ErrorFormat::Json => json!({
                "error": self.error.to_string(),
                "causes": causes,
                "kind": self.exit.name(),
                "exit_code": self.exit as u8,
            })
            .to_string(),
        }
    }

    /// Prints the message.
    pub(crate) fn print(&self, format: ErrorFormat) {
        // There is nowhere left to complain when standard error is closed.
        let _ = writeln!(std::io::stderr(), "{}", self.message(format));
    }
}

impl From<InputError> for Failure {
    fn from(error: InputError) -> Self {
        match error {
            InputError::Rejects { .. } => Self::internal(error),
            _ => Self::bad_input(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_causes() {
        let failure = Failure::write(std::path::Path::new("out.csv"), std::io::Error::other("the disk is full"));
        assert_eq!(failure.message(ErrorFormat::Human), "error: cannot write `out.csv`\n  because: the disk is full");
        assert_eq!(
            failure.message(ErrorFormat::Json),
            r#"{"causes":["the disk is full"],"error":"cannot write `out.csv`","exit_code":4,"kind":"internal"}"#
        );
    }

    #[test]
    fn the_help_text_lists_every_code() {
        for exit in [Exit::Ok, Exit::Finding, Exit::Usage, Exit::BadInput, Exit::Internal, Exit::Interrupted] {
            assert!(EXIT_CODES.contains(&format!("\n  {} ", exit as u8)), "{exit:?}");
        }
    }
}
