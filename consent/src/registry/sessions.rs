//! The register of emergency sessions: who opened one about whom, why, until when, and what came of the look at it
//! afterwards.
//!
//! A session is about the identities that were linked when it was opened and names one requester. It ends by itself; to go
//! on is to open another. Whether one may be opened is decided by the engine, and the caller asks it first; nothing is
//! widened by a row here. Every session waits for an officer until it has been looked at.

use super::event::announce;
use super::journal::{ENTRIES_MAX, Entry, append, check_text, decode, encode, read_one};
use super::{Change, Error, Event, Refusal, SESSION, SESSION_WAITING, Stamp};
use crate::chart::IdentityId;
use crate::emergency::{Emergency, EmergencyKind, EmergencyReason};
use crate::purpose::Purpose;
use crate::role::ActingAs;
use directory::{Instant, InstitutionId, PractitionerId};
use kv::{Draft, Partition};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::fmt;

/// A session.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SessionId(pub [u8; 16]);

/// What a session is opened for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opening {
    /// The patient: the identities that were linked.
    pub identities: BTreeSet<IdentityId>,
    /// Who asks.
    pub institution: InstitutionId,
    /// Who asks there.
    pub practitioner: PractitionerId,
    /// In which role.
    pub role: ActingAs,
    /// For which purpose.
    pub purpose: Purpose,
    /// Which kind of emergency.
    pub kind: EmergencyKind,
    /// Why the patient cannot be asked.
    pub reason: EmergencyReason,
    /// The same in the requester's words.
    pub words: Box<str>,
    /// Whether the person proved again who he or she is.
    pub is_reauthenticated: bool,
    /// Whether the head of the institution named the person for emergencies.
    pub may_break_glass: bool,
    /// How long it lasts, by the policy of then, in seconds.
    pub seconds: u32,
}

/// What an officer found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionReview {
    /// Whether it was an emergency.
    pub is_justified: bool,
    /// What was found, in words.
    pub words: Box<str>,
}

/// What happened. Variants are added at the end: rows hold their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    Opened(Opening),
    Closed,
    Reviewed(SessionReview),
}

/// How a session stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// What it was opened for.
    pub opening: Opening,
    /// When.
    pub opened: Instant,
    /// By which account.
    pub by: Box<str>,
    /// When it was closed before its time.
    pub closed: Option<Instant>,
    /// What an officer found; none: it waits.
    pub review: Option<SessionReview>,
}

const MICROS: i64 = 1_000_000;

impl Session {
    /// When it ends, or has ended.
    #[must_use]
    pub fn until(&self) -> Instant {
        let ends = self.opened.plus_micros(i64::from(self.opening.seconds) * MICROS);
        self.closed.map_or(ends, |closed| closed.min(ends))
    }

    /// What its requester declares with it; none for anybody else, for another patient, and when it is over.
    #[must_use]
    pub fn emergency(
        &self,
        (institution, practitioner, role): (&InstitutionId, Option<&PractitionerId>, ActingAs),
        linked: &BTreeSet<IdentityId>,
        now: Instant,
    ) -> Option<Emergency> {
        let Opening { kind, reason, is_reauthenticated, .. } = self.opening;
        let is_theirs = self.opening.institution == *institution
            && Some(&self.opening.practitioner) == practitioner
            && self.opening.role == role;
        let is_of_patient = !self.opening.identities.is_disjoint(linked);
        let is_open = self.opened <= now && now < self.until();
        (is_theirs && is_of_patient && is_open).then_some(Emergency {
            kind,
            reason: Some(reason),
            opened: self.opened,
            is_reauthenticated,
        })
    }
}

/// Opens a session.
///
/// # Errors
/// [`Refusal`] without words, without a patient, or under an id that was used; those of the store.
pub fn open_session(
    draft: &mut Draft<'_>,
    session: SessionId,
    opening: &Opening,
    stamp: &Stamp,
) -> Result<Change, Error> {
    check_text("reason", &opening.words)?;
    if opening.identities.is_empty() {
        return Err(Refusal::State("there is no such patient").into());
    }
    if !steps(draft, session)?.is_empty() {
        return Err(Refusal::State("the session was opened before").into());
    }
    draft.put(waiting().key(waiting_key(stamp.now, session)), encode("a session that waits", &session)?);
    write(draft, session, Step::Opened(opening.clone()), stamp)
}

/// Ends a session before its time.
///
/// # Errors
/// [`Refusal`] when there is no such session; those of the store.
pub fn close_session(draft: &mut Draft<'_>, session: SessionId, stamp: &Stamp) -> Result<Change, Error> {
    let standing = self::session(draft, session)?.ok_or(NO_SESSION)?;
    if standing.until() <= stamp.now {
        return Ok(Change::Unchanged);
    }
    write(draft, session, Step::Closed, stamp)
}

/// States what an officer found of a session: after it has ended, and not by whoever opened it.
///
/// # Errors
/// [`Refusal`] when there is no such session, it goes on, it was reviewed, by its own account, or without words; those of
/// the store.
pub fn review_session(
    draft: &mut Draft<'_>,
    session: SessionId,
    review: &SessionReview,
    stamp: &Stamp,
) -> Result<Change, Error> {
    check_text("finding", &review.words)?;
    let standing = self::session(draft, session)?.ok_or(NO_SESSION)?;
    if standing.review.is_some() {
        return Err(Refusal::State("the session was reviewed before").into());
    }
    if standing.until() > stamp.now {
        return Err(Refusal::State("the session goes on").into());
    }
    if standing.by == stamp.actor.id {
        return Err(Refusal::State("whoever opened a session does not review it").into());
    }
    draft.delete(waiting().key(waiting_key(standing.opened, session)));
    write(draft, session, Step::Reviewed(review.clone()), stamp)
}

/// How a session stands; none when there is no such session.
///
/// # Errors
/// Those of the store.
pub fn session(draft: &mut Draft<'_>, session: SessionId) -> Result<Option<Session>, Error> {
    let mut standing: Option<Session> = None;
    for entry in steps(draft, session)? {
        match (entry.deed, &mut standing) {
            (Step::Opened(opening), standing) => {
                let (opened, by) = (entry.recorded, entry.actor.id);
                *standing = Some(Session { opening, opened, by, closed: None, review: None });
            }
            (Step::Closed, Some(session)) => session.closed = Some(entry.recorded),
            (Step::Reviewed(review), Some(session)) => session.review = Some(review),
            (_, None) => return Err(Error::Corrupt { what: "the journal of a session" }),
        }
    }
    Ok(standing)
}

/// The sessions that no officer has looked at, the oldest first, at most `limit`.
///
/// # Errors
/// Those of the store.
pub fn sessions_waiting(draft: &mut Draft<'_>, limit: u32) -> Result<Vec<(SessionId, Session)>, Error> {
    let rows = draft.scan(&waiting(), &[], None, limit)?;
    let mut found = Vec::with_capacity(rows.rows.len());
    for (_, row) in &rows.rows {
        let id: SessionId = decode("a session that waits", row)?;
        let standing = session(draft, id)?.ok_or(Error::Corrupt { what: "a session that waits" })?;
        found.push((id, standing));
    }
    Ok(found)
}

const NO_SESSION: Refusal = Refusal::State("there is no such session");

fn steps(draft: &mut Draft<'_>, session: SessionId) -> Result<Vec<Entry<Step>>, Error> {
    read_one(draft, (&partition(session), ENTRIES_MAX))
}

fn write(draft: &mut Draft<'_>, session: SessionId, step: Step, stamp: &Stamp) -> Result<Change, Error> {
    let version = append(draft, &partition(session), (step, ENTRIES_MAX), stamp)?;
    announce(draft, &Event::Session { session, version })?;
    Ok(Change::Changed)
}

fn partition(session: SessionId) -> Partition {
    Partition::new(SESSION, session.0)
}

fn waiting() -> Partition {
    Partition::new(SESSION_WAITING, [])
}

/// By the time of opening: what has waited longest comes first.
fn waiting_key(opened: Instant, session: SessionId) -> Vec<u8> {
    [&opened.micros().to_be_bytes()[..], &session.0].concat()
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
