//! Rules over the wire, and a candidate in the shadow.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::people::{HANAKO, KIICHI, open, send, text};
use super::persona::World;

const RULES: &str = include_str!("../../../../matching-rules/person.toml");

async fn shadow(world: &World, rules: &str) -> Value {
    let administrator = world.administrator();
    let body = json!({"rules": rules}).to_string();
    // The rules are longer than the bodies that the servers of tests take.
    let run = world.app.start_shadow(rules).unwrap();
    assert_eq!(administrator.post("/v1/rules/shadow", &body).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    for _ in 0..600 {
        let view = administrator.get(&format!("/v1/rules/shadow/{}", run.id)).await.ok();
        if view["state"] != "running" {
            return view;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the run does not end");
}

#[tokio::test]
async fn the_rules_that_decide_are_shown() {
    let world = World::new();
    open(&world).await;
    let before = world.administrator().get("/v1/rules").await.ok();
    assert!(before["since"].is_null());
    send(&world.source(), "13-0001", "1", HANAKO).await;
    let after = world.administrator().get("/v1/rules").await.ok();
    assert_eq!(after["version"], before["version"]);
    assert!(text(&after, "since").starts_with("2026-01-01T03:00:00"));
    assert!(after["upper"].as_f64().unwrap() > after["lower"].as_f64().unwrap());
    let levels = after["comparisons"][0]["levels"].as_array().unwrap();
    assert!(levels.iter().any(|level| level["weight"].as_f64().is_some_and(|weight| weight > 0.0)));
    assert_eq!(world.clerk().get("/v1/rules").await.code(), "not_allowed");
}

#[tokio::test]
async fn a_candidate_in_the_shadow_tells_what_would_change() {
    let world = World::new();
    open(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.named("source-2"), "13-0002", "a", HANAKO).await;
    send(&world.source(), "13-0001", "2", KIICHI).await;
    let before = mpi::kv::Kv::health(&*world.kv).seq;
    let same = shadow(&world, RULES).await;
    let diff = &same["diff"];
    assert_eq!((text(&same, "state"), &diff["records"], &diff["persons_now"]), ("done", &json!(3), &json!(2)));
    assert_eq!((&diff["links_gained"], &diff["links_lost"]), (&json!(0), &json!(0)));
    let upper = RULES.lines().find(|line| line.starts_with("upper")).unwrap();
    let strict = shadow(&world, &RULES.replace(upper, "upper = 500.0")).await;
    let diff = &strict["diff"];
    assert_eq!((&diff["persons_then"], &diff["links_lost"], &diff["tasks"]), (&json!(3), &json!(1), &json!(1)));
    assert_eq!(diff["institutions"].as_array().unwrap().len(), 2);
    assert_eq!(diff["examples"][0]["change"], "lost");
    assert_eq!(mpi::kv::Kv::health(&*world.kv).seq, before, "nothing is written");
}

#[tokio::test]
async fn what_is_no_candidate_is_refused() {
    let world = World::new();
    let administrator = world.administrator();
    let reply = administrator.post("/v1/rules/shadow", r#"{"rules": "upper = "}"#).await;
    assert_eq!(reply.json()["errors"][0]["field"], "rules", "{}", reply.body);
    assert_eq!(administrator.get("/v1/rules/shadow/none").await.code(), "not_found");
    assert_eq!(world.clerk().post("/v1/rules/shadow", r#"{"rules": ""}"#).await.code(), "not_allowed");
}
