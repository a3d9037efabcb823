//! The register: statements about entries, each for a period of time, none ever overwritten.
//!
//! A statement says that an entry was so, or was not there, during a period. A later statement about the same entry
//! stands above the earlier ones for the instants that it covers, and leaves them in place: what was known before can
//! be asked for as long as the store lives. The register does not judge whether a change makes sense.

use crate::entry::Fault;
use crate::row::{self, StateRow, Stored};
use crate::{
    AsOf, AssigningAuthority, Client, Entity, Error, Event, Instant, Institution, Period, Post, Practitioner, Refusal,
    space,
};
use kv::{Draft, Key, Partition, Rows};
use std::collections::BTreeMap;

/// The most statements about one entry: one a day for a quarter of a century, and few enough to be read at once.
pub const STATEMENTS_MAX: u32 = 10_000;

/// Rows of one read of the store.
const PAGE: u32 = 2_000;

/// A kind of entry that is stated by itself.
pub trait Entry: Stored {}

impl Entry for Institution {}
impl Entry for AssigningAuthority {}
impl Entry for Practitioner {}
impl Entry for Post {}
impl Entry for Client {}

/// What was stated about an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement<V> {
    /// When the directory heard it.
    pub recorded: Instant,
    /// For which time it holds.
    pub period: Period,
    /// How the entry is; nothing: it is not there.
    pub value: Option<V>,
}

/// For when a statement holds, and when it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct When {
    /// For which time it holds.
    pub period: Period,
    /// The present. If the directory has been written later than this, it counts as made then.
    pub recorded: Instant,
}

/// How many statements the directory holds: it moves with every change and only then. 0: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DirectoryVersion(pub u64);

/// Whether a verb changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The directory said so before; nothing was written.
    Unchanged,
    /// The version after the change.
    Changed(DirectoryVersion),
}

/// States how an entry is during a period, or with no value that it is not there.
///
/// The draft relies on the version of the directory if anything is written, so changes never cross.
///
/// # Errors
/// [`Refusal`] when a field cannot be so or an entry is named that was never stated; those of the store.
pub fn state<E: Entry>(draft: &mut Draft<'_>, id: &E::Id, value: Option<&E>, when: When) -> Result<Outcome, Error> {
    append(draft, id, value, when)
}

/// How an entry is; none when it is not there.
///
/// # Errors
/// Those of the store.
pub fn read<E: Entry>(draft: &mut Draft<'_>, id: &E::Id, as_of: AsOf) -> Result<Option<E>, Error> {
    Ok(at(&statements(draft, id)?, as_of).cloned())
}

/// All entries of a kind that are there, by their ids.
///
/// # Errors
/// Those of the store.
pub fn list<E: Entry>(draft: &mut Draft<'_>, as_of: AsOf) -> Result<Vec<(E::Id, E)>, Error> {
    let all = all_statements::<E>(draft)?;
    Ok(all.into_iter().filter_map(|(id, history)| Some((id, at(&history, as_of)?.clone()))).collect())
}

/// Everything that was ever stated about an entry, in the order in which it was recorded.
///
/// # Errors
/// Those of the store.
pub fn history<E: Entry>(draft: &mut Draft<'_>, id: &E::Id) -> Result<Vec<Statement<E>>, Error> {
    statements(draft, id)
}

/// The version of the directory. A draft that has read it can rely on it, see [`state_partition`].
///
/// # Errors
/// Those of the store.
pub fn version(draft: &mut Draft<'_>) -> Result<DirectoryVersion, Error> {
    Ok(DirectoryVersion(read_state(draft)?.version))
}

/// The partition whose version moves with every change of the directory.
#[must_use]
pub fn state_partition() -> Partition {
    Partition::new(space::STATE, [])
}

/// What holds of an entry: the last statement that was known and covers the instant.
pub(crate) fn at<V>(history: &[Statement<V>], as_of: AsOf) -> Option<&V> {
    let is_known = |it: &&Statement<V>| it.recorded <= as_of.recorded && it.period.contains(as_of.valid);
    history.iter().rev().find(is_known)?.value.as_ref()
}

/// Appends a statement unless it says what holds already.
pub(crate) fn append<V: Stored>(
    draft: &mut Draft<'_>,
    id: &V::Id,
    value: Option<&V>,
    when: When,
) -> Result<Outcome, Error> {
    // The state is read before anything else: its version then covers all reads that follow.
    let state = read_state(draft)?;
    if let Some((field, reason)) = value.and_then(Stored::fault) {
        return Err(Fault { field, reason }.of(V::entity(id)).into());
    }
    let before = statements(draft, id)?;
    if holds_already(&before, value, when.period) {
        return Ok(Outcome::Unchanged);
    }
    check_references::<V>(draft, id, value)?;
    let number = u32::try_from(before.len()).unwrap_or(u32::MAX);
    if number >= STATEMENTS_MAX {
        return Err(Refusal::TooManyStatements { entity: V::entity(id), limit: STATEMENTS_MAX }.into());
    }
    let recorded = when.recorded.max(Instant::from_micros(state.recorded));
    let statement = Statement { recorded, period: when.period, value: value.cloned() };
    let version = state.version + 1;
    draft.rely(&state_partition())?;
    draft.put(key::<V>(id, number), V::encode(&statement)?);
    write_state(draft, StateRow { version, recorded: recorded.micros() })?;
    let is_there = value.is_some();
    let event = Event::Stated { entity: V::entity(id), period: when.period, is_there, recorded };
    draft.log(event.encode()?);
    Ok(Outcome::Changed(DirectoryVersion(version)))
}

/// Whether a value holds during all of a period, as far as is known now.
fn holds_already<V: PartialEq>(history: &[Statement<V>], value: Option<&V>, period: Period) -> bool {
    let inside = |instant: &Instant| period.contains(*instant);
    let bounds = history.iter().flat_map(|it| [it.period.from(), it.period.until()]).filter(inside);
    std::iter::once(period.from()).chain(bounds).all(|valid| at(history, AsOf::known(valid)) == value)
}

fn check_references<V: Stored>(draft: &mut Draft<'_>, id: &V::Id, value: Option<&V>) -> Result<(), Error> {
    for unknown in V::references(id, value) {
        let is_known = match &unknown {
            Entity::Institution(id) => is_stated::<Institution>(draft, id)?,
            Entity::Practitioner(id) => is_stated::<Practitioner>(draft, id)?,
            _ => true,
        };
        if !is_known {
            return Err(Refusal::UnknownReference { entity: V::entity(id), unknown }.into());
        }
    }
    Ok(())
}

fn is_stated<V: Stored>(draft: &mut Draft<'_>, id: &V::Id) -> Result<bool, Error> {
    Ok(draft.get(&key::<V>(id, 0))?.is_some())
}

/// All statements of a kind, by entry.
pub(crate) fn all_statements<V: Stored>(draft: &mut Draft<'_>) -> Result<BTreeMap<V::Id, Vec<Statement<V>>>, Error> {
    let partition = Partition::new(V::SPACE, []);
    let mut all: BTreeMap<V::Id, Vec<Statement<V>>> = BTreeMap::new();
    scan(draft, &partition, (&[], None), |sort, row| {
        let (id, number) = parse_sort::<V>(sort)?;
        let history = all.entry(id).or_default();
        // A missing or repeated number is a row that was lost or that nobody wrote.
        if usize::try_from(number) != Ok(history.len()) {
            return None;
        }
        history.push(V::decode(row)?);
        Some(())
    })?;
    Ok(all)
}

/// All statements about one entry.
pub(crate) fn statements<V: Stored>(draft: &mut Draft<'_>, id: &V::Id) -> Result<Vec<Statement<V>>, Error> {
    let (partition, name) = (Partition::new(V::SPACE, []), V::name(id));
    let (from, until) = ([&name[..], &[0]].concat(), [&name[..], &[1]].concat());
    let mut history = Vec::new();
    scan(draft, &partition, (&from, Some(&until)), |sort, row| {
        let (found, number) = parse_sort::<V>(sort)?;
        if found != *id || usize::try_from(number) != Ok(history.len()) {
            return None;
        }
        history.push(V::decode(row)?);
        Some(())
    })?;
    Ok(history)
}

/// Visits rows page by page; a row that the visitor cannot read is corruption.
pub(crate) fn scan(
    draft: &mut Draft<'_>,
    partition: &Partition,
    (from, until): (&[u8], Option<&[u8]>),
    mut visit: impl FnMut(&[u8], &[u8]) -> Option<()>,
) -> Result<(), Error> {
    let mut from = from.to_vec();
    loop {
        let Rows { rows, has_more, .. } = draft.scan(partition, &from, until, PAGE)?;
        for (sort, row) in &rows {
            visit(sort, row).ok_or_else(|| row::corrupt(partition, sort))?;
        }
        let Some((last, _)) = rows.last().filter(|_| has_more) else { return Ok(()) };
        // The first key after the last: the same with a zero byte behind it.
        from = [last, &[0][..]].concat();
    }
}

/// The key of a statement: the name, a zero, the number. No name holds a zero, so names keep apart.
fn key<V: Stored>(id: &V::Id, number: u32) -> Key {
    let mut sort = V::name(id);
    sort.push(0);
    sort.extend(number.to_be_bytes());
    Partition::new(V::SPACE, []).key(sort)
}

fn parse_sort<V: Stored>(sort: &[u8]) -> Option<(V::Id, u32)> {
    let (rest, number) = sort.split_last_chunk::<4>()?;
    let (zero, name) = rest.split_last()?;
    let name = std::str::from_utf8(name).ok()?;
    (*zero == 0).then_some((V::id(name)?, u32::from_be_bytes(*number)))
}

pub(crate) fn read_state(draft: &mut Draft<'_>) -> Result<StateRow, Error> {
    let partition = state_partition();
    let Some(row) = draft.get(&partition.key([]))? else { return Ok(StateRow::EMPTY) };
    row::decode(&row).ok_or_else(|| row::corrupt(&partition, &[]))
}

pub(crate) fn write_state(draft: &mut Draft<'_>, state: StateRow) -> Result<(), Error> {
    draft.put(state_partition().key([]), row::encode(&state)?);
    Ok(())
}
