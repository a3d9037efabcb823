//! One word per value that tells, without looking at the value, what two values can *not* be.
//!
//! Nearly all candidate pairs are of strangers whose names, numbers and dates have little in common. A word of 64 bits
//! per value says so from one cache line: which characters a name has, the digits of a number, the parts of a date.
//! What two words leave open is decided by the real comparison; what they rule out is ruled out for certain, so a
//! result can never depend on them.

use crate::compare::class::{self, CLASSES, class_of};
use crate::compare::{self, Measure, Threshold};
use crate::normalize::Kind;
use crate::rules::Atom;
use crate::value::{PartialDate, Quality, Value};

/// What is known of a value: 0 for a missing one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sketch(u64);

/// What two sketches say of two values of one field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum State {
    /// At least one is missing.
    Missing = 0,
    /// No measure that the rules take of this field can hold.
    Far = 1,
    /// Not equal, not even folded; they may be near.
    Near = 2,
    /// They may be equal.
    Alike = 3,
}

impl State {
    /// All states, in order of their numbers.
    pub(crate) const ALL: [Self; 4] = [Self::Missing, Self::Far, Self::Near, Self::Alike];
}

/// How the values of a field are sketched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A bit for each character in some class, and the length above.
    Characters,
    /// Up to 15 digits of four bits each, the first lowest, and their number above.
    Digits,
    /// Year, month, day and what is known of them.
    Date,
}

/// Nothing is known but that there is a value.
const UNKNOWN: u64 = u64::MAX;
/// Bits of a sketch of characters that stand for characters; the four above are the length.
const CLASS_BITS: u64 = (1 << CLASSES) - 1;
/// Lengths from here on are not told apart.
const LENGTH_UNKNOWN: u32 = 15;
/// The place of the length of digits.
const DIGITS_LENGTH: u32 = 60;

const DATE_PRESENT: u64 = 1 << 63;
const DATE_DEFAULT: u64 = 1 << 62;
const DATE_MONTH: u64 = 1 << 61;
const DATE_DAY: u64 = 1 << 60;

impl Form {
    /// The form that suits a kind of field.
    pub(crate) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Date => Self::Date,
            Kind::Postcode
            | Kind::Phone
            | Kind::InsuranceNumber
            | Kind::InsurerNumber
            | Kind::BranchNumber
            | Kind::Digits => Self::Digits,
            _ => Self::Characters,
        }
    }

    /// The sketch of a value.
    pub(crate) fn sketch(self, value: &Value) -> Sketch {
        let known = match self {
            Self::Characters => characters(value.folded()),
            Self::Digits => digits(value.folded()),
            Self::Date => date(value),
        };
        Sketch(known.unwrap_or(UNKNOWN))
    }
}

fn characters(folded: &str) -> Option<u64> {
    if class::is_interchanged(folded) {
        return None;
    }
    let (mut bits, mut length) = (0, 0_u32);
    for character in folded.chars() {
        length += 1;
        // A wildcard may stand for any character.
        if character == crate::normalize::WILDCARD || length >= LENGTH_UNKNOWN {
            return None;
        }
        bits |= 1 << class_of(character);
    }
    (length > 0).then_some(bits | u64::from(length) << CLASSES)
}

fn digits(folded: &str) -> Option<u64> {
    let length = u32::try_from(folded.len()).ok().filter(|length| (1..=15).contains(length))?;
    let digit = |sketch: u64, (place, byte): (u32, u8)| {
        byte.is_ascii_digit().then(|| sketch | u64::from(byte - b'0') << (4 * place))
    };
    let digits = (0..).zip(folded.bytes()).try_fold(0, digit)?;
    Some(digits | u64::from(length) << DIGITS_LENGTH)
}

fn date(value: &Value) -> Option<u64> {
    let date = value.date()?;
    // Folded equal values must have one sketch: here it is one of the parts, not of the text.
    if !value.is_own_key() {
        return None;
    }
    let part = |part: Option<u8>, place: u32, flag: u64| part.map_or(0, |part| u64::from(part) << place | flag);
    let default = if value.quality().has(Quality::DEFAULT_DATE) { DATE_DEFAULT } else { 0 };
    let parts = u64::from(date.year) | part(date.month, 16, DATE_MONTH) | part(date.day, 24, DATE_DAY);
    Some(DATE_PRESENT | default | parts)
}

impl Sketch {
    /// The sketch of a missing value.
    pub(crate) const MISSING: Self = Self(0);

    fn length(self) -> u32 {
        u32::try_from(self.0 >> CLASSES).unwrap_or(LENGTH_UNKNOWN)
    }

    fn partial_date(self) -> PartialDate {
        let byte = |place: u32| u8::try_from(self.0 >> place & 255).unwrap_or(0);
        PartialDate {
            year: u16::try_from(self.0 & 0xffff).unwrap_or(0),
            month: (self.0 & DATE_MONTH != 0).then(|| byte(16)),
            day: (self.0 & DATE_DAY != 0).then(|| byte(24)),
        }
    }
}

/// What may make two values of one field near: a test for each measure that the rules take of it. A test holds
/// whenever its measure does.
#[derive(Clone, Debug)]
pub(crate) enum Nearness {
    /// No test: some measure can hold whatever the sketches say.
    Open,
    /// For texts.
    Characters(CharacterTests),
    /// For numbers.
    Digits {
        /// One edit or one swap of neighbours.
        one_edit: bool,
        /// By the length of the shorter number: the least common beginning, in digits.
        beginning: Option<[u8; 16]>,
    },
    /// For dates.
    Date {
        /// One edit or one swap of the eight digits.
        one_digit: bool,
        /// A default for unknown.
        default: bool,
        /// Measures of the parts.
        parts: Vec<(Measure, Threshold)>,
    },
}

/// The tests of two texts.
#[derive(Clone, Debug, Default)]
pub(crate) struct CharacterTests {
    /// Edits: so many classes of either text may be missing in the other, and so many characters of its length.
    edits: Option<u32>,
    /// The same for sounds, not counting classes that cost less than an edit to drop: classes, and length.
    sounds: Option<(u32, u32)>,
    /// By both lengths, 16 times the one plus the other: the characters in common that a similarity needs.
    similar: Option<Box<[u8; 256]>>,
}

impl Nearness {
    /// The tests for all measures of one field of that form.
    pub(crate) fn of<'a>(form: Form, atoms: impl Iterator<Item = &'a Atom>) -> Self {
        let mut nearness = match form {
            Form::Characters => Self::Characters(CharacterTests::default()),
            Form::Digits => Self::Digits { one_edit: false, beginning: None },
            Form::Date => Self::Date { one_digit: false, default: false, parts: Vec::new() },
        };
        for atom in atoms.filter(|atom| !matches!(atom.measure, Measure::Exact | Measure::Folded)) {
            if nearness.admit(atom).is_none() {
                return Self::Open;
            }
        }
        nearness
    }

    /// Widens the tests by a measure; `None` when no test is known for it.
    fn admit(&mut self, atom: &Atom) -> Option<()> {
        match (self, atom.measure, atom.threshold) {
            (Self::Characters(tests), measure, threshold) => tests.admit(measure, threshold)?,
            (Self::Digits { one_edit, .. }, Measure::Damerau | Measure::Levenshtein, Threshold::AtMost(most))
                if most < 2.0 =>
            {
                *one_edit = true;
            }
            (Self::Digits { beginning, .. }, Measure::Prefix, Threshold::AtLeast(least)) => {
                let known = beginning.get_or_insert([u8::MAX; 16]);
                for (length, known) in (0_u8..).zip(known) {
                    let reaches = |common: &u8| f64::from(*common) / f64::from(length.max(1)) >= least;
                    *known = (0..=length).find(reaches).unwrap_or(u8::MAX).min(*known);
                }
            }
            (Self::Date { one_digit, .. }, Measure::DateDigits, Threshold::AtMost(most)) if most < 2.0 => {
                *one_digit = true;
            }
            (Self::Date { default, .. }, Measure::DefaultDate, Threshold::Flag) => *default = true,
            (Self::Date { parts, .. }, measure, threshold) if compare::is_of_dates(measure) => {
                parts.push((measure, threshold));
            }
            _ => return None,
        }
        Some(())
    }

    /// What two sketches say.
    #[inline]
    pub(crate) fn state(&self, left: Sketch, right: Sketch) -> State {
        let mut state = [0];
        self.add_states(left, std::iter::once(right), &mut state, 0);
        State::ALL.get(usize::from(state[0])).copied().unwrap_or(State::Alike)
    }

    /// Adds what the sketches of one record and of several others say to numbers of states, at some bit.
    ///
    /// What kind of test it is, is asked once and not for each of the others, and the tests take no branches: what
    /// strangers have in common is beyond any prediction.
    #[inline]
    pub(crate) fn add_states(&self, left: Sketch, rights: impl Iterator<Item = Sketch>, states: &mut [u16], bit: u32) {
        let pairs = states.iter_mut().zip(rights);
        match self {
            Self::Open => pairs.for_each(|(states, right)| *states |= number(left, right, true) << bit),
            Self::Characters(tests) => {
                pairs.for_each(|(states, right)| *states |= number(left, right, tests.may_hold(left, right)) << bit);
            }
            Self::Digits { one_edit, beginning } => {
                let beginning = beginning.unwrap_or([u8::MAX; 16]);
                for (states, right) in pairs {
                    let (common, shorter) = common_beginning(left.0, right.0);
                    let begins = beginning.get(shorter as usize).is_some_and(|least| common >= u32::from(*least));
                    let near = (*one_edit & differ_within(left.0, right.0, 2)) | begins;
                    *states |= number(left, right, near) << bit;
                }
            }
            Self::Date { one_digit, default, parts } => {
                let is_open = |right: Sketch| {
                    *default && (left.0 | right.0) & DATE_DEFAULT != 0
                        || *one_digit && may_be_one_digit(left, right)
                        || parts.iter().any(|(measure, threshold)| {
                            let number = compare::date_measure(*measure, left.partial_date(), right.partial_date());
                            number.is_some_and(|number| threshold.met_by(number))
                        })
                };
                for (states, right) in pairs {
                    let is_same = left == right || left.0 == 0 || right.0 == 0;
                    *states |= number(left, right, !is_same && is_open(right)) << bit;
                }
            }
        }
    }
}

/// The number of the state of two sketches, of which `near` says whether any measure may hold.
#[inline]
fn number(left: Sketch, right: Sketch, near: bool) -> u16 {
    let is_missing = (left.0 == 0) | (right.0 == 0);
    let is_alike = (left.0 == right.0) | (left.0 == UNKNOWN) | (right.0 == UNKNOWN);
    let apart = State::Far as u16 + u16::from(near);
    let present = if is_alike { State::Alike as u16 } else { apart };
    if is_missing { State::Missing as u16 } else { present }
}

impl CharacterTests {
    fn admit(&mut self, measure: Measure, threshold: Threshold) -> Option<()> {
        let edits = match (measure, threshold) {
            (Measure::Damerau | Measure::Levenshtein, Threshold::AtMost(most)) => whole(most)?,
            // Texts with a wildcard and names that are interchanged as a whole are not sketched; what is left of these
            // measures keeps every class.
            (Measure::Wildcard | Measure::SoftVariant, Threshold::Flag) => 0,
            (Measure::KanaDistance, Threshold::AtMost(most)) => {
                let (edits, lengths) = (whole(most)?, whole(most / class::KANA_DROP_MIN)?);
                let (known_edits, known_lengths) = self.sounds.unwrap_or_default();
                self.sounds = Some((edits.max(known_edits), lengths.max(known_lengths)));
                return Some(());
            }
            (Measure::JaroWinkler, Threshold::AtLeast(least)) => {
                let similar = self.similar.get_or_insert_with(|| Box::new([u8::MAX; 256]));
                similar.iter_mut().zip(needed(least)).for_each(|(known, needed)| *known = needed.min(*known));
                return Some(());
            }
            _ => return None,
        };
        self.edits = Some(self.edits.map_or(edits, |known| known.max(edits)));
        Some(())
    }

    #[inline]
    fn may_hold(&self, left: Sketch, right: Sketch) -> bool {
        let only_left = left.0 & !right.0 & CLASS_BITS;
        let only_right = right.0 & !left.0 & CLASS_BITS;
        let (one, other) = (left.length(), right.length());
        let apart = one.abs_diff(other);
        let within = |most: u32, only: u64, by: u32| {
            (apart <= by) & has_at_most(only_left & only, most) & has_at_most(only_right & only, most)
        };
        let mut may = self.edits.is_some_and(|most| within(most, CLASS_BITS, most));
        may |= self.sounds.is_some_and(|(edits, lengths)| within(edits, CLASS_BITS & !class::CHEAP, lengths));
        may | self.similar.as_ref().is_some_and(|needed| {
            let needed = needed.get((16 * one + other) as usize).copied().map_or(u32::MAX, u32::from);
            // Every class that the other lacks is a character at least that has no partner there.
            let common = one.saturating_sub(only_left.count_ones()).min(other.saturating_sub(only_right.count_ones()));
            common >= needed
        })
    }
}

/// Whether a word has at most so many bits set. Counting them all costs more where the processor has no instruction
/// for it.
#[inline]
fn has_at_most(mut word: u64, most: u32) -> bool {
    for _ in 0..most {
        word &= word.wrapping_sub(1);
    }
    word == 0
}

/// A bound of edits as a whole number, one more than it may be where rounding could matter.
fn whole(most: f64) -> Option<u32> {
    /// Bounds beyond this rule nothing out.
    const MOST: f64 = 60.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and MOST")]
    (0.0..MOST).contains(&most).then(|| (most + 1e-9).floor() as u32)
}

/// By both lengths: the fewest characters in common with which Jaro–Winkler, with the whole boost for a common
/// beginning, reaches `least`; more than any text has where none does.
fn needed(least: f64) -> [u8; 256] {
    let mut needed = [0; 256];
    for (place, slot) in needed.iter_mut().enumerate() {
        let (left, right) = (place / 16, place % 16);
        let reaches = |common: &usize| compare::jaro_winkler_ceiling(left, right, *common) >= least;
        *slot = (0..=left.min(right)).find(reaches).and_then(|common| u8::try_from(common).ok()).unwrap_or(u8::MAX);
    }
    needed
}

/// Whether two texts may be one edit or one swap of neighbours apart: `false` is certain, and said of digits only.
pub(crate) fn may_be_one_edit(left: &Value, right: &Value) -> bool {
    let sketched = digits(left.folded()).zip(digits(right.folded()));
    sketched.is_none_or(|(left, right)| differ_within(left, right, 2))
}

/// Bits of the digits of a sketch, without their number.
const DIGITS: u64 = (1 << DIGITS_LENGTH) - 1;

fn bits_of(digits: u64) -> u32 {
    4 * u32::try_from(digits >> DIGITS_LENGTH).unwrap_or(0)
}

/// Whether what lies between the common beginning and the common end is at most so many digits, and the lengths differ
/// by one at most. One edit leaves one digit there at most, and a swap of neighbours two.
fn differ_within(left: u64, right: u64, most: u32) -> bool {
    let (a, b) = (bits_of(left), bits_of(right));
    let (long, short) = (a.max(b), a.min(b));
    let begin = (((left ^ right) & DIGITS).trailing_zeros() / 4 * 4).min(short);
    // Shifted so that the last digits of both stand in the highest place.
    let aligned = |digits: u64, bits: u32| (digits & DIGITS).wrapping_shl(64 - bits);
    let end = ((aligned(left, a) ^ aligned(right, b)).leading_zeros() / 4 * 4).min(short);
    (long - short <= 4) & (long <= begin + end + 4 * most)
}

/// The digits that begin both, and the length of the shorter number.
#[inline]
fn common_beginning(left: u64, right: u64) -> (u32, u32) {
    let short = bits_of(left).min(bits_of(right));
    ((((left ^ right) & DIGITS).trailing_zeros()).min(short) / 4, short / 4)
}

fn may_be_one_digit(left: Sketch, right: Sketch) -> bool {
    let packed = |date: PartialDate| {
        let (year, month, day) = (u64::from(date.year), u64::from(date.month?), u64::from(date.day?));
        let digits = [year / 1000, year / 100, year / 10, year, month / 10, month, day / 10, day];
        let sketch = (0..).zip(digits).fold(0, |sketch, (place, digit)| sketch | (digit % 10) << (4 * place));
        Some(sketch | 8 << DIGITS_LENGTH)
    };
    let (left, right) = (packed(left.partial_date()), packed(right.partial_date()));
    left.zip(right).is_some_and(|(left, right)| differ_within(left, right, 2))
}

#[cfg(test)]
mod tests;
