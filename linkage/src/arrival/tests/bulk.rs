//! One record at a time and all at once come to the same.

use super::population::{Draw, Record, normalized, population, readings, rules, table, tables};
use super::*;
use crate::cluster::Apart;
use crate::model::Decision;

/// Checks every pair of `pairs` against the scorer and every candidate pair against the result of a run.
fn check(records: &[Record], random_pairs: usize) {
    let (rules, tables, readings) = (rules(), tables(), readings());
    let (table, numbers) = table(&rules, &tables, records);
    let frequencies = Frequencies::count(&rules, &table);
    let frozen = FrozenFrequencies::freeze(&rules, &table);
    let profiles = Profiles::build(&rules, &table, &frequencies, &Serial);
    let comparer = Comparer::new(&rules, &table, &profiles, &readings);
    let weights = Weights::of(&rules).unwrap();
    let scorer = Scorer::new(&comparer, &weights, &frequencies);
    let blocks = BlockIndex::build(&rules.blocks, &table, false, &Serial);
    let request = Request { threshold: rules.upper, weight_min: f64::NEG_INFINITY, across_sources: false };
    let run = Run { scorer: &scorer, blocks: &blocks, request };
    let model = FrozenModel::new(rules.clone(), frozen, tables.clone(), readings.clone()).unwrap();
    let mut arrived = vec![Normalized::default(); records.len()];
    for (record, number) in normalized(&rules, &tables, records).into_iter().zip(&numbers) {
        arrived[*number as usize] = record;
    }
    let verdicts = |one: RecordIndex, others: &[RecordIndex]| {
        let others: Vec<&Normalized> = others.iter().map(|other| &arrived[*other as usize]).collect();
        model.compare(&arrived[one as usize], &others).unwrap()
    };

    let linked = run.link(&Serial, &|_, _| {});
    assert!(linked.pairs.len() > records.len(), "blocks bring something together");
    for pairs in linked.pairs.chunk_by(|a, b| a.left == b.left) {
        let others: Vec<RecordIndex> = pairs.iter().map(|pair| pair.right).collect();
        for (pair, verdict) in pairs.iter().zip(verdicts(pairs[0].left, &others)) {
            assert_eq!(verdict.weight.0.to_bits(), f64::from(pair.weight).to_bits(), "{pair:?}");
            assert_eq!(verdict.guard, usize::from(pair.guard).checked_sub(1), "{pair:?}");
            assert_eq!(verdict.decision, run.decision(pair), "{pair:?}");
        }
    }
    for decision in [Decision::Match, Decision::PossibleMatch, Decision::NonMatch] {
        assert!(linked.pairs.iter().any(|pair| run.decision(pair) == decision), "{decision:?} is among them");
    }
    assert!(linked.pairs.iter().any(|pair| pair.guard > 0));

    let mut cache = LevelCache::new(rules.comparisons.len());
    let mut draw = Draw(5);
    let mut check = |left: RecordIndex, right: RecordIndex| {
        let verdict = verdicts(left, &[right])[0];
        let scored = scorer.score_records(left, right, &mut cache);
        assert_eq!(verdict.pattern, scored.pattern, "{left} {right}");
        assert_eq!(verdict.raw_weight.0.to_bits(), scored.weight.0.to_bits(), "{left} {right}");
        let holding = rules.guards.iter().filter(|guard| comparer.holds(&guard.when, left, right));
        let apart = holding.map(crate::rules::Guard::apart).max().unwrap_or(Apart::No);
        assert_eq!(verdict.apart, apart, "{left} {right}");
    };
    for _ in 0..random_pairs {
        let (left, right) = (draw.below(records.len()), draw.below(records.len()));
        check(u32::try_from(left).unwrap(), u32::try_from(right).unwrap());
    }
    linked.pairs.iter().take(random_pairs).for_each(|pair| check(pair.left, pair.right));
}

#[test]
fn verdicts_are_those_of_a_run() {
    check(&population(2_000, 11), 1_000);
}
