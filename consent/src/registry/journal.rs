//! A journal: entries that are appended to one partition and never changed.
//!
//! Recorded time never goes back within a journal: a request takes its time before it reads, so another with a later time
//! may have been committed in between. A draft that appends relies on the partition, so two that append at once never
//! both commit.

use super::{Error, Refusal};
use directory::{Instant, InstitutionId};
use kv::{Draft, Partition, Read, Rows};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The most entries of a journal: a change every week for eighty years, and few enough to be read at once.
pub const ENTRIES_MAX: usize = 4_096;
/// The most bytes of a reason or an account.
pub const TEXT_BYTES_MAX: usize = 1_000;

/// The format of rows. A new shape gets a new number, and the old one stays readable.
const FORMAT: u8 = 1;
const HEAD: &[u8] = b"h";
const ENTRY: &[u8] = b"e";
const AFTER_ENTRIES: &[u8] = b"f";

/// Who does something: an account or a service, never a person's name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Actor {
    /// The account.
    pub id: Box<str>,
    /// For which institution; none for the network itself.
    pub institution: Option<InstitutionId>,
}

/// Who, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The present. If the journal was written later than this, the entry counts as made then.
    pub now: Instant,
    /// Who.
    pub actor: Actor,
}

/// An entry of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry<D> {
    /// Recorded time.
    pub recorded: Instant,
    /// Who did it.
    pub actor: Actor,
    /// What was done.
    pub deed: D,
}

#[derive(Default, Serialize, Deserialize)]
struct Head {
    entries: u32,
    /// In microseconds.
    recorded: i64,
}

/// Appends an entry to a journal whose entries have all been read in the same draft. Returns how many there are then.
pub(super) fn append<D: Serialize>(
    draft: &mut Draft<'_>,
    partition: &Partition,
    (deed, entries_max): (D, usize),
    stamp: &Stamp,
) -> Result<u32, Error> {
    check_text("account", &stamp.actor.id)?;
    let Head { entries, recorded } = head(draft, partition)?;
    if usize::try_from(entries).unwrap_or(usize::MAX) >= entries_max {
        return Err(Refusal::TooMany { what: "entries in the journal", limit: entries_max }.into());
    }
    let recorded = if entries == 0 { stamp.now } else { stamp.now.max(Instant::from_micros(recorded)) };
    let row = encode("journal", &Entry { recorded, actor: stamp.actor.clone(), deed })?;
    if row.len() > kv::Limits::ALL.value_bytes_max {
        return Err(Refusal::Text { what: "entry", limit: kv::Limits::ALL.value_bytes_max }.into());
    }
    draft.rely(partition)?;
    draft.put(partition.key(entry_key(entries)), row);
    let head = Head { entries: entries + 1, recorded: recorded.micros() };
    draft.put(partition.key(HEAD), encode("head of a journal", &head)?);
    Ok(head.entries)
}

/// All entries of some journals, in the order of the journals, oldest first.
///
/// The heads are read first: most identities have signed nothing, and the few entries of most others are single rows, both
/// of which a store finds faster than a range.
pub(super) fn read<D: DeserializeOwned>(
    draft: &mut Draft<'_>,
    (partitions, entries_max): (&[Partition], usize),
) -> Result<Vec<Vec<Entry<D>>>, Error> {
    let heads: Vec<Read> = partitions.iter().map(|partition| Read::Get(partition.key(HEAD))).collect();
    let mut counts = Vec::with_capacity(partitions.len());
    for rows in draft.read(&heads)? {
        let head = rows.rows.first().map(|(_, row)| decode::<Head>("the head of a journal", row)).transpose()?;
        counts.push(head.unwrap_or_default().entries);
    }
    let mut wants = Vec::new();
    for (partition, count) in partitions.iter().zip(&counts) {
        if *count <= SINGLE_MAX {
            wants.extend((0..*count).map(|number| Read::Get(partition.key(entry_key(number)))));
        } else {
            wants.push(Read::Scan {
                partition: partition.clone(),
                from: ENTRY.into(),
                until: Some(AFTER_ENTRIES.into()),
                limit: u32::try_from(entries_max).unwrap_or(u32::MAX),
                is_reverse: false,
            });
        }
    }
    let mut answers = if wants.is_empty() { Vec::new() } else { draft.read(&wants)? }.into_iter();
    let mut all = Vec::with_capacity(counts.len());
    for count in counts {
        let singles = if count <= SINGLE_MAX { usize::try_from(count).unwrap_or(0) } else { 1 };
        all.push(entries_of(&answers.by_ref().take(singles).collect::<Vec<_>>(), count)?);
    }
    Ok(all)
}

/// A journal with no more entries than this is read row by row.
const SINGLE_MAX: u32 = 8;

fn entry_key(number: u32) -> Vec<u8> {
    [ENTRY, &number.to_be_bytes()].concat()
}

/// All entries of one journal.
pub(super) fn read_one<D: DeserializeOwned>(
    draft: &mut Draft<'_>,
    (partition, entries_max): (&Partition, usize),
) -> Result<Vec<Entry<D>>, Error> {
    Ok(read(draft, (std::slice::from_ref(partition), entries_max))?.pop().unwrap_or_default())
}

fn entries_of<D: DeserializeOwned>(answers: &[Rows], count: u32) -> Result<Vec<Entry<D>>, Error> {
    let rows = answers.iter().flat_map(|answer| &answer.rows);
    let mut entries = Vec::with_capacity(usize::try_from(count).unwrap_or(0).min(ENTRIES_MAX));
    for (number, (sort, row)) in (0_u32..).zip(rows) {
        // A missing or repeated number is a row that was lost or that nobody wrote.
        if **sort != entry_key(number) {
            return Err(Error::Corrupt { what: "a journal" });
        }
        entries.push(decode("a journal", row)?);
    }
    let found = u32::try_from(entries.len()).unwrap_or(u32::MAX);
    if found < count { Err(Error::Corrupt { what: "a journal" }) } else { Ok(entries) }
}

/// How many entries a journal has.
pub(super) fn entries(draft: &mut Draft<'_>, partition: &Partition) -> Result<u32, Error> {
    Ok(head(draft, partition)?.entries)
}

fn head(draft: &mut Draft<'_>, partition: &Partition) -> Result<Head, Error> {
    let row = draft.get(&partition.key(HEAD))?;
    row.map_or_else(|| Ok(Head::default()), |row| decode("the head of a journal", &row))
}

/// The entries that were known at an instant.
pub(super) fn known_at<D>(entries: &[Entry<D>], recorded: Instant) -> &[Entry<D>] {
    let count = entries.partition_point(|entry| entry.recorded <= recorded);
    entries.get(..count).unwrap_or_default()
}

/// The first entries, as many as there were in some version; none when there never was such a version.
pub(super) fn known_in<D>(entries: &[Entry<D>], version: u32) -> Option<&[Entry<D>]> {
    entries.get(..usize::try_from(version).ok()?)
}

/// A text says something, and not too much.
pub(super) fn check_text(what: &'static str, text: &str) -> Result<(), Refusal> {
    let limit = TEXT_BYTES_MAX;
    if text.trim().is_empty() || text.len() > limit { Err(Refusal::Text { what, limit }) } else { Ok(()) }
}

/// A row as bytes: a format byte, then postcard.
pub(super) fn encode<T: Serialize>(what: &'static str, row: &T) -> Result<Vec<u8>, Error> {
    postcard::to_extend(row, vec![FORMAT]).map_err(|_| Error::Corrupt { what })
}

/// The row of some bytes.
pub(super) fn decode<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, Error> {
    let corrupt = Error::Corrupt { what };
    let Some((&FORMAT, row)) = bytes.split_first() else { return Err(corrupt) };
    match postcard::take_from_bytes(row) {
        Ok((row, [])) => Ok(row),
        _ => Err(corrupt),
    }
}
