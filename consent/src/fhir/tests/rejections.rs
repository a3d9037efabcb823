//! What is refused on reading, with its path and reason; and that no element is passed over.

use super::register::Tables;
use super::round_trip::given;
use crate::document::{Choice, GrantorKind, RecordDays};
use crate::fhir::{FhirConsent, FhirRejection, FhirStatus, from_fhir};
use crate::rule::Effect;
use directory::Period;
use serde_json::{Value, json};

/// A Consent that says something in every element that is read.
pub(super) fn full() -> Value {
    let reason = |code: &str| json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code });
    let level =
        |code: &str| json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": code });
    let recipient = json!({ "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP" }] });
    let actor = |reference: &str| json!({ "role": recipient, "reference": { "reference": reference } });
    json!({
        "resourceType": "Consent",
        "status": "active",
        "scope": { "coding": [{ "system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy" }] },
        "category": [{ "coding": [{ "system": "http://loinc.org", "code": "59284-0" }] }],
        "patient": { "reference": "Patient/ex-patient" },
        "dateTime": "2022-06-13",
        "performer": [{ "reference": "Patient/ex-mother" }],
        "organization": [{ "reference": "Organization/h1" }],
        "sourceReference": { "reference": "DocumentReference/scan" },
        "policy": [{ "uri": "http://example.org/policies/basePrivacyConsentPolicy.txt" }],
        "provision": {
            "type": "permit",
            "period": { "start": "2022-06", "end": "2030" },
            "actor": [actor("Organization/h2"), actor("Group/stroke")],
            "securityLabel": [level("N")],
            "purpose": [reason("TREAT"), { "system": "http://example.org/policies/purposeOfUse", "code": "FooBar" }],
            "dataPeriod": { "start": "2020-02", "end": "2020-02" },
            "data": [{ "meaning": "authoredby", "reference": { "reference": "Practitioner/d1" } }],
            "provision": [{
                "type": "deny",
                "purpose": [reason("HRESCH")],
                "securityLabel": [level("R"), { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV" }],
                "data": [
                    { "meaning": "instance", "reference": { "reference": "Observation/o1" } },
                    { "meaning": "related", "reference": { "reference": "Encounter/e1" } },
                ],
            }],
        },
    })
}

fn read(json: &Value) -> Result<FhirConsent, FhirRejection> {
    from_fhir(json, given(), &Tables::new().terms())
}

/// Puts a value where a pointer (RFC 6901) leads; the last part may be new.
fn with(pointer: &str, value: Value) -> Value {
    let mut json = full();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match json.pointer_mut(parent).unwrap() {
        Value::Object(object) => drop(object.insert(name.to_owned(), value)),
        Value::Array(array) => array[name.parse::<usize>().unwrap()] = value,
        _ => panic!("{pointer} leads into a text"),
    }
    json
}

fn without(pointer: &str) -> Value {
    let mut json = full();
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    json.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(name).unwrap();
    json
}

#[track_caller]
fn check(json: &Value, expected: &str) {
    let found = read(json).unwrap_err().to_string();
    assert_eq!(found.strip_prefix("cannot take the FHIR Consent: ").unwrap(), expected);
}

#[test]
fn a_consent_is_read_whole() {
    let FhirConsent { document, status } = read(&full()).unwrap();
    assert_eq!(status, FhirStatus::Active);
    assert_eq!(document.grantor.kind, GrantorKind::Parent);
    assert_eq!(document.signed.to_string(), "2022-06-12T15:00:00Z");
    assert_eq!((document.policy, document.scan.as_deref()), (1, Some("DocumentReference/scan")));
    let root = document.root;
    assert_eq!(root.effect, Some(Effect::Permit));
    let time = |text: &str| text.parse().unwrap();
    let period = Period::new(time("2022-06-01T00:00:00+09:00"), time("2031-01-01T00:00:00+09:00")).unwrap();
    assert_eq!(root.period, Some(period));
    let date = |text: &str| Some(text.parse().unwrap());
    assert_eq!(root.days, RecordDays::Between(date("2020-02-01"), date("2020-02-29")));
    let lengths = [root.recipients.values().unwrap().len(), root.purposes.values().unwrap().len()];
    assert_eq!(lengths, [2, 2]);
    let exception = &root.exceptions[0];
    assert_eq!(exception.effect, Some(Effect::Deny));
    assert_eq!((exception.labels.values().unwrap().len(), exception.targets.values().unwrap().len()), (2, 2));
    assert_eq!((exception.recipients.clone(), exception.custodians.clone()), (Choice::Any, Choice::Any));
}

#[test]
fn what_is_not_evaluated_is_refused() {
    let not_evaluated = |path: &str| format!("`{path}` is not evaluated here, and could change what the consent means");
    for (pointer, path) in [
        ("/modifierExtension", "Consent.modifierExtension"),
        ("/extension", "Consent.extension"),
        ("/implicitRules", "Consent.implicitRules"),
        ("/contained", "Consent.contained"),
        ("/verification", "Consent.verification"),
        ("/sourceAttachment", "Consent.sourceAttachment"),
        ("/_status", "Consent._status"),
        ("/provision/action", "Consent.provision.action"),
        ("/provision/class", "Consent.provision.class"),
        ("/provision/code", "Consent.provision.code"),
        ("/provision/provision/0/action", "Consent.provision.provision[0].action"),
        ("/provision/provision/0/expression", "Consent.provision.provision[0].expression"),
        ("/provision/period/extension", "Consent.provision.period.extension"),
        ("/policy/0/authority", "Consent.policy[0].authority"),
    ] {
        check(&with(pointer, json!([{}])), &not_evaluated(path));
    }
}

#[test]
fn what_is_missing_is_named() {
    for name in
        ["status", "scope", "category", "patient", "dateTime", "performer", "organization", "policy", "provision"]
    {
        check(&without(&format!("/{name}")), &format!("`Consent.{name}` is missing"));
    }
    check(&without("/sourceReference"), "`Consent.sourceReference` is missing");
    check(&without("/provision/provision/0/type"), "`Consent.provision.provision[0].type` is missing");
    check(&without("/provision/actor/1/role"), "`Consent.provision.actor[1].role` is missing");
    check(&without("/provision/purpose/0/system"), "`Consent.provision.purpose[0].system` is missing");
}

#[test]
fn what_is_not_known_is_refused() {
    let reason = |code: &str| json!({ "system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": code });
    let unknown = |path: &str, code: &str, system: &str| {
        let hl7 = "http://terminology.hl7.org/CodeSystem/";
        format!("`{path}` holds the code `{code}` of `{hl7}{system}`, which is not known here")
    };
    let purpose = "Consent.provision.purpose[0]";
    check(&with("/provision/purpose/0", reason("HMARKT")), &unknown(purpose, "HMARKT", "v3-ActReason"));
    check(&with("/provision/purpose/0", reason("OWN0")), &unknown(purpose, "OWN0", "v3-ActReason"));
    check(&with("/provision/purpose/0", reason("treat")), &unknown(purpose, "treat", "v3-ActReason"));
    let label = "Consent.provision.securityLabel[0]";
    check(&with("/provision/securityLabel/0/code", json!("HIV")), &unknown(label, "HIV", "v3-Confidentiality"));
    check(&with("/provision/securityLabel/0/code", json!("X")), &unknown(label, "X", "v3-Confidentiality"));
    let label = "Consent.provision.provision[0].securityLabel[1]";
    check(&with("/provision/provision/0/securityLabel/1/code", json!("R")), &unknown(label, "R", "v3-ActCode"));
    check(&with("/provision/provision/0/securityLabel/1/code", json!("CRIME")), &unknown(label, "CRIME", "v3-ActCode"));
    let role = "Consent.provision.actor[0].role.coding[0]";
    let custodian = with("/provision/actor/0/role/coding/0/code", json!("CST"));
    check(&custodian, &unknown(role, "CST", "v3-ParticipationType"));
    let treatment = with("/scope/coding/0/code", json!("treatment"));
    check(&treatment, &unknown("Consent.scope.coding[0]", "treatment", "consentscope"));
    for (pointer, reference, path, expected) in [
        ("/patient", "Patient/stranger", "Consent.patient", "a patient"),
        ("/patient", "Practitioner/d1", "Consent.patient", "a patient"),
        ("/performer/0", "RelatedPerson/x", "Consent.performer[0]", "somebody who signs for the patient"),
        ("/organization/0", "Group/stroke", "Consent.organization[0]", "an institution or the network"),
        ("/provision/actor/0/reference", "Device/1", "Consent.provision.actor[0].reference", "a recipient"),
        ("/provision/actor/0/reference", "Patient/ex-patient", "Consent.provision.actor[0].reference", "a recipient"),
        (
            "/provision/data/0/reference",
            "Group/1",
            "Consent.provision.data[0].reference",
            "a practitioner who writes records",
        ),
    ] {
        let refused = format!("`{path}` refers to `{reference}`, which is not known here as {expected}");
        check(&with(pointer, json!({ "reference": reference })), &refused);
    }
    let related = "/provision/provision/0/data/1/reference";
    check(
        &with(related, json!({ "reference": "Observation/o1" })),
        "`Consent.provision.provision[0].data[1].reference` refers to `Observation/o1`, which is not known here as an \
         encounter, a care plan or an episode",
    );
    check(
        &with("/policy/0/uri", json!("http://example.org/other")),
        "`Consent.policy[0].uri` refers to `http://example.org/other`, which is not known here as a version of the policy",
    );
    // The value of an identifier is not repeated: it may be a patient's.
    let identifier = json!({ "identifier": { "system": "urn:example:insurance", "value": "12345" } });
    check(
        &with("/patient", identifier),
        "`Consent.patient` refers to an identifier of `urn:example:insurance`, which is not known here as a patient",
    );
}

#[test]
fn what_has_no_counterpart_is_refused() {
    let deep = with("/provision/provision/0/provision", json!([{ "type": "permit" }]));
    check(&deep, "`Consent.provision.provision[0].provision` is a list of 1: exceptions are one level deep");
    let dependents = with("/provision/provision/0/data/0/meaning", json!("dependents"));
    check(
        &dependents,
        "`Consent.provision.provision[0].data[0].meaning` is `dependents`: what refers to a record is not followed",
    );
    let second = json!([{ "reference": "Patient/ex-mother" }, { "reference": "Patient/ex-patient" }]);
    check(&with("/performer", second), "`Consent.performer` is a list of 2: a consent has exactly one grantor");
    let mixed = json!([{ "reference": "Organization/network" }, { "reference": "Organization/h1" }]);
    check(
        &with("/organization", mixed),
        "`Consent.organization` is a list of 2: the network stands for all institutions, so none stands beside it",
    );
    let narrated = with("/text", json!({ "status": "additional", "div": "<div/>" }));
    check(
        &narrated,
        "`Consent.text.status` is `additional`: a narrative that says more than the elements is not evaluated",
    );
    check(
        &with("/provision/period/end", json!("2030-01-01T00:00:00.25Z")),
        "`Consent.provision.period` is an object: a rule holds for whole seconds between 1970 and 2106",
    );
    check(
        &with("/provision/dataPeriod/end", json!("2020-02-01T10:00:00Z")),
        "`Consent.provision.dataPeriod.end` is `2020-02-01T10:00:00Z`: records are told apart by their days, so a date \
         belongs here",
    );
    let rule = |code: &str| {
        let system = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
        with("/policyRule", json!({ "coding": [{ "system": system, "code": code }] }))
    };
    check(&rule("OPTOUT"), "`Consent.provision.type` is `permit`: the policy rule of the Consent says the opposite");
    assert!(read(&rule("OPTIN")).is_ok());
    assert!(read(&rule("INFA")).is_err());
}

#[test]
fn what_is_no_fhir_is_refused() {
    check(&json!([]), "`Consent` is a list of 0, not an object");
    check(&with("/resourceType", json!("Patient")), "`Consent.resourceType` is `Patient`, not `Consent`");
    check(&with("/status", json!("revoked")), "`Consent.status` is `revoked`, not a status of a Consent");
    check(&with("/provision/type", json!("forbid")), "`Consent.provision.type` is `forbid`, not `permit` or `deny`");
    check(&with("/provision/type", json!(" ")), "`Consent.provision.type` is ` `, not a text");
    check(
        &with("/provision/actor", json!([])),
        "`Consent.provision.actor` is a list of 0, not a list with at least one value",
    );
    check(
        &with("/provision/purpose", json!(null)),
        "`Consent.provision.purpose` is null, not a list with at least one value",
    );
    check(
        &with("/patient", json!({ "display": "x" })),
        "`Consent.patient` is an object, not a reference by address or identifier",
    );
    let two_types = json!({ "reference": "Organization/h2", "type": "Group" });
    check(
        &with("/provision/actor/0/reference", two_types),
        "`Consent.provision.actor[0].reference` is an object, not a reference with one type",
    );
    let many = json!(vec![json!({ "reference": "Organization/h1" }); 4_097]);
    check(&with("/organization", many), "`Consent.organization` holds 4097 values, over the limit of 4096");
    for text in ["2022", "2022-06", "2022-06-31", "2022-06-13T10:00:00", "2022-06-13 10:00:00Z", "13.6.2022"] {
        let refused = format!("`Consent.dateTime` is `{text}`, not a day, or a time with a zone");
        check(&with("/dateTime", json!(text)), &refused);
    }
    for period in [json!({}), json!({ "start": "2031", "end": "2030" }), json!({ "start": "2022-06-01T10:00Z" })] {
        assert!(read(&with("/provision/period", period.clone())).is_err(), "{period}");
        assert!(read(&with("/provision/dataPeriod", period.clone())).is_err(), "{period}");
    }
}

#[test]
fn the_root_without_a_type_is_read_from_the_policy_rule() {
    let mut silent = without("/provision/type");
    assert_eq!(read(&silent).unwrap().document.root.effect, Some(Effect::Deny));
    let system = "http://terminology.hl7.org/CodeSystem/v3-ActCode";
    for (code, effect) in [("OPTIN", Effect::Permit), ("OPTOUT", Effect::Deny)] {
        silent["policyRule"] = json!({ "coding": [{ "system": system, "code": code }] });
        assert_eq!(read(&silent).unwrap().document.root.effect, Some(effect), "{code}");
    }
}

#[test]
fn the_end_of_a_period_is_included_with_its_last_unit() {
    for (end, until) in [
        ("2030", "2031-01-01T00:00:00+09:00"),
        ("2030-02", "2030-03-01T00:00:00+09:00"),
        ("2030-12-31", "2031-01-01T00:00:00+09:00"),
        ("2030-12-31T23:59:59+09:00", "2031-01-01T00:00:00+09:00"),
        ("2030-12-31T23:59:59.999+09:00", "2031-01-01T00:00:00+09:00"),
        ("2030-12-31T14:59:58Z", "2030-12-31T23:59:59+09:00"),
    ] {
        let document = read(&with("/provision/period/end", json!(end))).unwrap().document;
        assert_eq!(document.root.period.unwrap().until(), until.parse().unwrap(), "{end}");
    }
}

/// The pointers of all members of objects and places of lists.
fn pointers(json: &Value, at: &str, found: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match json {
        Value::Object(object) => object.iter().map(|(name, child)| (format!("{at}/{name}"), child)).collect(),
        Value::Array(array) => {
            array.iter().enumerate().map(|(place, child)| (format!("{at}/{place}"), child)).collect()
        }
        _ => Vec::new(),
    };
    for (pointer, child) in children {
        pointers(child, &pointer, found);
        found.push(pointer);
    }
}

#[test]
fn no_element_is_passed_over() {
    let (whole, mut all) = (read(&full()).unwrap(), Vec::new());
    pointers(&full(), "", &mut all);
    assert!(all.len() > 80, "{}", all.len());
    let is_noticed = |json: &Value| read(json).ok().is_none_or(|read| read != whole);
    for pointer in &all {
        let found = full().pointer(pointer).unwrap().clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        // Gone, another text, another type, and something beside it that nobody knows.
        if full().pointer(parent).unwrap().is_object() {
            assert!(is_noticed(&without(pointer)), "{name} of {parent} is not missed");
        }
        assert!(is_noticed(&with(pointer, json!("zzz"))), "{pointer} may say anything");
        assert!(is_noticed(&with(pointer, json!(7))), "{pointer} may be a number");
        if found.is_object() {
            for stranger in ["modifierExtension", "extension", "_type", "zzz"] {
                let rejection = read(&with(&format!("{pointer}/{stranger}"), json!([{ "url": "urn:x" }]))).unwrap_err();
                assert!(rejection.path.ends_with(&format!(".{stranger}")), "{rejection}");
            }
        }
    }
}
