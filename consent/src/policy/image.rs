//! One version of a policy as rules, ready to decide with.
//!
//! Ceilings come first, then the rules of the network, then what emergencies open; vetoes of custodians lie apart, in
//! spans by custodian, so that a decision asks only those of the record's own. An image never changes.

use super::index::RuleIndex;
use super::{Ceiling, DisasterClause, EmergencyClause, NamedProvision, NetworkPolicy, SensitiveCeiling};
use crate::category::Categories;
use crate::codebook::{Codebook, CodebookFull, Name, Number};
use crate::compile::{Known, Terms, compile_provision};
use crate::document::{Choice, Provision};
use crate::emergency::{Disaster, EmergencyKind, EmergencyKinds, EmergencyPolicy, EmergencyTerms};
use crate::label::Labels;
use crate::obligation::{Obligation, Obligations};
use crate::rejection::Rejection;
use crate::role::Roles;
use crate::rule::{Effect, Flags, Layer, Rule, Second};
use directory::InstitutionId;

/// A veto of a custodian on its own records (公開対象外): a deny, or a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Veto {
    /// Whose records.
    pub custodian: InstitutionId,
    /// Its name in reasons.
    pub name: String,
    /// A deny or a limit; what it says of custodians is replaced by its own.
    pub provision: Provision,
}

/// Where a rule of an image came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyRule {
    /// The name of the ceiling, rule, emergency or veto.
    pub name: String,
    /// Whether it is a ceiling of a role.
    pub is_ceiling: bool,
}

/// Why a policy cannot be made into an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// A rule or veto is refused.
    #[error("cannot take `{name}`")]
    Rule {
        /// The name of the rule or veto.
        name: String,
        /// Why.
        source: Rejection,
    },
    /// A veto that permits: a custodian can hide its records, not open them.
    #[error("the veto `{name}` permits; a custodian denies or limits")]
    PermittingVeto {
        /// The name of the veto.
        name: String,
    },
    /// A region of a disaster in which no institution lies.
    #[error("no institution lies in the region `{region}` of the disaster `{disaster}`")]
    UnknownRegion {
        /// The disaster.
        disaster: String,
        /// The region.
        region: Box<str>,
    },
    /// The version begins at 1.
    #[error("versions are counted from 1")]
    Version,
    /// The codebook is full.
    #[error("cannot number the names of the policy")]
    Full(#[from] CodebookFull),
}

/// One version of a policy with the vetoes of custodians, as rules.
#[derive(Clone, Debug)]
pub struct PolicyImage {
    version: u32,
    digest: [u8; 32],
    rules: Vec<Rule>,
    index: RuleIndex,
    names: Vec<PolicyRule>,
    vetoes: Vec<Rule>,
    veto_names: Vec<PolicyRule>,
    /// By the number of the custodian: where its vetoes begin and end.
    spans: Vec<(u32, u32)>,
    emergency: EmergencyPolicy,
    sealed: Labels,
    sensitive: Labels,
    refusable: EmergencyKinds,
    may_reach_withdrawn: bool,
    minimum_age: u8,
    cache_for_seconds: u32,
}

impl PolicyImage {
    /// Makes the image of one version. Without a directory, names are taken as they are, for checking a file alone.
    ///
    /// # Errors
    /// [`PolicyError`] names the rule, veto or disaster that is refused.
    pub fn compile(
        policy: &NetworkPolicy,
        version: u32,
        (known, vetoes): (Option<Known<'_>>, &[Veto]),
        book: &mut Codebook,
    ) -> Result<Self, PolicyError> {
        if version == 0 {
            return Err(PolicyError::Version);
        }
        let sensitive = policy.sensitive.iter().map(|label| label.denied()).fold(Labels::NONE, Labels::with);
        let mut image = Self {
            version,
            digest: policy.digest,
            rules: Vec::new(),
            index: RuleIndex::default(),
            names: Vec::new(),
            vetoes: Vec::new(),
            veto_names: Vec::new(),
            spans: Vec::new(),
            emergency: EmergencyPolicy::default(),
            sealed: policy.sealed.iter().map(|label| label.denied()).fold(Labels::NONE, Labels::with),
            sensitive,
            refusable: policy.refusable.iter().copied().collect(),
            may_reach_withdrawn: policy.reach_withdrawn_in_emergency,
            minimum_age: policy.minimum_age,
            cache_for_seconds: policy.cache_for_seconds,
        };
        for ceiling in &policy.ceilings {
            image.add_ceiling(ceiling, sensitive, book)?;
        }
        for rule in &policy.rules {
            let terms = Terms { layer: Layer::Network, refusable: EmergencyKinds::ALL, known };
            image.add_rule(rule, (&policy.ceilings, sensitive), &terms, book)?;
        }
        policy.emergencies.iter().for_each(|clause| image.add_emergency(clause));
        for disaster in &policy.disasters {
            image.add_disaster(disaster, known, book)?;
        }
        image.add_vetoes(vetoes, known, book)?;
        image.index = RuleIndex::new(&image.rules);
        Ok(image)
    }

    fn push(&mut self, rule: Rule, name: &str, is_ceiling: bool) {
        self.rules.push(rule);
        self.names.push(PolicyRule { name: name.to_owned(), is_ceiling });
    }

    fn add_ceiling(&mut self, ceiling: &Ceiling, sensitive: Labels, book: &mut Codebook) -> Result<(), PolicyError> {
        let roles: Roles = ceiling.roles.iter().copied().collect();
        let seen: Categories = ceiling.allowed.iter().chain(&ceiling.with_permit).copied().collect();
        let deny = Rule { roles, ..Rule::any(Effect::Deny, Layer::Network) };
        let categories = Categories::ALL.without(seen);
        if !categories.is_empty() {
            self.push(Rule { categories, ..deny }, &ceiling.name, true);
        }
        let of_sensitive = Rule { labels_any: sensitive, ..deny };
        match ceiling.sensitive {
            SensitiveCeiling::Never => self.push(of_sensitive, &ceiling.name, true),
            SensitiveCeiling::Emergency => {
                let flags = of_sensitive.flags.with(Flags::OVERRIDABLE);
                self.push(Rule { flags, ..of_sensitive }, &ceiling.name, true);
            }
            SensitiveCeiling::Allowed | SensitiveCeiling::WithPermit => {}
        }
        if !ceiling.summary.is_empty() {
            let obligations = book.enter_obligations(Obligations::NONE.and(Obligation::SummaryOnly))?;
            let categories = ceiling.summary.iter().copied().collect();
            let limit = Rule { roles, categories, obligations, ..Rule::any(Effect::Limit, Layer::Network) };
            self.push(limit, &ceiling.name, true);
        }
        Ok(())
    }

    fn add_rule(
        &mut self,
        NamedProvision { name, implicit, provision }: &NamedProvision,
        (ceilings, sensitive): (&[Ceiling], Labels),
        terms: &Terms<'_>,
        book: &mut Codebook,
    ) -> Result<(), PolicyError> {
        let refused = |source| PolicyError::Rule { name: name.clone(), source };
        for (rule, _) in compile_provision(provision, terms, book).map_err(refused)? {
            if !implicit || rule.flags.effect() != Effect::Permit {
                self.push(rule, name, false);
                continue;
            }
            // What a role may see only with the patient's permit is not part of what nobody was asked about.
            for ceiling in ceilings {
                let roles = ceiling.roles.iter().copied().collect::<Roles>();
                let roles = Roles(rule.roles.0 & roles.0);
                let allowed: Categories = ceiling.allowed.iter().copied().collect();
                let categories = Categories(rule.categories.0 & allowed.0);
                if roles == Roles::NONE || categories.is_empty() {
                    continue;
                }
                let is_free = ceiling.sensitive == SensitiveCeiling::Allowed;
                let labels_none = if is_free { rule.labels_none } else { rule.labels_none.with(sensitive) };
                let flags = rule.flags.with(Flags::IMPLICIT);
                self.push(Rule { roles, categories, labels_none, flags, ..rule }, name, false);
            }
        }
        Ok(())
    }

    fn add_emergency(&mut self, clause: &EmergencyClause) {
        let roles: Roles = clause.roles.iter().copied().collect();
        let terms = EmergencyTerms {
            roles,
            institutions: clause.institutions.iter().map(|kind| kind.0).collect(),
            reasons: clause.reasons.iter().fold(0, |all, reason| all | reason.bit()),
            seconds: u32::from(clause.hours) * 3_600,
            needs_naming: clause.needs_naming,
            needs_reauthentication: clause.needs_reauthentication,
            obligations: clause.obligations.iter().copied().collect(),
        };
        let place = EmergencyKind::ALL.iter().position(|kind| *kind == clause.kind);
        place.and_then(|place| self.emergency.terms.get_mut(place)).into_iter().for_each(|slot| {
            *slot = Some(terms.clone());
        });
        if !clause.opens.is_empty() {
            let any = Rule::any(Effect::Permit, Layer::Network);
            let permit = Rule {
                roles,
                categories: clause.opens.iter().copied().collect(),
                purposes: clause.kind.purposes(),
                labels_none: self.sealed,
                flags: any.flags.only_in(clause.kind.set()),
                ..any
            };
            self.push(permit, clause.kind.english(), false);
        }
    }

    fn add_disaster(
        &mut self,
        clause: &DisasterClause,
        known: Option<Known<'_>>,
        book: &mut Codebook,
    ) -> Result<(), PolicyError> {
        let mut regions = Vec::new();
        for region in &clause.regions {
            let is_there = |known: Known<'_>| {
                known.directory.institutions(known.as_of).any(|(_, institution)| institution.region == *region)
            };
            if !known.is_none_or(is_there) {
                return Err(PolicyError::UnknownRegion { disaster: clause.name.clone(), region: region.clone() });
            }
            regions.push(book.enter(Name::Region(region.clone()))?);
        }
        let (from, until) = (Second::of(clause.period.from()), Second::of(clause.period.until()));
        self.emergency.disasters.push(Disaster { name: clause.name.clone(), regions, from, until });
        Ok(())
    }

    fn add_vetoes(
        &mut self,
        vetoes: &[Veto],
        known: Option<Known<'_>>,
        book: &mut Codebook,
    ) -> Result<(), PolicyError> {
        let mut numbered = Vec::new();
        for veto in vetoes {
            let rules = veto_rules(veto, known, book)?;
            let number = book.number(&Name::Institution(veto.custodian.clone()));
            numbered.extend(rules.into_iter().map(|rule| (number, rule, &veto.name)));
        }
        numbered.sort_by_key(|(number, ..)| *number);
        for (number, rule, name) in numbered {
            let start = u32::try_from(self.vetoes.len()).unwrap_or(u32::MAX);
            let place = usize::try_from(number.0).unwrap_or(usize::MAX);
            if self.spans.len() <= place {
                self.spans.resize(place + 1, (start, start));
            }
            self.spans.iter_mut().skip(place).take(1).for_each(|span| {
                *span = if span.0 == span.1 { (start, start + 1) } else { (span.0, start + 1) };
            });
            self.vetoes.push(rule);
            self.veto_names.push(PolicyRule { name: name.clone(), is_ceiling: false });
        }
        Ok(())
    }

    /// The same terms without a rule, for asking what single rules do.
    #[cfg(test)]
    pub(crate) fn without_rules(self) -> Self {
        Self {
            rules: Vec::new(),
            index: RuleIndex::default(),
            names: Vec::new(),
            vetoes: Vec::new(),
            veto_names: Vec::new(),
            ..self
        }
    }

    /// The version.
    #[must_use]
    pub fn version(&self) -> u32 {
        self.version
    }

    /// The digest of the text that it was read from.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// The rules of the network.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// Which rules of the network can match, by category, purpose and role.
    #[inline]
    pub(crate) fn index(&self) -> &RuleIndex {
        &self.index
    }

    /// The rules of all custodians.
    #[must_use]
    pub fn custodian_rules(&self) -> &[Rule] {
        &self.vetoes
    }

    /// The rules of one custodian, and the place of the first among all.
    #[must_use]
    #[inline]
    pub fn rules_of(&self, custodian: Number) -> (u32, &[Rule]) {
        let place = usize::try_from(custodian.0).unwrap_or(usize::MAX);
        let (start, end) = self.spans.get(place).copied().unwrap_or_default();
        let range = usize::try_from(start).unwrap_or(0)..usize::try_from(end).unwrap_or(0);
        (start, self.vetoes.get(range).unwrap_or_default())
    }

    /// Where a rule of the network came from.
    #[must_use]
    pub fn network_origin(&self, place: u32) -> Option<&PolicyRule> {
        self.names.get(usize::try_from(place).ok()?)
    }

    /// Where a rule of a custodian came from.
    #[must_use]
    pub fn custodian_origin(&self, place: u32) -> Option<&PolicyRule> {
        self.veto_names.get(usize::try_from(place).ok()?)
    }

    /// The emergencies that it knows.
    #[must_use]
    pub fn emergency(&self) -> &EmergencyPolicy {
        &self.emergency
    }

    /// Labels that no emergency opens.
    #[must_use]
    pub fn sealed(&self) -> Labels {
        self.sealed
    }

    /// The labels that the ceilings call sensitive, with those that they include.
    #[must_use]
    pub fn sensitive(&self) -> Labels {
        self.sensitive
    }

    /// The emergencies that a person may refuse for good.
    #[must_use]
    pub fn refusable(&self) -> EmergencyKinds {
        self.refusable
    }

    /// Whether an emergency reaches persons who withdrew.
    #[must_use]
    pub fn may_reach_withdrawn_in_emergency(&self) -> bool {
        self.may_reach_withdrawn
    }

    /// From which age a person signs alone.
    #[must_use]
    pub fn minimum_age(&self) -> u8 {
        self.minimum_age
    }

    /// How long a client may keep an answer, in seconds.
    #[must_use]
    pub fn cache_for_seconds(&self) -> u32 {
        self.cache_for_seconds
    }
}

/// Checks a veto by itself.
///
/// # Errors
/// [`PolicyError`] when it permits or cannot be meant.
pub(crate) fn check_veto(veto: &Veto, known: Known<'_>, book: &mut Codebook) -> Result<(), PolicyError> {
    veto_rules(veto, Some(known), book).map(drop)
}

fn veto_rules(veto: &Veto, known: Option<Known<'_>>, book: &mut Codebook) -> Result<Vec<Rule>, PolicyError> {
    let Veto { custodian, name, provision } = veto;
    if provision.numbered().any(|(_, part)| part.effect == Some(Effect::Permit)) {
        return Err(PolicyError::PermittingVeto { name: name.clone() });
    }
    let terms = Terms { layer: Layer::Custodian, refusable: EmergencyKinds::ALL, known };
    let provision = Provision { custodians: Choice::Of(vec![custodian.clone()]), ..provision.clone() };
    let refused = |source| PolicyError::Rule { name: name.clone(), source };
    let rules = compile_provision(&provision, &terms, book).map_err(refused)?;
    Ok(rules.into_iter().map(|(rule, _)| rule).collect())
}
