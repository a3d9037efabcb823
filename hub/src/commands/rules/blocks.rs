//! `nayose rules blocks`: what blocking would do, before anything is compared.

use std::fmt::Write as _;

use linkage::block::{Analysis, BlockIndex, RuleAnalysis};
use linkage::rules::{BlockRule, RuleSet};
use linkage::table::Table;
use serde::Serialize;

use super::{Blocks, print};
use crate::failure::{Exit, Failure};
use crate::linking::{self, Pool, Source, block_key};
use crate::progress::{Progress, Unit};
use crate::text::{table, thousands};

#[derive(Debug, Serialize)]
struct Document {
    rules: String,
    records: u64,
    rejected: u64,
    across_sources: bool,
    pairs_possible: u64,
    pairs: u64,
    /// Share of the possible pairs that is never compared.
    reduction_ratio: f64,
    blocks: Vec<Block>,
}

#[derive(Debug, Serialize)]
struct Block {
    name: String,
    /// Pairs that share a block of this rule; pairs of one source count too.
    pairs: u64,
    pairs_new: u64,
    pairs_cumulative: u64,
    reduction_ratio: f64,
    records: u64,
    largest: Vec<Largest>,
    /// Sizes of the blocks that were skipped.
    skipped: Vec<u32>,
    records_max: u32,
}

#[derive(Debug, Serialize)]
struct Largest {
    records: u32,
    /// The key as its first record has it.
    key: Vec<String>,
}

/// Runs the command.
pub(super) fn run(arguments: &Blocks) -> Result<Exit, Failure> {
    let rules = linking::read_rules(&arguments.rules)?;
    let records = &arguments.records;
    let source = Source {
        data: &records.data,
        id: &records.id,
        source: records.source.as_deref(),
        rejects: records.rejects.as_deref(),
        keep_raw: false,
    };
    let loaded = linking::load(&rules, &source, Pool::new(None))?;
    let progress = Progress::start("blocking", None, Unit::Count);
    let blocks = BlockIndex::build(&rules.blocks, &loaded.table, loaded.across_sources, &loaded.pool);
    let analysis = blocks.analyse(&loaded.table, &loaded.pool);
    progress.finish();
    let document = Document {
        rules: rules.name.clone(),
        records: loaded.table.len() as u64,
        rejected: loaded.rejected,
        across_sources: loaded.across_sources,
        pairs_possible: analysis.pairs_possible,
        pairs: analysis.pairs,
        reduction_ratio: reduction(analysis.pairs, analysis.pairs_possible),
        blocks: block_rows(&rules, &loaded.table, &analysis, arguments.largest),
    };
    print(&document, arguments.json, text)?;
    Ok(Exit::Ok)
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of counts below 2^52")]
fn reduction(pairs: u64, possible: u64) -> f64 {
    if possible == 0 { 0.0 } else { 1.0 - pairs as f64 / possible as f64 }
}

fn block_rows(rules: &RuleSet, records: &Table, analysis: &Analysis, largest: usize) -> Vec<Block> {
    let mut cumulative = 0;
    let row = |(rule, found): (&BlockRule, &RuleAnalysis)| {
        cumulative += found.pairs_new;
        let largest = found.largest.iter().take(largest);
        Block {
            name: found.name.clone(),
            pairs: found.pairs,
            pairs_new: found.pairs_new,
            pairs_cumulative: cumulative,
            reduction_ratio: reduction(cumulative, analysis.pairs_possible),
            records: found.records,
            largest: largest
                .map(|(size, first)| Largest { records: *size, key: block_key::parts_of(rules, records, rule, *first) })
                .collect(),
            skipped: found.skipped.clone(),
            records_max: rule.records_max,
        }
    };
    rules.blocks.iter().zip(&analysis.rules).map(row).collect()
}

fn text(document: &Document) -> String {
    let mut out = format!("{} records", thousands(document.records));
    if document.rejected > 0 {
        let _ = write!(out, ", {} rows refused", thousands(document.rejected));
    }
    let across = if document.across_sources { " across sources" } else { "" };
    let _ = writeln!(
        out,
        ", {} possible pairs{across}; {} are compared, {:.4} % are not",
        thousands(document.pairs_possible),
        thousands(document.pairs),
        document.reduction_ratio * 100.0
    );
    let heading = ["block", "pairs", "new", "together", "not compared", "records"];
    let mut rows = vec![heading.map(ToOwned::to_owned).to_vec()];
    for block in &document.blocks {
        rows.push(vec![
            block.name.clone(),
            thousands(block.pairs),
            thousands(block.pairs_new),
            thousands(block.pairs_cumulative),
            format!("{:.4} %", block.reduction_ratio * 100.0),
            thousands(block.records),
        ]);
    }
    out.push('\n');
    out.push_str(&table(&rows));
    out.push_str("\nLargest blocks\n");
    for block in document.blocks.iter().filter(|block| !block.largest.is_empty()) {
        let _ = writeln!(out, "  {}", block.name);
        for largest in &block.largest {
            let _ = writeln!(out, "    {:>9}  {}", thousands(u64::from(largest.records)), largest.key.join(" + "));
        }
    }
    for block in document.blocks.iter().filter(|block| !block.skipped.is_empty()) {
        let records: u64 = block.skipped.iter().map(|size| u64::from(*size)).sum();
        let _ = writeln!(
            out,
            "\nSKIPPED under {}: {} blocks of more than {} records, {} records in all, the largest of {}",
            block.name,
            thousands(block.skipped.len() as u64),
            thousands(u64::from(block.records_max)),
            thousands(records),
            thousands(u64::from(block.skipped.first().copied().unwrap_or(0)))
        );
    }
    out
}
