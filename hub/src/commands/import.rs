//! `nayose import`: records from a file into the index.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use directory::Snapshot;
use linkage::rules::RuleSet;
use mpi::kv::Draft;
use mpi::{Actor, Attribute};

use crate::cli::print_result;
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::import::{BULK, First, Import, Persons, Source, read_rows};
use crate::linking::{self, Pool, Stopwatch};
use crate::opening;
use crate::output::ClusterWriter;
use crate::serve::clock::Clock;
use crate::serve::search::Search;
use crate::serve::store::wind_clock;

/// Import records: an empty index is filled at once, otherwise each record arrives.
#[derive(Debug, Args)]
#[command(after_help = "\
The columns are `institution`, `local_id`, `registered_on` (the day from which the source says this) and the attributes
of a person (`family_kanji`, `birth_date`, …). `record_id` is for you; `authority` is needed only where an institution
owns several domains. NDJSON (`.ndjson`, `.jsonl`) has one object of texts per line. An import that was stopped can be
run again: what is there already is unchanged. The server must not run at the same time.

Examples:
  nayose import --config nayose.toml records.csv --rejects rejects.csv
  nayose import --config nayose.toml records.ndjson --json")]
pub(crate) struct Arguments {
    /// The configuration.
    #[arg(long, value_name = "FILE", default_value = "nayose.toml")]
    config: PathBuf,
    /// The records (CSV, Parquet or NDJSON).
    #[arg(value_name = "DATA")]
    data: PathBuf,
    /// Where refused rows go, with line, column and reason.
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,
    /// Where the person of every record goes: record id and enterprise id.
    #[arg(long, value_name = "FILE")]
    persons: Option<PathBuf>,
    /// Leave out columns that the index has no place for.
    #[arg(long)]
    ignore_columns: bool,
    /// Take columns that the rules compare and the file lacks as unknown in every row.
    #[arg(long)]
    missing_columns: bool,
    /// Learn the weights from these records; for an empty index.
    #[arg(long)]
    train: bool,
    /// Threads [default: one per core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let stopwatch = Stopwatch::start();
    let (config, keyring) = opening::read(&arguments.config)?;
    let first = First { rules: first_rules(&config)?, is_training: arguments.train };
    let opened = opening::open_whole(&config, keyring.as_ref())?;
    let clock = Clock::of_machine();
    wind_clock(&*opened.kv, &clock).map_err(Failure::internal)?;
    let directory = Snapshot::load(&mut Draft::new(&*opened.kv)).map_err(Failure::internal)?;
    if directory.institutions_len() == 0 {
        return Err(Failure::bad_input(anyhow::anyhow!(
            "the directory has no institution yet: load it first with `nayose directory load`"
        )));
    }
    stopwatch.lap("open");
    let needed = if arguments.missing_columns { Vec::new() } else { columns_of(&first.rules) };
    let source = Source {
        path: &arguments.data,
        rejects: arguments.rejects.as_deref(),
        ignores_columns: arguments.ignore_columns,
        needed: &needed,
        keeps_ids: arguments.persons.is_some(),
    };
    let mut rows = read_rows(&source, &directory, clock.now())?;
    let ids = std::mem::take(&mut rows.ids);
    stopwatch.lap("read");
    let import = Import {
        kv: &*opened.kv,
        digester: &opened.digester,
        models: &opened.models,
        clock: &clock,
        actor: Actor { id: "import".into(), institution: None },
        pool: Pool::new(arguments.threads),
    };
    let (mut report, persons) = import.run(rows, &first)?;
    opened.witness(&config)?;
    if let Some(path) = &arguments.persons {
        write_persons(path, &ids, &persons, &config.enterprise_id_prefix)
            .map_err(|error| Failure::write(path, error))?;
    }
    let before = stopwatch.seconds();
    let filling = Stopwatch::start();
    Search::fill(&config, &*opened.kv, (import.pool, report.way == BULK))?;
    filling.lap("search index");
    // The next server has its processor and its disk for requests.
    opened.come_to_rest()?;
    filling.lap("order files");
    report.stages.extend(filling.seconds());
    report.finish(before);
    print_result(&if arguments.json {
        serde_json::to_string_pretty(&report).map_err(Failure::internal)? + "\n"
    } else {
        report.text()
    })?;
    Ok(Exit::Ok)
}

/// The columns of attributes that rules compare, each once.
fn columns_of(rules: &RuleSet) -> Vec<String> {
    let columns: BTreeSet<&String> = rules.fields.iter().flat_map(|field| &field.columns).collect();
    columns.into_iter().filter(|column| Attribute::named(column).is_some()).cloned().collect()
}

/// The rules that the program carries.
const RULES: &str = include_str!("../../../matching-rules/person.toml");

/// The rules with which an index begins: those of the configuration, or those that the program carries.
pub(crate) fn first_rules(config: &Config) -> Result<RuleSet, Failure> {
    match &config.rules {
        Some(path) => linking::read_rules(path),
        None => RuleSet::parse(RULES).map_err(|error| Failure::internal(anyhow::anyhow!("{}", error.reason))),
    }
}

fn write_persons(path: &Path, ids: &[Box<str>], persons: &Persons, prefix: &str) -> std::io::Result<()> {
    let mut writer = ClusterWriter::create(path, "record_id")?;
    for (id, person) in ids.iter().zip(persons) {
        if let Some(person) = person {
            writer.write(id, &person.enterprise_id(prefix))?;
        }
    }
    writer.finish()
}
