//! The agreement pattern γ of a pair: one level per comparison, packed into one word.

use crate::rules::COMPARISONS_MAX;

/// One level per comparison, four bits each, the first comparison lowest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AgreementPattern(pub u64);

impl AgreementPattern {
    /// The same pattern with one comparison's level set; a comparison is set at most once.
    #[must_use]
    pub fn with(self, comparison: usize, level: u8) -> Self {
        debug_assert!(comparison < COMPARISONS_MAX && level < 16, "rule sets are limited so that this holds");
        Self(self.0 | (u64::from(level & 15) << (4 * comparison)))
    }

    /// The level of one comparison.
    #[must_use]
    pub fn level(self, comparison: usize) -> usize {
        usize::try_from((self.0 >> (4 * comparison)) & 15).unwrap_or(0)
    }
}
