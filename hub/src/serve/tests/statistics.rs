//! The figures of a network over the wire.

use serde_json::json;

use super::people::{HANAKO, KIICHI, open, send};
use super::persona::World;

#[tokio::test]
async fn figures_count_persons_institutions_duplicates_and_tasks() {
    let world = World::new();
    open(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.source(), "13-0001", "2", HANAKO).await;
    send(&world.source(), "13-0001", "3", KIICHI).await;
    send(&world.named("source-2"), "13-0002", "a", HANAKO).await;
    let figures = world.service().get("/v1/statistics").await.ok();
    assert_eq!((&figures["persons"], &figures["records"]), (&json!(2), &json!(4)));
    let kinds = &figures["institutions"][0];
    let of_kind = kinds["disclosing"].as_u64().unwrap() + kinds["not_disclosing"].as_u64().unwrap();
    assert_eq!((&kinds["kind"], of_kind), (&json!("hospital"), 3));
    let first = json!({"institution": "13-0001", "records": 3, "persons": 2, "duplicates": 1});
    let second = json!({"institution": "13-0002", "records": 1, "persons": 1, "duplicates": 0});
    assert_eq!(figures["holdings"], json!([first, second]));
    assert_eq!(figures["tasks"], json!({"in-hospital-duplicate": 1}));
    let own = world.named("clerk-2").get("/v1/statistics").await.ok();
    assert_eq!((&own["holdings"], own.get("tasks")), (&json!([second]), None));
    assert_eq!(world.source().get("/v1/statistics").await.code(), "not_allowed");
    // What was counted is kept for a while.
    send(&world.source(), "13-0001", "4", KIICHI).await;
    let kept = world.service().get("/v1/statistics").await.ok();
    assert_eq!((&kept["records"], &kept["as_of"]), (&json!(4), &figures["as_of"]));
}
