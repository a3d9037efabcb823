//! Further rounds of training: the clusters of one run are the labels of the next.
//!
//! Clusters hold pairs that only other records bring together. They show how bad a record of the same person can be,
//! which pairs alone cannot, because a pair that agrees in little is never believed by itself. They also tell where the
//! weights of pairs near the threshold are too high or too low, and the prior is moved accordingly.

use linkage::block::BlockIndex;
use linkage::model::{Frequencies, Weights};
use linkage::rules::RuleSet;
use linkage::run::{Request, Run};
use linkage::score::{Comparer, Scorer};
use linkage::train::{self, Labels, RoundReport, Settings};

use super::Loaded;
use crate::failure::Failure;

/// Links with the weights so far, learns m and the prior again from the clusters, and calibrates the prior.
pub(super) fn learn_from_clusters(
    comparer: &Comparer<'_>,
    frequencies: &Frequencies,
    trained: &RuleSet,
    settings: Settings,
    loaded: &Loaded,
) -> Result<(RuleSet, RoundReport), Failure> {
    let blocks = BlockIndex::build(&trained.blocks, &loaded.table, settings.across_sources, &loaded.pool);
    let weights = Weights::of(trained).map_err(Failure::internal)?;
    let scorer = Scorer::new(comparer, &weights, frequencies);
    // What is learned does not depend on how careful the rule set links.
    let request = Request {
        threshold: train::EVEN_ODDS,
        weight_min: train::EVEN_ODDS - train::WEIGHT_MAX,
        across_sources: settings.across_sources,
    };
    let linked = Run { scorer: &scorer, blocks: &blocks, request }.link(&loaded.pool, &|_, _| ());
    let mut matches = Vec::new();
    for members in linkage::cluster::members(&linked.clusters) {
        for (position, left) in members.iter().enumerate() {
            let others = members.iter().skip(position + 1).filter(|right| blocks.is_comparable(*left, **right));
            matches.extend(others.map(|right| (*left, *right)));
        }
    }
    let labels = Labels { matches: &matches, matches_total: matches.len() as u64 };
    let mut learned = train::train_from_labels(comparer, frequencies, settings, &labels, &loaded.pool);
    let weights = Weights::of(&learned).map_err(Failure::internal)?;
    let scorer = Scorer::new(comparer, &weights, frequencies);
    let prior_shift = train::calibrate_prior(&mut learned, &scorer, &linked, &loaded.pool);
    Ok((learned, RoundReport { matches: labels.matches_total, prior_shift }))
}
