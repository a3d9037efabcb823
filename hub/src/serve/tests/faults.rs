//! Routes and stores that do on purpose what real ones do rarely.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use mpi::kv::{
    Batch, BatchId, Change as LogChange, Commit, Draft, Error, Freshness, Health, Key, KeyedRow, Kv, MemoryKv,
    Partition, Read, Rows, Seq, Settled, Space,
};
use serde::Deserialize;
use serde_json::json;

use crate::serve::answer::{Answer, Tag};
use crate::serve::app::App;
use crate::serve::caller::{Caller, Scope};
use crate::serve::extract::{Change, Path};
use crate::serve::problem::Problem;

/// Routes that exist in tests only.
pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/test/counters/{name}", post(add).get(show))
        .route("/test/panic", get(panic))
        .route("/test/forever", get(std::future::pending::<()>))
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Add {
    by: u32,
}

fn counter(name: &str) -> Partition {
    Partition::new(Space(127), name.as_bytes())
}

fn value(draft: &mut Draft<'_>, name: &str) -> Result<u32, Problem> {
    let row = draft.get(&counter(name).key([]))?;
    Ok(row.and_then(|row| <[u8; 4]>::try_from(&*row).ok()).map_or(0, u32::from_be_bytes))
}

/// Adds to a counter: the smallest write that depends on what it reads.
async fn add(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    change: Change<Add>,
) -> Result<Answer, Problem> {
    caller.require(Scope::ChangeIdentity)?;
    let Change { body, once, if_match } = change;
    app.write_once(once, move |draft, now| {
        let old = value(draft, &name)?;
        if_match.check(&Tag::of(&json!({ "value": old }))?)?;
        draft.rely(&counter(&name))?;
        draft.put(counter(&name).key([]), (old + body.by).to_be_bytes());
        draft.log(now.micros().to_be_bytes());
        Answer::ok(&json!({ "value": old + body.by })).map(Answer::tagged)
    })
    .await
}

async fn show(State(app): State<App>, Path(name): Path<String>) -> Result<Answer, Problem> {
    let value = app.read(move |draft| value(draft, &name)).await?;
    Answer::ok(&json!({ "value": value })).map(Answer::tagged)
}

async fn panic() {
    panic!("on purpose");
}

/// What a store does instead of its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// A conflict.
    Conflict,
    /// It writes, and says that it does not know.
    WroteUnknown,
    /// It does not write, and says that it does not know.
    LostUnknown,
    /// It writes, says that it does not know, and cannot settle.
    WroteUnsettled,
    /// It is not there.
    Unavailable,
}

/// A store in memory whose first commits go wrong.
#[derive(Debug)]
pub(super) struct FaultyKv {
    inner: MemoryKv,
    faults: Mutex<Vec<Fault>>,
    may_settle: Mutex<bool>,
    commits: AtomicU32,
}

impl FaultyKv {
    /// The faults, the first one first.
    pub(super) fn new(faults: &[Fault]) -> Arc<Self> {
        Arc::new(Self {
            inner: MemoryKv::new(),
            faults: Mutex::new(faults.iter().rev().copied().collect()),
            may_settle: Mutex::new(true),
            commits: AtomicU32::new(0),
        })
    }

    /// How often something was to be committed.
    pub(super) fn commits(&self) -> u32 {
        self.commits.load(Ordering::SeqCst)
    }
}

fn unavailable(operation: &'static str) -> Error {
    Error::Unavailable { operation, source: "the disk of 山田 is gone".into() }
}

impl Kv for FaultyKv {
    fn read(&self, wants: &[Read], how: Freshness) -> Result<Vec<Rows>, Error> {
        self.inner.read(wants, how)
    }

    fn commit(&self, batch: &Batch) -> Result<Commit, Error> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        match self.faults.lock().unwrap().pop() {
            None => self.inner.commit(batch),
            Some(Fault::Conflict) => Ok(Commit::Conflict(Vec::new())),
            Some(Fault::Unavailable) => Err(unavailable("commit a batch")),
            Some(Fault::LostUnknown) => Ok(Commit::Unknown),
            Some(Fault::WroteUnknown) => self.inner.commit(batch).map(|_| Commit::Unknown),
            Some(Fault::WroteUnsettled) => {
                *self.may_settle.lock().unwrap() = false;
                self.inner.commit(batch).map(|_| Commit::Unknown)
            }
        }
    }

    fn settle(&self, id: BatchId) -> Result<Settled, Error> {
        if *self.may_settle.lock().unwrap() { self.inner.settle(id) } else { Err(unavailable("settle a batch")) }
    }

    fn changes(&self, after: Seq, limit: u32) -> Result<Vec<LogChange>, Error> {
        self.inner.changes(after, limit)
    }

    fn export(&self, space: Space, bucket: u8, after: Option<&Key>, limit: u32) -> Result<Vec<KeyedRow>, Error> {
        self.inner.export(space, bucket, after, limit)
    }

    fn health(&self) -> Health {
        let is_writable = !self.faults.lock().unwrap().contains(&Fault::Unavailable);
        Health { is_writable, ..self.inner.health() }
    }
}
