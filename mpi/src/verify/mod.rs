//! Proves the invariants of a store, row by row.
//!
//! Everything that is written twice for the sake of fast reads has to agree: a record's home and the members of a person,
//! what a version says and what matching sees of it, blocking keys and postings, both ends of a merge, tasks and the
//! queue. The store is read once and as a whole, and nobody may write meanwhile. Nothing is repaired: a violation is a
//! defect of the program or of the disk, and whoever hears of it restores a backup or rebuilds what is derived.

mod persons;
mod records;
mod rest;

use crate::store::export;
use crate::{Error, Index, MergeId, PersonId, RecordId, TaskId, space};
use directory::Instant;
use kv::{Kv, Space};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Violations that are listed; all are counted.
pub const VIOLATIONS_LISTED_MAX: usize = 1_000;

/// What was verified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How much there is.
    pub counts: Counts,
    /// What is wrong: the first [`VIOLATIONS_LISTED_MAX`].
    pub violations: Vec<Violation>,
    /// How much is wrong in all.
    pub violations_total: u64,
}

/// How much there is in a store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Source records, erased ones among them.
    pub records: u64,
    /// Records whose values were erased.
    pub erased: u64,
    /// Versions of records.
    pub versions: u64,
    /// Moves of records between persons.
    pub moves: u64,
    /// Rows of relationships; each stands with both records.
    pub relationships: u64,
    /// Enterprise ids.
    pub persons: u64,
    /// Member rows, of all generations.
    pub members: u64,
    /// Member rows of other generations than the one in use: their values were not checked.
    pub members_unchecked: u64,
    /// Postings.
    pub postings: u64,
    /// Merges, undone ones among them.
    pub merges: u64,
    /// Tasks.
    pub tasks: u64,
    /// Tasks that wait.
    pub tasks_waiting: u64,
    /// Reads of persons that were noted.
    pub reads_noted: u64,
    /// Events of this crate in the log.
    pub events: u64,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// What should hold.
    pub rule: &'static str,
    /// Where it does not: ids only.
    pub place: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.rule)
    }
}

/// How far verification is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being read.
    pub what: &'static str,
    /// How many of it were read.
    pub read: u64,
}

/// Rows between two reports of progress.
const PROGRESS_EVERY: u64 = 10_000;

/// Verifies a store that nobody writes to meanwhile.
///
/// Memory grows with the records, by about 100 bytes each.
///
/// # Errors
/// Those of the store when it does not answer. What cannot be decoded is a violation and no error.
pub fn verify(index: &Index<'_>, kv: &dyn Kv, progress: &mut dyn FnMut(Progress)) -> Result<Verified, Error> {
    let mut check = Check::new(index, kv, progress);
    check.partitions("records", space::RECORD, Check::record)?;
    check.partitions("persons", space::PERSON, Check::person)?;
    check.agree_on_homes();
    check.partitions("merges", space::MERGE, Check::merge)?;
    check.agree_on_merges();
    check.postings()?;
    check.partitions("tasks", space::TASK, Check::task)?;
    check.queue()?;
    check.quarantines()?;
    check.partitions("reads", space::ACCESS, Check::access)?;
    check.log()?;
    Ok(check.done)
}

/// What is remembered of a record until its home has been seen.
struct RecordNote {
    home: PersonId,
    versions: u32,
    /// The digest of its member row; none for an erased record, which is no member.
    member: Option<[u8; 16]>,
    /// The digest of what its home has to list; none for an erased record.
    listed: Option<[u8; 16]>,
    is_seen: bool,
}

/// The two ends of a merge, as persons point to each other.
#[derive(Default)]
struct Ends {
    /// Who points to whom.
    upwards: Vec<(PersonId, PersonId, bool)>,
    /// Who says that it absorbed whom.
    downwards: Vec<(PersonId, PersonId, bool)>,
}

struct Check<'a> {
    index: &'a Index<'a>,
    kv: &'a dyn Kv,
    progress: &'a mut dyn FnMut(Progress),
    done: Verified,
    records: BTreeMap<RecordId, RecordNote>,
    persons: BTreeSet<PersonId>,
    merged_into: BTreeMap<PersonId, PersonId>,
    apart: BTreeSet<(PersonId, PersonId)>,
    merges: BTreeMap<MergeId, Ends>,
    quarantined: Vec<(RecordId, u32, TaskId)>,
    relationships: BTreeMap<(RecordId, [u8; 16]), u32>,
    /// What the queue has to show: sort key and row.
    waiting: BTreeMap<Box<[u8]>, Box<[u8]>>,
    postings_found: u64,
}

/// Checks one partition: its name and its rows.
type Visit<'a> = fn(&mut Check<'a>, &[u8], &[kv::Row]) -> Result<(), Error>;

impl<'a> Check<'a> {
    fn new(index: &'a Index<'a>, kv: &'a dyn Kv, progress: &'a mut dyn FnMut(Progress)) -> Self {
        Self {
            index,
            kv,
            progress,
            done: Verified::default(),
            records: BTreeMap::new(),
            persons: BTreeSet::new(),
            merged_into: BTreeMap::new(),
            apart: BTreeSet::new(),
            merges: BTreeMap::new(),
            quarantined: Vec::new(),
            relationships: BTreeMap::new(),
            waiting: BTreeMap::new(),
            postings_found: 0,
        }
    }

    fn partitions(&mut self, what: &'static str, space: Space, visit: Visit<'a>) -> Result<(), Error> {
        let mut read = 0;
        let kv = self.kv;
        export::partitions(kv, space, &mut |partition, rows| {
            self.tell(what, &mut read);
            visit(self, &partition.part, rows)
        })
    }

    fn tell(&mut self, what: &'static str, read: &mut u64) {
        *read += 1;
        if *read == 1 || read.is_multiple_of(PROGRESS_EVERY) {
            (self.progress)(Progress { what, read: *read });
        }
    }

    fn fail(&mut self, rule: &'static str, place: String) {
        self.done.violations_total += 1;
        if self.done.violations.len() < VIOLATIONS_LISTED_MAX {
            self.done.violations.push(Violation { rule, place });
        }
    }

    fn require(&mut self, holds: bool, rule: &'static str, place: &dyn Fn() -> String) {
        if !holds {
            self.fail(rule, place());
        }
    }

    /// The row, or a violation.
    fn decoded<T>(&mut self, row: Result<T, Error>, place: &dyn Fn() -> String) -> Option<T> {
        self.require(row.is_ok(), "every row can be read", place);
        row.ok()
    }
}

/// Whether instants never go back.
fn is_in_order(instants: impl Iterator<Item = Instant>) -> bool {
    let mut last = None;
    for instant in instants {
        if last.is_some_and(|last| last > instant) {
            return false;
        }
        last = Some(instant);
    }
    true
}

/// The number in the sort key of a numbered row.
fn number(sort: &[u8]) -> Option<u32> {
    Some(u32::from_be_bytes(sort.get(1..)?.try_into().ok()?))
}

fn short(bytes: &[u8]) -> [u8; 16] {
    let mut digest = [0; 16];
    blake3::Hasher::new().update(bytes).finalize_xof().fill(&mut digest);
    digest
}
