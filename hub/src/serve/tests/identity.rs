//! What clerks do to persons and records over the wire.

use serde_json::{Value, json};

use super::people::{HANAKO, KIICHI, open, resolve, send, text};
use super::persona::{Persona, World};

/// Two persons at one institution, and one record of the first at another.
async fn two_persons() -> (World, [Value; 3]) {
    let world = World::new();
    open(&world).await;
    let one = send(&world.source(), "13-0001", "1", HANAKO).await;
    let again = send(&world.named("source-2"), "13-0002", "a", HANAKO).await;
    let other = send(&world.source(), "13-0001", "2", KIICHI).await;
    (world, [one, again, other])
}

fn person_of(record: &Value) -> String {
    format!("/v1/persons/{}", text(record, "person"))
}

async fn who(caller: &Persona<'_>, institution: &str, local_id: &str) -> String {
    text(&caller.get(&resolve(institution, local_id)).await.ok(), "person").to_owned()
}

#[tokio::test]
async fn a_merge_is_done_read_and_undone() {
    let (world, [one, _, other]) = two_persons().await;
    let clerk = world.clerk().with("idempotency-key", "m1");
    let body = json!({"person": other["person"], "reason": "the same card was shown"}).to_string();
    let path = format!("{}/merge", person_of(&one));
    let merged = clerk.post(&path, &body).await.ok();
    assert_eq!(clerk.post(&path, &body).await.ok(), merged, "a repeat does nothing");
    assert_eq!((&merged["person"], &merged["absorbed"]), (&one["person"], &other["person"]));
    let person = world.clerk().get(&person_of(&other)).await.ok();
    assert_eq!((&person["person"], &person["canonical"]), (&other["person"], &one["person"]));
    assert_eq!(person["ids"], json!([one["person"], other["person"]]));
    assert_eq!(world.clerk().post(&path, &body).await.code(), "conflict");

    let merge = format!("/v1/merges/{}", text(&merged, "merge"));
    let read = world.service().get(&merge).await.ok();
    assert_eq!((text(&read, "by"), text(&read, "reason")), ("clerk", "the same card was shown"));
    let undo = json!({"reason": "the card was borrowed"}).to_string();
    let undone = world.clerk().post(&format!("{merge}/undo"), &undo).await.ok();
    assert_eq!((&undone["persons"], &undone["decided_again"]), (&json!([one["person"], other["person"]]), &json!([])));
    assert_eq!(who(&world.service(), "13-0001", "2").await, text(&other, "person"));
    assert_eq!(world.service().get(&merge).await.ok()["undone"]["reason"], "the card was borrowed");
    assert_eq!(world.clerk().post(&format!("{merge}/undo"), &undo).await.code(), "conflict");
    let early = format!("{}?as_of=2020-01-01T00:00:00Z", person_of(&one));
    assert_eq!(world.clerk().get(&early).await.code(), "not_found");
}

#[tokio::test]
async fn records_are_linked_unlinked_and_split_off() {
    let (world, [one, again, other]) = two_persons().await;
    let clerk = world.clerk();
    let record = |it: &Value, verb: &str| format!("/v1/records/{}/{verb}", text(it, "record"));
    let why = json!({"reason": "asked the patient"}).to_string();
    let left = clerk.post(&record(&again, "unlink"), &why).await.ok();
    assert_ne!(left["person"], one["person"]);
    assert_eq!(who(&clerk, "13-0002", "a").await, text(&left, "person"));
    assert_eq!(clerk.post(&record(&again, "unlink"), &why).await.code(), "conflict", "it is the only one");
    let to = json!({"person": one["person"], "reason": "asked again"}).to_string();
    let back = clerk.post(&record(&again, "link"), &to).await.ok();
    assert_eq!(back["person"], one["person"]);
    assert_eq!(clerk.post(&record(&again, "link"), &to).await.code(), "conflict");

    let split = json!({"records": [again["record"]], "reason": "asked a third time"}).to_string();
    let split = clerk.post(&format!("{}/split", person_of(&one)), &split).await.ok();
    assert_eq!((&split["records"], &split["rest"]), (&json!([again["record"]]), &one["person"]));
    assert_eq!(who(&clerk, "13-0002", "a").await, text(&split, "person"));
    let foreign = json!({"records": [other["record"]], "reason": "x"}).to_string();
    let reply = clerk.post(&format!("{}/split", person_of(&one)), &foreign).await;
    assert_eq!(reply.json()["errors"][0]["field"], "records");
}

#[tokio::test]
async fn persons_who_are_kept_apart_stay_two() {
    let (world, [one, _, other]) = two_persons().await;
    let body = json!({"person": other["person"], "reason": "they came together"}).to_string();
    let apart = world.clerk().post(&format!("{}/keep-apart", person_of(&one)), &body).await.ok();
    assert_eq!(apart["persons"], json!([one["person"], other["person"]]));
    let own = json!({"person": one["person"], "reason": "they came together"}).to_string();
    assert_eq!(world.clerk().post(&format!("{}/keep-apart", person_of(&one)), &own).await.code(), "conflict");
}

#[tokio::test]
async fn what_changed_since_it_was_read_is_not_changed_again() {
    let (world, [one, again, other]) = two_persons().await;
    let clerk = world.clerk();
    let tag = clerk.get(&person_of(&one)).await.header("etag").to_owned();
    let why = json!({"reason": "asked the patient"}).to_string();
    clerk.post(&format!("/v1/records/{}/unlink", text(&again, "record")), &why).await.ok();
    let body = json!({"person": other["person"], "reason": "the same card"}).to_string();
    let path = format!("{}/merge", person_of(&one));
    assert_eq!(clerk.clone().with("if-match", tag).post(&path, &body).await.code(), "stale");
    let tag = clerk.get(&person_of(&one)).await.header("etag").to_owned();
    clerk.clone().with("if-match", tag).post(&path, &body).await.ok();
}

#[tokio::test]
async fn a_clerk_of_an_institution_changes_what_it_sees() {
    let (world, [one, again, other]) = two_persons().await;
    let (first, second) = (world.named("clerk-1"), world.named("clerk-2"));
    let unknown = mpi::PersonId::new(7).enterprise_id("N");
    let merge = |with: &str| json!({"person": with, "reason": "x"}).to_string();
    let hidden = second.post(&format!("{}/merge", person_of(&other)), &merge(text(&one, "person"))).await;
    let none = second.post(&format!("/v1/persons/{unknown}/merge"), &merge(text(&one, "person"))).await;
    assert_eq!((hidden.code().as_str(), &hidden.body), ("not_found", &none.body));
    let why = json!({"reason": "x"}).to_string();
    let record = format!("/v1/records/{}/unlink", text(&one, "record"));
    assert_eq!(second.post(&record, &why).await.code(), "not_found");
    assert_eq!(first.post(&record, &why).await.code(), "conflict", "the other record of the person is hidden");
    let path = format!("{}/merge", person_of(&one));
    let merged = first.post(&path, &merge(text(&other, "person"))).await.ok();
    let by_other = second.get(&format!("/v1/merges/{}", text(&merged, "merge"))).await;
    assert_eq!(by_other.code(), "not_found", "it had no record of both");
    first.get(&format!("/v1/merges/{}", text(&merged, "merge"))).await.ok();
    assert_eq!(world.service().post(&path, &merge(text(&again, "person"))).await.code(), "not_allowed");
    assert_eq!(
        first.post(&path, r#"{"person":"N-1111-1111-1111","reason":"x"}"#).await.json()["errors"][0]["field"],
        "person"
    );
    assert_eq!(
        first.post(&path, &json!({"person": one["person"], "reason": " "}).to_string()).await.json()["errors"][0]["field"],
        "reason"
    );
}
