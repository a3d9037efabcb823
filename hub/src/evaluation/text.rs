//! An evaluation as people read it.

use std::fmt::Write as _;

use super::document::{Clusters, Document, Kind, Pairs, PerTenThousand, Rate, Ratios, Stratum};
use crate::text::{ratio, table, thousands};

/// Rows of the threshold curve that are printed; the document has all points.
const CURVE_ROWS_MAX: usize = 12;

/// The text of an evaluation.
pub(crate) fn text(document: &Document) -> String {
    let across = if document.cross_source_only { " across sources" } else { "" };
    let mut out = format!(
        "{} records, {} persons, {} true pairs{across}\n",
        thousands(document.records),
        thousands(document.persons),
        thousands(document.true_pairs)
    );
    if let Some(clusters) = &document.clusters {
        push_clusters(&mut out, clusters);
    }
    if let Some(pairs) = &document.pairs {
        push_pairs(&mut out, pairs);
    }
    if let Some(tasks) = &document.tasks {
        let _ = writeln!(out, "\nTasks (two clusters with a scored pair between them): {}", thousands(tasks.tasks));
        let _ = writeln!(out, "  persons with a task: {}", per_ten_thousand(&tasks.persons));
    }
    let ignored = document.rows_ignored;
    if ignored.clusters + ignored.pairs > 0 {
        let (clusters, pairs) = (thousands(ignored.clusters), thousands(ignored.pairs));
        let _ = writeln!(
            out,
            "\nRows left out, as the truth lacks their records: {clusters} of the clusters, {pairs} of the pairs"
        );
    }
    out
}

fn cells<const N: usize>(row: [&str; N]) -> Vec<String> {
    row.iter().map(ToString::to_string).collect()
}

fn push_clusters(out: &mut String, clusters: &Clusters) {
    let _ = writeln!(
        out,
        "\nClusters: {}, the largest of {} records, {} of one",
        thousands(clusters.clusters),
        thousands(clusters.largest),
        thousands(clusters.singletons)
    );
    let bcubed = &clusters.bcubed;
    out.push_str(&table(&[
        cells(["", "precision", "recall", "F1", "right", "wrong", "missed"]),
        counts_row("pairwise", &clusters.pairwise),
        vec!["B-cubed".to_owned(), ratio(bcubed.precision), ratio(bcubed.recall), ratio(bcubed.f1)],
    ]));
    let _ = writeln!(out, "  persons sharing a cluster with another: {}", per_ten_thousand(&clusters.persons_sharing));
    push_kinds(out, &clusters.by_error_kind);
    push_strata(out, &clusters.strata);
}

fn push_pairs(out: &mut String, pairs: &Pairs) {
    let _ = writeln!(out, "\nScored pairs: {}", thousands(pairs.scored));
    let mut rows = vec![cells(["", "precision", "recall", "F1", "right", "wrong", "missed"])];
    let title = pairs.threshold.map_or_else(|| "all pairs".to_owned(), |weight| format!("from {weight:.2}"));
    rows.push(counts_row(&title, &pairs.at_threshold));
    if let Some(best) = &pairs.best_f1 {
        rows.push(counts_row(&format!("best F1, from {:.2}", best.threshold), &best.counts));
    }
    out.push_str(&table(&rows));
    let _ = writeln!(out, "  average precision {}", ratio(pairs.average_precision));
    push_kinds(out, &pairs.by_error_kind);
    if pairs.curve.len() > 1 {
        out.push_str("\nThreshold curve\n");
        let mut rows = vec![cells(["weight", "precision", "recall", "F1", "right", "wrong", "missed"])];
        let last = pairs.curve.len() - 1;
        let shown = CURVE_ROWS_MAX.min(pairs.curve.len());
        for row in 0..shown {
            let point = pairs.curve.get(row * last / (shown - 1));
            rows.extend(point.map(|point| counts_row(&format!("{:.2}", point.threshold), &point.counts)));
        }
        out.push_str(&table(&rows));
    }
}

fn counts_row(title: &str, counts: &Ratios) -> Vec<String> {
    vec![
        title.to_owned(),
        ratio(counts.precision),
        ratio(counts.recall),
        ratio(counts.f1),
        thousands(counts.true_positives),
        thousands(counts.false_positives),
        thousands(counts.false_negatives),
    ]
}

fn push_kinds(out: &mut String, kinds: &[Kind]) {
    if kinds.is_empty() {
        return;
    }
    out.push_str("\nRecall by kind of error (a pair belongs to every kind that one of its records has)\n");
    let mut rows = vec![cells(["kind", "true pairs", "found", "missed", "recall"])];
    for kind in kinds {
        rows.push(vec![
            kind.kind.clone(),
            thousands(kind.true_pairs),
            thousands(kind.found),
            thousands(kind.missed),
            kind.recall.map_or_else(|| "–".to_owned(), ratio),
        ]);
    }
    out.push_str(&table(&rows));
}

fn push_strata(out: &mut String, strata: &[Stratum]) {
    if strata.is_empty() {
        return;
    }
    out.push_str("\nStrata (intervals: Wilson, 95 %)\n");
    let mut rows = vec![cells(["stratum", "cases", "linked", "interval", "own recall", "interval"])];
    for stratum in strata {
        rows.push(vec![
            stratum.stratum.clone(),
            thousands(stratum.cases),
            thousands(stratum.cases_linked.count),
            interval(&stratum.cases_linked),
            stratum.own_recall.rate.map_or_else(|| "–".to_owned(), ratio),
            interval(&stratum.own_recall),
        ]);
    }
    out.push_str(&table(&rows));
}

fn interval(rate: &Rate) -> String {
    match (rate.low, rate.high) {
        (Some(low), Some(high)) => format!("{low:.4}–{high:.4}"),
        _ => "–".to_owned(),
    }
}

fn per_ten_thousand(share: &PerTenThousand) -> String {
    format!("{} of {} ({:.1} in 10,000)", thousands(share.count), thousands(share.total), share.per_10_000)
}
