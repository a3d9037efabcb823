//! Keys: a space, a partition inside it, a sort key inside the partition.
//!
//! Order is promised only inside one partition. A partition belongs to one of 256 buckets by a fixed hash of its name:
//! the bucket is the unit of export, so an engine keeps the rows of a bucket together.

use std::cmp::Ordering;
use std::fmt;

/// A kind of rows, one byte; each crate above lists its own in one place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Space(pub u8);

/// Buckets of a space.
pub const BUCKETS: u32 = 256;

/// What is versioned, and inside which rows are ordered: a blocking key, a person, a source record.
///
/// Partitions are ordered by space, then length of the name, then name: the order in which every engine exports.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Partition {
    /// The kind.
    pub space: Space,
    /// The name: an id or a keyed digest, never a personal value.
    pub part: Box<[u8]>,
}

impl Partition {
    /// A partition by its name.
    #[must_use]
    pub fn new(space: Space, part: impl Into<Box<[u8]>>) -> Self {
        Self { space, part: part.into() }
    }

    /// A key in this partition.
    #[must_use]
    pub fn key(&self, sort: impl Into<Box<[u8]>>) -> Key {
        Key { partition: self.clone(), sort: sort.into() }
    }

    /// The bucket: the same on every machine and engine, since exports depend on it.
    #[must_use]
    pub fn bucket(&self) -> u8 {
        // FNV-1a, finished so that the top byte depends on all of the name.
        let folded = self.part.iter().fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| {
            (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let [top, ..] = folded.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes();
        top
    }
}

impl Ord for Partition {
    fn cmp(&self, other: &Self) -> Ordering {
        let place = |partition: &Self| (partition.space, partition.part.len());
        place(self).cmp(&place(other)).then_with(|| self.part.cmp(&other.part))
    }
}

impl PartialOrd for Partition {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.space.0)?;
        self.part.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A row's key.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Where.
    pub partition: Partition,
    /// Which row; rows of a partition are ordered by these bytes.
    pub sort: Box<[u8]>,
}

impl Key {
    /// Where the row is, for errors and logs: space, bucket and a digest that finds the row again but does not show it.
    #[must_use]
    pub fn place(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.partition.part.len() as u64).to_le_bytes());
        hasher.update(&self.partition.part).update(&self.sort);
        let mut digest = [0; 8];
        hasher.finalize_xof().fill(&mut digest);
        let Self { partition, .. } = self;
        format!("space {}, bucket {}, row {:016x}", partition.space.0, partition.bucket(), u64::from_be_bytes(digest))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}/", self.partition)?;
        self.sort.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
