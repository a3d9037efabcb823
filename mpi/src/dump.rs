//! A logical dump: what the index holds, byte for byte the same on every engine.
//!
//! Rows stand in the order of spaces, buckets, partitions and sort keys, then the log by batch. What an engine adds of
//! its own (versions of partitions, batch ids, seals) is not part of it. The dump holds personal values in the clear: it
//! is for comparing stores and for moving to another engine, not for keeping.

use crate::store::export;
use crate::{Error, space};
use kv::{Kv, Seq, Space};

/// The first bytes of a dump: what it is, and its format.
const MAGIC: &[u8; 8] = b"nayose\x00\x01";

/// Batches of the log read at once.
const CHANGES: u32 = 1_000;

/// Writes the rows of some spaces and the log; each part is handed over as it is read. For the spaces of the index see
/// [`spaces`].
///
/// ```text
/// dump    magic 8 · row* · entry*
/// row     0x01 · space 1 · part (length 4, bytes) · sort (length 4, bytes) · value (length 4, bytes)
/// entry   0x02 · batch 8 · entry (length 4, bytes)
/// ```
///
/// Numbers are big-endian. Nobody may write meanwhile.
///
/// # Errors
/// Those of the store, and those of `write`.
pub fn dump<E: From<Error>>(
    kv: &dyn Kv,
    spaces: &[Space],
    write: &mut dyn FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    write(MAGIC)?;
    for space in spaces {
        let mut failed = None;
        let visited = export::rows(kv, *space, &mut |key, value| {
            let mut bytes = vec![1, key.partition.space.0];
            for part in [&*key.partition.part, &*key.sort, value] {
                append(&mut bytes, part);
            }
            write(&bytes).map_err(|error| {
                failed = Some(error);
                Error::Corrupt { what: "a dump that could not be written" }
            })
        });
        match failed {
            Some(error) => return Err(error),
            None => visited?,
        }
    }
    let mut after = Seq(0);
    loop {
        let page = kv.changes(after, CHANGES).map_err(Error::from)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        for change in &page {
            for entry in &change.entries {
                let mut bytes = vec![2];
                bytes.extend_from_slice(&change.seq.0.to_be_bytes());
                append(&mut bytes, entry);
                write(&bytes)?;
            }
        }
    }
}

/// The spaces of the directory and of the index, in order.
#[must_use]
pub fn spaces() -> Vec<Space> {
    (1..=space::LAST.0).map(Space).collect()
}

/// The digest of the dump of [`spaces`].
///
/// # Errors
/// Those of the store.
pub fn digest(kv: &dyn Kv) -> Result<[u8; 32], Error> {
    let mut hasher = blake3::Hasher::new();
    dump(kv, &spaces(), &mut |bytes| {
        hasher.update(bytes);
        Ok::<(), Error>(())
    })?;
    Ok(*hasher.finalize().as_bytes())
}

fn append(bytes: &mut Vec<u8>, part: &[u8]) {
    // Limits of the store keep every part far below 4 GiB.
    let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(part);
}
