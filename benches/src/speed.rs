//! `bench-linkage speed`: Nayose and the peer on the same file, with the same blocking, in turn.
//!
//! The runs alternate (ours, peer, ours, peer), so that whatever else the machine does meets both. What counts is the
//! ratio of each round: seconds differ between machines. Quality is read after the last run, from the same runs.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::ValueEnum;
use linkage::rules::RuleSet;
use serde::{Deserialize, Serialize};

use crate::machine::repository;
use crate::nayose::{Block, Link, Nayose, Summary};
use crate::peer::{Peer, PeerFiles, PeerRun};
use crate::process::{Cost, Figure};
use crate::quality::{Answer, Known, Quality};
use crate::scratch::Scratch;

/// Records per person that `synth` makes in its base profile.
const RECORDS_PER_PERSON: f64 = 1.668;
/// Fewer records than this say nothing about the bars: starting up weighs too much.
const RECORDS_JUDGED_MIN: u64 = 900_000;
/// From here on the bar for five million records holds.
const RECORDS_LARGE_MIN: u64 = 4_000_000;
/// Peak memory may be at most this share of the peer's.
const MEMORY_SHARE_MAX: f64 = 1.0 / 3.0;
/// Memory for ten million records in one go.
const MEMORY_MAX: u64 = 8 << 30;
/// Pairwise F1 at the best threshold that is asked at a million records.
const F1_MIN: f64 = 0.987;

/// Which blocking: the two rule files differ in nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Blocking {
    /// Every rule has an attribute of the person.
    Narrow,
    /// Whatever a household shares brings two records together.
    Wide,
}

impl Blocking {
    /// The rule file.
    pub(crate) fn rules(self) -> PathBuf {
        let name = match self {
            Self::Narrow => "jp_10k",
            Self::Wide => "jp_10k_wide",
        };
        repository().join(format!("matching-rules/public/{name}.toml"))
    }

    /// How it is called in reports.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Narrow => "narrow",
            Self::Wide => "wide",
        }
    }
}

/// What to run.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) people: u64,
    pub(crate) seed: u64,
    pub(crate) blocking: Blocking,
    pub(crate) runs: usize,
}

/// What came out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Speed {
    pub(crate) people: u64,
    pub(crate) seed: u64,
    pub(crate) blocking: Blocking,
    pub(crate) threads: u16,
    pub(crate) summary: Summary,
    pub(crate) ours: Vec<Cost>,
    pub(crate) our_quality: Quality,
    /// Empty when the peer was skipped.
    pub(crate) peer: Vec<PeerRun>,
    pub(crate) peer_quality: Option<Quality>,
    /// What was asked and not reached; empty when all was, or when there are too few records to judge.
    pub(crate) missed: Vec<String>,
}

/// Peer divided by ours: the middle one of the rounds, the least, the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Ratio {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

/// People whose records are about that many.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "about")]
pub(crate) fn people_for(records: u64) -> u64 {
    (records as f64 / RECORDS_PER_PERSON).round() as u64
}

/// Makes the records, runs both in turn, and reads the quality.
pub(crate) fn run(plan: &Plan, nayose: &Nayose, peer: Option<&Peer>, scratch: &Scratch) -> anyhow::Result<Speed> {
    let file = |name: &str| scratch.path(name);
    eprintln!("making {} people …", plan.people);
    nayose.synth(plan.people, plan.seed, &scratch.path("."))?;
    let (records, rules) = (file("records.csv"), plan.blocking.rules());
    let (clusters, pairs) = (file("clusters.csv"), file("pairs.csv"));
    let (peer_clusters, peer_pairs) = (file("peer-clusters.csv"), file("peer-pairs.csv"));
    let rule_set = read_rules(&rules)?;
    let (mut ours, mut theirs, mut summary) = (Vec::new(), Vec::new(), Summary::default());
    for round in 1..=plan.runs {
        let link = Link {
            rules: &rules,
            records: &records,
            source: None,
            weight_min: None,
            clusters: &clusters,
            pairs: &pairs,
        };
        let (cost, said) = nayose.link(&link)?;
        eprintln!("round {round}: nayose {:.1} CPU s, {:.1} s", cost.cpu_seconds, cost.wall_seconds);
        ours.push(cost);
        summary = said;
        let Some(peer) = peer else { continue };
        // Pairs and outputs are the same in every run: they are asked for once.
        let outputs = (round == 1).then_some((peer_clusters.as_path(), peer_pairs.as_path()));
        let run = peer.link(&rule_set, &PeerFiles { records: &records, outputs }, scratch)?;
        eprintln!("round {round}: peer {:.1} CPU s, {:.1} s", run.cost.cpu_seconds, run.cost.wall_seconds);
        theirs.push(run);
    }
    // Only now: the memory that this needs would be counted as that of a child spawned later.
    eprintln!("reading the quality …");
    let known = Known::read(&file("truth.csv"))?;
    let answer = |clusters, pairs, threshold| known.measure(&Answer { clusters, pairs, threshold });
    let our_quality = answer(&clusters, &pairs, summary.threshold)?;
    let peer_quality = peer.map(|_| answer(&peer_clusters, &peer_pairs, 0.0)).transpose()?;
    let (people, seed, blocking) = (plan.people, plan.seed, plan.blocking);
    let threads = nayose.threads;
    let missed = Vec::new();
    let mut speed =
        Speed { people, seed, blocking, threads, summary, ours, our_quality, peer: theirs, peer_quality, missed };
    speed.missed = speed.judge();
    Ok(speed)
}

fn read_rules(path: &Path) -> anyhow::Result<RuleSet> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    RuleSet::parse(&text).with_context(|| format!("bad rule set `{}`", path.display()))
}

impl Speed {
    /// How many times more the peer spent; `None` without the peer.
    pub(crate) fn ratio(&self, spent: impl Fn(&Cost) -> f64) -> Option<Ratio> {
        let rounds = self.peer.iter().zip(&self.ours).map(|(peer, ours)| spent(&peer.cost) / spent(ours));
        let mut ratios: Vec<f64> = rounds.collect();
        ratios.sort_by(f64::total_cmp);
        Some(Ratio { median: median(&ratios)?, min: *ratios.first()?, max: *ratios.last()? })
    }

    /// The ratio of CPU and wall seconds that is asked; `None` when there are too few records to judge.
    pub(crate) fn ratio_asked(&self) -> Option<f64> {
        match self.summary.records {
            ..RECORDS_JUDGED_MIN => None,
            RECORDS_LARGE_MIN.. => Some(12.0),
            _ if self.blocking == Blocking::Wide => Some(15.0),
            _ => Some(10.0),
        }
    }

    /// Pairs of the peer, when they were counted.
    pub(crate) fn peer_blocks(&self) -> &[Block] {
        self.peer.first().map_or(&[], |run| run.blocks.as_slice())
    }

    fn judge(&self) -> Vec<String> {
        let Some(asked) = self.ratio_asked() else { return Vec::new() };
        let mut missed = Vec::new();
        let spent: [(&str, Figure, f64); 3] = [
            ("CPU seconds", |cost| cost.cpu_seconds, asked),
            ("wall seconds", |cost| cost.wall_seconds, asked),
            ("peak memory", peak_gib, 1.0 / MEMORY_SHARE_MAX),
        ];
        for (name, spent, asked) in spent {
            if self.ratio(spent).is_some_and(|ratio| ratio.median < asked) {
                missed.push(format!("{name}: at least {asked:.0} times less than the peer"));
            }
        }
        if self.ours.iter().any(|cost| cost.peak_bytes > MEMORY_MAX) {
            missed.push("peak memory under 8 GiB".to_owned());
        }
        if self.our_quality.best.f1 < F1_MIN {
            missed.push(format!("F1 of scored pairs at least {F1_MIN}"));
        }
        missed
    }
}

/// Peak memory in GiB.
#[expect(clippy::cast_precision_loss, reason = "shown with two decimals")]
pub(crate) fn peak_gib(cost: &Cost) -> f64 {
    cost.peak_bytes as f64 / f64::from(1 << 30)
}

/// The middle of sorted numbers; of an even count, the mean of the two in the middle.
pub(crate) fn median(sorted: &[f64]) -> Option<f64> {
    let upper = sorted.get(sorted.len() / 2)?;
    let lower = sorted.get(sorted.len().checked_sub(1)? / 2)?;
    Some(f64::midpoint(*lower, *upper))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::quality::Point;

    pub(crate) fn example(records: u64, ours: &[f64], peer: &[f64]) -> Speed {
        let cost = |seconds: &f64| Cost { cpu_seconds: *seconds, wall_seconds: *seconds, peak_bytes: 1 << 30 };
        let run = |seconds: &f64| PeerRun {
            cost: Cost { peak_bytes: 4 << 30, ..cost(seconds) },
            blocks: vec![Block { name: "phone".to_owned(), pairs: 40, blocks_skipped: 0 }],
            ..PeerRun::default()
        };
        let block = Block { name: "phone".to_owned(), pairs: 50, blocks_skipped: 1 };
        let best = Point { f1: 0.99, ..Point::default() };
        Speed {
            people: 10,
            seed: 1,
            blocking: Blocking::Narrow,
            threads: 2,
            summary: Summary { records, blocks: vec![block], second_hop_pairs: 3, pairs_compared: 53, threshold: 0.0 },
            ours: ours.iter().map(cost).collect(),
            our_quality: Quality { best, ..Quality::default() },
            peer: peer.iter().map(run).collect(),
            peer_quality: None,
            missed: Vec::new(),
        }
    }

    #[test]
    fn rule_files_differ_only_in_blocking() {
        let narrow = read_rules(&Blocking::Narrow.rules()).unwrap();
        let wide = read_rules(&Blocking::Wide.rules()).unwrap();
        assert_ne!(narrow.blocks, wide.blocks);
        let (name, title, blocks) = (narrow.name.clone(), narrow.title.clone(), narrow.blocks.clone());
        assert_eq!(narrow, RuleSet { name, title, blocks, ..wide });
    }

    #[test]
    fn takes_the_ratio_round_by_round() {
        let speed = example(1_000_000, &[1.0, 2.0, 1.0], &[10.0, 30.0, 8.0]);
        let ratio = speed.ratio(|cost| cost.cpu_seconds).unwrap();
        assert_eq!(ratio, Ratio { median: 10.0, min: 8.0, max: 15.0 });
        assert_eq!(example(1, &[1.0], &[]).ratio(|cost| cost.cpu_seconds), None);
    }

    #[test]
    fn judges_only_large_files() {
        assert_eq!(example(1000, &[1.0], &[2.0]).judge(), Vec::<String>::new());
        assert_eq!(example(1_000_000, &[1.0], &[10.0]).judge(), Vec::<String>::new());
        assert_eq!(example(1_000_000, &[1.0], &[9.9]).judge().len(), 2);
        assert_eq!(example(5_000_000, &[1.0], &[11.9]).judge().len(), 2);
        let mut large = example(1_000_000, &[1.0], &[20.0]);
        large.ours[0].peak_bytes = 9 << 30;
        large.our_quality.best.f1 = 0.9;
        assert_eq!(large.judge().len(), 3);
    }

    #[test]
    fn finds_the_middle() {
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[1.0, 2.0, 7.0]), Some(2.0));
        assert_eq!(median(&[1.0, 2.0]), Some(1.5));
    }
}
