//! Consents and policies as Cedar policies, questions as Cedar requests.
//!
//! The translation starts from documents, not from our compiled rules, so that compilation is compared as well. An error
//! of Cedar while it decides is a failed comparison: there a policy with an error is skipped, and a forbid that is skipped
//! forbids nothing.

use crate::network::{Asked, NOW, Network, date, facts, institution_id, practitioner_id};
use anyhow::{Context as _, bail};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityId, EntityTypeName, EntityUid, PolicySet, Request,
    RestrictedExpression,
};
use consent::document::{Choice, Provision, Recipient, RecordDays};
use consent::policy::{NetworkPolicy, SensitiveCeiling};
use consent::{Category, Effect, Label, Labels, Purposes};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::Write as _;
use std::str::FromStr as _;

/// The network's part of every policy set.
#[must_use]
pub fn network_text(policy: &NetworkPolicy) -> String {
    let mut text = String::new();
    for ceiling in &policy.ceilings {
        let roles = one_of("principal.role", ceiling.roles.iter().map(|role| role.word()));
        let seen: BTreeSet<Category> = ceiling.allowed.iter().chain(&ceiling.with_permit).copied().collect();
        let seen = one_of("resource.category", seen.iter().map(|category| category.word()));
        forbid(&mut text, &format!("{roles} && !{seen}"));
        if ceiling.sensitive == SensitiveCeiling::Never {
            forbid(&mut text, &format!("{roles} && {}", carries(&policy.sensitive, Effect::Deny)));
        }
    }
    policy.rules.iter().for_each(|rule| provision(&mut text, (&rule.provision, None)));
    text
}

/// A patient's part: the root and its exceptions.
#[must_use]
pub fn consent_text(root: &Provision) -> String {
    let mut text = String::new();
    provision(&mut text, (root, None));
    root.exceptions.iter().for_each(|exception| provision(&mut text, (exception, Some(root))));
    text
}

fn forbid(text: &mut String, when: &str) {
    let _ = writeln!(text, "forbid(principal, action, resource) when {{ {when} }};");
}

fn or<'c, T>(own: &'c Choice<T>, root: Option<&'c Choice<T>>) -> Option<&'c [T]> {
    own.values().or_else(|| root.and_then(Choice::values))
}

/// One provision; a permit inside says what its root says where it is silent.
fn provision(text: &mut String, (own, root): (&Provision, Option<&Provision>)) {
    let effect = own.effect.unwrap_or(Effect::Deny);
    let root = root.filter(|_| effect == Effect::Permit);
    let mut tests: Vec<String> = Vec::new();
    if let Some(all) = or(&own.recipients, root.map(|root| &root.recipients)) {
        let any: Vec<String> = all.iter().map(recipient).collect();
        tests.push(format!("({})", any.join(" || ")));
    }
    if let Some(all) = or(&own.roles, root.map(|root| &root.roles)) {
        tests.push(one_of("principal.role", all.iter().map(|role| role.word())));
    }
    if let Some(all) = or(&own.categories, root.map(|root| &root.categories)) {
        tests.push(one_of("resource.category", all.iter().map(|category| category.word())));
    }
    if let Some(all) = or(&own.labels, root.map(|root| &root.labels)) {
        tests.push(carries(all, effect));
    }
    if let Some(all) = or(&own.custodians, root.map(|root| &root.custodians)) {
        tests.push(one_of("resource.custodian", all.iter().map(|id| id.as_str())));
    }
    let every = Purposes(Purposes::ALL.0 & !Purposes::OVERRIDES.0);
    let purposes = or(&own.purposes, root.map(|root| &root.purposes)).map(|all| {
        let closed = all.iter().map(|one| if effect == Effect::Permit { one.permitted() } else { one.denied() });
        closed.fold(Purposes::NONE, Purposes::with)
    });
    let purposes = purposes.or((effect == Effect::Permit).then_some(every));
    tests.extend(purposes.map(|all| one_of("context.purpose", all.iter().map(|purpose| purpose.code()))));
    let days = if own.days == RecordDays::Any { root.map_or(own.days, |root| root.days) } else { own.days };
    if let RecordDays::Between(first, last) = days {
        tests.extend(first.map(|first| format!("resource.day >= {}", first.days())));
        tests.extend(last.map(|last| format!("resource.day <= {}", last.days())));
    }
    if let Some(period) = own.period {
        tests.push(format!("context.now >= {}", period.from().micros()));
        tests.push(format!("context.now < {}", period.until().micros()));
    }
    if own.needs_relation || root.is_some_and(|root| root.needs_relation) {
        tests.push("principal.has_relation".to_owned());
    }
    let word = if effect == Effect::Permit { "permit" } else { "forbid" };
    let when = if tests.is_empty() { "true".to_owned() } else { tests.join(" && ") };
    let _ = writeln!(text, "{word}(principal, action, resource) when {{ {when} }};");
}

fn one_of<'w>(attribute: &str, words: impl Iterator<Item = &'w str>) -> String {
    let words: Vec<String> = words.map(|word| format!("{word:?}")).collect();
    format!("[{}].contains({attribute})", words.join(", "))
}

/// Whether the record carries one of these: sensitivity as a set, the level by its rank.
fn carries(labels: &[Label], effect: Effect) -> String {
    let covered = |label: &Label| if effect == Effect::Permit { label.permitted() } else { label.denied() };
    let all = labels.iter().map(covered).fold(Labels::NONE, Labels::with);
    let words: Vec<String> = all.iter().map(|label| format!("{:?}", label.code())).collect();
    format!("resource.labels.containsAny([{}])", words.join(", "))
}

fn recipient(recipient: &Recipient) -> String {
    match recipient {
        Recipient::Institution(id) => format!("principal.institution == {:?}", id.as_str()),
        Recipient::Kind(kind) => format!("principal.kind == {:?}", kind.0.word()),
        Recipient::Group(group) => format!("principal.groups.contains({group:?})"),
        Recipient::Region(region) => format!("principal.region == {region:?}"),
        Recipient::Practitioner(id) => format!("principal.practitioner == {:?}", id.as_str()),
        other => unreachable!("{other:?} is not drawn for the comparison"),
    }
}

/// Reads a policy set.
///
/// # Errors
/// When Cedar does not take the text, which is a defect of the translation.
pub fn read(text: &str) -> anyhow::Result<PolicySet> {
    PolicySet::from_str(text).with_context(|| format!("cannot read the translation:\n{text}"))
}

/// A question with its entities.
///
/// # Errors
/// When Cedar does not take it.
pub fn question(asked: &Asked) -> anyhow::Result<(Request, Entities)> {
    let text = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let set = |words: &[&str]| RestrictedExpression::new_set(words.iter().map(|word| text(word)));
    let (kind, region, groups) = facts(asked.institution);
    let principal = uid("User", "asking")?;
    let principal_facts = HashMap::from([
        ("role".to_owned(), text(asked.role.word())),
        ("institution".to_owned(), text(institution_id(asked.institution).as_str())),
        ("kind".to_owned(), text(kind.word())),
        ("region".to_owned(), text(region)),
        ("groups".to_owned(), set(&groups)),
        ("practitioner".to_owned(), text(practitioner_id(asked.practitioner).as_str())),
        ("has_relation".to_owned(), RestrictedExpression::new_bool(asked.has_relation)),
    ]);
    let labels: Vec<&str> = Labels::of_record(asked.codes.iter().copied()).iter().map(Label::code).collect();
    let resource = uid("Record", "asked")?;
    let resource_facts = HashMap::from([
        ("custodian".to_owned(), text(institution_id(asked.custodian).as_str())),
        ("category".to_owned(), text(asked.category.word())),
        ("labels".to_owned(), set(&labels)),
        ("day".to_owned(), RestrictedExpression::new_long(i64::from(date(asked.day).days()))),
    ]);
    let action = uid("Action", "see")?;
    let entities = Entities::from_entities(
        [
            Entity::new(principal.clone(), principal_facts, HashSet::new())?,
            Entity::new(resource.clone(), resource_facts, HashSet::new())?,
            // An action that is not in the store matches nothing, and without an error.
            Entity::new(action.clone(), HashMap::new(), HashSet::new())?,
        ],
        None,
    )?;
    let now = NOW.plus_micros(asked.minutes * 60 * 1_000_000).micros();
    let context = Context::from_pairs([
        ("purpose".to_owned(), text(asked.purpose.code())),
        ("now".to_owned(), RestrictedExpression::new_long(now)),
    ])?;
    Ok((Request::new(principal, action, resource, context, None)?, entities))
}

fn uid(kind: &str, id: &str) -> anyhow::Result<EntityUid> {
    Ok(EntityUid::from_type_name_and_id(EntityTypeName::from_str(kind)?, EntityId::from_str(id)?))
}

/// Whether Cedar allows it.
///
/// # Errors
/// Any error of a policy while it was evaluated.
pub fn decide(policies: &PolicySet, (request, entities): &(Request, Entities)) -> anyhow::Result<bool> {
    let response = Authorizer::new().is_authorized(request, policies, entities);
    if let Some(error) = response.diagnostics().errors().next() {
        bail!("a policy was skipped: {error}");
    }
    Ok(response.decision() == Decision::Allow)
}

/// The policy set of one patient: the network's part and his or her own.
///
/// # Errors
/// As [`read`].
pub fn policy_set(network: &Network, root: &Provision) -> anyhow::Result<PolicySet> {
    read(&format!("{}{}", network_text(&network.policy), consent_text(root)))
}
