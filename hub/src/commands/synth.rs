//! `nayose synth`: a made-up population with the truth beside it.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::failure::{Exit, Failure};

/// Make a population: records.csv, truth.csv, errors.csv and strata.csv.
#[derive(Debug, Args)]
#[command(after_help = "\
The same seed gives the same bytes. All people are made up.

Example:
  nayose synth --people 57078 --seed 1 --profile base --out population")]
pub(crate) struct Arguments {
    /// People.
    #[arg(long, value_name = "N", default_value_t = 57_078)]
    pub(crate) people: u64,
    /// Start of every random choice.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// How careful the institutions are.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) profile: Profile,
    /// The folder that gets the files; it is made when it is missing.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) out: PathBuf,
    /// Which columns the records have.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) columns: Columns,
    /// Institutions that register them.
    #[arg(long, value_name = "N", default_value_t = 861)]
    pub(crate) institutions: u32,
    /// Error rates in percent of those of the profile.
    #[arg(long, value_name = "PERCENT", default_value_t = 100)]
    pub(crate) error_scale: u32,
    /// Print the summary as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How careful the institutions are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Profile {
    /// As they are.
    #[default]
    Base,
    /// Several times as many errors, missing fields and duplicates.
    Stress,
}

/// Which columns the records have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Columns {
    /// All that a network knows of a person.
    #[default]
    Person,
    /// Exactly the header of the dataset `jp_10k`.
    #[value(name = "jp_10k")]
    Jp10k,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let _ = arguments;
    Err(Failure::internal(anyhow::anyhow!("`synth` is not built yet")))
}
