//! What happened to a person, and who was given data under a wrong link.

use serde_json::{Value, json};

use super::people::{HANAKO, KIICHI, open, send, text};
use super::persona::World;

fn whats(timeline: &Value) -> Vec<&str> {
    timeline["happenings"].as_array().unwrap().iter().map(|it| text(it, "what")).collect()
}

async fn merged() -> (World, [Value; 2], String) {
    let world = World::new();
    open(&world).await;
    let one = send(&world.source(), "13-0001", "1", HANAKO).await;
    let other = send(&world.named("source-2"), "13-0002", "2", KIICHI).await;
    let path = format!("/v1/persons/{}/merge", text(&one, "person"));
    let body = json!({"person": other["person"], "reason": "the same card"}).to_string();
    let merge = text(&world.clerk().post(&path, &body).await.ok(), "merge").to_owned();
    (world, [one, other], merge)
}

#[tokio::test]
async fn a_timeline_says_by_whom_and_why() {
    let (world, [one, other], merge) = merged().await;
    let path = format!("/v1/persons/{}/timeline", text(&one, "person"));
    let timeline = world.clerk().get(&path).await.ok();
    assert_eq!(whats(&timeline), ["created", "joined", "created", "joined", "absorbed", "merged-into"]);
    let absorbed = &timeline["happenings"][4];
    assert_eq!((text(absorbed, "by"), text(absorbed, "reason")), ("clerk", "the same card"));
    assert_eq!((text(absorbed, "merge"), &absorbed["other"]), (merge.as_str(), &other["person"]));
    let first = world.clerk().get(&format!("{path}?limit=4")).await.ok();
    let rest = world.clerk().get(&format!("{path}?limit=4&page={}", text(&first, "next"))).await.ok();
    assert_eq!((whats(&first).len(), whats(&rest)), (4, vec!["absorbed", "merged-into"]));
    assert!(rest["next"].is_null());

    let undo = format!("/v1/merges/{merge}/undo");
    world.clerk().post(&undo, r#"{"reason": "two cards"}"#).await.ok();
    let apart = format!("/v1/persons/{}/keep-apart", text(&one, "person"));
    let third = send(&world.source(), "13-0001", "3", "佐藤 一 サトウ ハジメ M 1950-01-01 東京都 03-1").await;
    let body = json!({"person": third["person"], "reason": "they stood here together"}).to_string();
    world.clerk().post(&apart, &body).await.ok();
    assert_eq!(world.clerk().post(&apart, r#"{"person": "x"}"#).await.code(), "bad_request", "a reason is needed");
    let timeline = world.clerk().get(&path).await.ok();
    assert_eq!(whats(&timeline), ["created", "joined", "absorbed", "released", "kept-apart"]);
    let kept = timeline["happenings"].as_array().unwrap().last().unwrap();
    assert_eq!((text(kept, "by"), text(kept, "reason")), ("clerk", "they stood here together"));
    let merge = format!("/v1/persons/{}/merge", text(&one, "person"));
    let body = json!({"person": third["person"], "reason": "a twin in the mirror"}).to_string();
    world.clerk().post(&merge, &body).await.ok();
    let timeline = world.clerk().get(&path).await.ok();
    let reconciled = timeline["happenings"].as_array().unwrap().iter().find(|it| it["what"] == "reconciled").unwrap();
    assert_eq!(text(reconciled, "reason"), "a twin in the mirror");
    let operating = world.app.operating().unwrap();
    assert_eq!(mpi::verify::verify(&operating.index(), &*world.kv, &mut |_| {}).unwrap().violations, []);
}

#[tokio::test]
async fn an_institution_sees_its_own_part_of_a_timeline() {
    let (world, [one, other], _) = merged().await;
    let path = |person: &Value| format!("/v1/persons/{}/timeline", text(person, "person"));
    let own = world.named("clerk-2").get(&path(&other)).await.ok();
    assert_eq!(whats(&own), ["created", "joined"]);
    assert_eq!(world.named("clerk-2").get(&path(&one)).await.code(), "not_found");
    assert_eq!(world.administrator().get(&path(&one)).await.code(), "not_allowed");
}

#[tokio::test]
async fn who_read_both_as_one_is_listed() {
    let (world, [one, other], merge) = merged().await;
    let person = format!("/v1/persons/{}", text(&other, "person"));
    world.service().get(&person).await.ok();
    world.named("clerk-2").get(&person).await.ok();
    world.clerk().post(&format!("/v1/merges/{merge}/undo"), r#"{"reason": "two cards"}"#).await.ok();
    world.service().get(&format!("/v1/persons/{}", text(&one, "person"))).await.ok();
    let path = format!("/v1/merges/{merge}/reads");
    let reads = world.with_role(crate::config::Role::Officer).get(&path).await.ok();
    let listed = reads["reads"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "neither who saw one side only, nor who came later: {reads}");
    assert_eq!((text(&listed[0], "by"), &listed[0]["person"]), ("service", &one["person"]));
    assert_eq!(listed[0]["records"].as_array().unwrap().len(), 2);
    assert_eq!(world.named("clerk-2").get(&path).await.code(), "not_allowed");
    let path = format!("/v1/merges/{}/reads", "0".repeat(32));
    assert_eq!(world.clerk().get(&path).await.code(), "not_found");
}

#[tokio::test]
async fn who_read_a_record_before_it_moved_is_listed() {
    let world = World::new();
    open(&world).await;
    let one = send(&world.source(), "13-0001", "1", HANAKO).await;
    let again = send(&world.named("source-2"), "13-0002", "a", HANAKO).await;
    assert_eq!(one["person"], again["person"]);
    world.service().get(&format!("/v1/persons/{}", text(&one, "person"))).await.ok();
    let record = format!("/v1/records/{}", text(&again, "record"));
    let reads = world.clerk().get(&format!("{record}/reads")).await.ok();
    assert_eq!(reads["reads"], json!([]), "nothing has moved");
    world.clerk().post(&format!("{record}/unlink"), r#"{"reason": "another card"}"#).await.ok();
    let reads = world.clerk().get(&format!("{record}/reads")).await.ok();
    assert_eq!(reads["reads"].as_array().unwrap().len(), 1, "{reads}");
    assert_eq!(text(&reads["reads"][0], "by"), "service");
}
