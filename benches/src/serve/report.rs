//! Keeps the results of a day: one JSON file for machines, one Markdown file for people, made from it.
//!
//! A newer measurement of the same size and workloads replaces the older one of the day; each names its own machine.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use super::load::Loop;
use super::machine::Environment;
use super::measure::{Measured, Run, Workload};

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Section {
    environment: Environment,
    measured: Measured,
}

/// Puts a measurement into the files of its day; gives its section as Markdown.
pub(crate) fn keep(folder: &Path, environment: Environment, measured: Measured) -> anyhow::Result<String> {
    fs::create_dir_all(folder).with_context(|| format!("cannot make the folder `{}`", folder.display()))?;
    let json = folder.join(format!("serve-{}.json", environment.date));
    let mut sections: BTreeMap<String, Section> = match fs::read_to_string(&json) {
        Ok(text) => serde_json::from_str(&text).with_context(|| format!("cannot read `{}`", json.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => BTreeMap::new(),
        Err(error) => return Err(error).with_context(|| format!("cannot read `{}`", json.display())),
    };
    let (title, date) = (title(&measured), environment.date.clone());
    let section = Section { environment, measured };
    let text = section_text(&title, &section);
    sections.insert(title, section);
    let write =
        |path: &Path, text: String| fs::write(path, text).with_context(|| format!("cannot write `{}`", path.display()));
    write(&json, serde_json::to_string_pretty(&sections)? + "\n")?;
    let mut page = format!("# The server, measured on {date}\n\nHow, and what is counted: `benches/README.md`.\n");
    page += &growth(sections.values());
    for (title, section) in &sections {
        page += &section_text(title, section);
    }
    write(&folder.join(format!("serve-{date}.md")), page)?;
    Ok(text)
}

fn title(measured: &Measured) -> String {
    let mut workloads: Vec<String> = Vec::new();
    for run in &measured.runs {
        let name = run.workload.name();
        if !workloads.contains(&name) {
            workloads.push(name);
        }
    }
    format!("{} people: {}", measured.people, workloads.join(", "))
}

/// How the price of one request grows with the population.
fn growth<'s>(sections: impl Iterator<Item = &'s Section>) -> String {
    let mut prices: BTreeMap<(Workload, u64), f64> = BTreeMap::new();
    for Section { measured, .. } in sections {
        for run in measured.runs.iter().filter(|run| run.pace == Loop::Closed) {
            prices.insert((run.workload, measured.people), run.server_micros());
        }
    }
    let mut text = "\n## Growth\n\nProcessor time of the server per request, in microseconds, under full load.\n\n\
        | workload | people | µs |\n|---|---|---|\n"
        .to_owned();
    for ((workload, people), micros) in prices {
        let _ = writeln!(text, "| {} | {people} | {micros:.0} |", workload.name());
    }
    text
}

fn section_text(title: &str, section: &Section) -> String {
    let Environment { date, processor, cores, memory_gib, load_before, revision, nayose } = &section.environment;
    let measured = &section.measured;
    let mut text = format!(
        "\n## {title}\n\n{date}, {processor}, {cores} cores, {memory_gib} GiB, load {load_before} before the start; \
         {nayose}, revision {revision}.\n\n"
    );
    let mib = |bytes: u64| bytes >> 20;
    let import = measured.import_seconds.map_or_else(|| "before".to_owned(), |seconds| format!("in {seconds:.1} s"));
    let _ = writeln!(
        text,
        "{} records loaded {import}; store {} MiB, block cache {} MiB, peak of the server {:.0} MiB; {} connections, \
         log level `{}`. The disk alone: {:.0} syncs/s of 4 KiB, p50 {:.2} ms, p99 {:.2} ms.\n",
        measured.records,
        mib(measured.store_bytes),
        mib(measured.cache_bytes),
        measured.peak_mib,
        measured.connections,
        measured.log_level,
        measured.disk.per_second,
        measured.disk.p50_ms,
        measured.disk.p99_ms,
    );
    text += "| workload | offered | answered /s | p50 ms | p90 | p99 | p99.9 | errors | server CPU µs/request | cores: server, \
             generator, others | syncs/s (mean ms) | batches per sync | conflicts | verdict |\n\
             |---|---|---|---|---|---|---|---|---|---|---|---|---|---|\n";
    measured.runs.iter().for_each(|run| text += &row(run));
    let lags: Vec<String> = measured.runs.iter().map(|run| format!("{:.0}", run.search_lag)).collect();
    let _ = writeln!(text, "\nBatches that search did not know of at the end of each run: {}.", lags.join(", "));
    text
}

fn row(run: &Run) -> String {
    let Run { answers, spent, .. } = run;
    let offered = match run.pace {
        Loop::Closed => "all it takes".to_owned(),
        Loop::Open(rate) => format!("{rate:.0}/s"),
    };
    let seconds = answers.seconds.max(1e-9);
    let latency = &answers.latency_ms;
    let per_sync = |figure: f64| if run.syncs > 0.0 { figure / run.syncs } else { 0.0 };
    let verdict = match (run.bar, run.missed()) {
        (None, _) => "not judged".to_owned(),
        (Some(_), None) => "met".to_owned(),
        (Some(_), Some(what)) => format!("MISSED: {what}"),
    };
    let statuses: Vec<String> = answers
        .statuses
        .range(400..)
        .map(|(status, count)| format!("{status}: {count}"))
        .chain(answers.failures.iter().map(|(reason, count)| format!("{reason}: {count}")))
        .collect();
    let errors = if statuses.is_empty() { "0".to_owned() } else { statuses.join(", ") };
    format!(
        "| {} | {offered} | **{:.0}** | {:.2} | {:.2} | **{:.2}** | {:.2} | {errors} | {:.0} | {:.2}, {:.2}, {:.2} | {:.0} \
         ({:.2}) | {:.1} | {:.0} | {verdict} |\n",
        run.workload.name(),
        answers.good_per_second(),
        latency.p50,
        latency.p90,
        latency.p99,
        latency.p999,
        run.server_micros(),
        spent.server / seconds,
        spent.generator / seconds,
        spent.others / seconds,
        run.syncs / seconds,
        per_sync(run.sync_seconds) * 1_000.0,
        per_sync(run.batches),
        run.conflicts,
    )
}
