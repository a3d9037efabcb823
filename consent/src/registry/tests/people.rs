//! Care relationships, cards and emergency sessions, one story at a time.

use super::*;
use crate::{ActingAs, Category, EmergencyKind, EmergencyReason, Purpose, RecordFacts, Relation, Relations};
use directory::{InstitutionId, Period, PractitionerId, Role};

const DAY: i64 = 24 * 60;

fn institution(id: &str) -> InstitutionId {
    InstitutionId::new(id).unwrap()
}

fn relation(relation: Relation, from: i64, until: Option<i64>) -> CareRelation {
    let until = until.map_or(Instant::FOREVER, minutes);
    CareRelation {
        relation,
        period: Period::new(minutes(from), until).unwrap(),
        practitioner: None,
        source: "ADT".into(),
    }
}

fn state(
    registry: &mut Registry,
    (owner, id, reference): (u8, &str, &str),
    it: Option<&CareRelation>,
    now: i64,
) -> Change {
    let stated = registry.run(|draft, _| {
        state_relation(draft, (identity(owner), &institution(id), reference), it, &stamp(minutes(now)))
    });
    stated.unwrap()
}

fn facts(registry: &Registry, owners: &[u8], (at, recorded): (i64, i64)) -> RelationFacts {
    let all = registry.read(|draft| relations(draft, &linked(owners), minutes(recorded)));
    all.facts((&institution("c1"), None), minutes(at), 30)
}

fn set(relations: &[Relation]) -> Relations {
    relations.iter().copied().collect()
}

#[test]
fn an_encounter_opens_ends_and_is_remembered() {
    use Relation::{OpenEncounter, SeenRecently};
    let mut registry = Registry::new();
    let open = relation(OpenEncounter, 0, None);
    assert_eq!(state(&mut registry, (1, "c1", "e1"), Some(&open), 5), Change::Changed);
    assert_eq!(state(&mut registry, (1, "c1", "e1"), Some(&open), 6), Change::Unchanged);
    let closed = relation(OpenEncounter, 0, Some(60));
    assert_eq!(state(&mut registry, (1, "c1", "e1"), Some(&closed), 70), Change::Changed);
    // Before it was told, nothing was known; then it was open; later it had been closed.
    assert_eq!(facts(&registry, &[1], (3, 3)).relations, set(&[]));
    let while_open = facts(&registry, &[1], (65, 65));
    assert_eq!(while_open.relations, set(&[OpenEncounter, SeenRecently]));
    assert_eq!(while_open.last_encounter, Some(minutes(65)));
    let after = facts(&registry, &[1], (65, 70));
    assert_eq!((after.relations, after.last_encounter), (set(&[SeenRecently]), Some(minutes(60))));
    assert_eq!(after.until, minutes(60 + 30 * DAY));
    assert_eq!(facts(&registry, &[1], (60 + 30 * DAY, 70)).relations, set(&[]));
    // What is known to begin or end is when the facts change.
    assert_eq!(facts(&registry, &[1], (-10, 70)).until, minutes(0));
    assert_eq!(facts(&registry, &[1], (10, 70)).until, minutes(60));
    // It was an error: it never was.
    assert_eq!(state(&mut registry, (1, "c1", "e1"), None, 80), Change::Changed);
    assert_eq!(facts(&registry, &[1], (10, 80)).relations, set(&[]));
    assert_eq!(facts(&registry, &[1], (10, 79)).relations, set(&[OpenEncounter, SeenRecently]));
}

#[test]
fn relationships_count_for_all_that_is_linked_and_for_nobody_else() {
    let mut registry = Registry::new();
    state(&mut registry, (2, "c1", "r1"), Some(&relation(Relation::Referral, 0, Some(DAY))), 0);
    let doctor = PractitionerId::new("d3").unwrap();
    let registered =
        CareRelation { practitioner: Some(doctor.clone()), ..relation(Relation::RegisteredDoctor, 0, None) };
    state(&mut registry, (1, "c1", "g1"), Some(&registered), 0);
    assert_eq!(facts(&registry, &[1], (1, 1)).relations, set(&[]));
    assert_eq!(facts(&registry, &[1, 2], (1, 1)).relations, set(&[Relation::Referral]));
    let all = registry.read(|draft| relations(draft, &linked(&[1, 2]), minutes(1)));
    let of = |id: &str, who| all.facts((&institution(id), who), minutes(1), 30).relations;
    assert_eq!(of("c1", Some(&doctor)), set(&[Relation::Referral, Relation::RegisteredDoctor]));
    assert_eq!(of("h1", Some(&doctor)), set(&[]));
}

#[test]
fn a_relationship_opens_what_asks_for_one() {
    let mut registry = Registry::new();
    let asked = |registry: &Registry, at: i64| {
        let world = &registry.world;
        let requester = world.requester("c1", ActingAs::Profession(Role::Physician));
        let requester = requester.with_relations(facts(registry, &[1], (at, at)));
        let chart = crate::tests::world::chart_of(&[], false);
        let record = RecordFacts::of(world.institution("h1"), Category::TESTS);
        let request = crate::tests::world::request(&requester, record, Purpose::TREAT);
        let decision = world.decide(&chart, &request);
        (decision.is_permit(), decision.valid_until)
    };
    assert!(!asked(&registry, 1).0);
    state(&mut registry, (1, "c1", "r1"), Some(&relation(Relation::Referral, 0, Some(DAY))), 0);
    assert_eq!(asked(&registry, 1), (true, minutes(DAY)));
    assert!(!asked(&registry, DAY).0);
}

#[test]
fn what_is_no_relationship_is_refused() {
    let mut registry = Registry::new();
    let seen = relation(Relation::SeenRecently, 0, None);
    let nameless = CareRelation { source: " ".into(), ..relation(Relation::Referral, 0, None) };
    for (reference, it) in [("r1", &seen), ("r1", &nameless), ("", &relation(Relation::Referral, 0, None))] {
        let place = (identity(1), &institution("c1"), reference);
        let stated = registry.run(|draft, _| state_relation(draft, place, Some(it), &stamp(NOW)));
        assert!(matches!(stated, Err(Error::Refused(_))), "{stated:?}");
    }
}

const CARD: CardId = CardId([7; 16]);
const OTHER: CardId = CardId([8; 16]);

fn cards() -> Registry {
    let mut registry = Registry::new();
    for card in [CARD, OTHER] {
        let issue = |draft: &mut Draft<'_>| issue_card(draft, card, ("form 1", &institution("h1")), &stamp(NOW));
        assert_eq!(registry.run(|draft, _| issue(draft)).unwrap(), Change::Changed);
        let again = registry.run(|draft, _| issue(draft));
        assert_eq!(again.unwrap_err().to_string(), "the card was issued before");
    }
    registry
}

fn tie(registry: &mut Registry, (card, owner, id): (CardId, u8, &str), now: i64) -> Result<Change, String> {
    let tied =
        registry.run(|draft, _| tie_card(draft, (card, identity(owner)), &institution(id), &stamp(minutes(now))));
    tied.map_err(|error| error.to_string())
}

#[test]
fn numbers_are_tied_to_one_card_and_one_card_only() {
    let mut registry = cards();
    assert_eq!(tie(&mut registry, (CARD, 1, "h1"), 1), Ok(Change::Changed));
    assert_eq!(tie(&mut registry, (CARD, 1, "h1"), 2), Ok(Change::Unchanged));
    assert_eq!(tie(&mut registry, (CARD, 2, "c1"), 3), Ok(Change::Changed));
    let of_family = "the number is tied to another card: a family member's, or a typing error";
    assert_eq!(tie(&mut registry, (OTHER, 1, "h1"), 4), Err(of_family.to_owned()));
    let second = "another number of the institution is tied to the card";
    assert_eq!(tie(&mut registry, (CARD, 3, "h1"), 5), Err(second.to_owned()));
    assert_eq!(tie(&mut registry, (CardId([9; 16]), 3, "h1"), 5), Err("there is no such card".to_owned()));
    assert_eq!(registry.read(|draft| card_of(draft, identity(1))), Some(CARD));
    assert_eq!(registry.read(|draft| card_of(draft, identity(3))), None);
    let ties = |registry: &Registry, at| {
        registry.read(|draft| card(draft, CARD, minutes(at))).map(|card| card.ties.into_keys().collect::<Vec<_>>())
    };
    assert_eq!(ties(&registry, -1), None);
    assert_eq!(ties(&registry, 2), Some(vec![identity(1)]));
    assert_eq!(ties(&registry, 3), Some(vec![identity(1), identity(2)]));
}

#[test]
fn a_tie_is_taken_back_and_a_card_called_off() {
    let mut registry = cards();
    tie(&mut registry, (CARD, 1, "h1"), 1).unwrap();
    tie(&mut registry, (CARD, 2, "c1"), 1).unwrap();
    let untie = |draft: &mut Draft<'_>| untie_card(draft, (CARD, identity(1)), "typing error", &stamp(minutes(2)));
    registry.run(|draft, _| untie(draft)).unwrap();
    assert_eq!(registry.read(|draft| card_of(draft, identity(1))), None);
    let again = registry.run(|draft, _| untie(draft));
    assert_eq!(again.unwrap_err().to_string(), "the number is not tied to the card");
    assert_eq!(tie(&mut registry, (OTHER, 1, "h1"), 3), Ok(Change::Changed));
    let cancel = |draft: &mut Draft<'_>| cancel_card(draft, CARD, "lost", &stamp(minutes(4)));
    assert_eq!(registry.run(|draft, _| cancel(draft)).unwrap(), Change::Changed);
    assert_eq!(registry.run(|draft, _| cancel(draft)).unwrap(), Change::Unchanged);
    assert_eq!(registry.read(|draft| card_of(draft, identity(2))), None);
    assert_eq!(tie(&mut registry, (CARD, 3, "h2"), 5), Err("the card is cancelled".to_owned()));
    let standing = registry.read(|draft| card(draft, CARD, minutes(5))).unwrap();
    assert!(standing.is_cancelled && standing.ties.contains_key(&identity(2)));
}

const SESSION: SessionId = SessionId([5; 16]);

fn opening() -> Opening {
    Opening {
        identities: linked(&[1, 2]),
        institution: institution("h1"),
        practitioner: PractitionerId::new("d1").unwrap(),
        role: ActingAs::Profession(Role::Physician),
        purpose: Purpose::BTG,
        kind: EmergencyKind::BreakGlass,
        reason: EmergencyReason::Unconscious,
        words: "found in the street".into(),
        is_reauthenticated: true,
        may_break_glass: true,
        seconds: 3_600,
    }
}

#[test]
fn an_emergency_session_is_for_one_requester_and_one_patient_and_ends() {
    let mut registry = Registry::new();
    let open = |draft: &mut Draft<'_>, at| open_session(draft, SESSION, &opening(), &stamp_of("d1", minutes(at)));
    assert_eq!(registry.run(|draft, _| open(draft, 0)).unwrap(), Change::Changed);
    assert_eq!(registry.run(|draft, _| open(draft, 1)).unwrap_err().to_string(), "the session was opened before");
    let session = registry.read(|draft| session(draft, SESSION)).unwrap();
    let (own, other) = (PractitionerId::new("d1").unwrap(), PractitionerId::new("d2").unwrap());
    let declared = |who: (&str, &PractitionerId, Role), owners: &[u8], at| {
        let (institution, role) = (institution(who.0), ActingAs::Profession(who.2));
        session.emergency((&institution, Some(who.1), role), &linked(owners), minutes(at)).is_some()
    };
    assert!(declared(("h1", &own, Role::Physician), &[2, 9], 59));
    for (who, owners, at) in [
        (("h1", &own, Role::Physician), &[9][..], 59),
        (("h1", &own, Role::Physician), &[1], 60),
        (("h1", &own, Role::Physician), &[1], -1),
        (("h1", &own, Role::Nurse), &[1], 0),
        (("h1", &other, Role::Physician), &[1], 0),
        (("c1", &own, Role::Physician), &[1], 0),
    ] {
        assert!(!declared(who, owners, at), "{who:?} {owners:?} {at}");
    }
}

#[test]
fn an_emergency_session_waits_until_another_has_looked_at_it() {
    let mut registry = Registry::new();
    let nobody = Opening { identities: BTreeSet::new(), ..opening() };
    for wrong in [nobody, Opening { words: " ".into(), ..opening() }] {
        let refused = registry.run(|draft, _| open_session(draft, SESSION, &wrong, &stamp(NOW)));
        assert!(matches!(refused, Err(Error::Refused(_))), "{refused:?}");
    }
    registry.run(|draft, _| open_session(draft, SESSION, &opening(), &stamp_of("d1", minutes(0)))).unwrap();
    let review = |registry: &mut Registry, by: &str, at| {
        let found = SessionReview { is_justified: true, words: "seen the chart".into() };
        let done = registry.run(|draft, _| review_session(draft, SESSION, &found, &stamp_of(by, minutes(at))));
        done.map_err(|error| error.to_string())
    };
    assert_eq!(review(&mut registry, "officer", 5), Err("the session goes on".to_owned()));
    let close = |draft: &mut Draft<'_>, at| close_session(draft, SESSION, &stamp_of("d1", minutes(at)));
    assert_eq!(registry.run(|draft, _| close(draft, 10)).unwrap(), Change::Changed);
    assert_eq!(registry.run(|draft, _| close(draft, 11)).unwrap(), Change::Unchanged);
    assert_eq!(review(&mut registry, "d1", 12), Err("whoever opened a session does not review it".to_owned()));
    let waiting = |registry: &Registry| registry.read(|draft| sessions_waiting(draft, 10)).len();
    assert_eq!(waiting(&registry), 1);
    assert_eq!(review(&mut registry, "officer", 12), Ok(Change::Changed));
    assert_eq!(waiting(&registry), 0);
    assert_eq!(review(&mut registry, "officer", 13), Err("the session was reviewed before".to_owned()));
    let session = registry.read(|draft| session(draft, SESSION)).unwrap();
    assert_eq!((session.until(), session.review.map(|review| review.is_justified)), (minutes(10), Some(true)));
}
