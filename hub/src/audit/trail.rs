//! The trail as the server uses it: many requests hand in events, one thread writes them, each waits until its own is
//! durable.
//!
//! Whatever waits while a sync runs becomes the next group, so under load many events share a sync and alone one waits for
//! no other. Where events come from many sides at once groups begin at a pace: a sync costs as much as some requests, and a
//! group that begins a moment later is a larger one. The answer to a request leaves after [`Trail::append`] returned, never
//! before. Time comes with the events and with [`Trail::tick`].

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{self, Duration};

use directory::Instant;
use tokio::sync::{mpsc, oneshot};

use super::event::Event;
use super::line::EVENT_BYTES_MAX;
use super::recovery::{OpenError, Torn};
use super::retention::RetentionError;
use super::seal::SealKeys;
use super::writer::{Payload, Tally, TrailOptions, Writer};

/// Events that wait for the writer; more wait outside.
const QUEUE_MAX: usize = 4_096;
/// Events of one group.
pub(super) const GROUP_EVENTS_MAX: usize = 1_024;
/// Time from the beginning of a group that several events shared to that of the next.
const PACE: Duration = Duration::from_millis(1);
/// Bytes of one group, but for its last event.
const GROUP_BYTES_MAX: usize = 8 << 20;

/// An open audit trail. Dropped, it writes what waits, seals it and stops.
#[derive(Debug)]
pub struct Trail {
    queue: mpsc::Sender<Request>,
    tally: Arc<Tally>,
    torn: Torn,
}

/// Why an event is not in the trail. The answer that it belongs to must not leave.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AppendError {
    /// The event does not fit.
    #[error("an audit event of {bytes} bytes: {EVENT_BYTES_MAX} are allowed, so split the answer")]
    TooLarge {
        /// Its size.
        bytes: usize,
    },
    /// The event could not be written down.
    #[error("the audit event cannot be written as JSON: {0}")]
    Unwritable(String),
    /// The disk, or the witness.
    #[error("the audit trail cannot be written")]
    Io(#[source] Arc<io::Error>),
    /// The trail was closed.
    #[error("the audit trail is closed")]
    Closed,
}

/// Counts since the trail was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Events that were acknowledged.
    pub events: u64,
    /// Syncs that they shared.
    pub syncs: u64,
    /// Seals written.
    pub seals: u64,
    /// Events behind the last seal now.
    pub unsealed: u64,
    /// Groups and seals that failed.
    pub failures: u64,
}

#[derive(Debug)]
pub(super) enum Request {
    Append(Payload, oneshot::Sender<Result<u64, AppendError>>),
    /// A seal if one is due (or in any case), and then removal of what is older than an instant.
    Seal(Option<Instant>, bool, oneshot::Sender<Result<(), AppendError>>),
    Retain(Instant, oneshot::Sender<Result<u64, RetentionError>>),
}

impl Trail {
    /// Opens or begins a trail and starts its thread.
    ///
    /// # Errors
    /// When files cannot be opened, a signature is wrong, or the chain ends before its witness.
    pub fn open(options: TrailOptions, keys: SealKeys) -> Result<Self, OpenError> {
        let folder = options.folder.clone();
        let (writer, torn) = Writer::open(options, keys)?;
        let (trail, requests) = Self::waiting(&writer, torn);
        let thread = thread::Builder::new().name("audit".to_owned());
        let started = thread.spawn(move || serve(writer, requests));
        started.map_err(|source| OpenError::Read { path: folder, source })?;
        Ok(trail)
    }

    /// A trail whose thread has not been started.
    pub(super) fn waiting(writer: &Writer, torn: Torn) -> (Self, mpsc::Receiver<Request>) {
        let (queue, requests) = mpsc::channel(QUEUE_MAX);
        (Self { queue, tally: Arc::clone(&writer.tally), torn }, requests)
    }

    /// Adds an event and waits until it is durable: its number in the chain of this writer.
    ///
    /// # Errors
    /// When the event is not durable; the answer that it belongs to must not leave then.
    pub async fn append(&self, event: &Event) -> Result<u64, AppendError> {
        let bytes = serde_json::to_vec(event).map_err(|error| AppendError::Unwritable(error.to_string()))?;
        if bytes.len() > EVENT_BYTES_MAX {
            return Err(AppendError::TooLarge { bytes: bytes.len() });
        }
        let payload = Payload { at: event.at, bytes };
        self.ask(|done| Request::Append(payload, done)).await.unwrap_or(Err(AppendError::Closed))
    }

    /// Tells the time: a seal that is due by now is written. To be called every few seconds.
    ///
    /// # Errors
    /// When the seal cannot be written; it is tried again, and events are refused until it is.
    pub async fn tick(&self, now: Instant) -> Result<(), AppendError> {
        self.ask(|done| Request::Seal(Some(now), false, done)).await.unwrap_or(Err(AppendError::Closed))
    }

    /// Seals everything that was appended so far: before a backup, and before the server stops.
    ///
    /// # Errors
    /// When the seal cannot be written.
    pub async fn seal(&self, now: Instant) -> Result<(), AppendError> {
        self.ask(|done| Request::Seal(Some(now), true, done)).await.unwrap_or(Err(AppendError::Closed))
    }

    /// Removes the segments of this writer whose events are all older than an instant, and leaves their root: how many
    /// events went. The segment that is written, and the events behind the last seal, stay.
    ///
    /// # Errors
    /// When files cannot be read or removed; nothing is gone then without its root.
    pub async fn retain(&self, before: Instant) -> Result<u64, RetentionError> {
        self.ask(|done| Request::Retain(before, done)).await.unwrap_or(Err(RetentionError::Closed))
    }

    /// What it did since it was opened.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let Tally { events, syncs, seals, unsealed, failures } = &*self.tally;
        let [events, syncs, seals, unsealed, failures] =
            [events, syncs, seals, unsealed, failures].map(|count| count.load(Ordering::Relaxed));
        Counts { events, syncs, seals, unsealed, failures }
    }

    /// What the last crash left behind, put aside when the trail was opened.
    #[must_use]
    pub fn torn(&self) -> &Torn {
        &self.torn
    }

    /// Sends a request and waits for its answer; none when the writer is gone.
    async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Option<T> {
        let (done, answer) = oneshot::channel();
        self.queue.send(request(done)).await.ok()?;
        answer.await.ok()
    }
}

/// Serves requests until nobody is left who could send one.
pub(super) fn serve(mut writer: Writer, mut requests: mpsc::Receiver<Request>) {
    let mut waiting = None;
    let mut next_group = time::Instant::now();
    while let Some(request) = waiting.take().or_else(|| requests.blocking_recv()) {
        match request {
            Request::Append(payload, done) => {
                // Whoever wakes the thread early makes the group a smaller one.
                thread::park_timeout(next_group.saturating_duration_since(time::Instant::now()));
                let begun = time::Instant::now();
                let (group, next) = gather(payload, done, &mut requests);
                next_group = if group.0.len() > 1 { begun + PACE } else { begun };
                waiting = next;
                commit(&mut writer, group);
            }
            Request::Seal(now, is_forced, done) => {
                let sealed = if is_forced { writer.seal_rest(now) } else { writer.seal_if_due(now) };
                // Whoever asked may have gone away; that changes nothing.
                let _ = done.send(sealed.map_err(|error| AppendError::Io(Arc::new(error))));
            }
            Request::Retain(before, done) => drop(done.send(writer.retain(before))),
        }
    }
    // A failure is counted, and what is not sealed is named when the trail is verified.
    let _ = writer.seal_rest(None);
}

type Waiter = oneshot::Sender<Result<u64, AppendError>>;

/// Takes what waits already into one group; a request of another kind ends it and comes next.
fn gather(
    first: Payload,
    done: Waiter,
    requests: &mut mpsc::Receiver<Request>,
) -> ((Vec<Payload>, Vec<Waiter>), Option<Request>) {
    let mut bytes = first.bytes.len();
    let (mut payloads, mut waiters) = (vec![first], vec![done]);
    while payloads.len() < GROUP_EVENTS_MAX && bytes < GROUP_BYTES_MAX {
        match requests.try_recv() {
            Ok(Request::Append(payload, done)) => {
                bytes += payload.bytes.len();
                payloads.push(payload);
                waiters.push(done);
            }
            Ok(other) => return ((payloads, waiters), Some(other)),
            Err(_) => break,
        }
    }
    ((payloads, waiters), None)
}

/// Writes a group, tells everybody who waits, and seals when it is time.
fn commit(writer: &mut Writer, (payloads, waiters): (Vec<Payload>, Vec<Waiter>)) {
    let written = writer.commit(&payloads).map_err(Arc::new);
    let is_written = written.is_ok();
    for (number, waiter) in (0..).zip(waiters) {
        let told = written.as_ref().map(|first| first.saturating_add(number));
        // Whoever asked may have gone away: the event stays, since the request was worked on.
        let _ = waiter.send(told.map_err(|error| AppendError::Io(Arc::clone(error))));
    }
    if is_written {
        // A seal that fails is counted and tried again before the next group, which is refused without it.
        let _ = writer.seal_if_due(None);
    }
}
