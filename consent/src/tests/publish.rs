//! What a draft would change equals asking everybody everything, over random small worlds.

use super::random::*;
use super::simulate::{records, seats};
use super::world::*;
use crate::document::*;
use crate::simulate::*;
use crate::*;
use directory::{Instant, Role};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// Some labels of these worlds, alone and together.
fn labels() -> Vec<Labels> {
    [&[][..], &["HIV"], &["PSYTHPN", "R"], &["NOPAT"], &["L"]]
        .map(|codes| Labels::of_record(codes.iter().copied()))
        .into()
}

fn relations(now: Instant) -> Vec<Relationship> {
    let with = |relation, days: Option<i64>| Relationship {
        relations: Option::into_iter(relation).collect(),
        last_encounter: days.map(|days| now.plus_micros(-days * 24 * HOUR)),
    };
    vec![with(None, None), with(Some(Relation::OpenEncounter), Some(0)), with(Some(Relation::Referral), Some(29))]
}

/// Every moment at which anything in these worlds can change: whole hours, and each midnight is one of them.
fn moments(now: Instant, horizon: Instant) -> Vec<Instant> {
    let mut moments = vec![now];
    let next = now.plus_micros(HOUR - now.micros().rem_euclid(HOUR));
    moments.extend((0..).map(|hours| next.plus_micros(hours * HOUR)).take_while(|moment| *moment <= horizon));
    // A visit that ends its window does so so many days after the instant at which it ended.
    moments.extend((0..60).map(|days| now.plus_micros(days * 24 * HOUR)).take_while(|moment| *moment <= horizon));
    moments.sort();
    moments.dedup();
    moments
}

fn emergencies(purpose: Purpose, now: Instant) -> Vec<(Option<Emergency>, bool)> {
    let mut all = Vec::new();
    if !Purposes::EMERGENCY.meets(purpose.set()) {
        all.push((None, true));
    }
    for kind in EmergencyKind::ALL.into_iter().filter(|kind| kind.purposes().meets(purpose.set())) {
        for reason in [EmergencyReason::Unconscious, EmergencyReason::Disaster] {
            for (is_reauthenticated, is_named) in [(true, true), (false, true), (true, false)] {
                let emergency = Emergency { kind, reason: Some(reason), opened: now, is_reauthenticated };
                all.push((Some(emergency), is_named));
            }
        }
    }
    all
}

/// The roles, purposes and categories that are asked by hand: the columns do not depend on each other.
type Columns<'c> = (&'c [ActingAs], &'c [Purpose], &'c [Category]);

type Found = BTreeMap<ChangeKey, (BTreeSet<usize>, BTreeSet<usize>)>;

/// Asks everybody everything, under both policies.
fn by_hand(drafted: &Drafted<'_>, charts: &[Chart], (roles, purposes, categories): Columns<'_>) -> Found {
    let engines = [drafted.old, drafted.new].map(|policy| Engine { policy, book: drafted.book });
    let mut found = Found::new();
    let mut reasons = Reasons::new();
    for now in moments(drafted.now, drafted.horizon) {
        for (seat, relation) in drafted.seats.iter().flat_map(|seat| drafted.relations.iter().map(move |it| (seat, it)))
        {
            for (role, purpose) in roles.iter().flat_map(|role| purposes.iter().map(move |it| (*role, *it))) {
                for (emergency, is_named) in emergencies(purpose, now) {
                    let asker = Requester {
                        role,
                        relations: relation.relations,
                        last_encounter: relation.last_encounter,
                        may_break_glass: is_named,
                        ..seat.clone()
                    };
                    for (patient, chart) in charts.iter().enumerate() {
                        for (record, labels) in
                            drafted.records.iter().flat_map(|it| drafted.labels.iter().map(move |l| (it, *l)))
                        {
                            for identity in 0..u16::try_from(chart.identities.len()).unwrap() {
                                for category in categories.iter().copied() {
                                    let record = RecordFacts { category, labels, identity, ..*record };
                                    let request = Request { now, emergency, ..request(&asker, record, purpose) };
                                    let [before, after] = engines.map(|engine| {
                                        engine.decide(chart.view(), &Request { ..request }, &mut reasons).is_permit()
                                    });
                                    if before == after {
                                        continue;
                                    }
                                    let sensitive = drafted.old.sensitive().with(drafted.new.sensitive());
                                    let key = ChangeKey {
                                        direction: if after { Direction::Gained } else { Direction::Lost },
                                        kind: seat.kind,
                                        role,
                                        purpose,
                                        emergency: emergency.map(|it| it.kind),
                                        is_sensitive: labels.meets(sensitive),
                                        category,
                                    };
                                    let (all, at_once) = found.entry(key).or_default();
                                    all.insert(patient);
                                    if now == drafted.now {
                                        at_once.insert(patient);
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    found
}

/// The witness is a question that the two policies answer differently, about the first example.
fn check_witness(drafted: &Drafted<'_>, charts: &[Chart], (key, change): (&ChangeKey, &Change<usize>)) -> bool {
    let Witness { seat, relation, record, label, identity, now, emergency, is_named } = change.witness;
    let relation = drafted.relations[relation];
    let seat = &drafted.seats[seat];
    let asker = Requester {
        role: key.role,
        relations: relation.relations,
        last_encounter: relation.last_encounter,
        may_break_glass: is_named.unwrap_or(seat.may_break_glass),
        ..seat.clone()
    };
    let record =
        RecordFacts { category: key.category, labels: drafted.labels[label], identity, ..drafted.records[record] };
    let request = Request { now, emergency, ..request(&asker, record, key.purpose) };
    let [before, after] = [drafted.old, drafted.new].map(|policy| {
        let engine = Engine { policy, book: drafted.book };
        engine.decide(charts[change.examples[0]].view(), &Request { ..request }, &mut Reasons::new()).is_permit()
    });
    (before, after) == (key.direction == Direction::Lost, key.direction == Direction::Gained)
}

/// Ways in which an officer changes a policy.
fn edits() -> impl Strategy<Value = Vec<usize>> {
    proptest::sample::subsequence((0..EDITS.len()).collect::<Vec<_>>(), 1..=4)
}

const EDITS: [(&str, &str); 12] = [
    ("with_permit = [\"diagnoses\"]\nsensitive = \"never\"", "sensitive = \"never\""),
    ("needs_relation = true\n", ""),
    ("sealed = [\"PSYTHPN\"]", "sealed = [\"HIV\"]"),
    ("needs_naming = true\n", ""),
    ("needs_reauthentication = true\n", ""),
    ("institutions = [\"hospital\", \"clinic\"]\n", "institutions = [\"hospital\"]\n"),
    ("reach_withdrawn_in_emergency = false", "reach_withdrawn_in_emergency = true"),
    ("until = \"2026-04-01T03:00:00+09:00\"", "until = \"2026-04-01T05:00:00+09:00\""),
    ("sensitive = \"with_permit\"", "sensitive = \"emergency\""),
    ("labels = [\"PHY\", \"NOPAT\"]\n", "labels = [\"PHY\"]\n"),
    ("purposes = [\"TREAT\"]\nneeds_relation", "purposes = [\"TREAT\", \"HPAYMT\"]\nneeds_relation"),
    ("reasons = [\"unconscious\", ", "reasons = [\"disaster\", \"unconscious\", "),
];

fn edited(text: &str, edits: &[usize]) -> String {
    edits.iter().fold(text.to_owned(), |text, edit| text.replace(EDITS[*edit].0, EDITS[*edit].1))
}

fn columns() -> impl Strategy<Value = (Vec<ActingAs>, Vec<Purpose>, Vec<Category>)> {
    use proptest::sample::subsequence;
    let often = vec![Purpose::TREAT, Purpose::BTG, Purpose::ETREAT, Purpose::DISASTER, Purpose::HPAYMT];
    let roles = [Role::Physician, Role::Nurse, Role::Pharmacist, Role::CareManager, Role::Ambulance];
    let roles: Vec<ActingAs> = roles.map(ActingAs::from).into_iter().chain([ActingAs::Patient]).collect();
    (
        prop_oneof![4 => subsequence(roles, 2), 1 => subsequence(ActingAs::ALL.to_vec(), 2)],
        prop_oneof![3 => subsequence(often, 2), 1 => subsequence(Purpose::all().collect::<Vec<_>>(), 2)],
        subsequence(Category::all().collect::<Vec<_>>(), 5),
    )
}

/// The consents of a patient, how he or she stands, and which of two identities the permits reach.
fn patient() -> impl Strategy<Value = (Vec<Provision>, u8, bool)> {
    (roots(), 0_u8..8, proptest::bool::weighted(0.3))
}

fn chart(world: &mut World, (roots, state, is_merged): &(Vec<Provision>, u8, bool)) -> Chart {
    let compiled: Vec<CompiledConsent> =
        (1_u8..).zip(roots).map(|(number, root)| world.compile(&document(number, root.clone())).unwrap()).collect();
    let reach = BTreeSet::from([identity(1)]);
    let consents: Vec<ChartConsent<'_>> =
        compiled.iter().map(|compiled| ChartConsent { compiled, reach: &reach }).collect();
    let state = match state {
        0 => SubjectState::Withdrawn,
        1 => SubjectState::NotEnrolled,
        _ => SubjectState::Enrolled,
    };
    let standing = IdentityStanding { state, has_signed: !roots.is_empty(), ..IdentityStanding::default() };
    let mut linked = BTreeMap::from([(identity(1), standing)]);
    if *is_merged {
        linked.insert(identity(2), IdentityStanding::default());
    }
    Chart::assemble(&linked, &consents, Instant::FOREVER).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn p15_what_a_draft_changes_is_what_everybody_is_told(
        base in policy_text(), vetoes in vetoes(), new_vetoes in vetoes(), keeps_vetoes in proptest::bool::weighted(0.7),
        edits in edits(), patients in proptest::collection::vec(patient(), 1..5),
        asked in proptest::collection::vec(asked(), 1..2), hours in 0_i64..8,
        (roles, purposes, categories) in columns(),
    ) {
        let mut world = World::with(&base.0, &vetoes);
        enter_names(&mut world);
        let new_vetoes = if keeps_vetoes { vetoes.clone() } else { new_vetoes };
        let text = edited(&base.0, &edits);
        let draft = PolicyImage::compile(&parsed(&text), 2, (Some(known()), &new_vetoes), &mut world.book).unwrap();
        let charts: Vec<Chart> = patients.iter().map(|patient| chart(&mut world, patient)).collect();
        let now = NOW.plus_micros(asked[0].minutes * 60 * 1_000_000);
        let related: Vec<_> = asked.iter().map(|asked| asked.related_numbers(&world)).collect();
        let mut records = records(&world, &asked, &related);
        records.truncate(3);
        let seats: Vec<Requester> = seats(&world).into_iter().step_by(3).collect();
        let (relations, labels) = (relations(now), labels());
        let drafted = Drafted { book: &world.book, old: &world.policy, new: &draft, seats: &seats, relations: &relations,
            records: &records, labels: &labels, now, horizon: now.plus_micros(hours * HOUR) };
        let diff = what_would_change(&drafted, charts.iter().map(Chart::view).enumerate()).unwrap();
        prop_assert_eq!(diff.unresolved, 0);
        let is_asked = |key: &ChangeKey| {
            roles.contains(&key.role) && purposes.contains(&key.purpose) && categories.contains(&key.category)
        };
        let found: BTreeMap<ChangeKey, (u64, u64)> = diff.changes.iter().filter(|(key, _)| is_asked(key))
            .map(|(key, change)| (*key, (change.patients, change.patients_now))).collect();
        let expected = by_hand(&drafted, &charts, (&roles, &purposes, &categories));
        let counted: BTreeMap<ChangeKey, (u64, u64)> = expected.iter()
            .map(|(key, (all, at_once))| (*key, (all.len() as u64, at_once.len() as u64))).collect();
        prop_assert_eq!(&found, &counted);
        for (key, (all, _)) in &expected {
            let examples: BTreeSet<usize> = diff.changes[key].examples.iter().copied().collect();
            prop_assert_eq!(&examples, all);
        }
        for change in &diff.changes {
            prop_assert!(check_witness(&drafted, &charts, change), "{:?}", change);
        }
        let is_wider = diff.changes.keys().any(|key| key.direction == Direction::Gained);
        prop_assert_eq!(diff.widens, is_wider);
    }
}

#[test]
fn the_same_policy_changes_nothing() {
    let mut world = World::new();
    let permit = Provision { purposes: of(&[Purpose::TREAT]), ..Provision::permit() };
    let chart = world.chart(&[permit]);
    let seats = seats(&world);
    let (relations, labels) = (every_relationship(NOW), every_label());
    let records = records(&world, &[], &[]);
    let horizon = NOW.plus_micros(90 * 24 * HOUR);
    let drafted = Drafted {
        book: &world.book,
        old: &world.policy,
        new: &world.policy,
        seats: &seats,
        relations: &relations,
        records: &records,
        labels: &labels,
        now: NOW,
        horizon,
    };
    let diff = what_would_change(&drafted, [(0, chart.view())]).unwrap();
    assert_eq!((diff.patients, diff.affected, diff.changes.len(), diff.widens), (1, 0, 0, false));
    assert!(!diff.changes_conditions);
    let many: Vec<Labels> = std::iter::repeat_n(Labels::PLAIN, PROBES_MAX + 1).collect();
    let limit = what_would_change(&Drafted { labels: &many, ..drafted }, [(0, chart.view())]).unwrap_err();
    assert_eq!(limit.to_string(), "65 labels are over the limit of 64");
}

#[test]
fn looser_terms_of_emergencies_are_told() {
    let mut world = World::new();
    let longer = DEFAULT_POLICY.replace("hours = 6", "hours = 12");
    let draft = PolicyImage::compile(&parsed(&longer), 2, (Some(known()), &[]), &mut world.book).unwrap();
    let seats = seats(&world);
    let records = records(&world, &[], &[]);
    let (relations, labels) = (every_relationship(NOW), every_label());
    let drafted = Drafted {
        book: &world.book,
        old: &world.policy,
        new: &draft,
        seats: &seats,
        relations: &relations,
        records: &records,
        labels: &labels,
        now: NOW,
        horizon: NOW,
    };
    let diff = what_would_change(&drafted, std::iter::empty::<((), ChartView<'_>)>()).unwrap();
    assert!(diff.changes_conditions && !diff.widens);
}
