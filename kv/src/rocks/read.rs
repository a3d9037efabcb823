//! Reading: one snapshot per call, point reads together, scans by prefix.

use super::{RocksKv, corrupt, from_library, key, profile};
use crate::{Change, Error, Key, KeyedRow, Partition, Read, Row, Rows, Seq, Space, Version};
use rocksdb::{DBPinnableSlice, DBRawIterator, ReadOptions};

const OPERATION: &str = "read";

/// Point reads up to this number are made one by one: what the library sets up to make them together costs more.
const SINGLE_GETS_MAX: usize = 2;

/// A scan with its bounds in the bytes of the database.
struct Range {
    from: Vec<u8>,
    until: Option<Vec<u8>>,
    limit: usize,
    is_reverse: bool,
}

impl RocksKv {
    pub(super) fn read_wants(&self, wants: &[Read]) -> Result<Vec<Rows>, Error> {
        // One moment for all wants: more than the trait asks for, and what makes a version fit its rows.
        let snapshot = self.db.snapshot();
        let options = || {
            let mut options = ReadOptions::default();
            options.set_snapshot(&snapshot);
            options
        };
        let versions = self.read_versions(wants, &options())?;
        let mut answers: Vec<Rows> = versions.into_iter().map(|version| Rows { version, ..Rows::default() }).collect();
        self.fill(wants, &mut answers, (&options(), &options))?;
        Ok(answers)
    }

    /// The rows alone. Each want is read at one moment by itself, which is what the trait asks for.
    pub(super) fn peek_wants(&self, wants: &[Read]) -> Result<Vec<Rows>, Error> {
        let mut answers = vec![Rows::default(); wants.len()];
        self.fill(wants, &mut answers, (&self.peeking, &ReadOptions::default))?;
        Ok(answers)
    }

    /// Reads the rows of every want; an iterator wants options of its own.
    fn fill(
        &self,
        wants: &[Read],
        answers: &mut [Rows],
        (of_gets, of_scans): (&ReadOptions, &dyn Fn() -> ReadOptions),
    ) -> Result<(), Error> {
        self.read_gets(wants, answers, of_gets)?;
        // One iterator for all scans: making one costs more than moving it.
        let mut iterator = None;
        for (want, rows) in wants.iter().zip(answers) {
            if let Read::Scan { partition, from, until, limit, is_reverse } = want {
                let Some(prefix) = key::of_partition(partition) else { continue };
                let range = Range {
                    from: [&prefix[..], from].concat(),
                    until: match until {
                        Some(until) => Some([&prefix[..], until].concat()),
                        None => key::after_prefix(&prefix),
                    },
                    limit: usize::try_from(*limit).unwrap_or(usize::MAX),
                    is_reverse: *is_reverse,
                };
                let iterator = match &mut iterator {
                    Some(iterator) => iterator,
                    none => none.insert(self.db.raw_iterator_cf_opt(self.family(profile::ROWS)?, of_scans())),
                };
                (rows.rows, rows.has_more) = scan(iterator, (partition, &prefix), &range)?;
            }
        }
        Ok(())
    }

    fn read_versions(&self, wants: &[Read], options: &ReadOptions) -> Result<Vec<Version>, Error> {
        let keys: Vec<Vec<u8>> =
            wants.iter().map(|want| key::of_partition(want.partition()).unwrap_or_default()).collect();
        // A name over the limit became the empty key, under which there is nothing.
        let found = self.get_many(profile::VERSIONS, &keys, options)?;
        found.into_iter().zip(wants).map(|(found, want)| decode_version(found, want.partition())).collect()
    }

    fn read_gets(&self, wants: &[Read], answers: &mut [Rows], options: &ReadOptions) -> Result<(), Error> {
        let mut gets = Vec::new();
        let mut keys = Vec::new();
        for (want, rows) in wants.iter().zip(answers) {
            let Read::Get(wanted) = want else { continue };
            let Some(bytes) = key::of_row(&wanted.partition, &wanted.sort) else { continue };
            gets.push((wanted, rows));
            keys.push(bytes);
        }
        for (found, (wanted, rows)) in self.get_many(profile::ROWS, &keys, options)?.into_iter().zip(gets) {
            let found = found.map_err(|source| from_library(OPERATION, &wanted.place(), source))?;
            rows.rows.extend(found.map(|value| (wanted.sort.clone(), value.as_ref().into())));
        }
        Ok(())
    }

    /// Point reads, several of them together: the library then reads and checks each block once.
    pub(super) fn get_many(
        &self,
        family: &'static str,
        keys: &[Vec<u8>],
        options: &ReadOptions,
    ) -> Result<Vec<Found<'_>>, Error> {
        if keys.len() <= SINGLE_GETS_MAX {
            let family = self.family(family)?;
            return Ok(keys.iter().map(|key| self.db.get_pinned_cf_opt(family, key, options)).collect());
        }
        Ok(self.db.batched_multi_get_cf_opt(self.family(family)?, keys, false, options))
    }

    pub(super) fn read_changes(&self, after: Seq, limit: u32) -> Result<Vec<Change>, Error> {
        let mut changes = Vec::new();
        let Some(from) = after.0.checked_add(1) else { return Ok(changes) };
        let mut iterator = self.db.raw_iterator_cf(self.family(profile::LOG)?);
        iterator.seek(from.to_be_bytes());
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        while changes.len() < limit {
            let Some((bytes, value)) = iterator.item() else {
                check_end(&iterator, || "the change log".to_owned())?;
                break;
            };
            let malformed = || corrupt(OPERATION, "the change log", "an entry is malformed");
            let seq = Seq(u64::from_be_bytes(bytes.try_into().map_err(|_| malformed())?));
            changes.push(Change { seq, entries: decode_entries(value).ok_or_else(malformed)? });
            iterator.next();
        }
        Ok(changes)
    }

    pub(super) fn read_bucket(
        &self,
        (space, bucket): (Space, u8),
        after: Option<&Key>,
        limit: u32,
    ) -> Result<Vec<KeyedRow>, Error> {
        let prefix = [space.0, bucket];
        let from = match after {
            Some(key) if key.partition.space > space => return Ok(Vec::new()),
            Some(key) if key.partition.space == space => {
                // The bytes of the next possible key: the same with one zero behind.
                let sort = [&key.sort[..], &[0]].concat();
                match key::with_bucket(&key.partition, bucket, &sort) {
                    Some(from) => from,
                    None => return Ok(Vec::new()),
                }
            }
            _ => prefix.to_vec(),
        };
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(from);
        if let Some(end) = key::after_prefix(&prefix) {
            options.set_iterate_upper_bound(end);
        }
        // Whole buckets pass through once: they must not push out what is read often. A single row is looked up like any.
        options.fill_cache(limit == 1);
        let mut iterator = self.db.raw_iterator_cf_opt(self.family(profile::ROWS)?, options);
        iterator.seek_to_first();
        let mut rows = Vec::new();
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let place = || format!("space {}, bucket {bucket}", space.0);
        while rows.len() < limit {
            let Some((bytes, value)) = iterator.item() else {
                check_end(&iterator, place)?;
                break;
            };
            let key = key::decode(bytes).ok_or_else(|| corrupt("export", place(), "a key is malformed"))?;
            rows.push((key, value.into()));
            iterator.next();
        }
        Ok(rows)
    }
}

/// The rows of one partition in a range, and whether there are more.
fn scan(
    iterator: &mut DBRawIterator<'_>,
    (partition, prefix): (&Partition, &[u8]),
    range: &Range,
) -> Result<(Vec<Row>, bool), Error> {
    match &range.until {
        Some(until) if range.is_reverse => {
            iterator.seek_for_prev(until);
            // The end is outside of the range.
            if iterator.key() == Some(until) {
                iterator.prev();
            }
        }
        None if range.is_reverse => iterator.seek_to_last(),
        _ => iterator.seek(&range.from),
    }
    let is_inside = |key: &[u8]| *key >= *range.from && range.until.as_ref().is_none_or(|until| *key < **until);
    let mut rows = Vec::new();
    while let Some((bytes, value)) = iterator.item().filter(|(key, _)| is_inside(key)) {
        if rows.len() == range.limit {
            return Ok((rows, true));
        }
        let misplaced = || corrupt(OPERATION, partition.key([]).place(), "a row lies outside of its partition");
        let sort = bytes.strip_prefix(prefix).ok_or_else(misplaced)?;
        rows.push((sort.into(), value.into()));
        if range.is_reverse {
            iterator.prev();
        } else {
            iterator.next();
        }
    }
    check_end(iterator, || partition.key([]).place())?;
    Ok((rows, false))
}

/// What one of many point reads found.
pub(super) type Found<'db> = Result<Option<DBPinnableSlice<'db>>, rocksdb::Error>;

/// The version in what was found; nothing is version 0.
pub(super) fn decode_version(found: Found<'_>, partition: &Partition) -> Result<Version, Error> {
    let place = || partition.key([]).place();
    let Some(bytes) = found.map_err(|source| from_library(OPERATION, &place(), source))? else {
        return Ok(Version(0));
    };
    let malformed = |_| corrupt(OPERATION, place(), "a version has not 8 bytes");
    Ok(Version(u64::from_be_bytes(bytes.as_ref().try_into().map_err(malformed)?)))
}

/// An iterator that stopped has come to the end, or it has failed.
fn check_end(iterator: &DBRawIterator<'_>, place: impl FnOnce() -> String) -> Result<(), Error> {
    iterator.status().map_err(|source| from_library(OPERATION, &place(), source))
}

/// Log entries one after the other, each after its length.
pub(super) fn encode_entries(entries: &[Box<[u8]>]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.iter().map(|entry| 4 + entry.len()).sum());
    for entry in entries {
        // The limits of a batch keep lengths far below 2³².
        bytes.extend_from_slice(&u32::try_from(entry.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend_from_slice(entry);
    }
    bytes
}

fn decode_entries(mut bytes: &[u8]) -> Option<Vec<Box<[u8]>>> {
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let (entry, rest) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        entries.push(entry.into());
        bytes = rest;
    }
    Some(entries)
}
