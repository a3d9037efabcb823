//! The document that `nayose explain --json` prints.

use linkage::explain::{
    Change, ComparisonBar, Explainer, Explanation, FieldValues, Flip, HeldGuard, KeyAgreement, RuleReach,
};
use linkage::rules::{Cap, RuleSet};
use serde::Serialize;

/// The explanation of one pair. Weights are in bits.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Document {
    pub(crate) rules: String,
    /// Digest of the rule set with the weights that were used.
    pub(crate) rules_digest: String,
    pub(crate) left: String,
    pub(crate) right: String,
    /// The sources of the two records; absent when there is one source only.
    pub(crate) sources: Option<[String; 2]>,
    pub(crate) lower: f64,
    pub(crate) upper: f64,
    pub(crate) prior: f64,
    pub(crate) comparisons: Vec<Bar>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) match_weight: f64,
    pub(crate) match_probability: f64,
    pub(crate) decision_by_weight: &'static str,
    pub(crate) guards: Vec<Guard>,
    pub(crate) decision: &'static str,
    pub(crate) is_comparable: bool,
    pub(crate) is_candidate: bool,
    pub(crate) blocks: Vec<Block>,
    /// Position in `blocks` of the rule that came closest, for a pair that no rule reaches.
    pub(crate) closest_block: Option<usize>,
    pub(crate) flips: Vec<FlipEntry>,
}

/// One comparison.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Bar {
    pub(crate) comparison: String,
    pub(crate) level: String,
    pub(crate) is_null: bool,
    pub(crate) weight: f64,
    /// log₂(m/u).
    pub(crate) level_weight: f64,
    /// The part that is due to how rare the value is.
    pub(crate) frequency_weight: f64,
    pub(crate) fields: Vec<Field>,
}

/// The two values of a field.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Field {
    pub(crate) field: String,
    pub(crate) left_raw: String,
    pub(crate) right_raw: String,
    pub(crate) left: Option<String>,
    pub(crate) right: Option<String>,
}

/// One relation.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Relation {
    pub(crate) relation: String,
    pub(crate) weight: f64,
}

/// One guard that holds.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Guard {
    pub(crate) guard: String,
    pub(crate) reason: String,
    pub(crate) cap: &'static str,
    /// The match weight in bits from which it no longer caps.
    pub(crate) below: Option<f64>,
    pub(crate) is_capping: bool,
}

/// One blocking rule.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Block {
    pub(crate) block: String,
    pub(crate) is_shared: bool,
    pub(crate) is_skipped: bool,
    pub(crate) records_max: u32,
    pub(crate) parts: Vec<Part>,
}

/// One part of a blocking key.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Part {
    pub(crate) part: String,
    /// `agree`, `differ` or `missing`.
    pub(crate) agreement: &'static str,
    pub(crate) fields: Vec<Field>,
}

/// One single change that would flip the decision.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct FlipEntry {
    pub(crate) comparison: Option<String>,
    pub(crate) from: Option<String>,
    pub(crate) to: Option<String>,
    /// The guard that would not hold.
    pub(crate) guard: Option<String>,
    pub(crate) match_weight: f64,
    pub(crate) decision: &'static str,
}

impl Document {
    /// The document of one explanation; `trained` is the rule set with the weights that were used.
    pub(crate) fn of(explainer: &Explainer<'_>, explanation: &Explanation, trained: &RuleSet) -> Self {
        let table = explainer.comparer.table;
        let source = |record| table.source_names().get(usize::from(table.source(record))).cloned().unwrap_or_default();
        let sources = [source(explanation.left), source(explanation.right)];
        Self {
            rules: trained.name.clone(),
            rules_digest: trained.digest(),
            left: table.id(explanation.left).to_owned(),
            right: table.id(explanation.right).to_owned(),
            sources: (sources.iter().any(|source| !source.is_empty())).then_some(sources),
            lower: explainer.lower,
            upper: explainer.upper,
            prior: explanation.prior,
            comparisons: explanation.comparisons.iter().map(bar).collect(),
            relations: explanation
                .relations
                .iter()
                .map(|bar| Relation { relation: bar.name.clone(), weight: bar.weight })
                .collect(),
            match_weight: explanation.weight.0,
            match_probability: explanation.weight.probability(),
            decision_by_weight: explanation.decision_by_weight.name(),
            guards: explanation.guards.iter().map(guard).collect(),
            decision: explanation.decision.name(),
            is_comparable: explanation.reach.is_comparable,
            is_candidate: explanation.reach.is_candidate,
            blocks: explanation.reach.rules.iter().map(block).collect(),
            closest_block: explanation.reach.closest,
            flips: explanation.flips.iter().map(flip).collect(),
        }
    }
}

fn bar(bar: &ComparisonBar) -> Bar {
    Bar {
        comparison: bar.name.clone(),
        level: bar.level_name.clone(),
        is_null: bar.is_null,
        weight: bar.weight(),
        level_weight: bar.level_weight,
        frequency_weight: bar.frequency_weight,
        fields: bar.fields.iter().map(field).collect(),
    }
}

fn field(values: &FieldValues) -> Field {
    Field {
        field: values.field.clone(),
        left_raw: values.left_raw.clone(),
        right_raw: values.right_raw.clone(),
        left: values.left.clone(),
        right: values.right.clone(),
    }
}

fn guard(guard: &HeldGuard) -> Guard {
    let cap = match guard.cap {
        Cap::PossibleMatch => "possible match",
        Cap::NonMatch => "non-match",
    };
    Guard {
        guard: guard.name.clone(),
        reason: guard.reason.clone(),
        cap,
        below: guard.below,
        is_capping: guard.is_capping,
    }
}

fn block(rule: &RuleReach) -> Block {
    let agreement = |agreement| match agreement {
        KeyAgreement::Agree => "agree",
        KeyAgreement::Differ => "differ",
        KeyAgreement::Missing => "missing",
    };
    Block {
        block: rule.name.clone(),
        is_shared: rule.is_shared,
        is_skipped: rule.is_skipped,
        records_max: rule.records_max,
        parts: rule
            .parts
            .iter()
            .map(|part| Part {
                part: part.part.clone(),
                agreement: agreement(part.agreement),
                fields: part.fields.iter().map(field).collect(),
            })
            .collect(),
    }
}

fn flip(flip: &Flip) -> FlipEntry {
    let (comparison, from, to, guard) = match &flip.change {
        Change::Level { comparison, from, to } => {
            (Some(comparison.clone()), Some(from.clone()), Some(to.clone()), None)
        }
        Change::Guard { guard } => (None, None, None, Some(guard.clone())),
    };
    FlipEntry { comparison, from, to, guard, match_weight: flip.weight.0, decision: flip.decision.name() }
}
