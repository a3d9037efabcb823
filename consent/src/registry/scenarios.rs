//! Scenarios that officers keep: questions whose answers no version of the policy may change unnoticed.
//!
//! A pack is a file as `nayose policy test` reads it, under a name. Each save is a new version and the older ones stay, so
//! it is known who changed an expectation, when, and in which version of the policy it was first met. A pack that was taken
//! out can be saved again.
//!
//! A version of the policy is reviewed only when every pack comes out as it says ([`try_scenarios`]): whoever means another
//! answer changes the pack first, under his or her own name.

use super::journal::{Actor, append, check_text, read_one};
use super::policies::policy;
use super::{Change, Error, Refusal, SCENARIO_NAME, SCENARIOS, Stamp};
use crate::scenario::{ScenarioFailure, ScenarioFile};
use directory::Instant;
use kv::{Draft, Limits, Partition};
use serde::{Deserialize, Serialize};

/// The most packs: each is run whenever a policy is reviewed.
pub const PACKS_MAX: usize = 64;
/// The most versions of one pack.
const PACK_ENTRIES_MAX: usize = 256;
/// The most bytes of a pack: what a row takes, with room for who saved it.
const PACK_BYTES_MAX: usize = Limits::ALL.value_bytes_max - 2_000;
/// The most bytes of a name.
const NAME_BYTES_MAX: usize = 100;

/// A pack of scenarios.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedScenarios {
    /// Its name.
    pub name: Box<str>,
    /// How often it was saved or taken out.
    pub version: u32,
    /// As it was written.
    pub text: Box<str>,
    /// Who saved it last.
    pub by: Actor,
    /// When.
    pub saved: Instant,
}

/// What came out when a pack was put to a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackOutcome {
    /// The pack.
    pub name: Box<str>,
    /// Which version of it.
    pub version: u32,
    /// How many questions it asks.
    pub asked: usize,
    /// Those that came out differently.
    pub failures: Vec<ScenarioFailure>,
}

/// What happened to a pack. Variants are added at the end: rows hold their place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Step {
    Saved { text: Box<str> },
    Removed { reason: Box<str> },
}

/// Keeps a pack under a name; gives its version.
///
/// # Errors
/// [`Error::ScenarioText`] when it is no file of scenarios or asks nothing; [`Refusal`] over the limits; those of the store.
pub fn save_scenarios(draft: &mut Draft<'_>, name: &str, text: &str, stamp: &Stamp) -> Result<u32, Error> {
    if name.trim() != name || name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Err(Refusal::Text { what: "name", limit: NAME_BYTES_MAX }.into());
    }
    if text.len() > PACK_BYTES_MAX {
        return Err(Refusal::Text { what: "pack", limit: PACK_BYTES_MAX }.into());
    }
    let file = ScenarioFile::parse(name, text).map_err(Error::ScenarioText)?;
    if file.scenario.is_empty() {
        return Err(Error::ScenarioText(format!("{name}: there is no scenario in it")));
    }
    let known = names(draft)?;
    if known.len() >= PACKS_MAX && !known.iter().any(|known| **known == *name) {
        return Err(Refusal::TooMany { what: "packs of scenarios", limit: PACKS_MAX }.into());
    }
    let steps = steps(draft, name)?;
    if let Some(Step::Saved { text: known }) = steps.last().map(|entry| &entry.deed)
        && **known == *text
    {
        return Ok(u32::try_from(steps.len()).unwrap_or(u32::MAX));
    }
    draft.rely(&all())?;
    draft.put(all().key(name.as_bytes()), []);
    append(draft, &partition(name), (Step::Saved { text: text.into() }, PACK_ENTRIES_MAX), stamp)
}

/// Takes a pack out: it stands in the way of no review any more.
///
/// # Errors
/// [`Refusal`] when there is no such pack, or without a reason; those of the store.
pub fn remove_scenarios(draft: &mut Draft<'_>, name: &str, reason: &str, stamp: &Stamp) -> Result<Change, Error> {
    check_text("reason", reason)?;
    if pack(draft, name)?.is_none() {
        return Err(Refusal::NoScenarios(name.into()).into());
    }
    draft.rely(&all())?;
    draft.delete(all().key(name.as_bytes()));
    append(draft, &partition(name), (Step::Removed { reason: reason.into() }, PACK_ENTRIES_MAX), stamp)?;
    Ok(Change::Changed)
}

/// The packs that are kept, by name.
///
/// # Errors
/// Those of the store.
pub fn scenarios(draft: &mut Draft<'_>) -> Result<Vec<SavedScenarios>, Error> {
    let mut packs = Vec::new();
    for name in names(draft)? {
        packs.extend(pack(draft, &name)?);
    }
    Ok(packs)
}

/// One pack.
///
/// # Errors
/// [`Refusal::NoScenarios`]; those of the store.
pub fn scenarios_named(draft: &mut Draft<'_>, name: &str) -> Result<SavedScenarios, Error> {
    pack(draft, name)?.ok_or_else(|| Refusal::NoScenarios(name.into()).into())
}

/// Puts every pack to a version of the policy, whatever its state.
///
/// # Errors
/// [`Refusal::NoPolicy`]; those of the store.
pub fn try_scenarios(draft: &mut Draft<'_>, version: u32) -> Result<Vec<PackOutcome>, Error> {
    let published = policy(draft, version)?;
    let try_one = |pack: SavedScenarios| {
        // It was read when it was saved.
        let file = ScenarioFile::parse(&pack.name, &pack.text).map_err(Error::ScenarioText)?;
        let (asked, failures) = file.run(&published.policy);
        Ok(PackOutcome { name: pack.name, version: pack.version, asked, failures })
    };
    scenarios(draft)?.into_iter().map(try_one).collect()
}

/// Every pack comes out as it says with a version of the policy, and goes on to until this draft is committed.
pub(super) fn check_scenarios(draft: &mut Draft<'_>, version: u32) -> Result<(), Error> {
    draft.rely(&all())?;
    let outcomes = try_scenarios(draft, version)?;
    let failures = outcomes.iter().flat_map(|pack| pack.failures.iter().map(move |failure| (pack, failure)));
    let all: Vec<_> = failures.collect();
    let Some((pack, failure)) = all.first() else { return Ok(()) };
    let first = format!("{}: {failure}", pack.name).into();
    Err(Refusal::Scenarios { count: all.len(), first }.into())
}

fn pack(draft: &mut Draft<'_>, name: &str) -> Result<Option<SavedScenarios>, Error> {
    if name.is_empty() || name.len() > NAME_BYTES_MAX {
        return Ok(None);
    }
    let mut steps = steps(draft, name)?;
    let version = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    Ok(steps.pop().and_then(|entry| match entry.deed {
        Step::Saved { text } => {
            Some(SavedScenarios { name: name.into(), version, text, by: entry.actor, saved: entry.recorded })
        }
        Step::Removed { .. } => None,
    }))
}

fn names(draft: &mut Draft<'_>) -> Result<Vec<Box<str>>, Error> {
    let limit = u32::try_from(PACKS_MAX).unwrap_or(u32::MAX);
    let rows = draft.scan(&all(), &[], None, limit)?.rows;
    let name = |sort: &[u8]| std::str::from_utf8(sort).map(Into::into);
    rows.iter().map(|(sort, _)| name(sort).map_err(|_| Error::Corrupt { what: "a name of scenarios" })).collect()
}

fn steps(draft: &mut Draft<'_>, name: &str) -> Result<Vec<super::Entry<Step>>, Error> {
    read_one(draft, (&partition(name), PACK_ENTRIES_MAX))
}

fn partition(name: &str) -> Partition {
    Partition::new(SCENARIOS, name.as_bytes())
}

fn all() -> Partition {
    Partition::new(SCENARIO_NAME, [])
}
