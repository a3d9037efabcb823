//! Rules in operation: which version decides, and what another would change.
//!
//! The store names the version that decides and the generation of member rows and postings that belongs to it, and likewise
//! what stands by. The rules themselves, with weights, frequencies and tables, are kept by the caller under their version.

mod apply;
mod run;
mod shadow;
mod standby;

pub use apply::{
    Applied, ChangedRecords, Rebuild, Work, apply, changed_since, look_at_changed, may_switch, roll_back, work_left,
};
pub use run::{Reviewed, RuleRun, RunState, begin, end, run, runs, take_back, under_way};
pub use shadow::{CHANGES_MAX, Diff, InstitutionDiff, PairChange, Population, Proposed, diff, population};
pub use standby::{
    Page, Preparation, PreparationState, STEP_RECORDS, Standby, page, preparation, prepare, release, standby, step,
};
pub(crate) use standby::{enter, rehome};

use crate::event::{Event, log};
use crate::store::{decode, encode};
use crate::{Error, Stamp, space};
use directory::Instant;
use kv::{Draft, Key, Partition};
use serde::{Deserialize, Serialize};

/// What decides now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Active {
    /// The version of rules, weights, frequencies and tables.
    pub version: Box<str>,
    /// The generation of member rows and postings.
    pub generation: u8,
    /// Since when.
    pub since: Instant,
}

fn key() -> Key {
    partition().key(*b"active")
}

/// Where the store says what decides and what stands by: a batch that writes there has exchanged it.
#[must_use]
pub fn partition() -> Partition {
    Partition::new(space::META, *b"rules")
}

/// What decides now; none in a store that holds no record yet.
///
/// # Errors
/// Those of the store.
pub fn active(draft: &mut Draft<'_>) -> Result<Option<Active>, Error> {
    draft.get(&key())?.map(|bytes| decode("active rules", &bytes)).transpose()
}

/// Lets a version decide from here on.
///
/// # Errors
/// Those of the store.
pub fn activate(draft: &mut Draft<'_>, version: &str, generation: u8, stamp: &Stamp) -> Result<Active, Error> {
    draft.rely(&key().partition)?;
    let active = Active { version: version.into(), generation, since: stamp.now };
    draft.put(key(), encode("active rules", &active)?);
    log(draft, &Event::RulesActivated { version: version.into() })?;
    Ok(active)
}
