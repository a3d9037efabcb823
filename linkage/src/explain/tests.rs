//! Explanations: the bars add up to what scoring gives, whatever the records; one explanation is looked at whole.

use super::*;
use crate::block::BlockIndex;
use crate::compare::Readings;
use crate::exec::Serial;
use crate::model::Profiles;
use crate::normalize::Tables;
use crate::rules::RuleSet;
use crate::score::{LevelCache, Scorer};
use crate::table::{Table, TableBuilder};
use proptest::prelude::*;

/// Two relations, a guard, frequencies, a null level in every comparison, and a block that is too large.
const RULES: &str = r#"name = "family"
[match]
prior = 0.01
upper = 5.0
lower = 0.0
[fields]
family = { column = "family", kind = "kana_name" }
given = { column = "given", kind = "kana_name" }
birth_date = { column = "dob", kind = "date" }
phone = { column = "phone", kind = "phone" }
[[relation]]
name = "household"
rate = 0.0001
[[relation]]
name = "twins"
rate = 0.0000001
[[comparison]]
name = "given name"
levels = [
  { name = "missing", when = "null(given)", null = true },
  { name = "equal", when = "exact(given)", m = 0.9, u = 0.01, frequency = "given" },
  { name = "near", when = "kana_distance(given) <= 1", m = 0.07, u = 0.04, frequency = "given", frequency_weight = 0.5 },
  { name = "different", m = 0.2, u = 0.95 },
]
[[comparison]]
name = "family name"
levels = [
  { name = "missing", when = "null(family)", null = true },
  { name = "equal", when = "exact(family)", m = 0.9, u = 0.02, household = 0.8, twins = 0.95, frequency = "family" },
  { name = "different", m = 0.1, u = 0.98, household = 0.2, twins = 0.05 },
]
[[comparison]]
name = "birth date"
levels = [
  { name = "missing", when = "null(birth_date)", null = true },
  { name = "equal", when = "exact(birth_date)", m = 0.95, u = 0.001, twins = 0.98 },
  { name = "one slip", when = "date_digits(birth_date) <= 1", m = 0.04, u = 0.02, twins = 0.01 },
  { name = "different", m = 0.01, u = 0.979, twins = 0.01 },
]
[[comparison]]
name = "telephone"
levels = [
  { name = "missing", when = "null(phone)", null = true },
  { name = "equal", when = "exact(phone)", m = 0.7, u = 0.0005, household = 0.6, twins = 0.7 },
  { name = "different", m = 0.3, u = 0.9995, household = 0.4, twins = 0.3 },
]
[[guard]]
name = "twins"
reason = "same birth date, another given name"
when = "exact(birth_date) and not null(given) and not kana_distance(given) <= 1"
cap = "possible match"
[[block]]
key = ["family", "birth_date"]
[[block]]
key = ["given", "year(birth_date)", "phone"]
[[block]]
key = ["one_deleted(given)"]
records_max = 2
"#;

/// Invented records: family, given, birth date, telephone.
type Record = [&'static str; 4];

const RECORDS: &[Record] = &[
    ["イシトビ", "ヒナ", "2015-05-05", "0852123456"],
    ["イシトビ", "ユイ", "2015-05-05", "0852123456"],
    ["イシトビ", "ヒナ", "2015-05-06", ""],
    ["モリヤマ", "ヒナ", "1950-01-01", "0853000000"],
    ["", "ヒナコ", "", "0852123456"],
];

/// Calls `work` with an explainer and a scorer over some records, in their order.
fn with_explainer<T>(records: &[Vec<&str>], work: impl Fn(&Explainer<'_>, &Scorer<'_>, &[RecordIndex]) -> T) -> T {
    let rules = RuleSet::parse(RULES).unwrap();
    let (table, order) = table(&rules, records);
    let frequencies = Frequencies::count(&rules, &table);
    let profiles = Profiles::build(&rules, &table, &frequencies, &Serial);
    let readings = Readings::empty();
    let comparer = Comparer::new(&rules, &table, &profiles, &readings);
    let weights = Weights::of(&rules).unwrap();
    let scorer = Scorer::new(&comparer, &weights, &frequencies);
    let blocks = BlockIndex::build(&rules.blocks, &table, false, &Serial);
    let explainer = Explainer {
        comparer: &comparer,
        weights: &weights,
        frequencies: &frequencies,
        blocks: &blocks,
        upper: rules.upper,
        lower: rules.lower,
    };
    work(&explainer, &scorer, &order)
}

/// The table, and the number of each record in it.
fn table(rules: &RuleSet, records: &[Vec<&str>]) -> (Table, Vec<RecordIndex>) {
    let mut builder = TableBuilder::new(rules);
    let columns = builder.columns().to_vec();
    for (number, record) in records.iter().enumerate() {
        let text = |column: &String| {
            let position = ["family", "given", "dob", "phone"].iter().position(|known| known == column).unwrap();
            record[position]
        };
        let texts: Vec<&str> = columns.iter().map(text).collect();
        builder.push(&format!("r{number}"), 0, &texts).unwrap();
    }
    let (table, _) = builder.finish(rules, &Tables::empty(), true, &Serial);
    let order = (0..records.len()).map(|number| table.find(&format!("r{number}")).unwrap()).collect();
    (table, order)
}

fn explained(left: usize, right: usize) -> Explanation {
    let records: Vec<Vec<&str>> = RECORDS.iter().map(|record| record.to_vec()).collect();
    with_explainer(&records, |explainer, _, order| explainer.explain(order[left], order[right]))
}

#[test]
fn one_explanation_whole() {
    insta::assert_debug_snapshot!(explained(0, 1));
}

#[test]
fn twins_are_capped_and_the_guard_is_the_single_change() {
    let twins = explained(0, 1);
    assert_eq!(twins.decision_by_weight, Decision::Match, "{}", twins.weight.0);
    assert_eq!(twins.decision, Decision::PossibleMatch);
    assert!(twins.guards[0].is_capping);
    let bar = |name: &str| twins.relations.iter().find(|bar| bar.name == name).unwrap().weight;
    assert!(bar("twins") < -0.5 && bar("household") < -0.5, "{:?}", twins.relations);
    assert_eq!(twins.flips[0].change, Change::Guard { guard: "twins".to_owned() });
    // The guard reads birth date and given name; only their changes let it fall, so no other comparison flips.
    for flip in &twins.flips[1..] {
        let Change::Level { comparison, .. } = &flip.change else { panic!("{flip:?}") };
        assert!(["given name", "birth date"].contains(&comparison.as_str()), "{flip:?}");
    }
}

#[test]
fn the_closest_blocking_rule_is_named() {
    let apart = explained(0, 2);
    assert!(!apart.reach.is_candidate && apart.reach.is_comparable);
    let agreements = |rule: usize| -> Vec<KeyAgreement> {
        apart.reach.rules[rule].parts.iter().map(|part| part.agreement).collect()
    };
    assert_eq!(agreements(0), [KeyAgreement::Agree, KeyAgreement::Differ]);
    assert_eq!(agreements(1), [KeyAgreement::Agree, KeyAgreement::Agree, KeyAgreement::Missing]);
    assert_eq!(agreements(2), [KeyAgreement::Agree]);
    assert!(apart.reach.rules[2].is_skipped, "four given names share a deletion key, and two are allowed");
    assert_eq!(apart.reach.closest, Some(2));
    let together = explained(0, 1);
    assert!(together.reach.rules[0].is_shared && together.reach.is_candidate);
    assert_eq!(together.reach.closest, None);
}

#[test]
fn a_missing_value_weighs_exactly_0() {
    let pair = explained(0, 4);
    let missing: Vec<&ComparisonBar> = pair.comparisons.iter().filter(|bar| bar.is_null).collect();
    assert_eq!(missing.len(), 2);
    for bar in missing {
        assert_eq!(bar.weight().to_bits(), 0.0_f64.to_bits(), "{bar:?}");
    }
}

/// Records whose values repeat, so that they agree often.
fn records() -> impl Strategy<Value = Vec<Vec<&'static str>>> {
    let record = (
        prop::sample::select(vec!["", "イシトビ", "モリヤマ", "アダチ"]),
        prop::sample::select(vec!["", "ヒナ", "ヒナコ", "ユイ", "カズヤ"]),
        prop::sample::select(vec!["", "2015-05-05", "2015-05-06", "1950-01-01"]),
        prop::sample::select(vec!["", "0852123456", "0853000000"]),
    );
    prop::collection::vec(record.prop_map(|(a, b, c, d)| vec![a, b, c, d]), 2..12)
}

proptest! {
    /// The waterfall is exact: prior and bars add up to its weight, and that is what scoring gives.
    #[test]
    fn the_bars_add_up_to_the_score(records in records()) {
        with_explainer(&records, |explainer, scorer, order| {
            let mut cache = LevelCache::new(4);
            for (position, left) in order.iter().enumerate() {
                for right in &order[position + 1..] {
                    let found = explainer.explain(*left, *right);
                    let bars = found.comparisons.iter().map(ComparisonBar::weight);
                    let bars = bars.chain(found.relations.iter().map(|bar| bar.weight));
                    let sum = bars.fold(found.prior, |sum, bar| sum + bar);
                    prop_assert_eq!(sum.to_bits(), found.weight.0.to_bits());
                    let scored = scorer.score_records(*left, *right, &mut cache);
                    prop_assert!((scored.weight.0 - sum).abs() < 1e-6, "{} against {}", scored.weight.0, sum);
                    for (comparison, bar) in found.comparisons.iter().enumerate() {
                        prop_assert_eq!(bar.level, scored.pattern.level(comparison));
                    }
                    prop_assert_eq!(found.reach.is_candidate, explainer.blocks.is_candidate(*left, *right));
                }
            }
            Ok(())
        })?;
    }

    /// An explanation does not depend on which record is called the left one.
    #[test]
    fn explaining_is_symmetric(records in records()) {
        with_explainer(&records, |explainer, _, order| {
            let (one, other) = (explainer.explain(order[0], order[1]), explainer.explain(order[1], order[0]));
            prop_assert_eq!(one.weight, other.weight);
            prop_assert_eq!(one.flips, other.flips);
            prop_assert_eq!(one.guards, other.guards);
            prop_assert_eq!(one.reach.closest, other.reach.closest);
            Ok(())
        })?;
    }

    /// A flip really flips, the smallest change comes first, and no comparison is named twice.
    #[test]
    fn flips_flip(records in records()) {
        with_explainer(&records, |explainer, _, order| {
            let found = explainer.explain(order[0], order[1]);
            let is_match = |decision| decision == Decision::Match;
            let mut last = 0.0;
            for flip in &found.flips {
                prop_assert_ne!(is_match(flip.decision), is_match(found.decision));
                let size = (flip.weight.0 - found.weight.0).abs();
                prop_assert!(size >= last);
                last = size;
            }
            for (comparison, rule) in explainer.comparer.rules.comparisons.iter().enumerate() {
                let named = found.flips.iter().filter(
                    |flip| matches!(&flip.change, Change::Level { comparison, .. } if *comparison == rule.name),
                );
                let named: Vec<_> = named.collect();
                prop_assert!(named.len() < 2);
                // Without guards in the way, a comparison is named exactly when one of its levels flips.
                if found.guards.is_empty() {
                    let flips = |level: usize| {
                        let weight = change::weight_with(explainer, &found, comparison, level);
                        (weight >= explainer.upper) != is_match(found.decision)
                    };
                    let some = (0..rule.levels.len()).filter(|level| *level != found.comparisons[comparison].level).any(flips);
                    prop_assert_eq!(some, named.len() == 1);
                }
            }
            Ok(())
        })?;
    }
}
