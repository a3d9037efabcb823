//! Which kana a kanji name can be read as.

use super::Side;

/// A table of readings.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    version: Box<str>,
}

/// Why a table of readings is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the readings: {reason}")]
pub struct ReadingsError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Readings {
    /// A table without readings: nothing is a reading of anything.
    #[must_use]
    pub fn empty() -> Self {
        Self::default()
    }

    /// Reads a table.
    ///
    /// # Errors
    ///
    /// The first line that is not a row of the table.
    pub fn parse(_text: &str) -> Result<Self, ReadingsError> {
        Ok(Self::empty())
    }

    /// The version of the table, empty for [`Readings::empty`].
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether the kanji of a name can be read as the kana.
    #[must_use]
    pub fn is_reading(&self, _kanji: &str, _kana: &str) -> bool {
        false
    }
}

pub(super) fn compatible(left: Side<'_>, right: Side<'_>, readings: &Readings) -> Option<bool> {
    let reads = |kanji: Side<'_>, kana: Side<'_>| {
        let (kanji, kana) = (kanji.first?, kana.second?.folded());
        Some(readings.is_reading(&kanji.exact, kana) || readings.is_reading(kanji.folded(), kana))
    };
    match (reads(left, right), reads(right, left)) {
        (None, None) => None,
        (one, two) => Some(one.unwrap_or(true) && two.unwrap_or(true)),
    }
}
