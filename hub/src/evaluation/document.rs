//! The document of an evaluation, as `--json` prints it.

use linkage::evaluate::{
    ClusterQuality, Counts, CurvePoint, KindQuality, KindRecall, ScoredPairs, Share, StratumQuality, TaskCount, Truth,
};
use serde::Serialize;

/// Everything that was measured.
#[derive(Debug, Default)]
pub(crate) struct Measured<'a> {
    /// Clusters, and by kind of error, and by stratum.
    pub(crate) clusters: Option<(ClusterQuality, Option<KindQuality>, Vec<StratumQuality>)>,
    /// Scored pairs, the threshold that was asked for, and recall by kind of error at it.
    pub(crate) pairs: Option<(&'a ScoredPairs, Option<f32>, Option<KindQuality>)>,
    /// Tasks that the pairs leave beside the clusters.
    pub(crate) tasks: Option<TaskCount>,
    /// Names of the kinds of errors.
    pub(crate) kind_names: &'a [String],
    /// Names of the strata.
    pub(crate) stratum_names: &'a [String],
    /// Rows that name records which the truth does not know.
    pub(crate) ignored: Ignored,
}

/// Rows that were left out because the truth does not know their records.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Ignored {
    pub(crate) clusters: u64,
    pub(crate) pairs: u64,
}

#[derive(Debug, Serialize)]
pub(crate) struct Document {
    pub(super) format: &'static str,
    pub(super) records: u64,
    pub(super) persons: u64,
    pub(super) true_pairs: u64,
    pub(super) cross_source_only: bool,
    pub(super) rows_ignored: Ignored,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clusters: Option<Clusters>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) pairs: Option<Pairs>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) tasks: Option<Tasks>,
}

#[derive(Debug, Serialize)]
pub(super) struct Clusters {
    pub(super) pairwise: Ratios,
    pub(super) bcubed: Bcubed,
    pub(super) clusters: u64,
    pub(super) largest: u64,
    pub(super) singletons: u64,
    pub(super) persons_sharing: PerTenThousand,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) by_error_kind: Vec<Kind>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) strata: Vec<Stratum>,
}

#[derive(Debug, Serialize)]
pub(super) struct Pairs {
    pub(super) scored: u64,
    /// The threshold that was asked for; `null`: every pair of the file is linked.
    pub(super) threshold: Option<f64>,
    pub(super) at_threshold: Ratios,
    pub(super) best_f1: Option<Point>,
    pub(super) average_precision: f64,
    pub(super) curve: Vec<Point>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) by_error_kind: Vec<Kind>,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Ratios {
    pub(super) true_positives: u64,
    pub(super) false_positives: u64,
    pub(super) false_negatives: u64,
    pub(super) precision: f64,
    pub(super) recall: f64,
    pub(super) f1: f64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Bcubed {
    pub(super) precision: f64,
    pub(super) recall: f64,
    pub(super) f1: f64,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Point {
    pub(super) threshold: f64,
    #[serde(flatten)]
    pub(super) counts: Ratios,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct PerTenThousand {
    pub(super) count: u64,
    pub(super) total: u64,
    pub(super) per_10_000: f64,
}

#[derive(Debug, Serialize)]
pub(super) struct Kind {
    pub(super) kind: String,
    pub(super) true_pairs: u64,
    pub(super) found: u64,
    pub(super) missed: u64,
    pub(super) recall: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Stratum {
    pub(super) stratum: String,
    pub(super) persons: u64,
    pub(super) cases: u64,
    /// Cases in which two of the persons share a cluster.
    pub(super) cases_linked: Rate,
    /// Pairs of records of one person that share a cluster.
    pub(super) own_recall: Rate,
}

#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Rate {
    pub(super) count: u64,
    pub(super) total: u64,
    pub(super) rate: Option<f64>,
    /// Wilson, 95 %.
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
}

#[derive(Debug, Serialize)]
pub(super) struct Tasks {
    pub(super) tasks: u64,
    pub(super) persons: PerTenThousand,
}

/// Words what was measured.
pub(crate) fn document(truth: &Truth<'_>, measured: &Measured<'_>) -> Document {
    Document {
        format: "nayose evaluation 1",
        records: truth.persons.len() as u64,
        persons: truth.person_count(),
        true_pairs: truth.pairs(),
        cross_source_only: truth.sources.is_some(),
        rows_ignored: measured.ignored,
        clusters: measured.clusters.as_ref().map(|(quality, kinds, strata)| Clusters {
            pairwise: quality.pairwise.into(),
            bcubed: Bcubed {
                precision: quality.bcubed.precision,
                recall: quality.bcubed.recall,
                f1: quality.bcubed.f1(),
            },
            clusters: quality.clusters,
            largest: quality.largest,
            singletons: quality.singletons,
            persons_sharing: quality.persons_sharing.into(),
            by_error_kind: by_kind(kinds.as_ref(), measured.kind_names),
            strata: strata.iter().map(|stratum| Stratum::of(stratum, measured.stratum_names)).collect(),
        }),
        pairs: measured.pairs.as_ref().map(|(pairs, threshold, kinds)| Pairs {
            scored: pairs.len() as u64,
            threshold: threshold.map(widen),
            at_threshold: pairs.at(threshold.unwrap_or(f32::MIN)).into(),
            best_f1: pairs.best_f1().map(Point::from),
            average_precision: pairs.average_precision(),
            curve: pairs.curve().into_iter().map(Point::from).collect(),
            by_error_kind: by_kind(kinds.as_ref(), measured.kind_names),
        }),
        tasks: measured.tasks.map(|tasks| Tasks { tasks: tasks.tasks, persons: tasks.persons.into() }),
    }
}

fn by_kind(quality: Option<&KindQuality>, names: &[String]) -> Vec<Kind> {
    let Some(quality) = quality else { return Vec::new() };
    let entry = |kind: &str, recall: &KindRecall| Kind {
        kind: kind.to_owned(),
        true_pairs: recall.true_pairs,
        found: recall.found,
        missed: recall.missed(),
        recall: recall.share().rate(),
    };
    let mut kinds: Vec<Kind> = names.iter().zip(&quality.kinds).map(|(name, recall)| entry(name, recall)).collect();
    kinds.sort_by(|left, right| right.missed.cmp(&left.missed).then_with(|| left.kind.cmp(&right.kind)));
    kinds.push(entry("none", &quality.clean));
    kinds
}

impl Stratum {
    fn of(quality: &StratumQuality, names: &[String]) -> Self {
        let name = names.get(quality.stratum as usize).cloned().unwrap_or_default();
        Self {
            stratum: name,
            persons: quality.persons,
            cases: quality.linked.total,
            cases_linked: quality.linked.into(),
            own_recall: quality.own_recall.into(),
        }
    }
}

impl From<Counts> for Ratios {
    fn from(counts: Counts) -> Self {
        Self {
            true_positives: counts.true_positives,
            false_positives: counts.false_positives,
            false_negatives: counts.false_negatives,
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
        }
    }
}

impl From<CurvePoint> for Point {
    fn from(point: CurvePoint) -> Self {
        Self { threshold: widen(point.threshold), counts: point.counts.into() }
    }
}

/// Weights are written with four decimals; as 64-bit numbers they would show digits that nobody gave.
fn widen(weight: f32) -> f64 {
    (f64::from(weight) * 10_000.0).round() / 10_000.0
}

impl From<Share> for PerTenThousand {
    fn from(share: Share) -> Self {
        Self { count: share.count, total: share.total, per_10_000: share.rate().unwrap_or(0.0) * 10_000.0 }
    }
}

impl From<Share> for Rate {
    fn from(share: Share) -> Self {
        let interval = share.interval();
        Self {
            count: share.count,
            total: share.total,
            rate: share.rate(),
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
        }
    }
}
