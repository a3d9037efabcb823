//! Random worlds: consents, vetoes, policies and questions over a small network, drawn by `proptest`.

use super::world::*;
use crate::document::*;
use crate::*;
use directory::{Date, Instant, InstitutionId, InstitutionKind, Period, PractitionerId, Role};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

pub(crate) const INSTITUTIONS: [&str; 6] = ["h1", "h2", "c1", "p1", "f1", "w1"];
const ROLES: [ActingAs; 7] = [
    ActingAs::Profession(Role::Physician),
    ActingAs::Profession(Role::Nurse),
    ActingAs::Profession(Role::Pharmacist),
    ActingAs::Profession(Role::CareManager),
    ActingAs::Profession(Role::Clerk),
    ActingAs::Profession(Role::Ambulance),
    ActingAs::Patient,
];
const PURPOSES: [Purpose; 7] = [
    Purpose::TREAT,
    Purpose::ETREAT,
    Purpose::BTG,
    Purpose::DISASTER,
    Purpose::HRESCH,
    Purpose::PATADMIN,
    Purpose::PATRQT,
];
const CATEGORIES: [Category; 6] = [
    Category::IDENTITY,
    Category::DEMOGRAPHICS,
    Category::DIAGNOSES,
    Category::PRESCRIPTIONS,
    Category::IMAGES,
    Category::ALLERGIES,
];
const CODES: [&str; 7] = ["N", "R", "L", "HIV", "PSY", "PSYTHPN", "NOPAT"];
const RECORDS: [&str; 3] = ["r1", "r2", "r3"];
const ENCOUNTERS: [&str; 2] = ["e1", "e2"];
const DEPARTMENTS: [(&str, &str); 3] = [("h1", "psychiatry"), ("h1", "surgery"), ("h2", "surgery")];

/// Permits, denies and consents are drawn small, so that most of them meet most questions.
fn choice<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Choice<T>> {
    let most = values.len().min(3);
    prop_oneof![2 => Just(Choice::Any), 3 => subsequence(values, 1..=most).prop_map(Choice::Of)]
}

fn institution(id: &str) -> InstitutionId {
    InstitutionId::new(id).unwrap()
}

fn practitioner(id: &str) -> PractitionerId {
    PractitionerId::new(id).unwrap()
}

fn recipients() -> impl Strategy<Value = Choice<Recipient>> {
    choice(vec![
        Recipient::Institution(institution("h2")),
        Recipient::Institution(institution("c1")),
        Recipient::Kind(KindWord(InstitutionKind::Hospital)),
        Recipient::Kind(KindWord(InstitutionKind::Pharmacy)),
        Recipient::Group("stroke".into()),
        Recipient::Region("izumo".into()),
        Recipient::Department(institution("h2"), "surgery".into()),
        Recipient::Practitioner(practitioner("d2")),
        Recipient::Practitioner(practitioner("d3")),
        Recipient::InRelation(vec![Relation::OpenEncounter, Relation::RegisteredDoctor]),
        Recipient::SeenWithinDays(30),
        Recipient::Participants { list: 1, with_future: true, with_networks: false },
        Recipient::Participants { list: 1, with_future: false, with_networks: true },
    ])
}

fn targets() -> impl Strategy<Value = Choice<Target>> {
    let values = vec![
        Target::Record("r1".into()),
        Target::Record("r2".into()),
        Target::Related("e1".into()),
        Target::AuthoredBy(practitioner("d1")),
        Target::AuthoredBy(practitioner("d3")),
        Target::Department(institution("h1"), "psychiatry".into()),
    ];
    prop_oneof![4 => Just(Choice::Any), 1 => choice(values)]
}

/// Days around the present, in days from it.
fn day(offset: i64) -> Date {
    NOW.plus_micros(offset * 24 * HOUR).date(directory::Offset::TOKYO).unwrap()
}

fn days() -> impl Strategy<Value = RecordDays> {
    prop_oneof![
        6 => Just(RecordDays::Any),
        1 => (-20_i64..5, 0_i64..20).prop_map(|(from, long)| RecordDays::Between(Some(day(from)), Some(day(from + long)))),
        1 => (-20_i64..5).prop_map(|from| RecordDays::Between(Some(day(from)), None)),
        1 => (1_u32..20).prop_map(RecordDays::Within),
    ]
}

fn period() -> impl Strategy<Value = Option<Period>> {
    let hours = |from: i64, long: i64| Period::new(NOW.plus_micros(from * HOUR), NOW.plus_micros((from + long) * HOUR));
    prop_oneof![
        4 => Just(None),
        2 => (-4_i64..3, 1_i64..6).prop_map(move |(from, long)| hours(from, long).ok()),
        1 => (-4_i64..3).prop_map(|from| Some(Period::since(NOW.plus_micros(from * HOUR)))),
    ]
}

fn obligations() -> impl Strategy<Value = Vec<Obligation>> {
    let values = vec![
        Obligation::SummaryOnly,
        Obligation::Mask(Field::Author),
        Obligation::NoPrint,
        Obligation::TimeboxHours(3),
        Obligation::TimeboxHours(8),
        Obligation::RetainYears(7),
        Obligation::Notify(Notified::Custodian),
    ];
    prop_oneof![2 => Just(Vec::new()), 1 => subsequence(values, 1..=2)]
}

fn labels() -> impl Strategy<Value = Choice<Label>> {
    let values: Vec<Label> = CODES.iter().map(|code| code.parse().unwrap()).collect();
    prop_oneof![3 => Just(Choice::Any), 1 => choice(values)]
}

/// One provision without exceptions.
pub(crate) fn flat(effect: Effect) -> impl Strategy<Value = Provision> {
    let who = (recipients(), choice(ROLES.to_vec()), choice(PURPOSES.to_vec()), period());
    let what = (choice(CATEGORIES.to_vec()), labels(), targets(), days());
    let custodians = choice(vec![institution("h1"), institution("c1")]);
    let rest = (custodians, proptest::bool::weighted(0.15), proptest::bool::weighted(0.2), obligations());
    let emergencies = prop_oneof![5 => Just(Choice::Any), 1 => choice(EmergencyKind::ALL.to_vec())];
    (who, what, rest, emergencies).prop_map(move |(who, what, rest, emergencies)| {
        let (recipients, roles, purposes, period) = who;
        let (categories, labels, targets, days) = what;
        let (custodians, needs_relation, never_overridden, obligations) = rest;
        let is_deny = effect == Effect::Deny;
        Provision {
            effect: Some(effect),
            recipients,
            roles,
            categories,
            labels,
            without_labels: Choice::Any,
            custodians,
            purposes,
            targets,
            days,
            period,
            needs_relation,
            emergencies,
            never_overridden: is_deny && never_overridden,
            obligations: if is_deny { Vec::new() } else { obligations },
            exceptions: Vec::new(),
        }
    })
}

fn any_flat() -> impl Strategy<Value = Provision> {
    prop_oneof![3 => flat(Effect::Permit), 1 => flat(Effect::Deny)]
}

/// A whole root provision; a wide permit is as likely as a narrow one.
pub(crate) fn root() -> impl Strategy<Value = Provision> {
    let wide = || {
        prop_oneof![
            2 => Just(Provision { purposes: of(&[Purpose::TREAT, Purpose::ETREAT]), ..Provision::permit() }),
            1 => Just(Provision::deny()),
        ]
    };
    (prop_oneof![1 => any_flat().boxed(), 1 => wide().boxed()], proptest::collection::vec(any_flat(), 0..3))
        .prop_map(|(root, exceptions)| Provision { exceptions, ..root })
        .prop_filter("the periods of an exception and of the root share nothing", |root| {
            let shares = |exception: &Provision| match (root.period, exception.period) {
                (Some(root), Some(own)) => root.shared_with(own).is_some(),
                _ => true,
            };
            root.exceptions.iter().all(shares)
        })
}

pub(crate) fn roots() -> impl Strategy<Value = Vec<Provision>> {
    proptest::collection::vec(root(), 0..4)
}

pub(crate) fn vetoes() -> impl Strategy<Value = Vec<Veto>> {
    let veto = (select(vec!["h1", "c1"]), prop_oneof![flat(Effect::Deny).boxed(), flat(Effect::Limit).boxed()]);
    let named = |(number, (id, provision)): (usize, (&str, Provision))| Veto {
        custodian: institution(id),
        name: format!("veto {number}"),
        provision,
    };
    proptest::collection::vec(veto, 0..3).prop_map(move |all| all.into_iter().enumerate().map(named).collect())
}

/// A policy, shown by its length only: it is long, and what differs is said by the rest.
#[derive(Clone)]
pub(crate) struct PolicyText(pub(super) String);

impl std::fmt::Debug for PolicyText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let reaches = self.0.contains("reach_withdrawn_in_emergency = true");
        write!(f, "PolicyText(reaches: {reaches}, open rule: {})", self.0.contains(OPEN_RULE))
    }
}

/// The default policy with every refusal offered, a disaster declared in Izumo, and a switch thrown or not.
pub(crate) fn policy_text() -> impl Strategy<Value = PolicyText> {
    (any::<bool>(), any::<bool>()).prop_map(|(reaches, opens_more)| {
        let all = "refusable = [\"break_glass\", \"consented\", \"ambulance\", \"disaster\"]";
        let switch = format!("reach_withdrawn_in_emergency = {reaches}");
        let mut text =
            DEFAULT_POLICY.replace("refusable = []", all).replace("reach_withdrawn_in_emergency = false", &switch);
        if opens_more {
            text.push_str(OPEN_RULE);
        }
        text.push_str(DISASTER);
        PolicyText(text)
    })
}

const OPEN_RULE: &str = r#"
[[rule]]
name = "感染症サーベイランス"
[rule.provision]
effect = "permit"
purposes = ["HRESCH"]
roles = ["physician", "nurse", "clerk"]
categories = ["diagnoses", "images"]
obligations = ["no_print"]
"#;

const DISASTER: &str = r#"
[[disaster]]
name = "地震"
regions = ["izumo"]
from = "2026-03-31T23:00:00+09:00"
until = "2026-04-01T03:00:00+09:00"
by = "県"
basis = "災害救助法"
"#;

/// Everything that a question is made of, in names and small numbers.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) institution: &'static str,
    pub(crate) role: ActingAs,
    pub(crate) department: Option<&'static str>,
    pub(crate) has_practitioner: bool,
    pub(crate) purpose: Purpose,
    pub(crate) custodian: &'static str,
    pub(crate) category: Category,
    pub(crate) codes: Vec<&'static str>,
    pub(crate) day: Option<i64>,
    pub(crate) author: Option<&'static str>,
    pub(crate) record: Option<&'static str>,
    pub(crate) related: Option<Vec<&'static str>>,
    pub(crate) from_department: Option<&'static str>,
    pub(crate) relations: Vec<Relation>,
    pub(crate) seen_days_ago: Option<i64>,
    pub(crate) minutes: i64,
    pub(crate) emergency: Option<(EmergencyKind, EmergencyReason, i64, bool)>,
    pub(crate) flags: [bool; 4],
}

pub(crate) fn asked() -> impl Strategy<Value = Asked> {
    let who = (
        select(INSTITUTIONS.to_vec()),
        select(ROLES.to_vec()),
        proptest::option::of(select(vec!["surgery", "psychiatry"])),
        proptest::bool::weighted(0.8),
    );
    let what = (
        select(vec!["h1", "c1", "h1", "h2"]),
        select(CATEGORIES.to_vec()),
        subsequence(CODES.to_vec(), 0..=2),
        proptest::option::weighted(0.8, -25_i64..3),
        proptest::option::of(select(vec!["d1", "d3"])),
        proptest::option::of(select(RECORDS.to_vec())),
        proptest::option::of(subsequence(ENCOUNTERS.to_vec(), 0..=2)),
        proptest::option::of(select(vec!["surgery", "psychiatry"])),
    );
    let relations = subsequence(Relation::ALL.to_vec(), 0..=1);
    let when = (relations, proptest::option::of(0_i64..40), -300_i64..300);
    // Kind and purpose fit more often than by chance, so that emergencies are authorised often enough.
    let fitting = prop_oneof![
        4 => Just((Purpose::TREAT, None)),
        1 => select(PURPOSES.to_vec()).prop_map(|purpose| (purpose, None)),
        1 => (select(PURPOSES.to_vec()), select(EmergencyKind::ALL.to_vec())).prop_map(|(p, kind)| (p, Some(kind))),
        2 => Just((Purpose::BTG, Some(EmergencyKind::BreakGlass))),
        1 => Just((Purpose::ETREAT, Some(EmergencyKind::Consented))),
        1 => Just((Purpose::ETREAT, Some(EmergencyKind::Ambulance))),
        1 => Just((Purpose::DISASTER, Some(EmergencyKind::Disaster))),
    ];
    let declared = (fitting, proptest::bool::weighted(0.9), 0_i64..1_600, proptest::bool::weighted(0.9));
    let weighted = proptest::bool::weighted;
    let flags = [weighted(0.03), weighted(0.05), weighted(0.05), weighted(0.85)];
    (who, what, when, declared, flags).prop_map(|(who, what, when, declared, flags)| {
        let (institution, role, department, has_practitioner) = who;
        let (custodian, category, codes, day, author, record, related, from_department) = what;
        let (relations, seen_days_ago, minutes) = when;
        let ((purpose, kind), has_reason, opened, proved) = declared;
        let reason = |kind| match kind {
            EmergencyKind::Disaster => EmergencyReason::Disaster,
            _ if has_reason => EmergencyReason::Unconscious,
            _ => EmergencyReason::Disaster,
        };
        let emergency = kind.map(|kind| (kind, reason(kind), opened, proved));
        Asked {
            institution,
            role,
            department,
            has_practitioner,
            purpose,
            custodian,
            category,
            codes,
            day,
            author,
            record,
            related,
            from_department,
            relations,
            seen_days_ago,
            minutes,
            emergency,
            flags,
        }
    })
}

impl Asked {
    pub(crate) fn now(&self) -> Instant {
        NOW.plus_micros(self.minutes * 60 * 1_000_000)
    }

    pub(crate) fn date(&self) -> Option<Date> {
        self.day.map(day)
    }

    pub(crate) fn emergency(&self) -> Option<Emergency> {
        let (kind, reason, minutes, is_reauthenticated) = self.emergency?;
        let opened = self.now().plus_micros(-minutes * 60 * 1_000_000);
        Some(Emergency { kind, reason: Some(reason), opened, is_reauthenticated })
    }

    pub(crate) fn requester(&self, world: &World) -> Requester {
        let department = self.department.map_or(Number::default(), |department| {
            world.book.number(&Name::Department(institution(self.institution), department.into()))
        });
        let mut requester = world.requester(self.institution, self.role);
        let [is_suspended, .., may_break_glass] = self.flags;
        requester.department = department;
        requester.is_suspended = is_suspended;
        requester.may_break_glass = may_break_glass;
        if !self.has_practitioner {
            requester.practitioner = Number::default();
        }
        requester.relations = self.relations.iter().copied().collect();
        requester.last_encounter = self.seen_days_ago.map(|days| self.now().plus_micros(-days * 24 * HOUR));
        requester
    }

    /// The encounters that the record belongs to, as numbers.
    pub(crate) fn related_numbers(&self, world: &World) -> Option<Vec<Number>> {
        let number = |name: &&str| world.book.number(&Name::Data((*name).into()));
        self.related.as_ref().map(|related| related.iter().map(number).collect())
    }

    pub(crate) fn record<'a>(&self, world: &World, related: Option<&'a [Number]>) -> RecordFacts<'a> {
        let number = |name: Option<Name>| name.map_or(Number::default(), |name| world.book.number(&name));
        RecordFacts {
            custodian: world.institution(self.custodian),
            department: number(self.from_department.map(|it| Name::Department(institution(self.custodian), it.into()))),
            category: self.category,
            labels: Labels::of_record(self.codes.iter().copied()),
            date: self.date(),
            author: number(self.author.map(|id| Name::Practitioner(practitioner(id)))),
            record: number(self.record.map(|id| Name::Data(id.into()))),
            related,
            identity: 0,
        }
    }

    pub(crate) fn request<'a>(&self, requester: &'a Requester, record: RecordFacts<'a>) -> Request<'a> {
        let [_, has_legal_basis, is_stale, _] = self.flags;
        Request {
            requester,
            record,
            purpose: self.purpose,
            now: self.now(),
            emergency: self.emergency(),
            has_legal_basis,
            is_stale,
        }
    }
}

/// Enters every name that random records use, so that unknown and unnamed stay different things.
pub(crate) fn enter_names(world: &mut World) {
    for record in RECORDS.iter().chain(&ENCOUNTERS) {
        world.book.enter(Name::Data((*record).into())).unwrap();
    }
    for (id, department) in DEPARTMENTS {
        world.book.enter(Name::Department(institution(id), department.into())).unwrap();
    }
}
