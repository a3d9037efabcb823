//! The generation that stands by: what is stored of every record for matching, under rules that do not decide.
//!
//! Member rows and postings are made under the fields and blocking rules of one version. Before a version with others can
//! take over, its own are written beside those in use, record by record; from the moment that this begins, every change of
//! a record writes both. After the switch the earlier generation stands by in turn, so that the change can be taken back,
//! until it is released. There are two generations at most.
//!
//! A writer that does not know of the standby would leave a hole in it. So whoever writes a member compares what it knows of
//! the standby with what the store says, and is turned away when the store knows better ([`Error::Superseded`]). It does not
//! rely on that row, since all writers of the index would wait for each other: whoever steps through a preparation begins
//! when every write that was under way at its beginning has ended.

use super::{Active, active};
use crate::store::{LoadedPerson, Member, RecordState, decode, encode, person, posting, record};
use crate::{Actor, Demographics, Error, Index, PersonId, RecordId, Refusal, Stamp, space};
use directory::{Instant, InstitutionId};
use kv::{BUCKETS, Draft, Key, Kv, Partition, Space};
use serde::{Deserialize, Serialize};

/// Which version stands by, and under which generation. The row changes when a standby begins, is switched or released,
/// and at no other time: every writer reads it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standby {
    /// The version whose fields and blocking rules it follows.
    pub version: Box<str>,
    /// The generation of its member rows and postings.
    pub generation: u8,
}

/// How far a standby is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Preparation {
    /// Which.
    pub standby: Standby,
    /// Who asked for it; whoever switched, for one that has decided before.
    pub by: Actor,
    /// When.
    pub began: Instant,
    /// What goes on.
    pub state: PreparationState,
    /// Records that were written or released.
    pub done: u64,
    /// Where in the store it is.
    at: Cursor,
}

/// What goes on with a standby.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PreparationState {
    /// Records are being written under it.
    Writing,
    /// Every record is.
    Ready,
    /// It is let go: what was written is being deleted.
    Releasing,
}

/// A partition and a sort key.
type Place = (Box<[u8]>, Box<[u8]>);

/// A place in a space: a bucket, and the last key that was read there as partition and sort key.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    bucket: u16,
    after: Option<Place>,
}

/// Some rows of the store that a preparation is about to go over, and where it is after them.
#[derive(Clone, Debug)]
pub struct Page {
    rows: Vec<(Key, Box<[u8]>)>,
    /// None at the end.
    next: Option<Cursor>,
}

/// Records that one step should go over: what a batch holds comfortably.
pub const STEP_RECORDS: usize = 64;
/// Rows read at once.
const ROWS: u32 = 1_000;

fn standby_key() -> Key {
    super::key().partition.key(*b"standby")
}

fn preparation_key() -> Key {
    Partition::new(space::META, *b"standby").key(*b"preparation")
}

/// What stands by; none in most stores.
///
/// # Errors
/// Those of the store.
pub fn standby(draft: &mut Draft<'_>) -> Result<Option<Standby>, Error> {
    draft.get(&standby_key())?.map(|bytes| decode("a standby", &bytes)).transpose()
}

/// How far the standby is; none when there is none, and nothing of an earlier one is left.
///
/// # Errors
/// Those of the store.
pub fn preparation(draft: &mut Draft<'_>) -> Result<Option<Preparation>, Error> {
    draft.get(&preparation_key())?.map(|bytes| decode("a preparation", &bytes)).transpose()
}

fn put(draft: &mut Draft<'_>, preparation: &Preparation) -> Result<(), Error> {
    draft.put(preparation_key(), encode("a preparation", preparation)?);
    Ok(())
}

/// The preparation as it stands, which the batch relies on.
fn relied(draft: &mut Draft<'_>) -> Result<Option<Preparation>, Error> {
    draft.rely(&preparation_key().partition)?;
    preparation(draft)
}

/// Begins to write what a version needs of every record.
///
/// # Errors
/// [`Refusal`] when no rules decide yet, the version decides or stands by already, or another one does.
pub fn prepare(draft: &mut Draft<'_>, version: &str, stamp: &Stamp) -> Result<Preparation, Error> {
    draft.rely(&standby_key().partition)?;
    let active = active(draft)?.ok_or(Refusal::State("no rules decide yet: they begin with the first record"))?;
    if *active.version == *version {
        return Err(Refusal::State("the version decides already").into());
    }
    match relied(draft)? {
        None => {}
        Some(known) if known.state == PreparationState::Releasing => {
            return Err(
                Refusal::State("what an earlier version needed is still being released: wait for its end").into()
            );
        }
        Some(known) if *known.standby.version == *version => {
            return Err(Refusal::State("the version is prepared already").into());
        }
        Some(_) => return Err(Refusal::State("another version stands by: release it first").into()),
    }
    let preparation = Preparation {
        standby: Standby { version: version.into(), generation: u8::from(active.generation == 0) },
        by: stamp.actor.clone(),
        began: stamp.now,
        state: PreparationState::Writing,
        done: 0,
        at: Cursor::default(),
    };
    draft.put(standby_key(), encode("a standby", &preparation.standby)?);
    put(draft, &preparation)?;
    Ok(preparation)
}

/// Lets the standby go: from here on nobody writes it, and what was written is deleted step by step.
///
/// # Errors
/// [`Refusal`] when nothing stands by, or it is released already.
pub fn release(draft: &mut Draft<'_>, stamp: &Stamp) -> Result<Preparation, Error> {
    draft.rely(&standby_key().partition)?;
    let known = relied(draft)?.ok_or(Refusal::State("nothing stands by"))?;
    if known.state == PreparationState::Releasing {
        return Err(Refusal::State("it is being released already").into());
    }
    draft.delete(standby_key());
    let released = Preparation {
        by: stamp.actor.clone(),
        began: stamp.now,
        state: PreparationState::Releasing,
        done: 0,
        at: Cursor::default(),
        ..known
    };
    put(draft, &released)?;
    Ok(released)
}

/// Lets the standby of a version take over and what decided stand by; gives the generation that decides then.
pub(super) fn switch(draft: &mut Draft<'_>, active: &Active, version: &str, stamp: &Stamp) -> Result<u8, Error> {
    draft.rely(&standby_key().partition)?;
    let missing = "what the version needs of every record is not written: prepare the version first";
    let known = relied(draft)?.filter(|known| *known.standby.version == *version).ok_or(Refusal::State(missing))?;
    match known.state {
        PreparationState::Ready => {}
        PreparationState::Writing => {
            return Err(Refusal::State("what the version needs of every record is still being written").into());
        }
        PreparationState::Releasing => return Err(Refusal::State(missing).into()),
    }
    let earlier = Standby { version: active.version.clone(), generation: active.generation };
    draft.put(standby_key(), encode("a standby", &earlier)?);
    put(draft, &Preparation { standby: earlier, by: stamp.actor.clone(), began: stamp.now, ..known.clone() })?;
    Ok(known.standby.generation)
}

/// What a step of a preparation goes over, at most `records` of them; none when nothing is left to do.
///
/// # Errors
/// Those of the store.
pub fn page(kv: &dyn Kv, preparation: &Preparation, records: usize) -> Result<Option<Page>, Error> {
    let generation = preparation.standby.generation;
    match preparation.state {
        PreparationState::Writing => {
            read_page(kv, (space::RECORD, &preparation.at), records, |sort| *sort == *record::HEAD)
        }
        PreparationState::Releasing => read_page(kv, (space::PERSON, &preparation.at), records, |sort| {
            sort.first() == Some(&person::MEMBER) && sort.get(1) == Some(&generation)
        }),
        PreparationState::Ready => return Ok(None),
    }
    .map(Some)
}

fn read_page(
    kv: &dyn Kv,
    (space, from): (Space, &Cursor),
    records: usize,
    is_wanted: impl Fn(&[u8]) -> bool,
) -> Result<Page, Error> {
    let (mut at, mut rows) = (from.clone(), Vec::new());
    while u32::from(at.bucket) < BUCKETS && rows.len() < records {
        let after = at.after.as_ref().map(|(part, sort)| Partition::new(space, part.clone()).key(sort.clone()));
        let found = kv.export(space, u8::try_from(at.bucket).unwrap_or(u8::MAX), after.as_ref(), ROWS)?;
        if found.is_empty() {
            at = Cursor { bucket: at.bucket + 1, after: None };
        }
        for (key, value) in found {
            at.after = Some((key.partition.part.clone(), key.sort.clone()));
            if is_wanted(&key.sort) {
                rows.push((key, value));
            }
            if rows.len() == records {
                break;
            }
        }
    }
    let is_over = u32::from(at.bucket) >= BUCKETS;
    Ok(Page { rows, next: (!is_over).then_some(at) })
}

/// Does a step: writes or releases what the page holds, and moves the preparation behind it. Nothing when the preparation
/// is elsewhere by now.
///
/// # Errors
/// Those of the store, and [`Error::Superseded`].
pub fn step(index: &Index<'_>, draft: &mut Draft<'_>, (from, page): (&Preparation, &Page)) -> Result<(), Error> {
    let Some(mut preparation) = relied(draft)?.filter(|known| known == from) else { return Ok(()) };
    for (key, value) in &page.rows {
        match preparation.state {
            PreparationState::Writing => write(index, draft, key)?,
            PreparationState::Releasing => forget(draft, (key, value))?,
            PreparationState::Ready => return Ok(()),
        }
        preparation.done += 1;
    }
    match (&page.next, preparation.state) {
        (Some(next), _) => preparation.at = next.clone(),
        (None, PreparationState::Releasing) => {
            draft.delete(preparation_key());
            return Ok(());
        }
        (None, _) => preparation.state = PreparationState::Ready,
    }
    put(draft, &preparation)
}

/// Writes a record under the standby, as it stands.
fn write(index: &Index<'_>, draft: &mut Draft<'_>, head: &Key) -> Result<(), Error> {
    let id = head.partition.part.as_ref().try_into().map_err(|_| Error::Corrupt { what: "record head" })?;
    let id = RecordId(id);
    draft.rely(&record::partition(id))?;
    let Some(head) = record::head(draft, id)?.filter(|head| head.state != RecordState::Erased) else { return Ok(()) };
    let Some(row) = record::version(draft, id, head.current)? else { return Ok(()) };
    let Some(demographics) = &row.demographics else { return Ok(()) };
    draft.rely(&person::partition(head.home))?;
    enter(index, draft, head.home, (id, &head.institution), (demographics, row.life.is_dead()))
}

/// Deletes a member row of a generation that nobody writes any more, and its postings.
fn forget(draft: &mut Draft<'_>, (key, value): (&Key, &[u8])) -> Result<(), Error> {
    let home = PersonId::from_bytes(&key.partition.part).ok_or(Error::Corrupt { what: "member of a person" })?;
    let (_, member) = person::member(&key.sort, value)?;
    for posted in &member.keys {
        draft.delete(posted.partition().key(home.to_bytes()));
    }
    draft.delete(key.clone());
    Ok(())
}

/// Writes what a record says now under the standby, if there is one.
pub(crate) fn enter(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    home: PersonId,
    (id, institution): (RecordId, &InstitutionId),
    (demographics, is_dead): (&Demographics, bool),
) -> Result<(), Error> {
    check(index, draft)?;
    let Some(standby) = index.from_standby() else { return Ok(()) };
    let profile = standby.profile(demographics);
    let member = Member { values: profile.values, keys: profile.keys, institution: institution.clone(), is_dead };
    let mut home = load(&standby, draft, home)?;
    let before = take(&mut home, id);
    let gone: Vec<_> =
        before.into_iter().flat_map(|before| before.keys).filter(|key| !member.keys.contains(key)).collect();
    posting::retract(draft, &gone, id, &home);
    settle(&standby, draft, &home, (id, &member))
}

/// Moves a record to another home under the standby. One that was not written yet is written where it is by then.
pub(crate) fn rehome(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    id: RecordId,
    (from, to): (PersonId, PersonId),
) -> Result<(), Error> {
    check(index, draft)?;
    let Some(standby) = index.from_standby() else { return Ok(()) };
    let mut from = load(&standby, draft, from)?;
    let Some(member) = take(&mut from, id) else { return Ok(()) };
    posting::retract(draft, &member.keys, id, &from);
    person::remove_member(draft, from.id, standby.generation, id);
    let to = load(&standby, draft, to)?;
    settle(&standby, draft, &to, (id, &member))
}

fn load(standby: &Index<'_>, draft: &mut Draft<'_>, home: PersonId) -> Result<LoadedPerson, Error> {
    let found = person::load(draft, &[home], standby.generation)?.pop();
    found.ok_or(Error::Corrupt { what: "the home of a record" })
}

/// Takes a record out of the members that were read.
fn take(home: &mut LoadedPerson, id: RecordId) -> Option<Member> {
    let place = home.members.iter().position(|(known, _)| *known == id)?;
    Some(home.members.remove(place).1)
}

/// Nothing is decided by the standby, so no key is relied on.
fn settle(
    standby: &Index<'_>,
    draft: &mut Draft<'_>,
    home: &LoadedPerson,
    (id, member): (RecordId, &Member),
) -> Result<(), Error> {
    posting::post(draft, &member.keys, home.id);
    person::put_member(draft, home.id, standby.generation, (id, member))
}

/// Whether the index knows of the standby what the store says.
fn check(index: &Index<'_>, draft: &mut Draft<'_>) -> Result<(), Error> {
    let stored = standby(draft)?;
    let stored = stored.as_ref().map(|stored| (&*stored.version, stored.generation));
    let known = index.standby.map(|known| (known.model.version(), known.generation));
    if stored == known { Ok(()) } else { Err(Error::Superseded) }
}
