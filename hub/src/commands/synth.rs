//! `nayose synth`: a made-up population with the truth beside it.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;
use synth::{Error, Outputs, Rates, Settings, Summary};

use crate::cli::print_result;
use crate::failure::{Exit, Failure};
use crate::output::AtomicFile;
use crate::progress::{Progress, Unit};
use crate::text::thousands;

/// Make a population: records.csv, truth.csv, errors.csv, strata.csv and institutions.csv.
#[derive(Debug, Args)]
#[command(after_help = "\
The same seed gives the same bytes. All people and institutions are made up. The columns jp_10k know no institutions,
and institutions.csv is then not written.

Example:
  nayose synth --people 57078 --seed 1 --profile base --out population")]
pub(crate) struct Arguments {
    /// People.
    #[arg(long, value_name = "N", default_value_t = synth::PEOPLE_DEFAULT)]
    people: u64,
    /// Start of every random choice.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// How careful the institutions are.
    #[arg(long, value_enum, default_value_t)]
    profile: Profile,
    /// The folder that gets the files; it is made when it is missing.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Which columns the records have.
    #[arg(long, value_enum, default_value_t)]
    columns: Columns,
    /// Institutions that register people.
    #[arg(long, value_name = "N", default_value_t = synth::INSTITUTIONS_DEFAULT)]
    institutions: u32,
    /// Error rates in percent of those of the profile.
    #[arg(long, value_name = "PERCENT", default_value_t = 100, value_parser = clap::value_parser!(u32).range(0..=10_000))]
    error_scale: u32,
    /// Print the summary as JSON.
    #[arg(long)]
    json: bool,
}

/// How careful the institutions are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Profile {
    /// As a well-run region is assumed to be.
    #[default]
    Base,
    /// Two to four times as many errors, and many duplicates.
    Stress,
}

/// Which columns the records have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Columns {
    /// All that a network knows of a person.
    #[default]
    Person,
    /// Exactly the header of the dataset `jp_10k`.
    #[value(name = "jp_10k")]
    Jp10k,
}

impl Arguments {
    fn settings(&self) -> Settings {
        let profile = match self.profile {
            Profile::Base => synth::Profile::Base,
            Profile::Stress => synth::Profile::Stress,
        };
        Settings {
            people: self.people,
            seed: self.seed,
            profile,
            institutions: self.institutions,
            columns: match self.columns {
                Columns::Person => synth::Columns::Person,
                Columns::Jp10k => synth::Columns::Jp10k,
            },
            rates: Rates::of(profile).scaled(self.error_scale),
        }
    }
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let folder = &arguments.out;
    std::fs::create_dir_all(folder).map_err(|error| Failure::write(folder, error))?;
    let mut records = create(folder, "records.csv")?;
    let mut truth = create(folder, "truth.csv")?;
    let mut errors = create(folder, "errors.csv")?;
    let mut strata = create(folder, "strata.csv")?;
    let mut outputs = Outputs { records: &mut records, truth: &mut truth, errors: &mut errors, strata: &mut strata };
    let settings = arguments.settings();
    let progress = Progress::start("records", None, Unit::Count);
    let summary = synth::write(&settings, &mut outputs, &mut |records| progress.set(records)).map_err(failure)?;
    progress.finish();
    let mut files = vec![records, truth, errors, strata];
    if settings.columns == synth::Columns::Person {
        let mut institutions = create(folder, "institutions.csv")?;
        synth::write_institutions(&settings, &mut institutions).map_err(failure)?;
        files.push(institutions);
    }
    for file in files {
        let path = file.path().to_path_buf();
        file.commit().map_err(|error| Failure::write(&path, error))?;
    }
    print_result(&if arguments.json { json_summary(&summary) } else { text_summary(&summary, folder) })?;
    Ok(Exit::Ok)
}

fn failure(error: Error) -> Failure {
    match error {
        Error::People { .. } | Error::Institutions { .. } => Failure::usage(error),
        Error::Write { .. } => Failure::internal(error),
    }
}

fn create(folder: &Path, name: &str) -> Result<AtomicFile, Failure> {
    let path = folder.join(name);
    AtomicFile::create(&path).map_err(|error| Failure::write(&path, error))
}

fn json_summary(summary: &Summary) -> String {
    let value = json!({
        "people": summary.people,
        "records": summary.records,
        "households": summary.households,
        "errors_by_kind": summary.errors_by_kind,
        "strata": summary.strata,
    });
    format!("{value:#}\n")
}

fn text_summary(summary: &Summary, folder: &Path) -> String {
    format!(
        "{} records of {} people in `{}`\n  values that differ from the truth: {}\n  cases in {} adversarial strata: {}\n",
        thousands(summary.records),
        thousands(summary.people),
        folder.display(),
        thousands(summary.errors_by_kind.values().sum()),
        summary.strata.len(),
        thousands(summary.strata.values().sum()),
    )
}
