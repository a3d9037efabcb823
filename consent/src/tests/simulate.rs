//! Simulation equals asking one by one, over random worlds.

use super::random::*;
use super::world::*;
use crate::document::*;
use crate::simulate::*;
use crate::*;
use directory::Role;
use proptest::prelude::*;

const ROLES: [ActingAs; 5] = [
    ActingAs::Profession(Role::Physician),
    ActingAs::Profession(Role::Pharmacist),
    ActingAs::Profession(Role::CareManager),
    ActingAs::Profession(Role::Ambulance),
    ActingAs::Patient,
];

/// Everybody who asks in these worlds: an ordinary person of each institution, with and without a relationship, and a
/// practitioner who has a name.
pub(super) fn seats(world: &World) -> Vec<Requester> {
    let mut seats = Vec::new();
    for institution in INSTITUTIONS {
        for relations in [&[][..], &[Relation::OpenEncounter]] {
            let plain = world.requester(institution, physician());
            let relations: Relations = relations.iter().copied().collect();
            seats.push(Requester {
                relations,
                practitioner: Number::OTHER,
                department: Number::OTHER,
                ..plain.clone()
            });
            seats.push(Requester { relations, may_break_glass: true, ..plain });
        }
    }
    seats
}

/// Records of every custodian, young and old, with and without what is known of them.
pub(super) fn records<'a>(world: &World, asked: &[Asked], related: &'a [Option<Vec<Number>>]) -> Vec<RecordFacts<'a>> {
    let of_asked = asked.iter().zip(related).map(|(asked, related)| asked.record(world, related.as_deref()));
    let ordinary = ["h1", "h2", "c1"].map(|id| RecordFacts {
        author: Number::OTHER,
        department: Number::OTHER,
        record: Number::OTHER,
        related: Some(&[]),
        date: NOW.date(directory::Offset::TOKYO),
        ..RecordFacts::of(world.institution(id), Category::IDENTITY)
    });
    of_asked.chain(ordinary).collect()
}

fn columns() -> impl Iterator<Item = Category> {
    Category::all().chain([Category::from_bit(40)])
}

/// The cell by asking one by one.
fn by_hand(world: &World, chart: &Chart, sight: &Sight<'_>, (requester, category): (&Requester, Category)) -> Cell {
    let mut cell = Cell { records: 0, plain: 0, sensitive: 0, in_emergency: 0, reason: None };
    for record in sight.records.iter().filter(|record| record.custodian != requester.institution) {
        let record = RecordFacts { category, ..*record };
        let request = Request { now: sight.now, ..request(requester, record, sight.purpose) };
        let is_open = |request: Request<'_>| world.decide(chart, &request).is_permit();
        cell.records += 1;
        cell.plain += u32::from(is_open(request));
        let sensitive = world.policy.sensitive().iter();
        let labels =
            sensitive.map(|label| if label.is_level() { label.set() } else { label.set().with(Labels::PLAIN) });
        let mut any = labels.map(|labels| Request { record: RecordFacts { labels, ..record }, ..request });
        cell.sensitive += u32::from(any.any(is_open));
        let mut any = EmergencyKind::ALL.into_iter().flat_map(|kind| kind.purposes().iter().map(move |it| (kind, it)));
        cell.in_emergency += u32::from(any.any(|(kind, purpose)| {
            EmergencyReason::ALL.into_iter().any(|reason| {
                let (opened, reason) = (sight.now, Some(reason));
                let emergency = Some(Emergency { kind, reason, opened, is_reauthenticated: true });
                is_open(Request { purpose, emergency, ..request })
            })
        }));
    }
    cell
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(60) })]

    #[test]
    fn the_matrix_is_the_single_decisions(
        policy in policy_text(), vetoes in vetoes(), roots in roots(), asked in proptest::collection::vec(asked(), 1..4),
    ) {
        let mut world = World::with(&policy.0, &vetoes);
        enter_names(&mut world);
        let chart = world.chart(&roots);
        let seats = seats(&world);
        let related: Vec<_> = asked.iter().map(|asked| asked.related_numbers(&world)).collect();
        let records = records(&world, &asked, &related);
        let (purpose, now) = (asked[0].purpose, asked[0].now());
        let sight = Sight { engine: world.engine(), chart: chart.view(), requesters: &seats, roles: &ROLES,
            records: &records, purpose, now };
        let matrix = who_can_see(sight);
        prop_assert!(matrix.groups() <= seats.len());
        for (place, seat) in seats.iter().enumerate() {
            for (column, role) in ROLES.into_iter().enumerate() {
                let requester = Requester { role, ..seat.clone() };
                for category in columns() {
                    let found = matrix.cell(place, column, category).unwrap();
                    let expected = by_hand(&world, &chart, &sight, (&requester, category));
                    prop_assert_eq!(Cell { reason: None, ..found }, expected, "{:?} {:?}", requester, category);
                    let shown = matrix.drill_down(place, column, category);
                    let open = shown.iter().filter(|(_, decision, _)| decision.is_permit()).count();
                    prop_assert_eq!(u32::try_from(open).unwrap(), found.plain);
                    check_reason(&found, &shown)?;
                }
            }
        }
        prop_assert_eq!(matrix.cell(seats.len(), 0, Category::IMAGES), None);
        prop_assert_eq!(matrix.cell(0, ROLES.len(), Category::IMAGES), None);
    }

    #[test]
    fn what_a_user_sees_is_the_single_decisions(
        policy in policy_text(), vetoes in vetoes(), patients in proptest::collection::vec(roots(), 1..5),
        asked in proptest::collection::vec(asked(), 1..4),
    ) {
        let mut world = World::with(&policy.0, &vetoes);
        enter_names(&mut world);
        let charts: Vec<Chart> = patients.iter().map(|roots| world.chart(roots)).collect();
        let related: Vec<_> = asked.iter().map(|asked| asked.related_numbers(&world)).collect();
        let records = records(&world, &asked, &related);
        let requester = asked[0].requester(&world);
        let standpoint = Standpoint { engine: world.engine(), requester: &requester, purpose: asked[0].purpose,
            now: asked[0].now(), emergency: asked[0].emergency() };
        let holdings = charts.iter().enumerate().map(|(patient, chart)| Holding { patient, chart: chart.view(), records: &records });
        let found: Vec<Seen<usize>> = what_can_see(standpoint, holdings).collect();
        let mut expected = Vec::new();
        for (patient, chart) in charts.iter().enumerate() {
            let open = |record: &RecordFacts<'_>| -> Categories {
                columns().filter(|category| {
                    let record = RecordFacts { category: *category, ..*record };
                    let request = Request { now: standpoint.now, emergency: standpoint.emergency,
                        ..request(&requester, record, standpoint.purpose) };
                    world.decide(chart, &request).is_permit()
                }).collect()
            };
            let all: Vec<Categories> = records.iter().map(open).collect();
            let some = all.iter().fold(Categories::NONE, |a, b| a.with(*b));
            if !some.is_empty() {
                let custodians = all.iter().filter(|open| !open.is_empty()).count();
                let all = all.iter().fold(Categories::ALL, |a, b| Categories(a.0 & b.0));
                expected.push(Seen { patient, some, all, custodians });
            }
        }
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn a_replay_lists_just_what_differs(
        before in policy_text(), after in policy_text(), vetoes in vetoes(), roots in roots(),
        asked in proptest::collection::vec(asked(), 1..12),
    ) {
        let mut world = World::with(&before.0, &vetoes);
        enter_names(&mut world);
        let chart = world.chart(&roots);
        let draft = PolicyImage::compile(&parsed(&after.0), 2, (Some(known()), &vetoes), &mut world.book).unwrap();
        let engine = Engine { policy: &draft, book: &world.book };
        let requesters: Vec<Requester> = asked.iter().map(|asked| asked.requester(&world)).collect();
        let requests: Vec<Request<'_>> = asked.iter().zip(&requesters)
            .map(|(asked, requester)| asked.request(requester, asked.record(&world, None))).collect();
        let past = |(key, request): (usize, &Request<'_>)| {
            let given = world.decide(&chart, request);
            (key, given.outcome, given.obligations)
        };
        let given: Vec<_> = requests.iter().enumerate().map(past).collect();
        let past = given.iter().zip(&requests).map(|((key, outcome, obligations), request)| Past {
            key: *key, chart: chart.view(), request: *request, outcome: *outcome, obligations: *obligations });
        let replayed = replay(&engine, past);
        let differs: Vec<usize> = given.iter().zip(&requests).filter(|((_, outcome, obligations), request)| {
            let now = engine.decide(chart.view(), request, &mut Reasons::new());
            (now.outcome, now.obligations) != (*outcome, *obligations)
        }).map(|((key, ..), _)| *key).collect();
        prop_assert_eq!(replayed.differences.iter().map(|it| it.key).collect::<Vec<_>>(), differs);
        prop_assert_eq!(usize::try_from(replayed.asked).unwrap(), asked.len());
        let counted = replayed.gained + replayed.lost + replayed.obliged_otherwise;
        prop_assert_eq!(usize::try_from(counted).unwrap(), replayed.differences.len());
    }
}

/// The reason of a cell stands behind one of its decisions, the opening one if there is one.
fn check_reason(cell: &Cell, shown: &[(Number, Decision, Reasons)]) -> Result<(), TestCaseError> {
    let is_it = |(_, decision, reasons): &(Number, Decision, Reasons)| match cell.reason {
        Some(CellReason::Permit(at)) => {
            decision.is_permit() && reasons.deciding(Outcome::Permit).any(|found| found == at)
        }
        Some(CellReason::Deny(at)) => !decision.is_permit() && reasons.deciding(Outcome::Deny).any(|found| found == at),
        Some(CellReason::NoPermit) => decision.basis == Basis::NoPermit,
        Some(CellReason::Stop(stop)) => decision.stops.has(stop),
        Some(CellReason::Own) | None => false,
    };
    prop_assert!(cell.records == 0 && cell.reason.is_none() || shown.iter().any(is_it), "{:?}", cell);
    prop_assert_eq!(matches!(cell.reason, Some(CellReason::Permit(_))), cell.plain > 0);
    Ok(())
}

#[test]
fn extents_and_marks_of_a_cell() {
    let cell = |plain, sensitive, in_emergency| Cell { records: 3, plain, sensitive, in_emergency, reason: None };
    assert_eq!([0, 2, 3].map(|plain| cell(plain, 0, 0).extent()), [Extent::None, Extent::Some, Extent::All]);
    assert!(cell(0, 0, 1).needs_emergency() && !cell(1, 0, 1).needs_emergency());
    assert!(cell(0, 1, 0).is_sensitive_only() && !cell(1, 1, 0).is_sensitive_only());
}

/// The steps that would turn the answer to a physician of the clinic.
#[track_caller]
fn check_flip(roots: &[Provision], change: impl Fn(&mut Chart, &mut Requester), expected: &str) {
    let mut world = World::new();
    let mut chart = world.chart(roots);
    let mut requester = world.requester("c1", physician());
    change(&mut chart, &mut requester);
    let request = request(&requester, RecordFacts::of(world.institution("h1"), Category::IMAGES), Purpose::TREAT);
    let mut reasons = Reasons::new();
    let decision = world.decide_with(&chart, &request, &mut reasons);
    let flip = what_would_flip(&world.engine(), &chart, &request, (&decision, &reasons));
    assert_eq!(flip.sentence.english, expected);
    assert_eq!(flip.single().is_some(), flip.steps.len() == 1);
    assert!(flip.is_certain);
}

#[test]
fn the_change_that_flips_is_named() {
    let permit = Provision { purposes: of(&[Purpose::TREAT]), ..Provision::permit() };
    let deny = Provision { categories: of(&[Category::IMAGES]), ..Provision::deny() };
    let none = |_: &mut Chart, _: &mut Requester| {};
    let lift = "lift the deny [consent:02020202020202020202020202020202.1/0].";
    check_flip(&[permit.clone(), deny.clone()], none, &format!("One change would turn the answer: {lift}"));
    check_flip(std::slice::from_ref(&permit), none, "One change would turn the answer: add a deny.");
    check_flip(&[], none, "One change would turn the answer: add a consent or a rule that permits it.");
    check_flip(
        &[permit, deny],
        |chart, _| chart.subject.state = SubjectState::Withdrawn,
        &format!("All of these together would turn the answer: clear the reason: The patient has withdrawn. {lift}"),
    );
    check_flip(
        &[],
        |_, requester| requester.is_suspended = true,
        "All of these together would turn the answer: clear the reason: The user or the institution is suspended. \
         add a consent or a rule that permits it.",
    );
}
