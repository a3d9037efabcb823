//! What was withdrawn stays withdrawn when an older backup is restored.

use std::sync::Arc;

use axum::http::StatusCode;
use mpi::kv::MemoryKv;
use serde_json::json;

use super::consent::{Folder, decide, enrol, network, outcome, presented, question, sign};
use super::erasures::copy;
use super::people::{HANAKO, KIICHI, send, text};
use super::persona::World;

#[tokio::test]
async fn a_restored_backup_revives_no_permit_that_was_withdrawn_or_replaced_after_it() {
    let folder = Folder(std::env::temp_dir().join(format!("nayose-withdrawals-{}", std::process::id())));
    std::fs::create_dir_all(&folder.0).unwrap();
    let file = folder.0.join("list");
    let settings = format!("withdrawals = {:?}\n", file.to_str().unwrap());
    let world = World::with_settings(Arc::new(MemoryKv::new()), &settings);
    network(&world).await;
    // Without a keyring every server digests identifiers in its own way, so persons are asked for by their enterprise ids.
    let mut asked = Vec::new();
    for (value, person) in [("1", HANAKO), ("2", KIICHI)] {
        let sent = send(&world.source(), "13-0001", value, person).await;
        enrol(&world, value).await;
        asked.push(question(&json!({"person": sent["person"]})));
    }
    let signed = sign(&world, "2", json!({"effect": "permit", "purposes": ["TREAT"]})).await;
    for asked in &asked {
        assert_eq!(outcome(&decide(&world.service(), asked).await).0, "permit");
    }
    let backup = copy(&*world.kv);
    assert!(!file.try_exists().unwrap(), "nothing has ended");

    world.clerk().post("/v1/withdrawals", &presented("13-0001", "1").to_string()).await.ok();
    let replaced = json!({
        "identity": presented("13-0001", "2"), "consent": signed["consent"], "signature": "own", "policy": 1,
        "grantor": {"kind": "subject", "evidence": null, "valid": null}, "provision": {"effect": "deny"},
    });
    let reply = world.clerk().post("/v1/directives", &replaced.to_string()).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.body);
    let listed = std::fs::read_to_string(&file).unwrap();
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains(text(&signed, "consent")) && !listed.contains("石飛"));
    assert_eq!(world.app.replay_endings().await.unwrap(), 0, "the store knows");

    // A crash while a line was written: nobody was told that this withdrawal holds.
    std::fs::write(&file, format!("{listed}{{\"identity\":\"00")).unwrap();
    let restored = World::with_settings(Arc::new(backup), &settings);
    let revived = restored.named("officer").post("/v1/decisions", &asked[0].to_string()).await.ok();
    assert_eq!(outcome(&revived).0, "permit", "as it was backed up: {revived}");
    assert_eq!(restored.app.replay_endings().await.unwrap(), 2);
    for asked in &asked {
        assert_eq!(outcome(&decide(&restored.service(), asked).await).0, "deny");
    }
    assert_eq!(restored.app.replay_endings().await.unwrap(), 0, "once");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), listed);

    std::fs::write(&file, "no ending\n").unwrap();
    let damaged = World::with_settings(Arc::new(MemoryKv::new()), &settings);
    assert!(damaged.app.replay_endings().await.is_err(), "a damaged list is never taken for an empty one");
}

#[tokio::test]
async fn a_withdrawal_that_cannot_be_listed_is_not_acknowledged() {
    let folder = std::env::temp_dir().join(format!("nayose-no-such-folder-{}", std::process::id()));
    let settings = format!("withdrawals = {:?}\n", folder.join("list").to_str().unwrap());
    let world = World::with_settings(Arc::new(MemoryKv::new()), &settings);
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    enrol(&world, "1").await;
    let reply = world.clerk().post("/v1/withdrawals", &presented("13-0001", "1").to_string()).await;
    assert_eq!(reply.code(), "unconfirmed", "{}", reply.body);
    let asked = question(&presented("13-0001", "1"));
    assert_eq!(outcome(&decide(&world.service(), &asked).await).0, "deny", "it holds all the same");
}
