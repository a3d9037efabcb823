//! `nayose rules`: check, test, train and analyse a rule set.

mod blocks;
mod check;
mod golden;
mod train;

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::cli::print_result;
use crate::failure::{Exit, Failure};

/// Check, test, train and analyse rule sets.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read rule sets and say what is wrong: file, line, reason.
    Check(Check),
    /// Run the golden pairs beside rule sets: level per comparison, and decision.
    Test(Test),
    /// Learn the weights of a rule set from records and write a new one.
    Train(Train),
    /// Count the pairs that each blocking rule makes, and its largest blocks, before anything runs.
    Blocks(Blocks),
}

/// Arguments of `rules check`.
#[derive(Debug, Args)]
pub(crate) struct Check {
    /// Rule sets (TOML).
    #[arg(required = true, value_name = "RULES")]
    pub(crate) rules: Vec<PathBuf>,
    /// Print the findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `rules test`.
#[derive(Debug, Args)]
#[command(after_help = "\
The golden pairs of `X.toml` are in `X.tests.toml` beside it. Value frequencies are left out. A rule set without
weights is tested for levels and guards; decisions need a trained one.")]
pub(crate) struct Test {
    /// Rule sets (TOML); the golden pairs are found beside each.
    #[arg(required = true, value_name = "RULES")]
    pub(crate) rules: Vec<PathBuf>,
    /// The golden pairs, when they are not beside the rule set.
    #[arg(long, value_name = "FILE")]
    pub(crate) tests: Option<PathBuf>,
    /// Print the outcomes as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where the records are; shared by the commands that read them.
#[derive(Debug, Args)]
pub(crate) struct Records {
    /// One file to deduplicate, or two to link (CSV or Parquet).
    #[arg(required = true, num_args = 1..=2, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    /// The column that holds the record id.
    #[arg(long, value_name = "COLUMN", default_value = "record_id")]
    pub(crate) id: String,
    /// The column that names the source of a record.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) source: Option<String>,
    /// Where refused rows go, with line and reason.
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
}

/// Arguments of `rules train`.
#[derive(Debug, Args)]
pub(crate) struct Train {
    /// The rule set (TOML).
    #[arg(value_name = "RULES")]
    pub(crate) rules: PathBuf,
    #[command(flatten)]
    pub(crate) records: Records,
    /// Where the trained rule set goes.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Labelled truth (record id, person id): learn prior and m from it, and not from the records alone.
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
    /// Start of every random choice.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Threads [default: one per core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Print the convergence report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Arguments of `rules blocks`.
#[derive(Debug, Args)]
pub(crate) struct Blocks {
    /// The rule set (TOML).
    #[arg(value_name = "RULES")]
    pub(crate) rules: PathBuf,
    #[command(flatten)]
    pub(crate) records: Records,
    /// Largest blocks shown per rule.
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) largest: usize,
    /// Print the analysis as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the command.
pub(crate) fn run(command: &Command) -> Result<Exit, Failure> {
    match command {
        Command::Check(arguments) => check::run(arguments),
        Command::Test(arguments) => golden::run(arguments),
        Command::Train(arguments) => train::run(arguments),
        Command::Blocks(arguments) => blocks::run(arguments),
    }
}

/// Prints a result as JSON or as text.
fn print<T: Serialize>(document: &T, is_json: bool, text: impl Fn(&T) -> String) -> Result<(), Failure> {
    let text = if is_json {
        serde_json::to_string_pretty(document).map_err(Failure::internal)? + "\n"
    } else {
        text(document)
    };
    print_result(&text)
}

/// The rule sets that are meant: a file of golden pairs stands for its rule set, so that `*.toml` names each once.
fn rule_sets(paths: &[PathBuf]) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for path in paths {
        let text = path.to_string_lossy();
        let file =
            text.strip_suffix(".tests.toml").map_or_else(|| path.clone(), |rules| format!("{rules}.toml").into());
        if !files.contains(&file) {
            files.push(file);
        }
    }
    files
}

/// Reads a file that a person writes.
fn read_text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::bad_input(anyhow::Error::new(error).context(format!("cannot read `{}`", path.display())))
    })
}
