//! `bench-linkage quality`: every public dataset with its rule set, against what was asked and what peers reach.
//!
//! Nothing is learned from the truth: `nayose link --train` does not see it. The figures of the peers were measured
//! once on the same files with the same way of counting, and stand here as constants.

use std::path::Path;

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::machine::repository;
use crate::nayose::{Link, Nayose};
use crate::process::Cost;
use crate::quality::{Answer, Known, Quality};
use crate::scratch::Scratch;

/// The furthest that the F1 at the default threshold may be from the best.
const DEFAULT_BELOW_BEST_MAX: f64 = 0.005;
/// The furthest that wide blocking may be from narrow blocking.
const WIDE_FROM_NARROW_MAX: f64 = 0.002;
/// Differences below this come from the arithmetic.
const ROUNDING: f64 = 1e-9;
/// Weight from which pairs are written: the best threshold must not lie below it.
const WEIGHT_MIN: f64 = -25.0;

/// A dataset, what is asked, and what peers reach (Splink 5.0.0, recordlinkage 0.16, dedupe 3.0.3).
struct Dataset {
    rules: &'static str,
    folder: &'static str,
    is_linked: bool,
    /// Pairwise F1 of scored pairs at the best threshold: asked, best peer.
    pairs: (f64, f64),
    /// Pairwise F1 of clusters: asked, best peer (at its best threshold).
    clusters: (f64, f64),
    peer: &'static str,
}

const DATASETS: &[Dataset] = &[
    Dataset {
        rules: "febrl4",
        folder: "febrl4",
        is_linked: true,
        pairs: (0.9998, 0.9998),
        clusters: (0.9994, 0.9994),
        peer: "Splink, extended model; clusters recordlinkage",
    },
    Dataset {
        rules: "febrl3",
        folder: "febrl3",
        is_linked: false,
        pairs: (0.9986, 0.9986),
        clusters: (0.9995, 0.9995),
        peer: "recordlinkage ECM",
    },
    Dataset {
        rules: "rldata10000",
        folder: "rldata10000",
        is_linked: false,
        pairs: (0.96, 0.9451),
        clusters: (0.9379, 0.9379),
        peer: "Splink",
    },
    Dataset {
        rules: "historical_50k",
        folder: "historical_50k",
        is_linked: false,
        pairs: (0.80, 0.778),
        clusters: (0.86, 0.827),
        peer: "GoldenMatch (published); clusters Splink",
    },
    Dataset {
        rules: "fake_1000",
        folder: "fake_1000",
        is_linked: false,
        pairs: (0.89, 0.8772),
        clusters: (0.93, 0.9212),
        peer: "dedupe with 300 labels; clusters Splink",
    },
    Dataset {
        rules: "jp_10k",
        folder: "jp_10k",
        is_linked: false,
        pairs: (0.989, 0.9878),
        clusters: (0.9894, 0.9894),
        peer: "Splink, romaji",
    },
    Dataset {
        rules: "jp_10k_wide",
        folder: "jp_10k",
        is_linked: false,
        pairs: (0.987, 0.9334),
        clusters: (0.9403, 0.9403),
        peer: "Splink",
    },
];

/// What came out for one dataset.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) dataset: String,
    pub(crate) pairs_asked: f64,
    pub(crate) pairs_peer: f64,
    pub(crate) clusters_asked: f64,
    pub(crate) clusters_peer: f64,
    pub(crate) peer: String,
    pub(crate) quality: Quality,
    pub(crate) cost: Cost,
    /// What was asked and not reached; empty when all was.
    pub(crate) missed: Vec<String>,
}

/// Runs all datasets, or the one that is named; `None` when the folder is not there.
pub(crate) fn run(nayose: &Nayose, data: &Path, only: Option<&str>) -> anyhow::Result<Option<Vec<Row>>> {
    if !data.is_dir() {
        eprintln!("SKIPPED: no folder `{}` with the public datasets: quality was not measured", data.display());
        return Ok(None);
    }
    let scratch = Scratch::create("quality")?;
    let mut rows: Vec<Row> = Vec::new();
    for dataset in DATASETS.iter().filter(|dataset| only.is_none_or(|only| only == dataset.rules)) {
        eprintln!("{} …", dataset.rules);
        let mut row =
            measure(nayose, data, dataset, &scratch).with_context(|| format!("dataset `{}`", dataset.rules))?;
        let narrow = rows.iter().find(|row| dataset.rules == format!("{}_wide", row.dataset));
        row.missed = missed(&row, narrow);
        rows.push(row);
    }
    anyhow::ensure!(!rows.is_empty(), "no dataset has the name `{}`", only.unwrap_or_default());
    Ok(Some(rows))
}

fn measure(nayose: &Nayose, data: &Path, dataset: &Dataset, scratch: &Scratch) -> anyhow::Result<Row> {
    let records = data.join(dataset.folder).join("records.csv");
    let (clusters, pairs) = (scratch.path("clusters.csv"), scratch.path("pairs.csv"));
    let (cost, summary) = nayose.link(&Link {
        rules: &repository().join(format!("matching-rules/public/{}.toml", dataset.rules)),
        records: &records,
        source: dataset.is_linked.then_some("source"),
        weight_min: Some(WEIGHT_MIN),
        clusters: &clusters,
        pairs: &pairs,
    })?;
    let mut known = Known::read(&data.join(dataset.folder).join("truth.csv"))?;
    if dataset.is_linked {
        known = known.across_sources(&records, "source")?;
    }
    let quality = known.measure(&Answer { clusters: &clusters, pairs: &pairs, threshold: summary.threshold })?;
    Ok(Row {
        dataset: dataset.rules.to_owned(),
        pairs_asked: dataset.pairs.0,
        pairs_peer: dataset.pairs.1,
        clusters_asked: dataset.clusters.0,
        clusters_peer: dataset.clusters.1,
        peer: dataset.peer.to_owned(),
        quality,
        cost,
        missed: Vec::new(),
    })
}

/// What was asked and not reached; `narrow` is the same dataset with narrow blocking.
fn missed(row: &Row, narrow: Option<&Row>) -> Vec<String> {
    let quality = &row.quality;
    let mut missed = Vec::new();
    let mut ask = |is_met: bool, what: &str| {
        if !is_met {
            missed.push(what.to_owned());
        }
    };
    ask(quality.best.f1 + ROUNDING >= row.pairs_asked, "pairs at the best threshold");
    ask(quality.best.f1 - quality.default.f1 <= DEFAULT_BELOW_BEST_MAX + ROUNDING, "pairs at the default threshold");
    ask(quality.clusters_f1 + ROUNDING >= row.clusters_asked, "clusters");
    if let Some(narrow) = narrow {
        let distance = (narrow.quality.best.f1 - quality.best.f1).abs();
        ask(distance <= WIDE_FROM_NARROW_MAX + ROUNDING, "wide within 0.002 of narrow");
    }
    missed
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quality::Point;

    fn row(best: f64, default: f64, clusters: f64) -> Row {
        let point = |f1| Point { f1, ..Point::default() };
        let quality =
            Quality { best: point(best), default: point(default), clusters_f1: clusters, ..Quality::default() };
        Row { quality, pairs_asked: 0.99, clusters_asked: 0.98, ..Row::default() }
    }

    #[test]
    fn says_what_was_missed() {
        assert!(missed(&row(0.99, 0.985, 0.98), None).is_empty());
        assert_eq!(missed(&row(0.9899, 0.9899, 0.98), None), ["pairs at the best threshold"]);
        assert_eq!(missed(&row(0.99, 0.9849, 0.98), None), ["pairs at the default threshold"]);
        assert_eq!(missed(&row(0.99, 0.99, 0.97), None), ["clusters"]);
        assert!(missed(&row(0.99, 0.99, 0.98), Some(&row(0.992, 0.99, 0.98))).is_empty());
        assert_eq!(missed(&row(0.99, 0.99, 0.98), Some(&row(0.9925, 0.99, 0.98))), ["wide within 0.002 of narrow"]);
    }
}
