//! Names in Latin letters of any European language.
//!
//! Accents and case are dropped, because keyboards and old systems drop them. `Müller` and `Mueller` stay two
//! spellings: which of them `Muller` means depends on the language, and a distance finds them near anyway.

use crate::normalize::{Kind, markers, text, width};
use crate::value::Value;

/// Lower case without accents. The exact form keeps hyphens, apostrophes and single spaces (`o'brien-smith`); the key
/// keeps letters and digits only (`obriensmith`).
pub(super) fn name(raw: &str) -> Option<Value> {
    let exact = plain_letters(raw);
    if markers::is_null(Kind::LatinName, &exact) {
        return None;
    }
    if exact.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Some(Value::plain(exact));
    }
    let folded: String = exact.chars().filter(|c| c.is_alphanumeric()).collect();
    Some(Value::new(exact, folded))
}

fn plain_letters(raw: &str) -> String {
    let lowered = text::strip_accents(&text::lower(raw));
    if lowered.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return lowered;
    }
    let mut out = String::with_capacity(lowered.len());
    let mut gap = false;
    for c in lowered.chars() {
        let letter = match c {
            ' ' | '.' | ',' | '_' | '・' => {
                gap = true;
                continue;
            }
            '’' | '‘' | '`' | '´' | 'ʼ' | 'ʻ' | '′' => '\'',
            _ if width::is_hyphen(c) && c != 'ー' => '-',
            _ => c,
        };
        if gap && !out.is_empty() {
            out.push(' ');
        }
        gap = false;
        match letter {
            'ß' => out.push_str("ss"),
            'æ' => out.push_str("ae"),
            'œ' => out.push_str("oe"),
            'þ' => out.push_str("th"),
            'ø' => out.push('o'),
            'ł' => out.push('l'),
            'đ' | 'ð' => out.push('d'),
            'ħ' => out.push('h'),
            'ı' => out.push('i'),
            _ => out.push(letter),
        }
    }
    out
}
