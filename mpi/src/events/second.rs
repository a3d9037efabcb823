//! The second look: every person that was created is compared once more with all that was committed before.
//!
//! Two arrivals of one new person that share only weak keys may both have seen nobody. Whichever was committed later is
//! seen when the earlier one's event is consumed, or the other way round. One batch per person; how far the consumer is
//! stands in the store, in the same batch, so that it goes on where it stopped and nothing is looked at twice.

use crate::store::{decode, encode};
use crate::{Error, Event, Index, Joined, PersonId, Stamp, look_again, space};
use kv::{Draft, Key, Kv, Partition, Seq};

/// A place in the log: the batch, and how many of its entries are done with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The batch.
    pub batch: Seq,
    /// Entries of it.
    pub entries: u32,
}

fn partition() -> Partition {
    Partition::new(space::META, *b"second look")
}

fn key() -> Key {
    partition().key(*b"h")
}

/// How far the second look is.
///
/// # Errors
/// Those of the store.
pub fn second_look_at(draft: &mut Draft<'_>) -> Result<Position, Error> {
    let Some(bytes) = draft.get(&key())? else { return Ok(Position::default()) };
    let (batch, entries): (u64, u32) = decode("the position of the second look", &bytes)?;
    Ok(Position { batch: Seq(batch), entries })
}

/// The persons that were created after a position, in at most `limit` batches, each with its own position, and how far
/// the log was read.
///
/// # Errors
/// Those of the store.
pub fn second_looks(kv: &dyn Kv, after: Position, limit: u32) -> Result<(Vec<(Position, PersonId)>, Position), Error> {
    // The batch of the position may have entries left.
    let from = Seq(after.batch.0.saturating_sub(1));
    let (mut found, mut end) = (Vec::new(), after);
    for change in kv.changes(from, limit.saturating_add(1))? {
        for (number, entry) in (1_u32..).zip(&change.entries) {
            let position = Position { batch: change.seq, entries: number };
            if position <= after {
                continue;
            }
            end = position;
            if let Some(Event::PersonCreated { person }) = Event::decode(entry)? {
                found.push((position, person));
            }
        }
    }
    Ok((found, end))
}

/// Looks at one person a second time and moves the position behind it; does nothing when it is behind it already.
///
/// # Errors
/// Those of the store.
pub fn look_second(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (position, person): (Position, PersonId),
    stamp: &Stamp,
) -> Result<Option<Joined>, Error> {
    if !advance(draft, position)? {
        return Ok(None);
    }
    look_again(index, draft, person, stamp)
}

/// Moves the position behind entries that need no second look; false when it is there already.
///
/// # Errors
/// Those of the store.
pub fn skip_second_looks(draft: &mut Draft<'_>, to: Position) -> Result<bool, Error> {
    advance(draft, to)
}

fn advance(draft: &mut Draft<'_>, to: Position) -> Result<bool, Error> {
    draft.rely(&partition())?;
    if to <= second_look_at(draft)? {
        return Ok(false);
    }
    draft.put(key(), encode("the position of the second look", &(to.batch.0, to.entries))?);
    Ok(true)
}
