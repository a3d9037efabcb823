//! `bench-consent`: how fast decisions are, and how fast Cedar is at the same. See `benches/README.md`.
//!
//! Three measurements in one run: decisions per second over 10,000 patients; the time of single decisions over a million
//! patients read at random; Cedar with a policy set for each patient. Processor time of the thread is the figure, because a
//! busy machine spoils wall time; single decisions are timed by wall, so their tail shows the machine as well. Exit code 0:
//! the bars were met; 1: one was missed; 2: could not measure.

mod report;

use anyhow::Context as _;
use cedar_policy::PolicySet;
use clap::Parser;
use consent::{ChartView, Engine, Outcome, Reasons, Request, Requester, Rule, Subject};
use consent_oracle::cedar;
use consent_oracle::network::{Asked, Network, PATIENT_RULES, ask, chart, consent};
use consent_oracle::random::Random;
use report::{Figures, write};
use rustix::time::{ClockId, clock_gettime};
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

/// Different requests, each used in every pass.
const REQUESTS: usize = 20_000;
/// Patients of the first measurement.
const PATIENTS: usize = 10_000;
/// How many of a hundred requests declare an emergency.
const EMERGENCY_PERCENT: usize = 10;
/// Requests to Cedar: each takes as long as hundreds of ours.
const CEDAR_REQUESTS: usize = 2_000;

/// Measure decisions.
#[derive(Debug, Parser)]
#[command(name = "bench-consent")]
struct Cli {
    /// Patients of the second measurement.
    #[arg(long, default_value_t = 1_000_000)]
    patients: usize,
    /// Passes over the requests.
    #[arg(long, default_value_t = 100)]
    passes: usize,
    /// The folder of the results [default: benches/results].
    #[arg(long, value_name = "FOLDER")]
    results: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Cli::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error:#}");
            ExitCode::from(2)
        }
    }
}

/// The rules of many patients, one after another.
struct Arena {
    rules: Vec<Rule>,
    subject: Subject,
}

impl Arena {
    fn view(&self, patient: usize) -> ChartView<'_> {
        let start = patient * PATIENT_RULES;
        let rules = self.rules.get(start..start + PATIENT_RULES).unwrap_or_default();
        ChartView { rules, reaches: &[], identities: 1, subject: self.subject }
    }
}

fn run(cli: &Cli) -> anyhow::Result<bool> {
    let mut random = Random::new(1);
    let mut network = Network::make()?;
    let roots: Vec<_> = (0..PATIENTS).map(|_| consent(&mut random)).collect();
    let mut arena: Option<Arena> = None;
    for root in &roots {
        let chart = chart(&network.compile(root)?)?;
        anyhow::ensure!(chart.rules.len() == PATIENT_RULES, "a patient with {} rules", chart.rules.len());
        let arena = arena.get_or_insert_with(|| Arena { rules: Vec::new(), subject: chart.subject });
        arena.rules.extend(chart.rules);
    }
    let arena = arena.context("no patients")?;
    let asked: Vec<Asked> = (0..REQUESTS).map(|_| ask(&mut random, PATIENTS, EMERGENCY_PERCENT)).collect();
    let requesters: Vec<Requester> = asked.iter().map(|asked| network.requester(asked)).collect();
    let requests: Vec<Request<'_>> =
        asked.iter().zip(&requesters).map(|(asked, requester)| network.request(asked, requester)).collect();
    let engine = Engine { policy: &network.image, book: &network.book };
    let mut figures = Figures { network_rules: network.image.rules().len(), ..Figures::default() };
    throughput(&engine, &arena, (&asked, &requests), cli.passes, &mut figures);
    let million = large(&arena, cli.patients);
    latency(&engine, &million, (&requests, cli.patients), &mut figures);
    compare(&network, &roots, &asked, &mut figures)?;
    write(&figures, cli.results.clone())
}

fn throughput(
    engine: &Engine<'_>,
    arena: &Arena,
    (asked, requests): (&[Asked], &[Request<'_>]),
    passes: usize,
    figures: &mut Figures,
) {
    let mut reasons = Reasons::new();
    let mut best = f64::MAX;
    let (mut permits, mut matched, mut obligations) = (0_usize, 0_usize, 0_usize);
    let start = cpu_seconds();
    for _ in 0..passes {
        let pass = cpu_seconds();
        (permits, matched, obligations) = (0, 0, 0);
        for (asked, request) in asked.iter().zip(requests) {
            let decision = engine.decide(arena.view(asked.patient), request, &mut reasons);
            permits += usize::from(decision.outcome == Outcome::Permit);
            matched += reasons.matched().len();
            obligations += usize::from(!decision.obligations.is_empty());
        }
        best = best.min(cpu_seconds() - pass);
    }
    let all = cpu_seconds() - start;
    let count = requests.len() as f64;
    figures.decisions = requests.len() * passes;
    figures.per_second = count * passes as f64 / all;
    figures.per_second_best_pass = count / best;
    figures.permit_percent = 100.0 * permits as f64 / count;
    figures.matched_mean = matched as f64 / count;
    figures.with_obligations_percent = 100.0 * obligations as f64 / count;
}

/// As many patients as wanted, each with memory of its own.
fn large(arena: &Arena, patients: usize) -> Arena {
    let mut rules = Vec::with_capacity(patients * PATIENT_RULES);
    while rules.len() < patients * PATIENT_RULES {
        let missing = patients * PATIENT_RULES - rules.len();
        rules.extend(arena.rules.iter().take(missing));
    }
    Arena { rules, subject: arena.subject }
}

fn latency(engine: &Engine<'_>, arena: &Arena, (requests, patients): (&[Request<'_>], usize), figures: &mut Figures) {
    let mut random = Random::new(2);
    let mut reasons = Reasons::new();
    let mut nanos: Vec<u64> = Vec::with_capacity(requests.len() * 50);
    for _ in 0..50 {
        for request in requests {
            let patient = random.below(patients);
            let start = Instant::now();
            let decision = engine.decide(arena.view(patient), request, &mut reasons);
            nanos.push(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX));
            std::hint::black_box(decision);
        }
    }
    nanos.sort_unstable();
    let at = |share: f64| nanos.get((nanos.len() as f64 * share) as usize).copied().unwrap_or_default();
    figures.patients = patients;
    figures.p50_ns = at(0.50);
    figures.p99_ns = at(0.99);
    figures.p999_ns = at(0.999);
    figures.arena_mib = (arena.rules.len() * size_of::<Rule>()) as f64 / f64::from(1 << 20);
    figures.peak_mib = peak_mib();
}

/// Cedar at the requests that are no emergencies: what it cannot say is left out of its work.
fn compare(
    network: &Network,
    roots: &[consent::document::Provision],
    asked: &[Asked],
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let ordinary = asked.iter().filter(|asked| !asked.is_emergency && asked.custodian != asked.institution);
    let chosen: Vec<&Asked> = ordinary.take(CEDAR_REQUESTS).collect();
    let sets: Vec<PolicySet> = chosen
        .iter()
        .map(|asked| cedar::policy_set(network, roots.get(asked.patient).context("a patient")?))
        .collect::<anyhow::Result<_>>()?;
    let questions = chosen.iter().map(|asked| cedar::question(asked)).collect::<anyhow::Result<Vec<_>>>()?;
    let start = cpu_seconds();
    for (set, question) in sets.iter().zip(&questions) {
        std::hint::black_box(cedar::decide(set, question)?);
    }
    figures.cedar_us = (cpu_seconds() - start) * 1e6 / chosen.len() as f64;
    figures.cedar_requests = chosen.len();
    figures.cedar_ratio = figures.cedar_us * 1e-6 * figures.per_second;
    Ok(())
}

fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

/// The most memory that the process has had, in MiB.
fn peak_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").trim().parse::<f64>().unwrap_or(0.0) / 1024.0
}
