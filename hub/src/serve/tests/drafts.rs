//! What a draft of the policy has to pass before somebody reviews it: kept scenarios, and the questions of the last days.

use std::sync::Arc;

use axum::http::StatusCode;
use mpi::kv::MemoryKv;
use serde_json::{Value, json};

use super::consent::{Folder, POLICY, decide, enrol, network, outcome, presented, question, review, roomy, simulate};
use super::people::{HANAKO, send, text};
use super::persona::{Persona, World};

const PACK: &str = include_str!("../../../../consent/policies/default.scenarios.toml");

#[tokio::test]
async fn a_kept_scenario_holds_a_draft_back_until_it_is_changed_too() {
    let world = roomy(World::new());
    network(&world).await;
    let (one, other) = (world.named("officer"), world.named("officer-b"));
    let wrong = one.post("/v1/scenarios", &json!({"name": "薬局", "text": "now = 3"}).to_string()).await;
    assert_eq!((wrong.code().as_str(), &wrong.json()["errors"][0]["field"]), ("bad_request", &json!("text")));
    let keep = json!({"name": "薬局", "text": PACK}).to_string();
    let kept = one.post("/v1/scenarios", &keep).await;
    assert_eq!((kept.status, &kept.json()["version"]), (StatusCode::CREATED, &json!(1)), "{}", kept.body);
    let listed = other.get("/v1/scenarios").await.ok();
    assert_eq!((text(&listed["packs"][0], "name"), text(&listed["packs"][0], "by")), ("薬局", "officer"));
    let path = "/v1/scenarios/%E8%96%AC%E5%B1%80";
    assert_eq!(text(&other.get(path).await.ok(), "text"), PACK);

    let save = async |text: &str| one.post("/v1/policies", &json!({"text": text}).to_string()).await.json();
    assert_eq!(save(&POLICY.replace("needs_relation = true\n", "")).await["version"], 2);
    assert_eq!(one.post("/v1/policies/1/scenarios", "").await.ok()["passes"], true);
    let tried = one.post("/v1/policies/2/scenarios", "").await.ok();
    assert_eq!((&tried["passes"], &tried["policy"]), (&json!(false), &json!(2)));
    let failure = &tried["packs"][0]["failures"][0];
    assert!(text(failure, "reason").starts_with("came out as: "), "{failure}");
    let simulated = simulate(&one, 2).await;
    let refused = other.post("/v1/policies/2/review", &review(&simulated, true)).await;
    assert_eq!(refused.code(), "conflict");
    assert!(refused.body.contains("kept scenarios come out differently"), "{}", refused.body);

    let because = json!({"reason": "the network has decided so"}).to_string();
    assert_eq!(one.post(&format!("{path}/remove"), &because).await.status, StatusCode::NO_CONTENT);
    assert_eq!(one.get(path).await.code(), "not_found");
    assert_eq!(text(&other.post("/v1/policies/2/review", &review(&simulated, true)).await.ok(), "state"), "reviewed");
    assert_eq!(one.post("/v1/policies/9/scenarios", "").await.code(), "not_found");
    assert_eq!(world.clerk().post("/v1/scenarios", &keep).await.code(), "not_allowed");
}

/// Puts the last days to a version, and gives what was found.
async fn replay(officer: &Persona<'_>, version: u32) -> Value {
    let begun = officer.post(&format!("/v1/policies/{version}/replays"), "{}").await;
    assert_eq!(begun.status, StatusCode::CREATED, "{}", begun.body);
    let run = begun.header("location").to_owned();
    loop {
        let state = officer.get(&run).await.ok();
        match text(&state, "state") {
            "running" => std::thread::yield_now(),
            "done" => return state["findings"].clone(),
            other => panic!("{other}: {state}"),
        }
    }
}

#[tokio::test]
async fn the_questions_of_the_last_days_are_put_to_a_draft_as_they_were_asked() {
    let folder = Folder(std::env::temp_dir().join(format!("nayose-replay-{}", std::process::id())));
    let (events, witness) = (folder.0.join("events"), folder.0.join("witness"));
    for made in [&events, &witness] {
        std::fs::create_dir_all(made).unwrap();
    }
    let settings = format!("[audit]\nfolder = {events:?}\nwitness = {witness:?}\n");
    let world = roomy(World::with_settings(Arc::new(MemoryKv::new()), &settings));
    network(&world).await;
    let sent = send(&world.source(), "13-0001", "1", HANAKO).await;
    enrol(&world, "1").await;
    let patient = presented("13-0001", "1");
    let (with, mut without) = (question(&patient), question(&patient));
    without["requester"]["relations"] = json!([]);
    let service = world.service();
    assert_eq!(outcome(&decide(&service, &with).await).0, "permit");
    let denied = decide(&service, &without).await;
    assert_eq!(outcome(&denied).0, "deny");
    // What happens later changes nothing about what was asked before.
    send(&world.named("source-2"), "13-0002", "9", HANAKO).await;
    world.clerk().post("/v1/withdrawals", &patient.to_string()).await.ok();
    assert_eq!(outcome(&decide(&service, &with).await).0, "deny");
    assert_eq!(outcome(&decide(&service, &question(&presented("13-0001", "none"))).await).0, "deny");

    let officer = world.named("officer");
    let save = async |text: &str| officer.post("/v1/policies", &json!({"text": text}).to_string()).await.json();
    assert_eq!(save(POLICY).await["version"], 2);
    let same = replay(&officer, 2).await;
    let counts = |found: &Value| {
        ["compared", "gained", "lost", "obliged_otherwise", "not_reproduced", "not_replayable"]
            .map(|name| found[name].as_u64().unwrap())
    };
    assert_eq!(counts(&same), [3, 0, 0, 0, 0, 1], "{same}");
    assert_eq!((&same["unreadable"], &same["is_cut"]), (&json!(0), &json!(false)));

    assert_eq!(save(&POLICY.replace("needs_relation = true\n", "")).await["version"], 3);
    let wider = replay(&officer, 3).await;
    assert_eq!(counts(&wider), [3, 1, 0, 0, 0, 1], "{wider}");
    let difference = &wider["differences"][0];
    assert_eq!((&difference["decision"], &difference["person"]), (&denied["id"], &sent["person"]), "{difference}");
    assert_eq!((text(difference, "before"), text(difference, "after")), ("deny", "permit"));
    assert_eq!(wider["changes"][0]["direction"], "gained");
    assert_eq!(wider["changes"][0]["institution"], "13-0002");

    assert_eq!(officer.post("/v1/policies/9/replays", "{}").await.code(), "not_found");
    assert_eq!(officer.post("/v1/policies/3/replays", r#"{"days":0}"#).await.code(), "bad_request");
    assert_eq!(world.clerk().post("/v1/policies/3/replays", "{}").await.code(), "not_allowed");
}

#[tokio::test]
async fn without_a_trail_there_is_nothing_to_replay() {
    let world = roomy(World::new());
    network(&world).await;
    assert_eq!(world.named("officer").post("/v1/policies/1/replays", "{}").await.code(), "not_found");
}
