//! Reads whole spaces, row by row: for verification and dumps, never for an answer.
//!
//! The rows of a space are no snapshot: whoever wants one sees to it that nobody writes meanwhile.

use crate::Error;
use kv::{BUCKETS, Key, Kv, Partition, Row, Space};

/// Rows read at once.
const ROWS: u32 = 1_000;

/// Takes a row.
pub(crate) type VisitRow<'v> = dyn FnMut(&Key, &[u8]) -> Result<(), Error> + 'v;

/// Takes a partition with all its rows.
pub(crate) type VisitPartition<'v> = dyn FnMut(&Partition, &[Row]) -> Result<(), Error> + 'v;

/// Visits every row of a space, bucket by bucket, in the order of partitions and sort keys.
pub(crate) fn rows(kv: &dyn Kv, space: Space, visit: &mut VisitRow<'_>) -> Result<(), Error> {
    for bucket in 0..BUCKETS {
        let bucket = u8::try_from(bucket).unwrap_or(u8::MAX);
        let mut after: Option<Key> = None;
        loop {
            let page = kv.export(space, bucket, after.as_ref(), ROWS)?;
            for (key, value) in &page {
                visit(key, value)?;
            }
            match page.last() {
                Some((last, _)) if page.len() == ROWS as usize => after = Some(last.clone()),
                _ => break,
            }
        }
    }
    Ok(())
}

/// Visits every partition of a space with all its rows.
pub(crate) fn partitions(kv: &dyn Kv, space: Space, visit: &mut VisitPartition<'_>) -> Result<(), Error> {
    let mut own: Option<Partition> = None;
    let mut held: Vec<Row> = Vec::new();
    rows(kv, space, &mut |key, value| {
        if own.as_ref() != Some(&key.partition) {
            if let Some(before) = own.replace(key.partition.clone()) {
                visit(&before, &held)?;
            }
            held.clear();
        }
        held.push((key.sort.clone(), value.into()));
        Ok(())
    })?;
    match own {
        Some(last) => visit(&last, &held),
        None => Ok(()),
    }
}
