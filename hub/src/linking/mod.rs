//! Runs the linkage library on files: reads records, holds the tables, supplies threads, writes results.
//!
//! Everything statistical is in `linkage`; this module only brings the pieces together for the commands.

pub(crate) mod block_key;
mod examples;
mod load;
mod pool;
mod report_model;
mod rounds;
mod stopwatch;
mod summary;
mod tables;

pub(crate) use load::{Loaded, Source, load};
pub(crate) use pool::Pool;
pub(crate) use report_model::{Outcome, report_model};
pub(crate) use stopwatch::Stopwatch;
pub(crate) use summary::{BlockSummary, LinkSummary, TrainingSummary};
pub(crate) use tables::Lookup;

use std::path::Path;

use linkage::model::{Frequencies, Profiles, Weights};
use linkage::rules::RuleSet;
use linkage::score::{Comparer, Scorer};
use linkage::train::{self, Settings, TrainingReport};

use crate::failure::Failure;
use crate::progress::{Progress, Unit};

/// Reads and checks a rule set.
pub(crate) fn read_rules(path: &Path) -> Result<RuleSet, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::bad_input(anyhow::Error::new(error).context(format!("cannot read `{}`", path.display())))
    })?;
    RuleSet::parse(&text)
        .map_err(|error| Failure::bad_input(anyhow::anyhow!("{}:{}: {}", path.display(), error.line, error.reason)))
}

/// How a command wants its weights.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weighing {
    /// Learn the weights from the records.
    pub(crate) train: bool,
    /// Seed of the samples.
    pub(crate) seed: u64,
}

/// A scorer over loaded records, with the rule set that it scores by.
pub(crate) struct Ready<'a> {
    pub(crate) scorer: &'a Scorer<'a>,
    pub(crate) rules: &'a RuleSet,
    pub(crate) frequencies: &'a Frequencies,
    pub(crate) training: Option<&'a TrainingReport>,
}

/// Prepares scoring, trains if asked, and hands the scorer to `work`.
pub(crate) fn with_scorer<T>(
    rules: &RuleSet,
    loaded: &Loaded,
    weighing: Weighing,
    work: impl FnOnce(&Ready<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let (table, executor) = (&loaded.table, &loaded.pool);
    let frequencies = Frequencies::count(rules, table);
    let profiles = Profiles::build(rules, table, &frequencies, executor);
    let comparer = Comparer::new(rules, table, &profiles, &loaded.lookup.readings);
    loaded.stopwatch.lap("encode");
    let mut training = None;
    if weighing.train {
        let progress = Progress::start("training", None, Unit::Count);
        let settings = Settings { across_sources: loaded.across_sources, seed: weighing.seed ^ train::SEED };
        let (mut trained, mut report) = train::train(&comparer, &frequencies, settings, executor);
        for _ in 0..rules.training.rounds {
            let (learned, round) = rounds::learn_from_clusters(&comparer, &frequencies, &trained, settings, loaded)?;
            trained = learned;
            report.rounds.push(round);
            report.prior = trained.prior.unwrap_or(report.prior);
        }
        training = Some((trained, report));
        progress.finish();
        loaded.stopwatch.lap("train");
    }
    let trained = training.as_ref().map_or(rules, |(trained, _)| trained);
    let weights = Weights::of(trained).map_err(|error| {
        Failure::bad_input(anyhow::anyhow!(
            "{error}: add --train, or write a trained rule set with `nayose rules train`"
        ))
    })?;
    let scorer = Scorer::new(&comparer, &weights, &frequencies);
    work(&Ready {
        scorer: &scorer,
        rules: trained,
        frequencies: &frequencies,
        training: training.as_ref().map(|(_, report)| report),
    })
}
