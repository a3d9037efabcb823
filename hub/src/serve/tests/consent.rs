//! Consent over the wire: a person joins, signs and withdraws, and every question is answered by what holds then.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::http::StatusCode;
use consent::registry::{self, Review};
use directory::{Offset, description};
use mpi::kv::MemoryKv;
use serde_json::{Value, json};

use super::people::{HANAKO, KIICHI, open, record, send, text};
use super::persona::{Persona, World};
use crate::serve::router::{finish, plain_routes};

pub(super) const POLICY: &str = include_str!("../../../../consent/policies/default.toml");

/// Institutions that take part, clients with licences, and the default policy in force.
pub(super) async fn network(world: &World) {
    open(world).await;
    license(world).await;
    publish(world, POLICY).await;
}

async fn license(world: &World) {
    let physician = |id: &'static str| (id, "13-0001", r#"["TREAT", "ETREAT", "BTG"]"#, r#"["physician"]"#);
    let clerk = ("clerk-2", "13-0002", r#"["PATADMIN", "TREAT"]"#, r#"["clerk"]"#);
    license_as(world, &["service", "service-2", "officer", "officer-b"].map(physician), &[clerk]).await;
}

/// A client: its id, its institution, its purposes and its roles as TOML.
pub(super) type Licence = (&'static str, &'static str, &'static str, &'static str);

/// Three hospitals in the east with a domain each, two physicians at the second of whom one is named for emergencies, and
/// clients with their licences.
pub(super) async fn license_as(world: &World, clients: &[Licence], more: &[Licence]) {
    let mut described = description::Directory::default();
    for id in ["13-0001", "13-0002", "13-0003"] {
        let toml = format!("id = \"{id}\"\nname = \"{id}\"\nkind = \"hospital\"\nregion = \"east\"");
        described.institutions.push(toml::from_str(&toml).unwrap());
        let toml = format!("id = \"urn:test:{id}\"\nname = \"{id}\"\nkind = \"patients\"\nowner = \"{id}\"");
        described.authorities.push(toml::from_str(&toml).unwrap());
    }
    for (physician, is_named) in [("dr-1", true), ("dr-2", false)] {
        let toml = format!(
            "id = \"{physician}\"\nname = \"{physician}\"\n[[posts]]\ninstitution = \"13-0002\"\n\
             roles = [\"physician\"]\nemergencies = {is_named}"
        );
        described.practitioners.push(toml::from_str(&toml).unwrap());
    }
    for (client, institution, purposes, roles) in clients.iter().chain(more) {
        let toml = format!(
            "id = \"{client}\"\nname = \"{client}\"\ninstitution = \"{institution}\"\npurposes = {purposes}\nroles = {roles}"
        );
        described.clients.push(toml::from_str(&toml).unwrap());
    }
    let desired = described.check(Offset::TOKYO).unwrap();
    let begin = directory::Instant::from_micros(0);
    world.app.write(move |draft, now| directory::apply(draft, &desired, begin, now)).await.unwrap();
}

pub(super) async fn publish(world: &World, policy: &str) {
    for (by, step) in [("author", 0), ("reviewer", 1), ("author", 2)] {
        let policy = policy.to_owned();
        world
            .app
            .write(move |draft, now| -> Result<(), registry::Error> {
                let stamp = registry::Stamp { now, actor: registry::Actor { id: by.into(), institution: None } };
                let review = Review { simulation: [7; 32], does_widen: false, is_widening_confirmed: false };
                match step {
                    0 => registry::save_policy(draft, &policy, &stamp).map(drop),
                    1 => registry::review_policy(draft, 1, &review, &stamp).map(drop),
                    _ => registry::schedule_policy(draft, 1, now, &stamp).map(drop),
                }
            })
            .await
            .unwrap();
    }
}

pub(super) fn presented(institution: &str, value: &str) -> Value {
    json!({"authority": format!("urn:test:{institution}"), "value": value})
}

/// A physician of 13-0002 asks for data of 13-0001.
pub(super) fn question(patient: &Value) -> Value {
    json!({
        "patient": patient,
        "requester": {"institution": "13-0002", "role": "physician", "relations": ["open_encounter"]},
        "purpose": "TREAT", "custodian": "13-0001", "category": "prescriptions",
    })
}

pub(super) async fn decide(caller: &Persona<'_>, question: &Value) -> Value {
    caller.post("/v1/decisions", &question.to_string()).await.ok()
}

pub(super) async fn enrol(world: &World, value: &str) {
    world.clerk().post("/v1/enrolments", &presented("13-0001", value).to_string()).await.ok();
}

pub(super) async fn sign(world: &World, value: &str, provision: Value) -> Value {
    let body = json!({
        "identity": presented("13-0001", value), "grantor": {"kind": "subject", "evidence": null, "valid": null},
        "signature": "own", "policy": 1, "provision": provision,
    });
    let reply = world.clerk().post("/v1/directives", &body.to_string()).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    reply.json()
}

pub(super) fn outcome(answer: &Value) -> (&str, &Value) {
    (text(answer, "outcome"), &answer["reasons"])
}

#[tokio::test]
async fn a_person_joins_signs_and_withdraws() {
    let world = World::new();
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    let (service, patient) = (world.service(), presented("13-0001", "1"));
    let asked = question(&patient);
    assert_eq!(outcome(&decide(&service, &asked).await), ("deny", &json!(["not_found"])), "has not joined");

    enrol(&world, "1").await;
    let implied = decide(&service, &asked).await;
    assert_eq!(outcome(&implied), ("permit", &json!(["permitted"])), "{implied}");
    assert_eq!(implied["cache_for_seconds"], 0);
    assert!(implied["rules"].is_null(), "a requester reads no rules");

    let signed = sign(&world, "1", json!({"effect": "deny"})).await;
    assert_eq!(text(&signed, "state"), "active");
    let denied = decide(&service, &asked).await;
    assert_eq!(outcome(&denied).0, "deny");
    let officer = world.named("officer").post("/v1/decisions", &asked.to_string()).await.ok();
    assert_eq!(outcome(&officer), ("deny", &json!(["denied"])));
    let names: Vec<&str> = officer["rules"].as_array().unwrap().iter().map(|rule| text(rule, "rule")).collect();
    let consent = format!("consent:{}.1/0", text(&signed, "consent"));
    assert!(names.contains(&consent.as_str()), "{names:?}");

    let again = json!({"effect": "permit", "purposes": ["TREAT"]});
    let body = json!({
        "identity": patient, "consent": signed["consent"], "grantor": {"kind": "subject", "evidence": null, "valid": null},
        "signature": "own", "policy": 1, "provision": again,
    });
    let second = world.clerk().post("/v1/directives", &body.to_string()).await;
    assert_eq!((second.status, second.json()["version"].as_u64()), (StatusCode::CREATED, Some(2)), "{}", second.body);
    assert_eq!(outcome(&decide(&service, &asked).await).0, "permit");

    let withdrawn = world.clerk().post("/v1/withdrawals", &patient.to_string()).await.ok();
    assert_eq!(text(&withdrawn, "state"), "withdrawn");
    assert_eq!(outcome(&decide(&service, &asked).await).0, "deny", "at once");
    let listed = world.named("officer").get("/v1/directives?authority=urn:test:13-0001&value=1").await.ok();
    let states: Vec<&str> =
        listed["directives"].as_array().unwrap().iter().map(|directive| text(directive, "state")).collect();
    assert_eq!((text(&listed["standing"], "state"), states), ("withdrawn", vec!["superseded", "withdrawn"]));
}

#[tokio::test]
async fn a_hidden_identity_is_answered_as_one_that_does_not_exist() {
    let world = World::new();
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    enrol(&world, "1").await;
    sign(&world, "1", json!({"effect": "deny"})).await;
    let service = world.service();
    let mut hidden = decide(&service, &question(&presented("13-0001", "1"))).await;
    let mut unknown = decide(&service, &question(&presented("13-0001", "2"))).await;
    for answer in [&mut hidden, &mut unknown] {
        answer["id"] = Value::Null;
    }
    assert_eq!(hidden.to_string(), unknown.to_string());
    assert_eq!(hidden["reasons"], json!(["not_found"]));
}

#[tokio::test]
async fn whatever_cannot_be_shown_denies() {
    let world = World::new();
    open(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    let asked = question(&presented("13-0001", "1"));
    assert_eq!(outcome(&decide(&world.service(), &asked).await), ("deny", &json!(["no_policy"])));
    publish(&world, POLICY).await;
    let reasons = |answer: Value| -> BTreeSet<String> {
        answer["reasons"].as_array().unwrap().iter().map(|reason| reason.as_str().unwrap().to_owned()).collect()
    };
    let stopped = reasons(decide(&world.service(), &asked).await);
    assert!(stopped.contains("purpose_not_licensed"), "{stopped:?}");
    license(&world).await;
    enrol(&world, "1").await;
    assert_eq!(outcome(&decide(&world.service(), &asked).await).0, "permit", "the directory moved");
    for (field, value) in [("purpose", "NOTHING"), ("category", "nothing"), ("custodian", "99-9999")] {
        let mut wrong = asked.clone();
        wrong[field] = json!(value);
        assert_eq!(outcome(&decide(&world.service(), &wrong).await).0, "deny", "{field}");
    }
    let mut wrong = asked.clone();
    wrong["labels"] = json!(["NOTHING"]);
    assert_eq!(outcome(&decide(&world.service(), &wrong).await).0, "deny", "a label that nobody knows");
    let mut other = asked.clone();
    other["requester"]["institution"] = json!("13-0003");
    let reply = world.named("service-2").post("/v1/decisions", &other.to_string()).await;
    assert_eq!(reply.code(), "bad_request", "a token speaks for its own institution");
    assert_eq!(world.clerk().post("/v1/decisions", &asked.to_string()).await.code(), "not_allowed");
}

#[tokio::test]
async fn many_questions_are_answered_in_their_order() {
    let world = World::new();
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.source(), "13-0001", "2", KIICHI).await;
    enrol(&world, "1").await;
    let (one, other) = (question(&presented("13-0001", "1")), question(&presented("13-0001", "2")));
    let body = json!({"questions": [one, other, one]}).to_string();
    let answers = world.service().post("/v1/decisions/batch", &body).await.ok();
    let outcomes: Vec<&str> =
        answers["decisions"].as_array().unwrap().iter().map(|answer| text(answer, "outcome")).collect();
    assert_eq!(outcomes, ["permit", "deny", "permit"]);
}

#[tokio::test]
async fn a_permit_reaches_records_of_a_later_merge_only_after_a_review() {
    let world = World::new();
    network(&world).await;
    let first = send(&world.source(), "13-0001", "1", HANAKO).await;
    let second = send(&world.named("source-2"), "13-0002", "9", KIICHI).await;
    enrol(&world, "1").await;
    let signed = sign(&world, "1", json!({"effect": "permit", "purposes": ["TREAT"]})).await;
    let merge = json!({"person": second["person"], "reason": "the same person"}).to_string();
    world.clerk().post(&format!("/v1/persons/{}/merge", text(&first, "person")), &merge).await.ok();
    let mut asked = question(&presented("13-0001", "1"));
    asked["requester"]["institution"] = json!("13-0003");
    asked["custodian"] = json!("13-0002");
    assert_eq!(outcome(&decide(&world.service(), &asked).await).0, "deny", "signed before the merge");
    let waiting = async || {
        crate::serve::reach::round(&world.app, None).await.unwrap();
        world.named("officer").get("/v1/reach-gaps").await.ok()["gaps"].clone()
    };
    let gaps = waiting().await;
    assert_eq!((&gaps[0]["consent"], &gaps[0]["records"]), (&signed["consent"], &json!([second["record"]])), "{gaps}");
    let path = format!("/v1/directives/{}/reach", text(&signed, "consent"));
    let body = json!({"version": 1, "record": second["record"], "reason": "looked at both charts"}).to_string();
    world.named("officer").post(&path, &body).await.ok();
    assert_eq!(outcome(&decide(&world.service(), &asked).await).0, "permit");
    assert_eq!(waiting().await, json!([]), "it reaches everything");
}

#[tokio::test]
async fn a_permit_that_is_not_meant_for_more_does_not_wait_for_ever() {
    let world = World::new();
    network(&world).await;
    let first = send(&world.source(), "13-0001", "1", HANAKO).await;
    let second = send(&world.named("source-2"), "13-0002", "9", KIICHI).await;
    enrol(&world, "1").await;
    let signed = sign(&world, "1", json!({"effect": "permit", "purposes": ["TREAT"]})).await;
    let officer = world.named("officer");
    let path = format!("/v1/reach-gaps/{}/dismiss", text(&signed, "consent"));
    let because = json!({"reason": "for the first hospital only"}).to_string();
    assert_eq!(officer.post(&path, &because).await.code(), "conflict", "nothing waits");
    let merge = json!({"person": second["person"], "reason": "the same person"}).to_string();
    let merged = world.clerk().post(&format!("/v1/persons/{}/merge", text(&first, "person")), &merge).await.ok();
    let waiting = async || {
        crate::serve::reach::round(&world.app, None).await.unwrap();
        officer.get("/v1/reach-gaps").await.ok()["gaps"].as_array().unwrap().len()
    };
    assert_eq!(waiting().await, 1);
    assert_eq!(officer.post(&path, &because).await.status, StatusCode::NO_CONTENT);
    assert_eq!(waiting().await, 0, "somebody has looked");
    let undo = format!("/v1/merges/{}/undo", text(&merged, "merge"));
    world.clerk().post(&undo, &json!({"reason": "two persons"}).to_string()).await.ok();
    assert_eq!(waiting().await, 0);
    assert_eq!(world.clerk().get("/v1/reach-gaps").await.code(), "not_allowed");
}

/// The same server, which takes bodies as long as a policy.
pub(super) fn roomy(world: World) -> World {
    let router = finish(plain_routes(), world.app.clone(), 1 << 20);
    World { router, ..world }
}

/// Simulates a version to the end, and gives what was found under its digest.
pub(super) async fn simulate(officer: &Persona<'_>, version: u32) -> Value {
    let begun = officer.post(&format!("/v1/policies/{version}/simulations"), "{}").await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.body);
    let run = begun.header("location").to_owned();
    loop {
        let state = officer.get(&run).await.ok();
        match text(&state, "state") {
            "running" => std::thread::yield_now(),
            "done" => return state,
            other => panic!("{other}: {state}"),
        }
    }
}

pub(super) fn review(simulated: &Value, is_confirmed: bool) -> String {
    json!({"simulation": simulated["digest"], "is_widening_confirmed": is_confirmed}).to_string()
}

#[tokio::test]
async fn policies_are_written_reviewed_and_published_by_two_officers() {
    let world = roomy(World::new());
    let (one, other) = (world.named("officer"), world.named("officer-b"));
    let wrong = one.post("/v1/policies", &json!({"text": "name = 1"}).to_string()).await;
    assert!(wrong.json()["errors"][0]["reason"].as_str().unwrap().contains("line 1"), "{}", wrong.body);
    let saved = one.post("/v1/policies", &json!({"text": POLICY}).to_string()).await;
    assert_eq!((saved.status, saved.header("location")), (StatusCode::CREATED, "/v1/policies/1"), "{}", saved.body);
    let unseen = json!({"simulation": "07".repeat(32), "is_widening_confirmed": true}).to_string();
    assert_eq!(other.post("/v1/policies/1/review", &unseen).await.code(), "conflict", "nobody has simulated it");
    let empty = simulate(&one, 1).await;
    let told = |simulated: &Value| ["widens", "against", "patients"].map(|it| simulated["findings"][it].clone());
    assert_eq!(told(&empty), [json!(true), Value::Null, json!(0)]);
    open(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    let simulated = simulate(&one, 1).await;
    assert_eq!(told(&simulated), [json!(true), Value::Null, json!(1)], "set against nothing at all");
    assert_eq!(one.post("/v1/policies/1/schedule", "{}").await.code(), "conflict", "not reviewed");
    assert_eq!(one.post("/v1/policies/1/review", &review(&simulated, true)).await.code(), "conflict", "by the author");
    assert_eq!(other.post("/v1/policies/1/review", &review(&simulated, false)).await.code(), "conflict", "it widens");
    let reviewed = other.post("/v1/policies/1/review", &review(&simulated, true)).await.ok();
    assert_eq!(text(&reviewed, "state"), "reviewed");
    assert_eq!(text(&one.post("/v1/policies/1/schedule", "{}").await.ok(), "state"), "active");
    assert_eq!(text(&one.get("/v1/policies/1").await.ok(), "text"), POLICY);
    assert_eq!(one.get("/v1/policies").await.ok()["versions"].as_array().unwrap().len(), 1);
    assert_eq!(one.post("/v1/policies/1/cancel", "").await.code(), "conflict", "it is in force");
    assert_eq!(world.clerk().get("/v1/policies").await.code(), "not_allowed");
}

#[tokio::test]
async fn an_officer_sees_what_a_draft_would_change_before_it_is_published() {
    let world = roomy(World::new());
    network(&world).await;
    let sent = send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.source(), "13-0001", "2", KIICHI).await;
    enrol(&world, "1").await;
    let (one, other) = (world.named("officer"), world.named("officer-b"));
    let save = async |text: &str| one.post("/v1/policies", &json!({"text": text}).to_string()).await.json();
    assert_eq!(save(POLICY).await["version"], 2);
    let same = simulate(&one, 2).await;
    assert_eq!((&same["findings"]["patients"], &same["findings"]["affected"]), (&json!(2), &json!(0)), "{same}");
    assert_eq!(same["findings"]["widens"], json!(false));

    let needs_care = "needs_relation = true\n";
    assert!(POLICY.contains(needs_care));
    assert_eq!(save(&POLICY.replace(needs_care, "")).await["version"], 3);
    let wider = simulate(&one, 3).await["findings"].clone();
    assert_eq!((&wider["widens"], &wider["affected"], &wider["against"]), (&json!(true), &json!(1), &json!(1)));
    let changes = wider["changes"].as_array().unwrap();
    let gained = changes.iter().find(|it| it["role"] == "physician" && it["category"] == "prescriptions").unwrap();
    assert_eq!((text(gained, "direction"), &gained["patients_now"]), ("gained", &json!(1)), "{gained}");
    assert_eq!(gained["examples"], json!([sent["person"]]));

    // The witness is a question that is denied today.
    let mut asked = question(&presented("13-0001", "1"));
    asked["requester"] = json!({"institution": gained["witness"]["institution"], "role": "physician"});
    asked["custodian"] = gained["witness"]["custodian"].clone();
    assert_eq!(outcome(&decide(&world.service(), &asked).await).0, "deny");
    assert_eq!(
        other.post("/v1/policies/3/review", &review(&same, true)).await.code(),
        "conflict",
        "of another version"
    );
    assert_eq!(one.post("/v1/policies/9/simulations", "{}").await.code(), "not_found");
    assert_eq!(one.post("/v1/policies/3/simulations", r#"{"horizon_days":0}"#).await.code(), "bad_request");
    assert_eq!(world.clerk().post("/v1/policies/3/simulations", "{}").await.code(), "not_allowed");
}

#[tokio::test]
async fn a_custodian_hides_its_own_records() {
    let world = World::new();
    network(&world).await;
    world.source().post("/v1/records", &record("13-0001", "1", HANAKO).to_string()).await.ok();
    enrol(&world, "1").await;
    let asked = question(&presented("13-0001", "1"));
    assert_eq!(outcome(&decide(&world.service(), &asked).await).0, "permit");
    let veto = json!({"name": "no drugs", "provision": {"effect": "deny", "categories": ["prescriptions"]}});
    let mut other = veto.clone();
    other["custodian"] = json!("13-0001");
    let refused = world.named("officer-2").post("/v1/vetoes", &other.to_string()).await;
    assert_eq!(refused.code(), "bad_request", "of another institution");
    let mut own = veto.clone();
    own["custodian"] = json!("13-0001");
    let stated = world.named("officer").post("/v1/vetoes", &own.to_string()).await;
    assert_eq!(stated.status, StatusCode::NO_CONTENT, "{}", stated.body);
    assert_eq!(outcome(&decide(&world.service(), &asked).await), ("deny", &json!(["denied"])));
    let mut permitting = own.clone();
    permitting["provision"]["effect"] = json!("permit");
    assert_eq!(world.named("officer").post("/v1/vetoes", &permitting.to_string()).await.code(), "refused");
}

#[tokio::test]
async fn an_officer_sees_who_can_see_a_patient() {
    let world = World::new();
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    enrol(&world, "1").await;
    sign(
        &world,
        "1",
        json!({
            "effect": "permit", "purposes": ["TREAT"],
            "exceptions": [{"effect": "deny", "recipients": [{"institution": "13-0003"}]}],
        }),
    )
    .await;
    let asked = json!({"patient": presented("13-0001", "1"), "purpose": "TREAT"}).to_string();
    let sight = world.named("officer").post("/v1/simulations/who-can-see", &asked).await.ok();
    let cell = |institution: &str, role: &str, category: &str| -> Value {
        let of = |group: &&Value| group["institutions"].as_array().unwrap().contains(&json!(institution));
        let group = sight["groups"].as_array().unwrap().iter().find(of).unwrap();
        let cells = group["cells"].as_array().unwrap();
        cells.iter().find(|cell| cell["role"] == role && cell["category"] == category).unwrap().clone()
    };
    assert_eq!(cell("13-0002", "physician", "prescriptions")["extent"], "all");
    assert_eq!(cell("13-0002", "clerk", "prescriptions")["extent"], "none");
    let closed = cell("13-0003", "physician", "prescriptions");
    assert_eq!(closed["extent"], "none");
    assert!(text(&closed, "reason").starts_with("consent:"), "{closed}");
    assert_eq!(cell("13-0001", "physician", "prescriptions")["records"], 0, "its own is no disclosure");
    assert_eq!(world.service().post("/v1/simulations/who-can-see", &asked).await.code(), "not_allowed");
}

/// A folder that goes with its test.
pub(super) struct Folder(pub(super) PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::test]
async fn what_was_answered_is_in_the_trail_before_the_answer_leaves() {
    let folder = Folder(std::env::temp_dir().join(format!("nayose-trail-{}", std::process::id())));
    let (events, witness) = (folder.0.join("events"), folder.0.join("witness"));
    for made in [&events, &witness] {
        std::fs::create_dir_all(made).unwrap();
    }
    let settings = format!("[audit]\nfolder = {events:?}\nwitness = {witness:?}\n");
    let world = World::with_settings(Arc::new(MemoryKv::new()), &settings);
    network(&world).await;
    let sent = send(&world.source(), "13-0001", "1", HANAKO).await;
    enrol(&world, "1").await;
    let asked = question(&presented("13-0001", "1"));
    let permitted = decide(&world.service(), &asked).await;
    let path = format!("/v1/audit?person={}", text(&sent, "person"));
    let report = world.named("officer").get(&path).await.ok();
    let event = &report["accesses"][0]["event"];
    assert_eq!((text(event, "route"), text(&event["caller"], "client")), ("decide", "service"), "{report}");
    let answer = &event["persons"][0]["answers"][0];
    assert_eq!(
        (text(answer, "outcome"), text(answer, "purpose"), text(answer, "category"), &answer["decision"]),
        ("permit", "TREAT", "prescriptions", &permitted["id"])
    );
    world.named("officer").get(&super::people::resolve("13-0001", "1")).await.ok();
    let again = world.named("officer").get(&path).await.ok();
    let routes: Vec<&str> =
        again["accesses"].as_array().unwrap().iter().map(|access| text(&access["event"], "route")).collect();
    assert_eq!(routes, ["resolve", "list_accesses", "decide"], "asking is an access too");
    let written: String = std::fs::read_dir(&events)
        .unwrap()
        .map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap_or_default())
        .collect();
    assert!(written.contains("decide") && !written.contains("石飛") && !written.contains("1957"), "{written}");
    assert_eq!(world.service().get(&path).await.code(), "not_allowed");
    world.app.trail().unwrap().seal(world.app.now()).await.unwrap();
    assert!(std::fs::read_dir(&witness).unwrap().next().is_some());
}

#[tokio::test]
async fn a_receipt_is_taken_home_and_recognised() {
    let world = roomy(World::new());
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    enrol(&world, "1").await;
    let provision =
        json!({"effect": "permit", "purposes": ["TREAT"], "exceptions": [{"effect": "deny", "labels": ["HIV"]}]});
    let signed = sign(&world, "1", provision).await;
    let clerk = world.clerk();
    let receipt = clerk.get(&format!("/v1/directives/{}/receipt", text(&signed, "consent"))).await.ok();
    assert_eq!(receipt["receipt"]["consent"], signed["consent"]);
    assert!(text(&receipt, "page").contains("同意書"), "{receipt}");
    assert!(!receipt.to_string().contains("石飛"), "no name of a person");
    assert!(text(&receipt, "jws").contains(".."), "detached");
    let check = async |receipt: &Value, jws: &Value| {
        let body = json!({"receipt": receipt, "jws": jws}).to_string();
        clerk.post("/v1/receipts/check", &body).await.ok()["is_valid"].clone()
    };
    assert_eq!(check(&receipt["receipt"], &receipt["jws"]).await, true);
    let mut other = receipt["receipt"].clone();
    other["policy_version"] = json!(9);
    assert_eq!(check(&other, &receipt["jws"]).await, false);
    assert_eq!(check(&receipt["receipt"], &json!("a..b")).await, false);
    let path = "/v1/withdrawals/receipt?authority=urn:test:13-0001&value=1";
    assert_eq!(clerk.get(path).await.code(), "not_found", "nobody has left");
    clerk.post("/v1/withdrawals", &presented("13-0001", "1").to_string()).await.ok();
    let left = clerk.get(path).await.ok();
    assert_eq!(left["receipt"]["kind"], "withdrawal");
    assert_eq!(check(&left["receipt"], &left["jws"]).await, true);
}

/// Whoever asks after a withdrawal was acknowledged is denied, however many ask at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_decision_after_a_withdrawal_denies() {
    const READERS: usize = 100;
    let world = Arc::new(World::new());
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    enrol(&world, "1").await;
    let (is_acknowledged, permits) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..READERS {
        let (world, is_acknowledged, permits) = (world.clone(), is_acknowledged.clone(), permits.clone());
        readers.spawn(async move {
            let asked = question(&presented("13-0001", "1"));
            let mut denied = 0;
            while denied < 3 {
                let was_acknowledged = is_acknowledged.load(Ordering::SeqCst);
                let is_permit = outcome(&decide(&world.service(), &asked).await).0 == "permit";
                assert!(!(was_acknowledged && is_permit), "permitted after the acknowledgement");
                permits.fetch_add(usize::from(is_permit), Ordering::SeqCst);
                denied += usize::from(was_acknowledged);
            }
        });
    }
    while permits.load(Ordering::SeqCst) < READERS {
        tokio::task::yield_now().await;
    }
    world.clerk().post("/v1/withdrawals", &presented("13-0001", "1").to_string()).await.ok();
    is_acknowledged.store(true, Ordering::SeqCst);
    while let Some(read) = readers.join_next().await {
        read.unwrap();
    }
}
