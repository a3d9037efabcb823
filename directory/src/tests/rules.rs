//! Who may act in which domain, what is refused, and that changes do not cross.

use super::*;

/// Hospital A owns a domain and lets B update in it; C is a stranger, D has gone.
fn network() -> Store {
    let mut store = Store::new();
    let always = when(Period::since(micros(0)), 0);
    store.write(|draft| {
        for name in ["a", "b", "c"] {
            state(draft, &institution_id(name), Some(&hospital(name)), always)?;
        }
        state(draft, &institution_id("d"), Some(&hospital("d")), when(during(0, 10), 0))?;
        let mut owned = authority("a");
        let may_update = Rights { may_update: true, ..Rights::default() };
        owned.grants = [(institution_id("b"), may_update), (institution_id("d"), Rights::ALL)].into();
        state(draft, &authority_id("1.2.3"), Some(&owned), when(during(0, 50), 0))
    });
    store
}

#[track_caller]
fn check_may((institution, authority): (&str, &str), act: Act, valid: i64, expected: Result<(), &str>) {
    let store = network();
    let (institution, authority) = (institution_id(institution), authority_id(authority));
    let as_of = AsOf::known(micros(valid));
    let found = store.snapshot().may(act, (&institution, &authority), as_of);
    assert_eq!(found.clone().map_err(|denial| denial.to_string()), expected.map_err(ToOwned::to_owned));
    assert_eq!(store.read(|draft| may(draft, act, (&institution, &authority), as_of)), found);
}

#[test]
fn a_domain_is_its_owners() {
    let stranger = Err("`c` does not own `urn:oid:1.2.3` and may not assign in it");
    let granted_less = Err("`b` does not own `urn:oid:1.2.3` and may not merge in it");
    check_may(("a", "1.2.3"), Act::Assign, 5, Ok(()));
    check_may(("a", "1.2.3"), Act::Update, 5, Ok(()));
    check_may(("a", "1.2.3"), Act::Merge, 5, Ok(()));
    check_may(("b", "1.2.3"), Act::Update, 5, Ok(()));
    check_may(("b", "1.2.3"), Act::Merge, 5, granted_less);
    check_may(("c", "1.2.3"), Act::Assign, 5, stranger);
    check_may(("d", "1.2.3"), Act::Assign, 5, Ok(()));
    check_may(("d", "1.2.3"), Act::Assign, 10, Err("the institution `d` is not known"));
    check_may(("e", "1.2.3"), Act::Assign, 5, Err("the institution `e` is not known"));
    check_may(("a", "1.2.4"), Act::Assign, 5, Err("the assigning authority `urn:oid:1.2.4` is not known"));
    check_may(("a", "1.2.3"), Act::Assign, 50, Err("the assigning authority `urn:oid:1.2.3` is not known"));
    check_may(("a", "1.2.3"), Act::Assign, -1, Err("the assigning authority `urn:oid:1.2.3` is not known"));
}

#[test]
fn a_short_name_must_be_the_only_one() {
    let mut store = network();
    let named = |store: &Store, valid| store.snapshot().authority_named("CH", AsOf::known(micros(valid))).cloned();
    assert_eq!(named(&store, 5), Some(authority_id("1.2.3")));
    assert_eq!(named(&store, 50), None);
    store.write(|draft| state(draft, &authority_id("1.2.4"), Some(&authority("b")), when(during(20, 99), 1)));
    assert_eq!(named(&store, 5), Some(authority_id("1.2.3")));
    assert_eq!(named(&store, 25), None);
    assert_eq!(named(&store, 60), Some(authority_id("1.2.4")));
    assert_eq!(store.snapshot().authority_named("XX", AsOf::known(micros(5))), None);
}

#[track_caller]
fn check_refused<E: Entry>(id: &E::Id, value: &E, expected: &str) {
    let store = network();
    let mut draft = Draft::new(&store.kv);
    let error = state(&mut draft, id, Some(value), when(Period::ALWAYS, 5)).unwrap_err();
    let Error::Refused(refusal) = error else { panic!("{error:?}") };
    assert_eq!(refusal.to_string(), expected);
    assert!(draft.finish().is_empty(), "a refused verb writes nothing");
}

#[test]
fn bad_entries_are_refused() {
    let id = institution_id("x");
    check_refused(&id, &hospital(" "), "the name of institution `x` is empty");
    check_refused(&id, &hospital("a\tb"), "the name of institution `x` is not free of control characters");
    check_refused(&id, &hospital(" a"), "the name of institution `x` is surrounded by white space");
    check_refused(&id, &hospital(&"院".repeat(101)), "the name of institution `x` is too long");
    let mut grouped = hospital("x");
    grouped.groups = (0..=PARTS_MAX).map(|number| number.to_string().into()).collect();
    check_refused(&id, &grouped, "the groups of institution `x` is too many");
    let nowhere = Institution { region: "".into(), ..hospital("x") };
    check_refused(&id, &nowhere, "the region of institution `x` is empty");
    let unknown = "assigning authority `urn:oid:1.2.9` names institution `x`, which is not in the directory";
    check_refused(&authority_id("1.2.9"), &authority("x"), unknown);
    let client = Client { name: "s".into(), institution: id.clone(), purposes: [].into(), roles: [].into() };
    let unknown = "client `s` names institution `x`, which is not in the directory";
    check_refused(&ClientId::new("s").unwrap(), &client, unknown);
    let practitioner = PractitionerId::new("p").unwrap();
    let post = Post { roles: [Role::Nurse].into(), is_named: true };
    let unknown = "post of `p` at `a` names practitioner `p`, which is not in the directory";
    check_refused(&(practitioner.clone(), institution_id("a")), &post, unknown);
    let idle = Post { roles: [].into(), is_named: true };
    check_refused(&(practitioner, institution_id("a")), &idle, "the roles of post of `p` at `a` is empty");
}

#[test]
fn a_stranger_cannot_take_part() {
    let store = network();
    let change = ParticipationChange { institution: institution_id("x"), is_participant: true, period: Period::ALWAYS };
    let mut draft = Draft::new(&store.kv);
    let error = change_participants(&mut draft, &[change], micros(5)).unwrap_err();
    assert!(matches!(error, Error::Refused(Refusal::UnknownReference { .. })), "{error:?}");
}

#[test]
fn every_kind_of_entry_is_read_as_it_was_stated() {
    let mut store = network();
    let (practitioner, client) = (PractitionerId::new("p-1").unwrap(), ClientId::new("charts").unwrap());
    let post_id = (practitioner.clone(), institution_id("a"));
    let someone = Practitioner { name: "試験 花子".into() };
    let post = Post { roles: [Role::Physician, Role::Clerk].into(), is_named: true };
    let service = Client {
        name: "診療情報共有".into(),
        institution: institution_id("a"),
        purposes: ["TREAT".into(), "ETREAT".into()].into(),
        roles: Role::ALL.into(),
    };
    let shared = when(Period::since(micros(3)), 7);
    store.write(|draft| {
        state(draft, &practitioner, Some(&someone), shared)?;
        state(draft, &post_id, Some(&post), shared)?;
        state(draft, &client, Some(&service), shared)
    });
    let (snapshot, now) = (store.snapshot(), AsOf::now(micros(8)));
    assert_eq!(snapshot.practitioner(&practitioner, now), Some(&someone));
    assert_eq!(snapshot.post(&practitioner, &institution_id("a"), now), Some(&post));
    assert_eq!(snapshot.posts(now).collect::<Vec<_>>(), [(&practitioner, &institution_id("a"), &post)]);
    assert_eq!(snapshot.client(&client, now), Some(&service));
    assert_eq!(snapshot.client(&client, AsOf::now(micros(6))), None);
    assert_eq!(store.read(|draft| list::<Client>(draft, now)), [(client, service)]);
    assert_eq!(snapshot.institutions(now).count(), 4);
    assert_eq!(
        snapshot.authorities(now).map(|(id, it)| (id.oid(), it.kind)).collect::<Vec<_>>(),
        [(Some("1.2.3"), AuthorityKind::Patients)]
    );
    assert_eq!(format!("{someone:?}"), "Practitioner(..)");
}

#[test]
fn two_changes_at_once_conflict() {
    let mut store = network();
    let partition = state_partition();
    let mut first = Draft::new(&store.kv);
    let mut second = Draft::new(&store.kv);
    let gone = when(Period::since(micros(5)), 5);
    state::<Institution>(&mut first, &institution_id("b"), None, gone).unwrap();
    state::<Institution>(&mut second, &institution_id("c"), None, gone).unwrap();
    let (first, second) = (first.finish(), second.finish());
    assert!(matches!(store.commit(first), Commit::Committed(_)));
    assert_eq!(store.commit(second), Commit::Conflict(vec![partition]));
}

#[test]
fn an_announced_change_is_overtaken_by_a_nearer_one() {
    let mut store = network();
    let mut change = |name: &str, is_participant, from, recorded| {
        let (institution, period) = (institution_id(name), Period::since(micros(from)));
        let change = ParticipationChange { institution, is_participant, period };
        store.write(|draft| change_participants(draft, &[change], micros(recorded)))
    };
    change("a", true, 0, 1);
    change("b", true, 100, 2);
    change("c", true, 50, 3);
    change("b", false, 100, 4);
    let list = |number: u32| {
        let list = store.read(|draft| participant_list(draft, ListVersion(number)))?;
        let names: Vec<String> = list.institutions.iter().map(ToString::to_string).collect();
        Some((list.effective.micros(), names.concat()))
    };
    assert_eq!(list(1), Some((0, "a".into())));
    assert_eq!(list(2), Some((100, "ab".into())));
    assert_eq!(list(3), Some((50, "ac".into())));
    assert_eq!(list(4), Some((100, "abc".into())), "what follows a nearer change is listed anew");
    assert_eq!(list(5), Some((100, "ac".into())));
    assert_eq!(list(6), None);
    assert_eq!(list(0), None);
    let in_force = |valid, recorded| {
        store.read(|draft| list_in_force(draft, AsOf { valid: micros(valid), recorded: micros(recorded) }))
    };
    assert_eq!([in_force(0, 0), in_force(0, 1), in_force(60, 2), in_force(60, 3)].map(|list| list.0), [0, 1, 1, 3]);
    assert_eq!([in_force(100, 2), in_force(100, 3), in_force(100, 4)].map(|list| list.0), [2, 4, 5]);
}

#[test]
fn events_are_read_as_they_were_written() {
    let store = network();
    let events = store.events();
    assert_eq!(events.len(), 5);
    assert_eq!(
        events.first(),
        Some(&Event::Stated {
            entity: Entity::Institution(institution_id("a")),
            period: Period::since(micros(0)),
            is_there: true,
            recorded: micros(0),
        })
    );
    for event in events {
        assert_eq!(Event::decode(&event.encode().unwrap()), Some(event));
    }
    assert_eq!(Event::decode(&[log::MPI, 1, 0]), None);
}

#[track_caller]
fn check_code(text: &str, expected: Option<(u8, Option<&str>)>) {
    let found: Option<InstitutionCode> = text.parse().ok();
    let authority = found.and_then(|code| code.patient_authority());
    assert_eq!(found.map(|code| (code.fee_table(), authority.as_ref().and_then(AuthorityId::oid))), expected);
}

#[test]
fn institution_codes_have_a_prefecture_and_a_fee_table() {
    check_code("3210000017", Some((1, Some("1.2.392.100495.20.3.51.13210000017"))));
    check_code(" 0131234567 ", Some((3, Some("1.2.392.100495.20.3.51.10131234567"))));
    check_code("4741234567", Some((4, None)));
    check_code("1361234567", Some((6, None)));
    check_code("0011234567", None);
    check_code("4811234567", None);
    check_code("3221234567", None);
    check_code("321000001", None);
    check_code("32100000170", None);
    check_code("321000001x", None);
    check_code("３２１０００００", None);
}

#[test]
fn words_are_read_as_they_are_written() {
    for kind in InstitutionKind::ALL {
        assert_eq!(kind.word().parse(), Ok(kind));
    }
    for kind in AuthorityKind::ALL {
        assert_eq!(kind.word().parse(), Ok(kind));
    }
    for role in Role::ALL {
        assert_eq!(role.word().parse(), Ok(role));
    }
    let error = "spa".parse::<InstitutionKind>().unwrap_err();
    assert_eq!(error.to_string(), "`spa` is no kind of institution");
}
