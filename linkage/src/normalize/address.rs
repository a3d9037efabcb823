//! Japanese addresses in one text.
//!
//! One place is written in many ways: 1丁目2番3号, 一丁目2-3, １－２－３; with or without prefecture, county, 大字 and
//! 字; under the name of a municipality that has since been merged. The exact form settles width and hyphens only; the
//! parts carry the meaning, and the key joins municipality, town and numbers. Land numbers and residence numbers are
//! not converted into each other, and a building's name is free text. The parts are spelt as keys, with variant kanji
//! folded: they are for comparing, not for showing.

use crate::normalize::{Kind, Tables, house_number, markers, width};
use crate::value::{AddressParts, Parts, Quality, Value};

/// Normalises an address; a text without Japanese is kept and flagged.
pub(super) fn address(raw: &str, tables: &Tables) -> Option<Value> {
    let exact = settle(raw);
    if markers::is_null(Kind::Address, &exact) {
        return None;
    }
    if !exact.chars().any(|c| width::is_kanji(c) || width::is_hiragana(c) || width::is_katakana(c)) {
        let folded: String = exact.chars().filter(|c| c.is_alphanumeric()).collect();
        return Some(Value::new(exact, folded).with_quality(Quality::UNPARSED));
    }
    let spelt = canonical(&exact, tables);
    let head = tables.municipalities().split(&spelt);
    let (town_text, block) = house_number::split(head.rest);
    let town = format!("{}{}", head.town_prefix, canonical_town(town_text));
    let (building, room) = split_room(block.rest);
    let mut numbers = block.numbers;
    numbers.extend(room);
    let folded = key(&head.municipality, &town, &numbers);
    let folded = if folded.is_empty() { exact.clone() } else { folded };
    let parts = AddressParts {
        prefecture: head.prefecture.into(),
        municipality: head.municipality.into(),
        town: town.into(),
        numbers: numbers.into(),
        building: building.into(),
    };
    Some(Value::new(exact, folded).with_parts(Parts::Address(Box::new(parts))))
}

/// Municipality and town, then the numbers: `松江市西川津町 1060-1`.
fn key(municipality: &str, town: &str, numbers: &[u32]) -> String {
    let mut key = format!("{municipality}{town}");
    for (at, number) in numbers.iter().enumerate() {
        key.push(if at == 0 { ' ' } else { '-' });
        key.push_str(&number.to_string());
    }
    key
}

/// Canonical width, one hyphen, Latin letters in upper case, no postcode in front.
fn settle(raw: &str) -> String {
    let cleaned = width::clean(raw);
    let mut out = String::with_capacity(cleaned.len());
    let mut last = None;
    for c in cleaned.chars() {
        let is_long_mark = c == 'ー' && last.is_some_and(|p| width::is_katakana(p) || width::is_hiragana(p));
        let c = if width::is_hyphen(c) && !is_long_mark { '-' } else { c.to_ascii_uppercase() };
        last = Some(c);
        out.push(c);
    }
    without_postcode(&out).to_owned()
}

/// Drops `〒690-0823` or `690-0823 ` in front, again and again, so that the result needs no second look.
fn without_postcode(text: &str) -> &str {
    let mut rest = text;
    loop {
        let digits = rest.trim_start_matches(['〒', ' ']);
        let has_mark = rest.starts_with('〒');
        let code: usize = digits.chars().take_while(|c| c.is_ascii_digit() || *c == '-').map(char::len_utf8).sum();
        let Some((code, after)) = digits.split_at_checked(code) else { return rest };
        let count = code.chars().filter(char::is_ascii_digit).count();
        let is_code = count == 7 && matches!(code.find('-'), Some(3) | None) && (has_mark || after.starts_with(' '));
        let next = if is_code {
            after.trim_start()
        } else if has_mark {
            digits
        } else {
            return rest;
        };
        if next.is_empty() {
            return rest;
        }
        rest = next;
    }
}

/// One spelling for characters that addresses exchange freely: variant kanji, ヶ ケ が, の ノ 之, ツ ッ つ.
pub(super) fn canonical(text: &str, tables: &Tables) -> String {
    let mut out = String::with_capacity(text.len());
    let mut last = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let after_kanji = last.is_some_and(width::is_kanji);
        let before_kanji = rest.peek().is_some_and(|&next| width::is_kanji(next));
        let key = match c {
            'ヶ' | 'ヵ' => 'ケ',
            'が' | 'ガ' if before_kanji && (after_kanji || last.is_none()) => 'ケ',
            'の' | '之' if after_kanji && before_kanji => 'ノ',
            'つ' | 'ッ' | 'っ' if after_kanji && before_kanji => 'ツ',
            _ => tables.fold_kanji(c),
        };
        last = Some(c);
        out.push(key);
    }
    out
}

/// The town without 大字, 小字 and 字, spaces and trailing marks; kanji numbers before 条 and 線 as digits.
fn canonical_town(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(tail) = rest.strip_prefix("大字").or_else(|| rest.strip_prefix("小字")) {
            rest = tail;
            continue;
        }
        if let Some((number, tail)) =
            house_number::kanji_numeral(rest).filter(|(_, tail)| tail.starts_with(['条', '線']))
        {
            out.push_str(&number.to_string());
            rest = tail;
            continue;
        }
        // 字 parts a hamlet from its village, but 十文字 is a name.
        let is_dropped = matches!(c, ' ' | ',' | '、' | '-') || (c == '字' && !out.ends_with('文'));
        if !is_dropped {
            out.push(c);
        }
        rest = rest.get(c.len_utf8()..).unwrap_or_default();
    }
    out
}

/// Splits the room off a building: `メゾン北堀201号室` is 北堀 and 201, since 10-201 names the same door.
fn split_room(text: &str) -> (String, Vec<u32>) {
    let text = text.trim_matches([' ', ',', '、', '-']);
    let trimmed = text.strip_suffix("号室").or_else(|| text.strip_suffix(['号', '室'])).unwrap_or(text);
    let tail: usize = trimmed.chars().rev().take_while(|c| c.is_ascii_digit() || *c == '-').map(char::len_utf8).sum();
    let (name, digits) = trimmed.split_at_checked(trimmed.len() - tail).unwrap_or((text, ""));
    let room: Option<Vec<u32>> = digits.split('-').filter(|run| !run.is_empty()).map(|run| run.parse().ok()).collect();
    let compact = |part: &str| part.chars().filter(|c| *c != ' ').collect::<String>();
    match room {
        Some(room) if !room.is_empty() && room.len() <= house_number::NUMBERS_MAX => {
            (compact(name.trim_end_matches([' ', '-', ','])), room)
        }
        _ => (compact(text), Vec::new()),
    }
}

#[cfg(test)]
mod tests;
