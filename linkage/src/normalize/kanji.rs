//! Japanese names in their registered spelling.
//!
//! The exact form keeps every registered character: `渡邉` and `渡辺` are different names on paper. The key folds the
//! variants that clerks exchange freely (see `matching-rules/normalize/README.md`). Lost characters, which each system
//! writes in its own way (`■橋`, `●橋`, `?橋`), become one wildcard: they fit any character.

use crate::normalize::{Kind, Tables, markers, placeholder, width};
use crate::value::{Quality, Value};

/// The canonical mark for one lost character.
pub const WILDCARD: char = '〓';

/// Normalises one name or part of a name; a name of wildcards alone is null.
pub(super) fn name(raw: &str, tables: &Tables) -> Option<Value> {
    let mut quality = Quality::NONE;
    let exact = registered_form(&width::clean(raw), &mut quality);
    if markers::is_null(Kind::KanjiName, &exact) {
        return None;
    }
    if placeholder::is_kanji_placeholder(&exact) {
        quality = quality.with(Quality::PLACEHOLDER);
    }
    let folded = fold(&exact, tables);
    Some(Value::new(exact, folded).with_quality(quality))
}

/// Wildcards unified, separators dropped between Japanese characters and kept as one space between Latin words, Latin
/// letters in upper case, hyphens between kana as long marks.
fn registered_form(cleaned: &str, quality: &mut Quality) -> String {
    let mut out = String::with_capacity(cleaned.len());
    let mut last = None;
    let mut gap = false;
    for c in cleaned.chars() {
        let c = match c {
            ' ' | '・' | '=' | '゠' | '·' => {
                gap = true;
                continue;
            }
            _ if is_wildcard(c) => {
                *quality = quality.with(Quality::WILDCARD);
                WILDCARD
            }
            _ if width::is_hyphen(c) && last.is_some_and(|p| width::is_katakana(p) || width::is_hiragana(p)) => 'ー',
            'A'..='Z' | 'a'..='z' => c.to_ascii_uppercase(),
            _ if is_latin(c) => upper(c),
            _ => c,
        };
        if gap && is_latin(c) && last.is_some_and(is_latin) {
            out.push(' ');
        }
        gap = false;
        last = Some(c);
        out.push(c);
    }
    out
}

pub(super) fn is_wildcard(c: char) -> bool {
    matches!(c, '■' | '●' | '〓' | '*' | '_' | '?' | '□' | '\u{FFFD}' | '\u{E000}'..='\u{F8FF}'
        | '\u{F0000}'..='\u{10FFFD}')
}

/// Letters and digits of the western scripts.
fn is_latin(c: char) -> bool {
    c.is_ascii_alphanumeric() || (!c.is_ascii() && c < '\u{2E80}' && c.is_alphanumeric())
}

/// Upper case where that is one letter; `ß` stays.
fn upper(c: char) -> char {
    let mut letters = c.to_uppercase();
    match (letters.next(), letters.next()) {
        (Some(letter), None) => letter,
        _ => c,
    }
}

/// The comparison key, character for character, so that positions in both forms agree.
fn fold(exact: &str, tables: &Tables) -> String {
    let mut out = String::with_capacity(exact.len());
    let mut last = None;
    let mut rest = exact.chars().peekable();
    while let Some(c) = rest.next() {
        let between_kanji = last.is_some_and(width::is_kanji) && rest.peek().is_some_and(|&next| width::is_kanji(next));
        let mut key = match c {
            'ヶ' | 'が' | 'ガ' if between_kanji => 'ケ',
            'の' if between_kanji => 'ノ',
            '〻' => '々',
            _ => tables.fold_kanji(c),
        };
        // 佐佐木 is 佐々木: the iteration mark stands for the same character.
        if last == Some(key) && width::is_kanji(key) {
            key = '々';
        } else {
            last = Some(key);
        }
        out.push(key);
    }
    out
}
