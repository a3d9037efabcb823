//! `bench-consent`: how fast the consent engine decides and simulates, in process. See `benches/README.md`.
//!
//! It measures the library on one thread, by the processor time of that thread, with invented patients. Exit code 0: all
//! bars met; 1: a bar was missed; 2: could not measure.

mod clock;
#[path = "../machine.rs"]
mod machine;
mod measure;
mod network;
mod people;
#[path = "../serve/random.rs"]
mod random;
mod report;

use clap::{Parser, Subcommand};
use machine::{Environment, repository};
use network::Network;
use report::Figure;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The allocator of the program: its memory lies in large pages where the system has them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Patients of the model network.
const PREFECTURE: usize = 57_078;
const MILLION: usize = 1_000_000;

/// Measure consent.
#[derive(Debug, Parser)]
#[command(name = "bench-consent")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Where results are kept [default: benches/results].
    #[arg(long, global = true, value_name = "FOLDER")]
    results: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Command {
    /// Decisions per second, the latency of one among a million patients, and their memory.
    Decide,
    /// Who can see a patient, what a user can see, what a draft changes, for the model network.
    Simulate,
    /// What a draft changes, for a million patients.
    Million,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(missed) if missed.is_empty() => ExitCode::SUCCESS,
        Ok(missed) => {
            missed.iter().for_each(|what| eprintln!("MISSED: {what}"));
            ExitCode::from(1)
        }
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// Measures and keeps the result; gives what was asked and not reached.
fn run(cli: &Cli) -> anyhow::Result<Vec<String>> {
    let environment = Environment::ask(Path::new("nayose"));
    let network = Network::make()?;
    let (title, figures) = match cli.command {
        Command::Decide => {
            let mut figures = vec![measure::decisions(&network)?];
            figures.extend(measure::latency(&network, MILLION)?);
            ("Decisions", figures)
        }
        Command::Simulate => {
            let mut figures = vec![measure::matrix(&network)?, measure::user(&network, PREFECTURE)?];
            figures.extend(measure::drafts(&network, PREFECTURE, 2.0)?);
            ("Simulation", figures)
        }
        Command::Million => ("Simulation of a million patients", measure::drafts(&network, MILLION, 30.0)?),
    };
    let missed = figures.iter().filter(|figure| figure.is_missed()).map(|figure: &Figure| figure.name.clone());
    let missed: Vec<String> = missed.collect();
    let folder = cli.results.clone().unwrap_or_else(|| repository().join("benches/results"));
    let text = report::keep(&folder, environment, (title, figures))?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(missed)
}
