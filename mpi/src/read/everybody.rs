//! Everybody: every record that takes part with the person that it is of now, for work in the background.
//!
//! What is read is not of one moment: a record that moves meanwhile is read as it was or as it is, once. Nothing is loaded
//! but heads.

use crate::store::{RecordState, person, record};
use crate::{Error, PersonId, RecordId, space};
use directory::InstitutionId;
use kv::{BUCKETS, Draft, Kv};
use std::collections::BTreeMap;

/// Rows read at once.
const ROWS: u32 = 2_000;

/// Every record that takes part with its person, merges followed, by person and record: 24 bytes each.
///
/// # Errors
/// Those of the store.
pub fn everybody(kv: &dyn Kv) -> Result<Vec<(PersonId, RecordId)>, Error> {
    let mut all = Vec::new();
    each_record(kv, &mut |person, record, _| all.push((person, record)))?;
    all.sort_unstable();
    Ok(all)
}

/// Calls `each` for every record that takes part, with its person, in no particular order.
pub(super) fn each_record(kv: &dyn Kv, each: &mut dyn FnMut(PersonId, RecordId, InstitutionId)) -> Result<(), Error> {
    let mut roots: BTreeMap<PersonId, PersonId> = BTreeMap::new();
    for bucket in 0..BUCKETS {
        let bucket = u8::try_from(bucket).unwrap_or(u8::MAX);
        let mut after = None;
        loop {
            let rows = kv.export(space::RECORD, bucket, after.as_ref(), ROWS)?;
            let mut draft = Draft::new(kv);
            for (key, value) in &rows {
                let Some((id, head)) = record::head_of(key, value)? else { continue };
                if head.state == RecordState::Erased {
                    continue;
                }
                let root = match roots.get(&head.home) {
                    Some(root) => *root,
                    None => person::root(&mut draft, head.home)?.map_or(head.home, |(root, _)| root),
                };
                roots.insert(head.home, root);
                each(root, id, head.institution);
            }
            match rows.into_iter().next_back() {
                Some((key, _)) => after = Some(key),
                None => break,
            }
        }
    }
    Ok(())
}
