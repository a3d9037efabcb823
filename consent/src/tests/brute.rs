//! A second evaluator, written from the model's text, over documents and names: no masks, no numbers, no compilation.
//!
//! It shares with the engine the documents, the words and the joining of obligations, and nothing else. What the two
//! disagree about is a defect of one of them.

use super::random::*;
use super::world::*;
use crate::document::*;
use crate::policy::{EmergencyClause, NamedProvision, NetworkPolicy, SensitiveCeiling};
use crate::*;
use directory::{Date, InstitutionKind, Offset};
use proptest::prelude::*;

/// What a rule would do, and what it asks for beside.
struct Found {
    effect: Effect,
    /// The consent that it is from.
    consent: Option<usize>,
    is_base: bool,
    is_overridable: bool,
    obligations: Vec<Obligation>,
}

fn facts(institution: &str) -> (InstitutionKind, &'static str, &'static [&'static str]) {
    match institution {
        "h1" => (InstitutionKind::Hospital, "izumo", &["stroke"]),
        "h2" => (InstitutionKind::Hospital, "matsue", &[]),
        "c1" => (InstitutionKind::Clinic, "izumo", &["stroke"]),
        "p1" => (InstitutionKind::Pharmacy, "izumo", &[]),
        "f1" => (InstitutionKind::Government, "izumo", &[]),
        _ => (InstitutionKind::Network, "tottori", &[]),
    }
}

fn practitioner(asked: &Asked) -> Option<&'static str> {
    let is = |role| asked.role == ActingAs::Profession(role);
    let id = match asked.institution {
        "h1" if is(directory::Role::Physician) => "d1",
        "h2" if is(directory::Role::Physician) || is(directory::Role::Nurse) => "d2",
        "c1" if is(directory::Role::Physician) => "d3",
        _ => return None,
    };
    asked.has_practitioner.then_some(id)
}

/// What the brute evaluator says: obligations when permitted, nothing when denied.
fn brute(policy: &NetworkPolicy, vetoes: &[Veto], roots: &[Provision], asked: &Asked) -> Option<Obligations> {
    let [is_suspended, _, is_stale, _] = asked.flags;
    let is_own = asked.institution == asked.custodian;
    let emergency = authorise(policy, asked);
    if is_suspended || is_stale || (emergency.is_err() && !is_own) {
        return None;
    }
    if is_own {
        return Some([Obligation::Audit].into_iter().collect());
    }
    let authorised = emergency.ok().flatten();
    let kind = authorised.map(|clause| clause.kind);
    let found = collect(policy, vetoes, roots, (asked, kind));
    let permits: Vec<&Found> = found.iter().filter(|it| it.effect == Effect::Permit).collect();
    let is_sealed = carries(&policy.sealed, asked, Effect::Deny);
    let sets_aside =
        matches!(kind, Some(EmergencyKind::BreakGlass | EmergencyKind::Ambulance | EmergencyKind::Disaster))
            && !is_sealed;
    let stands = |deny: &&Found| {
        let is_lifted = deny.is_base && permits.iter().any(|permit| permit.consent == deny.consent);
        !(is_lifted || sets_aside && deny.is_overridable)
    };
    let is_denied = found.iter().filter(|it| it.effect == Effect::Deny).any(|deny| stands(&deny));
    if is_denied || permits.is_empty() {
        return None;
    }
    let of_rules = found.iter().filter(|it| it.effect != Effect::Deny).flat_map(|it| it.obligations.clone());
    let of_emergency = authorised.into_iter().flat_map(|clause| {
        clause.obligations.iter().copied().chain([Obligation::Audit, Obligation::Notify(Notified::Patient)])
    });
    Some(of_rules.chain(of_emergency).collect())
}

/// The clause of an emergency that is authorised; an error when one is missing or does not fit.
fn authorise<'p>(policy: &'p NetworkPolicy, asked: &Asked) -> Result<Option<&'p EmergencyClause>, ()> {
    use {EmergencyKind as Kind, Purpose as P};
    let needs = [P::BTG, P::ETREAT, P::ERTREAT, P::DISASTER].contains(&asked.purpose);
    let Some(declared) = asked.emergency() else { return if needs { Err(()) } else { Ok(None) } };
    let clause = policy.emergencies.iter().find(|clause| clause.kind == declared.kind).ok_or(())?;
    let fits = match declared.kind {
        Kind::BreakGlass => asked.purpose == P::BTG,
        Kind::Consented | Kind::Ambulance => [P::ETREAT, P::ERTREAT].contains(&asked.purpose),
        Kind::Disaster => asked.purpose == P::DISASTER,
    };
    let (kind, region, _) = facts(asked.institution);
    let [.., is_named] = asked.flags;
    let age = asked.now().since(declared.opened);
    let is_on = 0 <= age && age < i64::from(clause.hours) * HOUR;
    let has_disaster = policy
        .disasters
        .iter()
        .any(|disaster| disaster.regions.iter().any(|one| &**one == region) && disaster.period.contains(asked.now()));
    let is_authorised = fits
        && clause.roles.contains(&asked.role)
        && clause.institutions.contains(&KindWord(kind))
        && declared.reason.is_some_and(|reason| clause.reasons.contains(&reason))
        && (is_named || !clause.needs_naming)
        && (declared.is_reauthenticated || !clause.needs_reauthentication)
        && is_on
        && (declared.kind != Kind::Disaster || has_disaster);
    if is_authorised { Ok(Some(clause)) } else { Err(()) }
}

fn collect(
    policy: &NetworkPolicy,
    vetoes: &[Veto],
    roots: &[Provision],
    (asked, kind): (&Asked, Option<EmergencyKind>),
) -> Vec<Found> {
    let mut found = Vec::new();
    let ceiling = policy.ceilings.iter().find(|ceiling| ceiling.roles.contains(&asked.role)).unwrap();
    let is_sensitive = carries(&policy.sensitive, asked, Effect::Deny);
    let plain = |effect, is_overridable, obligations| Found {
        effect,
        consent: None,
        is_base: false,
        is_overridable,
        obligations,
    };
    let is_allowed = ceiling.allowed.contains(&asked.category);
    if !is_allowed && !ceiling.with_permit.contains(&asked.category) {
        found.push(plain(Effect::Deny, false, Vec::new()));
    }
    match ceiling.sensitive {
        SensitiveCeiling::Never if is_sensitive => found.push(plain(Effect::Deny, false, Vec::new())),
        SensitiveCeiling::Emergency if is_sensitive => found.push(plain(Effect::Deny, true, Vec::new())),
        _ => {}
    }
    if ceiling.summary.contains(&asked.category) {
        found.push(plain(Effect::Limit, false, vec![Obligation::SummaryOnly]));
    }
    for NamedProvision { implicit, provision, .. } in &policy.rules {
        let is_free = ceiling.sensitive == SensitiveCeiling::Allowed || !is_sensitive;
        if !implicit || (roots.is_empty() && is_allowed && is_free) {
            found.extend(of_root(provision, None, (asked, kind)));
        }
    }
    let is_sealed = carries(&policy.sealed, asked, Effect::Deny);
    for clause in policy.emergencies.iter().filter(|clause| Some(clause.kind) == kind) {
        if clause.roles.contains(&asked.role) && clause.opens.contains(&asked.category) && !is_sealed {
            found.push(plain(Effect::Permit, false, Vec::new()));
        }
    }
    for veto in vetoes.iter().filter(|veto| veto.custodian.as_str() == asked.custodian) {
        let all = of_root(&veto.provision, None, (asked, kind));
        found.extend(all);
    }
    for (number, root) in roots.iter().enumerate() {
        found.extend(of_root(root, Some(number), (asked, kind)));
    }
    found
}

/// What the root and its exceptions say, each with its own effect.
fn of_root(root: &Provision, consent: Option<usize>, (asked, kind): (&Asked, Option<EmergencyKind>)) -> Vec<Found> {
    let has_permits = root.exceptions.iter().any(|exception| exception.effect == Some(Effect::Permit));
    let mut found = Vec::new();
    for (number, own) in root.numbered() {
        let effect = own.effect.unwrap();
        // Only a permit inside says what its root says where it is silent; a veto's custodian is tested by the caller.
        let silent = if number > 0 && effect == Effect::Permit { Some(root) } else { None };
        let within_root = root.period.is_none_or(|period| period.contains(asked.now()));
        let mut obligations = own.obligations.clone();
        obligations.extend(silent.iter().flat_map(|root| root.obligations.iter().copied()));
        if within_root && says(own, silent, effect, (asked, kind), consent.is_none()) {
            found.push(Found {
                effect,
                consent,
                is_base: number == 0 && effect == Effect::Deny && has_permits && consent.is_some(),
                is_overridable: !own.never_overridden,
                obligations,
            });
        }
    }
    found
}

fn pick<'c, T>(own: &'c Choice<T>, root: Option<&'c Choice<T>>) -> Option<&'c [T]> {
    own.values().or_else(|| root.and_then(Choice::values))
}

fn says(
    own: &Provision,
    root: Option<&Provision>,
    effect: Effect,
    (asked, kind): (&Asked, Option<EmergencyKind>),
    is_of_network: bool,
) -> bool {
    let is_deny = effect == Effect::Deny;
    let any = |test: Option<bool>| test.unwrap_or(true);
    let recipients = pick(&own.recipients, root.map(|root| &root.recipients));
    let roles = pick(&own.roles, root.map(|root| &root.roles));
    let categories = pick(&own.categories, root.map(|root| &root.categories));
    let labels = pick(&own.labels, root.map(|root| &root.labels));
    let custodians = pick(&own.custodians, root.map(|root| &root.custodians));
    let purposes = pick(&own.purposes, root.map(|root| &root.purposes));
    let targets = pick(&own.targets, root.map(|root| &root.targets));
    let kinds = pick(&own.emergencies, root.map(|root| &root.emergencies));
    let days = if own.days == RecordDays::Any { root.map_or(own.days, |root| root.days) } else { own.days };
    let needs_relation = own.needs_relation || root.is_some_and(|root| root.needs_relation);
    let is_override = [Purpose::BTG, Purpose::DISASTER].contains(&asked.purpose);
    any(recipients.map(|all| all.iter().any(|one| is_recipient(one, asked, is_deny))))
        && any(roles.map(|all| all.contains(&asked.role)))
        && any(categories.map(|all| all.contains(&asked.category)))
        && any(labels.map(|all| carries(all, asked, effect)))
        // A custodian speaks of its own records, whatever its veto says of custodians.
        && (any(custodians.map(|all| all.iter().any(|id| id.as_str() == asked.custodian))) || (is_of_network && is_veto(own)))
        && purposes.map_or(effect != Effect::Permit || !is_override, |all| {
            all.iter().any(|purpose| includes(*purpose, asked.purpose, effect))
        })
        && any(targets.map(|all| all.iter().any(|target| is_target(target, asked, is_deny))))
        && any(kinds.map(|all| kind.is_some_and(|kind| all.contains(&kind))))
        && is_of_days(days, asked, is_deny)
        && own.period.is_none_or(|period| period.contains(asked.now()))
        && (!needs_relation || !asked.relations.is_empty())
}

/// Rules of the default policy name no custodian; those that do are vetoes.
fn is_veto(provision: &Provision) -> bool {
    !provision.custodians.is_any()
}

fn includes(granted: Purpose, asked: Purpose, effect: Effect) -> bool {
    let below = |parent, child| granted == parent && asked == child;
    granted == asked
        || below(Purpose::TREAT, Purpose::ETREAT)
        || (effect != Effect::Permit && (below(Purpose::TREAT, Purpose::BTG) || below(Purpose::ETREAT, Purpose::BTG)))
}

/// Whether the record carries one of these, read as a permit or a deny reads levels.
fn carries(labels: &[Label], asked: &Asked, effect: Effect) -> bool {
    const ORDER: [&str; 6] = ["U", "L", "M", "N", "R", "V"];
    let rank = |code: &str| ORDER.iter().position(|level| *level == code);
    let level = asked.codes.iter().filter_map(|code| rank(code)).max().unwrap_or(3);
    labels.iter().any(|label| match rank(label.code()) {
        Some(wanted) if effect == Effect::Permit => level <= wanted,
        Some(wanted) => level >= wanted,
        None => asked.codes.iter().any(|code| {
            *code == label.code()
                || (label.code() == "PSY" && *code == "PSYTHPN")
                || (label.code() == "SPI" && ["PSY", "PSYTHPN", "HIV"].contains(code))
        }),
    })
}

fn is_recipient(recipient: &Recipient, asked: &Asked, is_deny: bool) -> bool {
    let (kind, region, groups) = facts(asked.institution);
    match recipient {
        Recipient::Institution(id) => id.as_str() == asked.institution,
        Recipient::Kind(wanted) => wanted.0 == kind,
        Recipient::Group(group) => groups.contains(&&**group),
        Recipient::Region(wanted) => **wanted == *region,
        Recipient::Department(id, department) => {
            id.as_str() == asked.institution && asked.department.map_or(is_deny, |own| own == &**department)
        }
        Recipient::Practitioner(id) => practitioner(asked).map_or(is_deny, |own| own == id.as_str()),
        Recipient::InRelation(all) => asked.relations.iter().any(|relation| all.contains(relation)),
        Recipient::SeenWithinDays(days) => asked.seen_days_ago.is_some_and(|ago| ago < i64::from(*days)),
        Recipient::Participants { with_networks, .. } => *with_networks || kind != InstitutionKind::Network,
    }
}

fn is_target(target: &Target, asked: &Asked, is_deny: bool) -> bool {
    match target {
        Target::Record(name) => asked.record.map_or(is_deny, |own| own == &**name),
        Target::Related(name) => asked.related.as_ref().map_or(is_deny, |all| all.contains(&&**name)),
        Target::AuthoredBy(id) => asked.author.map_or(is_deny, |own| own == id.as_str()),
        Target::Department(id, department) => {
            id.as_str() == asked.custodian && asked.from_department.map_or(is_deny, |own| own == &**department)
        }
    }
}

fn is_of_days(days: RecordDays, asked: &Asked, is_deny: bool) -> bool {
    let unknown = |test: &dyn Fn(Date) -> bool| asked.date().map_or(is_deny, test);
    match days {
        RecordDays::Any => true,
        RecordDays::Between(first, last) => {
            unknown(&|day| first.is_none_or(|first| first <= day) && last.is_none_or(|last| day <= last))
        }
        RecordDays::Within(most) => {
            let today = asked.now().date(Offset::TOKYO).unwrap();
            unknown(&|day| i64::from(today.days()) - i64::from(day.days()) <= i64::from(most))
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2_000) })]

    #[test]
    fn the_engine_and_the_text_of_the_model_agree(
        policy in policy_text(), vetoes in vetoes(), roots in roots(), questions in proptest::collection::vec(asked(), 20),
    ) {
        let mut world = World::with(&policy.0, &vetoes);
        enter_names(&mut world);
        let chart = world.chart(&roots);
        let read = parsed(&policy.0);
        for asked in &questions {
            let (requester, related) = (asked.requester(&world), asked.related_numbers(&world));
            let request = asked.request(&requester, asked.record(&world, related.as_deref()));
            let mut reasons = Reasons::new();
            let decision = world.decide_with(&chart, &request, &mut reasons);
            let found = decision.is_permit().then_some(decision.obligations);
            let why = explain(&world.engine(), &chart, (&decision, &reasons), Audience::Officer);
            prop_assert_eq!(found, brute(&read, &vetoes, &roots, asked), "{} {:?}", why.english, asked);
        }
    }
}
