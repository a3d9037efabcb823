//! `nayose evaluate`: how good clusters or scored pairs are, against the truth.

use std::path::PathBuf;

use clap::Args;

use crate::failure::{Exit, Failure};

/// Measure clusters or scored pairs against the truth.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("prediction").args(["clusters", "pairs"]).required(true).multiple(true),
    after_help = "\
Recall is over all true pairs of the truth, also those that no blocking rule reached.
Records of the truth that the clusters do not name count as clusters of one.

Examples:
  nayose evaluate --clusters clusters.csv --truth truth.csv
  nayose evaluate --pairs pairs.csv --truth truth.csv --threshold 12 --json"
)]
pub(crate) struct Arguments {
    /// Clusters: record id, cluster id.
    #[arg(long, value_name = "FILE")]
    pub(crate) clusters: Option<PathBuf>,
    /// Scored pairs: left id, right id, match weight.
    #[arg(long, value_name = "FILE")]
    pub(crate) pairs: Option<PathBuf>,
    /// The truth: record id, person id.
    #[arg(long, value_name = "FILE")]
    pub(crate) truth: PathBuf,
    /// The records, for --source.
    #[arg(long, value_name = "FILE", requires = "source")]
    pub(crate) records: Option<PathBuf>,
    /// Count pairs across sources only; the column of --records that names the source.
    #[arg(long, value_name = "COLUMN", requires = "records")]
    pub(crate) source: Option<String>,
    /// The column of --records that holds the record id [default: that of the truth].
    #[arg(long, value_name = "COLUMN", requires = "records")]
    pub(crate) id: Option<String>,
    /// Known errors (record id, …, kind): recall by kind of error.
    #[arg(long, value_name = "FILE")]
    pub(crate) errors: Option<PathBuf>,
    /// Known hard cases (stratum, …): links and recall per stratum.
    #[arg(long, value_name = "FILE")]
    pub(crate) strata: Option<PathBuf>,
    /// Match weight from which a pair counts as linked [default: all pairs of the file].
    #[arg(long, value_name = "WEIGHT", requires = "pairs", allow_negative_numbers = true)]
    pub(crate) threshold: Option<f64>,
    /// Print the result as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let _ = arguments;
    Err(Failure::internal(anyhow::anyhow!("`evaluate` is not built yet")))
}
