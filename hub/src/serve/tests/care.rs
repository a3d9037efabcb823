//! Care relationships that institutions state, and cards that patients show.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::consent::{decide, enrol, network, outcome, presented, question};
use super::people::{HANAKO, KIICHI, send, text};
use super::persona::World;

#[tokio::test]
async fn a_stated_encounter_counts_from_the_next_request_on() {
    let world = World::new();
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.named("source-2"), "13-0002", "9", HANAKO).await;
    enrol(&world, "1").await;
    let patient = presented("13-0001", "1");
    let mut asked = question(&patient);
    asked["requester"]["relations"] = json!([]);
    assert_eq!(outcome(&decide(&world.service(), &asked).await).0, "deny", "nobody knows of a relationship");
    let encounter = json!({
        "identity": presented("13-0002", "9"), "reference": "e-1", "relation": "open_encounter", "source": "ADT",
    });
    let state = async |body: &Value| world.named("source-2").post("/v1/relations", &body.to_string()).await;
    let reply = state(&encounter).await;
    assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.body);
    assert_eq!(outcome(&decide(&world.service(), &asked).await).0, "permit", "under any linked number");
    let listed = world.named("officer").get("/v1/relations?authority=urn:test:13-0001&value=1").await.ok();
    assert_eq!(listed["relations"][0]["institution"], "13-0002", "{listed}");

    let mut other = encounter.clone();
    other["institution"] = json!("13-0003");
    assert_eq!(state(&other).await.code(), "bad_request", "a source speaks for itself");
    other["institution"] = json!("13-0002");
    other["relation"] = json!("seen_recently");
    assert_eq!(state(&other).await.code(), "conflict", "that follows and is not stated");
    let never = json!({"identity": presented("13-0002", "9"), "reference": "e-1", "source": "ADT"});
    assert_eq!(state(&never).await.status, StatusCode::NO_CONTENT);
    assert_eq!(outcome(&decide(&world.service(), &asked).await).0, "deny", "there never was one");
}

#[tokio::test]
async fn whoever_keeps_answers_learns_that_consent_has_changed() {
    let world = World::new();
    network(&world).await;
    let sent = send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.named("source-2"), "13-0002", "9", HANAKO).await;
    let before = world.service().get("/v1/events").await.ok();
    enrol(&world, "1").await;
    let consent = |feed: &Value| -> Vec<Value> {
        let events = feed["events"].as_array().unwrap().iter();
        events.filter(|event| event["type"] == "consent-changed").cloned().collect()
    };
    assert!(consent(&before).is_empty());
    let told = consent(&world.service().get(&format!("/v1/events?after={}", before["last"])).await.ok());
    assert_eq!((told.len(), &told[0]["person"]), (1, &sent["person"]), "{told:?}");
    assert_eq!(told[0]["record"], sent["record"]);
    let elsewhere = consent(&world.named("service-2").get("/v1/events").await.ok());
    assert_eq!((elsewhere.len(), &elsewhere[0]["record"]), (1, &Value::Null), "its patient, not its record");
}

#[tokio::test]
async fn a_card_is_tied_to_one_person() {
    let world = World::new();
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.named("source-2"), "13-0002", "9", HANAKO).await;
    send(&world.named("source-2"), "13-0002", "8", KIICHI).await;
    let (clerk, other) = (world.named("clerk-1"), world.named("clerk-2"));
    let card = json!({"number": "1234-5678", "form": "box 7"}).to_string();
    assert_eq!(text(&clerk.post("/v1/cards", &card).await.ok(), "issuer"), "13-0001");
    assert_eq!(clerk.post("/v1/cards", &card).await.code(), "conflict", "issued before");
    let tie = |identity: Value, is_confirmed: bool| {
        json!({"number": "１２３４-５６７８", "identity": identity, "is_confirmed": is_confirmed}).to_string()
    };
    let first = clerk.post("/v1/cards/ties", &tie(presented("13-0001", "1"), false)).await.ok();
    assert_eq!(first["check"]["outcome"], "first", "any width of digits: {first}");
    let stranger = other.post("/v1/cards/ties", &tie(presented("13-0002", "8"), false)).await;
    assert_eq!(stranger.code(), "conflict");
    assert!(stranger.body.contains("family"), "{}", stranger.body);
    let linked = other.post("/v1/cards/ties", &tie(presented("13-0002", "9"), false)).await.ok();
    assert_eq!(
        (&linked["check"]["outcome"], &linked["institutions"]),
        (&json!("linked"), &json!(["13-0001", "13-0002"]))
    );
    let foreign = clerk.post("/v1/cards/ties", &tie(presented("13-0002", "8"), true)).await;
    assert_eq!(foreign.code(), "not_found", "a number of another institution");

    let untie = json!({"number": "12345678", "identity": presented("13-0002", "9"), "reason": "typing error"});
    assert_eq!(other.post("/v1/cards/end", &untie.to_string()).await.code(), "not_found", "that is another number");
    let untie = json!({"number": "1234-5678", "identity": presented("13-0002", "9"), "reason": "typing error"});
    assert_eq!(other.post("/v1/cards/end", &untie.to_string()).await.ok()["institutions"], json!(["13-0001"]));
    let confirmed = other.post("/v1/cards/ties", &tie(presented("13-0002", "8"), true)).await.ok();
    assert_eq!(confirmed["check"]["outcome"], "non-match", "somebody has looked: {confirmed}");
    let lost = json!({"number": "1234-5678", "reason": "lost"}).to_string();
    assert_eq!(clerk.post("/v1/cards/end", &lost).await.ok()["is_cancelled"], true);
    let found = clerk.post("/v1/cards/find", &json!({"number": "1234-5678"}).to_string()).await.ok();
    assert_eq!(found["is_cancelled"], true);
    assert_eq!(clerk.post("/v1/cards/find", &json!({"number": "0"}).to_string()).await.code(), "not_found");
}
