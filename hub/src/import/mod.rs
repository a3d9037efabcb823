//! Imports records: the whole of an empty index at once, or arrivals one by one into one that lives.
//!
//! | File | What it is |
//! |---|---|
//! | [`rows`] | lines of a file become arrivals, or are refused |
//! | [`bulk`] | linkage proposes, arrival admits: into an empty index |
//! | [`stream`] | the normal arrival, many at once, planned again on a conflict |
//! | [`report`] | what came of it |
//!
//! An import may be stopped and run again: each batch is complete in itself, and a record that is there already is
//! unchanged. An interrupted bulk load goes on as arrivals, under the rules that it began with.

mod bulk;
pub(crate) mod commit;
mod ndjson;
mod report;
mod rows;
mod stream;

pub(crate) use report::{BULK, Report};
pub(crate) use rows::{ReadRows, Source, read_rows};

use directory::Snapshot;
use linkage::rules::RuleSet;
use mpi::kv::{Digester, Draft, Kv};
use mpi::{Actor, Arrived, Outcome, PersonId, Stamp};

use crate::failure::Failure;
use crate::index::{ModelError, Models, Operating};
use crate::linking::Pool;
use crate::serve::clock::Clock;
use crate::serve::random;

/// Where records go.
pub(crate) struct Import<'a> {
    pub(crate) kv: &'a dyn Kv,
    pub(crate) digester: &'a Digester,
    pub(crate) models: &'a Models,
    pub(crate) clock: &'a Clock,
    /// Who imports.
    pub(crate) actor: Actor,
    pub(crate) pool: Pool,
}

/// The rules of the first import.
pub(crate) struct First {
    pub(crate) rules: RuleSet,
    /// Learn the weights from the records.
    pub(crate) is_training: bool,
}

/// The person of every row, in the order of the rows; none for a row that was refused, and for one that waits because it
/// looks like another person than its record's.
pub(crate) type Persons = Vec<Option<PersonId>>;

/// The person of a row.
fn person_of(arrived: &Arrived) -> Option<PersonId> {
    (arrived.outcome != Outcome::Quarantined).then_some(arrived.person)
}

impl Import<'_> {
    /// Takes rows; `first` are the rules if the index is empty.
    pub(crate) fn run(&self, rows: ReadRows, first: &First) -> Result<(Report, Persons), Failure> {
        let mut draft = Draft::new(self.kv);
        let active = mpi::rules::active(&mut draft).map_err(Failure::internal)?;
        let directory = Snapshot::load(&mut draft).map_err(Failure::internal)?;
        match active {
            None => bulk::load(self, rows, (first, directory)),
            Some(_) => {
                let unreachable = || Err(ModelError::Tables("the store names no active rules".to_owned()));
                let keys = (self.digester.clone(), "");
                let operating = Operating::load(self.kv, self.models, &unreachable, keys).map_err(Failure::internal)?;
                stream::load(self, rows, &operating.index())
            }
        }
    }

    fn stamp(&self) -> Stamp {
        Stamp { now: self.clock.now(), actor: self.actor.clone() }
    }
}

/// A random id for a person.
fn draw() -> Result<PersonId, Failure> {
    // Eleven digits out of 64 random bits: the bias is below one in a hundred million.
    Ok(PersonId::new(u64::from_le_bytes(random::bytes().map_err(Failure::internal)?)))
}
