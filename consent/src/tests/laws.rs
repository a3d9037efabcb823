//! The laws of the model, over random worlds. The numbers are those of its list of properties.

use super::random::*;
use super::world::*;
use crate::document::*;
use crate::policy::SensitiveCeiling;
use crate::*;
use directory::Instant;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A world, the chart of a person with these consents, and a question, worked out.
struct Case {
    world: World,
    chart: Chart,
    requester: Requester,
    related: Option<Vec<Number>>,
    asked: Asked,
}

impl Case {
    fn new((policy, vetoes): &(PolicyText, Vec<Veto>), roots: &[Provision], asked: &Asked) -> Self {
        let mut world = World::with(&policy.0, vetoes);
        enter_names(&mut world);
        let chart = world.chart(roots);
        let (requester, related) = (asked.requester(&world), asked.related_numbers(&world));
        Self { world, chart, requester, related, asked: asked.clone() }
    }

    fn request(&self) -> Request<'_> {
        self.asked.request(&self.requester, self.asked.record(&self.world, self.related.as_deref()))
    }

    fn decide(&self) -> Decision {
        self.world.decide(&self.chart, &self.request())
    }

    fn decide_on(&self, chart: &Chart) -> Decision {
        self.world.decide(chart, &self.request())
    }

    fn is_own(&self) -> bool {
        self.asked.institution == self.asked.custodian
    }

    /// The chart with one rule more, of a consent of its own.
    fn with_rule(&mut self, provision: &Provision) -> Chart {
        let compiled = self.world.compile(&document(99, provision.clone())).unwrap();
        let mut chart = self.chart.clone();
        let source = u16::try_from(chart.reaches.len() + 1).unwrap();
        chart.reaches.push([0].into_iter().collect());
        for (rule, provision) in compiled.rules {
            chart.rules.push(Rule { source, ..rule });
            chart.origins.push(Origin { consent: compiled.consent, version: 1, provision });
        }
        chart
    }
}

fn networks() -> impl Strategy<Value = (PolicyText, Vec<Veto>)> {
    (policy_text(), vetoes())
}

fn config() -> ProptestConfig {
    ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(300) }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn p1_a_deny_more_never_permits(
        network in networks(), roots in roots(), asked in asked(), deny in flat(Effect::Deny),
    ) {
        let mut case = Case::new(&network, &roots, &asked);
        let chart = case.with_rule(&deny);
        prop_assert!(case.decide().is_permit() || !case.decide_on(&chart).is_permit());
        // The same for an exception of a consent that is there.
        if let Some((first, rest)) = roots.split_first() {
            let mut exceptions = first.exceptions.clone();
            let shares = first.period.zip(deny.period).is_none_or(|(a, b)| a.shared_with(b).is_some());
            if shares {
                exceptions.push(deny);
            }
            let more: Vec<Provision> = std::iter::once(Provision { exceptions, ..first.clone() })
                .chain(rest.iter().cloned()).collect();
            let chart = case.world.chart(&more);
            prop_assert!(case.decide().is_permit() || !case.decide_on(&chart).is_permit());
        }
    }

    #[test]
    fn p2_a_permit_more_never_denies(
        network in networks(), roots in roots(), asked in asked(), permit in flat(Effect::Permit),
    ) {
        let mut case = Case::new(&network, &roots, &asked);
        let chart = case.with_rule(&permit);
        prop_assert!(!case.decide().is_permit() || case.decide_on(&chart).is_permit());
    }

    #[test]
    fn p3_order_does_not_matter(
        network in networks(), roots in roots(), asked in asked(), turn in 0_usize..20,
    ) {
        let case = Case::new(&network, &roots, &asked);
        let mut turned = case.chart.clone();
        turned.rules.reverse();
        if !turned.rules.is_empty() {
            let by = turn % turned.rules.len();
            turned.rules.rotate_left(by);
        }
        prop_assert_eq!(case.decide(), case.decide_on(&turned));
    }

    #[test]
    fn p4_without_permits_nothing_is_seen(roots in roots(), asked in asked()) {
        let (ceilings, _) = DEFAULT_POLICY.split_once("# ---- Rules").unwrap();
        let denies: Vec<Provision> = roots.into_iter().filter(|root| {
            root.numbered().all(|(_, part)| part.effect != Some(Effect::Permit))
        }).map(|root| Provision { never_overridden: false, exceptions: Vec::new(), ..root }).collect();
        let case = Case::new(&(PolicyText(ceilings.to_owned()), Vec::new()), &denies, &asked);
        prop_assert!(case.is_own() || !case.decide().is_permit());
    }

    #[test]
    fn p5_after_withdrawal_nothing_is_seen(network in networks(), roots in roots(), asked in asked()) {
        let mut case = Case::new(&network, &roots, &asked);
        case.chart.subject.state = SubjectState::Withdrawn;
        let decision = case.decide();
        let [_, has_legal_basis, ..] = asked.flags;
        let is_excepted = case.is_own() || has_legal_basis || asked.emergency.is_some();
        prop_assert!(is_excepted || (!decision.is_permit() && decision.stops.has(Stop::Withdrawn)));
        let reaches = network.0.0.contains("reach_withdrawn_in_emergency = true");
        prop_assert!(reaches || case.is_own() || has_legal_basis || !decision.is_permit());
    }

    #[test]
    fn p6_what_ran_out_or_was_withdrawn_revives_nothing(network in networks(), older in root(), asked in asked()) {
        // The older consent was superseded, the newer one is withdrawn: nothing is in force, and the person has signed.
        let mut case = Case::new(&network, std::slice::from_ref(&older), &asked);
        let states = [ConsentState::Superseded, ConsentState::Withdrawn];
        prop_assert!(states.iter().all(|state| !state.is_in_force() && state.counts_as_signed()));
        let after = chart_of(&[], true);
        let only_network = case.decide_on(&after);
        let mut reasons = Reasons::new();
        let again = case.world.decide_with(&after, &case.request(), &mut reasons);
        prop_assert_eq!(only_network, again);
        for at in reasons.of(Fate::Permits) {
            let RuleRef::Network(place) = at else { panic!("a consent speaks that is not in force") };
            let rule = case.world.policy.rules().get(place as usize).unwrap();
            prop_assert!(!rule.flags.has(Flags::IMPLICIT));
        }
        // The newer one ran out instead: it stays in force and says nothing.
        let ended = directory::Period::new(NOW.plus_micros(-48 * HOUR), NOW.plus_micros(-24 * HOUR)).unwrap();
        let newer = Provision { period: Some(ended), ..Provision::permit() };
        let expired = case.world.chart(&[newer]);
        prop_assert_eq!(case.decide_on(&expired).outcome, only_network.outcome);
    }

    #[test]
    fn p7_no_consent_exceeds_a_ceiling(network in networks(), roots in roots(), asked in asked()) {
        let case = Case::new(&network, &roots, &asked);
        let policy = parsed(&network.0.0);
        let ceiling = policy.ceilings.iter().find(|ceiling| ceiling.roles.contains(&asked.role)).unwrap();
        let decision = case.decide();
        if case.is_own() || !decision.is_permit() || matches!(decision.basis, Basis::Emergency(_)) {
            return Ok(());
        }
        let category = asked.category;
        prop_assert!(ceiling.allowed.contains(&category) || ceiling.with_permit.contains(&category));
        let sensitive = policy.sensitive.iter().map(|label| label.denied()).fold(Labels::NONE, Labels::with);
        let is_sensitive = Labels::of_record(asked.codes.iter().copied()).meets(sensitive);
        let may = matches!(ceiling.sensitive, SensitiveCeiling::Allowed | SensitiveCeiling::WithPermit);
        prop_assert!(may || !is_sensitive);
        let is_summary = decision.obligations.transform() >= Transform::SummaryOnly;
        prop_assert!(is_summary || !ceiling.summary.contains(&category));
    }

    #[test]
    fn p8_a_purpose_grants_no_other(network in networks(), asked in asked()) {
        let permit = |purpose: Purpose| Provision { purposes: of(&[purpose]), ..Provision::permit() };
        // Nothing but the patient's consent may permit here.
        let (ceilings, _) = network.0.0.split_once("# ---- Rules").unwrap();
        let emergencies = DEFAULT_POLICY.split_once("# ---- Emergencies").unwrap().1;
        let emergencies: String = emergencies.lines().filter(|line| !line.starts_with("opens"))
            .map(|line| format!("{line}\n")).collect();
        let network = (PolicyText(format!("{ceilings}\n# {emergencies}")), Vec::new());
        for (granted, never) in [
            (Purpose::TREAT, &[Purpose::BTG, Purpose::HRESCH, Purpose::DISASTER][..]),
            (Purpose::ETREAT, &[Purpose::BTG, Purpose::TREAT]),
            (Purpose::HRESCH, &[Purpose::TREAT, Purpose::ETREAT, Purpose::BTG]),
        ] {
            for purpose in never {
                let asked = Asked { purpose: *purpose, ..asked.clone() };
                let case = Case::new(&network, &[permit(granted)], &asked);
                prop_assert!(case.is_own() || !case.decide().is_permit());
            }
        }
    }

    #[test]
    fn p9_a_decision_holds_until_it_says(
        network in networks(), roots in roots(), asked in asked(), share in 0.0_f64..1.0,
    ) {
        let case = Case::new(&network, &roots, &asked);
        let decision = case.decide();
        let now = asked.now();
        // Thirty days are more than any window of these worlds.
        let until = decision.valid_until.min(now.plus_micros(30 * 24 * HOUR));
        prop_assert!(now < until);
        #[expect(clippy::cast_possible_truncation, reason = "a share of a month of microseconds fits")]
        let between = now.plus_micros((until.since(now) as f64 * share) as i64).min(until.plus_micros(-1));
        for moment in [between, until.plus_micros(-1)] {
            let later = case.world.decide(&case.chart, &Request { now: moment, ..case.request() });
            prop_assert_eq!(Decision { valid_until: decision.valid_until, ..later }, decision, "at {}", moment);
        }
    }

    #[test]
    fn p10_an_emergency_keeps_hard_denies_and_is_watched(
        network in networks(), roots in roots(), asked in asked(), deny in flat(Effect::Deny),
    ) {
        let mut case = Case::new(&network, &roots, &asked);
        let hard = Provision { never_overridden: true, emergencies: Choice::Any, ..deny };
        let chart = case.with_rule(&hard);
        let mut reasons = Reasons::new();
        let request = Request { ..case.request() };
        let decision = case.world.decide_with(&chart, &request, &mut reasons);
        let overridden: Vec<RuleRef> = reasons.of(Fate::Overridden).collect();
        for at in overridden {
            let rule = case.world.engine().rule(chart.view(), at).copied().unwrap();
            prop_assert!(rule.flags.has(Flags::OVERRIDABLE));
            prop_assert!(!request.record.labels.meets(case.world.policy.sealed()));
        }
        if let Basis::Emergency(_) = decision.basis {
            prop_assert!(decision.obligations.has(Obligation::Audit));
            prop_assert!(decision.obligations.has(Obligation::Notify(Notified::Patient)));
        }
    }

    #[test]
    fn p11_a_permit_more_drops_no_obligation(
        network in networks(), roots in roots(), asked in asked(), permit in flat(Effect::Permit),
    ) {
        let mut case = Case::new(&network, &roots, &asked);
        let chart = case.with_rule(&permit);
        let (before, after) = (case.decide(), case.decide_on(&chart));
        if before.is_permit() {
            prop_assert_eq!(before.obligations.joined(after.obligations), after.obligations);
        }
    }

    #[test]
    fn p12_the_reasons_are_all_that_stands_in_the_way(network in networks(), roots in roots(), asked in asked()) {
        let case = Case::new(&network, &roots, &asked);
        let mut reasons = Reasons::new();
        let decision = case.world.decide_with(&case.chart, &case.request(), &mut reasons);
        if case.is_own() || decision.stops.has(Stop::EmergencyRefused) {
            // The own record asks no rule. An emergency that is refused is a question of its own: what would be
            // authorised is not known.
            return Ok(());
        }
        let named: BTreeSet<RuleRef> = reasons.deciding(decision.outcome).collect();
        let keep = |at: RuleRef| !named.contains(&at);
        let rules: Vec<(RuleRef, Rule)> = all_rules(&case).into_iter().filter(|(at, _)| keep(*at)).collect();
        if decision.is_permit() {
            // Without the permits that it names, nothing is left that permits.
            prop_assert!(!named.is_empty());
            prop_assert!(!evaluates_to_permit(&case, &rules));
            return Ok(());
        }
        // Without the denies that it names, and with a permit if it says that none is there, it is permitted.
        let lacks_permit = reasons.of(Fate::Permits).next().is_none();
        let mut rules = rules;
        if lacks_permit {
            rules.push((RuleRef::Chart(u32::MAX), Rule::any(Effect::Permit, Layer::Patient)));
        }
        prop_assert!(evaluates_to_permit(&case, &rules));
        let flip = crate::simulate::what_would_flip(
            &case.world.engine(), &case.chart, &case.request(), (&decision, &reasons));
        let flips: BTreeSet<RuleRef> = flip.steps.iter().filter_map(|step| match step {
            crate::simulate::FlipStep::LiftDeny(at) => Some(*at),
            _ => None,
        }).collect();
        prop_assert_eq!(&flips, &named);
        prop_assert_eq!(flip.steps.contains(&crate::simulate::FlipStep::AddPermit), lacks_permit);
        // Each alone is not enough, unless there is just one.
        let hindrances = named.len() + usize::from(lacks_permit) + decision.stops.iter().count();
        prop_assert!(hindrances > 0);
        if hindrances > 1 && !named.is_empty() {
            let some: Vec<(RuleRef, Rule)> = all_rules(&case).into_iter()
                .filter(|(at, _)| keep(*at) || named.first() == Some(at)).collect();
            prop_assert!(!evaluates_to_permit(&case, &some));
        }
    }

    #[test]
    fn p13_a_mask_is_the_single_decisions(
        network in networks(), roots in roots(), asked in asked(), others in proptest::collection::vec(asked(), 1..6),
    ) {
        let case = Case::new(&network, &roots, &asked);
        let request = case.request();
        let mut mask = case.world.engine().mask(case.chart.view(), &request);
        let (mut of_mask, mut single) = (Reasons::new(), Reasons::new());
        for other in &others {
            let related = other.related_numbers(&case.world);
            let custodian = request.record.custodian;
            let record = RecordFacts { custodian, ..other.record(&case.world, related.as_deref()) };
            let expected = case.world.decide_with(&case.chart, &Request { record, ..request }, &mut single);
            let found = mask.decide(&record, &mut of_mask);
            prop_assert_eq!(Decision { valid_until: expected.valid_until, ..found }, expected);
            prop_assert!(found.valid_until <= expected.valid_until || expected.valid_until <= found.valid_until);
            prop_assert_eq!(&of_mask, &single);
            let is_clean = record.labels.is_of_record();
            prop_assert!(!expected.is_permit() || mask.open().meets(record.category.set()));
            prop_assert!(!is_clean || !mask.whole().meets(record.category.set()) || expected.is_permit());
            prop_assert!(!expected.is_permit() || mask.may_open(record.category, record.labels));
        }
    }

    #[test]
    fn p14_a_buffer_used_again_changes_nothing(
        network in networks(), roots in roots(), questions in proptest::collection::vec(asked(), 1..5),
    ) {
        let mut kept = Reasons::new();
        for asked in &questions {
            let case = Case::new(&network, &roots, asked);
            let mut fresh = Reasons::new();
            let expected = case.world.decide_with(&case.chart, &case.request(), &mut fresh);
            prop_assert_eq!(case.world.decide_with(&case.chart, &case.request(), &mut kept), expected);
            prop_assert_eq!(&kept, &fresh);
        }
    }

    #[test]
    fn p17_and_p18_a_merge_shows_nothing_new_and_is_undone(
        network in networks(), of_a in roots(), of_b in roots(), asked in asked(),
        states in (0_usize..3, 0_usize..3, any::<bool>()),
    ) {
        let mut case = Case::new(&network, &[], &asked);
        let compile = |world: &mut World, from: u8, roots: &[Provision]| -> Vec<CompiledConsent> {
            (from..).zip(roots).map(|(number, root)| world.compile(&document(number, root.clone())).unwrap()).collect()
        };
        let (of_a, of_b) = (compile(&mut case.world, 1, &of_a), compile(&mut case.world, 101, &of_b));
        let all = [SubjectState::Enrolled, SubjectState::NotEnrolled, SubjectState::Withdrawn];
        let standing = |place: usize, consents: &[CompiledConsent]| IdentityStanding {
            state: all[place],
            is_deceased: states.2 && place == 1,
            is_restricted: states.2,
            has_signed: !consents.is_empty(),
        };
        let (a, b) = ((identity(1), standing(states.0, &of_a)), (identity(2), standing(states.1, &of_b)));
        let (reach_a, reach_b) = (BTreeSet::from([a.0]), BTreeSet::from([b.0]));
        let of = |consents: &[CompiledConsent]| consents.to_vec();
        let (of_a, of_b) = (of(&of_a), of(&of_b));
        let chart = |linked: &[(IdentityId, IdentityStanding)], parts: &[(&[CompiledConsent], &BTreeSet<IdentityId>)]| {
            let linked: BTreeMap<_, _> = linked.iter().copied().collect();
            let consents: Vec<ChartConsent<'_>> = parts.iter()
                .flat_map(|(consents, reach)| consents.iter().map(move |compiled| ChartConsent { compiled, reach }))
                .collect();
            Chart::assemble(&linked, &consents, Instant::FOREVER).unwrap()
        };
        let apart_a = chart(&[a], &[(&of_a, &reach_a)]);
        let merged = chart(&[a, b], &[(&of_a, &reach_a), (&of_b, &reach_b)]);
        // A record of B: in the merged chart its identity is the second.
        let record = |identity| RecordFacts { identity, ..case.request().record };
        let ask = |chart: &Chart, identity| {
            case.world.decide(chart, &Request { record: record(identity), ..case.request() }).is_permit()
        };
        let of_b_merged = ask(&merged, 1);
        // Having joined is said of the person, so the link itself gives an identity that never joined the state of the
        // other. Nothing else changes: no permit of A reaches B.
        let of_person = |own: IdentityStanding, other: IdentityStanding| {
            let state = if own.state == SubjectState::NotEnrolled { other.state } else { own.state };
            IdentityStanding { state, ..own }
        };
        let alone = chart(&[(b.0, of_person(b.1, a.1))], &[(&of_b, &reach_b)]);
        prop_assert!(!of_b_merged || ask(&alone, 0));
        let alone = chart(&[(a.0, of_person(a.1, b.1))], &[(&of_a, &reach_a)]);
        prop_assert!(!ask(&merged, 0) || ask(&alone, 0));
        // Unmerging is putting the charts together without the link: nothing was written, so nothing is lost.
        prop_assert_eq!(chart(&[a], &[(&of_a, &reach_a)]), apart_a);
        // An officer's review widens the reach of A's consents: from then on they open B's records as well.
        let both = BTreeSet::from([a.0, b.0]);
        let reviewed = chart(&[a, b], &[(&of_a, &both), (&of_b, &reach_b)]);
        prop_assert!(!of_b_merged || ask(&reviewed, 1));
        prop_assert_eq!(merged.beyond_reach(1).count(), usize::from(!of_a.is_empty() || !of_b.is_empty()));
    }

    #[test]
    fn p19_a_hidden_identity_reads_as_an_unknown_one(network in networks(), roots in roots(), asked in asked()) {
        let case = Case::new(&network, &roots, &asked);
        let audience = Audience::Requester { is_identity_visible: false };
        let mut reasons = Reasons::new();
        let hidden = case.world.decide_with(&case.chart, &case.request(), &mut reasons);
        let of_hidden = explain(&case.world.engine(), &case.chart, (&hidden, &reasons), audience);
        // Somebody whom nobody knows: no consents, never joined.
        let unknown_chart = Chart::assemble(
            &BTreeMap::from([(identity(9), IdentityStanding::default())]), &[], Instant::FOREVER).unwrap();
        let unknown = case.world.decide_with(&unknown_chart, &case.request(), &mut reasons);
        let of_unknown = explain(&case.world.engine(), &unknown_chart, (&unknown, &reasons), audience);
        prop_assert_eq!(of_hidden, of_unknown);
    }

    #[test]
    fn p20_documents_alone_reproduce_a_decision(network in networks(), roots in roots(), asked in asked()) {
        let case = Case::new(&network, &roots, &asked);
        // Another process: documents read back from bytes, names numbered in another order.
        let kept = postcard::to_allocvec(&Kept { roots: roots.clone() }).unwrap();
        let read: Kept = postcard::from_bytes(&kept).unwrap();
        prop_assert_eq!(&read.roots, &roots);
        let mut world = World::with(&network.0.0, &network.1);
        for number in 0..50 {
            world.book.enter(Name::Group(format!("other {number}").into())).unwrap();
        }
        enter_names(&mut world);
        let chart = world.chart(&read.roots);
        let again = Case { requester: asked.requester(&world), related: asked.related_numbers(&world),
            world, chart, asked: asked.clone() };
        prop_assert_eq!(again.decide(), case.decide());
    }

    #[test]
    fn p21_what_is_not_known_is_denied(network in networks(), roots in roots(), asked in asked(), which in 0_usize..6) {
        let case = Case::new(&network, &roots, &asked);
        let nobody = Requester { institution: Number::UNKNOWN, ..case.requester.clone() };
        let stranger = Requester { institution: Number::OTHER, ..case.requester.clone() };
        let request = case.request();
        let record = request.record;
        let changed = match which {
            0 => Request { requester: &nobody, ..request },
            1 => Request { requester: &stranger, ..request },
            2 => Request { record: RecordFacts { category: Category::from_bit(40), ..record }, ..request },
            3 => Request { record: RecordFacts { labels: record.labels.with(Labels::UNKNOWN), ..record }, ..request },
            4 => Request { purpose: Purpose::from_bit(22), ..request },
            _ => Request { is_stale: true, ..request },
        };
        let decision = case.world.decide(&case.chart, &changed);
        prop_assert!(!decision.is_permit());
        prop_assert!(decision.stops.iter().any(Stop::is_indeterminate));
    }
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    roots: Vec<Provision>,
}

/// All rules that a question is put to, with their places.
fn all_rules(case: &Case) -> Vec<(RuleRef, Rule)> {
    let policy = &case.world.policy;
    let (first, vetoes) = policy.rules_of(case.request().record.custodian);
    let network = (0..).zip(policy.rules()).map(|(place, rule)| (RuleRef::Network(place), *rule));
    let vetoes = (first..).zip(vetoes).map(|(place, rule)| (RuleRef::Custodian(place), *rule));
    let chart = (0..).zip(&case.chart.rules).map(|(place, rule)| (RuleRef::Chart(place), *rule));
    network.chain(vetoes).chain(chart).collect()
}

/// Whether just these rules permit, with every hard stop out of the way.
fn evaluates_to_permit(case: &Case, rules: &[(RuleRef, Rule)]) -> bool {
    let empty = case.world.policy.clone().without_rules();
    let engine = Engine { policy: &empty, book: &case.world.book };
    let rules: Vec<Rule> = rules.iter().map(|(_, rule)| *rule).collect();
    let mut chart = case.chart.clone();
    let has_signed = chart.subject.has_signed;
    chart.rules = rules;
    chart.subject = Subject { state: SubjectState::Enrolled, is_deceased: false, ..chart.subject };
    chart.subject.has_signed = has_signed;
    let requester =
        Requester { is_suspended: false, is_participant: true, licensed: Purposes::ALL, ..case.requester.clone() };
    let record = case.request().record;
    let labels = if record.labels.is_of_record() { record.labels } else { Labels::PLAIN };
    let request =
        Request { requester: &requester, record: RecordFacts { labels, ..record }, is_stale: false, ..case.request() };
    engine.decide(chart.view(), &request, &mut Reasons::new()).is_permit()
}
