//! Writes that happen once, however often they are sent: the `Idempotency-Key` header.
//!
//! The answer of a keyed write is stored in the same batch as the write itself, under a keyed digest of caller and key,
//! and the batch asserts that partition: of two requests with one key at most one is ever applied, even when the outcome
//! of the first is unknown. A repeat within the named time gets the stored answer; another request under the same key is
//! refused. Answers that are problems are not stored: nothing was done. An answer to a write holds ids and decisions,
//! never personal values, so nothing stored here outlives an erasure.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderName};
use directory::Instant;
use mpi::kv::{Draft, Partition};
use serde::{Deserialize, Serialize};

use super::answer::Answer;
use super::app::App;
use super::caller::Caller;
use super::problem::{ErrorCode, Problem};
use super::space;

/// The header.
pub const IDEMPOTENCY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");

/// Longest key.
const KEY_CHARS_MAX: usize = 128;
/// Largest body of an answer that is stored; the store takes values of 100,000 bytes.
const STORED_BYTES_MAX: usize = 64 * 1024;
/// Format of a stored answer.
const STORED_FORMAT: u8 = 1;
const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_HOUR: i64 = 3_600 * MICROS_PER_SECOND;

/// A request that may be repeated: under which key, and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Once {
    key: [u8; 16],
    request: [u8; 32],
}

#[derive(Serialize, Deserialize)]
struct Stored {
    request: [u8; 32],
    recorded_micros: i64,
    has_body: bool,
    answer: Answer,
}

impl Once {
    /// What the headers of a request say; none without the header.
    ///
    /// # Errors
    /// A bad request when the key is empty, too long or not printable.
    pub(super) fn of(
        app: &App,
        caller: &Caller,
        headers: &HeaderMap,
        request: blake3::Hash,
    ) -> Result<Option<Self>, Problem> {
        let Some(value) = headers.get(&IDEMPOTENCY_HEADER) else { return Ok(None) };
        let key = value.as_bytes();
        if key.is_empty() || key.len() > KEY_CHARS_MAX || !key.iter().all(u8::is_ascii_graphic) {
            let reason = format!("must be 1 to {KEY_CHARS_MAX} visible ASCII characters");
            return Err(Problem::bad_field("Idempotency-Key", reason));
        }
        let mut hasher = blake3::Hasher::new_keyed(app.secrets().once());
        hasher.update(&caller.id().len().to_le_bytes());
        hasher.update(caller.id().as_bytes());
        hasher.update(key);
        let digest = hasher.finalize();
        let key = digest.as_bytes().first_chunk().copied().unwrap_or_default();
        Ok(Some(Self { key, request: request.into() }))
    }

    fn partition(&self) -> Partition {
        Partition::new(space::ONCE, self.key)
    }

    /// The answer of an earlier request, if there was one within the named time. The draft relies on there being none.
    fn recall(&self, draft: &mut Draft<'_>, (now, kept_seconds): (Instant, u32)) -> Result<Option<Answer>, Problem> {
        let partition = self.partition();
        let row = draft.get(&partition.key([]))?;
        draft.rely(&partition)?;
        let Some(stored) = row.map(|row| decode(&row)).transpose()? else { return Ok(None) };
        let age_micros = now.micros().saturating_sub(stored.recorded_micros);
        if age_micros > i64::from(kept_seconds) * MICROS_PER_SECOND {
            return Ok(None);
        }
        if stored.request != self.request {
            let detail = "this `Idempotency-Key` was used for another request";
            return Err(Problem::new(ErrorCode::IdempotencyKeyReused, detail));
        }
        if !stored.has_body {
            return Err(Problem::conflict("this was done already; its answer was too long to be kept"));
        }
        Ok(Some(stored.answer))
    }

    /// Keeps the answer beside the write.
    fn keep(&self, draft: &mut Draft<'_>, now: Instant, answer: &Answer) -> Result<(), Problem> {
        let has_body = answer.body_bytes() <= STORED_BYTES_MAX;
        let answer = if has_body { answer.clone() } else { answer.clone().without_body() };
        let stored = Stored { request: self.request, recorded_micros: now.micros(), has_body, answer };
        let value = postcard::to_extend(&stored, vec![STORED_FORMAT]).map_err(Problem::internal)?;
        draft.put(self.partition().key([]), value);
        let hour = now.micros().div_euclid(MICROS_PER_HOUR);
        draft.put(Partition::new(space::ONCE_BY_HOUR, hour.to_be_bytes()).key(self.key), []);
        Ok(())
    }
}

/// The first hour whose answers may still be given.
pub(super) fn first_hour_kept(now: Instant, kept_seconds: u32) -> i64 {
    now.micros().saturating_sub(i64::from(kept_seconds) * MICROS_PER_SECOND).div_euclid(MICROS_PER_HOUR)
}

/// Removes a stored answer that is not given any more; false when there is none, or its key was used again since. The
/// draft relies on it.
pub(super) fn forget(draft: &mut Draft<'_>, key: &[u8], (now, kept_seconds): (Instant, u32)) -> Result<bool, Problem> {
    let partition = Partition::new(space::ONCE, key);
    draft.rely(&partition)?;
    let Some(row) = draft.get(&partition.key([]))? else { return Ok(false) };
    let age_micros = now.micros().saturating_sub(decode(&row)?.recorded_micros);
    let is_old = age_micros > i64::from(kept_seconds) * MICROS_PER_SECOND;
    if is_old {
        draft.delete(partition.key([]));
    }
    Ok(is_old)
}

impl App {
    /// Writes with an answer, once per idempotency key if the request has one.
    ///
    /// # Errors
    /// Those of [`App::write`], and [`ErrorCode::IdempotencyKeyReused`].
    pub async fn write_once<E>(
        &self,
        once: Option<Once>,
        mut verb: impl FnMut(&mut Draft<'_>, Instant) -> Result<Answer, E> + Send + 'static,
    ) -> Result<Answer, Problem>
    where
        E: Into<Problem>,
    {
        let kept_seconds = self.limits().idempotency_seconds;
        let metrics: Arc<_> = self.metrics();
        let written = self
            .write(move |draft, now| {
                let Some(once) = once else { return verb(draft, now).map_err(Into::into) };
                if let Some(answer) = once.recall(draft, (now, kept_seconds))? {
                    metrics.count_repeat();
                    return Ok(answer);
                }
                let answer = verb(draft, now).map_err(Into::into)?;
                once.keep(draft, now, &answer)?;
                Ok::<_, Problem>(answer)
            })
            .await?;
        Ok(written.value.committed_at(written.seq))
    }
}

fn decode(row: &[u8]) -> Result<Stored, Problem> {
    let decoded = match row.split_first() {
        Some((&STORED_FORMAT, rest)) => postcard::from_bytes(rest),
        _ => Err(postcard::Error::DeserializeBadEncoding),
    };
    decoded.map_err(|error| Problem::new(ErrorCode::StoreCorrupt, "a stored answer cannot be read").because(error))
}
