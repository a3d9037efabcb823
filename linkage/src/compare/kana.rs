//! Distance of two kana names, in which the slips of reception desks cost less than a different sound.

use super::kernel::with_chars;

/// Distance in edits.
pub(super) fn distance(left: &str, right: &str) -> f64 {
    with_chars(left, right, |a, b| if a == b { 0.0 } else { 1.0 })
}
