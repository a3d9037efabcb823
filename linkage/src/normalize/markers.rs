//! Texts that mean "nothing was said".
//!
//! They differ by kind: `Null` is a surname and a word for null, `不明` in a name field is a placeholder that a guard
//! must see. Only whole values are markers, never parts of one.

use crate::normalize::Kind;

/// Null in every kind; lower case.
const ALWAYS: &[&str] = &[
    "n/a",
    "#n/a",
    "<na>",
    "n.a.",
    "\\n",
    "(null)",
    "<null>",
    "unknown",
    "not known",
    "not available",
    "未記入",
    "未入力",
    "無記入",
    "記載なし",
    "記載無し",
    "該当なし",
    "該当無し",
    "非該当",
    "なし",
    "無し",
    "ナシ",
    "ー",
];

/// Null in every kind but names: words that are also surnames or given names.
const NOT_IN_NAMES: &[&str] =
    &["null", "none", "nan", "nat", "nil", "na", "missing", "undefined", "不明", "不詳", "未詳", "無", "不定"];

/// No marker is longer, so most values skip the lists.
const MARKER_BYTES_MAX: usize = 15;

/// Whether the cleaned text (see [`super::width::clean`]) says nothing in a field of this kind.
pub(super) fn is_null(kind: Kind, cleaned: &str) -> bool {
    // A text without any letter or digit (`-`, `***`, `?`) says nothing, nor does an accent without a letter.
    if !cleaned.chars().any(|c| c.is_alphanumeric() && !matches!(c, '\u{300}'..='\u{36F}')) {
        return true;
    }
    if cleaned.len() > MARKER_BYTES_MAX {
        return false;
    }
    let is_name = matches!(kind, Kind::LatinName | Kind::KanjiName | Kind::KanaName | Kind::RomajiName);
    let is_one_of = |list: &[&str]| list.iter().any(|marker| marker.eq_ignore_ascii_case(cleaned));
    is_one_of(ALWAYS) || (!is_name && is_one_of(NOT_IN_NAMES))
}
