//! Numbers: postcodes, telephones, insurance numbers.
//!
//! A wrong length or check digit is flagged, never corrected or refused: a valid check digit does not prove that the
//! number is right, and a wrong number still agrees with itself. Leading zeros that spreadsheets lose are put back in
//! the key where the kind says how many there must be.

use crate::normalize::{Kind, markers, width};
use crate::value::{Quality, Value};

/// Seven digits without 〒 and hyphen. Six digits have lost their zero, which the key puts back.
pub(super) fn postcode(raw: &str) -> Option<Value> {
    let digits = match digits_of(Kind::Postcode, raw, |c| matches!(c, '〒' | ' ') || width::is_hyphen(c))? {
        Digits::Only(digits) => digits,
        Digits::Mixed(text) => return Some(unparsed(text)),
    };
    let quality = if digits.len() == 7 { Quality::NONE } else { Quality::LENGTH };
    let value =
        if digits.len() == 6 { Value::new(digits.as_str(), format!("0{digits}")) } else { Value::plain(digits) };
    Some(value.with_quality(quality))
}

/// Digits of the first number in the field: `+81` and `0081` become 0, an extension is cut off. A number that has
/// lost its 0 gets it back in the key. One digit repeated throughout is a placeholder.
pub(super) fn phone(raw: &str) -> Option<Value> {
    if is_digits(raw) {
        return phone_digits(national(raw.to_owned(), "0081"));
    }
    let cleaned = width::clean(raw);
    let number =
        cleaned.split(['、', ',', ';', '内', 'x', 'X']).find(|part| part.bytes().any(|b| b.is_ascii_digit()))?;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let digits = if number.contains("+81") { national(digits, "81") } else { digits };
    phone_digits(national(digits, "0081"))
}

/// The number within the country, where it is written with the prefix of calls from abroad.
fn national(digits: String, prefix: &str) -> String {
    let Some(rest) = digits.strip_prefix(prefix) else { return digits };
    // The zero in brackets of +81 (0)852 is the same zero.
    let mut rest = rest.strip_prefix('0').unwrap_or(rest);
    // Behind the zero that it gets, what is left may begin with the prefix again.
    while let Some(again) = rest.strip_prefix("081") {
        rest = again.strip_prefix('0').unwrap_or(again);
    }
    format!("0{rest}")
}

fn phone_digits(digits: String) -> Option<Value> {
    let first = digits.chars().next()?;
    let quality = match digits.len() {
        _ if digits.chars().all(|digit| digit == first) => Quality::PLACEHOLDER,
        10 | 11 if first == '0' => Quality::NONE,
        _ => Quality::LENGTH,
    };
    let has_lost_zero = first != '0' && matches!(digits.len(), 9 | 10);
    let value = if has_lost_zero { Value::new(digits.as_str(), format!("0{digits}")) } else { Value::plain(digits) };
    Some(value.with_quality(quality))
}

/// 記号 or 番号 in one width and upper case, without spaces; the key has no hyphens and no leading zeros.
pub(super) fn insurance_number(raw: &str) -> Option<Value> {
    if is_digits(raw) && !raw.starts_with('0') {
        return Some(Value::plain(raw));
    }
    let cleaned = width::clean(raw);
    if markers::is_null(Kind::InsuranceNumber, &cleaned) {
        return None;
    }
    let exact: String = cleaned
        .chars()
        .filter(|&c| c != ' ')
        .map(|c| if width::is_hyphen(c) && c != 'ー' { '-' } else { c.to_ascii_uppercase() })
        .collect();
    if markers::is_null(Kind::InsuranceNumber, &exact) {
        return None;
    }
    if exact.bytes().all(|byte| byte == b'0') {
        return Some(Value::new(exact, "0").with_quality(Quality::PLACEHOLDER));
    }
    let letters: String = exact.chars().filter(|c| !matches!(c, '-' | '・' | '.' | '/')).collect();
    let folded = letters.trim_start_matches('0');
    let folded = if folded.is_empty() { "0" } else { folded };
    Some(Value::new(exact.as_str(), folded))
}

/// 保険者番号 padded to eight digits; a check digit that does not fit and a length other than 6 or 8 are flagged.
pub(super) fn insurer_number(raw: &str) -> Option<Value> {
    let digits = match digits_of(Kind::InsurerNumber, raw, |c| c == ' ' || width::is_hyphen(c))? {
        Digits::Only(digits) => digits,
        Digits::Mixed(text) => return Some(unparsed(text)),
    };
    if digits.bytes().all(|digit| digit == b'0') {
        return None;
    }
    let mut quality = if matches!(digits.len(), 6 | 8) { Quality::NONE } else { Quality::LENGTH };
    let is_right = digits
        .split_at_checked(digits.len() - 1)
        .is_some_and(|(body, last)| check_digit(body).is_some_and(|check| last.bytes().eq([b'0' + check])));
    if !is_right {
        quality = quality.with(Quality::CHECK_DIGIT);
    }
    let exact = format!("{digits:0>8}");
    Some(Value::plain(exact).with_quality(quality))
}

/// The check digit of an insurer, payer or recipient number: modulus 10 with the weights 2, 1, 2, 1 … from the right
/// of the body (the number without its last digit). `None` for anything but ASCII digits.
///
/// ```
/// assert_eq!(linkage::normalize::check_digit("3312001"), Some(5));
/// ```
#[must_use]
pub fn check_digit(body: &str) -> Option<u8> {
    let mut sum = 0_u8;
    let mut weight = 2;
    for byte in body.bytes().rev() {
        if !byte.is_ascii_digit() {
            return None;
        }
        let product = (byte - b'0') * weight;
        sum = (sum + product / 10 + product % 10) % 10;
        weight = 3 - weight;
    }
    (!body.is_empty()).then_some((10 - sum) % 10)
}

/// 枝番 as two digits.
pub(super) fn branch_number(raw: &str) -> Option<Value> {
    let digits = match digits_of(Kind::BranchNumber, raw, |c| c == ' ')? {
        Digits::Only(digits) => digits,
        Digits::Mixed(text) => return Some(unparsed(text)),
    };
    let exact = format!("{:0>2}", digits.trim_start_matches('0'));
    let quality = if exact.len() == 2 { Quality::NONE } else { Quality::LENGTH };
    Some(Value::plain(exact).with_quality(quality))
}

/// Any number: separators dropped; the key has no leading zeros.
pub(super) fn digits(raw: &str) -> Option<Value> {
    let digits = match digits_of(Kind::Digits, raw, |c| matches!(c, ' ' | ',' | '.') || width::is_hyphen(c))? {
        Digits::Only(digits) => digits,
        Digits::Mixed(text) => return Some(unparsed(text)),
    };
    let significant = digits.trim_start_matches('0');
    let folded = if significant.is_empty() { "0" } else { significant };
    Some(Value::new(digits.as_str(), folded))
}

enum Digits {
    Only(String),
    Mixed(String),
}

/// The digits of a field, or its cleaned text where anything but digits and separators stands in it; `None` is null.
fn digits_of(kind: Kind, raw: &str, is_separator: impl Fn(char) -> bool) -> Option<Digits> {
    if is_digits(raw) {
        return Some(Digits::Only(raw.to_owned()));
    }
    let cleaned = width::clean(raw);
    if markers::is_null(kind, &cleaned) {
        return None;
    }
    if cleaned.chars().all(|c| c.is_ascii_digit() || is_separator(c)) {
        let digits: String = cleaned.chars().filter(char::is_ascii_digit).collect();
        return (!digits.is_empty()).then_some(Digits::Only(digits));
    }
    Some(Digits::Mixed(cleaned.to_ascii_lowercase()))
}

/// Whether there is nothing but ASCII digits, as most numbers are written.
fn is_digits(raw: &str) -> bool {
    !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit())
}

fn unparsed(text: String) -> Value {
    Value::plain(text).with_quality(Quality::UNPARSED)
}
