//! How keys lie in the ordered bytes of `RocksDB`.
//!
//! Space, bucket, length of the partition's name, name, sort key. The length in front makes partitions prefix-free: no
//! name is a prefix of another, so a scan of one partition is a scan of one prefix. Order of the bytes is order of the
//! keys inside a bucket, which is what export promises.

use crate::{Key, Partition, Space};

/// Bytes before the name: space, bucket, length.
const HEAD_BYTES: usize = 3;

/// The prefix of all rows of a partition, and its key among the versions. None when the name is over the limit, so that
/// nothing can be there.
pub(super) fn of_partition(partition: &Partition) -> Option<Vec<u8>> {
    with_bucket(partition, partition.bucket(), &[])
}

/// The key of a row; none when the partition's name is over the limit.
pub(super) fn of_row(partition: &Partition, sort: &[u8]) -> Option<Vec<u8>> {
    with_bucket(partition, partition.bucket(), sort)
}

/// The key that a row would have in a bucket, which need not be its own.
pub(super) fn with_bucket(partition: &Partition, bucket: u8, sort: &[u8]) -> Option<Vec<u8>> {
    let length = u8::try_from(partition.part.len()).ok()?;
    let mut bytes = Vec::with_capacity(HEAD_BYTES + partition.part.len() + sort.len());
    bytes.extend_from_slice(&[partition.space.0, bucket, length]);
    bytes.extend_from_slice(&partition.part);
    bytes.extend_from_slice(sort);
    Some(bytes)
}

/// The row's key from its bytes; none when they are not those of a key.
pub(super) fn decode(bytes: &[u8]) -> Option<Key> {
    let ([space, bucket, length], rest) = bytes.split_first_chunk::<HEAD_BYTES>()?;
    let (part, sort) = rest.split_at_checked(usize::from(*length))?;
    let key = Partition::new(Space(*space), part).key(sort);
    (key.partition.bucket() == *bucket).then_some(key)
}

/// The first bytes after everything that starts with a prefix; none when nothing comes after.
pub(super) fn after_prefix(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut after: Vec<u8> = prefix.iter().copied().take(last + 1).collect();
    if let Some(byte) = after.last_mut() {
        *byte += 1;
    }
    Some(after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let byte = prop_oneof![Just(0_u8), Just(1), Just(255), any::<u8>()];
        proptest::collection::vec(byte, 0..5)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn keys_come_back(space: u8, part in bytes(), sort in bytes()) {
            let key = Partition::new(Space(space), part).key(sort);
            prop_assert_eq!(decode(&of_row(&key.partition, &key.sort).unwrap()), Some(key));
        }

        #[test]
        fn order_of_bytes_is_order_of_keys(
            left in (0..3_u8, bytes(), bytes()), right in (0..3_u8, bytes(), bytes()), bucket: u8,
        ) {
            let key = |(space, part, sort): (u8, Vec<u8>, Vec<u8>)| Partition::new(Space(space), part).key(sort);
            let (left, right) = (key(left), key(right));
            let encode = |key: &Key| with_bucket(&key.partition, bucket, &key.sort).unwrap();
            prop_assert_eq!(encode(&left).cmp(&encode(&right)), left.cmp(&right));
        }

        #[test]
        fn a_partition_is_one_prefix(left in (0..2_u8, bytes()), right in (0..2_u8, bytes(), bytes())) {
            let (place, other) = (Partition::new(Space(left.0), left.1), Partition::new(Space(right.0), right.1));
            let (prefix, row) = (of_partition(&place).unwrap(), of_row(&other, &right.2).unwrap());
            prop_assert_eq!(row.starts_with(&prefix), place == other);
            let is_before_end = after_prefix(&prefix).is_none_or(|end| row < end);
            prop_assert_eq!(row >= prefix && is_before_end, place == other);
        }
    }

    #[test]
    fn what_is_no_key_is_none() {
        assert_eq!(of_partition(&Partition::new(Space(1), [0; 256])), None);
        let key = of_row(&Partition::new(Space(1), *b"name"), b"sort").unwrap();
        assert_eq!([decode(b""), decode(&key[..2]), decode(&key[..5])], [None, None, None]);
        let other_bucket = [&[key[0], key[1].wrapping_add(1)], &key[2..]].concat();
        assert_eq!(decode(&other_bucket), None);
        assert_eq!([after_prefix(&[1, 255]), after_prefix(&[255, 255])], [Some(vec![2]), None]);
    }
}
