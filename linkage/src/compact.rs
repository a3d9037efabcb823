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
        self.differs_within(other, 2)
    }

    /// The same for dates written `1948-04-05`, of which only the digits count: a swap may reach over a hyphen.
    #[must_use]
    pub fn may_be_one_digit(self, other: Self) -> bool {
        self.differs_within(other, 3)
    }

    /// Whether what lies between the common beginning and the common end is at most so many characters, and the
    /// lengths differ by one at most.
    fn differs_within(self, other: Self, characters: u32) -> bool {
        let (a, b) = (self.bits(), other.bits());
        let (long, short) = (a.max(b), a.min(b));
        if long - short > 8 {
            return false;
        }
        let begin = self.common_bits(other).min(short);
        // Shifted so that the last characters of both stand in the highest place.
        let aligned = |word: u128, bits: u32| if bits == 0 { 0 } else { text(word) << (128 - bits) };
        let end = ((aligned(self.0, a) ^ aligned(other.0, b)).leading_zeros() / 8 * 8).min(short);
        long <= begin + end + 8 * characters
    }

    /// Bits of the characters that both begin with; more than either has when one begins the other.
    fn common_bits(self, other: Self) -> u32 {
        (text(self.0) ^ text(other.0)).trailing_zeros() / 8 * 8
    }

    /// Share of the shorter text that begins both (0..=1); `None` when one is empty.
    #[must_use]
    pub fn common_prefix(self, other: Self) -> Option<f64> {
        let short = self.bits().min(other.bits());
        (short > 0).then(|| f64::from(self.common_bits(other).min(short)) / f64::from(short))
    }
}

/// The characters of a word without its length.
fn text(word: u128) -> u128 {
    word & (u128::MAX >> 8)
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
            prop_assert!(!x.may_be_one_edit(y) || x.may_be_one_digit(y));
        }

        #[test]
        fn the_common_beginning_is_that_of_the_texts(a in "[0-2]{1,15}", b in "[0-2]{1,15}") {
            let (Some(x), Some(y)) = (Compact::of(&a), Compact::of(&b)) else { panic!("both fit") };
            let common = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count() as f64;
            prop_assert_eq!(x.common_prefix(y), Some(common / a.len().min(b.len()) as f64));
        }

        #[test]
        fn a_refused_date_is_two_digits_off(a in "19[0-9]{2}-0[1-9]-[01][0-9]", b in "19[0-9]{2}-0[1-9]-[01][0-9]") {
            let (Some(x), Some(y)) = (Compact::of(&a), Compact::of(&b)) else { panic!("both fit") };
            prop_assert!(x.may_be_one_digit(y) || damerau(&a.replace('-', ""), &b.replace('-', "")) > 1);
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
