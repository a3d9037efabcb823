//! Ids of the index: source records, persons, tasks, merges.
//!
//! A record's id is a keyed digest of its identifier, so that looking an identifier up is one read and no personal value
//! is part of a key. A person's id is a number that the caller draws at random; people see it as an *enterprise id* with
//! the prefix of the network and a check digit, in groups that can be read aloud.

use serde::{Deserialize, Serialize};
use std::fmt;

/// A source record: the keyed digest of its assigning authority and local id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RecordId(pub [u8; 16]);

/// A review task: the digest of what it is about, so that one doubt is one task.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TaskId(pub [u8; 16]);

/// A merge of two persons.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MergeId(pub [u8; 16]);

/// A person, 0..[`PersonId::LIMIT`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PersonId(u64);

/// A text that is no enterprise id of this network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnterpriseIdError {
    /// Another prefix, or not eleven digits and a check digit.
    #[error("not an enterprise id of this network: expected the prefix and 12 digits")]
    Form,
    /// The check digit does not fit: a digit was misread or two were exchanged.
    #[error("the check digit of the enterprise id does not fit: a digit is wrong, or two are exchanged")]
    CheckDigit,
}

impl PersonId {
    /// The first number that is no person id: eleven digits.
    pub const LIMIT: u64 = 100_000_000_000;

    /// A person id from any number, random or stored.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number % Self::LIMIT)
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// The bytes that order persons in keys.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }

    /// The person id of a key.
    #[must_use]
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        Some(Self::new(u64::from_be_bytes(bytes.try_into().ok()?)))
    }

    /// The enterprise id: prefix, three groups of four digits, the last of them the check digit.
    #[must_use]
    pub fn enterprise_id(self, prefix: &str) -> String {
        let mut digits = [b'0'; 12];
        let mut rest = self.0;
        for digit in digits.iter_mut().rev().skip(1) {
            // The remainder is a single digit.
            *digit += u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
        if let Some((check, others)) = digits.split_last_mut() {
            *check += damm(others.iter().copied());
        }
        let mut written = String::with_capacity(prefix.len() + 15);
        written.push_str(prefix);
        for group in digits.chunks(4) {
            written.push('-');
            written.extend(group.iter().copied().map(char::from));
        }
        written
    }

    /// The person of an enterprise id; hyphens, spaces and the case of the prefix do not matter.
    ///
    /// # Errors
    /// [`EnterpriseIdError`] when it is of another form or its check digit does not fit.
    pub fn parse(written: &str, prefix: &str) -> Result<Self, EnterpriseIdError> {
        let compact = |text: &str| -> String {
            text.chars().filter(|c| !matches!(c, '-' | ' ' | '‐' | '－' | '　')).flat_map(char::to_uppercase).collect()
        };
        let written = compact(written);
        let digits = written.strip_prefix(&compact(prefix)).ok_or(EnterpriseIdError::Form)?;
        if digits.len() != 12 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(EnterpriseIdError::Form);
        }
        if damm(digits.bytes()) != 0 {
            return Err(EnterpriseIdError::CheckDigit);
        }
        let number: u64 = digits.parse().map_err(|_| EnterpriseIdError::Form)?;
        Ok(Self::new(number / 10))
    }
}

/// Damm's check digit (2004): finds every wrong digit and every exchange of two neighbours.
fn damm(digits: impl Iterator<Item = u8>) -> u8 {
    const TABLE: [[u8; 10]; 10] = [
        [0, 3, 1, 7, 5, 9, 8, 6, 4, 2],
        [7, 0, 9, 2, 1, 5, 4, 8, 6, 3],
        [4, 2, 0, 6, 8, 7, 1, 3, 5, 9],
        [1, 7, 5, 0, 9, 8, 3, 4, 2, 6],
        [6, 1, 2, 3, 0, 4, 5, 9, 7, 8],
        [3, 6, 7, 4, 2, 0, 9, 5, 8, 1],
        [5, 8, 6, 9, 7, 2, 0, 1, 3, 4],
        [8, 9, 4, 5, 3, 6, 2, 0, 1, 7],
        [9, 4, 3, 8, 6, 1, 7, 2, 0, 5],
        [2, 5, 8, 1, 4, 3, 6, 7, 9, 0],
    ];
    digits.fold(0, |state, byte| {
        let row = TABLE.get(usize::from(state));
        row.and_then(|row| row.get(usize::from(byte.wrapping_sub(b'0')))).copied().unwrap_or(0)
    })
}

fn hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for nibble in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
        text.push(DIGITS.get(usize::from(nibble)).copied().map_or('?', char::from));
    }
    f.write_str(&text)
}

fn unhex(text: &str) -> Option<[u8; 16]> {
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    Some(u128::from_str_radix(text, 16).ok()?.to_be_bytes())
}

macro_rules! digest_id {
    ($($id:ident),*) => {$(
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }
        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                hex(&self.0, f)
            }
        }
        impl $id {
            /// The id of 32 hexadecimal digits.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                unhex(text).map(Self)
            }
        }
    )*};
}

digest_id!(RecordId, TaskId, MergeId);

impl fmt::Debug for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:011}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{EnterpriseIdError, PersonId};
    use proptest::prelude::*;

    #[test]
    fn an_enterprise_id_reads_as_prefix_and_three_groups() {
        let id = PersonId::new(12_345_678_901);
        assert_eq!(id.enterprise_id("SM"), "SM-1234-5678-9018");
        assert_eq!(PersonId::parse("sm 1234 5678 9018", "SM"), Ok(id));
        assert_eq!(PersonId::parse("SM-1234-5678-901", "SM"), Err(EnterpriseIdError::Form));
        assert_eq!(PersonId::parse("XX-1234-5678-9018", "SM"), Err(EnterpriseIdError::Form));
    }

    proptest! {
        #[test]
        fn every_id_is_read_back(number in 0..PersonId::LIMIT) {
            let id = PersonId::new(number);
            prop_assert_eq!(PersonId::parse(&id.enterprise_id("SM"), "SM"), Ok(id));
        }

        #[test]
        fn a_wrong_digit_or_an_exchange_of_neighbours_is_found(number in 0..PersonId::LIMIT, at in 0_usize..12, by in 1_u8..10) {
            let written = PersonId::new(number).enterprise_id("");
            let digits: Vec<u8> = written.bytes().filter(u8::is_ascii_digit).collect();
            let mut wrong = digits.clone();
            wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
            let text = String::from_utf8(wrong).unwrap();
            prop_assert_eq!(PersonId::parse(&text, ""), Err(EnterpriseIdError::CheckDigit));
            let mut exchanged = digits.clone();
            exchanged.swap(at, (at + 1) % 12);
            if at < 11 && exchanged != digits {
                let text = String::from_utf8(exchanged).unwrap();
                prop_assert_eq!(PersonId::parse(&text, ""), Err(EnterpriseIdError::CheckDigit));
            }
        }
    }
}
