//! The audit trail: one event per answered request, durable before the answer leaves, and provably unchanged.
//!
//! A [`Trail`] appends events to segment files, one hash chain per writer, many events per sync. From time to time a
//! signed [`Seal`] goes to a folder of its own, the witness, which lies out of reach of whoever can write the trail.
//! [`verify()`] compares both, [`retention`] removes old segments and leaves their root, [`accesses()`] tells who saw a
//! person, [`recent()`] goes through what was answered lately. The module knows no route and no clock: events and instants are handed in. It is no database: what must be
//! searched at the speed of a request does not belong here.

mod accesses;
mod event;
mod files;
mod line;
mod recent;
mod recovery;
pub mod retention;
mod seal;
#[cfg(test)]
mod tests;
mod trail;
mod verify;
mod writer;

pub use accesses::{Access, AccessLimits, Accesses, accesses};
pub use event::{Answer, Caller, Emergency, Event, Question, Requester, Subject};
pub use files::is_writer;
pub use line::{EVENT_BYTES_MAX, Head};
pub use recent::{Recent, recent};
pub use recovery::{OpenError, Torn};
pub use retention::RetentionError;
pub use seal::{BadSignature, Seal, SealKeys, Stub};
pub use trail::{AppendError, Counts, Trail};
pub use verify::{Finding, Standing, Verified, verify};
pub use writer::TrailOptions;
