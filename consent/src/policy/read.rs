//! Reads a policy from TOML, and checks what can be checked without a directory.
//!
//! Unknown keys and words are refused with their line. Which institutions there are is asked when an image is made.

use super::{
    Ceiling, DisasterClause, EmergencyClause, NamedProvision, NetworkPolicy, PolicyTextError, SensitiveCeiling,
};
use crate::category::Categories;
use crate::emergency::EmergencyKind;
use crate::label::Label;
use crate::role::{ActingAs, Roles};
use crate::rule::{Effect, Second};
use directory::{Instant, Period};
use serde::Deserialize;
use std::collections::BTreeSet;
use toml::Spanned;

/// A day: how long an answer may be kept at most, whatever a policy says.
const CACHE_SECONDS_MAX: u32 = 86_400;
/// The longest session of an emergency: a month.
const HOURS_MAX: u16 = 744;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPolicy {
    name: String,
    #[serde(default)]
    cache_for_seconds: Option<Spanned<u32>>,
    minimum_age: u8,
    sealed: Vec<Label>,
    sensitive: Vec<Label>,
    #[serde(default)]
    refusable: Vec<EmergencyKind>,
    #[serde(default)]
    reach_withdrawn_in_emergency: bool,
    ceiling: Vec<Spanned<Ceiling>>,
    #[serde(default)]
    rule: Vec<Spanned<NamedProvision>>,
    #[serde(default)]
    emergency: Vec<Spanned<EmergencyClause>>,
    #[serde(default)]
    disaster: Vec<Spanned<RawDisaster>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawDisaster {
    name: String,
    regions: Vec<Box<str>>,
    from: String,
    until: String,
    by: String,
    basis: String,
}

struct Reader<'t> {
    file: &'t str,
    text: &'t str,
}

impl NetworkPolicy {
    /// Reads and checks a policy; `file` is only named in errors.
    ///
    /// # Errors
    /// [`PolicyTextError`] with file, line and reason.
    pub fn parse(file: &str, text: &str) -> Result<Self, PolicyTextError> {
        let reader = Reader { file, text };
        let raw: RawPolicy = toml::from_str(text)
            .map_err(|error| reader.error(error.span().map_or(text.len(), |span| span.start), error.message()))?;
        let cache = raw.cache_for_seconds.as_ref();
        if let Some(cache) = cache.filter(|seconds| *seconds.get_ref() > CACHE_SECONDS_MAX) {
            let reason = format!("an answer is kept for {CACHE_SECONDS_MAX} seconds at most");
            return Err(reader.error(cache.span().start, reason));
        }
        reader.check_ceilings(&raw.ceiling)?;
        reader.check_rules(&raw)?;
        reader.check_emergencies(&raw.emergency)?;
        let disasters = raw.disaster.iter().map(|disaster| reader.disaster(disaster)).collect::<Result<_, _>>()?;
        Ok(Self {
            name: raw.name,
            cache_for_seconds: raw.cache_for_seconds.map_or(0, Spanned::into_inner),
            minimum_age: raw.minimum_age,
            sealed: raw.sealed,
            sensitive: raw.sensitive,
            refusable: raw.refusable,
            reach_withdrawn_in_emergency: raw.reach_withdrawn_in_emergency,
            ceilings: raw.ceiling.into_iter().map(Spanned::into_inner).collect(),
            rules: raw.rule.into_iter().map(Spanned::into_inner).collect(),
            emergencies: raw.emergency.into_iter().map(Spanned::into_inner).collect(),
            disasters,
            digest: *blake3::hash(text.as_bytes()).as_bytes(),
        })
    }
}

impl Reader<'_> {
    fn error(&self, at: usize, reason: impl Into<String>) -> PolicyTextError {
        let line = 1 + self.text.bytes().take(at).filter(|byte| *byte == b'\n').count();
        PolicyTextError { file: self.file.to_owned(), line, reason: reason.into() }
    }

    /// Every role has exactly one ceiling, so that nothing is decided by silence.
    fn check_ceilings(&self, ceilings: &[Spanned<Ceiling>]) -> Result<(), PolicyTextError> {
        let mut covered = Roles::NONE;
        for ceiling in ceilings {
            let at = ceiling.span().start;
            let Ceiling { roles, allowed, with_permit, summary, .. } = ceiling.get_ref();
            if roles.is_empty() {
                return Err(self.error(at, "a ceiling names at least one role"));
            }
            if let Some(role) = roles.iter().find(|role| covered.meets(role.set())) {
                return Err(self.error(at, format!("the role `{}` has a ceiling already", role.word())));
            }
            covered = roles.iter().fold(covered, |all, role| all.with(role.set()));
            let allowed: Categories = allowed.iter().copied().collect();
            let with_permit: Categories = with_permit.iter().copied().collect();
            if allowed.meets(with_permit) {
                return Err(self.error(at, "a category is allowed, or allowed with a permit, not both"));
            }
            if !allowed.with(with_permit).has_all(summary.iter().copied().collect()) {
                return Err(self.error(at, "a summary is of a category that is allowed, also with a permit"));
            }
        }
        let missing = ActingAs::ALL.into_iter().find(|role| !covered.meets(role.set()));
        let reason = |role: ActingAs| format!("no ceiling names the role `{}`", role.word());
        missing.map_or(Ok(()), |role| Err(self.error(self.text.trim_end().len(), reason(role))))
    }

    fn check_rules(&self, raw: &RawPolicy) -> Result<(), PolicyTextError> {
        let mut names = BTreeSet::new();
        for ceiling in &raw.ceiling {
            if !names.insert(ceiling.get_ref().name.as_str()) {
                return Err(self.error(ceiling.span().start, "the name stands here twice"));
            }
            let needs_list = ceiling.get_ref().sensitive != SensitiveCeiling::Allowed;
            if needs_list && raw.sensitive.is_empty() {
                return Err(self.error(ceiling.span().start, "`sensitive` at the top names no label"));
            }
        }
        for rule in &raw.rule {
            let at = rule.span().start;
            if !names.insert(rule.get_ref().name.as_str()) {
                return Err(self.error(at, format!("the name `{}` stands here twice", rule.get_ref().name)));
            }
            if rule.get_ref().implicit && rule.get_ref().provision.effect != Some(Effect::Permit) {
                return Err(self.error(at, "only a permit is implicit: denies and limits hold for everybody"));
            }
        }
        Ok(())
    }

    fn check_emergencies(&self, clauses: &[Spanned<EmergencyClause>]) -> Result<(), PolicyTextError> {
        let mut kinds = BTreeSet::new();
        for clause in clauses {
            let at = clause.span().start;
            let EmergencyClause { kind, roles, institutions, reasons, hours, opens, .. } = clause.get_ref();
            if !kinds.insert(*kind) {
                return Err(self.error(at, "this kind of emergency stands here twice"));
            }
            if roles.is_empty() || institutions.is_empty() || reasons.is_empty() {
                return Err(self.error(at, "an emergency names roles, institutions and reasons"));
            }
            if !(1..=HOURS_MAX).contains(hours) {
                return Err(self.error(at, format!("a session lasts 1 to {HOURS_MAX} hours")));
            }
            if *kind == EmergencyKind::Consented && !opens.is_empty() {
                return Err(self.error(at, "what was agreed beforehand is opened by the patient's own permit alone"));
            }
        }
        Ok(())
    }

    fn disaster(&self, raw: &Spanned<RawDisaster>) -> Result<DisasterClause, PolicyTextError> {
        let at = raw.span().start;
        let RawDisaster { name, regions, from, until, by, basis } = raw.get_ref();
        let instant = |text: &str| text.parse::<Instant>().map_err(|error| self.error(at, error.to_string()));
        let period = Period::new(instant(from)?, instant(until)?).map_err(|error| self.error(at, error.to_string()))?;
        if Second::exactly(period.from()).is_none() || Second::exactly(period.until()).is_none() {
            return Err(self.error(at, "a disaster begins and ends at whole seconds"));
        }
        if regions.is_empty() || by.trim().is_empty() || basis.trim().is_empty() {
            return Err(self.error(at, "a disaster says its regions, who declared it and on what ground"));
        }
        let (name, by, basis) = (name.clone(), by.clone(), basis.clone());
        Ok(DisasterClause { name, regions: regions.clone(), period, by, basis })
    }
}
