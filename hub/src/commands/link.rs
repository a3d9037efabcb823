//! `nayose link`: records in, clusters and scored pairs out.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use linkage::block::{BlockIndex, RuleBlocks, pairs_possible};
use linkage::model::MatchWeight;
use linkage::run::{Linked, LinkedPair, Request, Run};
use linkage::table::Table;

use crate::cli::print_result;
use crate::evaluation::load::truth;
use crate::failure::{Exit, Failure};
use crate::linking::{
    self, BlockSummary, LinkSummary, Loaded, Outcome, Pool, Ready, Source, TrainingSummary, Weighing,
};
use crate::output::{AtomicFile, ClusterWriter, PairWriter};
use crate::progress::{Progress, Unit};
use crate::report;

/// Link records: one file deduplicates, two files (or --source) link across sources only.
#[derive(Debug, Args)]
#[command(after_help = "\
One input deduplicates. Two inputs, or one with --source, link across sources only.

Examples:
  nayose link --rules matching-rules/person.toml records.csv --out clusters.csv
  nayose link --rules r.toml a.csv b.csv --train --out clusters.csv --pairs pairs.csv --report report.html")]
pub(crate) struct Arguments {
    /// The rule set (TOML).
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: PathBuf,
    /// One file to deduplicate, or two to link (CSV or Parquet).
    #[arg(required = true, num_args = 1..=2, value_name = "DATA")]
    pub(crate) data: Vec<PathBuf>,
    /// Where the clusters go: the id of each record and that of its cluster.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
    /// Where the scored pairs go, from --min-weight up.
    #[arg(long, value_name = "FILE")]
    pub(crate) pairs: Option<PathBuf>,
    /// Learn the weights from these records, without labels.
    #[arg(long)]
    pub(crate) train: bool,
    /// The column that holds the record id.
    #[arg(long, value_name = "COLUMN", default_value = "record_id")]
    pub(crate) id: String,
    /// The column that names the source of a record; links are then made across sources only.
    #[arg(long, value_name = "COLUMN")]
    pub(crate) source: Option<String>,
    /// Match weight in bits from which records are put into one cluster [default: the upper threshold of the rules].
    #[arg(long, value_name = "WEIGHT", allow_negative_numbers = true)]
    pub(crate) threshold: Option<f64>,
    /// Match weight in bits from which a pair is written [default: the lower threshold of the rules].
    #[arg(long, value_name = "WEIGHT", allow_negative_numbers = true)]
    pub(crate) min_weight: Option<f64>,
    /// Where the report goes: one HTML file that needs nothing else.
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,
    /// Known truth (record id, person id): the report then shows the threshold curve.
    #[arg(long, value_name = "FILE", requires = "report")]
    pub(crate) truth: Option<PathBuf>,
    /// Where refused rows go, with line and reason.
    #[arg(long, value_name = "FILE")]
    pub(crate) rejects: Option<PathBuf>,
    /// Start of every random choice; the same seed gives the same result.
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Threads [default: one per core].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub(crate) threads: Option<u16>,
    /// Print the summary as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let rules = linking::read_rules(&arguments.rules)?;
    let source = Source {
        data: &arguments.data,
        id: &arguments.id,
        source: arguments.source.as_deref(),
        rejects: arguments.rejects.as_deref(),
        keep_raw: arguments.report.is_some(),
    };
    let truth = arguments.truth.as_deref().map(truth).transpose()?;
    let loaded = linking::load(&rules, &source, Pool::new(arguments.threads))?;
    let weighing = Weighing { train: arguments.train, seed: arguments.seed };
    linking::with_scorer(&rules, &loaded, weighing, |ready| {
        let request = Request {
            threshold: arguments.threshold.unwrap_or(rules.upper),
            weight_min: arguments.min_weight.unwrap_or(rules.lower),
            across_sources: loaded.across_sources,
        };
        let blocks = BlockIndex::build(&rules.blocks, &loaded.table, request.across_sources, &loaded.pool);
        loaded.stopwatch.lap("block");
        let run = Run { scorer: ready.scorer, blocks: &blocks, request };
        let progress = Progress::start("scoring", Some(100), Unit::Count);
        let linked = run.link(&loaded.pool, &|done, all| progress.set((done * 100 / all.max(1)) as u64));
        progress.finish();
        loaded.stopwatch.lap("score and cluster");
        write_clusters(arguments, &loaded.table, &linked)?;
        if let Some(path) = &arguments.pairs {
            write_pairs(path, &loaded.table, &linked)?;
        }
        loaded.stopwatch.lap("write");
        let summary = summary(ready, &loaded, &run, &linked);
        if let Some(path) = &arguments.report {
            let data = &arguments.data;
            let (loaded, run, linked, summary, truth) = (&loaded, &run, &linked, &summary, truth.as_ref());
            write_report(path, &Outcome { data, ready, loaded, run, linked, summary, truth })?;
        }
        let text = if arguments.json {
            serde_json::to_string_pretty(&summary).map_err(Failure::internal)? + "\n"
        } else {
            summary.to_text()
        };
        print_result(&text)?;
        Ok(Exit::Ok)
    })
}

fn summary(ready: &Ready<'_>, loaded: &Loaded, run: &Run<'_>, linked: &Linked) -> LinkSummary {
    let request = &run.request;
    let block = |(blocks, pairs): (&RuleBlocks, &u64)| BlockSummary {
        name: blocks.name.clone(),
        pairs: *pairs,
        blocks_skipped: blocks.skipped.len() as u64,
        records_skipped: blocks.skipped.iter().map(|size| u64::from(*size)).sum(),
    };
    let cluster = |record: u32| linked.clusters.get(record as usize);
    let count = |wanted: &dyn Fn(&LinkedPair) -> bool| linked.pairs.iter().filter(|pair| wanted(pair)).count() as u64;
    LinkSummary {
        rules: ready.rules.name.clone(),
        rules_digest: ready.rules.digest(),
        tables_version: loaded.lookup.tables.version().to_owned(),
        records: loaded.table.len() as u64,
        rejected: loaded.rejected,
        pairs_possible: pairs_possible(&loaded.table, request.across_sources),
        blocks: run.blocks.rules.iter().zip(&linked.candidates).map(block).collect(),
        second_hop_pairs: linked.candidates.last().copied().unwrap_or(0),
        pairs_compared: linked.candidates.iter().sum(),
        pairs_reported: linked.pairs.len() as u64,
        pairs_capped: count(&|pair| pair.guard > 0),
        threshold: request.threshold,
        min_weight: request.weight_min,
        matches: count(&|pair| f64::from(pair.weight) >= request.threshold),
        possible_matches: count(&|pair| {
            f64::from(pair.weight) < request.threshold && cluster(pair.left) != cluster(pair.right)
        }),
        clusters: (0_u32..).zip(&linked.clusters).filter(|(record, first)| record == *first).count() as u64,
        components_split: linked.components_split,
        wall_seconds: loaded.stopwatch.seconds(),
        training: ready.training.map(|report| TrainingSummary::of(report, ready.rules)),
    }
}

/// Ids that are looked up before they are written, so that they wait for memory together and not in turn.
const IDS_TOGETHER: usize = 1024;

fn ids(table: &Table, records: impl Iterator<Item = (u32, u32)>) -> Vec<(&str, &str)> {
    records.map(|(left, right)| (table.id(left), table.id(right))).collect()
}

fn write_clusters(arguments: &Arguments, table: &Table, linked: &Linked) -> Result<(), Failure> {
    let failed = |error| Failure::write(&arguments.out, error);
    let mut writer = ClusterWriter::create(&arguments.out, &arguments.id).map_err(failed)?;
    for (first, clusters) in (0_u32..).step_by(IDS_TOGETHER).zip(linked.clusters.chunks(IDS_TOGETHER)) {
        for (record, cluster) in ids(table, (first..).zip(clusters.iter().copied())) {
            writer.write(record, cluster).map_err(failed)?;
        }
    }
    writer.finish().map_err(failed)
}

fn write_pairs(path: &Path, table: &Table, linked: &Linked) -> Result<(), Failure> {
    let failed = |error| Failure::write(path, error);
    let mut writer = PairWriter::create(path).map_err(failed)?;
    for pairs in linked.pairs.chunks(IDS_TOGETHER) {
        for (pair, ids) in pairs.iter().zip(ids(table, pairs.iter().map(|pair| (pair.left, pair.right)))) {
            let weight = f64::from(pair.weight);
            writer.write(ids, weight, MatchWeight(weight).probability()).map_err(failed)?;
        }
    }
    writer.finish().map_err(failed)
}

fn write_report(path: &Path, outcome: &Outcome<'_>) -> Result<(), Failure> {
    let page = report::render(&linking::report_model(outcome)?);
    let failed = |error| Failure::write(path, error);
    let mut file = AtomicFile::create(path).map_err(failed)?;
    file.write_all(page.as_bytes()).map_err(failed)?;
    file.commit().map_err(failed)
}
