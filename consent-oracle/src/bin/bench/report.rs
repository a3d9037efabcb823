//! The figures on a page and in a file, and whether they meet the bars.

use anyhow::Context as _;
use serde::Serialize;
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Decisions per second on one core, at least.
const PER_SECOND_BAR: f64 = 5e6;
/// The 99th percentile of single decisions, in nanoseconds, below.
const P99_NS_BAR: u64 = 2_000;
/// Memory of the process, in MiB, below.
const MIB_BAR: f64 = 1_024.0;
/// How many times slower Cedar is, at least.
const RATIO_BAR: f64 = 100.0;

/// What was measured.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Figures {
    pub(crate) network_rules: usize,
    pub(crate) decisions: usize,
    pub(crate) per_second: f64,
    pub(crate) per_second_best_pass: f64,
    pub(crate) permit_percent: f64,
    pub(crate) matched_mean: f64,
    pub(crate) with_obligations_percent: f64,
    pub(crate) patients: usize,
    pub(crate) p50_ns: u64,
    pub(crate) p99_ns: u64,
    pub(crate) p999_ns: u64,
    pub(crate) arena_mib: f64,
    pub(crate) peak_mib: f64,
    pub(crate) cedar_us: f64,
    pub(crate) cedar_requests: usize,
    pub(crate) cedar_ratio: f64,
}

/// Writes page and file, prints the page; true when all bars are met.
pub(crate) fn write(figures: &Figures, folder: Option<PathBuf>) -> anyhow::Result<bool> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).parent().context("the crate lies in a folder")?;
    let folder = folder.unwrap_or_else(|| repository.join("benches/results"));
    let date = said(Command::new("date").args(["-u", "+%F"]));
    let page = page(figures, &date, repository);
    std::fs::write(folder.join(format!("consent-{date}.md")), &page).context("cannot write the page")?;
    let json = serde_json::to_string_pretty(figures)? + "\n";
    std::fs::write(folder.join(format!("consent-{date}.json")), json).context("cannot write the figures")?;
    std::io::stdout().write_all(page.as_bytes())?;
    Ok(figures.per_second >= PER_SECOND_BAR
        && figures.p99_ns < P99_NS_BAR
        && figures.peak_mib < MIB_BAR
        && figures.cedar_ratio >= RATIO_BAR)
}

fn page(figures: &Figures, date: &str, repository: &Path) -> String {
    let revision = said(Command::new("git").arg("-C").arg(repository).args(["rev-parse", "--short=12", "HEAD"]));
    let processor = line_of("/proc/cpuinfo", "model name");
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let mut out = String::from("# Consent\n\n");
    let _ = writeln!(
        out,
        "{date}, {processor}, load {} at the end, revision {revision}. One thread; rates are by its processor time.\n",
        load.split(' ').next().unwrap_or_default(),
    );
    let _ = writeln!(
        out,
        "20,000 different requests over 10,000 patients, {} rules of the network and 10 of each patient, no cache of \
         decisions, reasons\nand obligations recorded, 10 % with an emergency declared, windows included; {:.1} % permitted, \
         {:.1} rules matched on average,\n{:.1} % with obligations. Latency is wall time of single decisions over {} patients \
         read at random, the clock included.\n",
        figures.network_rules,
        figures.permit_percent,
        figures.matched_mean,
        figures.with_obligations_percent,
        figures.patients,
    );
    out.push_str("| figure | measured | bar |\n|---|---|---|\n");
    let mut row = |name: &str, measured: String, bar: &str| {
        let _ = writeln!(out, "| {name} | {measured} | {bar} |");
    };
    row("decisions per second", format!("{:.2} million", figures.per_second / 1e6), "≥ 5 million");
    row("best pass", format!("{:.2} million", figures.per_second_best_pass / 1e6), "–");
    row("median", format!("{} ns", figures.p50_ns), "–");
    row("99th percentile", format!("{} ns", figures.p99_ns), "< 2,000 ns");
    row("99.9th percentile", format!("{} ns", figures.p999_ns), "–");
    row("rules in memory", format!("{:.0} MiB", figures.arena_mib), "–");
    row("most memory of the process", format!("{:.0} MiB", figures.peak_mib), "< 1,024 MiB");
    row("Cedar 4, policy set of the patient prebuilt", format!("{:.1} µs", figures.cedar_us), "–");
    row("Cedar slower by", format!("{:.0} times", figures.cedar_ratio), "≥ 100");
    let _ = writeln!(
        out,
        "\nCedar decides {} of the requests that are no emergencies, with its entities built before.",
        figures.cedar_requests
    );
    out
}

fn said(command: &mut Command) -> String {
    let output = command.output().map(|output| output.stdout).unwrap_or_default();
    String::from_utf8_lossy(&output).trim().to_owned()
}

fn line_of(path: &str, word: &str) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(word)).unwrap_or_default();
    line.split_once(':').map_or("", |(_, rest)| rest).trim().to_owned()
}
