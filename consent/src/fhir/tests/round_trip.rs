//! P16: a document that PCF can say comes back from FHIR the same, and every other is refused; and a Consent that was read
//! is written and read the same from then on.

use super::register::{Tables, proxies};
use super::rejections::full;
use crate::document::*;
use crate::fhir::{FhirProfile, FhirRefusal, FhirStatus, Given, from_fhir, to_fhir};
use crate::tests::random::root;
use crate::tests::world::*;
use crate::*;
use directory::{Date, Instant, InstitutionId, Offset, Period, PractitionerId};
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

pub(super) fn given() -> Given {
    Given { consent: ConsentId([7; 16]), version: 1, replaces: None, signature: Signature::Own }
}

fn choice<T: Clone + std::fmt::Debug + 'static>(values: Vec<T>) -> impl Strategy<Value = Choice<T>> {
    let most = values.len().min(3);
    let some = subsequence(values, 1..=most).prop_shuffle().prop_map(Choice::Of);
    prop_oneof![2 => Just(Choice::Any), 3 => some]
}

fn institution(id: &str) -> InstitutionId {
    InstitutionId::new(id).unwrap()
}

fn practitioner(id: &str) -> PractitionerId {
    PractitionerId::new(id).unwrap()
}

fn day() -> impl Strategy<Value = Date> {
    // A year that begins before 1970 in Greenwich cannot be a window.
    (400_i64..30_000).prop_map(|days| Date::from_days(days).unwrap())
}

fn days() -> impl Strategy<Value = RecordDays> {
    let between = (proptest::option::of(day()), proptest::option::of(day())).prop_map(|ends| match ends {
        (None, None) => RecordDays::Any,
        (Some(first), Some(last)) => RecordDays::Between(Some(first.min(last)), Some(first.max(last))),
        (first, last) => RecordDays::Between(first, last),
    });
    prop_oneof![1 => Just(RecordDays::Any), 1 => between]
}

fn period() -> impl Strategy<Value = Option<Period>> {
    let second = |second: i64| Instant::from_micros(second * 1_000_000);
    prop_oneof![
        2 => Just(None),
        1 => (0_i64..2_000_000_000).prop_map(move |from| Some(Period::since(second(from)))),
        1 => (1_i64..2_000_000_000).prop_map(move |until| Some(Period::new(Instant::MIN, second(until)).unwrap())),
        1 => (0_i64..2_000_000_000, 1_i64..2_000_000_000)
            .prop_map(move |(from, long)| Some(Period::new(second(from), second(from + long)).unwrap())),
    ]
}

/// A provision without exceptions that PCF can say.
fn sayable() -> impl Strategy<Value = Provision> {
    let recipients = choice(vec![
        Recipient::Institution(institution("h2")),
        Recipient::Department(institution("h2"), "surgery".into()),
        Recipient::Practitioner(practitioner("d2")),
        Recipient::Group("stroke".into()),
        Recipient::Participants { list: 1, with_future: true, with_networks: false },
    ]);
    let targets = choice(vec![
        Target::Record("Observation/r1".into()),
        Target::Record("Observation/r2".into()),
        Target::Related("Encounter/e1".into()),
        Target::Related("EpisodeOfCare/e2".into()),
        Target::AuthoredBy(practitioner("d1")),
        Target::AuthoredBy(practitioner("d3")),
    ]);
    let labels = choice(Label::all().filter(|label| label.code() != "OTHER").collect());
    let purposes = choice(Purpose::all().filter(|purpose| !purpose.is_own() || purpose.code() == "OWN0").collect());
    let effect = select(vec![Effect::Permit, Effect::Deny]);
    // Rare attributes are rare, so that the narrow profiles are met as well.
    let rarely_labels = prop_oneof![2 => Just(Choice::Any), 1 => labels];
    let rarely_targets = prop_oneof![2 => Just(Choice::Any), 1 => targets];
    (effect, recipients, rarely_targets, rarely_labels, purposes, days(), period()).prop_map(
        |(effect, recipients, targets, labels, purposes, days, period)| Provision {
            effect: Some(effect),
            recipients,
            targets,
            labels,
            purposes,
            days,
            period,
            ..Provision::default()
        },
    )
}

pub(super) fn documents(roots: impl Strategy<Value = Provision>) -> impl Strategy<Value = ConsentDocument> {
    let own = Grantor { kind: GrantorKind::Subject, evidence: None, valid: None };
    let grantors: Vec<Grantor> = proxies().into_iter().map(|(_, grantor)| grantor).chain([own]).collect();
    let signature = select(vec![Signature::Own, Signature::Scribe, Signature::OralInChart, Signature::Electronic]);
    let rest = (select(grantors), signature, 0_i64..4_000_000_000_000_000, 1_u32..=4, 1_u32..9, any::<(bool, bool)>());
    (roots, rest).prop_map(|(root, (grantor, signature, signed, policy, version, (replaces, scan)))| ConsentDocument {
        grantor,
        signature,
        signed: Instant::from_micros(signed),
        policy,
        version,
        replaces: replaces.then_some(ConsentId([9; 16])),
        scan: scan.then(|| "https://forms.example/1".into()),
        ..document(1, root)
    })
}

/// Roots that PCF can say, with their custodians and exceptions.
pub(super) fn sayable_roots() -> impl Strategy<Value = Provision> {
    let custodians = choice(vec![institution("h1"), institution("c1")]);
    (sayable(), custodians, proptest::collection::vec(sayable(), 0..3))
        .prop_map(|(root, custodians, exceptions)| Provision { custodians, exceptions, ..root })
}

/// Which profile's definition a Consent keeps, told from its elements as the profiles constrain them.
fn narrowest(json: &Value) -> FhirProfile {
    let root = &json["provision"];
    let exceptions = root["provision"].as_array().cloned().unwrap_or_default();
    let has = |name: &str| !root[name].is_null() || exceptions.iter().any(|exception| !exception[name].is_null());
    let is_repeated = |exception: &Value| {
        let all = exception["data"].as_array().cloned().unwrap_or_default();
        let count = |meaning: &str| all.iter().filter(|data| data["meaning"] == meaning).count();
        ["instance", "related", "authoredby"].into_iter().any(|meaning| count(meaning) > 1)
    };
    let is_basic = |purpose: &Value| ["TREAT", "HPAYMT", "HOPERAT"].into_iter().any(|code| purpose["code"] == code);
    let has_basic_purposes = root["purpose"].as_array().is_none_or(|purposes| purposes.iter().all(is_basic));
    if has("securityLabel") || exceptions.iter().any(is_repeated) {
        FhirProfile::Advanced
    } else if has("dataPeriod") || has("data") || !exceptions.is_empty() || !has_basic_purposes {
        FhirProfile::Intermediate
    } else {
        FhirProfile::Basic
    }
}

/// Whether PCF has a word for all of a provision as random worlds draw them; their records have no FHIR resource.
fn is_sayable(provision: &Provision, is_exception: bool) -> bool {
    let is_referable = |recipient: &Recipient| {
        matches!(
            recipient,
            Recipient::Institution(_)
                | Recipient::Department(..)
                | Recipient::Practitioner(_)
                | Recipient::Group(_)
                | Recipient::Participants { list: 1, with_future: true, with_networks: false }
        )
    };
    let all = |choice: &Choice<Recipient>| choice.values().unwrap_or_default().iter().all(is_referable);
    let is_author = |target: &Target| matches!(target, Target::AuthoredBy(_));
    all(&provision.recipients)
        && provision.targets.values().unwrap_or_default().iter().all(is_author)
        && provision.roles.is_any()
        && provision.categories.is_any()
        && provision.without_labels.is_any()
        && provision.emergencies.is_any()
        && (provision.custodians.is_any() || !is_exception)
        && !matches!(provision.days, RecordDays::Within(_))
        && !provision.needs_relation
        && !provision.never_overridden
        && provision.obligations.is_empty()
        && provision.exceptions.iter().all(|exception| is_sayable(exception, true))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn p16_what_pcf_can_say_comes_back_the_same(
        document in documents(sayable_roots()),
        status in select(FhirStatus::ALL.to_vec()),
    ) {
        let tables = Tables::new();
        let json = to_fhir(&document, status, &tables.terms()).unwrap();
        prop_assert_eq!(&json["meta"]["profile"][0], narrowest(&json).url());
        let read = from_fhir(&json, Given::of(&document), &tables.terms()).unwrap();
        prop_assert_eq!((&read.document, read.status), (&document, status));
        // Through the text, as it is sent.
        let sent: Value = serde_json::from_str(&json.to_string()).unwrap();
        prop_assert_eq!(from_fhir(&sent, Given::of(&document), &tables.terms()).unwrap().document, document);
    }

    #[test]
    fn p16_what_pcf_cannot_say_is_refused(document in documents(root())) {
        let tables = Tables::new();
        let is_sayable = is_sayable(&document.root, false);
        match to_fhir(&document, FhirStatus::Active, &tables.terms()) {
            Ok(json) => {
                prop_assert!(is_sayable, "{:?}", document.root);
                prop_assert_eq!(from_fhir(&json, Given::of(&document), &tables.terms()).unwrap().document, document);
            }
            Err(FhirRefusal::NotReadBack(why)) => prop_assert!(false, "{:?}", why),
            Err(refusal) => prop_assert!(!is_sayable, "{refusal}"),
        }
    }

    #[test]
    fn p16_what_was_read_is_written_and_read_the_same(
        document in documents(sayable_roots()),
        first in day(),
        long in 0_i64..4_000,
        shown in select(vec![4_usize, 7, 10]),
        minutes in -720_i16..840,
    ) {
        let tables = Tables::new();
        let mut json = to_fhir(&document, FhirStatus::Active, &tables.terms()).unwrap();
        let last = Date::from_days(i64::from(first.days()) + long).unwrap();
        let cut = |date: Date| date.to_string().chars().take(shown).collect::<String>();
        json["provision"]["period"] = json!({ "start": cut(first), "end": cut(last) });
        json["provision"]["dataPeriod"] = json!({ "start": cut(first), "end": cut(last) });
        let zone = format!("{}{:02}:{:02}", if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60);
        json["dateTime"] = format!("{first}T10:20:30.123{zone}").into();
        json["patient"]["display"] = "山田".into();
        json["text"] = json!({ "status": "generated", "div": "<div/>" });
        json["identifier"] = json!([{ "system": "urn:example", "value": "1" }]);
        json["organization"] = json!([{ "identifier": { "system": "urn:example:institutions", "value": "h1" } }]);
        let given = Given::of(&document);
        let read = from_fhir(&json, given, &tables.terms()).unwrap().document;
        let written = to_fhir(&read, FhirStatus::Active, &tables.terms()).unwrap();
        let again = from_fhir(&written, given, &tables.terms()).unwrap().document;
        prop_assert_eq!(&again, &read);
        prop_assert_eq!(to_fhir(&again, FhirStatus::Active, &tables.terms()).unwrap(), written);
    }
}

#[track_caller]
fn check_refused(change: impl FnOnce(&mut ConsentDocument), expected: &str) {
    let tables = Tables::new();
    let mut document = from_fhir(&full(), given(), &tables.terms()).unwrap().document;
    change(&mut document);
    let found = to_fhir(&document, FhirStatus::Active, &tables.terms()).unwrap_err().to_string();
    assert_eq!(found.strip_prefix("cannot write the consent as a FHIR Consent: ").unwrap(), expected);
}

#[test]
fn what_pcf_cannot_say_is_named_with_its_provision() {
    let root = "see the root provision";
    let say = |what: &str| format!("PCF cannot say {what}, {root}");
    check_refused(|it| it.root.roles = of(&[physician()]), &say("in which roles somebody sees"));
    check_refused(|it| it.root.categories = of(&[Category::TESTS]), &say("which kinds of data are meant"));
    check_refused(|it| it.root.without_labels = of(&[Label::HIV]), &say("that a record carries none of some labels"));
    check_refused(|it| it.root.needs_relation = true, &say("that a care relationship is needed"));
    check_refused(|it| it.root.obligations = vec![Obligation::NoPrint], &say("what must be done beside"));
    check_refused(|it| it.root.effect = Some(Effect::Limit), &say("a limit"));
    check_refused(|it| it.root.purposes = of(&[]), &say("that one of no values is meant"));
    check_refused(|it| it.root.period = Some(Period::ALWAYS), &say("a period without start and end"));
    check_refused(|it| it.root.days = RecordDays::Within(30), &say("an age of data that is counted back from today"));
    let half = Period::new(NOW, NOW.plus_micros(1)).unwrap();
    let what = "a period that is not of whole seconds between 1970 and 2106";
    check_refused(|it| it.root.period = Some(half), &say(what));
    let relation = Recipient::InRelation(vec![Relation::OpenEncounter]);
    check_refused(|it| it.root.recipients = of(&[relation]), &say("that whoever is in a care relationship sees"));
    let department = Target::Department(institution("h1"), "surgery".into());
    check_refused(|it| it.root.targets = of(&[department]), &say("which department data come from"));
    let observation = Target::Related("Observation/o1".into());
    let what = "what belongs to anything but an encounter, a care plan or an episode";
    check_refused(|it| it.root.targets = of(&[observation]), &say(what));
    let own = |it: &mut ConsentDocument| it.grantor.kind = GrantorKind::Subject;
    check_refused(own, &say("by what right the patient signs"));
    let kind = Recipient::Kind(KindWord(directory::InstitutionKind::Clinic));
    check_refused(|it| it.root.recipients = of(&[kind]), &format!("no resource stands for a recipient, {root}"));
    check_refused(
        |it| it.root.purposes = of(&["OWN7".parse().unwrap()]),
        &format!("no code stands for `OWN7`, {root}"),
    );
    check_refused(
        |it| it.root.labels = of(&["OTHER".parse().unwrap()]),
        &format!("no code stands for `OTHER`, {root}"),
    );
    let never = |it: &mut ConsentDocument| it.root.exceptions[0].never_overridden = true;
    check_refused(never, "PCF cannot say that not even an emergency sets a deny aside, see exception 1");
    let custodian = |it: &mut ConsentDocument| it.root.exceptions[0].custodians = of(&[institution("h1")]);
    check_refused(custodian, "PCF cannot say whose data an exception is about, see exception 1");
    let deep = |it: &mut ConsentDocument| it.root.exceptions[0].exceptions = vec![Provision::deny()];
    check_refused(deep, "PCF cannot say exceptions of exceptions, see exception 1");
    let silent = |it: &mut ConsentDocument| it.root.effect = None;
    check_refused(silent, "PCF asks for the effect of every provision, also of one that denies by silence");
    check_refused(|it| it.scan = None, "PCF asks for the signed form, and there is neither scan nor receipt");
    check_refused(|it| it.policy = 9, "no address stands for version 9 of the policy");
    check_refused(|it| it.identity = identity(9), &format!("no resource stands for the patient, {root}"));
    // A name that the register would read as a department: it is not given out as one.
    let dotted = Recipient::Institution(institution("h1.surgery"));
    check_refused(|it| it.root.recipients = of(&[dotted]), "it would not be read back as the same document");
}

#[test]
fn the_zone_of_the_caller_is_that_of_bare_dates() {
    let tables = Tables::new();
    let read = |zone| {
        let terms = crate::fhir::FhirTerms { zone, ..tables.terms() };
        from_fhir(&full(), given(), &terms).unwrap().document.signed
    };
    assert_eq!(read(Offset::UTC).since(read(Offset::TOKYO)), 9 * HOUR);
}
