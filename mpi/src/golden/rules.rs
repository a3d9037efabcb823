//! Survivorship rules as data: which record's value survives into the golden record.
//!
//! A file names groups of attributes that come from one record together, and for each group an ordered list of criteria.
//! Every attribute stands in exactly one group, so nothing is decided by silence. What the words mean for a data steward
//! stands in `docs/survivorship.md`. This module reads text; which file it came from is a parameter.

use super::Deciding;
use crate::demographics::Attribute;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;
use toml::Spanned;

/// The most trust that a source can have.
pub(super) const TRUST_MAX: u8 = 100;
/// A century: a longer window means "whenever".
const RECENCY_DAYS_MAX: u32 = 36_500;
/// Hexadecimal digits of a version: 64 bits are plenty to tell rule files apart.
const VERSION_CHARS: usize = 16;

/// What makes one record's value better than another's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Criterion {
    /// The trust in its source, see [`Trust`].
    Trust,
    /// A later event time, up to [`Rule::recency_days`].
    Recency,
    /// More attributes of the group with values that normalisation has nothing to remark about.
    Completeness,
    /// More records that agree with it (variants of one kanji, small kana and the like folded).
    Majority,
}

/// How one group of attributes is chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The attributes that come from one record; never empty.
    pub attributes: Vec<Attribute>,
    /// The criteria, the most important first.
    pub prefer: Vec<Criterion>,
    /// Event times within this many days of the latest count as equally recent.
    pub recency_days: u32,
    /// Parts of the group that another record may fill in where the chosen record is silent about the whole part and the
    /// other one agrees with it on the rest.
    pub fill: Vec<Vec<Attribute>>,
}

/// How much sources are trusted, 0 to 100.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    unlisted: u8,
    kinds: BTreeMap<String, u8>,
    institutions: BTreeMap<String, u8>,
}

/// The rules of survivorship.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivorship {
    trust: Trust,
    rules: Vec<Rule>,
    version: String,
}

/// Why a file of rules was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}, line {line}: {reason}")]
pub struct SurvivorshipError {
    /// The file, as the caller named it.
    pub file: String,
    /// Line, counted from 1.
    pub line: usize,
    /// What is wrong, and where it can be said, how to mend it.
    pub reason: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    trust: RawTrust,
    rule: Vec<Spanned<RawRule>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTrust {
    unlisted: Spanned<i64>,
    #[serde(default)]
    kind: BTreeMap<String, Spanned<i64>>,
    #[serde(default)]
    institution: BTreeMap<String, Spanned<i64>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRule {
    attributes: Vec<Spanned<String>>,
    prefer: Vec<Spanned<String>>,
    recency_days: Option<Spanned<i64>>,
    #[serde(default)]
    fill: Vec<Spanned<Vec<Spanned<String>>>>,
}

impl Survivorship {
    /// Reads and checks the rules; `file` is only named in errors.
    ///
    /// # Errors
    /// [`SurvivorshipError`] with file, line and reason: broken TOML, an unknown key, attribute or criterion, an
    /// attribute in two rules or in none, a number out of range.
    pub fn parse(file: &str, text: &str) -> Result<Self, SurvivorshipError> {
        let reader = Reader { file, text };
        let raw: RawFile = toml::from_str(text).map_err(|error| {
            let span = error.span().unwrap_or_default();
            reader.error(&span, error.message())
        })?;
        let trust = reader.trust(raw.trust)?;
        let mut rules = Vec::with_capacity(raw.rule.len());
        for rule in raw.rule {
            let rule = reader.rule(rule, &rules)?;
            rules.push(rule);
        }
        let is_named = |attribute: &Attribute| rules.iter().any(|rule| rule.attributes.contains(attribute));
        if let Some(missing) = Attribute::ALL.iter().find(|attribute| !is_named(attribute)) {
            let end = text.trim_end().len();
            return Err(reader.error(&(end..end), format!("no rule names the attribute `{}`", missing.name())));
        }
        let version = version(&trust, &rules);
        Ok(Self { trust, rules, version })
    }

    /// How much sources are trusted.
    #[must_use]
    pub fn trust(&self) -> &Trust {
        &self.trust
    }

    /// The rules, one per group.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// A digest of what the rules say, in 16 hexadecimal digits: comments and layout do not change it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl Trust {
    /// The trust in a source: that of the institution if it is listed, else that of its kind, else of all others.
    #[must_use]
    pub fn of(&self, kind: &str, institution: &str) -> u8 {
        let listed = self.institutions.get(institution).or_else(|| self.kinds.get(kind));
        listed.copied().unwrap_or(self.unlisted)
    }
}

impl Criterion {
    const ALL: [Self; 4] = [Self::Trust, Self::Recency, Self::Completeness, Self::Majority];

    /// The word in rule files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.deciding().name()
    }

    pub(super) const fn deciding(self) -> Deciding {
        match self {
            Self::Trust => Deciding::Trust,
            Self::Recency => Deciding::Recency,
            Self::Completeness => Deciding::Completeness,
            Self::Majority => Deciding::Majority,
        }
    }
}

/// What the rules say, written in one way, as a digest.
fn version(trust: &Trust, rules: &[Rule]) -> String {
    let mut said = format!("{trust:?}\n");
    for rule in rules {
        // Writing to a string cannot fail.
        let _ = writeln!(said, "{rule:?}");
    }
    blake3::hash(said.as_bytes()).to_hex().chars().take(VERSION_CHARS).collect()
}

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
}

impl Reader<'_> {
    fn error(&self, span: &Range<usize>, reason: impl Into<String>) -> SurvivorshipError {
        let line = 1 + self.text.bytes().take(span.start).filter(|byte| *byte == b'\n').count();
        SurvivorshipError { file: self.file.to_owned(), line, reason: reason.into() }
    }

    fn trust(&self, raw: RawTrust) -> Result<Trust, SurvivorshipError> {
        let one = |trust: &Spanned<i64>| {
            let number = u8::try_from(*trust.get_ref()).ok().filter(|number| *number <= TRUST_MAX);
            number.ok_or_else(|| self.error(&trust.span(), format!("trust lies between 0 and {TRUST_MAX}")))
        };
        let all = |listed: BTreeMap<String, Spanned<i64>>| {
            listed.into_iter().map(|(name, trust)| Ok((name, one(&trust)?))).collect::<Result<BTreeMap<_, _>, _>>()
        };
        Ok(Trust { unlisted: one(&raw.unlisted)?, kinds: all(raw.kind)?, institutions: all(raw.institution)? })
    }

    fn rule(&self, raw: Spanned<RawRule>, earlier: &[Rule]) -> Result<Rule, SurvivorshipError> {
        let span = raw.span();
        let raw = raw.into_inner();
        let attributes = self.attributes(&raw.attributes, earlier)?;
        if attributes.is_empty() {
            return Err(self.error(&span, "a rule names at least one attribute"));
        }
        let mut prefer = Vec::with_capacity(raw.prefer.len());
        for word in &raw.prefer {
            let criterion = self.criterion(word)?;
            if prefer.contains(&criterion) {
                return Err(self.error(&word.span(), format!("`{}` stands here twice", criterion.name())));
            }
            prefer.push(criterion);
        }
        if prefer.is_empty() {
            return Err(self.error(&span, "`prefer` names at least one criterion"));
        }
        let recency_days = match raw.recency_days {
            None => 0,
            Some(days) if !prefer.contains(&Criterion::Recency) => {
                return Err(self.error(&days.span(), "`recency_days` needs `recency` in `prefer`"));
            }
            Some(days) => {
                let number = u32::try_from(*days.get_ref()).ok().filter(|number| *number <= RECENCY_DAYS_MAX);
                let reason = || format!("`recency_days` lies between 0 and {RECENCY_DAYS_MAX}");
                number.ok_or_else(|| self.error(&days.span(), reason()))?
            }
        };
        let fill = raw.fill.iter().map(|part| self.part(part, &attributes)).collect::<Result<_, _>>()?;
        Ok(Rule { attributes, prefer, recency_days, fill })
    }

    fn attributes(&self, raw: &[Spanned<String>], earlier: &[Rule]) -> Result<Vec<Attribute>, SurvivorshipError> {
        let mut attributes = Vec::with_capacity(raw.len());
        for word in raw {
            let attribute = self.attribute(word)?;
            if attributes.contains(&attribute) || earlier.iter().any(|rule| rule.attributes.contains(&attribute)) {
                let reason = format!("the attribute `{}` is named twice", attribute.name());
                return Err(self.error(&word.span(), reason));
            }
            attributes.push(attribute);
        }
        Ok(attributes)
    }

    /// A part that may be filled in: attributes of the group, not all of it.
    fn part(
        &self,
        raw: &Spanned<Vec<Spanned<String>>>,
        group: &[Attribute],
    ) -> Result<Vec<Attribute>, SurvivorshipError> {
        let part = self.attributes(raw.get_ref(), &[])?;
        if let Some(outside) = part.iter().find(|attribute| !group.contains(attribute)) {
            let reason = format!("`{}` is not an attribute of this rule", outside.name());
            return Err(self.error(&raw.span(), reason));
        }
        if part.is_empty() || part.len() == group.len() {
            return Err(self.error(&raw.span(), "`fill` lists parts of the rule's attributes, neither none nor all"));
        }
        Ok(part)
    }

    fn attribute(&self, word: &Spanned<String>) -> Result<Attribute, SurvivorshipError> {
        let unknown = || self.error(&word.span(), format!("unknown attribute `{}`", word.get_ref()));
        Attribute::named(word.get_ref()).ok_or_else(unknown)
    }

    fn criterion(&self, word: &Spanned<String>) -> Result<Criterion, SurvivorshipError> {
        let known = Criterion::ALL.iter().copied().find(|criterion| criterion.name() == word.get_ref());
        known.ok_or_else(|| {
            let reason = format!(
                "unknown criterion `{}`; known: `trust`, `recency`, `completeness`, `majority`",
                word.get_ref()
            );
            self.error(&word.span(), reason)
        })
    }
}
