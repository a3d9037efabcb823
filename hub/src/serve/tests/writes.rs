//! Writes: planned again on a conflict, settled when unknown, done once per idempotency key.

use std::sync::Arc;

use axum::http::StatusCode;
use directory::Instant;
use mpi::kv::{MemoryKv, Space};

use super::faults::Fault::{self, Conflict, LostUnknown, Unavailable, WroteUnknown, WroteUnsettled};
use super::faults::FaultyKv;
use super::persona::{NOW, World};
use crate::serve::clock::Clock;
use crate::serve::store::wind_clock;
use crate::serve::sweep::sweep;

/// Adds 5 over a store with these faults: what comes back, how often the store was asked, and what it holds then.
async fn check(faults: &[Fault], expected: Result<u32, &str>, (commits, value): (u32, u32)) {
    let kv = FaultyKv::new(faults);
    let world = World::over(kv.clone(), "attempts_max = 5");
    let reply = world.clerk().post("/test/counters/a", r#"{"by":5}"#).await;
    match expected {
        Ok(value) => assert_eq!(reply.ok()["value"], value, "{faults:?}"),
        Err(code) => assert_eq!(reply.code(), code, "{faults:?}"),
    }
    assert_eq!(kv.commits(), commits, "{faults:?}");
    assert_eq!(world.nobody().get("/test/counters/a").await.ok()["value"], value, "{faults:?}");
}

#[tokio::test(start_paused = true)]
async fn conflicts_are_planned_again_and_unknown_outcomes_are_settled() {
    check(&[], Ok(5), (1, 5)).await;
    check(&[Conflict], Ok(5), (2, 5)).await;
    check(&[Conflict; 4], Ok(5), (5, 5)).await;
    check(&[Conflict; 5], Err("contended"), (5, 0)).await;
    check(&[WroteUnknown], Ok(5), (1, 5)).await;
    check(&[LostUnknown], Ok(5), (2, 5)).await;
    check(&[LostUnknown, Conflict, WroteUnknown], Ok(5), (3, 5)).await;
    check(&[WroteUnsettled], Err("unconfirmed"), (1, 5)).await;
    check(&[Unavailable], Err("store_unavailable"), (1, 0)).await;
}

#[tokio::test(start_paused = true)]
async fn a_repeat_after_an_unconfirmed_write_does_it_once() {
    let world = World::over(FaultyKv::new(&[WroteUnsettled]), "");
    let clerk = world.clerk().with("idempotency-key", "k1");
    let first = clerk.post("/test/counters/a", r#"{"by":5}"#).await;
    assert_eq!((first.code().as_str(), first.header("retry-after")), ("unconfirmed", "5"));
    assert_eq!(clerk.post("/test/counters/a", r#"{"by":5}"#).await.ok()["value"], 5);
    assert_eq!(world.nobody().get("/test/counters/a").await.ok()["value"], 5);
}

#[tokio::test]
async fn a_keyed_write_happens_once_and_answers_the_same_bytes() {
    let world = World::new();
    let clerk = world.clerk().with("idempotency-key", "k1");
    let first = clerk.post("/test/counters/a", r#"{"by":5}"#).await;
    let again = clerk.post("/test/counters/a", r#"{"by":5}"#).await;
    assert_eq!((first.ok(), &first.body, first.header("etag")), (again.ok(), &again.body, again.header("etag")));
    assert_eq!(first.header("nayose-sequence"), "1");
    assert_eq!(world.nobody().get("/test/counters/a").await.ok()["value"], 5);
    let unkeyed = world.clerk().post("/test/counters/a", r#"{"by":5}"#).await;
    assert_eq!(unkeyed.ok()["value"], 10);
}

#[tokio::test]
async fn a_key_belongs_to_one_request_of_one_caller() {
    let world = World::new();
    let clerk = world.clerk().with("idempotency-key", "k1");
    clerk.post("/test/counters/a", r#"{"by":5}"#).await.ok();
    for (path, body) in [("/test/counters/a", r#"{"by":6}"#), ("/test/counters/b", r#"{"by":5}"#)] {
        assert_eq!(clerk.post(path, body).await.code(), "idempotency_key_reused");
    }
    let other = clerk.clone().with("idempotency-key", "k2");
    assert_eq!(other.post("/test/counters/a", r#"{"by":6}"#).await.code(), "idempotency_key_reused");
    let fresh = world.clerk().with("idempotency-key", "k2").post("/test/counters/a", r#"{"by":6}"#).await;
    assert_eq!(fresh.ok()["value"], 11);
    let bad = world.clerk().with("idempotency-key", "a b").post("/test/counters/a", r#"{"by":6}"#).await;
    assert_eq!(bad.json()["errors"][0]["field"], "Idempotency-Key");
}

#[tokio::test]
async fn a_problem_is_not_kept_and_an_old_answer_is_forgotten() {
    let kv = Arc::new(MemoryKv::new());
    let world = World::over(kv.clone(), "idempotency_seconds = 60");
    let clerk = world.clerk().with("idempotency-key", "k1").with("if-match", "\"other\"");
    assert_eq!(clerk.post("/test/counters/a", r#"{"by":5}"#).await.code(), "stale");
    let clerk = world.clerk().with("idempotency-key", "k1");
    assert_eq!(clerk.post("/test/counters/a", r#"{"by":5}"#).await.ok()["value"], 5);
    world.app.clock().pass(NOW.plus_micros(59_000_000));
    assert_eq!(clerk.post("/test/counters/a", r#"{"by":5}"#).await.ok()["value"], 5);
    world.app.clock().pass(NOW.plus_micros(61_000_000));
    assert_eq!(clerk.post("/test/counters/a", r#"{"by":5}"#).await.ok()["value"], 10);
}

#[tokio::test]
async fn writers_in_parallel_lose_nothing() {
    const WRITES: u32 = 200;
    let world = Arc::new(World::over(Arc::new(MemoryKv::new()), "attempts_max = 100\nqueue_max = 1000"));
    let mut writes = tokio::task::JoinSet::new();
    for _ in 0..WRITES {
        let world = Arc::clone(&world);
        writes.spawn(async move { world.clerk().post("/test/counters/a", r#"{"by":1}"#).await.status });
    }
    while let Some(status) = writes.join_next().await {
        assert_eq!(status.unwrap(), StatusCode::OK);
    }
    assert_eq!(world.nobody().get("/test/counters/a").await.ok()["value"], WRITES);
    assert_eq!(world.kv.health().seq.0, u64::from(WRITES));
}

#[tokio::test]
async fn an_edit_names_the_version_that_it_has_read() {
    let world = World::new();
    let read = world.nobody().get("/test/counters/a").await;
    let clerk = world.clerk().with("if-match", read.header("etag"));
    let written = clerk.post("/test/counters/a", r#"{"by":5}"#).await;
    assert_eq!(written.ok()["value"], 5);
    assert_eq!(clerk.post("/test/counters/a", r#"{"by":5}"#).await.code(), "stale");
    let next = world.clerk().with("if-match", written.header("etag"));
    assert_eq!(next.post("/test/counters/a", r#"{"by":5}"#).await.ok()["value"], 10);
}

#[tokio::test]
async fn recorded_time_goes_on_after_a_restart() {
    let world = World::new();
    world.app.clock().pass(NOW.plus_micros(1_000_000));
    world.clerk().post("/test/counters/a", r#"{"by":5}"#).await.ok();
    let clock = Clock::standing_at(NOW);
    wind_clock(&*world.kv, &clock).unwrap();
    assert_eq!(clock.now().since(NOW), 1_000_002);
}

/// Rows of the spaces of stored answers.
fn stored_answers(world: &World) -> usize {
    let rows = |space, bucket| world.kv.export(Space(space), bucket, None, 100).unwrap().len();
    (0..=255).map(|bucket| rows(96, bucket) + rows(98, bucket)).sum()
}

#[tokio::test]
async fn answers_are_removed_after_their_time() {
    let world = World::new();
    let clerk = world.clerk().with("idempotency-key", "k1");
    clerk.post("/test/counters/a", r#"{"by":5}"#).await.ok();
    let after = |hours: i64| Instant::from_micros(NOW.micros() + hours * 3_600_000_000);
    assert_eq!((sweep(&world.app, after(23)).await.unwrap(), stored_answers(&world)), (0, 2));
    assert_eq!((sweep(&world.app, after(26)).await.unwrap(), stored_answers(&world)), (1, 0));
    assert_eq!(sweep(&world.app, after(26)).await.unwrap(), 0);
    assert_eq!(clerk.post("/test/counters/a", r#"{"by":5}"#).await.ok()["value"], 10, "the key is free again");
}
