//! The spaces of this crate in the store, all in one place.
//!
//! | Space | Partition | Sort key | Value |
//! |---|---|---|---|
//! | `RECORD` | record id | `h` | head: identifier, current version, home person, constraints |
//! | | | `v` version | one version of the record, never overwritten |
//! | | | `k` number | a relationship with another record, begun or ended |
//! | | | `m` number | a move between persons |
//! | `PERSON` | person id | `a` | listing: its records with identifier and custodian |
//! | | | `h` | head: what it is merged into, what is merged into it |
//! | | | `r` generation, record id | a member: its normalised values and blocking keys |
//! | | | `e` number | what happened to the person |
//! | | | `w` number | who said that it is kept apart from another, and why, by the number of the happening |
//! | `POSTING` | keyed digest of a blocking key | person id | nothing: the person has a record with that key |
//! | `TASK` | task id | `h` | the task |
//! | `QUEUE` | state | priority, instant, task id | what a list of tasks shows |
//! | `MERGE` | merge id | `h` | a merge, and whether it was undone |
//! | `ACCESS` | person id | instant, digest | who was given the person's data, so that reads under a wrong link are found |
//! | `META` | name | | what holds for the whole index: the active rule version, the standby, erasures, how far the second look is |

use kv::Space;

/// Source records.
pub(crate) const RECORD: Space = Space(16);
/// Persons.
pub(crate) const PERSON: Space = Space(17);
/// Who has a record with a blocking key.
pub(crate) const POSTING: Space = Space(18);
/// Review tasks.
pub(crate) const TASK: Space = Space(19);
/// Open and closed tasks in the order of the queue.
pub(crate) const QUEUE: Space = Space(20);
/// Merges.
pub(crate) const MERGE: Space = Space(21);
/// Who was given a person's data.
pub(crate) const ACCESS: Space = Space(23);
/// The whole index.
pub(crate) const META: Space = Space(22);
/// The last space that belongs to this crate.
pub(crate) const LAST: Space = Space(63);
