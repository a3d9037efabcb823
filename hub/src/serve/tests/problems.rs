//! Everything that can go wrong before a handler, as the caller sees it.

use axum::http::Method;

use super::faults::{Fault, FaultyKv};
use super::persona::{Reply, World};

fn show(name: &str, reply: &Reply) -> String {
    let mut shown = format!("# {name}\n{}\n", reply.status);
    for header in ["content-type", "retry-after", "www-authenticate", "allow", "cache-control"] {
        if !reply.header(header).is_empty() {
            shown.push_str(&format!("{header}: {}\n", reply.header(header)));
        }
    }
    shown + &serde_json::to_string_pretty(&reply.json()).unwrap() + "\n\n"
}

#[tokio::test]
async fn problems_as_the_caller_sees_them() {
    let world = World::new();
    let clerk = world.clerk();
    let counter = "/test/counters/a";
    let long = format!("{{\"by\": {}1}}", " ".repeat(3_000));
    let mut shown = String::new();
    for (name, reply) in [
        ("no token", world.nobody().get("/v1/version").await),
        ("unknown token", world.stranger().get("/v1/version").await),
        ("a role that may not", clerk.get("/metrics").await),
        ("an address that does not exist", clerk.get("/v1/nothing/山田").await),
        ("a method that does not exist", clerk.send(Method::DELETE, "/v1/version", "".into()).await),
        ("a query parameter that is misspelt", world.administrator().get("/v1/events?aftr=1").await),
        ("a query parameter that is no number", world.administrator().get("/v1/events?after=x").await),
        ("a query parameter out of range", world.administrator().get("/v1/events?limit=0").await),
        ("a body that is not JSON", clerk.post(counter, "{").await),
        ("a body with a wrong value", clerk.post(counter, r#"{"by":"many"}"#).await),
        ("a body with a word too many", clerk.post(counter, r#"{"by":1,"bye":2}"#).await),
        ("a body with more after it", clerk.post(counter, r#"{"by":1} x"#).await),
        ("no body", clerk.post(counter, "").await),
        ("a body that is something else", clerk.send(Method::POST, counter, r#"{"by":1}"#.into()).await),
        ("a body that is too long", clerk.post(counter, &long).await),
        ("a handler that panics", clerk.get("/test/panic").await),
    ] {
        shown.push_str(&show(name, &reply));
    }
    let broken = World::over(FaultyKv::new(&[Fault::Unavailable]), "");
    shown.push_str(&show("a store that is gone", &broken.clerk().post(counter, r#"{"by":1}"#).await));
    insta::assert_snapshot!(shown);
}

#[tokio::test(start_paused = true)]
async fn a_request_has_a_time_limit() {
    let world = World::over(FaultyKv::new(&[]), "request_ms_max = 100");
    assert_eq!(world.clerk().get("/test/forever").await.code(), "time_limit");
}

#[tokio::test]
async fn who_may_not_write_learns_nothing_of_the_body() {
    let world = World::new();
    assert_eq!(world.nobody().post("/test/counters/a", "{").await.code(), "unauthenticated");
    assert_eq!(world.service().post("/test/counters/a", r#"{"by":1}"#).await.code(), "not_allowed");
}
