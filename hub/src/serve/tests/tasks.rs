//! The review queue over the wire.

use serde_json::{Value, json};

use super::people::{HANAKO, KIICHI, open, resolve, send, text};
use super::persona::World;

/// A world with a task about two records of one institution, and one about an update that looks like another person.
async fn with_tasks() -> (World, [String; 2]) {
    let world = World::new();
    open(&world).await;
    let source = world.source();
    send(&source, "13-0001", "1", HANAKO).await;
    let duplicate = send(&source, "13-0001", "2", HANAKO).await;
    let mut overlay = super::people::record("13-0001", "1", KIICHI);
    overlay["event_time"] = json!("2026-01-02T00:00:00Z");
    let overlay = source.post("/v1/records", &overlay.to_string()).await.ok();
    assert_eq!(text(&overlay, "outcome"), "quarantined");
    let task = |arrived: &Value| arrived["tasks"][0].as_str().unwrap().to_owned();
    (world, [task(&duplicate), task(&overlay)])
}

#[tokio::test]
async fn the_queue_is_listed_by_urgency_and_filtered() {
    let (world, [duplicate, overlay]) = with_tasks().await;
    let clerk = world.clerk();
    let ids = |page: &Value| -> Vec<String> {
        page["tasks"].as_array().unwrap().iter().map(|task| text(task, "id").to_owned()).collect()
    };
    let all = clerk.get("/v1/tasks").await.ok();
    assert_eq!(ids(&all), [overlay.clone(), duplicate.clone()]);
    assert!(all["next"].is_null());
    let first = clerk.get("/v1/tasks?limit=1").await.ok();
    let next = clerk.get(&format!("/v1/tasks?limit=1&page={}", text(&first, "next"))).await.ok();
    assert_eq!([ids(&first), ids(&next)], [vec![overlay.clone()], vec![duplicate.clone()]]);
    assert_eq!(ids(&clerk.get("/v1/tasks?kind=overlay").await.ok()), std::slice::from_ref(&overlay));
    assert!(ids(&clerk.get("/v1/tasks?institution=13-0002").await.ok()).is_empty());
    assert_eq!(clerk.get("/v1/tasks?kind=none").await.json()["errors"][0]["field"], "kind");
    assert_eq!(ids(&world.named("clerk-1").get("/v1/tasks").await.ok()).len(), 2);
    assert!(ids(&world.named("clerk-2").get("/v1/tasks").await.ok()).is_empty());
    let hidden = world.named("clerk-2").get(&format!("/v1/tasks/{overlay}")).await;
    let unknown = world.named("clerk-2").get("/v1/tasks/00112233445566778899aabbccddeeff").await;
    assert_eq!((hidden.code().as_str(), &hidden.body), ("not_found", &unknown.body));
}

#[tokio::test]
async fn a_task_shows_both_sides_and_why() {
    let (world, [duplicate, overlay]) = with_tasks().await;
    let task = world.clerk().get(&format!("/v1/tasks/{duplicate}")).await.ok();
    assert_eq!((text(&task, "kind"), task["sides"].as_array().unwrap().len()), ("in-hospital-duplicate", 2));
    let explanation = &task["explanation"];
    let bars =
        explanation["comparisons"].as_array().unwrap().iter().chain(explanation["relations"].as_array().unwrap());
    let sum: f64 =
        bars.map(|bar| bar["weight"].as_f64().unwrap()).sum::<f64>() + explanation["prior"].as_f64().unwrap();
    assert!((sum - explanation["weight"].as_f64().unwrap()).abs() < 0.01, "{explanation}");
    assert_eq!(text(explanation, "decision"), "match");
    let overlay = world.clerk().get(&format!("/v1/tasks/{overlay}")).await.ok();
    assert_eq!((overlay["sides"].as_array().unwrap().len(), overlay["version"].as_u64()), (1, Some(2)));
    assert_eq!(text(&overlay["waiting"]["demographics"], "family_kanji"), "山崎");
    assert_eq!(text(&overlay["explanation"], "decision"), "non-match");
    assert_eq!(overlay["decisions"], json!(["accept", "reject", "split"]));
}

#[tokio::test]
async fn a_task_is_claimed_released_deferred_decided_and_undone() {
    let (world, [duplicate, _]) = with_tasks().await;
    let (one, other) = (world.named("clerk-1"), world.clerk());
    let path = |verb: &str| format!("/v1/tasks/{duplicate}/{verb}");
    let claimed = one.post(&path("claim"), r#"{"minutes": 10}"#).await.ok();
    assert_eq!((text(&claimed, "state"), text(&claimed, "by")), ("claimed", "clerk-1"));
    assert_eq!(other.post(&path("claim"), "{}").await.code(), "conflict");
    assert_eq!(one.post(&path("claim"), r#"{"minutes": 0}"#).await.json()["errors"][0]["field"], "minutes");
    assert_eq!(text(&one.post(&path("release"), "").await.ok(), "state"), "open");
    let deferred = other.post(&path("defer"), r#"{"until": "2030-01-01T00:00:00Z"}"#).await.ok();
    assert_eq!((text(&deferred, "state"), text(&deferred, "until")), ("deferred", "2030-01-01T00:00:00Z"));
    assert_eq!(world.clerk().get("/v1/tasks?kind=in-hospital-duplicate").await.ok()["tasks"], json!([]));

    let tag = other.get(&format!("/v1/tasks/{duplicate}")).await.header("etag").to_owned();
    let split = r#"{"decision": "split", "reason": "two charts, two people"}"#;
    assert_eq!(other.clone().with("if-match", "\"old\"").post(&path("decide"), split).await.code(), "stale");
    let closed = other.clone().with("if-match", tag).post(&path("decide"), split).await.ok();
    assert_eq!((text(&closed, "state"), text(&closed, "outcome")), ("closed", "split"));
    let who = async |id: &str| text(&world.service().get(&resolve("13-0001", id)).await.ok(), "person").to_owned();
    assert_ne!(who("1").await, who("2").await);
    assert_eq!(other.post(&path("decide"), split).await.code(), "conflict");
    let undone = other.post(&path("undo"), r#"{"reason": "a slip"}"#).await.ok();
    assert_eq!(text(&undone, "state"), "open");
    assert_eq!(who("1").await, who("2").await);
    assert_eq!(
        other.post(&path("decide"), r#"{"decision": "maybe", "reason": "x"}"#).await.json()["errors"][0]["field"],
        "decision"
    );
    assert_eq!(other.post(&path("decide"), r#"{"decision": "same-person", "reason": "x"}"#).await.code(), "conflict");
}

#[tokio::test]
async fn a_risky_task_needs_two_clerks() {
    let (world, [_, overlay]) = with_tasks().await;
    let path = format!("/v1/tasks/{overlay}/decide");
    let reject = r#"{"decision": "reject", "reason": "the wrong chart was open"}"#;
    let proposed = world.clerk().post(&path, reject).await.ok();
    assert_eq!((text(&proposed, "state"), text(&proposed, "decision")), ("proposed", "reject"));
    assert_eq!(world.clerk().post(&path, reject).await.code(), "conflict", "somebody else has to agree");
    let closed = world.named("clerk-1").post(&path, reject).await.ok();
    assert_eq!((text(&closed, "state"), text(&closed, "outcome")), ("closed", "rejected"));
}
