//! Policies, consents and questions as Cedar: by their names, with none of the product's masks or numbers.
//!
//! Purposes are actions below each other, labels are entities below each other, levels of confidentiality are numbers.
//! What others got wrong is avoided: the actions themselves are among the entities (`action in` matches nothing otherwise),
//! and any error of Cedar is an error here, because Cedar skips a policy that fails, a `forbid` as well.

use crate::world::{Asked, INSTITUTIONS, Patient};
use anyhow::{Context as _, ensure};
use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityUid, PolicySet, Request, RestrictedExpression,
};
use consent::document::{Choice, Provision, Recipient};
use consent::policy::{NetworkPolicy, SensitiveCeiling};
use consent::{ActingAs, Effect, Label, Purpose, Relation, SubjectState};
use directory::Instant;
use std::fmt::Write as _;

const LEVELS: [&str; 6] = ["U", "L", "M", "N", "R", "V"];

/// Which label lies below which, as HL7 has them.
const BELOW: [(&str, &[&str]); 5] = [
    ("PSY", &["MH", "PSYTHPN"]),
    ("MH", &["PSYTHPN"]),
    ("SUD", &["ETH", "ETHUD", "OPIOIDUD"]),
    ("ETH", &["ETHUD", "OPIOIDUD"]),
    ("SPI", &["PSY", "SUD", "HIV", "STD", "GDIS"]),
];

/// Which purpose lies below which.
const PURPOSES_BELOW: [(&str, &[&str]); 5] = [
    ("TREAT", &["COC", "ETREAT", "CLINTRL", "POPHLTH"]),
    ("ETREAT", &["ERTREAT", "BTG"]),
    ("HOPERAT", &["CAREMGT", "PATADMIN", "PATSFTY", "HQUALIMP"]),
    ("PUBHLTH", &["DISASTER", "THREAT"]),
    ("PATRQT", &["FAMRQT"]),
];

/// A question for Cedar.
pub struct CedarQuestion {
    request: Request,
    entities: Entities,
}

/// The policies of one patient.
///
/// # Errors
/// When Cedar cannot read them.
pub fn policies(network: &NetworkPolicy, patient: &Patient) -> anyhow::Result<PolicySet> {
    let text = text(network, patient);
    text.parse().with_context(|| format!("cannot read:\n{text}"))
}

fn text(network: &NetworkPolicy, patient: &Patient) -> String {
    let mut text =
        String::from("permit (principal, action, resource) when { principal.institution == resource.custodian };\n");
    if patient.state != SubjectState::Enrolled {
        forbid(&mut text, "true", &[]);
    }
    let sensitive = any(network.sensitive.iter().map(|label| carries(*label, Effect::Deny)));
    for ceiling in &network.ceilings {
        let roles = is_role(&ceiling.roles);
        let seen = ceiling.allowed.iter().chain(&ceiling.with_permit).map(|category| category.word());
        forbid(&mut text, &format!("{roles} && !({}.contains(resource.category))", list(seen)), &[]);
        if matches!(ceiling.sensitive, SensitiveCeiling::Never | SensitiveCeiling::Emergency) {
            forbid(&mut text, &format!("{roles} && ({sensitive})"), &[]);
        }
    }
    for rule in &network.rules {
        let effect = rule.provision.effect.unwrap_or(Effect::Deny);
        let when = condition(&rule.provision, None, effect);
        if !rule.implicit {
            add(&mut text, effect, &when, &[]);
        } else if patient.roots.is_empty() {
            for ceiling in &network.ceilings {
                let allowed = list(ceiling.allowed.iter().map(|category| category.word()));
                let is_free = ceiling.sensitive == SensitiveCeiling::Allowed;
                let labels = if is_free { "true".to_owned() } else { format!("!({sensitive})") };
                let roles = is_role(&ceiling.roles);
                permit(&mut text, &format!("{when} && {roles} && {allowed}.contains(resource.category) && {labels}"));
            }
        }
    }
    patient.roots.iter().for_each(|root| consent(&mut text, root));
    text
}

/// A consent: its permits, its denies, and a root deny that its own permits lift.
fn consent(text: &mut String, root: &Provision) {
    let effect = root.effect.unwrap_or(Effect::Deny);
    let of_exceptions = root.exceptions.iter().map(|exception| {
        let effect = exception.effect.unwrap_or(Effect::Deny);
        (effect, condition(exception, Some(root), effect))
    });
    let exceptions: Vec<(Effect, String)> = of_exceptions.collect();
    let permits: Vec<&str> =
        exceptions.iter().filter(|(it, _)| *it == Effect::Permit).map(|(_, when)| &**when).collect();
    add(text, effect, &condition(root, None, effect), &permits);
    exceptions.iter().for_each(|(effect, when)| add(text, *effect, when, &[]));
}

fn add(text: &mut String, effect: Effect, when: &str, lifted_by: &[&str]) {
    match effect {
        Effect::Permit => permit(text, when),
        Effect::Deny => forbid(text, when, lifted_by),
        Effect::Limit => {}
    }
}

fn permit(text: &mut String, when: &str) {
    let _ = writeln!(text, "permit (principal, action, resource) when {{ {when} }};");
}

/// No deny holds for the own record.
fn forbid(text: &mut String, when: &str, lifted_by: &[&str]) {
    let lifted: String = lifted_by.iter().map(|when| format!(" || ({when})")).collect();
    let own = "principal.institution == resource.custodian";
    let _ = writeln!(text, "forbid (principal, action, resource) when {{ {when} }} unless {{ ({own}){lifted} }};");
}

/// When a provision speaks. A permit inside says what its root says where it is silent, and ends with it.
fn condition(own: &Provision, root: Option<&Provision>, effect: Effect) -> String {
    let outer = root.filter(|_| effect == Effect::Permit);
    let mut parts = vec!["true".to_owned()];
    let recipients = said(&own.recipients, outer.map(|root| &root.recipients));
    parts.extend(recipients.map(|all| any(all.iter().map(is_recipient))));
    parts.extend(said(&own.roles, outer.map(|root| &root.roles)).map(is_role));
    let categories = said(&own.categories, outer.map(|root| &root.categories));
    parts.extend(categories.map(|all| format!("{}.contains(resource.category)", list(all.iter().map(|it| it.word())))));
    let labels = said(&own.labels, outer.map(|root| &root.labels));
    parts.extend(labels.map(|all| any(all.iter().map(|label| carries(*label, effect)))));
    let without = said(&own.without_labels, outer.map(|root| &root.without_labels));
    let other = if effect == Effect::Permit { Effect::Deny } else { Effect::Permit };
    parts.extend(without.map(|all| format!("!({})", any(all.iter().map(|label| carries(*label, other))))));
    let custodians = said(&own.custodians, outer.map(|root| &root.custodians));
    parts.extend(
        custodians.map(|all| format!("{}.contains(resource.custodian)", list(all.iter().map(|id| id.as_str())))),
    );
    let purposes = said(&own.purposes, outer.map(|root| &root.purposes));
    parts
        .extend(purposes.map(|all| any(all.iter().map(|purpose| format!("action in Action::\"{}\"", purpose.code())))));
    for period in own.period.into_iter().chain(root.and_then(|root| root.period)) {
        let (from, until) = (seconds(period.from()), seconds(period.until()));
        parts.push(format!("context.now >= {from} && context.now < {until}"));
    }
    if own.needs_relation || outer.is_some_and(|root| root.needs_relation) {
        parts.push("principal.has_relation".to_owned());
    }
    parts.iter().map(|part| format!("({part})")).collect::<Vec<_>>().join(" && ")
}

fn said<'c, T>(own: &'c Choice<T>, root: Option<&'c Choice<T>>) -> Option<&'c [T]> {
    own.values().or_else(|| root.and_then(Choice::values))
}

fn is_recipient(recipient: &Recipient) -> String {
    match recipient {
        Recipient::Institution(id) => format!("principal.institution == \"{}\"", id.as_str()),
        Recipient::Kind(kind) => format!("principal.kind == \"{}\"", kind.0.word()),
        Recipient::Group(group) => format!("principal.groups.contains(\"{group}\")"),
        Recipient::Region(region) => format!("principal.region == \"{region}\""),
        Recipient::InRelation(all) => any(all.iter().map(|it| format!("principal.relation == \"{}\"", relation(*it)))),
        // The random worlds draw no others.
        _ => "false".to_owned(),
    }
}

fn is_role<'r>(roles: impl IntoIterator<Item = &'r ActingAs>) -> String {
    format!("{}.contains(principal.role)", list(roles.into_iter().map(|role| role.word())))
}

/// A permit is for a level or lower, a deny for a level or higher.
fn carries(label: Label, effect: Effect) -> String {
    match LEVELS.iter().position(|level| *level == label.code()) {
        Some(level) if effect == Effect::Permit => format!("resource.level <= {level}"),
        Some(level) => format!("resource.level >= {level}"),
        None => format!("resource in Label::\"{}\"", label.code()),
    }
}

fn any(parts: impl Iterator<Item = String>) -> String {
    parts.map(|part| format!("({part})")).collect::<Vec<_>>().join(" || ")
}

fn list<'w>(words: impl Iterator<Item = &'w str>) -> String {
    format!("[{}]", words.map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", "))
}

fn relation(relation: Relation) -> &'static str {
    match relation {
        Relation::OpenEncounter => "open_encounter",
        Relation::Referral => "referral",
        Relation::RegisteredDoctor => "registered_doctor",
        Relation::SeenRecently => "seen_recently",
    }
}

fn seconds(instant: Instant) -> i64 {
    if instant == Instant::FOREVER { i64::MAX } else { instant.micros().div_euclid(1_000_000) }
}

/// The actions and labels, each below what includes it.
///
/// # Errors
/// When Cedar refuses a name.
pub fn hierarchies() -> anyhow::Result<Vec<Entity>> {
    let mut all = Vec::new();
    let parents = |table: &[(&str, &[&str])], code: &str, kind: &str| {
        let above = table.iter().filter(|(_, below)| below.contains(&code));
        above.map(|(parent, _)| uid(kind, parent)).collect::<anyhow::Result<Vec<_>>>()
    };
    for purpose in Purpose::all() {
        let above = parents(&PURPOSES_BELOW, purpose.code(), "Action")?;
        all.push(Entity::new_no_attrs(uid("Action", purpose.code())?, above.into_iter().collect()));
    }
    for label in Label::all().filter(|label| !LEVELS.contains(&label.code())) {
        let above = parents(&BELOW, label.code(), "Label")?;
        all.push(Entity::new_no_attrs(uid("Label", label.code())?, above.into_iter().collect()));
    }
    Ok(all)
}

/// A question with all that it is about.
///
/// # Errors
/// When Cedar refuses it.
pub fn question(asked: &Asked, hierarchies: &[Entity]) -> anyhow::Result<CedarQuestion> {
    let word = |text: &str| RestrictedExpression::new_string(text.to_owned());
    let (id, kind, region, group) = INSTITUTIONS[asked.institution];
    let who = [
        ("institution", word(id)),
        ("kind", word(kind.word())),
        ("region", word(region)),
        ("groups", RestrictedExpression::new_set([word(group)])),
        ("role", word(asked.role.word())),
        ("relation", word(asked.relation.map_or("none", relation))),
        ("has_relation", RestrictedExpression::new_bool(asked.relation.is_some())),
    ];
    let level = asked.codes.iter().filter_map(|code| LEVELS.iter().position(|level| level == code)).max().unwrap_or(3);
    let what = [
        ("custodian", word(INSTITUTIONS[asked.custodian].0)),
        ("category", word(asked.category.word())),
        ("level", RestrictedExpression::new_long(i64::try_from(level)?)),
    ];
    let labels = asked.codes.iter().filter(|code| !LEVELS.contains(code)).map(|code| uid("Label", code));
    let labels = labels.collect::<anyhow::Result<Vec<_>>>()?;
    let owned = |(name, value): (&str, RestrictedExpression)| (name.to_owned(), value);
    let principal = uid("User", "u")?;
    let resource = uid("Record", "r")?;
    let action = uid("Action", asked.purpose.code())?;
    let mut entities = hierarchies.to_vec();
    entities.push(Entity::new(principal.clone(), who.map(owned).into_iter().collect(), [].into_iter().collect())?);
    entities.push(Entity::new(resource.clone(), what.map(owned).into_iter().collect(), labels.into_iter().collect())?);
    let now = ("now".to_owned(), RestrictedExpression::new_long(seconds(asked.now)));
    let request = Request::new(principal, action, resource, Context::from_pairs([now])?, None)?;
    Ok(CedarQuestion { request, entities: Entities::from_entities(entities, None)? })
}

/// Whether Cedar allows it.
///
/// # Errors
/// When any policy could not be evaluated.
pub fn is_allowed(authorizer: &Authorizer, policies: &PolicySet, question: &CedarQuestion) -> anyhow::Result<bool> {
    let response = authorizer.is_authorized(&question.request, policies, &question.entities);
    let errors: Vec<String> = response.diagnostics().errors().map(ToString::to_string).collect();
    ensure!(errors.is_empty(), "{}", errors.join("; "));
    Ok(response.decision() == Decision::Allow)
}

fn uid(kind: &str, id: &str) -> anyhow::Result<EntityUid> {
    Ok(EntityUid::from_type_name_and_id(kind.parse()?, id.parse()?))
}
