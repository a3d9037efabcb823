//! Short ASCII texts in one machine word, to refuse most pairs without touching the texts.
//!
//! Telephone, insurance and post numbers are compared millions of times and nearly always differ by far. A word per
//! value answers "could these be one edit apart?" from one cache line; only a yes goes on to the real comparison.

/// A text of at most 15 ASCII bytes, and its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compact(u128);

/// The longest text that fits.
const BYTES_MAX: usize = 15;

impl Compact {
    /// The word of a text; `None` when it is too long or not ASCII.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        if text.len() > BYTES_MAX || !text.is_ascii() {
            return None;
        }
        let mut bytes = [0; 16];
        bytes.iter_mut().zip(text.bytes()).for_each(|(slot, byte)| *slot = byte);
        if let (Some(last), Ok(length)) = (bytes.last_mut(), u8::try_from(text.len())) {
            *last = length;
        }
        Some(Self(u128::from_le_bytes(bytes)))
    }

    fn bits(self) -> u32 {
        8 * u32::try_from(self.0 >> 120).unwrap_or(0)
    }

    /// Whether two texts may be one edit or one swap of neighbours apart; `false` is certain, `true` is not.
    ///
    /// After the common beginning and the common end, one edit leaves at most one character and a swap two.
    #[must_use]
    pub fn may_be_one_edit(self, other: Self) -> bool {
        let (a, b) = (self.bits(), other.bits());
        let (long, short) = (a.max(b), a.min(b));
        if long - short > 8 {
            return false;
        }
        let text = |word: u128| word & (u128::MAX >> 8);
        let begin = ((text(self.0) ^ text(other.0)).trailing_zeros() / 8 * 8).min(short);
        // Shifted so that the last characters of both stand in the highest place.
        let aligned = |word: u128, bits: u32| if bits == 0 { 0 } else { text(word) << (128 - bits) };
        let end = ((aligned(self.0, a) ^ aligned(other.0, b)).leading_zeros() / 8 * 8).min(short);
        long <= begin + end + 16
    }
}

#[cfg(test)]
mod tests {
    use super::Compact;
    use crate::compare::damerau;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_refusal_is_always_right(a in "[0-3]{0,15}", b in "[0-3]{0,15}") {
            let (Some(x), Some(y)) = (Compact::of(&a), Compact::of(&b)) else { panic!("both fit") };
            prop_assert!(x.may_be_one_edit(y) || damerau(&a, &b) > 1);
            prop_assert_eq!(x.may_be_one_edit(y), y.may_be_one_edit(x));
        }
    }

    #[test]
    fn far_numbers_are_refused() {
        let may = |a: &str, b: &str| Compact::of(a).zip(Compact::of(b)).map(|(a, b)| a.may_be_one_edit(b));
        assert_eq!(may("0852225111", "0852225111"), Some(true));
        assert_eq!(may("0852225111", "0852252111"), Some(true));
        assert_eq!(may("0852225111", "0853226111"), Some(false));
        assert_eq!(may("", "12"), Some(false));
        assert_eq!(Compact::of("ワタナベ"), None);
    }
}
