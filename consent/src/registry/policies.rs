//! The network's policy in versions: written by one person, reviewed by another, in force from an instant on.
//!
//! A version never changes, and its number is never used again; to go back to older rules is to publish their text as a
//! new version. A policy acts on the future only, and what is scheduled comes into force in the order of its instants.

use super::event::announce;
use super::journal::{Entry, append, known_at, read_one};
use super::scenarios::check_scenarios;
use super::{Change, Error, Event, POLICY, Refusal, Stamp};
use crate::policy::NetworkPolicy;
use directory::{AsOf, Instant};
use kv::{Draft, Limits, Partition};
use serde::{Deserialize, Serialize};

/// The most entries about policies: four for each of a thousand versions.
const POLICY_ENTRIES_MAX: usize = 4_096;
/// The most bytes of a policy: what a row takes, with room for who wrote it.
const POLICY_BYTES_MAX: usize = Limits::ALL.value_bytes_max - 2_000;

/// Where a version of the policy stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyState {
    /// Written.
    Draft,
    /// Found good by somebody who did not write it.
    Reviewed,
    /// Will come into force.
    Scheduled,
    /// In force.
    Active,
    /// Was in force, or was called off.
    Retired,
}

/// What a reviewer says of a draft.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Review {
    /// The digest of the simulation that was looked at.
    pub simulation: [u8; 32],
    /// Whether somebody would see more than today.
    pub does_widen: bool,
    /// Whether the reviewer has looked at the list of what would be seen, and agrees.
    pub is_widening_confirmed: bool,
}

/// A version with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedPolicy {
    /// The version, from 1 on.
    pub version: u32,
    /// As it was written.
    pub text: Box<str>,
    /// As it was read.
    pub policy: NetworkPolicy,
}

/// What happened. Variants are added at the end: rows hold their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    Saved { text: Box<str> },
    Reviewed { version: u32, review: Review },
    Scheduled { version: u32, from: Instant },
    Cancelled { version: u32 },
}

/// All steps, read once.
struct Steps(Vec<Entry<Step>>);

/// Writes a draft, and gives its version.
///
/// # Errors
/// [`Error::PolicyText`] with the line that is wrong; [`Refusal`] over the limits; those of the store.
pub fn save_policy(draft: &mut Draft<'_>, text: &str, stamp: &Stamp) -> Result<u32, Error> {
    if text.len() > POLICY_BYTES_MAX {
        return Err(Refusal::Text { what: "policy", limit: POLICY_BYTES_MAX }.into());
    }
    let steps = Steps::read(draft)?;
    let version = steps.drafts(&steps.0).count();
    let version = u32::try_from(version + 1).unwrap_or(u32::MAX);
    NetworkPolicy::parse(&file_name(version), text)?;
    write(draft, Step::Saved { text: text.into() }, (version, PolicyState::Draft, Instant::MIN), stamp)?;
    Ok(version)
}

/// Says that somebody who did not write a draft has looked at it and at what it would change.
///
/// # Errors
/// [`Refusal`] when it is no draft, when the reviewer wrote it, or when somebody would see more and the reviewer does not
/// confirm it; when a kept scenario comes out differently; those of the store.
pub fn review_policy(draft: &mut Draft<'_>, version: u32, review: &Review, stamp: &Stamp) -> Result<Change, Error> {
    let steps = Steps::read(draft)?;
    let author = &steps.draft(version)?.actor;
    if steps.state(version, &steps.0, Instant::FOREVER) != PolicyState::Draft {
        return Err(Refusal::State("only a draft is reviewed").into());
    }
    if author.id == stamp.actor.id {
        return Err(Refusal::State("whoever wrote a policy does not review it").into());
    }
    if review.does_widen && !review.is_widening_confirmed {
        return Err(Refusal::State("somebody would see more than today, and the reviewer has not confirmed it").into());
    }
    check_scenarios(draft, version)?;
    let step = Step::Reviewed { version, review: review.clone() };
    write(draft, step, (version, PolicyState::Reviewed, Instant::MIN), stamp)
}

/// Publishes a reviewed version from an instant on.
///
/// # Errors
/// [`Refusal`] when it was not reviewed, when the instant is past, or when another version is scheduled for then or later;
/// those of the store.
pub fn schedule_policy(draft: &mut Draft<'_>, version: u32, from: Instant, stamp: &Stamp) -> Result<Change, Error> {
    let steps = Steps::read(draft)?;
    steps.draft(version)?;
    if steps.state(version, &steps.0, Instant::FOREVER) != PolicyState::Reviewed {
        return Err(Refusal::State("only a version that was reviewed is published").into());
    }
    if from < stamp.now || steps.0.last().is_some_and(|last| from < last.recorded) {
        return Err(Refusal::State("a policy does not act on the past").into());
    }
    if steps.scheduled(&steps.0).any(|(_, other)| other >= from) {
        return Err(Refusal::State("another version is scheduled for then or later").into());
    }
    write(draft, Step::Scheduled { version, from }, (version, PolicyState::Scheduled, from), stamp)
}

/// Calls off a version that is not in force yet; it is retired.
///
/// # Errors
/// [`Refusal`] when it is in force or was; those of the store.
pub fn cancel_policy(draft: &mut Draft<'_>, version: u32, stamp: &Stamp) -> Result<Change, Error> {
    let steps = Steps::read(draft)?;
    steps.draft(version)?;
    let now = steps.0.last().map_or(stamp.now, |last| last.recorded.max(stamp.now));
    match steps.state(version, &steps.0, now) {
        PolicyState::Active | PolicyState::Retired => {
            Err(Refusal::State("the version is in force or was: publish another").into())
        }
        _ => write(draft, Step::Cancelled { version }, (version, PolicyState::Retired, Instant::MIN), stamp),
    }
}

/// The version in force; none when there is none, and then everything is denied.
///
/// # Errors
/// Those of the store.
pub fn in_force(draft: &mut Draft<'_>, as_of: AsOf) -> Result<Option<PublishedPolicy>, Error> {
    let steps = Steps::read(draft)?;
    let known = known_at(&steps.0, as_of.recorded);
    steps.in_force(known, as_of.valid).map(|version| steps.published(version)).transpose()
}

/// A version, whatever its state.
///
/// # Errors
/// [`Refusal::NoPolicy`]; those of the store.
pub fn policy(draft: &mut Draft<'_>, version: u32) -> Result<PublishedPolicy, Error> {
    Steps::read(draft)?.published(version)
}

/// The state of every version, ascending.
///
/// # Errors
/// Those of the store.
pub fn policy_states(draft: &mut Draft<'_>, as_of: AsOf) -> Result<Vec<(u32, PolicyState)>, Error> {
    let steps = Steps::read(draft)?;
    let known = known_at(&steps.0, as_of.recorded);
    let drafts = (1..).zip(steps.drafts(known));
    Ok(drafts.map(|(version, _)| (version, steps.state(version, known, as_of.valid))).collect())
}

/// The next instant at which another version comes into force, by what is scheduled now.
pub(super) fn next_change(draft: &mut Draft<'_>, valid: Instant) -> Result<Instant, Error> {
    let steps = Steps::read(draft)?;
    let later = steps.scheduled(&steps.0).map(|(_, from)| from).filter(|from| *from > valid);
    Ok(later.min().unwrap_or(Instant::FOREVER))
}

/// Whether a version was ever published, so that a person can have been shown it.
pub(super) fn was_published(draft: &mut Draft<'_>, version: u32) -> Result<bool, Error> {
    let steps = Steps::read(draft)?;
    let is_it = |entry: &Entry<Step>| matches!(entry.deed, Step::Scheduled { version: it, .. } if it == version);
    Ok(steps.0.iter().any(is_it))
}

impl Steps {
    fn read(draft: &mut Draft<'_>) -> Result<Self, Error> {
        read_one(draft, (&partition(), POLICY_ENTRIES_MAX)).map(Self)
    }

    fn drafts<'s>(&self, known: &'s [Entry<Step>]) -> impl Iterator<Item = &'s Entry<Step>> + use<'s> {
        known.iter().filter(|entry| matches!(entry.deed, Step::Saved { .. }))
    }

    fn draft(&self, version: u32) -> Result<&Entry<Step>, Refusal> {
        let place = version.checked_sub(1).and_then(|place| usize::try_from(place).ok());
        let entry = place.and_then(|place| self.drafts(&self.0).nth(place));
        entry.ok_or(Refusal::NoPolicy(version))
    }

    /// What was scheduled and not called off, in the order of its instants.
    fn scheduled<'s>(&self, known: &'s [Entry<Step>]) -> impl Iterator<Item = (u32, Instant)> + use<'s> {
        let is_cancelled = |version| {
            let is_it =
                move |entry: &Entry<Step>| matches!(entry.deed, Step::Cancelled { version: it } if it == version);
            known.iter().any(is_it)
        };
        known.iter().filter_map(move |entry| match entry.deed {
            Step::Scheduled { version, from } if !is_cancelled(version) => Some((version, from)),
            _ => None,
        })
    }

    fn in_force(&self, known: &[Entry<Step>], valid: Instant) -> Option<u32> {
        self.scheduled(known).filter(|(_, from)| *from <= valid).last().map(|(version, _)| version)
    }

    fn state(&self, version: u32, known: &[Entry<Step>], valid: Instant) -> PolicyState {
        let mut state = PolicyState::Draft;
        for entry in known {
            state = match entry.deed {
                Step::Reviewed { version: it, .. } if it == version => PolicyState::Reviewed,
                Step::Scheduled { version: it, from } if it == version && from > valid => PolicyState::Scheduled,
                Step::Scheduled { version: it, .. } if it == version => PolicyState::Active,
                Step::Cancelled { version: it } if it == version => PolicyState::Retired,
                _ => state,
            };
        }
        let is_in_force = self.in_force(known, valid) == Some(version);
        if state == PolicyState::Active && !is_in_force { PolicyState::Retired } else { state }
    }

    fn published(&self, version: u32) -> Result<PublishedPolicy, Error> {
        let Step::Saved { text } = &self.draft(version)?.deed else {
            return Err(Error::Corrupt { what: "the journal of the policy" });
        };
        let policy = NetworkPolicy::parse(&file_name(version), text)?;
        Ok(PublishedPolicy { version, text: text.clone(), policy })
    }
}

fn write(
    draft: &mut Draft<'_>,
    step: Step,
    (version, state, from): (u32, PolicyState, Instant),
    stamp: &Stamp,
) -> Result<Change, Error> {
    append(draft, &partition(), (step, POLICY_ENTRIES_MAX), stamp)?;
    announce(draft, &Event::Policy { version, state, from })?;
    Ok(Change::Changed)
}

fn file_name(version: u32) -> String {
    format!("version {version} of the policy")
}

pub(super) fn partition() -> Partition {
    Partition::new(POLICY, [])
}
