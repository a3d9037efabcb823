//! Parts of a blocking key: a field, or one cheap function of it.
//!
//! A part is computed once per distinct value and hashed; a record's key is the mix of its parts. Keys are hashes and
//! never texts, so no personal value is held twice, and a chance collision costs one comparison, never a link.

use crate::rules::{Field, FieldId};
use crate::value::Value;
use std::fmt;

/// One part of a blocking key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPart {
    /// What is taken from the field.
    pub function: KeyFunction,
    /// The field.
    pub field: FieldId,
    /// The second field of [`KeyFunction::EitherOrder`].
    pub second: Option<FieldId>,
}

/// What a key part takes from a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyFunction {
    /// The folded text.
    Folded,
    /// The first characters of the folded text.
    Prefix(u8),
    /// The last characters of the folded text.
    Suffix(u8),
    /// American Soundex of a Latin text.
    Soundex,
    /// Consonants of a Latin text without repeats, first letter kept.
    Consonants,
    /// Two fields in either order: finds family and given name swapped.
    EitherOrder,
    /// Every text that one deletion gives, and the text itself: finds one typing error. Several keys per record.
    OneDeleted,
    /// Every token of a text of several words. Several keys per record.
    Tokens,
    /// Year of a date.
    Year,
    /// Month and day of a date.
    MonthDay,
    /// Year and month of a date.
    YearMonth,
    /// Year and day of a date: finds a wrong month.
    YearDay,
    /// The digits of a date in sorted order: finds transposed digits and swapped day and month.
    SortedDigits,
}

const FUNCTIONS: &[(&str, KeyFunction)] = &[
    ("prefix", KeyFunction::Prefix(0)),
    ("suffix", KeyFunction::Suffix(0)),
    ("soundex", KeyFunction::Soundex),
    ("consonants", KeyFunction::Consonants),
    ("either_order", KeyFunction::EitherOrder),
    ("one_deleted", KeyFunction::OneDeleted),
    ("tokens", KeyFunction::Tokens),
    ("year", KeyFunction::Year),
    ("month_day", KeyFunction::MonthDay),
    ("year_month", KeyFunction::YearMonth),
    ("year_day", KeyFunction::YearDay),
    ("sorted_digits", KeyFunction::SortedDigits),
];

/// Characters of a text that deletion keys look at: longer texts would give one key per character without end.
const DELETION_CHARS_MAX: usize = 24;
/// Tokens of a text that token keys look at.
const TOKENS_MAX: usize = 8;

impl KeyPart {
    /// Parses `field`, `prefix(field, 3)`, `either_order(family, given)` and the like.
    ///
    /// # Errors
    /// A sentence that names what is unknown.
    pub fn parse(text: &str, field: &dyn Fn(&str) -> Option<FieldId>) -> Result<Self, String> {
        let resolve = |name: &str| field(name.trim()).ok_or_else(|| format!("unknown field `{}`", name.trim()));
        let Some((name, rest)) = text.split_once('(') else {
            return Ok(Self { function: KeyFunction::Folded, field: resolve(text)?, second: None });
        };
        let arguments = rest.trim_end().strip_suffix(')').ok_or_else(|| format!("`{text}` lacks `)`"))?;
        let arguments: Vec<&str> = arguments.split(',').collect();
        let known = FUNCTIONS.iter().find(|(known, _)| *known == name.trim());
        let (_, function) = known.ok_or_else(|| format!("unknown key function `{}`", name.trim()))?;
        let length = |text: &str| match text.trim().parse::<u8>() {
            Ok(length) if length > 0 => Ok(length),
            _ => Err(format!("`{}` is not a length from 1 to 255", text.trim())),
        };
        match (function, arguments.as_slice()) {
            (KeyFunction::Prefix(_), [name, n]) => {
                Ok(Self { function: KeyFunction::Prefix(length(n)?), field: resolve(name)?, second: None })
            }
            (KeyFunction::Suffix(_), [name, n]) => {
                Ok(Self { function: KeyFunction::Suffix(length(n)?), field: resolve(name)?, second: None })
            }
            (KeyFunction::EitherOrder, [a, b]) => {
                Ok(Self { function: KeyFunction::EitherOrder, field: resolve(a)?, second: Some(resolve(b)?) })
            }
            (KeyFunction::Prefix(_) | KeyFunction::Suffix(_) | KeyFunction::EitherOrder, _) => {
                Err(format!("`{}` takes two arguments", name.trim()))
            }
            (function, [name]) => Ok(Self { function: *function, field: resolve(name)?, second: None }),
            _ => Err(format!("`{}` takes one field", name.trim())),
        }
    }

    /// The part as it is written in a rule file.
    #[must_use]
    pub fn display<'a>(&'a self, fields: &'a [Field]) -> impl fmt::Display + 'a {
        Shown { part: self, fields }
    }

    /// Calls `visit` for every field that the part reads.
    pub fn for_each_field(&self, visit: &mut dyn FnMut(FieldId)) {
        visit(self.field);
        if let Some(second) = self.second {
            visit(second);
        }
    }
}

struct Shown<'a> {
    part: &'a KeyPart,
    fields: &'a [Field],
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = |field: FieldId| self.fields.get(field.index()).map_or("?", |field| field.name.as_str());
        let first = name(self.part.field);
        let function = match self.part.function {
            KeyFunction::Folded => return f.write_str(first),
            KeyFunction::Prefix(n) => return write!(f, "prefix({first}, {n})"),
            KeyFunction::Suffix(n) => return write!(f, "suffix({first}, {n})"),
            function => FUNCTIONS.iter().find(|(_, known)| *known == function).map_or("?", |(name, _)| name),
        };
        match self.part.second {
            Some(second) => write!(f, "{function}({first}, {})", name(second)),
            None => write!(f, "{function}({first})"),
        }
    }
}

impl KeyFunction {
    /// The words of all functions in rule files; a bare field is its folded text.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FUNCTIONS.iter().map(|(name, _)| *name)
    }

    /// Whether one record can have several keys.
    #[must_use]
    pub fn is_multiple(self) -> bool {
        matches!(self, Self::OneDeleted | Self::Tokens)
    }

    /// Appends the hashed keys of one value; nothing when the value does not have what the function takes.
    pub fn keys(self, value: &Value, out: &mut Vec<u64>) {
        let folded = value.folded();
        match self {
            Self::Folded | Self::EitherOrder => out.push(hash(folded.as_bytes())),
            Self::Prefix(n) => out.extend(affix(folded.chars(), n)),
            Self::Suffix(n) => out.extend(affix(folded.chars().rev(), n)),
            Self::Soundex => out.extend(soundex(folded).map(|code| hash(&code))),
            Self::Consonants => out.extend(consonants(folded)),
            Self::OneDeleted => one_deleted(folded, out),
            Self::Tokens => {
                let start = out.len();
                out.extend(folded.split_whitespace().take(TOKENS_MAX).map(|token| hash(token.as_bytes())));
                if let Some(added) = out.get_mut(start..) {
                    added.sort_unstable();
                }
                dedup_from(out, start);
            }
            Self::Year | Self::MonthDay | Self::YearMonth | Self::YearDay | Self::SortedDigits => {
                out.extend(self.date_key(value));
            }
        }
    }

    fn date_key(self, value: &Value) -> Option<u64> {
        let date = value.date()?;
        let year = date.year.to_le_bytes();
        match self {
            Self::Year => Some(hash(&year)),
            Self::MonthDay => Some(hash(&[date.month?, date.day?])),
            Self::YearMonth => Some(hash(&[year[0], year[1], date.month?])),
            Self::YearDay => Some(hash(&[year[0], year[1], date.day?, 255])),
            _ => {
                let mut digits: Vec<u8> = format!("{:04}{:02}{:02}", date.year, date.month?, date.day?).into_bytes();
                digits.sort_unstable();
                Some(hash(&digits))
            }
        }
    }
}

/// A fixed 64-bit hash: the same on every machine and in every run, because samples and orders depend on it.
#[must_use]
pub fn hash(bytes: &[u8]) -> u64 {
    // FNV-1a, finished with the SplitMix64 mixer so that all bits depend on all bytes.
    let folded = bytes
        .iter()
        .fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| (state ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3));
    mix(folded)
}

/// The `SplitMix64` finaliser (Steele, Lea, Flood 2014): a bijection that spreads every input bit.
#[must_use]
pub fn mix(mut state: u64) -> u64 {
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// Exactly `n` characters; a shorter text has no such key, or every short name would share one block.
fn affix(characters: impl Iterator<Item = char>, n: u8) -> Option<u64> {
    let taken: String = characters.take(usize::from(n)).collect();
    (taken.chars().count() == usize::from(n)).then(|| hash(taken.as_bytes()))
}

fn dedup_from(out: &mut Vec<u64>, start: usize) {
    let mut tail = out.split_off(start.min(out.len()));
    tail.dedup();
    out.append(&mut tail);
}

fn one_deleted(text: &str, out: &mut Vec<u64>) {
    let characters: Vec<char> = text.chars().take(DELETION_CHARS_MAX).collect();
    let start = out.len();
    out.push(hash(text.as_bytes()));
    // Deleting from two characters leaves one, which half the population shares.
    if characters.len() >= 3 {
        for skipped in 0..characters.len() {
            let kept = characters.iter().enumerate().filter(|(position, _)| *position != skipped);
            let shorter: String = kept.map(|(_, c)| *c).collect();
            out.push(hash(shorter.as_bytes()));
        }
    }
    if let Some(added) = out.get_mut(start..) {
        added.sort_unstable();
    }
    dedup_from(out, start);
}

/// American Soundex (Knuth, volume 3): one letter and three digits; `None` without a Latin letter.
fn soundex(text: &str) -> Option<[u8; 4]> {
    let digit = |letter: u8| match letter {
        b'b' | b'f' | b'p' | b'v' => b'1',
        b'c' | b'g' | b'j' | b'k' | b'q' | b's' | b'x' | b'z' => b'2',
        b'd' | b't' => b'3',
        b'l' => b'4',
        b'm' | b'n' => b'5',
        b'r' => b'6',
        _ => b'0',
    };
    let mut letters = text.bytes().map(|byte| byte.to_ascii_lowercase()).filter(u8::is_ascii_alphabetic);
    let first = letters.next()?;
    let mut code = [first, b'0', b'0', b'0'];
    let mut slots = code.iter_mut().skip(1);
    let mut last = digit(first);
    for letter in letters {
        let next = digit(letter);
        if next != b'0' && next != last {
            match slots.next() {
                Some(slot) => *slot = next,
                None => break,
            }
        }
        if !matches!(letter, b'h' | b'w') {
            last = next;
        }
    }
    Some(code)
}

fn consonants(text: &str) -> Option<u64> {
    let mut kept: Vec<u8> = Vec::new();
    for byte in text.bytes().map(|byte| byte.to_ascii_lowercase()).filter(u8::is_ascii_alphabetic) {
        let is_vowel = matches!(byte, b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'h' | b'w');
        if kept.is_empty() || (!is_vowel && kept.last() != Some(&byte)) {
            kept.push(byte);
        }
    }
    (!kept.is_empty()).then(|| hash(&kept))
}
