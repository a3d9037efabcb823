//! Readings of names.
//!
//! The exact form is full-width katakana as spoken and written (`ワタナベ`). The key joins what insurers, keyboards and
//! habits mix up without changing the sound: small and large kana, ヂ and ジ, ヲ and オ, ヴァ and バ, and the spellings
//! of a long vowel. A lost dakuten or a dropped long vowel is another reading, so they stay different: the comparators
//! hold them near, not equal.

use crate::normalize::{Kind, markers, placeholder, romaji, width};
use crate::value::{Quality, Value};

/// Vowels of U+30A1 (ァ) to U+30F6 (ヶ), in code point order; ン has none.
const VOWELS: &[u8; 86] = b"AAIIUUEEOOAAIIUUEEOOAAIIUUEEOOAAIIUUUEEOOAIUEOAAAIIIUUUEEEOOOAIUEOAAUUOOAIUEOAAIEO-UAE";

/// Normalises one reading. Latin letters are read as romaji for the key; a text with anything but kana is flagged.
pub(super) fn name(raw: &str) -> Option<Value> {
    let cleaned = width::clean(raw);
    if markers::is_null(Kind::KanaName, &cleaned) {
        return None;
    }
    let mut quality = Quality::NONE;
    let exact = katakana(&cleaned, &mut quality);
    if markers::is_null(Kind::KanaName, &exact) {
        return None;
    }
    if romaji::is_latin(&exact) {
        return Some(latin(&exact));
    }
    let folded = kana_key(&exact);
    if placeholder::is_kana_placeholder(&folded) {
        quality = quality.with(Quality::PLACEHOLDER);
    }
    Some(Value::new(exact, folded).with_quality(quality))
}

/// A reading in Latin letters: its key is that of the kana which they spell.
fn latin(text: &str) -> Value {
    let exact = romaji::exact(text);
    match romaji::romaji_to_kana_key(&exact) {
        Some(key) => Value::new(exact, key),
        None => Value::plain(exact).with_quality(Quality::UNPARSED),
    }
}

/// Hiragana as katakana, separators dropped, hyphens after kana as long marks, lost characters as one wildcard.
fn katakana(cleaned: &str, quality: &mut Quality) -> String {
    let mut out = String::with_capacity(cleaned.len());
    let mut after_kana = false;
    let mut rest = cleaned.chars().peekable();
    while let Some(c) = rest.next() {
        let kana = match c {
            ' ' | '・' | '=' | '゠' | '.' | ',' | '、' | '。' => continue,
            _ if width::is_hiragana(c) => char::from_u32(u32::from(c) + 0x60).unwrap_or(c),
            _ if width::is_hyphen(c) && after_kana && !rest.peek().is_some_and(char::is_ascii_digit) => 'ー',
            _ if crate::normalize::kanji::is_wildcard(c) => {
                *quality = quality.with(Quality::WILDCARD);
                crate::normalize::WILDCARD
            }
            _ => c,
        };
        after_kana = width::is_katakana(kana);
        if !after_kana && kana != crate::normalize::WILDCARD && !kana.is_ascii_digit() {
            *quality = quality.with(Quality::UNPARSED);
        }
        out.push(kana);
    }
    out
}

/// The comparison key of a reading in full-width katakana; other characters pass unchanged.
///
/// ```
/// use linkage::normalize::kana_key;
///
/// assert_eq!(kana_key("オオノ"), "オーノ");
/// assert_eq!(kana_key("オウノ"), "オーノ");
/// assert_eq!(kana_key("キョウコ"), kana_key("キヨーコ"));
/// assert_ne!(kana_key("ワタナベ"), kana_key("ワタナヘ"));
/// ```
#[must_use]
pub fn kana_key(katakana: &str) -> String {
    let mut out = String::with_capacity(katakana.len());
    let mut last_vowel = b'-';
    let mut last_base = None;
    let mut rest = katakana.chars().peekable();
    while let Some(c) = rest.next() {
        let kana = match c {
            'ヽ' => last_base.map_or(c, plain),
            'ヾ' => last_base.map_or(c, |base| width::dakuten(plain(base)).unwrap_or(base)),
            'ヴ' => match rest.next_if(|&next| matches!(large(next), 'ア' | 'イ' | 'エ' | 'オ')).map(large) {
                Some('ア') => 'バ',
                Some('イ') => 'ビ',
                Some('エ') => 'ベ',
                Some('オ') => 'ボ',
                _ => 'ブ',
            },
            _ => large(c),
        };
        let prolongs = matches!(
            (last_vowel, kana),
            (b'O', 'ウ' | 'オ') | (b'U', 'ウ') | (b'E', 'イ' | 'エ') | (b'A', 'ア') | (b'I', 'イ')
        );
        if prolongs || kana == 'ー' {
            out.push('ー');
        } else {
            out.push(kana);
            last_vowel = vowel(kana);
        }
        last_base = Some(kana);
    }
    out
}

/// The kana without dakuten, for the iteration marks.
fn plain(c: char) -> char {
    let before = char::from_u32(u32::from(c).saturating_sub(1)).unwrap_or(c);
    if width::dakuten(before) == Some(c) { before } else { c }
}

/// Small kana as large ones, and kana of one sound as one kana.
fn large(c: char) -> char {
    match c {
        'ァ' => 'ア',
        'ィ' | 'ヰ' => 'イ',
        'ゥ' => 'ウ',
        'ェ' | 'ヱ' => 'エ',
        'ォ' | 'ヲ' => 'オ',
        'ッ' => 'ツ',
        'ャ' => 'ヤ',
        'ュ' => 'ユ',
        'ョ' => 'ヨ',
        'ヮ' => 'ワ',
        'ヵ' => 'カ',
        'ヶ' => 'ケ',
        'ヂ' => 'ジ',
        'ヅ' => 'ズ',
        'ヷ' => 'バ',
        'ヸ' => 'ビ',
        'ヹ' => 'ベ',
        'ヺ' => 'ボ',
        _ => c,
    }
}

fn vowel(kana: char) -> u8 {
    let offset = u32::from(kana).wrapping_sub(0x30A1);
    usize::try_from(offset).ok().and_then(|at| VOWELS.get(at)).copied().unwrap_or(b'-')
}

/// The romaji key (see [`super::romaji_key`]) of a reading in katakana: long vowels are dropped, as passports do.
///
/// ```
/// use linkage::normalize::{kana_to_romaji_key, romaji_key};
///
/// assert_eq!(kana_to_romaji_key("サイトウ"), "SAITO");
/// assert_eq!(kana_to_romaji_key("オオノ"), romaji_key("OHNO"));
/// ```
#[must_use]
pub fn kana_to_romaji_key(katakana: &str) -> String {
    romaji::from_kana(katakana)
}

pub(super) fn vowel_of(kana: char) -> Option<char> {
    match vowel(kana) {
        b'-' => None,
        letter => Some(char::from(letter)),
    }
}
