//! What a store has last been seen to hold, kept outside of its folder.
//!
//! A store that was put back from a backup, or whose disk lied about a sync, is whole and old: nothing inside it can
//! say so. The witness says it. It is one line of text that the server writes beside the data from time to time, best
//! on another disk; this module is its format and the comparison. Files are the engine half's business.

use crate::{BatchId, Seq};

/// The last position that was seen, and which batch it was given to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Witness {
    /// The position.
    pub seq: Seq,
    /// The batch at it; all zeros for a store without batches.
    pub batch: BatchId,
}

/// How a store stands to its witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// There is no witness yet: a new store, or a witness that was lost.
    Unwitnessed,
    /// Everything that was witnessed is there.
    Complete,
    /// The batches of a gap were there once and are not.
    Behind(Gap),
    /// Another batch stands at the witnessed position: this is not the store that was witnessed, or it went on from an
    /// older state of it.
    Forked(Seq),
}

/// Batches that are missing: from after `held` to `witnessed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// The last position that the store holds.
    pub held: Seq,
    /// The last position that was witnessed.
    pub witnessed: Seq,
}

/// The words that a witness begins with.
const FORMAT: &str = "nayose witness 1";

impl Witness {
    /// The witness as one line: format, position, batch, and a checksum over all of it.
    #[must_use]
    pub fn to_line(&self) -> String {
        let text = format!("{FORMAT} {} {:032x}", self.seq.0, u128::from_be_bytes(self.batch.0));
        format!("{text} {}\n", checksum(&text))
    }

    /// Reads a line; none when it is not whole.
    #[must_use]
    pub fn from_line(line: &str) -> Option<Self> {
        let (text, sum) = line.strip_suffix('\n')?.rsplit_once(' ')?;
        if checksum(text) != sum {
            return None;
        }
        let (seq, batch) = text.strip_prefix(FORMAT)?.strip_prefix(' ')?.split_once(' ')?;
        let batch = u128::from_str_radix(batch, 16).ok()?.to_be_bytes();
        Some(Self { seq: Seq(seq.parse().ok()?), batch: BatchId(batch) })
    }

    /// How a store stands to this witness: the position that it holds, and the position that it gave to the witnessed
    /// batch, if it knows the batch.
    #[must_use]
    pub fn standing(&self, held: Seq, of_batch: Option<Seq>) -> Standing {
        if held < self.seq {
            Standing::Behind(Gap { held, witnessed: self.seq })
        } else if self.seq > Seq(0) && of_batch != Some(self.seq) {
            Standing::Forked(self.seq)
        } else {
            Standing::Complete
        }
    }
}

fn checksum(text: &str) -> String {
    let mut sum = [0; 8];
    blake3::Hasher::new().update(text.as_bytes()).finalize_xof().fill(&mut sum);
    format!("{:016x}", u64::from_be_bytes(sum))
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITNESS: Witness = Witness { seq: Seq(42), batch: BatchId([0xab; 16]) };

    #[test]
    fn lines_come_back_and_every_damage_is_seen() {
        let line = WITNESS.to_line();
        assert_eq!(Witness::from_line(&line), Some(WITNESS));
        let bytes = line.as_bytes();
        for length in 0..bytes.len() {
            assert_eq!(Witness::from_line(std::str::from_utf8(&bytes[..length]).unwrap()), None);
        }
        for position in 0..bytes.len() {
            let mut damaged = bytes.to_vec();
            damaged[position] ^= 1;
            assert_eq!(Witness::from_line(std::str::from_utf8(&damaged).unwrap()), None, "{position}");
        }
    }

    #[track_caller]
    fn check(held: u64, of_batch: Option<u64>, expected: Standing) {
        assert_eq!(WITNESS.standing(Seq(held), of_batch.map(Seq)), expected);
    }

    #[test]
    fn standings() {
        check(42, Some(42), Standing::Complete);
        check(99, Some(42), Standing::Complete);
        check(41, None, Standing::Behind(Gap { held: Seq(41), witnessed: Seq(42) }));
        check(0, None, Standing::Behind(Gap { held: Seq(0), witnessed: Seq(42) }));
        check(42, None, Standing::Forked(Seq(42)));
        check(99, Some(41), Standing::Forked(Seq(42)));
        let new = Witness { seq: Seq(0), batch: BatchId([0; 16]) };
        assert_eq!(new.standing(Seq(0), None), Standing::Complete);
        assert_eq!(new.standing(Seq(5), None), Standing::Complete);
    }
}
