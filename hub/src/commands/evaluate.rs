//! `nayose evaluate`: how good clusters or scored pairs are, against the truth.

use std::path::PathBuf;

use clap::Args;
use linkage::evaluate::{
    ScoredPairs, Truth, cluster_kinds, measure_clusters, measure_strata, pair_kinds, persons_with_task,
};

use crate::cli::print_result;
use crate::evaluation::{Ignored, Measured, document, load, text};
use crate::failure::{Exit, Failure};

/// Measure clusters or scored pairs against the truth.
#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("prediction").args(["clusters", "pairs"]).required(true).multiple(true),
    after_help = "\
Recall is over all true pairs of the truth, also those that no blocking rule reached.
Records of the truth that the clusters do not name count as clusters of one.
With both --clusters and --pairs, tasks for a clerk are counted: a task is two clusters with a scored pair between them,
a possible match or a match that a guard or a better link kept apart. Pairs inside one cluster need no decision.

Examples:
  nayose evaluate --clusters clusters.csv --truth truth.csv
  nayose evaluate --pairs pairs.csv --truth truth.csv --threshold 12 --json"
)]
pub(crate) struct Arguments {
    /// Clusters: record id, cluster id.
    #[arg(long, value_name = "FILE")]
    clusters: Option<PathBuf>,
    /// Scored pairs: left id, right id, match weight.
    #[arg(long, value_name = "FILE")]
    pairs: Option<PathBuf>,
    /// The truth: record id, person id.
    #[arg(long, value_name = "FILE")]
    truth: PathBuf,
    /// The records, for --source.
    #[arg(long, value_name = "FILE", requires = "source")]
    records: Option<PathBuf>,
    /// Count pairs across sources only; the column of --records that names the source.
    #[arg(long, value_name = "COLUMN", requires = "records")]
    source: Option<String>,
    /// The column of --records that holds the record id [default: that of the truth].
    #[arg(long, value_name = "COLUMN", requires = "records")]
    id: Option<String>,
    /// Known errors (record id and kind): recall by kind of error.
    #[arg(long, value_name = "FILE")]
    errors: Option<PathBuf>,
    /// Known hard cases (stratum, case, person): links and own recall of the clusters, per stratum.
    #[arg(long, value_name = "FILE", requires = "clusters")]
    strata: Option<PathBuf>,
    /// Match weight from which a pair counts as linked [default: all pairs of the file].
    #[arg(long, value_name = "WEIGHT", requires = "pairs", allow_negative_numbers = true)]
    threshold: Option<f64>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub(crate) fn run(arguments: &Arguments) -> Result<Exit, Failure> {
    let known = load::truth(&arguments.truth)?;
    let sources = match (&arguments.records, &arguments.source) {
        (Some(records), Some(source)) => {
            let id = arguments.id.as_deref().unwrap_or(&known.id_column);
            Some(load::sources(records, id, source, &known)?)
        }
        _ => None,
    };
    let truth = Truth { persons: &known.persons, sources: sources.as_deref() };
    let errors = arguments.errors.as_deref().map(|path| load::errors(path, &known)).transpose()?;
    let strata = arguments.strata.as_deref().map(|path| load::strata(path, &known)).transpose()?.unwrap_or_default();
    let clusters = arguments.clusters.as_deref().map(|path| load::clusters(path, &known)).transpose()?;
    let given = arguments.pairs.as_deref().map(|path| load::pairs(path, &known)).transpose()?;

    let kinds = errors.as_ref().map(|errors| errors.kinds.as_slice());
    let pairs = given.as_ref().map(|(pairs, _)| ScoredPairs::new(&truth, pairs));
    let threshold = arguments.threshold.map(narrow);
    let from = threshold.unwrap_or(f32::MIN);
    let measured = Measured {
        clusters: clusters.as_ref().map(|(clusters, _)| {
            let by_kind = kinds.map(|kinds| cluster_kinds(&truth, clusters, kinds));
            (measure_clusters(&truth, clusters), by_kind, measure_strata(&truth, clusters, &strata.members))
        }),
        pairs: pairs
            .as_ref()
            .map(|pairs| (pairs, threshold, kinds.map(|kinds| pair_kinds(&truth, pairs, from, kinds)))),
        tasks: clusters.as_ref().zip(pairs.as_ref()).map(|((clusters, _), pairs)| {
            let possible: Vec<(u32, u32)> = pairs.linked(from).map(|(left, right, _)| (left, right)).collect();
            persons_with_task(&truth, clusters, &possible)
        }),
        kind_names: errors.as_ref().map_or(&[], |errors| errors.names.as_slice()),
        stratum_names: &strata.names,
        ignored: Ignored {
            clusters: clusters.as_ref().map_or(0, |(_, ignored)| *ignored),
            pairs: given.as_ref().map_or(0, |(_, ignored)| *ignored),
        },
    };
    let document = document(&truth, &measured);
    print_result(&if arguments.json {
        serde_json::to_string_pretty(&document).map_err(Failure::internal)? + "\n"
    } else {
        text(&document)
    })?;
    Ok(Exit::Ok)
}

/// Weights are compared as they are stored; a threshold from a file of four decimals keeps its meaning.
#[expect(clippy::cast_possible_truncation, reason = "rounding to the precision of the stored weights is meant")]
fn narrow(weight: f64) -> f32 {
    weight as f32
}
