//! Rules over the wire, and a candidate in the shadow.

use std::time::Duration;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::people::{HANAKO, KIICHI, open, resolve, send, text};
use super::persona::{Reply, World};
use crate::config::Role;
use crate::serve::rule_runs::Runner;
use crate::serve::standby;

const RULES: &str = include_str!("../../../../matching-rules/person.toml");

async fn shadow(world: &World, rules: &str) -> Value {
    let administrator = world.administrator();
    let body = json!({"rules": rules}).to_string();
    // The rules are longer than the bodies that the servers of tests take.
    let candidate = serde_json::from_str(&body).unwrap();
    let run = world.app.start_shadow(&candidate).unwrap();
    assert_eq!(administrator.post("/v1/rules/shadow", &body).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    ended(world, &run.id).await
}

async fn ended(world: &World, run: &str) -> Value {
    let administrator = world.administrator();
    for _ in 0..600 {
        let view = administrator.get(&format!("/v1/rules/shadow/{run}")).await.ok();
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

/// Rules under which a pair needs another weight to be a match.
fn with_upper(upper: f64) -> String {
    let line = RULES.lines().find(|line| line.starts_with("upper")).unwrap();
    RULES.replace(line, &format!("upper = {upper:.1}"))
}

async fn activate(world: &World, version: &str) -> Value {
    let body = json!({"version": version, "reason": "fewer doubts in the review"}).to_string();
    let reply = world.administrator().post("/v1/rules/activate", &body).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    reply.json()
}

async fn carried_out(world: &World, run: &Value) -> Value {
    let mut runner = Runner::default();
    while runner.round(&world.app).await.unwrap() {}
    world.administrator().get(&format!("/v1/rules/runs/{}", text(run, "id"))).await.ok()
}

/// Two records of one person that came under rules so strict that they are two.
async fn two_that_are_one() -> (World, [Value; 2], String) {
    let world = World::new();
    open(&world).await;
    send(&world.source(), "13-0001", "9", KIICHI).await;
    let strict = shadow(&world, &with_upper(500.0)).await;
    let run = activate(&world, text(&strict, "version")).await;
    let run = carried_out(&world, &run).await;
    assert_eq!(text(&run, "state"), "applied");
    let one = send(&world.source(), "13-0001", "1", HANAKO).await;
    let other = send(&world.named("source-2"), "13-0002", "a", HANAKO).await;
    assert_ne!(one["person"], other["person"]);
    let usual = shadow(&world, RULES).await;
    assert_eq!((&usual["diff"]["links_gained"], &usual["changes"]), (&json!(1), &json!(1)));
    assert!(usual["rebuild"].is_null());
    (world, [one, other], text(&usual, "version").to_owned())
}

#[tokio::test]
async fn a_reviewed_version_is_activated_applied_and_rolled_back() {
    let (world, [one, other], version) = two_that_are_one().await;
    let strict = text(&world.administrator().get("/v1/rules").await.ok(), "version").to_owned();
    let run = activate(&world, &version).await;
    assert_eq!((text(&run, "state"), text(&run, "by")), ("applying", "administrator"));
    assert_eq!(text(&world.administrator().get("/v1/rules").await.ok(), "version"), version);
    let run = carried_out(&world, &run).await;
    assert_eq!((text(&run, "state"), &run["done"], &run["joined"]), ("applied", &json!(1), &json!(1)));
    let who = async || text(&world.service().get(&resolve("13-0002", "a")).await.ok(), "person").to_owned();
    assert_eq!(who().await, text(&one, "person"));
    let feed = world.with_role(Role::Officer).get("/v1/events?limit=200").await.ok();
    let merged = feed["events"].as_array().unwrap().iter().find(|event| event["type"] == "merged").unwrap();
    assert_eq!((&merged["run"], &merged["is_automatic"]), (&run["id"], &json!(true)));

    let path = format!("/v1/rules/runs/{}/roll-back", text(&run, "id"));
    let back = world.administrator().post(&path, r#"{"reason": "too bold"}"#).await.ok();
    assert_eq!(text(&back, "state"), "rolling-back");
    assert_eq!(text(&world.administrator().get("/v1/rules").await.ok(), "version"), strict);
    let back = carried_out(&world, &run).await;
    assert_eq!((text(&back, "state"), &back["joined"]), ("rolled-back", &json!(0)));
    assert_eq!(text(&back["taken_back"], "reason"), "too bold");
    assert_eq!(who().await, text(&other, "person"), "no id is issued anew");
    assert_eq!(world.administrator().post(&path, r#"{"reason": "again"}"#).await.code(), "conflict");
    let again = carried_out(&world, &activate(&world, &version).await).await;
    assert_eq!(again["joined"], json!(1), "a version that was taken back can come again");
    let runs = world.administrator().get("/v1/rules/runs").await.ok();
    assert_eq!(runs["runs"].as_array().unwrap().len(), 3);
    let verified = verify(&world);
    assert_eq!(verified.violations, []);
}

fn verify(world: &World) -> mpi::verify::Verified {
    let operating = world.app.operating().unwrap();
    mpi::verify::verify(&operating.index(), &*world.kv, &mut |_| {}).unwrap()
}

#[tokio::test]
async fn a_run_goes_on_where_it_stopped() {
    let (world, [one, _], version) = two_that_are_one().await;
    let run = activate(&world, &version).await;
    assert!(Runner::default().round(&world.app).await.unwrap());
    // Another runner knows nothing of the first.
    let run = carried_out(&world, &run).await;
    assert_eq!((text(&run, "state"), &run["joined"]), ("applied", &json!(1)));
    assert_eq!(text(&world.service().get(&resolve("13-0002", "a")).await.ok(), "person"), text(&one, "person"));
}

#[tokio::test]
async fn frequencies_are_refreshed_as_a_new_version() {
    let world = World::new();
    open(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.source(), "13-0001", "2", KIICHI).await;
    let before = text(&world.administrator().get("/v1/rules").await.ok(), "version").to_owned();
    let reply = world.administrator().post("/v1/rules/shadow", "{}").await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    let run = ended(&world, text(&reply.json(), "id")).await;
    let version = text(&run, "version");
    assert_ne!(version, before);
    let versions = world.administrator().get("/v1/rules/versions").await.ok();
    let of = |wanted: &str| {
        versions["versions"].as_array().unwrap().iter().find(|it| it["version"] == wanted).unwrap().clone()
    };
    assert_eq!((&of(&before)["is_active"], &of(version)["is_active"]), (&json!(true), &json!(false)));
    assert_eq!(text(&of(version), "reviewed_against"), before);
    let run = carried_out(&world, &activate(&world, version).await).await;
    assert_eq!(text(&run, "before"), before);
    assert_eq!(text(&world.administrator().get("/v1/rules").await.ok(), "version"), version);
}

#[tokio::test]
async fn what_cannot_take_over_is_refused() {
    let world = World::new();
    open(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    let ask = async |version: &str| {
        let body = json!({"version": version, "reason": "a test"}).to_string();
        world.administrator().post("/v1/rules/activate", &body).await
    };
    assert_eq!(ask("0123456789abcdef").await.code(), "not_found");
    assert_eq!(ask("../store").await.code(), "not_found");
    let active = text(&world.administrator().get("/v1/rules").await.ok(), "version").to_owned();
    assert_eq!(ask(&active).await.code(), "conflict");
    let run = shadow(&world, &with_blocks(2)).await;
    assert_eq!(text(&run, "rebuild"), "blocks");
    assert_eq!(ask(text(&run, "version")).await.code(), "rebuild_needed");
    assert_eq!(world.administrator().get("/v1/rules/standby").await.code(), "not_found");
    assert_eq!(prepare(&world, "../store").await.code(), "not_found");
    assert_eq!(prepare(&world, &active).await.code(), "conflict");
    assert_eq!(world.clerk().post("/v1/rules/activate", "{}").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(world.administrator().get("/v1/rules/runs/none").await.code(), "not_found");
}

/// Rules of which only the first blocking rules are left.
fn with_blocks(kept: usize) -> String {
    let mut parts = RULES.split("[[block]]\n");
    let first = parts.next().unwrap().to_owned();
    let blocks: Vec<&str> = parts.collect();
    // Behind the last block stands the rest of the file.
    let rest = blocks.last().unwrap().find("\n[").unwrap();
    let kept = blocks.iter().take(kept).map(|block| format!("[[block]]\n{block}"));
    kept.fold(first, |text, block| text + &block) + blocks.last().unwrap().get(rest..).unwrap()
}

async fn prepare(world: &World, version: &str) -> Reply {
    world.administrator().post("/v1/rules/standby", &json!({"version": version}).to_string()).await
}

async fn stand_by(world: &World) -> Value {
    while standby::round(&world.app).await.unwrap() {}
    world.administrator().get("/v1/rules/standby").await.ok()
}

#[tokio::test]
async fn rules_that_block_otherwise_are_prepared_beside_the_requests_and_then_take_over() {
    let world = World::new();
    open(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    let usual = text(&world.administrator().get("/v1/rules").await.ok(), "version").to_owned();
    let run = shadow(&world, &with_blocks(2)).await;
    let version = text(&run, "version").to_owned();
    let prepared = prepare(&world, &version).await;
    assert_eq!((prepared.status, text(&prepared.json(), "state")), (StatusCode::CREATED, "writing"));
    // What comes before and after the writing is under both.
    let [one, other] = [("source-2", "a"), ("source-2", "b")];
    let first = send(&world.named(one.0), "13-0002", one.1, HANAKO).await;
    let ready = stand_by(&world).await;
    assert_eq!((text(&ready, "state"), &ready["done"]), ("ready", &json!(2)));
    send(&world.named(other.0), "13-0002", other.1, KIICHI).await;
    assert_eq!(verify(&world).counts.members_unchecked, 3);
    let run = carried_out(&world, &activate(&world, &version).await).await;
    assert_eq!(text(&run, "state"), "applied");
    assert_eq!(text(&world.administrator().get("/v1/rules").await.ok(), "version"), version);
    assert_eq!(text(&world.administrator().get("/v1/rules/standby").await.ok(), "version"), usual);
    let third = send(&world.source(), "13-0001", "3", HANAKO).await;
    assert_eq!(third["person"], first["person"], "records that came before are found by the new keys");
    assert_eq!(verify(&world).violations, []);

    let path = format!("/v1/rules/runs/{}/roll-back", text(&run, "id"));
    world.administrator().post(&path, r#"{"reason": "too bold"}"#).await.ok();
    carried_out(&world, &run).await;
    assert_eq!(text(&world.administrator().get("/v1/rules").await.ok(), "version"), usual);
    let fourth = send(&world.source(), "13-0001", "4", HANAKO).await;
    assert_eq!(fourth["person"], first["person"]);
    let released = world.administrator().delete("/v1/rules/standby").await.ok();
    assert_eq!((text(&released, "state"), text(&released, "version")), ("releasing", &*version));
    assert_eq!(prepare(&world, &version).await.code(), "conflict");
    while standby::round(&world.app).await.unwrap() {}
    assert_eq!(world.administrator().get("/v1/rules/standby").await.code(), "not_found");
    let verified = verify(&world);
    assert_eq!((verified.violations, verified.counts.members_unchecked), (vec![], 0));
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
