//! From a provision to flat rules, with the checks that refuse what cannot be meant.
//!
//! Nothing is repaired: an unknown name, an empty list, a window that is no window is an error with the place where it
//! stands. What an exception does not say is read to the safe side: a permit inside says what its root says, a deny inside
//! says "any"; both end when the root ends.

mod selector;

use crate::category::Categories;
use crate::chart::{ConsentId, SubjectState};
use crate::codebook::Codebook;
use crate::document::{Choice, ConsentDocument, GrantorKind, Provision, RecordDays};
use crate::emergency::EmergencyKinds;
use crate::label::{Label, Labels};
use crate::policy::PolicyImage;
use crate::purpose::{Purpose, Purposes};
use crate::rejection::{Rejection, RejectionReason};
use crate::role::Roles;
use crate::rule::{Effect, Flags, Layer, Rule, Second};
use directory::{AsOf, Date, Instant, Period, Snapshot};
use selector::{custodians_of, recipients_of, targets_of};

/// The most exceptions of one provision: a form has a dozen.
pub const EXCEPTIONS_MAX: usize = 64;
/// The most values of one attribute: every institution of a large network.
pub const VALUES_MAX: usize = 4_096;
/// The most rules of one consent.
pub const RULES_MAX: usize = 512;
/// The most days of a window that is counted in days: a century.
pub const DAYS_MAX: u32 = 36_500;

/// Rules of one consent, without its place in a chart.
#[derive(Clone, Debug, PartialEq)]
pub struct CompiledConsent {
    /// The consent.
    pub consent: ConsentId,
    /// Its version.
    pub version: u32,
    /// The rules, each with the number of the provision that it came from.
    pub rules: Vec<(Rule, u16)>,
}

/// What the checks of a document are made against.
#[derive(Clone, Copy, Debug)]
pub struct Known<'a> {
    /// The directory; targets must be in it.
    pub directory: &'a Snapshot,
    /// The moment at which it is asked.
    pub as_of: AsOf,
}

/// Facts about the person that decide whether a document is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignerFacts {
    /// The person's age when it was signed, if the birth date is known.
    pub age: Option<u8>,
    /// Whether the person is dead.
    pub is_deceased: bool,
    /// How the identity stands; nothing depends on it yet.
    pub state: SubjectState,
}

/// Checks a document and makes rules of it. The policies that were ever published are a question of the registry, so the
/// caller says whether this one was.
///
/// # Errors
/// The first [`Rejection`], with the provision that it is about. The codebook may have gained names then; they match
/// nothing.
pub fn compile(
    document: &ConsentDocument,
    (known, signer): (Known<'_>, SignerFacts),
    policy: &PolicyImage,
    book: &mut Codebook,
) -> Result<CompiledConsent, Rejection> {
    check_signer(document, signer, policy).map_err(|reason| Rejection { provision: 0, reason })?;
    let terms = Terms { layer: Layer::Patient, refusable: policy.refusable(), known: Some(known) };
    let rules = compile_provision(&document.root, &terms, book)?;
    Ok(CompiledConsent { consent: document.consent, version: document.version, rules })
}

/// Makes the rules of a document again that was checked when it was written. The policy of today has no say in that: what
/// a person was offered then stays chosen.
///
/// # Errors
/// A [`Rejection`] when the directory is not the one that the document was checked against.
pub(crate) fn recompile(
    document: &ConsentDocument,
    known: Known<'_>,
    book: &mut Codebook,
) -> Result<CompiledConsent, Rejection> {
    let terms = Terms { layer: Layer::Patient, refusable: EmergencyKinds::ALL, known: Some(known) };
    let rules = compile_provision(&document.root, &terms, book)?;
    Ok(CompiledConsent { consent: document.consent, version: document.version, rules })
}

fn check_signer(document: &ConsentDocument, signer: SignerFacts, policy: &PolicyImage) -> Result<(), RejectionReason> {
    let grantor = &document.grantor;
    if document.version == 0 {
        return Err(RejectionReason::Version);
    }
    if document.policy == 0 || document.policy > policy.version() {
        return Err(RejectionReason::UnknownPolicy(document.policy));
    }
    if grantor.kind != GrantorKind::Subject {
        if grantor.evidence.as_deref().is_none_or(|evidence| evidence.trim().is_empty()) {
            return Err(RejectionReason::ProxyWithoutEvidence);
        }
        if grantor.valid.is_some_and(|valid| !valid.contains(document.signed)) {
            return Err(RejectionReason::ProxyNotValid);
        }
    }
    let minimum = policy.minimum_age();
    if let Some(age) = signer.age.filter(|age| grantor.kind == GrantorKind::Subject && *age < minimum) {
        return Err(RejectionReason::TooYoung { age, minimum });
    }
    let permits = document.root.numbered().any(|(_, provision)| provision.effect == Some(Effect::Permit));
    if signer.is_deceased && permits { Err(RejectionReason::Deceased) } else { Ok(()) }
}

/// In whose name and under which terms a provision is compiled.
pub(crate) struct Terms<'a> {
    pub(crate) layer: Layer,
    /// The emergencies that a deny may refuse.
    pub(crate) refusable: EmergencyKinds,
    /// None: names are taken as they are, for a policy that is read before the directory is.
    pub(crate) known: Option<Known<'a>>,
}

/// Makes rules of a root provision and its exceptions.
pub(crate) fn compile_provision(
    root: &Provision,
    terms: &Terms<'_>,
    book: &mut Codebook,
) -> Result<Vec<(Rule, u16)>, Rejection> {
    let at = |provision| move |reason| Rejection { provision, reason };
    let count = root.exceptions.len();
    if count > EXCEPTIONS_MAX {
        let reason = RejectionReason::TooMany { what: "exceptions", count, limit: EXCEPTIONS_MAX };
        return Err(at(0)(reason));
    }
    let has_permits = root.exceptions.iter().any(|exception| exception.effect == Some(Effect::Permit));
    let root_effect = root.effect.unwrap_or(Effect::Deny);
    let mut all = Vec::new();
    for (number, provision) in root.numbered() {
        let effect = if number == 0 { Some(root_effect) } else { provision.effect };
        let effect = effect.ok_or(RejectionReason::NoEffect).map_err(at(number))?;
        if effect == Effect::Limit && terms.layer == Layer::Patient {
            return Err(at(number)(RejectionReason::LimitInConsent));
        }
        let whole = inherited(root, provision, (number, effect)).map_err(at(number))?;
        let is_base = number == 0 && effect == Effect::Deny && has_permits;
        let flags = flags_of(&whole, (effect, is_base), terms).map_err(at(number))?;
        let rules = rules_of(&whole, (effect, flags), terms, book).map_err(at(number))?;
        all.extend(rules.into_iter().map(|rule| (rule, number)));
    }
    if all.len() > RULES_MAX {
        let reason = RejectionReason::TooMany { what: "rules", count: all.len(), limit: RULES_MAX };
        return Err(at(0)(reason));
    }
    Ok(all)
}

/// A provision with what its root says where it is silent.
fn inherited(root: &Provision, own: &Provision, (number, effect): (u16, Effect)) -> Result<Provision, RejectionReason> {
    if number == 0 {
        return Ok(Provision { exceptions: Vec::new(), ..own.clone() });
    }
    if !own.exceptions.is_empty() {
        return Err(RejectionReason::TooDeep);
    }
    let period = match (root.period, own.period) {
        (Some(root), Some(own)) => Some(root.shared_with(own).ok_or(RejectionReason::PeriodOutsideRoot)?),
        (root, own) => own.or(root),
    };
    if effect == Effect::Deny {
        return Ok(Provision { period, ..own.clone() });
    }
    Ok(Provision {
        period,
        effect: own.effect,
        recipients: or(&own.recipients, &root.recipients),
        roles: or(&own.roles, &root.roles),
        categories: or(&own.categories, &root.categories),
        labels: or(&own.labels, &root.labels),
        without_labels: or(&own.without_labels, &root.without_labels),
        custodians: or(&own.custodians, &root.custodians),
        purposes: or(&own.purposes, &root.purposes),
        targets: or(&own.targets, &root.targets),
        days: if own.days == RecordDays::Any { root.days } else { own.days },
        needs_relation: own.needs_relation || root.needs_relation,
        emergencies: or(&own.emergencies, &root.emergencies),
        never_overridden: own.never_overridden,
        obligations: own.obligations.iter().chain(&root.obligations).copied().collect(),
        exceptions: Vec::new(),
    })
}

fn or<T: Clone>(own: &Choice<T>, root: &Choice<T>) -> Choice<T> {
    if own.is_any() { root.clone() } else { own.clone() }
}

fn flags_of(
    provision: &Provision,
    (effect, is_base): (Effect, bool),
    terms: &Terms<'_>,
) -> Result<Flags, RejectionReason> {
    let emergencies: EmergencyKinds = listed(&provision.emergencies, "emergencies")?.iter().copied().collect();
    let mut flags = Flags::new(effect, terms.layer).only_in(emergencies);
    if provision.never_overridden {
        let refused = if emergencies.is_empty() { EmergencyKinds::ALL } else { emergencies };
        if effect != Effect::Deny {
            return Err(RejectionReason::OverrideOnPermit);
        }
        if terms.layer == Layer::Patient && !terms.refusable.has_all(refused) {
            return Err(RejectionReason::RefusalNotOffered);
        }
    } else if effect == Effect::Deny {
        flags = flags.with(Flags::OVERRIDABLE);
    }
    if effect == Effect::Deny && !provision.obligations.is_empty() {
        return Err(RejectionReason::ObligationOnDeny);
    }
    if provision.needs_relation {
        flags = flags.with(Flags::REQUIRES_RELATION);
    }
    if matches!(provision.days, RecordDays::Within(_)) {
        flags = flags.with(Flags::ROLLING);
    }
    Ok(if is_base { flags.with(Flags::BASE) } else { flags })
}

/// One rule for every pair of a recipient and a target, where lists of one kind are one.
fn rules_of(
    provision: &Provision,
    (effect, flags): (Effect, Flags),
    terms: &Terms<'_>,
    book: &mut Codebook,
) -> Result<Vec<Rule>, RejectionReason> {
    let (data_from, data_until) = days_of(provision.days)?;
    let (from, until) = window_of(provision.period)?;
    let labels_any = labels_of(&provision.labels, effect)?;
    let without = listed(&provision.without_labels, "labels")?;
    // What a rule leaves out, it leaves out on the safe side: a permit leaves out that level or higher, a deny that level
    // or lower.
    let outside = |label: &Label| if effect == Effect::Permit { label.denied() } else { label.permitted() };
    let labels_none = without.iter().map(outside).fold(Labels::NONE, Labels::with);
    if !labels_any.is_empty() && labels_any.0 & !labels_none.0 == 0 {
        return Err(RejectionReason::Labels);
    }
    let purposes = listed(&provision.purposes, "purposes")?;
    let closure = |purpose: &Purpose| if effect == Effect::Permit { purpose.permitted() } else { purpose.denied() };
    let purposes = if provision.purposes.is_any() {
        // A permit that names no purpose is for every purpose but those that break through denies.
        if effect == Effect::Permit { Purposes(Purposes::ALL.0 & !Purposes::OVERRIDES.0) } else { Purposes::ALL }
    } else {
        purposes.iter().map(closure).fold(Purposes::NONE, Purposes::with)
    };
    let rule = Rule {
        categories: all_or(&provision.categories, "categories", Categories::ALL)?,
        labels_any,
        labels_none,
        data_from,
        data_until,
        from,
        until,
        purposes,
        roles: all_or(&provision.roles, "roles", Roles::ALL)?,
        custodian: custodians_of(&provision.custodians, terms, book)?,
        obligations: book.enter_obligations(provision.obligations.iter().copied().collect())?,
        flags,
        ..Rule::any(effect, terms.layer)
    };
    let recipients = recipients_of(&provision.recipients, terms, book)?;
    let targets = targets_of(&provision.targets, terms, book)?;
    let pairs = recipients.iter().flat_map(|recipient| targets.iter().map(move |data| (*recipient, *data)));
    Ok(pairs.map(|(recipient, data)| Rule { recipient, data, ..rule }).collect())
}

/// The values of a list, none for "any".
fn listed<'c, T>(choice: &'c Choice<T>, what: &'static str) -> Result<&'c [T], RejectionReason> {
    match choice.values() {
        None => Ok(&[]),
        Some([]) => Err(RejectionReason::EmptyList(what)),
        Some(values) if values.len() > VALUES_MAX => {
            Err(RejectionReason::TooMany { what, count: values.len(), limit: VALUES_MAX })
        }
        Some(values) => Ok(values),
    }
}

fn all_or<T: Copy, S: FromIterator<T>>(choice: &Choice<T>, what: &'static str, any: S) -> Result<S, RejectionReason> {
    let values = listed(choice, what)?;
    Ok(if values.is_empty() { any } else { values.iter().copied().collect() })
}

fn labels_of(choice: &Choice<Label>, effect: Effect) -> Result<Labels, RejectionReason> {
    let covered = |label: &Label| if effect == Effect::Permit { label.permitted() } else { label.denied() };
    Ok(listed(choice, "labels")?.iter().map(covered).fold(Labels::NONE, Labels::with))
}

fn days_of(days: RecordDays) -> Result<(i32, i32), RejectionReason> {
    match days {
        RecordDays::Any => Ok((i32::MIN, i32::MAX)),
        RecordDays::Between(None, None) => Err(RejectionReason::EmptyList("days")),
        RecordDays::Between(Some(first), Some(last)) if last < first => Err(RejectionReason::RecordDays),
        RecordDays::Between(first, last) => {
            Ok((first.map_or(i32::MIN, Date::days), last.map_or(i32::MAX, |last| last.days() + 1)))
        }
        RecordDays::Within(days) => Ok((checked_days(days)?, i32::MAX)),
    }
}

fn checked_days(days: u32) -> Result<i32, RejectionReason> {
    let checked = (1..=DAYS_MAX).contains(&days).then_some(days).and_then(|days| i32::try_from(days).ok());
    checked.ok_or(RejectionReason::Days)
}

fn window_of(period: Option<Period>) -> Result<(Second, Second), RejectionReason> {
    let (from, until) = period.map_or((Instant::MIN, Instant::FOREVER), |period| (period.from(), period.until()));
    let from = Second::exactly(from).ok_or(RejectionReason::Period)?;
    let until = Second::exactly(until).ok_or(RejectionReason::Period)?;
    // A period that ended before 1970 would otherwise have become an empty window.
    if from < until { Ok((from, until)) } else { Err(RejectionReason::Period) }
}
