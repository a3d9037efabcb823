//! `bench-linkage nanoseconds`: what one more scored pair costs.
//!
//! The two rule files differ only in their blocking, so wide minus narrow, in CPU time and in pairs, is the price of
//! finding, comparing and weighing one pair more. Reading, interning and training are in both and fall out. With few
//! records the difference drowns in noise.

use serde::{Deserialize, Serialize};

use crate::nayose::{Link, Nayose};
use crate::scratch::Scratch;
use crate::speed::{Blocking, median};

/// Pairs that the two runs must differ by, so that the difference is far above the noise of a run.
const PAIRS_MIN: u64 = 1_000_000;

/// What came out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Nanoseconds {
    pub(crate) people: u64,
    pub(crate) records: u64,
    pub(crate) narrow_pairs: u64,
    pub(crate) wide_pairs: u64,
    /// Median CPU seconds of the runs.
    pub(crate) narrow_cpu_seconds: f64,
    pub(crate) wide_cpu_seconds: f64,
    /// CPU nanoseconds for one pair more.
    pub(crate) per_pair: f64,
}

/// Makes the records and links them both ways, `runs` times each, in turn.
pub(crate) fn run(people: u64, runs: usize, nayose: &Nayose, scratch: &Scratch) -> anyhow::Result<Nanoseconds> {
    eprintln!("making {people} people …");
    nayose.synth(people, 1, &scratch.path("."))?;
    let (records, clusters) = (scratch.path("records.csv"), scratch.path("clusters.csv"));
    let pairs = scratch.path("pairs.csv");
    let mut measured = [(Blocking::Narrow, Vec::new(), 0), (Blocking::Wide, Vec::new(), 0)];
    let mut records_count = 0;
    for round in 1..=runs {
        for (blocking, seconds, compared) in &mut measured {
            let rules = blocking.rules();
            let (cost, summary) = nayose.link(&Link {
                rules: &rules,
                records: &records,
                source: None,
                weight_min: None,
                clusters: &clusters,
                pairs: &pairs,
            })?;
            eprintln!("round {round}, {}: {:.2} CPU s", blocking.name(), cost.cpu_seconds);
            seconds.push(cost.cpu_seconds);
            *compared = summary.pairs_compared;
            records_count = summary.records;
        }
    }
    let [(_, mut narrow, narrow_pairs), (_, mut wide, wide_pairs)] = measured;
    narrow.sort_by(f64::total_cmp);
    wide.sort_by(f64::total_cmp);
    let (narrow, wide) = (median(&narrow).unwrap_or(0.0), median(&wide).unwrap_or(0.0));
    Ok(Nanoseconds {
        people,
        records: records_count,
        narrow_pairs,
        wide_pairs,
        narrow_cpu_seconds: narrow,
        wide_cpu_seconds: wide,
        per_pair: per_pair(wide - narrow, wide_pairs.saturating_sub(narrow_pairs))?,
    })
}

#[expect(clippy::cast_precision_loss, reason = "counts of pairs stay far below 2^53")]
fn per_pair(seconds: f64, pairs: u64) -> anyhow::Result<f64> {
    anyhow::ensure!(pairs >= PAIRS_MIN, "{pairs} pairs more are too few to tell: take at least 200,000 people");
    Ok(seconds * 1e9 / pairs as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divides_only_large_differences() {
        assert_eq!(per_pair(2.0, 10_000_000).unwrap(), 200.0);
        assert!(per_pair(2.0, 10).is_err());
    }
}
