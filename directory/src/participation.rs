//! Who takes part in the network, and the numbered versions of that list.
//!
//! Participation is stated for periods, like everything in the register. A patient who signs is shown one version of
//! the list, and a permit names it; so every change of who takes part makes a new version, and no version ever changes.
//! A version is in force from its instant until the next one is. A change that is announced for next month makes a
//! version that takes effect next month; a correction of the past makes versions that take effect in the past, and what
//! was thought before stays readable by the time of recording.

use crate::register::{self, all_statements, append, at, read_state};
use crate::row;
use crate::{AsOf, Error, Event, Instant, InstitutionId, Outcome, Period, Refusal, Statement, When, space};
use kv::{Draft, Partition};
use std::collections::{BTreeMap, BTreeSet};

/// That an institution takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Participation;

/// The number of a version of the list of participants, from 1 on; 0 is the empty list before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListVersion(pub u32);

/// Somebody joins or leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticipationChange {
    /// Who.
    pub institution: InstitutionId,
    /// Whether it takes part during the period.
    pub is_participant: bool,
    /// For which time.
    pub period: Period,
}

/// One version of the list of participants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticipantList {
    /// Its number.
    pub version: ListVersion,
    /// From when it is in force.
    pub effective: Instant,
    /// When the directory heard it.
    pub recorded: Instant,
    /// Who is on it.
    pub institutions: BTreeSet<InstitutionId>,
}

/// What one row says of a version: how it differs from the version before it by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ListChange {
    pub(crate) effective: Instant,
    pub(crate) recorded: Instant,
    pub(crate) joined: Vec<InstitutionId>,
    pub(crate) left: Vec<InstitutionId>,
}

/// The most names in one row of a version, so that a row stays below the limit of a value.
const NAMES_MAX: usize = 1_000;

/// The most versions of the list: a change on every day of a century.
pub const LISTS_MAX: u32 = 36_525;

type Histories = BTreeMap<InstitutionId, Vec<Statement<Participation>>>;

/// States who takes part and who does not, all changes together, and makes the versions of the list that follow.
///
/// # Errors
/// A refusal when an institution was never stated, or a limit is reached; those of the store.
pub fn change_participants(
    draft: &mut Draft<'_>,
    changes: &[ParticipationChange],
    recorded: Instant,
) -> Result<Outcome, Error> {
    let mut outcome = Outcome::Unchanged;
    let mut first: Option<Instant> = None;
    for ParticipationChange { institution, is_participant, period } in changes {
        let value = is_participant.then_some(Participation);
        let stated = append(draft, institution, value.as_ref(), When { period: *period, recorded })?;
        if let Outcome::Changed(_) = stated {
            outcome = stated;
            first = Some(first.map_or(period.from(), |first| first.min(period.from())));
        }
    }
    if let Some(first) = first {
        publish_lists(draft, first)?;
    }
    Ok(outcome)
}

/// Who takes part.
///
/// # Errors
/// Those of the store.
pub fn participants(draft: &mut Draft<'_>, as_of: AsOf) -> Result<BTreeSet<InstitutionId>, Error> {
    Ok(set_at(&all_statements::<Participation>(draft)?, as_of))
}

/// Everything that was ever stated about an institution as a participant, in the order in which it was recorded.
///
/// # Errors
/// Those of the store.
pub fn participation_history(
    draft: &mut Draft<'_>,
    institution: &InstitutionId,
) -> Result<Vec<Statement<Participation>>, Error> {
    register::statements(draft, institution)
}

/// The version of the list of participants that is in force.
///
/// # Errors
/// Those of the store.
pub fn list_in_force(draft: &mut Draft<'_>, as_of: AsOf) -> Result<ListVersion, Error> {
    Ok(in_force(&list_changes(draft)?, as_of))
}

/// A version of the list of participants; none when there is no such version.
///
/// # Errors
/// Those of the store.
pub fn participant_list(draft: &mut Draft<'_>, version: ListVersion) -> Result<Option<ParticipantList>, Error> {
    let changes = list_changes(draft)?;
    let Some(change) = place_of(version).and_then(|place| changes.get(place)) else { return Ok(None) };
    let (effective, recorded) = (change.effective, change.recorded);
    Ok(Some(ParticipantList { version, effective, recorded, institutions: set_of(&changes, version) }))
}

/// Writes a version for every instant from `first` on at which the list in force is not who takes part.
fn publish_lists(draft: &mut Draft<'_>, first: Instant) -> Result<(), Error> {
    let histories = all_statements::<Participation>(draft)?;
    let mut changes = list_changes(draft)?;
    let recorded = Instant::from_micros(read_state(draft)?.recorded);
    let bounds = histories.values().flatten().flat_map(|it| [it.period.from(), it.period.until()]);
    let bounds: BTreeSet<Instant> = bounds.filter(|it| first <= *it && *it < Instant::FOREVER).collect();
    for effective in bounds {
        let as_of = AsOf::known(effective);
        let wanted = set_at(&histories, as_of);
        if set_of(&changes, in_force(&changes, as_of)) == wanted {
            continue;
        }
        let last = set_of(&changes, last_version(&changes));
        let joined = wanted.difference(&last).cloned().collect();
        let left = last.difference(&wanted).cloned().collect();
        changes.push(ListChange { effective, recorded, joined, left });
        let list = last_version(&changes);
        if list.0 > LISTS_MAX {
            return Err(Refusal::TooManyLists { limit: LISTS_MAX }.into());
        }
        if let Some(change) = changes.last() {
            put_list(draft, list, change)?;
        }
        draft.log(Event::Listed { list, effective, recorded }.encode()?);
    }
    Ok(())
}

/// Who takes part, from all statements.
fn set_at(histories: &Histories, as_of: AsOf) -> BTreeSet<InstitutionId> {
    histories.iter().filter(|(_, history)| at(history, as_of).is_some()).map(|(id, _)| id.clone()).collect()
}

/// The version in force among those known: of those that have taken effect the latest, and of several that took effect
/// at one instant the one that was made last.
pub(crate) fn in_force(changes: &[ListChange], as_of: AsOf) -> ListVersion {
    let is_known = |it: &ListChange| it.recorded <= as_of.recorded && it.effective <= as_of.valid;
    let known = changes.iter().zip(1..).filter(|(change, _)| is_known(change));
    let last = known.max_by_key(|(change, number)| (change.effective, *number));
    ListVersion(last.map_or(0, |(_, number)| number))
}

/// Who is on a version: all differences up to it, one after the other.
fn set_of(changes: &[ListChange], version: ListVersion) -> BTreeSet<InstitutionId> {
    let mut institutions = BTreeSet::new();
    for change in changes.iter().take(usize::try_from(version.0).unwrap_or(usize::MAX)) {
        institutions.extend(change.joined.iter().cloned());
        for id in &change.left {
            institutions.remove(id);
        }
    }
    institutions
}

fn last_version(changes: &[ListChange]) -> ListVersion {
    ListVersion(u32::try_from(changes.len()).unwrap_or(u32::MAX))
}

fn place_of(version: ListVersion) -> Option<usize> {
    usize::try_from(version.0.checked_sub(1)?).ok()
}

/// Writes a version as one row, or several when many institutions join or leave at once.
fn put_list(draft: &mut Draft<'_>, list: ListVersion, change: &ListChange) -> Result<(), Error> {
    let names = change.joined.iter().map(|id| (id, true)).chain(change.left.iter().map(|id| (id, false)));
    let names: Vec<_> = names.collect();
    // A version may differ from the one before it by number in its instant alone: it is one row without names.
    let parts = if names.is_empty() { vec![&names[..]] } else { names.chunks(NAMES_MAX).collect() };
    for (part, names) in (0_u16..).zip(parts) {
        let side = |is_side: bool| names.iter().filter(|(_, it)| *it == is_side).map(|(id, _)| (*id).clone()).collect();
        let (effective, recorded) = (change.effective, change.recorded);
        let row = ListChange { effective, recorded, joined: side(true), left: side(false) };
        let sort = [&list.0.to_be_bytes()[..], &part.to_be_bytes()[..]].concat();
        draft.put(Partition::new(space::LISTS, []).key(sort), row::encode_list(&row)?);
    }
    Ok(())
}

/// All versions of the list, by number.
pub(crate) fn list_changes(draft: &mut Draft<'_>) -> Result<Vec<ListChange>, Error> {
    let mut changes: Vec<ListChange> = Vec::new();
    let mut parts = 0_u16;
    register::scan(draft, &Partition::new(space::LISTS, []), (&[], None), |sort, row| {
        let (list, part) = sort.split_first_chunk::<4>()?;
        let (list, part) = (u32::from_be_bytes(*list), u16::from_be_bytes(part.try_into().ok()?));
        let row = row::decode_list(row)?;
        // Versions follow each other without a gap, and so do the parts of one.
        if part == 0 && usize::try_from(list) == Ok(changes.len() + 1) {
            changes.push(row);
            parts = 1;
            return Some(());
        }
        let is_next = part == parts && usize::try_from(list) == Ok(changes.len());
        let change = changes.last_mut().filter(|_| is_next)?;
        change.joined.extend(row.joined);
        change.left.extend(row.left);
        parts = parts.checked_add(1)?;
        Some(())
    })?;
    Ok(changes)
}
