//! Emergency sessions: opened as the policy states, good for one requester and one patient, and looked at afterwards.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::consent::{decide, enrol, network, outcome, presented, question, sign};
use super::people::{HANAKO, KIICHI, send, text};
use super::persona::World;

fn opening(patient: &Value) -> Value {
    json!({
        "patient": patient,
        "requester": {"institution": "13-0002", "role": "physician", "practitioner": "dr-1"},
        "purpose": "BTG", "kind": "break_glass", "reason": "unconscious", "words": "found in the street",
        "is_reauthenticated": true,
    })
}

/// The question of a physician who names a session.
fn under(session: &str, patient: &Value) -> Value {
    let mut asked = question(patient);
    asked["purpose"] = json!("BTG");
    asked["requester"] = json!({"institution": "13-0002", "role": "physician", "practitioner": "dr-1"});
    asked["emergency"] = json!({"session": session});
    asked
}

#[tokio::test]
async fn a_session_opens_what_the_policy_opens_in_emergencies() {
    let world = World::new();
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.source(), "13-0001", "2", KIICHI).await;
    for value in ["1", "2"] {
        enrol(&world, value).await;
        sign(&world, value, json!({"effect": "deny"})).await;
    }
    let (patient, other) = (presented("13-0001", "1"), presented("13-0001", "2"));
    let opened = world.service().post("/v1/emergencies", &opening(&patient).to_string()).await;
    assert_eq!(opened.status, StatusCode::CREATED, "{}", opened.body);
    let session = opened.json();
    assert!(session["obligations"].as_array().unwrap().len() > 2, "{session}");
    let id = text(&session, "id");
    assert_eq!(outcome(&decide(&world.service(), &under(id, &patient)).await).0, "permit");
    assert_eq!(outcome(&decide(&world.service(), &under(id, &other)).await).0, "deny", "another patient");
    let mut stranger = under(id, &patient);
    stranger["requester"]["practitioner"] = json!("dr-2");
    assert_eq!(outcome(&decide(&world.service(), &stranger).await).0, "deny", "another physician");
    let unknown = under(&"0".repeat(32), &patient);
    assert_eq!(outcome(&decide(&world.service(), &unknown).await).0, "deny", "no such session");

    let officer = world.named("officer");
    let waiting = officer.get("/v1/emergencies").await.ok();
    assert_eq!(waiting["emergencies"][0]["words"], "found in the street");
    let path = format!("/v1/emergencies/{id}");
    let finding = json!({"is_justified": true, "words": "seen the chart"}).to_string();
    assert_eq!(officer.post(&format!("{path}/review"), &finding).await.code(), "conflict", "it goes on");
    world.service().post(&format!("{path}/close"), "").await.ok();
    assert_eq!(outcome(&decide(&world.service(), &under(id, &patient)).await).0, "deny", "closed");
    let reviewed = officer.post(&format!("{path}/review"), &finding).await.ok();
    assert_eq!(reviewed["review"]["is_justified"], true);
    assert_eq!(officer.get("/v1/emergencies").await.ok()["emergencies"], json!([]));
    assert_eq!(world.service().get(&path).await.code(), "not_allowed");
}

#[tokio::test]
async fn what_the_policy_does_not_authorise_is_not_opened() {
    let world = World::new();
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    let good = opening(&presented("13-0001", "1"));
    for (field, value) in [
        ("is_reauthenticated", json!(false)),
        ("reason", json!("disaster")),
        ("purpose", json!("TREAT")),
        ("kind", json!("ambulance")),
    ] {
        let mut wrong = good.clone();
        wrong[field] = value;
        let reply = world.service().post("/v1/emergencies", &wrong.to_string()).await;
        assert_eq!(reply.code(), "refused", "{field}");
    }
    let mut wordless = good.clone();
    wordless["words"] = json!(" ");
    assert_eq!(world.service().post("/v1/emergencies", &wordless.to_string()).await.code(), "bad_request");
    let mut unnamed = good.clone();
    unnamed["requester"]["practitioner"] = json!("dr-2");
    assert_eq!(world.service().post("/v1/emergencies", &unnamed.to_string()).await.code(), "refused");
    let mut nobody = good;
    nobody["patient"] = presented("13-0001", "9");
    assert_eq!(world.service().post("/v1/emergencies", &nobody.to_string()).await.code(), "not_found");
    assert_eq!(world.clerk().post("/v1/emergencies", &nobody.to_string()).await.code(), "not_allowed");
}
