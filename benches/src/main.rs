//! `bench-linkage`: measures record linkage, alone and in turn with the peer. See `benches/README.md`.
//!
//! It runs the release binary as a user would and counts with `linkage::evaluate`. It tunes nothing and knows no
//! shortcut into the engine. Exit code 0: all bars met or nothing to judge; 1: a bar was missed; 2: could not measure.

mod datasets;
mod machine;
mod nanoseconds;
mod nayose;
mod peer;
mod process;
mod quality;
mod report;
mod scratch;
mod speed;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use machine::{Environment, repository};
use nayose::Nayose;
use peer::Peer;
use report::Measured;
use scratch::Scratch;
use speed::Blocking;

/// Measure record linkage.
#[derive(Debug, Parser)]
#[command(name = "bench-linkage")]
struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct Common {
    /// The binary to measure [default: `nayose` beside this program].
    #[arg(long, global = true, value_name = "FILE")]
    nayose: Option<PathBuf>,
    /// Threads of each engine.
    #[arg(long, global = true, default_value_t = 2)]
    threads: u16,
    /// Where results are kept [default: benches/results].
    #[arg(long, global = true, value_name = "FOLDER")]
    results: Option<PathBuf>,
    /// Where large files go while measuring [default: the temporary folder of the machine].
    #[arg(long, global = true, value_name = "FOLDER")]
    scratch: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Quality on the public datasets, against what was asked.
    Quality {
        /// The folder of the datasets [default: ../shared/data/linkage beside the repository].
        #[arg(long, value_name = "FOLDER")]
        data: Option<PathBuf>,
        /// Only this rule set.
        #[arg(long, value_name = "NAME")]
        only: Option<String>,
    },
    /// Nayose and Splink in turn on an invented registry.
    Speed(SpeedArguments),
    /// The CPU time of one scored pair.
    Nanoseconds {
        /// People in the registry.
        #[arg(long, default_value_t = 600_000)]
        people: u64,
        /// Runs with each blocking.
        #[arg(long, default_value_t = 3)]
        runs: usize,
    },
}

#[derive(Debug, Args)]
struct SpeedArguments {
    /// People in the registry; each has about 1.67 records.
    #[arg(long, required_unless_present = "records", conflicts_with = "records")]
    people: Option<u64>,
    /// Records, about.
    #[arg(long)]
    records: Option<u64>,
    /// Start of every random choice of the registry.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Which blocking.
    #[arg(long, value_enum, default_value_t = Blocking::Narrow)]
    rules: Blocking,
    /// A Python that has `splink` and `duckdb`.
    #[arg(long, value_name = "FILE", required_unless_present = "skip_peer")]
    peer_python: Option<PathBuf>,
    /// Measure Nayose alone.
    #[arg(long, conflicts_with = "peer_python")]
    skip_peer: bool,
    /// Rounds.
    #[arg(long, default_value_t = 3)]
    runs: usize,
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
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
fn run(cli: Cli) -> anyhow::Result<Vec<String>> {
    let common = cli.common;
    let nayose = Nayose::find(common.nayose, common.threads)?;
    let environment = Environment::ask(&nayose.binary);
    let scratch = |name: &str| match &common.scratch {
        Some(folder) => Scratch::create_in(folder, name),
        None => Scratch::create(name),
    };
    let measured = match cli.command {
        Command::Quality { data, only } => {
            let data = data.unwrap_or_else(|| repository().join("../shared/data/linkage"));
            let Some(rows) = datasets::run(&nayose, &data, only.as_deref())? else { return Ok(Vec::new()) };
            Measured::Quality(rows)
        }
        Command::Speed(arguments) => {
            let people = arguments.people.or(arguments.records.map(speed::people_for)).unwrap_or_default();
            let (seed, blocking, runs) = (arguments.seed, arguments.rules, arguments.runs.max(1));
            let plan = speed::Plan { people, seed, blocking, runs };
            let peer = arguments.peer_python.map(|python| Peer { python, threads: common.threads });
            Measured::Speed(Box::new(speed::run(&plan, &nayose, peer.as_ref(), &scratch("speed")?)?))
        }
        Command::Nanoseconds { people, runs } => {
            Measured::Nanoseconds(nanoseconds::run(people, runs.max(1), &nayose, &scratch("nanoseconds")?)?)
        }
    };
    let missed = measured.missed();
    let folder = common.results.unwrap_or_else(|| repository().join("benches/results"));
    let text = report::keep(&folder, environment, measured)?;
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(missed)
}
