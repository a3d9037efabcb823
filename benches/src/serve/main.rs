//! `bench-serve`: measures the server over HTTP, with tokens, on an invented population. See `benches/README.md`.
//!
//! It starts the release binary as a user would and knows no shortcut into it. Each workload runs twice: as fast as
//! answers come, for the most that the server can do, and at 70 % of the rate that was asked for, for the latency. Exit
//! code 0: all bars met or nothing to judge; 1: a bar was missed; 2: it could not be measured.

mod client;
mod load;
#[path = "../machine.rs"]
mod machine;
mod measure;
mod permission;
mod population;
mod processor;
mod random;
mod report;
mod requests;
mod server;
mod tokens;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, ValueEnum};

use machine::{Environment, repository};
use measure::{Plan, Workload};
use server::Site;

/// Measure the server.
#[derive(Debug, Parser)]
#[command(name = "bench-serve")]
struct Cli {
    /// People of the population; more sizes show how cost grows.
    #[arg(long, value_delimiter = ',', default_value = "57078")]
    people: Vec<u64>,
    /// What to measure.
    #[arg(long, value_enum, value_delimiter = ',', default_value = "arrivals,resolve,match")]
    workloads: Vec<Workload>,
    /// Seconds of each run.
    #[arg(long, default_value_t = 20.0)]
    seconds: f64,
    /// Connections.
    #[arg(long, default_value_t = 64)]
    connections: usize,
    /// The least important line that the server logs.
    #[arg(long, default_value = "info")]
    log_level: String,
    /// The binary to measure [default: `nayose` beside this program]; it needs the feature `rocks`.
    #[arg(long, value_name = "FILE")]
    nayose: Option<PathBuf>,
    /// Where results are kept [default: benches/results].
    #[arg(long, value_name = "FOLDER")]
    results: Option<PathBuf>,
    /// Where populations and stores are made; they stay there, and populations are used again.
    #[arg(long, value_name = "FOLDER")]
    scratch: PathBuf,
    /// Measure the store that a run of the same length left in the scratch folder; arrivals meet their own traces.
    #[arg(long)]
    keep_store: bool,
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

/// Measures and keeps the results; gives what was asked and not reached.
fn run(cli: &Cli) -> anyhow::Result<Vec<String>> {
    let beside = || Some(std::env::current_exe().ok()?.with_file_name("nayose"));
    let binary =
        cli.nayose.clone().or_else(beside).context("this program does not know its own path: give --nayose")?;
    let binary = binary.canonicalize().with_context(|| {
        format!("no binary `{}`: run `cargo build --release -p hub --features rocks`", binary.display())
    })?;
    let folder = cli.results.clone().unwrap_or_else(|| repository().join("benches/results"));
    let mut missed = Vec::new();
    for people in &cli.people {
        let site = Site { binary: binary.clone(), folder: cli.scratch.join(people.to_string()) };
        std::fs::create_dir_all(&site.folder)?;
        let environment = Environment::ask(&binary);
        let plan = Plan {
            people: *people,
            workloads: cli.workloads.clone(),
            seconds: cli.seconds,
            connections: cli.connections,
            log_level: cli.log_level.clone(),
            keeps_store: cli.keep_store,
        };
        let measured = measure::run(&plan, &site)?;
        missed.extend(measured.missed());
        let text = report::keep(&folder, environment, measured)?;
        std::io::stdout().write_all(text.as_bytes())?;
    }
    Ok(missed)
}

impl Workload {
    /// As the command line and the results call it.
    pub(crate) fn name(self) -> String {
        self.to_possible_value().map_or_else(String::new, |value| value.get_name().to_owned())
    }
}
