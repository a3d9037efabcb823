//! `nayose link`: records in, clusters and scored pairs out.

use std::path::PathBuf;

use clap::Args;

use crate::failure::{Exit, Failure};

/// Link records: one file deduplicates, two files (or --source) link across sources only.
#[derive(Debug, Args)]
#[command(after_help = "\
One input deduplicates. Two inputs, or one with --source, link across sources only.

Examples:
  nayose link --rules matching-rules/person.toml records.csv --out clusters.csv
  nayose link --rules r.toml a.csv b.csv --train --out clusters.csv --pairs pairs.csv --report report.html")]
pub(crate) struct Arguments {
    /// The rule set (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: PathBuf,
    /// One file to deduplicate, or two to link (CSV or Parquet).
    #[arg(required = true, num_args = 1..=2, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    /// Where the clusters go: the id of each record and that of its cluster.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Where the scored pairs go, from --min-weight up.
    #[arg(long, value_name = "FILE")]
    pub(crate) pairs: Option<PathBuf>,
    /// Learn the weights from these records, without labels.
    #[arg(long)]
    pub(crate) train: bool,
    /// The column that holds the record id.
    #[arg(long, value_name = "COLUMN", default_value = "record_id")]
    pub(crate) id: String,
    /// The column that names the source of a record; links are then made across sources only.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) source: Option<String>,
    /// Match weight in bits from which records are put into one cluster [default: the upper threshold of the rules].
    #[arg(long, value_name = "WEIGHT", allow_negative_numbers = true)]
    pub(crate) threshold: Option<f64>,
    /// Match weight in bits from which a pair is written [default: the lower threshold of the rules].
    #[arg(long, value_name = "WEIGHT", allow_negative_numbers = true)]
    pub(crate) min_weight: Option<f64>,
    /// Where the report goes: one HTML file that needs nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Known truth (record id, person id): the report then shows the threshold curve.
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: Option<PathBuf>,
    /// Where refused rows go, with line and reason.
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Start of every random choice; the same seed gives the same result.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Threads [default: one per core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let _ = arguments;
    Err(Failure::internal(anyhow::anyhow!("`link` is not built yet")))
}
