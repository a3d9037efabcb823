//! Golden pairs: two invented records with the levels and the decision that a rule set has to give them.
//!
//! They stand in `X.tests.toml` beside a rule set `X.toml`, so that a steward who changes a condition sees which pairs
//! come out otherwise. Value frequencies stay out of it: two records say nothing about how common a name is. A rule
//! set without weights is checked for levels and guards only, and a decision that is stated for it is refused.
//!
//! ```toml
//! [[pair]]
//! name = "one slip of the pen"
//! left = { surname = "Schulz", by = "1956" }
//! right = { surname = "Schulz", by = "1965" }
//! levels = { "year of birth" = "one slip" }
//! guards = []
//! decision = "possible match"
//! ```

use super::{RuleError, RuleSet};
use crate::compare::Readings;
use crate::exec::Serial;
use crate::model::{Decision, Frequencies, MatchWeight, Profiles, Weights};
use crate::normalize::Tables;
use crate::score::{Comparer, LevelCache, Scorer};
use crate::table::TableBuilder;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::ops::Range;
use toml::Spanned;

/// The golden pairs of one rule set; every name in them is known to it.
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenPairs {
    /// In the order of the file.
    pub pairs: Vec<GoldenPair>,
}

/// One golden pair.
#[derive(Clone, Debug, PartialEq)]
pub struct GoldenPair {
    /// What it shows.
    pub name: String,
    /// 1-based line of the pair in its file.
    pub line: usize,
    /// The texts of the left record by column; columns that are not named are empty.
    pub left: BTreeMap<String, String>,
    /// The texts of the right record.
    pub right: BTreeMap<String, String>,
    /// Positions of comparisons, and of the level that each has to give.
    pub levels: Vec<(usize, usize)>,
    /// The guards that have to hold; an empty list: no guard may hold; `None`: not asked for. Others may hold beside
    /// the named ones, as a contradiction often shows in several ways.
    pub guards: Option<Vec<String>>,
    /// The decision after guards; `None` when not asked for.
    pub decision: Option<Decision>,
}

/// How one golden pair came out.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The pair's name.
    pub name: String,
    /// Its line.
    pub line: usize,
    /// What came out otherwise; empty when the pair passed.
    pub findings: Vec<Finding>,
    /// The level of every comparison, by name.
    pub levels: Vec<(String, String)>,
    /// The match weight before guards; `None` when the rule set has no weights.
    pub weight: Option<MatchWeight>,
}

/// One expectation that was not met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The comparison, `guards` or `decision`.
    pub place: String,
    /// What the golden pair states.
    pub expected: String,
    /// What the rule set gives.
    pub found: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPairs {
    pair: Vec<Spanned<RawPair>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPair {
    name: String,
    left: BTreeMap<Spanned<String>, String>,
    right: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    levels: BTreeMap<Spanned<String>, Spanned<String>>,
    guards: Option<Vec<Spanned<String>>>,
    decision: Option<Spanned<String>>,
}

impl GoldenPairs {
    /// Parses the golden pairs of a rule set and resolves every name.
    ///
    /// # Errors
    /// [`RuleError`] with line and reason: broken TOML; a column, comparison, level or guard that the rule set does not
    /// have; a decision for a rule set without weights; a pair that expects nothing.
    pub fn parse(text: &str, rules: &RuleSet) -> Result<Self, RuleError> {
        let raw: RawPairs = toml::from_str(text).map_err(|error| RuleError {
            line: error.span().map_or(1, |span| super::parse::line_of(text, span.start)),
            reason: error.message().to_owned(),
        })?;
        let reader = Reader { text, rules };
        let pairs: Result<_, RuleError> = raw.pair.into_iter().map(|pair| reader.pair(pair)).collect();
        Ok(Self { pairs: pairs? })
    }

    /// Runs every pair against the rule set that the pairs were parsed for.
    #[must_use]
    pub fn run(&self, rules: &RuleSet, tables: &Tables, readings: &Readings) -> Vec<Outcome> {
        self.pairs.iter().map(|pair| run_pair(pair, rules, tables, readings)).collect()
    }
}

struct Reader<'a> {
    text: &'a str,
    rules: &'a RuleSet,
}

impl Reader<'_> {
    fn error(&self, span: &Range<usize>, reason: impl Into<String>) -> RuleError {
        RuleError { line: super::parse::line_of(self.text, span.start), reason: reason.into() }
    }

    fn pair(&self, raw: Spanned<RawPair>) -> Result<GoldenPair, RuleError> {
        let span = raw.span();
        let raw = raw.into_inner();
        let levels: Vec<(usize, usize)> =
            raw.levels.iter().map(|(comparison, level)| self.level(comparison, level)).collect::<Result<_, _>>()?;
        let guards = raw.guards.map(|guards| guards.iter().map(|guard| self.guard(guard)).collect::<Result<_, _>>());
        let decision = raw.decision.map(|decision| self.decision(&decision)).transpose()?;
        let guards: Option<Vec<String>> = guards.transpose()?;
        if levels.is_empty() && guards.is_none() && decision.is_none() {
            return Err(self.error(&span, format!("pair `{}` expects nothing, so it cannot fail", raw.name)));
        }
        Ok(GoldenPair {
            line: super::parse::line_of(self.text, span.start),
            left: self.record(raw.left)?,
            right: self.record(raw.right)?,
            name: raw.name,
            levels,
            guards,
            decision,
        })
    }

    fn record(&self, raw: BTreeMap<Spanned<String>, String>) -> Result<BTreeMap<String, String>, RuleError> {
        for column in raw.keys() {
            let mut known = self.rules.fields.iter().flat_map(|field| &field.columns);
            if !known.any(|known| known == column.get_ref()) {
                let reason = format!("column `{}` is read by no field of the rule set", column.get_ref());
                return Err(self.error(&column.span(), reason));
            }
        }
        Ok(raw.into_iter().map(|(column, text)| (column.into_inner(), text)).collect())
    }

    fn level(&self, comparison: &Spanned<String>, level: &Spanned<String>) -> Result<(usize, usize), RuleError> {
        let name = comparison.get_ref();
        let position = self.rules.comparisons.iter().position(|known| known.name == *name);
        let rule = position.and_then(|position| Some((position, self.rules.comparisons.get(position)?)));
        let (position, rule) = rule.ok_or_else(|| {
            let known: Vec<&str> = self.rules.comparisons.iter().map(|known| known.name.as_str()).collect();
            self.error(&comparison.span(), format!("unknown comparison `{name}`; known: {}", known.join(", ")))
        })?;
        let found = rule.levels.iter().position(|known| known.name == *level.get_ref()).ok_or_else(|| {
            let known: Vec<&str> = rule.levels.iter().map(|known| known.name.as_str()).collect();
            let reason =
                format!("comparison `{name}` has no level `{}`; it has: {}", level.get_ref(), known.join(", "));
            self.error(&level.span(), reason)
        })?;
        Ok((position, found))
    }

    fn guard(&self, guard: &Spanned<String>) -> Result<String, RuleError> {
        if self.rules.guards.iter().any(|known| known.name == *guard.get_ref()) {
            return Ok(guard.get_ref().clone());
        }
        Err(self.error(&guard.span(), format!("unknown guard `{}`", guard.get_ref())))
    }

    fn decision(&self, decision: &Spanned<String>) -> Result<Decision, RuleError> {
        let all = [Decision::Match, Decision::PossibleMatch, Decision::NonMatch];
        let known = all.into_iter().find(|known| known.name() == decision.get_ref());
        let known = known.ok_or_else(|| {
            let names = all.map(|known| format!("`{}`", known.name())).join(", ");
            self.error(&decision.span(), format!("unknown decision `{}`; known: {names}", decision.get_ref()))
        })?;
        Weights::of(self.rules).map(|_| known).map_err(|untrained| {
            let reason = format!("a decision needs weights, and {untrained}; state levels and guards only");
            self.error(&decision.span(), reason)
        })
    }
}

fn run_pair(pair: &GoldenPair, rules: &RuleSet, tables: &Tables, readings: &Readings) -> Outcome {
    let mut builder = TableBuilder::new(rules);
    for (id, record) in [("left", &pair.left), ("right", &pair.right)] {
        let text = |column: &String| record.get(column).map_or("", String::as_str);
        let texts: Vec<String> = builder.columns().iter().map(|column| text(column).to_owned()).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let taken = builder.push(id, 0, &texts);
        debug_assert!(taken.is_ok(), "two rows with ids always fit");
    }
    let (table, _) = builder.finish(rules, tables, false, &Serial);
    let (left, right) = (table.find("left").unwrap_or(0), table.find("right").unwrap_or(1));
    // Nothing is counted, so nothing is adjusted.
    let frequencies = Frequencies::default();
    let profiles = Profiles::build(rules, &table, &frequencies, &Serial);
    let comparer = Comparer::new(rules, &table, &profiles, readings);
    let mut cache = LevelCache::new(rules.comparisons.len());
    let pattern = comparer.pattern_of(left, right, &mut cache);
    let level_name = |comparison: usize, level: usize| {
        let rule = rules.comparisons.get(comparison);
        rule.and_then(|rule| rule.levels.get(level)).map_or_else(String::new, |level| level.name.clone())
    };
    let mut findings = Vec::new();
    let mut expect = |place: &str, expected: String, found: String| {
        if expected != found {
            findings.push(Finding { place: place.to_owned(), expected, found });
        }
    };
    for (comparison, level) in &pair.levels {
        let place = rules.comparisons.get(*comparison).map_or("?", |rule| &rule.name);
        expect(place, level_name(*comparison, *level), level_name(*comparison, pattern.level(*comparison)));
    }
    let weights = Weights::of(rules).ok();
    let weight = weights.map(|weights| {
        let scorer = Scorer::new(&comparer, &weights, &frequencies);
        scorer.score_records(left, right, &mut cache).weight
    });
    let holds =
        |guard: &&super::Guard| guard.asks(weight.map(|weight| weight.0)) && comparer.holds(&guard.when, left, right);
    let held: Vec<&super::Guard> = rules.guards.iter().filter(holds).collect();
    if let Some(guards) = &pair.guards {
        let (expected, found) = compare_guards(guards, &held);
        expect("guards", expected, found);
    }
    if let (Some(expected), Some(weight)) = (pair.decision, weight) {
        let limit = |guard: &&super::Guard| crate::explain::limit(guard, weight.0, (rules.lower, rules.upper));
        let capped = held.iter().map(limit).fold(weight.0, f64::min);
        let found = Decision::of(capped, rules.lower, rules.upper);
        expect("decision", expected.name().to_owned(), found.name().to_owned());
    }
    let levels = rules.comparisons.iter().enumerate();
    let levels = levels.map(|(n, rule)| (rule.name.clone(), level_name(n, pattern.level(n)))).collect();
    Outcome { name: pair.name.clone(), line: pair.line, findings, levels, weight }
}

/// The guards that are asked for and those that hold; the same text twice when the pair passes.
fn compare_guards(expected: &[String], held: &[&super::Guard]) -> (String, String) {
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    let held: Vec<&str> = held.iter().map(|guard| guard.name.as_str()).collect();
    let is_met = if expected.is_empty() { held.is_empty() } else { expected.iter().all(|name| held.contains(name)) };
    let named = |names: &[&str]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let found = if is_met { named(&expected) } else { named(&held) };
    (named(&expected), found)
}
