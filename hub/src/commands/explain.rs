//! `nayose explain`: why two records are linked, or why not.

use std::path::PathBuf;

use clap::Args;

use crate::failure::{Exit, Failure};

/// Show why two records are linked, or why not: the waterfall of one pair.
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  nayose explain --rules matching-rules/person.toml records.csv r0001 r0002")]
pub(crate) struct Arguments {
    /// The rule set (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: PathBuf,
    /// The records (CSV or Parquet).
    #[arg(value_name = "DATA")]
    pub(crate) data: PathBuf,
    /// Id of the one record.
    #[arg(value_name = "ID1")]
    pub(crate) left: String,
    /// Id of the other record.
    #[arg(value_name = "ID2")]
    pub(crate) right: String,
    /// The column that holds the record id.
    #[arg(long, value_name = "COLUMN", default_value = "record_id")]
    pub(crate) id: String,
    /// The column that names the source of a record.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) source: Option<String>,
    /// Learn the weights from these records first.
    #[arg(long)]
    pub(crate) train: bool,
    /// Start of every random choice.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Print the explanation as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let _ = arguments;
    Err(Failure::internal(anyhow::anyhow!("`explain` is not built yet")))
}
