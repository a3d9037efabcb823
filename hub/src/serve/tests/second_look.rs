//! The second look behind the requests: two arrivals that did not see each other become one person.

use mpi::kv::{BatchId, Draft, MemoryKv};
use mpi::{Actor, Stamp};
use serde_json::json;

use super::people::{HANAKO, KIICHI, open, record, resolve, send, text};
use super::persona::World;
use crate::serve::caller::Caller;
use crate::serve::second_look::round;

#[tokio::test]
async fn whom_arrival_missed_the_second_look_finds() {
    let world = World::new();
    open(&world).await;
    let first = send(&world.source(), "13-0001", "1", HANAKO).await;
    // What an arrival writes that has seen nobody: planned over a store without records.
    let operating = world.app.operating().unwrap();
    let blank = MemoryKv::new();
    let mut draft = Draft::new(&blank);
    let body: crate::serve::views::arrival::NewRecord = serde_json::from_value(record("13-0002", "a", HANAKO)).unwrap();
    let now = world.app.now();
    let stamp = Stamp { now, actor: Actor { id: "test".into(), institution: None } };
    let arrival = body.arrival(&Caller::local(), now).unwrap();
    let other = mpi::PersonId::new(42);
    mpi::arrive(&operating.index(), &mut draft, &arrival, other, &stamp).unwrap();
    let mut plan = draft.finish();
    plan.asserts.clear();
    world.kv.commit(&plan.into_batch(BatchId([9; 16]))).unwrap();
    send(&world.source(), "13-0001", "2", KIICHI).await;
    let who = async |institution: &str, id: &str| {
        text(&world.service().get(&resolve(institution, id)).await.ok(), "person").to_owned()
    };
    assert_ne!(who("13-0001", "1").await, who("13-0002", "a").await);
    let (end, has_more) = round(&world.app, None).await.unwrap();
    assert!(has_more);
    assert_eq!(who("13-0002", "a").await, text(&first, "person"));
    assert_ne!(who("13-0001", "2").await, text(&first, "person"));
    let before = world.kv.health().seq;
    let (_, _) = round(&world.app, Some(end)).await.unwrap();
    let again = round(&world.app, None).await.unwrap();
    assert_eq!(world.kv.health().seq, before, "nothing is looked at twice: {again:?}");
    let officer = world.with_role(crate::config::Role::Officer);
    let events = officer.get("/v1/events").await.ok();
    let merged = events["events"].as_array().unwrap().iter().find(|event| event["type"] == "merged").unwrap();
    assert_eq!(merged["is_automatic"], json!(true));
}
