//! Erasure over the wire: two officers, a tombstone, and a restored store that forgets again.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::StatusCode;
use mpi::kv::{Kv, MemoryKv};
use serde_json::{Value, json};

use super::people::{HANAKO, open, send, text};
use super::persona::{Persona, World};

async fn propose(officer: &Persona<'_>, record: &Value) -> super::persona::Reply {
    let body = json!({"record": record["record"], "legal_basis": "request 2026-17"}).to_string();
    officer.post("/v1/erasures", &body).await
}

#[tokio::test]
async fn two_officers_erase_a_record_and_a_tombstone_stays() {
    let world = World::new();
    open(&world).await;
    let sent = send(&world.source(), "13-0001", "1", HANAKO).await;
    let (one, other) = (world.named("officer"), world.named("officer-b"));
    let path = format!("/v1/erasures/{}", text(&sent, "record"));
    assert_eq!(one.get(&path).await.code(), "not_found");
    let proposed = propose(&one, &sent).await;
    assert_eq!((proposed.status, proposed.header("location")), (StatusCode::CREATED, path.as_str()));
    assert_eq!(text(&proposed.json(), "state"), "proposed");
    assert_eq!(propose(&other, &sent).await.code(), "conflict");
    assert_eq!(one.post(&format!("{path}/agree"), "").await.code(), "conflict", "the same officer");
    assert_eq!(world.clerk().post(&format!("{path}/agree"), "").await.code(), "not_allowed");
    let record = format!("/v1/records/{}", text(&sent, "record"));
    assert!(one.get(&record).await.body.contains("石飛"));

    let done = other.post(&format!("{path}/agree"), "").await.ok();
    assert_eq!((text(&done, "state"), text(&done, "by"), text(&done, "agreed_by")), ("done", "officer", "officer-b"));
    assert_eq!(one.get(&path).await.ok(), done);
    let listed = one.get("/v1/erasures").await.ok();
    assert_eq!(listed["erasures"], json!([done]));
    assert!(!one.get(&record).await.body.contains("石飛"));
    assert!(!one.get(&format!("{record}/versions")).await.body.contains("石飛"));
    assert_eq!(propose(&one, &sent).await.code(), "conflict", "it is erased already");
    let operating = world.app.operating().unwrap();
    let verified = mpi::verify::verify(&operating.index(), &*world.kv, &mut |_| {}).unwrap();
    assert_eq!((verified.violations, verified.counts.erased), (vec![], 1));
}

#[tokio::test]
async fn a_proposal_is_withdrawn_and_needs_a_basis() {
    let world = World::new();
    open(&world).await;
    let sent = send(&world.source(), "13-0001", "1", HANAKO).await;
    let officer = world.named("officer");
    let path = format!("/v1/erasures/{}", text(&sent, "record"));
    let body = json!({"record": sent["record"], "legal_basis": "  "}).to_string();
    assert_eq!(officer.post("/v1/erasures", &body).await.json()["errors"][0]["field"], "legal_basis");
    let body = json!({"record": "0".repeat(32), "legal_basis": "x"}).to_string();
    assert_eq!(officer.post("/v1/erasures", &body).await.code(), "not_found");
    assert_eq!(propose(&officer, &sent).await.status, StatusCode::CREATED);
    assert_eq!(world.named("officer-2").get(&path).await.code(), "not_found", "another institution's");
    assert_eq!(officer.post(&format!("{path}/withdraw"), "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(world.named("officer-b").post(&format!("{path}/agree"), "").await.code(), "conflict");
}

/// Copies everything that a store holds: what a backup is.
pub(super) fn copy(from: &dyn Kv) -> MemoryKv {
    let to = MemoryKv::new();
    let mut plan = mpi::kv::Plan::default();
    for space in 0..=127 {
        for bucket in 0..=255 {
            let rows = from.export(mpi::kv::Space(space), bucket, None, u32::MAX).unwrap();
            plan.rows.extend(rows.into_iter().map(|(key, value)| (key, Some(value))));
        }
    }
    to.commit(&plan.into_batch(mpi::kv::BatchId([7; 16]))).unwrap();
    to
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("nayose-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn listed(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn a_restored_backup_forgets_again_what_was_erased_after_it() {
    let folder = Folder::new("erasures");
    let file = folder.0.join("list");
    let settings = format!("erasures = {:?}\n", file.to_str().unwrap());
    let world = World::with_settings(Arc::new(MemoryKv::new()), &settings);
    open(&world).await;
    let sent = send(&world.source(), "13-0001", "1", HANAKO).await;
    let backup = copy(&*world.kv);
    let path = format!("/v1/erasures/{}", text(&sent, "record"));
    assert_eq!(propose(&world.named("officer"), &sent).await.status, StatusCode::CREATED);
    world.named("officer-b").post(&format!("{path}/agree"), "").await.ok();
    let before = listed(&file);
    assert!(before.contains(text(&sent, "record")) && before.contains("request 2026-17"), "{before}");
    assert!(!before.contains("石飛"));

    let restored = World::with_settings(Arc::new(backup), &settings);
    let record = format!("/v1/records/{}", text(&sent, "record"));
    assert!(restored.named("officer").get(&record).await.body.contains("石飛"));
    assert_eq!(restored.app.replay_erasures().await.unwrap(), 1);
    assert!(!restored.named("officer").get(&record).await.body.contains("石飛"));
    let done = restored.named("officer").get(&path).await.ok();
    assert_eq!((text(&done, "by"), text(&done, "agreed_by")), ("officer", "officer-b"));
    assert_eq!(restored.app.replay_erasures().await.unwrap(), 0, "once");
    assert_eq!(listed(&file), before);

    // What a store does not hold yet stays on the list.
    let empty = World::with_settings(Arc::new(MemoryKv::new()), &settings);
    assert_eq!(empty.app.replay_erasures().await.unwrap(), 0);
    assert_eq!(listed(&file), before);
    std::fs::write(&file, "no erasure\n").unwrap();
    assert!(empty.app.replay_erasures().await.is_err(), "a damaged list is never taken for an empty one");
}
