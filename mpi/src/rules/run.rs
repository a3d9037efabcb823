//! A run: the one change of rules that is under way, how far it is, and what it was for.
//!
//! Activating a version switches what decides and writes the run in one batch; taking it back does the same the other
//! way. The rows of a run stand beside each other in one partition, since runs are rare and at most one goes on: whoever
//! begins or steps one relies on it. What a step does is decided in [`super::apply()`].

use super::{Active, Rebuild, activate, active, standby};
use crate::event::{Event, log};
use crate::events::Position;
use crate::store::{decode, encode};
use crate::{Actor, Error, Refusal, Stamp, space};
use directory::Instant;
use kv::{Draft, Key, Partition, Seq};
use serde::{Deserialize, Serialize};

/// What a shadow run found about a version: what an activation carries out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reviewed {
    /// The version of the candidate.
    pub version: Box<str>,
    /// The version that decided when it was reviewed.
    pub against: Box<str>,
    /// The position of the log up to which the population was known: what came later was not reviewed.
    pub until: u64,
    /// What would change.
    pub changes: Vec<super::PairChange>,
}

impl Reviewed {
    /// As it is kept beside the model.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn to_bytes(&self) -> Result<Box<[u8]>, Error> {
        encode("a reviewed change of rules", self)
    }

    /// The review in these bytes.
    ///
    /// # Errors
    /// [`Error::Corrupt`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Error> {
        decode("a reviewed change of rules", bytes)
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RunState {
    /// What was reviewed is being carried out, then what came since is looked at.
    Applying,
    /// All of it was.
    Applied,
    /// What it did is being undone.
    RollingBack,
    /// All of it was.
    RolledBack,
}

/// A change of rules that was begun.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRun {
    /// Its id.
    pub id: Box<str>,
    /// What decided before.
    pub before: Active,
    /// The version that it brought.
    pub version: Box<str>,
    /// Who began it, why, and when.
    pub by: Actor,
    /// In words that name no person.
    pub reason: Box<str>,
    /// When.
    pub began: Instant,
    /// Who took it back, why, and when.
    pub taken_back: Option<(Actor, Box<str>, Instant)>,
    /// How far it is.
    pub state: RunState,
    /// Changes that were reviewed.
    pub total: u64,
    /// Changes that were carried out.
    pub done: u64,
    /// Where it is in what came after the review.
    pub at: (u64, u32),
    /// Persons that were joined and stand joined.
    pub joined: u64,
    /// Tasks that were opened and not taken back.
    pub tasks: u64,
    /// When it came to its end; none while it goes on.
    pub ended: Option<Instant>,
}

/// Runs that are kept: a change of rules is an event of months.
const RUNS_MAX: u32 = 10_000;

fn runs_partition() -> Partition {
    Partition::new(space::META, *b"rule runs")
}

fn key_of(id: &str) -> Key {
    runs_partition().key(id.as_bytes())
}

/// A run; none when there is no such.
///
/// # Errors
/// Those of the store.
pub fn run(draft: &mut Draft<'_>, id: &str) -> Result<Option<RuleRun>, Error> {
    draft.get(&key_of(id))?.map(|bytes| decode("a run of rules", &bytes)).transpose()
}

/// Every run, the latest first.
///
/// # Errors
/// Those of the store.
pub fn runs(draft: &mut Draft<'_>) -> Result<Vec<RuleRun>, Error> {
    let rows = draft.scan(&runs_partition(), &[], None, RUNS_MAX)?;
    let decoded = rows.rows.iter().map(|(_, value)| decode("a run of rules", value));
    let mut runs: Vec<RuleRun> = decoded.collect::<Result<_, _>>()?;
    runs.sort_by(|a, b| b.began.cmp(&a.began).then(a.id.cmp(&b.id)));
    Ok(runs)
}

/// The run that goes on.
///
/// # Errors
/// Those of the store.
pub fn under_way(draft: &mut Draft<'_>) -> Result<Option<RuleRun>, Error> {
    Ok(runs(draft)?.into_iter().find(|run| run.ended.is_none()))
}

/// Lets a reviewed version decide from here on, and begins the run that applies what was reviewed. Where it reads or blocks
/// otherwise than what decides, `rebuild` says so, and the version has to stand by.
///
/// # Errors
/// [`Refusal`] when no rules decide yet, the version decides already, another version decides than the one that it was
/// reviewed against, another run goes on, or what it needs of every record is not written.
pub fn begin(
    draft: &mut Draft<'_>,
    (reviewed, rebuild): (&Reviewed, Option<Rebuild>),
    (id, reason): (&str, &str),
    stamp: &Stamp,
) -> Result<RuleRun, Error> {
    draft.rely(&runs_partition())?;
    let before = active(draft)?.ok_or(Refusal::State("no rules decide yet: they begin with the first record"))?;
    if before.version == reviewed.version {
        return Err(Refusal::State("the version decides already").into());
    }
    if before.version != reviewed.against {
        return Err(Refusal::State(
            "other rules decide than those that the version was reviewed against: review it anew",
        )
        .into());
    }
    if under_way(draft)?.is_some() {
        return Err(Refusal::State("another change of rules goes on: wait for its end").into());
    }
    let generation = match rebuild {
        None => before.generation,
        Some(_) => standby::switch(draft, &before, &reviewed.version, stamp)?,
    };
    activate(draft, &reviewed.version, generation, stamp)?;
    let run = RuleRun {
        id: id.into(),
        before,
        version: reviewed.version.clone(),
        by: stamp.actor.clone(),
        reason: reason.into(),
        began: stamp.now,
        taken_back: None,
        state: RunState::Applying,
        total: reviewed.changes.len() as u64,
        done: 0,
        at: (reviewed.until, u32::MAX),
        joined: 0,
        tasks: 0,
        ended: None,
    };
    put(draft, &run)?;
    Ok(run)
}

/// Lets the version decide again that decided before a run, and begins to undo what the run did; a run that still goes on
/// stops first.
///
/// # Errors
/// [`Refusal`] when there is no such run, it was taken back, other rules were activated since, or what stood by for it was
/// released.
pub fn take_back(draft: &mut Draft<'_>, id: &str, reason: &str, stamp: &Stamp) -> Result<RuleRun, Error> {
    draft.rely(&runs_partition())?;
    let mut run = run(draft, id)?.ok_or(Refusal::State("there is no such run"))?;
    if matches!(run.state, RunState::RollingBack | RunState::RolledBack) {
        return Err(Refusal::State("the run was taken back already").into());
    }
    let active = active(draft)?.filter(|active| active.version == run.version);
    let active = active.ok_or(Refusal::State("other rules were activated since: take those back first"))?;
    if under_way(draft)?.is_some_and(|other| other.id != run.id) {
        return Err(Refusal::State("another change of rules goes on: wait for its end").into());
    }
    if run.before.generation != active.generation {
        standby::switch(draft, &active, &run.before.version, stamp)?;
    }
    activate(draft, &run.before.version, run.before.generation, stamp)?;
    run.taken_back = Some((stamp.actor.clone(), reason.into(), stamp.now));
    run.state = RunState::RollingBack;
    run.ended = None;
    put(draft, &run)?;
    Ok(run)
}

/// The run, if it goes on in a state; the batch relies on it.
pub(super) fn going_on(draft: &mut Draft<'_>, id: &str, state: RunState) -> Result<Option<RuleRun>, Error> {
    draft.rely(&runs_partition())?;
    Ok(run(draft, id)?.filter(|run| run.state == state && run.ended.is_none()))
}

/// Writes how far a run is, and marks the batch as its work.
pub(super) fn put(draft: &mut Draft<'_>, run: &RuleRun) -> Result<(), Error> {
    draft.put(key_of(&run.id), encode("a run of rules", run)?);
    log(draft, &Event::ByRun { run: run.id.clone() })
}

/// Ends a run that has nothing left to do.
///
/// # Errors
/// Those of the store.
pub fn end(draft: &mut Draft<'_>, id: &str, stamp: &Stamp) -> Result<(), Error> {
    draft.rely(&runs_partition())?;
    let Some(mut run) = run(draft, id)?.filter(|run| run.ended.is_none()) else { return Ok(()) };
    run.state = match run.state {
        RunState::Applying | RunState::Applied => RunState::Applied,
        RunState::RollingBack | RunState::RolledBack => RunState::RolledBack,
    };
    run.ended = Some(stamp.now);
    put(draft, &run)
}

impl RuleRun {
    /// Where the run is in what came after the review.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { batch: Seq(self.at.0), entries: self.at.1 }
    }
}
