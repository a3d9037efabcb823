//! An identifier of a patient: an assigning authority and the value that it gave out.
//!
//! The value is a personal value. It is therefore not part of any key, and this type has no `Display`: whoever wants
//! the text into an answer says so by asking for it, and a log line that holds an identifier does not hold its value.
//! The value is compared as it is written: `0012` is not `12`, and no width is folded, since an authority decides alone
//! which of its values are the same.

use crate::AuthorityId;
use serde::{Deserialize, Deserializer, Serialize};
use std::borrow::Cow;
use std::fmt;

/// The most bytes of a value: four times the longest in common use, and short enough for every message format.
pub const VALUE_BYTES_MAX: usize = 128;

/// A value in the domain of an assigning authority.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Identifier {
    authority: AuthorityId,
    value: Box<str>,
}

/// Why a text is not the value of an identifier. The text itself is never part of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidIdentifier {
    /// Nothing is left after trimming.
    #[error("the value of the identifier is empty")]
    Empty,
    /// Over [`VALUE_BYTES_MAX`].
    #[error("the value of the identifier has {bytes} bytes, over the limit of {VALUE_BYTES_MAX}")]
    TooLong {
        /// Its length.
        bytes: usize,
    },
    /// A control character, an invisible one, or the mark of a lost one: two values could look the same, or two lost
    /// values be the same.
    #[error("the value of the identifier holds a character that cannot be seen (U+{code:04X})")]
    Invisible {
        /// The first such character.
        code: u32,
    },
}

impl Identifier {
    /// An identifier; white space around the value is dropped.
    ///
    /// # Errors
    /// [`InvalidIdentifier`] when the value is empty, too long or holds a character that cannot be seen.
    pub fn new(authority: AuthorityId, value: &str) -> Result<Self, InvalidIdentifier> {
        let value = value.trim();
        if value.is_empty() {
            return Err(InvalidIdentifier::Empty);
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(InvalidIdentifier::TooLong { bytes: value.len() });
        }
        if let Some(character) = value.chars().find(|character| is_invisible(*character)) {
            return Err(InvalidIdentifier::Invisible { code: u32::from(character) });
        }
        Ok(Self { authority, value: value.into() })
    }

    /// In whose domain.
    #[must_use]
    pub fn authority(&self) -> &AuthorityId {
        &self.authority
    }

    /// The value: for answers, never for log lines or keys.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

/// Control characters, characters without width or that turn the direction, and the mark of a lost character.
fn is_invisible(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(character, '\u{feff}' | '\u{fffd}')
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identifier").field("authority", &self.authority).finish_non_exhaustive()
    }
}

impl<'de> Deserialize<'de> for Identifier {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Unchecked<'a> {
            authority: AuthorityId,
            #[serde(borrow)]
            value: Cow<'a, str>,
        }
        let Unchecked { authority, value } = Unchecked::deserialize(deserializer)?;
        Self::new(authority, &value).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(value: &str, expected: Result<&str, &str>) {
        let authority = AuthorityId::new("1.2.392.200119").unwrap();
        let found = Identifier::new(authority, value);
        match (found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found.value(), expected),
            (Err(found), Err(expected)) => {
                let message = found.to_string();
                assert!(message.contains(expected), "{message}");
            }
            (found, expected) => panic!("{found:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn values_are_kept_as_written() {
        check("0012345678", Ok("0012345678"));
        check(" 12\u{3000}", Ok("12"));
        check("Ａ－１", Ok("Ａ－１"));
        check("a b", Ok("a b"));
        check("", Err("empty"));
        check("\u{3000}", Err("empty"));
        check("1\t2", Err("U+0009"));
        check("1\u{200b}2", Err("U+200B"));
        check("\u{feff}12", Err("U+FEFF"));
        check("12\u{fffd}", Err("U+FFFD"));
        check(&"9".repeat(128), Ok(&"9".repeat(128)));
        check(&"9".repeat(129), Err("129 bytes"));
    }

    #[test]
    fn the_value_does_not_reach_a_log_line() {
        let identifier = Identifier::new(AuthorityId::new("1.2.392").unwrap(), "4711").unwrap();
        assert_eq!(format!("{identifier:?}"), "Identifier { authority: urn:oid:1.2.392, .. }");
    }
}
