//! Looking in vain costs what finding costs: whoever may not know of a record does not learn of it from the time of an
//! answer, because the same is read and decoded, counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use mpi::kv::{
    Batch, BatchId, Change, Commit, Error, Freshness, Health, Key, KeyedRow, Kv, Mark, MemoryKv, Read, Rows, Seq,
    Settled, Space,
};
use serde_json::json;

use super::consent::{network, presented};
use super::people::{HANAKO, KIICHI, resolve, send};
use super::persona::{Persona, World};
use super::viewer::in_care;

/// A store that counts what is asked of it and what it hands out.
#[derive(Debug, Default)]
struct Counting {
    kv: MemoryKv,
    asked: AtomicU64,
    rows: AtomicU64,
    bytes: AtomicU64,
}

impl Counting {
    fn hand_out<'r>(&self, asked: usize, values: impl Iterator<Item = &'r [u8]>) {
        self.asked.fetch_add(asked as u64, Ordering::Relaxed);
        for value in values {
            self.rows.fetch_add(1, Ordering::Relaxed);
            self.bytes.fetch_add(value.len() as u64, Ordering::Relaxed);
        }
    }

    fn counts(&self) -> [u64; 3] {
        [&self.asked, &self.rows, &self.bytes].map(|count| count.swap(0, Ordering::Relaxed))
    }
}

impl Kv for Counting {
    fn read(&self, wants: &[Read], how: Freshness) -> Result<Vec<Rows>, Error> {
        let answers = self.kv.read(wants, how)?;
        self.hand_out(wants.len(), answers.iter().flat_map(|rows| &rows.rows).map(|(_, value)| &**value));
        Ok(answers)
    }

    fn export(&self, space: Space, bucket: u8, after: Option<&Key>, limit: u32) -> Result<Vec<KeyedRow>, Error> {
        let rows = self.kv.export(space, bucket, after, limit)?;
        // A small store has empty buckets, which are passed over; a full one has none.
        self.hand_out(usize::from(!rows.is_empty()), rows.iter().map(|(_, value)| &**value));
        Ok(rows)
    }

    fn commit(&self, batch: &Batch) -> Result<Commit, Error> {
        self.kv.commit(batch)
    }

    fn settle(&self, id: BatchId) -> Result<Settled, Error> {
        self.kv.settle(id)
    }

    fn changes(&self, after: Seq, limit: u32) -> Result<Vec<Change>, Error> {
        self.kv.changes(after, limit)
    }

    fn health(&self) -> Health {
        self.kv.health()
    }

    fn mark(&self) -> Option<Mark> {
        self.kv.mark()
    }
}

#[tokio::test]
async fn resolving_what_is_hidden_and_what_is_not_there_reads_and_decodes_the_same() {
    let kv = Arc::new(Counting::default());
    let world = World::over(Arc::clone(&kv) as Arc<dyn Kv>, "");
    network(&world).await;
    send(&world.source(), "13-0001", "1", HANAKO).await;
    // Somebody who has joined and permits nothing but emergencies: a chart that has to be read before it is known.
    let clerk = world.named("clerk-1");
    let identity = presented("13-0001", "1");
    clerk.post("/v1/enrolments", &identity.to_string()).await.ok();
    let body = json!({
        "identity": identity, "grantor": {"kind": "subject", "evidence": null, "valid": null}, "signature": "own",
        "policy": 1, "provision": {"effect": "deny"},
    });
    assert_eq!(clerk.post("/v1/directives", &body.to_string()).await.status, StatusCode::CREATED);

    let viewer = in_care(world.service()).with("nayose-institution", "13-0003");
    let ask = async |viewer: &Persona<'_>, number: &str| {
        let reply = viewer.get(&resolve("13-0001", number)).await;
        (reply.status, reply.body, kv.counts())
    };
    ask(&viewer, "1").await;
    let hidden = ask(&viewer, "1").await;
    assert_eq!(hidden.0, StatusCode::NOT_FOUND);
    for number in ["2", "3", "4"] {
        assert_eq!(ask(&viewer, number).await, hidden, "the same answer, and the same effort");
    }
    assert!(hidden.2[1] >= 3, "links and consents are read: {:?}", hidden.2);

    // Whoever may see the record finds it, and nobody is shown another one in its place.
    let own = in_care(world.service()).with("nayose-institution", "13-0001");
    assert_eq!(ask(&own, "1").await.0, StatusCode::OK);
    assert_eq!(ask(&own, "2").await.0, StatusCode::NOT_FOUND);
    // With more persons than one, who is read in the place of nobody is one of them.
    send(&world.source(), "13-0001", "9", KIICHI).await;
    ask(&viewer, "1").await;
    let known = [ask(&viewer, "1").await.2, ask(&viewer, "9").await.2];
    for number in ["2", "3", "4", "5", "6", "7"] {
        let (status, _, counts) = ask(&viewer, number).await;
        assert!(status == StatusCode::NOT_FOUND && known.contains(&counts), "{counts:?} {known:?}");
    }
}
