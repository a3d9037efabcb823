//! The change feed over the wire.

use serde_json::{Value, json};

use super::people::{HANAKO, KIICHI, open, send, text};
use super::persona::World;
use crate::config::Role;

/// The types of the events of the index.
fn types(feed: &Value) -> Vec<&str> {
    let all = feed["events"].as_array().unwrap().iter().map(|event| text(event, "type"));
    all.filter(|kind| !kind.starts_with("directory") && !kind.starts_with("participants")).collect()
}

#[tokio::test]
async fn the_feed_is_polled_from_a_position() {
    let world = World::new();
    let officer = world.with_role(Role::Officer);
    let empty = officer.get("/v1/events").await.ok();
    assert_eq!((&empty["events"], &empty["next"], &empty["last"]), (&json!([]), &json!(0), &json!(0)));
    open(&world).await;
    let first = send(&world.source(), "13-0001", "1", HANAKO).await;
    let feed = officer.get("/v1/events").await.ok();
    let directory = &feed["events"][0];
    assert_eq!((text(directory, "type"), text(directory, "entity")), ("directory-stated", "institution"));
    assert_eq!((text(directory, "id"), &directory["is_there"]), ("13-0001", &json!(true)));
    assert_eq!(types(&feed), ["rules-activated", "person-created", "record-stored", "record-moved"]);
    let stored = feed["events"].as_array().unwrap().iter().find(|event| event["type"] == "record-stored").unwrap();
    assert_eq!((&stored["record"], text(stored, "standing")), (&first["record"], "current"));
    assert_eq!((feed["next"].as_u64(), feed["last"].as_u64(), &feed["has_more"]), (Some(2), Some(2), &json!(false)));
    send(&world.source(), "13-0001", "2", KIICHI).await;
    let rest = officer.get("/v1/events?after=2").await.ok();
    assert_eq!(types(&rest), ["person-created", "record-stored", "record-moved"]);
    let sealed = officer.get(&format!("/v1/events?page={}", text(&feed, "page"))).await.ok();
    assert_eq!(sealed["events"], rest["events"]);
    assert_eq!(officer.get("/v1/events?after=9").await.ok()["next"], 9);
    let small = officer.get("/v1/events?limit=2").await.ok();
    assert_eq!((small["next"].as_u64(), &small["has_more"]), (Some(2), &json!(true)));
    assert_eq!(world.clerk().get("/v1/events").await.code(), "not_allowed");
}

#[tokio::test]
async fn an_institution_sees_its_own_and_no_numbers() {
    let world = World::new();
    open(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.named("source-2"), "13-0002", "a", HANAKO).await;
    let service = world.named("service-2");
    let feed = service.get("/v1/events").await.ok();
    assert_eq!(types(&feed), ["rules-activated", "record-stored", "record-moved"]);
    assert!(feed["events"].as_array().unwrap().iter().all(|event| event["seq"].is_null()));
    assert!(feed["next"].is_null() && feed["last"].is_null());
    let rest = service.get(&format!("/v1/events?page={}", text(&feed, "page"))).await.ok();
    assert_eq!(rest["events"], json!([]));
    assert_eq!(service.get("/v1/events?after=1").await.json()["errors"][0]["field"], "after");
    let stranger = world.service().get(&format!("/v1/events?page={}", text(&feed, "page"))).await;
    assert_eq!(stranger.code(), "bad_page_token");
}
