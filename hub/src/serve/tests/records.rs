//! Records over the wire: sent, resolved, read, and hidden from others.

use axum::http::StatusCode;
use serde_json::json;

use super::people::{HANAKO, KIICHI, demographics, open, record, resolve, send, text};
use super::persona::World;

#[tokio::test]
async fn a_record_becomes_a_person_who_is_resolved_by_every_identifier() {
    let world = World::new();
    open(&world).await;
    let first = send(&world.source(), "13-0001", "1", HANAKO).await;
    assert_eq!((text(&first, "outcome"), first["version"].as_u64()), ("created", Some(1)));
    let second = send(&world.named("source-2"), "13-0002", "a", HANAKO).await;
    let third = send(&world.source(), "13-0001", "3", KIICHI).await;
    assert_ne!(third["person"], first["person"]);
    for (institution, local_id) in [("13-0001", "1"), ("13-0002", "a")] {
        let found = world.service().get(&resolve(institution, local_id)).await.ok();
        assert_eq!(found["person"], first["person"]);
        let mut ids: Vec<_> = found["records"].as_array().unwrap().iter().map(|it| text(it, "local_id")).collect();
        ids.sort_unstable();
        assert_eq!(ids, ["1", "a"]);
    }
    let own = world.source().get(&resolve("13-0001", "1")).await.ok();
    assert_eq!(
        own["records"],
        json!([{
            "record": first["record"], "authority": "urn:test:13-0001", "local_id": "1", "institution": "13-0001",
        }])
    );
    assert!(text(&second, "person").starts_with("N-"));
}

#[tokio::test]
async fn what_a_record_met_in_other_institutions_is_not_told_to_its_source() {
    let world = World::new();
    open(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    let second = send(&world.named("source-2"), "13-0002", "a", HANAKO).await;
    assert_eq!((text(&second, "outcome"), &second["evidence"]), ("created", &json!(null)));
    assert_eq!((&second["tasks"], &second["blocks_cut"]), (&json!([]), &json!(0)));
}

#[tokio::test]
async fn the_network_is_told_what_a_link_rests_on() {
    let world = World::without_tokens();
    open(&world).await;
    let first = send(&world.nobody(), "13-0001", "1", HANAKO).await;
    let second = send(&world.nobody(), "13-0002", "a", HANAKO).await;
    assert_eq!((text(&second, "outcome"), &second["person"]), ("linked", &first["person"]));
    assert_eq!(second["evidence"]["with"], first["record"]);
    assert!(second["evidence"]["weight"].as_f64().unwrap() > 5.0);
}

#[tokio::test]
async fn the_same_again_changes_nothing_and_a_change_is_a_version() {
    let world = World::new();
    open(&world).await;
    let source = world.source();
    let body = record("13-0001", "1", HANAKO);
    let keyed = source.clone().with("idempotency-key", "k1");
    let first = keyed.post("/v1/records", &body.to_string()).await;
    let again = keyed.post("/v1/records", &body.to_string()).await;
    assert_eq!((first.ok(), &first.body), (again.ok(), &again.body));
    let unkeyed = source.post("/v1/records", &body.to_string()).await.ok();
    assert_eq!((text(&unkeyed, "outcome"), unkeyed["version"].as_u64()), ("unchanged", Some(1)));
    let mut moved = body.clone();
    moved["demographics"]["phone"] = json!("0852-99-8888");
    moved["event_time"] = json!("2026-01-02T00:00:00Z");
    let moved = source.post("/v1/records", &moved.to_string()).await.ok();
    assert_eq!((text(&moved, "outcome"), moved["version"].as_u64()), ("updated", Some(2)));
    let mut older = body;
    older["event_time"] = json!("2025-01-01T00:00:00Z");
    older["demographics"]["phone"] = json!("0852-77-6666");
    let older = source.post("/v1/records", &older.to_string()).await.ok();
    assert_eq!(text(&older, "outcome"), "history");
    let read = source.get(&format!("/v1/records/{}", text(&moved, "record"))).await;
    let shown = read.ok();
    assert_eq!((text(&shown["demographics"], "phone"), shown["version"].as_u64()), ("0852-99-8888", Some(2)));
    assert_eq!((text(&shown, "event_time"), text(&shown, "state")), ("2026-01-02T00:00:00Z", "active"));
    let path = format!("/v1/records/{}", text(&moved, "record"));
    let known = source.with("if-none-match", read.header("etag")).get(&path).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn stored_answers_hold_no_personal_value() {
    let world = World::new();
    open(&world).await;
    let body = record("13-0001", "12345678", HANAKO).to_string();
    let answer = world.source().with("idempotency-key", "k1").post("/v1/records", &body).await;
    for secret in ["石飛", "1957", "0852", "12345678"] {
        assert!(!answer.body.contains(secret), "{}", answer.body);
    }
}

#[tokio::test]
async fn what_cannot_be_a_record_is_refused_with_the_field() {
    let world = World::new();
    open(&world).await;
    let source = world.source();
    let good = record("13-0001", "1", HANAKO);
    let mut table = Vec::new();
    let mut add = |pointer: &str, name: &str, value, status: u16, code: &'static str, field: &'static str| {
        let mut body = good.clone();
        body.pointer_mut(pointer).unwrap()[name] = value;
        table.push((body, status, code, field));
    };
    add("/demographics", "my_number", json!("123456789012"), 400, "bad_request", "demographics.my_number");
    add("/demographics", "address", json!("x".repeat(1_001)), 400, "bad_request", "demographics.address");
    add("", "authority", json!("no authority"), 400, "bad_request", "authority");
    add("", "local_id", json!(" "), 400, "bad_request", "local_id");
    add("", "event_time", json!("yesterday"), 400, "bad_request", "event_time");
    add("", "life", json!({"vital": "well"}), 400, "bad_request", "life.vital");
    add("", "institution", json!("13-0002"), 403, "not_allowed", "");
    add("", "authority", json!("urn:test:13-0002"), 403, "not_allowed", "");
    add("", "authority", json!("urn:test:nowhere"), 422, "refused", "");
    for (body, status, code, field) in table {
        let reply = source.post("/v1/records", &body.to_string()).await;
        assert_eq!((reply.status.as_u16(), reply.code().as_str()), (status, code), "{}", reply.body);
        if !field.is_empty() {
            assert_eq!(reply.json()["errors"][0]["field"], field, "{}", reply.body);
        }
    }
    let clerk = world.clerk().post("/v1/records", &good.to_string()).await;
    assert_eq!(clerk.code(), "not_allowed");
}

#[tokio::test]
async fn a_hidden_record_has_the_same_answer_as_none() {
    let world = World::new();
    open(&world).await;
    let sent = send(&world.source(), "13-0001", "1", HANAKO).await;
    let (record, person) = (text(&sent, "record"), text(&sent, "person"));
    let stranger = world.named("clerk-2");
    let unknown_record = "00112233445566778899aabbccddeeff";
    let unknown_person = mpi::PersonId::new(7).enterprise_id("N");
    let pairs = [
        (resolve("13-0001", "1"), resolve("13-0001", "2")),
        (format!("/v1/records/{record}"), format!("/v1/records/{unknown_record}")),
        (format!("/v1/persons/{person}"), format!("/v1/persons/{unknown_person}")),
        (format!("/v1/persons/{person}?as_of=2030-01-01T00:00:00Z"), "/v1/persons/nobody".to_owned()),
    ];
    for (hidden, unknown) in pairs {
        let (hidden, unknown) = (stranger.get(&hidden).await, stranger.get(&unknown).await);
        assert_eq!((hidden.code().as_str(), &hidden.body), ("not_found", &unknown.body));
    }
    world.named("clerk-1").get(&format!("/v1/records/{record}")).await.ok();
}

#[tokio::test]
async fn a_person_has_a_golden_record_with_sources() {
    let world = World::new();
    open(&world).await;
    let first = send(&world.source(), "13-0001", "1", HANAKO).await;
    let mut body = record("13-0002", "a", HANAKO);
    body["demographics"]["phone"] = json!("0852-99-8888");
    body["event_time"] = json!("2026-01-02T00:00:00Z");
    world.named("source-2").post("/v1/records", &body.to_string()).await.ok();
    let path = format!("/v1/persons/{}", text(&first, "person"));
    let person = world.clerk().get(&path).await.ok();
    assert_eq!((&person["person"], &person["canonical"]), (&first["person"], &first["person"]));
    assert_eq!(person["ids"], json!([first["person"]]));
    assert_eq!(person["records"].as_array().unwrap().len(), 2);
    let golden = &person["golden"];
    assert_eq!((text(&golden["family_kanji"], "value"), golden["family_kanji"]["records"].as_u64()), ("石飛", Some(2)));
    assert_eq!(golden["phone"]["alternatives"].as_array().unwrap().len(), 1);
    let own = world.named("clerk-1").get(&path).await.ok();
    assert_eq!(own["records"].as_array().unwrap().len(), 1);
    assert_eq!(
        (text(&own["golden"]["phone"], "value"), &own["golden"]["phone"]["alternatives"]),
        ("0852-11-2222", &json!(null))
    );
    assert_eq!(own["golden"]["family_kanji"]["records"], 1, "a hidden record is not counted");
    let before = world.clerk().get(&format!("{path}?as_of=2020-01-01T00:00:00Z")).await;
    assert_eq!(before.code(), "not_found");
    let later = world.clerk().get(&format!("{path}?as_of=2027-01-01T00:00:00Z")).await.ok();
    assert_eq!(later["records"].as_array().unwrap().len(), 2);
    assert_eq!(world.clerk().get(&format!("{path}?as_of=now")).await.json()["errors"][0]["field"], "as_of");
}

#[tokio::test]
async fn whereabouts_of_a_protected_person_are_shown_to_their_source_only() {
    let world = World::new();
    open(&world).await;
    let mut body = record("13-0001", "1", HANAKO);
    body["life"] = json!({"is_protected": true});
    let sent = world.source().post("/v1/records", &body.to_string()).await.ok();
    let path = format!("/v1/records/{}", text(&sent, "record"));
    let own = world.source().get(&path).await.ok();
    assert_eq!(own["demographics"], demographics(HANAKO));
    let network = world.clerk().get(&path).await;
    assert_eq!(network.ok()["withheld"], json!(["address", "phone"]));
    let person = world.clerk().get(&format!("/v1/persons/{}", text(&sent, "person"))).await;
    assert!(person.ok()["golden"]["address"].is_null());
    for reply in [network, person] {
        assert!(!reply.body.contains("松江") && !reply.body.contains("0852"), "{}", reply.body);
    }
}
