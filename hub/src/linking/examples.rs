//! Chooses the pairs that a report shows as waterfalls.
//!
//! A reader learns most from the ends and the edges: the heaviest match, the lightest one, the heaviest pair that was
//! not linked, what each guard held back; and with a known truth, the heaviest error of either kind. Each pair is
//! shown once, under the first reason that picks it. Ties go to the pair with the smallest record numbers, so the
//! choice does not depend on the order of the input.

use linkage::explain::{Explainer, Explanation, FieldValues};
use linkage::model::{Decision, Weights};
use linkage::run::LinkedPair;
use linkage::score::LevelCache;

use super::Outcome;
use crate::evaluation::load::KnownRecords;
use crate::failure::Failure;
use crate::report::{DecisionModel, WaterfallBar, WaterfallModel};
use crate::text::thousands;

/// A pair with the reason to show it, in English and Japanese.
type Example = (LinkedPair, String, String);

/// The waterfalls of a report.
pub(super) fn waterfalls(outcome: &Outcome<'_>) -> Result<Vec<WaterfallModel>, Failure> {
    let rules = outcome.ready.rules;
    let weights = Weights::of(rules).map_err(Failure::internal)?;
    let explainer = Explainer {
        comparer: outcome.ready.scorer.comparer,
        weights: &weights,
        frequencies: outcome.ready.frequencies,
        blocks: outcome.run.blocks,
        upper: outcome.run.request.threshold,
        lower: rules.lower.min(outcome.run.request.threshold),
    };
    let mut shown: Vec<Example> = Vec::new();
    for example in at_the_thresholds(outcome).into_iter().chain(capped(outcome)).chain(errors(outcome)) {
        if !shown.iter().any(|(pair, ..)| (pair.left, pair.right) == (example.0.left, example.0.right)) {
            shown.push(example);
        }
    }
    Ok(shown.iter().map(|example| waterfall(&explainer, outcome, example)).collect())
}

fn heaviest<'p>(pairs: impl Iterator<Item = &'p LinkedPair>) -> Option<LinkedPair> {
    pairs.copied().reduce(|best, pair| if pair.weight > best.weight { pair } else { best })
}

fn lightest<'p>(pairs: impl Iterator<Item = &'p LinkedPair>) -> Option<LinkedPair> {
    pairs.copied().reduce(|best, pair| if pair.weight < best.weight { pair } else { best })
}

/// The ends of the matches, of the possible matches and of the non-matches that were reported.
fn at_the_thresholds(outcome: &Outcome<'_>) -> Vec<Example> {
    let of = |decision: Decision| {
        outcome.linked.pairs.iter().filter(move |pair| pair.guard == 0 && outcome.run.decision(pair) == decision)
    };
    let example = |pair: Option<LinkedPair>, english: &str, japanese: &str| {
        pair.map(|pair| (pair, english.to_owned(), japanese.to_owned()))
    };
    let found = [
        example(heaviest(of(Decision::Match)), "The heaviest match", "最も重い一致"),
        example(
            lightest(of(Decision::Match)),
            "The lightest match, just above the threshold",
            "しきい値をわずかに超えた一致",
        ),
        example(
            heaviest(of(Decision::PossibleMatch)),
            "The heaviest pair that a person has to look at",
            "人の確認が必要な最も重いペア",
        ),
        example(
            heaviest(of(Decision::NonMatch)),
            "The heaviest non-match, just under the lower threshold",
            "下限をわずかに下回った不一致",
        ),
    ];
    found.into_iter().flatten().collect()
}

/// Guards of which an example is shown: those that held back the most pairs.
const GUARDS_SHOWN: usize = 4;

/// Per guard the pair with the most evidence that it held back.
fn capped(outcome: &Outcome<'_>) -> Vec<Example> {
    let rules = outcome.ready.rules;
    let scorer = outcome.ready.scorer;
    let mut cache = LevelCache::new(rules.comparisons.len());
    // Per guard: pairs held back, and the heaviest of them.
    let mut held: Vec<(u64, f64, Option<LinkedPair>)> = vec![(0, f64::NEG_INFINITY, None); rules.guards.len()];
    for pair in outcome.linked.pairs.iter().filter(|pair| pair.guard > 0) {
        let weight = scorer.score_records(pair.left, pair.right, &mut cache).weight.0;
        if let Some((count, known, best)) = held.get_mut(usize::from(pair.guard) - 1) {
            *count += 1;
            if weight > *known {
                (*known, *best) = (weight, Some(*pair));
            }
        }
    }
    let mut held: Vec<_> =
        rules.guards.iter().zip(held).filter_map(|(guard, (count, _, best))| Some((guard, count, best?))).collect();
    held.sort_by_key(|(_, count, _)| std::cmp::Reverse(*count));
    held.truncate(GUARDS_SHOWN);
    held.into_iter()
        .map(|(guard, count, pair)| {
            let (count, name, reason) = (thousands(count), &guard.name, &guard.reason);
            let pairs = if count == "1" { "pair" } else { "pairs" };
            let english = format!("Held back by a guard ({count} {pairs}): {reason}");
            (pair, english, format!("ガード「{name}」による制限（{count} 組）"))
        })
        .collect()
}

/// The two errors that weigh most, when the truth is known.
fn errors(outcome: &Outcome<'_>) -> Vec<Example> {
    let Some(truth) = outcome.truth else { return Vec::new() };
    let is = |pair: &LinkedPair, wanted: bool| same_person(outcome, truth, pair) == Some(wanted);
    let is_match = |pair: &LinkedPair| outcome.run.decision(pair) == Decision::Match;
    let pairs = || outcome.linked.pairs.iter();
    let wrong = heaviest(pairs().filter(|pair| is_match(pair) && is(pair, false)));
    let missed = lightest(pairs().filter(|pair| !is_match(pair) && is(pair, true)));
    let wrong = wrong.map(|pair| {
        (
            pair,
            "Wrong by the truth: the heaviest match of two persons".to_owned(),
            "誤り：別人どうしの最も重い一致".to_owned(),
        )
    });
    let missed = missed.map(|pair| {
        (
            pair,
            "Missed by the truth: the lightest pair of one person".to_owned(),
            "見逃し：同一人物の最も軽いペア".to_owned(),
        )
    });
    wrong.into_iter().chain(missed).collect()
}

/// Whether two records are of one person; `None` when the truth does not know one of them.
fn same_person(outcome: &Outcome<'_>, truth: &KnownRecords, pair: &LinkedPair) -> Option<bool> {
    let table = &outcome.loaded.table;
    Some(truth.person(table.id(pair.left))? == truth.person(table.id(pair.right))?)
}

fn waterfall(explainer: &Explainer<'_>, outcome: &Outcome<'_>, (pair, title, title_ja): &Example) -> WaterfallModel {
    let explanation = explainer.explain(pair.left, pair.right);
    let table = &outcome.loaded.table;
    WaterfallModel {
        title: title.clone(),
        title_ja: title_ja.clone(),
        left_id: table.id(pair.left).to_owned(),
        right_id: table.id(pair.right).to_owned(),
        prior: explanation.prior,
        bars: bars(&explanation),
        total: explanation.weight.0,
        decision: match explanation.decision {
            Decision::Match => DecisionModel::Match,
            Decision::PossibleMatch => DecisionModel::PossibleMatch,
            Decision::NonMatch => DecisionModel::NonMatch,
        },
        guard: explanation.guards.iter().find(|guard| guard.is_capping).map(|guard| guard.name.clone()),
    }
}

fn bars(explanation: &Explanation) -> Vec<WaterfallBar> {
    let compared = explanation.comparisons.iter().map(|bar| {
        let (left_value, right_value) = shown_values(&bar.fields);
        WaterfallBar {
            comparison: bar.name.clone(),
            level: bar.level_name.clone(),
            left_value,
            right_value,
            weight: bar.weight(),
        }
    });
    let related = explanation.relations.iter().map(|bar| WaterfallBar {
        comparison: format!("relation: {}", bar.name),
        level: if bar.weight < -0.005 { "could explain the agreement as well" } else { "explains nothing here" }
            .to_owned(),
        weight: bar.weight,
        ..WaterfallBar::default()
    });
    compared.chain(related).collect()
}

/// What the two records say in the fields of a comparison. Fields may read the same columns (a family name, and the
/// whole name): what shorter fields have said already is not said again.
fn shown_values(fields: &[FieldValues]) -> (String, String) {
    let mut fields: Vec<_> = fields.iter().enumerate().collect();
    fields.sort_by_key(|(position, field)| (field.left_raw.len() + field.right_raw.len(), *position));
    let mut said: Vec<(bool, &str)> = Vec::new();
    let mut shown = Vec::new();
    for (position, field) in fields {
        let sides = [(false, &field.left_raw), (true, &field.right_raw)];
        let words = sides.into_iter().flat_map(|(side, raw)| raw.split_whitespace().map(move |word| (side, word)));
        let new: Vec<(bool, &str)> = words.filter(|word| !said.contains(word)).collect();
        if !new.is_empty() {
            said.extend(new);
            shown.push((position, field));
        }
    }
    shown.sort_by_key(|(position, _)| *position);
    let joined = |side: &dyn Fn(&FieldValues) -> String| {
        let texts = shown.iter().map(|(_, field)| side(field)).filter(|text| !text.is_empty());
        texts.collect::<Vec<_>>().join(" · ")
    };
    (joined(&|field| field.left_raw.clone()), joined(&|field| field.right_raw.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_several_fields_read_is_said_once() {
        let check = |fields: &[(&str, &str)], expected: (&str, &str)| {
            let field = |(left, right): &(&str, &str)| FieldValues {
                field: String::new(),
                left_raw: (*left).to_owned(),
                right_raw: (*right).to_owned(),
                left: None,
                right: None,
            };
            let fields: Vec<FieldValues> = fields.iter().map(field).collect();
            assert_eq!(shown_values(&fields), (expected.0.to_owned(), expected.1.to_owned()), "{fields:?}");
        };
        check(&[("石飛", "石飛"), ("イシトビ", "イシトビ")], ("石飛 · イシトビ", "石飛 · イシトビ"));
        check(&[("石飛 ヒナ", "石飛 ユイ"), ("石飛", "石飛"), ("ヒナ", "ユイ")], ("石飛 · ヒナ", "石飛 · ユイ"));
        check(&[("01", "")], ("01", ""));
        check(&[("", "")], ("", ""));
    }
}
