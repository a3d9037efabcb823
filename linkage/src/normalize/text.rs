//! Free text, sex, e-mail, British postcodes and sets: the kinds with little structure.
//!
//! Nothing is corrected here: a misspelt e-mail stays misspelt, because the comparators measure distance themselves.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::normalize::{Kind, Tables, markers, width};
use crate::value::{Parts, Quality, Value};

/// Lower case, canonical width and single spaces; the key also drops accents and folds variant kanji.
pub(super) fn text(raw: &str, tables: &Tables) -> Option<Value> {
    let exact = lower(raw);
    if markers::is_null(Kind::Text, &exact) {
        return None;
    }
    let folded = if exact.is_ascii() { exact.clone() } else { fold(&exact, tables) };
    Some(Value::new(exact, folded))
}

/// Several texts, sorted and without repeats, in [`Parts::Set`]; the exact form joins them with `;`.
pub(super) fn set(raw: &str, tables: &Tables) -> Option<Value> {
    let cleaned = width::clean(raw);
    let mut members: Vec<Box<str>> =
        cleaned.split([';', '|', '、']).filter_map(|member| text(member, tables)).map(|member| member.exact).collect();
    members.sort_unstable();
    members.dedup();
    if members.is_empty() {
        return None;
    }
    let exact = members.join(";");
    let folded = if exact.is_ascii() { exact.clone() } else { fold(&exact, tables) };
    Some(Value::new(exact, folded).with_parts(Parts::Set(members.into())))
}

/// `M` or `F`; every other word (also O and U of HL7 v2) is null, because it is no evidence.
pub(super) fn sex(raw: &str) -> Option<Value> {
    let cleaned = width::clean(raw);
    let is_one_of = |words: &[&str]| words.iter().any(|word| word.eq_ignore_ascii_case(&cleaned));
    if is_one_of(&["M", "1", "男", "男性", "男子", "male", "man", "おとこ", "オトコ"]) {
        Some(Value::plain("M"))
    } else if is_one_of(&["F", "2", "女", "女性", "女子", "female", "woman", "おんな", "オンナ"]) {
        Some(Value::plain("F"))
    } else {
        None
    }
}

/// Lower case without spaces; a text without `@` is kept and flagged.
pub(super) fn email(raw: &str) -> Option<Value> {
    let exact = compact_email(raw)?;
    let quality = if exact.contains('@') { Quality::NONE } else { Quality::UNPARSED };
    Some(Value::plain(exact).with_quality(quality))
}

/// What stands before the first `@`, or the whole text; the key leaves out a `+tag`.
pub(super) fn email_user(raw: &str) -> Option<Value> {
    let address = compact_email(raw)?;
    let user = address.split('@').next().filter(|user| !markers::is_null(Kind::EmailUser, user))?;
    let untagged = user.split('+').next().filter(|head| !head.is_empty()).unwrap_or(user);
    Some(Value::new(user, untagged))
}

/// What stands behind the last `@`, or the whole text where it has a dot; anything else is null.
pub(super) fn email_domain(raw: &str) -> Option<Value> {
    let address = compact_email(raw)?;
    let domain = address.rsplit('@').next()?.trim_matches('.');
    (domain.contains('.') && !markers::is_null(Kind::EmailDomain, domain)).then(|| Value::plain(domain))
}

/// Upper-case letters and digits only, as in `DL85RQ`; 5 to 7 of them are right.
pub(super) fn uk_postcode(raw: &str) -> Option<Value> {
    let cleaned = width::clean(raw);
    if markers::is_null(Kind::UkPostcode, &cleaned) {
        return None;
    }
    let exact: String =
        cleaned.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect();
    if exact.is_empty() || markers::is_null(Kind::UkPostcode, &exact) {
        return None;
    }
    let quality = if matches!(exact.len(), 5..=7) { Quality::NONE } else { Quality::LENGTH };
    Some(Value::plain(exact).with_quality(quality))
}

fn compact_email(raw: &str) -> Option<String> {
    let mut exact = lower(raw);
    exact.retain(|c| c != ' ');
    (!markers::is_null(Kind::Email, &exact)).then_some(exact)
}

/// Canonical width, single spaces, lower case letter by letter (so that no letter's case depends on its place).
pub(super) fn lower(raw: &str) -> String {
    let mut cleaned = width::clean(raw);
    if cleaned.is_ascii() {
        cleaned.make_ascii_lowercase();
        return cleaned;
    }
    cleaned.chars().flat_map(char::to_lowercase).collect()
}

fn fold(exact: &str, tables: &Tables) -> String {
    strip_accents(exact).chars().map(|c| tables.fold_kanji(c)).collect()
}

/// Drops the accents of Latin, Greek and Cyrillic letters. Kana keep their dakuten: those are other syllables.
pub(super) fn strip_accents(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.nfd().filter(|&c| !(is_combining_mark(c) && matches!(c, '\u{300}'..='\u{36F}'))).nfc().collect()
}
