//! Why two records are alike: the waterfall of a pair, from the values that the caller may see.

use directory::InstitutionId;
use linkage::explain::{ComparisonBar, Explanation};
use linkage::rules::Cap;
use mpi::read::RecordView;
use mpi::{Attribute, Demographics};
use serde::Serialize;
use utoipa::ToSchema;

use super::record::WHEREABOUTS;
use crate::index::Operating;

/// Why two records are of one person, or not. The weights in bits add up to the match weight.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(in crate::serve) struct WaterfallView {
    /// Where it begins: how likely two random records are of one person.
    prior: f64,
    /// What each comparison adds.
    comparisons: Vec<BarView>,
    /// What each other explanation of the agreement takes away.
    relations: Vec<RelationView>,
    /// The sum, in bits.
    weight: f64,
    /// The same as a probability.
    probability: f64,
    /// Guards that hold.
    guards: Vec<GuardView>,
    /// From which weight a pair is a possible match, in bits.
    lower: f64,
    /// From which weight a pair is a match, in bits.
    upper: f64,
    /// `match`, `possible match` or `non-match`, after guards.
    #[schema(example = "match")]
    decision: &'static str,
    /// The version of rules, weights and frequencies.
    rules: String,
}

/// What one comparison adds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Comparison)]
struct BarView {
    /// The comparison.
    comparison: String,
    /// The level that the two values reach.
    level: String,
    /// In bits.
    weight: f64,
    /// The part of it that is due to how rare the value is.
    frequency_weight: f64,
    /// The values that were compared.
    fields: Vec<FieldView>,
}

/// Two values of a field, normalised.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ComparedField)]
struct FieldView {
    /// The field.
    field: String,
    /// Of the one.
    left: Option<String>,
    /// Of the other.
    right: Option<String>,
}

/// Another explanation of the agreement: the two are of one family, of one household.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Relation)]
struct RelationView {
    /// Which.
    relation: String,
    /// In bits, below 0 when the pair looks like it.
    weight: f64,
}

/// A guard that holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Guard)]
struct GuardView {
    /// Which.
    guard: String,
    /// Why there is such a guard.
    reason: String,
    /// What the pair is at most.
    at_most: &'static str,
    /// Whether it changes the decision here.
    is_capping: bool,
}

/// One side of a pair.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) struct Side<'d> {
    demographics: &'d Demographics,
    has_whereabouts: bool,
}

impl<'d> Side<'d> {
    /// What the caller describes itself.
    pub(in crate::serve) fn described(demographics: &'d Demographics) -> Self {
        Self { demographics, has_whereabouts: true }
    }

    /// A record; `reader` is the institution that asks.
    pub(in crate::serve) fn of(record: &'d RecordView, reader: Option<&InstitutionId>) -> Self {
        let has_whereabouts = record.life.protection.is_none() || reader == Some(&record.institution);
        Self { demographics: &record.demographics, has_whereabouts }
    }
}

impl WaterfallView {
    /// Compares two sides anew, by the rules that decide now.
    pub(in crate::serve) fn of(operating: &Operating, left: Side<'_>, right: Side<'_>) -> Self {
        let model = &operating.model;
        let normalized = |side: &Side<'_>| {
            let text = |column: &str| Attribute::named(column).map_or("", |it| side.demographics.get(it));
            model.normalize(&text)
        };
        let explanation = model.explain(&normalized(&left), &normalized(&right));
        let (lower, upper) = (model.rules().lower, model.rules().upper);
        Self {
            lower,
            upper,
            rules: model.version().to_owned(),
            ..Self::new(&explanation, (left.has_whereabouts, right.has_whereabouts))
        }
    }

    fn new(explanation: &Explanation, shown: (bool, bool)) -> Self {
        let relations = explanation.relations.iter();
        let guards = explanation.guards.iter();
        Self {
            prior: explanation.prior,
            comparisons: explanation.comparisons.iter().map(|bar| BarView::new(bar, shown)).collect(),
            relations: relations.map(|bar| RelationView { relation: bar.name.clone(), weight: bar.weight }).collect(),
            weight: explanation.weight.0,
            probability: explanation.weight.probability(),
            guards: guards
                .map(|guard| GuardView {
                    guard: guard.name.clone(),
                    reason: guard.reason.clone(),
                    at_most: match guard.cap {
                        Cap::PossibleMatch => "possible match",
                        Cap::NonMatch => "non-match",
                    },
                    is_capping: guard.is_capping,
                })
                .collect(),
            lower: 0.0,
            upper: 0.0,
            decision: explanation.decision.name(),
            rules: String::new(),
        }
    }
}

impl BarView {
    fn new(bar: &ComparisonBar, (left, right): (bool, bool)) -> Self {
        let fields = bar.fields.iter().map(|values| {
            let is_place = WHEREABOUTS.iter().any(|attribute| values.field.starts_with(attribute.name()));
            let shown = |text: &str, is_shown: bool| {
                Some(text.to_owned()).filter(|text| !text.is_empty() && (is_shown || !is_place))
            };
            FieldView {
                field: values.field.clone(),
                left: shown(&values.left_raw, left),
                right: shown(&values.right_raw, right),
            }
        });
        Self {
            comparison: bar.name.clone(),
            level: bar.level_name.clone(),
            weight: bar.weight(),
            frequency_weight: bar.frequency_weight,
            fields: fields.collect(),
        }
    }
}
