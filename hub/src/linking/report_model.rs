//! Brings what a run knows into the form that a report shows.
//!
//! Nothing is computed anew but the curve against the truth and the waterfalls of a few pairs; nothing is drawn here.

use std::path::PathBuf;

use linkage::evaluate::{ScoredPairs, Truth};
use linkage::rules::{Comparison, RuleSet};
use linkage::run::{HISTOGRAM_MIN, Linked, Run};

use super::{LinkSummary, Loaded, Ready, block_key, examples};
use crate::evaluation::load::KnownRecords;
use crate::failure::Failure;
use crate::report::{
    Bin, BlockModel, ComparisonModel, CurvePointModel, Figures, LargestBlock, LevelModel, ReportModel, RuleSetModel,
    TrainingStageModel,
};

/// Everything about a run that a report is made of.
pub(crate) struct Outcome<'a> {
    /// The files that were linked.
    pub(crate) data: &'a [PathBuf],
    pub(crate) ready: &'a Ready<'a>,
    pub(crate) loaded: &'a Loaded,
    pub(crate) run: &'a Run<'a>,
    pub(crate) linked: &'a Linked,
    pub(crate) summary: &'a LinkSummary,
    pub(crate) truth: Option<&'a KnownRecords>,
}

/// Largest blocks named per rule.
const LARGEST_SHOWN: usize = 3;

/// The report of a run.
pub(crate) fn report_model(outcome: &Outcome<'_>) -> Result<ReportModel, Failure> {
    let rules = outcome.ready.rules;
    let (histogram, lighter) = histogram(outcome);
    Ok(ReportModel {
        dataset: dataset(outcome.data),
        rules: RuleSetModel {
            name: rules.name.clone(),
            title: rules.title.clone(),
            version: outcome.summary.rules_digest.clone(),
            is_trained_here: outcome.ready.training.is_some(),
        },
        figures: figures(outcome),
        lower: rules.lower.min(outcome.run.request.threshold),
        upper: outcome.run.request.threshold,
        prior: rules.prior,
        comparisons: rules.comparisons.iter().map(comparison).collect(),
        histogram,
        lighter,
        curve: outcome.truth.map(|truth| curve(outcome, truth)).unwrap_or_default(),
        blocks: blocks(outcome, rules),
        waterfalls: examples::waterfalls(outcome)?,
        training: training(outcome),
    })
}

/// The names of the files, without their folders.
fn dataset(data: &[PathBuf]) -> String {
    let name = |path: &PathBuf| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    data.iter().map(name).collect::<Vec<_>>().join(" + ")
}

fn figures(outcome: &Outcome<'_>) -> Figures {
    let summary = outcome.summary;
    let members = linkage::cluster::members(&outcome.linked.clusters);
    Figures {
        records: summary.records,
        rejected: summary.rejected,
        pairs_compared: summary.pairs_compared,
        pairs_possible: summary.pairs_possible,
        matches: summary.matches,
        possible_matches: summary.possible_matches,
        clusters: summary.clusters,
        clusters_linked: members.iter().filter(|members| members.len() > 1).count() as u64,
        largest_cluster: members.iter().map(Vec::len).max().unwrap_or(0) as u64,
    }
}

fn comparison(comparison: &Comparison) -> ComparisonModel {
    let levels = comparison.levels.iter().map(|level| LevelModel {
        name: level.name.clone(),
        m: level.m,
        u: level.u,
        weight: level.m.zip(level.u).filter(|_| !level.is_null).map_or(0.0, |(m, u)| (m / u).log2()),
        is_null: level.is_null,
    });
    ComparisonModel { name: comparison.name.clone(), levels: levels.collect() }
}

/// The bins from the reported weight up, and the pairs below. A pair below may have been given up before its weight
/// was known, so where it would stand in the drawing is not known either.
fn histogram(outcome: &Outcome<'_>) -> (Vec<Bin>, u64) {
    let counts = &outcome.linked.histogram;
    let lowest = outcome.run.request.weight_min.floor();
    let bins = (HISTOGRAM_MIN..).zip(counts).map(|(lo, count)| Bin {
        lo: f64::from(lo),
        hi: f64::from(lo) + 1.0,
        count: *count,
    });
    // The first bin holds whatever is lighter, too.
    let (shown, light): (Vec<Bin>, Vec<Bin>) =
        bins.partition(|bin| bin.lo >= lowest && bin.lo > f64::from(HISTOGRAM_MIN));
    let last = shown.iter().rposition(|bin| bin.count > 0).map_or(0, |last| last + 1);
    (shown.into_iter().take(last).collect(), light.iter().map(|bin| bin.count).sum())
}

fn curve(outcome: &Outcome<'_>, truth: &KnownRecords) -> Vec<CurvePointModel> {
    let table = &outcome.loaded.table;
    let sources = outcome.loaded.across_sources.then(|| {
        let mut sources = vec![u32::MAX; truth.persons.len()];
        for record in (0_u32..).take(table.len()) {
            if let Some(slot) = truth.record(table.id(record)).and_then(|known| sources.get_mut(known as usize)) {
                *slot = u32::from(table.source(record));
            }
        }
        sources
    });
    let known = Truth { persons: &truth.persons, sources: sources.as_deref() };
    let number = |record| truth.record(table.id(record));
    let pairs = outcome.linked.pairs.iter();
    let pairs: Vec<_> = pairs.filter_map(|pair| Some((number(pair.left)?, number(pair.right)?, pair.weight))).collect();
    let curve = ScoredPairs::new(&known, &pairs).curve();
    curve
        .iter()
        .map(|point| CurvePointModel {
            threshold: f64::from(point.threshold),
            precision: point.counts.precision(),
            recall: point.counts.recall(),
            f1: point.counts.f1(),
        })
        .collect()
}

fn blocks(outcome: &Outcome<'_>, rules: &RuleSet) -> Vec<BlockModel> {
    let index = outcome.run.blocks;
    let new = |position: usize| outcome.linked.candidates.get(position).copied().unwrap_or(0);
    let block = |(position, (rule, found)): (usize, (_, &linkage::block::RuleBlocks))| BlockModel {
        rule: found.name.clone(),
        pairs: found.pair_count(),
        new_pairs: new(position),
        largest: found
            .largest(LARGEST_SHOWN)
            .into_iter()
            .map(|(size, first)| LargestBlock {
                key: block_key::parts_of(rules, &outcome.loaded.table, rule, first).join(" + "),
                size: u64::from(size),
            })
            .collect(),
        skipped: found.skipped.len() as u64,
    };
    let mut blocks: Vec<BlockModel> = rules.blocks.iter().zip(&index.rules).enumerate().map(block).collect();
    let second_hop = outcome.summary.second_hop_pairs;
    if second_hop > 0 {
        let rule = "second hop: brought together by other pairs".to_owned();
        blocks.push(BlockModel { rule, pairs: second_hop, new_pairs: second_hop, ..BlockModel::default() });
    }
    blocks
}

fn training(outcome: &Outcome<'_>) -> Vec<TrainingStageModel> {
    let stages = outcome.ready.training.map_or(&[][..], |report| &report.stages);
    stages
        .iter()
        .map(|stage| TrainingStageModel {
            name: stage.name.clone(),
            pairs: stage.pairs,
            matches: stage.matches,
            changes: stage.iterations.iter().map(|iteration| iteration.change).collect(),
            is_converged: stage.is_converged,
        })
        .collect()
}
