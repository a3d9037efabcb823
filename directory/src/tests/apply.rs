//! Descriptions: what is wrong with them, and that to apply them makes the register equal to them, once.

use super::*;
use proptest::prelude::*;
use std::collections::BTreeSet;

const NETWORK: &str = r#"
[[institutions]]
id = "3210000017"
name = "県立試験病院"
kind = "hospital"
region = "松江市"
groups = ["心臓ケア"]
disclosing = true
code = "3210000017"

[[institutions]]
id = "clinic-2"
name = "試験医院"
kind = "clinic"
region = "出雲市"
joined = "2026-04-01"
left = "2027-03-31"

[[institutions]]
id = "city"
name = "試験市"
kind = "government"
region = "松江市"
participant = false

[[authorities]]
id = "urn:oid:1.2.392.100495.20.3.51.13210000017"
name = "県立試験病院 患者番号"
kind = "patients"
owner = "3210000017"
namespace = "KENRITSU"
grants = [{ institution = "city", acts = ["update", "merge"] }]

[[practitioners]]
id = "p-1"
name = "試験 太郎"
posts = [
    { institution = "3210000017", roles = ["physician"], until = "2026-12-31" },
    { institution = "clinic-2", roles = ["physician", "clerk"], from = "2027-01-01" },
]

[[clients]]
id = "charts"
name = "カルテ共有"
institution = "3210000017"
purposes = ["TREAT"]
roles = ["physician", "nurse"]
"#;

fn described(text: &str) -> description::Directory {
    toml::from_str(text).unwrap()
}

#[track_caller]
fn desired(directory: &description::Directory) -> Desired {
    directory.check(Offset::TOKYO).unwrap()
}

fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

#[test]
fn a_description_becomes_a_directory() {
    let (mut store, start) = (Store::new(), instant("2026-06-01T00:00:00+09:00"));
    let desired = desired(&described(NETWORK));
    // Three institutions, an authority, a practitioner and a client; two posts and two participants. That something is
    // not there before or after needs no statement yet.
    let outcome = store.write(|draft| apply(draft, &desired, start, start));
    assert_eq!(outcome, Outcome::Changed(DirectoryVersion(10)));
    let snapshot = store.snapshot();
    let at = |text: &str| AsOf::known(instant(text));
    let (hospital, clinic, city) = (institution_id("3210000017"), institution_id("clinic-2"), institution_id("city"));
    let june = at("2026-06-15T12:00:00+09:00");
    assert_eq!(snapshot.institution(&hospital, june).map(|it| it.is_disclosing), Some(true));
    assert_eq!(snapshot.institution(&hospital, at("2026-05-31T23:59:59+09:00")), None);
    let takes_part = |id, text| snapshot.is_participant(id, at(text));
    assert!(takes_part(&hospital, "2026-06-01T00:00:00+09:00"));
    assert!(!takes_part(&hospital, "2026-05-31T23:59:59+09:00"));
    assert!(takes_part(&clinic, "2026-04-01T00:00:00+09:00"), "a day that is named may be before");
    assert!(takes_part(&clinic, "2027-03-31T23:59:59+09:00"));
    assert!(!takes_part(&clinic, "2027-04-01T00:00:00+09:00"));
    assert!(!takes_part(&city, "2026-06-15T12:00:00+09:00"));
    let practitioner = PractitionerId::new("p-1").unwrap();
    let holds = |id, text| snapshot.post(&practitioner, id, at(text)).is_some();
    assert!(holds(&hospital, "2026-12-31T23:59:59+09:00") && !holds(&hospital, "2027-01-01T00:00:00+09:00"));
    assert!(!holds(&clinic, "2026-12-31T23:59:59+09:00") && holds(&clinic, "2027-01-01T00:00:00+09:00"));
    let domain = snapshot.authority_named("KENRITSU", june).unwrap();
    assert_eq!(snapshot.may(Act::Merge, (&city, domain), june), Ok(()));
    assert!(snapshot.may_assign(&city, domain, june).is_err());
    assert!(snapshot.client(&ClientId::new("charts").unwrap(), june).is_some());
}

#[test]
fn what_is_not_described_is_gone_from_then_on() {
    let (mut store, start) = (Store::new(), instant("2026-06-01T00:00:00+09:00"));
    let mut directory = described(NETWORK);
    store.write(|draft| apply(draft, &desired(&directory), start, start));
    let later = instant("2026-08-01T00:00:00+09:00");
    directory.practitioners.clear();
    directory.clients.clear();
    directory.authorities.clear();
    directory.institutions.truncate(1);
    store.write(|draft| apply(draft, &desired(&directory), later, later));
    let snapshot = store.snapshot();
    let hospital = institution_id("3210000017");
    for (moment, count) in [(later.plus_micros(-1), 3), (later, 1)] {
        let as_of = AsOf::known(moment);
        let practitioner = PractitionerId::new("p-1").unwrap();
        let is_there = count == 3;
        assert_eq!(snapshot.institutions(as_of).count(), count);
        assert_eq!(snapshot.practitioner(&practitioner, as_of).is_some(), is_there);
        assert_eq!(snapshot.post(&practitioner, &hospital, as_of).is_some(), is_there);
        assert_eq!(snapshot.client(&ClientId::new("charts").unwrap(), as_of).is_some(), is_there);
        assert_eq!(snapshot.authorities(as_of).count(), usize::from(is_there));
        assert_eq!(snapshot.is_participant(&institution_id("clinic-2"), as_of), is_there);
        assert!(snapshot.is_participant(&hospital, as_of));
    }
    let undone = AsOf { valid: instant("2026-09-01T00:00:00Z"), recorded: start };
    assert!(snapshot.is_participant(&institution_id("clinic-2"), undone), "what was known before is still known");
}

#[track_caller]
fn check_wrong(change: impl FnOnce(&mut description::Directory), expected: &[&str]) {
    let mut directory = described(NETWORK);
    change(&mut directory);
    let problems = directory.check(Offset::TOKYO).unwrap_err();
    let messages: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(messages, expected);
}

const AUTHORITY: &str = "authority 1 (`urn:oid:1.2.392.100495.20.3.51.13210000017`)";

/// What is said of every entry that names an institution which is not sound.
fn unknown(entry: &str, field: &str, id: &str) -> String {
    format!("{entry}: {field}: there is no sound institution `{id}` in the directory")
}

#[test]
fn an_institution_that_is_wrong_is_named_and_so_is_who_names_it() {
    let posts = |id| unknown("practitioner 1 (`p-1`)", "posts", id);
    let grants = unknown(AUTHORITY, "grants", "city");
    check_wrong(
        |it| it.institutions[1].kind = "spa".into(),
        &["institution 2 (`clinic-2`): kind: `spa` is no kind of institution", &posts("clinic-2")],
    );
    check_wrong(
        |it| it.institutions[0].code = Some("123".into()),
        &[
            "institution 1 (`3210000017`): code: `123` is no institution code of ten digits",
            &unknown(AUTHORITY, "owner", "3210000017"),
            &posts("3210000017"),
            &unknown("client 1 (`charts`)", "institution", "3210000017"),
        ],
    );
    check_wrong(
        |it| it.institutions[2].id = "市".into(),
        &["institution 3 (`市`): the institution id holds `市`, which is not allowed there", &grants],
    );
    check_wrong(
        |it| it.institutions[2].id = "clinic-2".into(),
        &["institution 3 (`clinic-2`): another entry has the same id", &grants],
    );
    check_wrong(
        |it| it.institutions[2].left = Some("2027-01-01".into()),
        &["institution 3 (`city`): has days of joining or leaving, and is no participant", &grants],
    );
}

#[track_caller]
fn check_wrong_days(joined: &str, left: &str, expected: &str) {
    let change = |it: &mut description::Directory| {
        it.practitioners.clear();
        it.institutions[1].joined = Some(joined.into());
        it.institutions[1].left = Some(left.into());
    };
    check_wrong(change, &[&format!("institution 2 (`clinic-2`): {expected}")]);
}

#[test]
fn days_that_are_wrong_are_named() {
    let empty = "joined: the period from 2027-04-01T15:00:00Z until 2027-03-31T15:00:00Z is empty";
    check_wrong_days("2027-04-02", "2027-03-31", empty);
    check_wrong_days("2026-04-01", "2027-02-29", "left: `2027-02-29` is not a date such as `2026-04-01`");
    check_wrong_days("2026/04/01", "2027-02-28", "joined: `2026/04/01` is not a date such as `2026-04-01`");
}

#[test]
fn other_entries_that_are_wrong_are_named() {
    check_wrong(|it| it.clients[0].roles.push("king".into()), &["client 1 (`charts`): roles: `king` is no role"]);
    check_wrong(
        |it| it.clients[0].purposes.push("TREAT".into()),
        &["client 1 (`charts`): purposes: one is named twice"],
    );
    check_wrong(|it| it.practitioners[0].name.clear(), &["practitioner 1 (`p-1`): name: empty"]);
    check_wrong(|it| it.practitioners[0].posts[1].roles.clear(), &["practitioner 1 (`p-1`): roles: empty"]);
    let acts = format!("{AUTHORITY}: grants: `steal` is none of `assign`, `update`, `merge`");
    check_wrong(|it| it.authorities[0].grants[0].acts = vec!["steal".into()], &[&acts]);
    check_wrong(
        |it| {
            let again = description::Authority { id: "1.2.3".into(), ..it.authorities[0].clone() };
            it.authorities.push(again);
        },
        &["authority 2 (`1.2.3`): namespace: `urn:oid:1.2.392.100495.20.3.51.13210000017` has the same"],
    );
    check_wrong(
        |it| it.clients = vec![it.clients[0].clone(); 2_999],
        &["the directory: 3006 entries and posts, over the limit of 3000"],
    );
}

#[test]
fn unknown_words_in_the_file_are_refused() {
    let error = toml::from_str::<description::Directory>("[[clients]]\nid = \"x\"\nmy_number = \"1\"").unwrap_err();
    assert!(error.to_string().contains("unknown field `my_number`"), "{error}");
    assert_eq!(toml::from_str(""), Ok(description::Directory::default()));
}

/// More joiners than one row of the list holds.
#[test]
fn a_large_network_fits() {
    let mut store = Store::new();
    let mut directory = description::Directory::default();
    let model = described(NETWORK).institutions.swap_remove(0);
    for number in 0..2_500 {
        directory.institutions.push(description::Institution { id: format!("i{number:04}"), ..model.clone() });
    }
    store.write(|draft| apply(draft, &desired(&directory), micros(0), micros(0)));
    let snapshot = store.snapshot();
    assert_eq!(snapshot.version(), DirectoryVersion(5_000));
    assert_eq!(snapshot.list(ListVersion(1)).map(|list| list.institutions.len()), Some(2_500));
    assert_eq!(snapshot.list(ListVersion(2)), None);
    let place = snapshot.index(&institution_id("i2499"));
    assert_eq!(place, Some(InstitutionIndex(2_499)));
    let list = store.read(|draft| participant_list(draft, ListVersion(1))).unwrap();
    assert_eq!(list.institutions.len(), 2_500);
    directory.institutions.truncate(100);
    store.write(|draft| apply(draft, &desired(&directory), micros(9), micros(9)));
    let list = store.snapshot().list(ListVersion(2)).cloned().unwrap();
    assert_eq!((list.institutions.len(), list.institutions.words().len()), (100, 2));
}

fn directories() -> impl Strategy<Value = description::Directory> {
    let institution = (0..3_u8, any::<bool>(), prop::option::of(0..3_u8), prop::option::of(3..6_u8));
    prop::collection::vec(prop::option::of(institution), 4).prop_map(|institutions| {
        let mut directory = described(NETWORK);
        let model = directory.institutions[0].clone();
        let day = |day: u8| format!("1970-01-{:02}", day + 1);
        for (place, shape) in institutions.into_iter().enumerate() {
            let Some((shape, participant, joined, left)) = shape else { continue };
            directory.institutions.push(description::Institution {
                id: format!("i{place}"),
                name: format!("第{shape}病院"),
                participant,
                joined: joined.filter(|_| participant).map(day),
                left: left.filter(|_| participant).map(day),
                ..model.clone()
            });
        }
        directory
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// After every description the directory is as described, and to apply it again, then or later, does nothing.
    #[test]
    fn applying_makes_equal_and_is_idempotent(directories in prop::collection::vec(directories(), 1..5)) {
        let mut store = Store::new();
        let day = 86_400_000_000;
        for (directory, number) in directories.iter().zip(0..) {
            let desired = desired(directory);
            let at = micros(number * day);
            store.write(|draft| apply(draft, &desired, at, at));
            let (version, events) = (store.read(version), store.events().len());
            for later in [at, micros(number * day + day / 2)] {
                let mut draft = Draft::new(&store.kv);
                prop_assert_eq!(apply(&mut draft, &desired, later, later).unwrap(), Outcome::Unchanged);
                prop_assert!(draft.is_empty());
            }
            prop_assert_eq!(store.snapshot().version(), version);
            prop_assert_eq!(store.events().len(), events);
            let as_of = AsOf::known(at);
            let snapshot = store.snapshot();
            let found: BTreeSet<String> = snapshot.institutions(as_of).map(|(id, it)| format!("{id} {}", it.name)).collect();
            let wanted: BTreeSet<String> = directory.institutions.iter().map(|it| format!("{} {}", it.id, it.name)).collect();
            prop_assert_eq!(found, wanted);
            for it in &directory.institutions {
                let date = |text: &Option<String>| text.as_ref().map(|text| text.parse::<Date>().unwrap());
                for (valid, today) in (number..number + 9).map(|day_number| (micros(day_number * day), day_number)) {
                    // Noon in Tokyo, by the calendar and not by instants.
                    let today = Date::from_days(today).unwrap();
                    let noon = valid.plus_micros(day / 8);
                    let takes_part = it.participant
                        && date(&it.joined).is_none_or(|joined| joined <= today)
                        && date(&it.left).is_none_or(|left| today <= left);
                    let found = snapshot.is_participant(&institution_id(&it.id), AsOf::known(noon));
                    prop_assert_eq!(found, takes_part, "{} on {}", it.id, today);
                }
            }
        }
    }
}
