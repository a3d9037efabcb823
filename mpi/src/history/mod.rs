//! Identity as of any instant, and what happened to a person.
//!
//! Nothing about identity is overwritten, so the past is read and never rebuilt: the happenings of a person say which
//! records came and went and what it was merged into, the versions of a record say what it said. As of an instant means
//! after everything that was recorded at that instant. Values that were erased since are missing in the past as well.

mod access;
mod record;
mod timeline;
mod tree;

pub(crate) use access::AccessRow;
pub use access::{Access, note_read, read_before_move, read_between, read_under_merge};
pub use record::{RecordAsOf, record_as_of};
pub use timeline::{Cause, Happened, What, timeline};
pub(crate) use timeline::{is_known, merge_row, shows, sides};
pub(crate) use tree::{Past, subtree};

use crate::{Error, Index, PersonId, Visible};
use directory::Instant;
use kv::Draft;

/// A person as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonAsOf {
    /// The enterprise id then: the oldest of those that visible records had.
    pub person: PersonId,
    /// Every enterprise id that stood for this person then and that visible records had, the oldest first.
    pub persons: Vec<PersonId>,
    /// The visible records, by id, each with the version that held then.
    pub records: Vec<RecordAsOf>,
}

/// The person that an enterprise id stood for at an instant; none when it had not been issued or nothing of it is
/// visible.
///
/// # Errors
/// Those of the store.
pub fn person_as_of(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    id: PersonId,
    at: Instant,
    visible: &Visible,
) -> Result<Option<PersonAsOf>, Error> {
    let Some(root) = tree::root(draft, id, at)? else { return Ok(None) };
    let mut records = Vec::new();
    let mut persons = Vec::new();
    for home in subtree(draft, root, at)? {
        let before = records.len();
        for record in home.members {
            records.extend(record_as_of(index, draft, record, at, visible)?);
        }
        if records.len() > before || *visible == Visible::All {
            persons.push((home.created, home.id));
        }
    }
    records.sort_by_key(|record: &RecordAsOf| record.record);
    persons.sort_unstable();
    let persons: Vec<PersonId> = persons.into_iter().map(|(_, id)| id).collect();
    // An id that only hidden records had would not have been issued without them.
    let person = persons.first().copied().filter(|_| persons.contains(&id));
    Ok(person.map(|person| PersonAsOf { person, persons, records }))
}
