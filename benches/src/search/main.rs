//! `bench-search`: how long a clerk waits for the search index of a prefecture. See `benches/README.md`.
//!
//! Needs the feature `search`. It makes a population, indexes it and asks questions of every kind, each made from a stored record that is drawn from a
//! fixed sequence. Wall time of a busy machine says little, so the processor time of the asking thread stands beside it:
//! a search runs on that thread alone. Exit code 0: the bar was met; 1: it was missed; 2: could not measure.

#[path = "../machine.rs"]
mod machine;
mod population;
mod questions;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use clap::Parser;
use linkage::normalize::{TableSources, Tables};
use mpi::search::{Question, SearchIndex, SearchReader, SearchUpdate, parse};
use rustix::time::{ClockId, clock_gettime};

use machine::{Environment, repository};
use population::Population;
use questions::{Asked, KINDS, Kind};

/// The 99th percentile of every kind must stay below, in milliseconds.
const BAR_MS: f64 = 20.0;

/// Hits asked for: a page of a clerk's screen.
const HITS: usize = 50;

/// Records per event while loading.
const RECORDS_PER_EVENT: usize = 1_000;

/// Measure search.
#[derive(Debug, Parser)]
#[command(name = "bench-search")]
struct Cli {
    /// People of the population. The default gives about 250,000 records, the measure of the bar.
    #[arg(long, default_value_t = 62_600)]
    people: u64,
    /// Questions of each kind.
    #[arg(long, default_value_t = 1_000)]
    questions: usize,
    /// Seed of the population.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The file to write [default: benches/results/search-DATE.md].
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
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

fn run(cli: &Cli) -> anyhow::Result<bool> {
    let environment = Environment::ask(std::path::Path::new("nayose"));
    let tables = Arc::new(tables()?);
    let population = Population::make(cli.people, cli.seed)?;
    let folder = std::env::temp_dir().join(format!("bench-search-{}", std::process::id()));
    std::fs::create_dir_all(&folder).context("cannot make a folder for the index")?;
    let measured = measure(cli, &population, &folder, &tables);
    std::fs::remove_dir_all(&folder).context("cannot remove the folder of the index")?;
    let (loading, rows) = measured?;
    let worst = rows.iter().map(|row| row.cpu_p99).fold(0.0, f64::max);
    let page = page(&environment, cli, &population, &loading, &rows);
    let output = cli
        .output
        .clone()
        .unwrap_or_else(|| repository().join("benches/results").join(format!("search-{}.md", environment.date)));
    std::fs::write(&output, &page).with_context(|| format!("cannot write `{}`", output.display()))?;
    std::io::stdout().write_all(page.as_bytes())?;
    Ok(worst < BAR_MS)
}

fn tables() -> anyhow::Result<Tables> {
    let path = repository().join("matching-rules/normalize/kanji_fold.tsv");
    let kanji_fold = std::fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(Tables::parse(&TableSources { kanji_fold: &kanji_fold, municipalities: "" })?)
}

/// What loading cost.
struct Loading {
    cpu_seconds: f64,
    wall_seconds: f64,
    bytes: u64,
    commit_ms: f64,
}

/// One kind of question, in milliseconds.
struct Row {
    kind: Kind,
    cpu_p50: f64,
    cpu_p99: f64,
    wall_p50: f64,
    wall_p99: f64,
    found: f64,
    first_page: f64,
    own_first: f64,
}

fn measure(
    cli: &Cli,
    population: &Population,
    folder: &std::path::Path,
    tables: &Arc<Tables>,
) -> anyhow::Result<(Loading, Vec<Row>)> {
    let (start, cpu) = (Instant::now(), cpu_ms(ClockId::ProcessCPUTime));
    let mut index = SearchIndex::open(folder, Arc::clone(tables))?;
    for (sequence, records) in (1..).zip(population.records.chunks(RECORDS_PER_EVENT)) {
        let updates: Vec<SearchUpdate> =
            records.iter().cloned().map(|record| SearchUpdate::Put(Box::new(record))).collect();
        index.apply(sequence, &updates)?;
    }
    index.commit()?;
    let loading = Loading {
        cpu_seconds: (cpu_ms(ClockId::ProcessCPUTime) - cpu) / 1000.0,
        wall_seconds: start.elapsed().as_secs_f64(),
        bytes: size_of(folder)?,
        commit_ms: small_commit(&mut index, population)?,
    };
    let reader = index.reader();
    let rows =
        KINDS.iter().map(|&kind| ask(cli, population, &reader, (kind, tables))).collect::<anyhow::Result<_>>()?;
    Ok((loading, rows))
}

/// Milliseconds of processor time until ten changed records can be found.
fn small_commit(index: &mut SearchIndex, population: &Population) -> anyhow::Result<f64> {
    let cpu = cpu_ms(ClockId::ProcessCPUTime);
    let updates: Vec<SearchUpdate> =
        population.records.iter().take(10).cloned().map(|record| SearchUpdate::Put(Box::new(record))).collect();
    index.apply(index.applied() + 1, &updates)?;
    index.commit()?;
    Ok(cpu_ms(ClockId::ProcessCPUTime) - cpu)
}

fn ask(
    cli: &Cli,
    population: &Population,
    reader: &SearchReader,
    (kind, tables): (Kind, &Tables),
) -> anyhow::Result<Row> {
    let asked = questions::make(population, kind, cli.questions);
    let (mut cpu, mut wall) = (Vec::new(), Vec::new());
    let (mut found, mut first_page, mut own_first) = (0, 0_usize, 0_usize);
    for Asked { text, record, home, visible } in &asked {
        let (start, thread) = (Instant::now(), cpu_ms(ClockId::ThreadCPUTime));
        let Question::Words(query) = parse(text, tables, |_| false) else { continue };
        let answer = reader.search(&query, visible, HITS)?;
        cpu.push(cpu_ms(ClockId::ThreadCPUTime) - thread);
        wall.push(start.elapsed().as_secs_f64() * 1000.0);
        found += answer.total;
        first_page += usize::from(answer.hits.iter().any(|hit| hit.home == *home));
        own_first += usize::from(answer.hits.first().is_some_and(|hit| hit.home == *home || hit.record == *record));
    }
    let count = asked.len().max(1) as f64;
    Ok(Row {
        kind,
        cpu_p50: percentile(&mut cpu, 50),
        cpu_p99: percentile(&mut cpu, 99),
        wall_p50: percentile(&mut wall, 50),
        wall_p99: percentile(&mut wall, 99),
        found: found as f64 / count,
        first_page: first_page as f64 / count,
        own_first: own_first as f64 / count,
    })
}

fn cpu_ms(clock: ClockId) -> f64 {
    let time = clock_gettime(clock);
    time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 / 1e6
}

fn percentile(values: &mut [f64], percent: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len() * percent / 100).min(values.len().saturating_sub(1))).copied().unwrap_or_default()
}

fn size_of(folder: &std::path::Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        bytes += entry?.metadata()?.len();
    }
    Ok(bytes)
}

fn page(environment: &Environment, cli: &Cli, population: &Population, loading: &Loading, rows: &[Row]) -> String {
    let mut out = String::from("# Search\n\n");
    let Environment { date, processor, cores, memory_gib, load_before, revision, .. } = environment;
    let _ = writeln!(
        out,
        "{date}, {processor}, {cores} cores, {memory_gib} GiB, load {load_before} before the start, revision {revision}.\n\
         `bench-search --people {} --seed {} --questions {}`: {} records of {} people.\n",
        cli.people,
        cli.seed,
        cli.questions,
        population.records.len(),
        cli.people,
    );
    let _ = writeln!(
        out,
        "Loading: {:.1} CPU s, {:.1} s wall, {:.1} MB on disk. Commit of ten changed records: {:.1} CPU ms.\n",
        loading.cpu_seconds,
        loading.wall_seconds,
        loading.bytes as f64 / 1e6,
        loading.commit_ms,
    );
    let _ = writeln!(
        out,
        "One thread, {HITS} hits asked for, reading the text included, ms. CPU is the processor time of the asking thread; \
         on a busy machine wall time\nshows mostly the others. *Found* is the mean number of records that fit; *first page* and \
         *first* say how often the person the question\nwas made from is among the hits and on top (namesakes share \
         that place). Bar: p99 below {BAR_MS} ms.\n"
    );
    out.push_str("| question | example | CPU p50 | CPU p99 | wall p50 | wall p99 | found | first page | first |\n");
    out.push_str("|---|---|---|---|---|---|---|---|---|\n");
    for row in rows {
        let _ = writeln!(
            out,
            "| {} | `{}` | {:.2} | {:.2} | {:.2} | {:.2} | {:.0} | {:.0} % | {:.0} % |",
            row.kind.name(),
            row.kind.example(),
            row.cpu_p50,
            row.cpu_p99,
            row.wall_p50,
            row.wall_p99,
            row.found,
            row.first_page * 100.0,
            row.own_first * 100.0,
        );
    }
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let _ = writeln!(out, "\nLoad at the end: {}.", load.split(' ').next().unwrap_or_default());
    out
}
