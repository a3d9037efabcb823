//! Descriptions compared over the wire.

use serde_json::{Value, json};

use super::people::{HANAKO, KIICHI, demographics, open, send, text};
use super::persona::World;

fn description(line: &str, more: &Value) -> String {
    let mut body = json!({"demographics": demographics(line)});
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body.to_string()
}

#[tokio::test]
async fn a_description_finds_the_person_and_says_why() {
    let world = World::new();
    open(&world).await;
    let sent = send(&world.source(), "13-0001", "1", HANAKO).await;
    send(&world.source(), "13-0001", "2", KIICHI).await;
    let service = world.service();
    let written_otherwise = HANAKO.replace("イシトビ", "ｲｼﾄﾋﾞ").replace("1957-04-05", "昭和32年4月5日");
    let found = service.post("/v1/match", &description(&written_otherwise, &json!({}))).await.ok();
    assert_eq!((found["total"].as_u64(), found["persons"].as_array().unwrap().len()), (Some(1), 1));
    let first = &found["persons"][0];
    assert_eq!((&first["person"], &first["record"]), (&sent["person"], &sent["record"]));
    assert_eq!((text(first, "decision"), first.get("explanation")), ("match", None));
    assert!(first["probability"].as_f64().unwrap() > 0.9);
    let told = service.post("/v1/match", &description(HANAKO, &json!({"explain": true, "limit": 1}))).await.ok();
    let explanation = &told["persons"][0]["explanation"];
    let weight = told["persons"][0]["weight"].as_f64().unwrap();
    assert!((explanation["weight"].as_f64().unwrap() - weight).abs() < 0.01);
    let bars = explanation["comparisons"].as_array().unwrap();
    let fields = bars.iter().flat_map(|bar| bar["fields"].as_array().unwrap());
    let is_told = fields.into_iter().any(|field| field["right"] == "1957-04-05");
    assert!(is_told, "{explanation}");
    let stranger = service.post("/v1/match", &description(KIICHI, &json!({"weight_min": 1000}))).await.ok();
    assert_eq!(stranger["total"], 0);
}

#[tokio::test]
async fn hidden_records_are_not_found() {
    let world = World::new();
    open(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    let none = world.named("clerk-2").post("/v1/match", &description(HANAKO, &json!({"explain": true}))).await.ok();
    assert_eq!(none, json!({"persons": [], "total": 0, "blocks_cut": 0}));
    let own = world.named("clerk-1").post("/v1/match", &description(HANAKO, &json!({}))).await.ok();
    assert_eq!(own["total"], 1);
}

#[tokio::test]
async fn whereabouts_of_a_protected_person_are_in_no_explanation() {
    let world = World::new();
    open(&world).await;
    let mut body = super::people::record("13-0001", "1", HANAKO);
    body["life"] = json!({"is_protected": true});
    world.source().post("/v1/records", &body.to_string()).await.ok();
    let asked = HANAKO.replace("西川津町1-2-3", "殿町1").replace("0852-11-2222", "0852-99-9999");
    let asked = description(&asked, &json!({"explain": true}));
    let told = world.service().post("/v1/match", &asked).await;
    assert!(told.body.contains("explanation"), "{}", told.body);
    assert!(!told.body.contains("西川津") && !told.body.contains("112222"), "{}", told.body);
    let own = world.named("clerk-1").post("/v1/match", &asked).await;
    assert!(own.body.contains("西川津"), "{}", own.body);
}

#[tokio::test]
async fn what_is_no_description_is_refused() {
    let world = World::new();
    for (body, field) in [
        (json!({"demographics": {}}), "demographics"),
        (json!({"demographics": {"shoe_size": "25"}}), "demographics.shoe_size"),
        (json!({"demographics": {"sex": "F"}, "limit": 0}), "limit"),
        (json!({"demographics": {"sex": "F"}, "limit": 101}), "limit"),
    ] {
        let reply = world.service().post("/v1/match", &body.to_string()).await;
        assert_eq!(reply.json()["errors"][0]["field"], field, "{}", reply.body);
    }
    assert_eq!(world.source().post("/v1/match", &description(HANAKO, &json!({}))).await.code(), "not_allowed");
}
