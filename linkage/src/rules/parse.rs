//! Reads a rule set from TOML and refuses a wrong one with line and reason.
//!
//! Two steps: the text becomes a raw document with spans (serde), then every name is resolved and every number is
//! checked. A rule set that comes out of here can be run; nothing later has to doubt it.

use super::{
    BLOCK_RECORDS_MAX, BlockRule, COMPARISONS_MAX, Cap, ClusterMethod, Clustering, Comparison, Expr, Field, FieldId,
    Guard, LEVELS_MAX, Level, RELATIONS_MAX, Relation, RuleSet, Training, expr,
};
use crate::block::KeyPart;
use crate::normalize::Kind;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// Why a rule set was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct RuleError {
    /// 1-based line of the offending text.
    pub line: usize,
    /// What is wrong, and where it can be said, how to mend it.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRules {
    name: String,
    #[serde(default)]
    title: String,
    #[serde(rename = "match")]
    thresholds: Spanned<RawThresholds>,
    fields: BTreeMap<Spanned<String>, Spanned<RawField>>,
    #[serde(default)]
    split_joined: Vec<(String, String)>,
    #[serde(default)]
    relation: Vec<Spanned<RawRelation>>,
    comparison: Vec<Spanned<RawComparison>>,
    #[serde(default)]
    guard: Vec<Spanned<RawGuard>>,
    block: Vec<Spanned<RawBlock>>,
    #[serde(default)]
    training: Option<Spanned<RawTraining>>,
    #[serde(default)]
    cluster: Option<Spanned<RawCluster>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawThresholds {
    prior: Option<f64>,
    upper: f64,
    lower: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawField {
    column: Option<String>,
    columns: Option<Vec<String>>,
    kind: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRelation {
    name: String,
    rate: Option<f64>,
    #[serde(default)]
    fixed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawComparison {
    name: String,
    levels: Vec<Spanned<RawLevel>>,
}

#[derive(Deserialize)]
struct RawLevel {
    name: String,
    when: Option<Spanned<String>>,
    #[serde(default)]
    null: bool,
    m: Option<f64>,
    u: Option<f64>,
    frequency: Option<Spanned<String>>,
    frequency_weight: Option<f64>,
    #[serde(flatten)]
    relations: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawGuard {
    name: String,
    reason: String,
    when: Spanned<String>,
    cap: Spanned<String>,
    below: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawBlock {
    name: Option<String>,
    key: Vec<Spanned<String>>,
    records_max: Option<u32>,
    #[serde(default)]
    strong: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTraining {
    #[serde(default)]
    deterministic: Vec<Vec<Spanned<String>>>,
    #[serde(default = "default_recall")]
    recall: f64,
    #[serde(default)]
    blocks: Vec<Vec<Spanned<String>>>,
    #[serde(default)]
    rounds: u8,
    random_pairs: Option<u32>,
    #[serde(default)]
    union: Vec<Vec<Spanned<String>>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawCluster {
    method: Spanned<String>,
    #[serde(default)]
    one_per_source: bool,
}

fn default_recall() -> f64 {
    0.8
}

/// Random pairs for u unless the rule set says otherwise: levels of one in ten thousand are met twenty times, and exact
/// agreement, which is rarer, is counted and not sampled.
const RANDOM_PAIRS: u32 = 200_000;

impl RuleSet {
    /// Parses and checks a rule set.
    ///
    /// # Errors
    /// [`RuleError`] with line and reason: broken TOML, an unknown name, a probability outside (0,1), a level that
    /// can never be reached, a missing null level.
    pub fn parse(text: &str) -> Result<Self, RuleError> {
        let raw: RawRules = toml::from_str(text).map_err(|error| RuleError {
            line: error.span().map_or(1, |span| line_of(text, span.start)),
            reason: error.message().to_owned(),
        })?;
        let reader = Reader { text, fields: Vec::new(), relations: Vec::new() };
        reader.rule_set(raw)
    }
}

pub(super) fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

struct Reader<'t> {
    text: &'t str,
    fields: Vec<Field>,
    relations: Vec<Relation>,
}

impl Reader<'_> {
    fn error(&self, span: &Range<usize>, reason: impl Into<String>) -> RuleError {
        RuleError { line: line_of(self.text, span.start), reason: reason.into() }
    }

    fn rule_set(mut self, raw: RawRules) -> Result<RuleSet, RuleError> {
        let span = raw.thresholds.span();
        let thresholds = raw.thresholds.into_inner();
        if let Some(prior) = thresholds.prior {
            self.probability(&span, "prior", prior)?;
        }
        if !(thresholds.lower.is_finite() && thresholds.upper.is_finite() && thresholds.lower <= thresholds.upper) {
            return Err(self.error(&span, "`lower` must not be above `upper`, and both must be finite"));
        }
        self.fields = self.read_fields(raw.fields)?;
        self.relations = self.read_relations(raw.relation)?;
        if raw.comparison.is_empty() || raw.comparison.len() > COMPARISONS_MAX {
            return Err(self.error(&span, format!("a rule set has 1 to {COMPARISONS_MAX} comparisons")));
        }
        let comparisons = each(raw.comparison, |comparison| self.comparison(comparison))?;
        let guards = each(raw.guard, |guard| self.guard(guard))?;
        let blocks = each(raw.block, |block| self.block(block))?;
        let training = self.training(raw.training)?;
        let clustering = self.clustering(raw.cluster)?;
        Ok(RuleSet {
            name: raw.name,
            title: raw.title,
            fields: self.fields,
            split_joined: raw.split_joined,
            prior: thresholds.prior,
            upper: thresholds.upper,
            lower: thresholds.lower,
            comparisons,
            relations: self.relations,
            guards,
            blocks,
            training,
            clustering,
        })
    }

    fn read_fields(&self, raw: BTreeMap<Spanned<String>, Spanned<RawField>>) -> Result<Vec<Field>, RuleError> {
        let mut fields = Vec::with_capacity(raw.len());
        for (name, field) in raw {
            let span = field.span();
            let field = field.into_inner();
            let kind = Kind::parse(field.kind.get_ref()).ok_or_else(|| {
                let known: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
                let reason = format!("unknown kind `{}`; known: {}", field.kind.get_ref(), known.join(", "));
                self.error(&field.kind.span(), reason)
            })?;
            let columns = match (field.column, field.columns) {
                (Some(column), None) => vec![column],
                (None, Some(columns)) if !columns.is_empty() => columns,
                _ => return Err(self.error(&span, "a field has either `column` or a list of `columns`")),
            };
            fields.push(Field { name: name.into_inner(), columns, kind });
        }
        if fields.len() >= usize::from(u16::MAX) {
            return Err(RuleError { line: 1, reason: "too many fields".to_owned() });
        }
        Ok(fields)
    }

    fn read_relations(&self, raw: Vec<Spanned<RawRelation>>) -> Result<Vec<Relation>, RuleError> {
        if let Some(extra) = raw.get(RELATIONS_MAX) {
            return Err(self.error(&extra.span(), format!("a rule set has at most {RELATIONS_MAX} relations")));
        }
        each(raw, |relation| {
            let span = relation.span();
            let RawRelation { name, rate, fixed: is_fixed } = relation.into_inner();
            if let Some(rate) = rate {
                self.probability(&span, "rate", rate)?;
            }
            Ok(Relation { name, rate, is_fixed })
        })
    }

    fn comparison(&self, raw: Spanned<RawComparison>) -> Result<Comparison, RuleError> {
        let span = raw.span();
        let RawComparison { name, levels: raw_levels } = raw.into_inner();
        if raw_levels.len() < 2 || raw_levels.len() > LEVELS_MAX {
            return Err(self.error(&span, format!("comparison `{name}` needs 2 to {LEVELS_MAX} levels")));
        }
        let lines: Vec<Range<usize>> = raw_levels.iter().map(Spanned::span).collect();
        let levels = each(raw_levels, |level| self.level(level))?;
        if !levels.iter().any(|level| level.is_null) {
            return Err(self.error(&span, format!("comparison `{name}` has no null level (`null = true`)")));
        }
        if let Some((position, reason)) = super::check::unreachable_level(&levels) {
            let span = lines.get(position).unwrap_or(&span);
            return Err(self.error(span, format!("comparison `{name}`: {reason}")));
        }
        let mut fields: Vec<FieldId> = Vec::new();
        for expr in levels.iter().filter_map(|level| level.when.as_ref()) {
            expr.for_each_field(&mut |field| {
                if !fields.contains(&field) {
                    fields.push(field);
                }
            });
        }
        for (field, _) in levels.iter().filter_map(|level| level.frequency) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        Ok(Comparison { name, levels, fields })
    }

    fn level(&self, raw: Spanned<RawLevel>) -> Result<Level, RuleError> {
        let span = raw.span();
        let raw = raw.into_inner();
        for (name, value) in [("m", raw.m), ("u", raw.u)] {
            if let Some(value) = value {
                self.probability(&span, name, value)?;
            }
        }
        let mut relations = vec![None; self.relations.len()];
        for (name, value) in raw.relations {
            let position = self.relations.iter().position(|relation| relation.name == name);
            let slot = position.and_then(|position| relations.get_mut(position));
            let slot =
                slot.ok_or_else(|| self.error(&span, format!("unknown key `{name}` in level `{}`", raw.name)))?;
            let value = value.as_float().ok_or_else(|| self.error(&span, format!("`{name}` must be a number")))?;
            self.probability(&span, &name, value)?;
            *slot = Some(value);
        }
        let frequency = match raw.frequency {
            None => None,
            Some(field) => {
                let weight = raw.frequency_weight.unwrap_or(1.0);
                if !(0.0..=1.0).contains(&weight) {
                    return Err(self.error(&field.span(), "`frequency_weight` lies between 0 and 1"));
                }
                Some((self.field(&field)?, weight))
            }
        };
        let when = raw.when.map(|when| self.expr(&when)).transpose()?;
        Ok(Level { name: raw.name, when, is_null: raw.null, m: raw.m, u: raw.u, relations, frequency })
    }

    fn guard(&self, raw: Spanned<RawGuard>) -> Result<Guard, RuleError> {
        let raw = raw.into_inner();
        let cap = match raw.cap.get_ref().as_str() {
            "possible match" => Cap::PossibleMatch,
            "non-match" => Cap::NonMatch,
            other => {
                let reason = format!("unknown cap `{other}`; known: `possible match`, `non-match`");
                return Err(self.error(&raw.cap.span(), reason));
            }
        };
        if raw.below.is_some_and(|below| !below.is_finite()) {
            return Err(self.error(&raw.when.span(), "`below` is a match weight in bits and must be finite"));
        }
        Ok(Guard { name: raw.name, reason: raw.reason, when: self.expr(&raw.when)?, cap, below: raw.below })
    }

    fn block(&self, raw: Spanned<RawBlock>) -> Result<BlockRule, RuleError> {
        let span = raw.span();
        let raw = raw.into_inner();
        let shown: Vec<&str> = raw.key.iter().map(|part| part.get_ref().as_str()).collect();
        let name = raw.name.unwrap_or_else(|| shown.join(" + "));
        let parts = self.key(&raw.key)?;
        if parts.is_empty() {
            return Err(self.error(&span, format!("block `{name}` has an empty key")));
        }
        let records_max = raw.records_max.unwrap_or(BLOCK_RECORDS_MAX);
        Ok(BlockRule { name, parts, records_max, is_strong: raw.strong })
    }

    fn training(&self, raw: Option<Spanned<RawTraining>>) -> Result<Training, RuleError> {
        let Some(raw) = raw else {
            let (deterministic, blocks, union) = (Vec::new(), Vec::new(), Vec::new());
            return Ok(Training { deterministic, recall: 0.8, blocks, rounds: 0, random_pairs: RANDOM_PAIRS, union });
        };
        let span = raw.span();
        let raw = raw.into_inner();
        if !(raw.recall > 0.0 && raw.recall <= 1.0) {
            return Err(self.error(&span, "`recall` lies above 0 and not above 1"));
        }
        let keys = |keys: Vec<Vec<Spanned<String>>>| keys.iter().map(|key| self.key(key)).collect::<Result<_, _>>();
        Ok(Training {
            deterministic: keys(raw.deterministic)?,
            recall: raw.recall,
            blocks: keys(raw.blocks)?,
            rounds: raw.rounds,
            random_pairs: raw.random_pairs.unwrap_or(RANDOM_PAIRS),
            union: keys(raw.union)?,
        })
    }

    fn clustering(&self, raw: Option<Spanned<RawCluster>>) -> Result<Clustering, RuleError> {
        let Some(raw) = raw else { return Ok(Clustering { method: ClusterMethod::Safe, one_per_source: false }) };
        let raw = raw.into_inner();
        let method = match raw.method.get_ref().as_str() {
            "connected" => ClusterMethod::Connected,
            "safe" => ClusterMethod::Safe,
            other => {
                let reason = format!("unknown method `{other}`; known: `safe`, `connected`");
                return Err(self.error(&raw.method.span(), reason));
            }
        };
        Ok(Clustering { method, one_per_source: raw.one_per_source })
    }

    fn key(&self, raw: &[Spanned<String>]) -> Result<Vec<KeyPart>, RuleError> {
        raw.iter()
            .map(|part| {
                KeyPart::parse(part.get_ref(), &|name| self.lookup(name))
                    .map_err(|reason| self.error(&part.span(), reason))
            })
            .collect()
    }

    fn lookup(&self, name: &str) -> Option<FieldId> {
        let position = self.fields.iter().position(|field| field.name == name)?;
        u16::try_from(position).ok().map(FieldId)
    }

    fn field(&self, name: &Spanned<String>) -> Result<FieldId, RuleError> {
        self.lookup(name.get_ref())
            .ok_or_else(|| self.error(&name.span(), format!("unknown field `{}`", name.get_ref())))
    }

    fn expr(&self, when: &Spanned<String>) -> Result<Expr, RuleError> {
        expr::parse(when.get_ref(), &|name| self.lookup(name)).map_err(|reason| self.error(&when.span(), reason))
    }

    fn probability(&self, span: &Range<usize>, name: &str, value: f64) -> Result<(), RuleError> {
        if value > 0.0 && value < 1.0 {
            return Ok(());
        }
        Err(self.error(span, format!("`{name}` is a probability strictly between 0 and 1, not {value}")))
    }
}

fn each<R, T>(raw: Vec<Spanned<R>>, read: impl Fn(Spanned<R>) -> Result<T, RuleError>) -> Result<Vec<T>, RuleError> {
    raw.into_iter().map(read).collect()
}
