//! Chooses one statement of a group: criterion by criterion, each keeping the best of what the one before has left.

use super::rules::{Criterion, Rule, Trust};
use super::statement::Statement;
use super::{Alternative, Deciding, GoldenValue, Observation, Provenance};
use crate::demographics::Attribute;
use directory::Instant;
use linkage::normalize::Tables;
use std::cmp::Reverse;

const MICROS_PER_DAY: i64 = 86_400_000_000;

/// The values of one group.
pub(super) fn group(
    rule: &Rule,
    trust: &Trust,
    tables: &Tables,
    records: &[Observation<'_>],
) -> Vec<(Attribute, GoldenValue)> {
    let mut all: Vec<Statement<'_, '_>> =
        records.iter().filter_map(|record| Statement::of(record, &rule.attributes, tables)).collect();
    // The order of ties, so that nothing depends on the order of the records.
    all.sort_by(|one, other| order(one).cmp(&order(other)));
    let everywhere: Vec<usize> = (0..rule.attributes.len()).collect();
    let Some((chosen, deciding)) = best(rule, trust, &all.iter().collect::<Vec<_>>(), &everywhere) else {
        return Vec::new();
    };
    let filled = fillings(rule, trust, &all, chosen);
    let mut values = Vec::new();
    for (place, attribute) in rule.attributes.iter().enumerate() {
        let filling =
            filled.iter().find(|(places, _)| places.contains(&place)).map(|(_, from)| (*from, Deciding::Filled));
        let (from, decided_by) = filling.unwrap_or((chosen, deciding));
        if !from.text(place).is_empty() {
            values.push((*attribute, value(&all, from, place, decided_by)));
        }
    }
    values
}

/// The latest first, then the smallest record id; the rest only makes the order total.
fn order<'s>(statement: &'s Statement<'_, '_>) -> impl Ord + use<'s> {
    let observation = statement.observation;
    (Reverse(observation.event_time), observation.record, Reverse(observation.version), statement.texts.clone())
}

/// The best of some statements in tie order, and what decided.
fn best<'s, 'o, 'd>(
    rule: &Rule,
    trust: &Trust,
    all: &[&'s Statement<'o, 'd>],
    places: &[usize],
) -> Option<(&'s Statement<'o, 'd>, Deciding)> {
    let mut left = all.to_vec();
    let mut steps = vec![(Deciding::Agreement, left.clone())];
    keep_highest(&mut left, |statement| statement.soundness);
    steps.push((Deciding::Soundness, left.clone()));
    for criterion in &rule.prefer {
        keep_best(rule, trust, *criterion, (&mut left, places));
        steps.push((criterion.deciding(), left.clone()));
    }
    let chosen = *left.first()?;
    let only_one_value =
        |statements: &[&Statement<'_, '_>]| statements.iter().all(|other| other.equals(chosen, places));
    let deciding = match all {
        [_] => Deciding::OnlySource,
        _ => steps.iter().find(|(_, left)| only_one_value(left)).map_or(Deciding::Order, |(deciding, _)| *deciding),
    };
    Some((chosen, deciding))
}

/// Keeps what is best by one criterion.
fn keep_best(
    rule: &Rule,
    trust: &Trust,
    criterion: Criterion,
    (left, places): (&mut Vec<&Statement<'_, '_>>, &[usize]),
) {
    match criterion {
        Criterion::Trust => {
            keep_highest(left, |s| trust.of(s.observation.institution_kind, s.observation.institution));
        }
        Criterion::Completeness => keep_highest(left, |statement| statement.complete),
        Criterion::Majority => {
            let rivals = left.clone();
            keep_highest(left, |statement| rivals.iter().filter(|rival| rival.agrees(statement, places)).count());
        }
        Criterion::Recency => {
            let latest = left.iter().map(|statement| statement.observation.event_time).max();
            let window = i64::from(rule.recency_days) * MICROS_PER_DAY;
            let is_recent = |time: Instant| latest.is_none_or(|latest| latest.since(time) <= window);
            left.retain(|statement| is_recent(statement.observation.event_time));
        }
    }
}

fn keep_highest<'s, 'o, 'd, R: Ord>(left: &mut Vec<&'s Statement<'o, 'd>>, rank: impl Fn(&Statement<'o, 'd>) -> R) {
    let ranks: Vec<R> = left.iter().map(|statement| rank(statement)).collect();
    let highest = ranks.iter().max();
    let mut is_highest = ranks.iter().map(|rank| Some(rank) == highest);
    left.retain(|_| is_highest.next().unwrap_or(false));
}

/// For every part of the group that the chosen record is silent about and that may be filled: from whom.
fn fillings<'s, 'o, 'd>(
    rule: &Rule,
    trust: &Trust,
    all: &'s [Statement<'o, 'd>],
    chosen: &Statement<'o, 'd>,
) -> Vec<(Vec<usize>, &'s Statement<'o, 'd>)> {
    let place_of = |attribute: &Attribute| rule.attributes.iter().position(|own| own == attribute);
    let mut filled = Vec::new();
    for part in &rule.fill {
        let inside: Vec<usize> = part.iter().filter_map(place_of).collect();
        if inside.iter().any(|place| chosen.says(*place)) {
            continue;
        }
        let outside: Vec<usize> = (0..rule.attributes.len()).filter(|place| !inside.contains(place)).collect();
        let may_fill = |other: &&Statement<'_, '_>| {
            inside.iter().any(|place| other.says(*place)) && other.agrees(chosen, &outside)
        };
        let candidates: Vec<&Statement<'_, '_>> = all.iter().filter(may_fill).collect();
        if let Some((from, _)) = best(rule, trust, &candidates, &inside) {
            filled.push((inside, from));
        }
    }
    filled
}

fn value(all: &[Statement<'_, '_>], from: &Statement<'_, '_>, place: usize, decided_by: Deciding) -> GoldenValue {
    let mut alternatives: Vec<(&str, Alternative)> = Vec::new();
    let mut records = 0;
    for statement in all {
        let exact = statement.exact(place);
        let is_chosen = match exact {
            Some(_) => exact == from.exact(place),
            // A text that says nothing is its own only witness.
            None => std::ptr::eq(statement, from),
        };
        if is_chosen {
            records += 1;
            continue;
        }
        let Some(exact) = exact else { continue };
        match alternatives.iter_mut().find(|(known, _)| *known == exact) {
            Some((_, alternative)) => alternative.records += 1,
            None => {
                let (text, provenance) = (statement.text(place).into(), provenance(statement));
                alternatives.push((exact, Alternative { text, records: 1, provenance }));
            }
        }
    }
    // A stable sort: equally frequent values stay in tie order.
    alternatives.sort_by_key(|(_, alternative)| Reverse(alternative.records));
    let alternatives = alternatives.into_iter().map(|(_, alternative)| alternative).collect();
    GoldenValue { text: from.text(place).into(), provenance: provenance(from), decided_by, records, alternatives }
}

fn provenance(statement: &Statement<'_, '_>) -> Provenance {
    let Observation { record, version, event_time, .. } = *statement.observation;
    Provenance { record, version, event_time }
}
