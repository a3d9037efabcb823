//! Which blocking rules bring two records together, and why the others do not.

use super::Explainer;
use super::bars::{FieldValues, values};
use crate::block::{KeyFunction, KeyPart, fields_of};
use crate::rules::BlockRule;
use crate::table::RecordIndex;

/// How blocking sees a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Whether the pair counts at all; not when links are made across sources and both records are of one source.
    pub is_comparable: bool,
    /// Whether some rule brings the two records together.
    pub is_candidate: bool,
    /// One entry per blocking rule, in the order of the rule set.
    pub rules: Vec<RuleReach>,
    /// For a pair that no rule brings together: the rule that came closest, as a position in [`Reach::rules`]; `None`
    /// as well when the pair agrees on no part of any key.
    pub closest: Option<usize>,
}

/// How one blocking rule sees a pair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleReach {
    /// The rule.
    pub name: String,
    /// Whether the two records share a block of it.
    pub is_shared: bool,
    /// All parts agree, but the block has more records than the rule allows and was skipped.
    pub is_skipped: bool,
    /// Blocks of more records than this are skipped.
    pub records_max: u32,
    /// The parts of its key.
    pub parts: Vec<PartReach>,
}

/// One part of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartReach {
    /// The part as it is written in the rule set.
    pub part: String,
    /// Whether the two records agree on it.
    pub agreement: KeyAgreement,
    /// The fields that it reads.
    pub fields: Vec<FieldValues>,
}

/// Whether two records agree on one part of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyAgreement {
    /// They have a key in common.
    Agree,
    /// Both have keys, none in common.
    Differ,
    /// At least one record has no key: the value is missing, or lacks what the key takes from it.
    Missing,
}

/// Looks at a pair through every blocking rule.
pub(super) fn reach(explainer: &Explainer<'_>, left: RecordIndex, right: RecordIndex) -> Reach {
    let rules = explainer.comparer.rules.blocks.iter().enumerate();
    let rules: Vec<RuleReach> =
        rules.map(|(position, rule)| rule_reach(explainer, (position, rule), left, right)).collect();
    let is_candidate = explainer.blocks.is_candidate(left, right);
    // Fewest parts in the way; of two such rules the one with more parts that agree came closer.
    let agreeing = |rule: &RuleReach| rule.parts.iter().filter(|part| part.agreement == KeyAgreement::Agree).count();
    let distance = |rule: &RuleReach| (rule.parts.len() - agreeing(rule), std::cmp::Reverse(agreeing(rule)));
    let near = |position: &usize| rules.get(*position).is_some_and(|rule| agreeing(rule) > 0);
    let closest = (0..rules.len()).filter(near).min_by_key(|position| rules.get(*position).map(distance));
    Reach {
        is_comparable: explainer.blocks.is_comparable(left, right),
        is_candidate,
        closest: closest.filter(|_| !is_candidate),
        rules,
    }
}

fn rule_reach(
    explainer: &Explainer<'_>,
    (position, rule): (usize, &BlockRule),
    left: RecordIndex,
    right: RecordIndex,
) -> RuleReach {
    let is_shared = explainer.blocks.shares(position, left, right);
    let parts: Vec<PartReach> = rule
        .parts
        .iter()
        .map(|part| PartReach {
            part: part.display(&explainer.comparer.rules.fields).to_string(),
            agreement: agreement(explainer, part, left, right),
            fields: fields_of(std::slice::from_ref(part))
                .into_iter()
                .filter_map(|field| values(explainer, field, left, right))
                .collect(),
        })
        .collect();
    let is_skipped = !is_shared && parts.iter().all(|part| part.agreement == KeyAgreement::Agree);
    RuleReach { name: rule.name.clone(), is_shared, is_skipped, records_max: rule.records_max, parts }
}

fn agreement(explainer: &Explainer<'_>, part: &KeyPart, left: RecordIndex, right: RecordIndex) -> KeyAgreement {
    let (left, right) = (keys(explainer, part, left), keys(explainer, part, right));
    if left.is_empty() || right.is_empty() {
        KeyAgreement::Missing
    } else if left.iter().any(|key| right.contains(key)) {
        KeyAgreement::Agree
    } else {
        KeyAgreement::Differ
    }
}

/// The hashed keys of one record under one part.
fn keys(explainer: &Explainer<'_>, part: &KeyPart, record: RecordIndex) -> Vec<u64> {
    let table = explainer.comparer.table;
    let of = |field| {
        let mut keys = Vec::new();
        if let Some(value) = table.value(record, field) {
            part.function.keys(value, &mut keys);
        }
        keys
    };
    let first = of(part.field);
    match (part.function, part.second) {
        // As blocking does it: a sum does not know the order of its terms.
        (KeyFunction::EitherOrder, Some(second)) => {
            first.first().zip(of(second).first()).map(|(a, b)| a.wrapping_add(*b)).into_iter().collect()
        }
        _ => first,
    }
}
