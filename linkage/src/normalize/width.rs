//! Width, spaces and invisible characters: the part of normalisation that every kind shares.
//!
//! NFKC does most of it, but costs more than all the rest, takes `゛` for a space with an accent, and leaves variation
//! selectors in place (UAX #15; UTS #37). So the characters that occur in Japanese files are mapped here directly and
//! NFKC is asked only for the others. Case and meaning are not touched.

use unicode_normalization::UnicodeNormalization;

/// Half-width katakana in the order of U+FF61..=U+FF9D, as full-width characters.
const HALF_WIDTH: [char; 61] = [
    '。', '「', '」', '、', '・', 'ヲ', 'ァ', 'ィ', 'ゥ', 'ェ', 'ォ', 'ャ', 'ュ', 'ョ', 'ッ', 'ー', 'ア', 'イ', 'ウ',
    'エ', 'オ', 'カ', 'キ', 'ク', 'ケ', 'コ', 'サ', 'シ', 'ス', 'セ', 'ソ', 'タ', 'チ', 'ツ', 'テ', 'ト', 'ナ', 'ニ',
    'ヌ', 'ネ', 'ノ', 'ハ', 'ヒ', 'フ', 'ヘ', 'ホ', 'マ', 'ミ', 'ム', 'メ', 'モ', 'ヤ', 'ユ', 'ヨ', 'ラ', 'リ', 'ル',
    'レ', 'ロ', 'ワ', 'ン',
];

/// Rounds of mapping and NFKC on text outside the plain ranges; one is nearly always enough.
const ROUNDS_MAX: usize = 4;

/// Whether [`clean`] settles this text in one pass without NFKC.
pub(super) fn is_plain(raw: &str) -> bool {
    raw.is_ascii() || raw.chars().all(is_plain_char)
}

fn is_plain_char(c: char) -> bool {
    matches!(c,
        '\0'..='\u{7F}'
        | '\u{3000}'..='\u{3003}' | '々'..='〇' | '〒' | '〓' | '〜'
        | 'ぁ'..='ゖ' | '\u{3099}'..='ゞ' | 'ァ'..='ヾ'
        | '\u{3400}'..='\u{4DBF}' | '一'..='\u{9FFF}' | '\u{20000}'..='\u{2F7FF}'
        | '！'..='～' | '｡'..='ﾟ'
        | '■' | '□' | '●' | '○'
        | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// The text in canonical width: full-width Latin letters and digits narrow, kana wide with their dakuten composed,
/// compatibility characters folded, variation selectors and invisible characters dropped, every kind of space one
/// space, none at the ends.
///
/// ```
/// assert_eq!(linkage::normalize::clean(" ﾜﾀﾅﾍﾞ　１ "), "ワタナベ 1");
/// ```
#[must_use]
pub fn clean(raw: &str) -> String {
    if is_settled_ascii(raw.as_bytes()) {
        return raw.to_owned();
    }
    let mut text = map_width(raw);
    if !is_plain(raw) {
        for _ in 0..ROUNDS_MAX {
            let composed: String = text.nfkc().collect();
            let again = map_width(&composed);
            if again == text {
                break;
            }
            text = again;
        }
    }
    text
}

/// Whether an ASCII text is in canonical form already, as most are.
fn is_settled_ascii(raw: &[u8]) -> bool {
    let mut last = b' ';
    for &byte in raw {
        if !matches!(byte, b' '..=b'~') || (byte == b' ' && last == b' ') {
            return false;
        }
        last = byte;
    }
    last != b' ' || raw.is_empty()
}

fn map_width(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut gap = false;
    for c in raw.chars() {
        let mapped = match c {
            '!'..='~' => c,
            '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
            '｡'..='ﾝ' => half_width(c),
            '\u{3099}' | '゛' | 'ﾞ' => {
                mark_last(&mut out, dakuten);
                continue;
            }
            '\u{309A}' | '゜' | 'ﾟ' => {
                mark_last(&mut out, handakuten);
                continue;
            }
            _ if is_space(c) => {
                gap = true;
                continue;
            }
            _ if is_invisible(c) => continue,
            _ => c,
        };
        if gap && !out.is_empty() {
            out.push(' ');
        }
        gap = false;
        out.push(mapped);
    }
    out
}

fn half_width(c: char) -> char {
    let offset = u32::from(c).saturating_sub(0xFF61);
    usize::try_from(offset).ok().and_then(|at| HALF_WIDTH.get(at)).copied().unwrap_or(c)
}

/// Puts a mark on the last character; a mark that fits nothing is a keying error and is dropped.
fn mark_last(out: &mut String, mark: fn(char) -> Option<char>) {
    if let Some(marked) = out.chars().next_back().and_then(mark) {
        out.pop();
        out.push(marked);
    }
}

/// The kana with dakuten: ヘ → ベ. Hiragana and katakana share their layout, 0x60 apart.
pub(super) fn dakuten(c: char) -> Option<char> {
    match c {
        'か' | 'き' | 'く' | 'け' | 'こ' | 'さ' | 'し' | 'す' | 'せ' | 'そ' | 'た' | 'ち' | 'つ' | 'て' | 'と'
        | 'は' | 'ひ' | 'ふ' | 'へ' | 'ほ' | 'カ' | 'キ' | 'ク' | 'ケ' | 'コ' | 'サ' | 'シ' | 'ス' | 'セ' | 'ソ'
        | 'タ' | 'チ' | 'ツ' | 'テ' | 'ト' | 'ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ' | 'ゝ' | 'ヽ' => {
            char::from_u32(u32::from(c) + 1)
        }
        'う' => Some('ゔ'),
        'ウ' => Some('ヴ'),
        'ワ' => Some('ヷ'),
        'ヰ' => Some('ヸ'),
        'ヱ' => Some('ヹ'),
        'ヲ' => Some('ヺ'),
        _ => None,
    }
}

/// The kana with handakuten: ヘ → ペ.
fn handakuten(c: char) -> Option<char> {
    match c {
        'は' | 'ひ' | 'ふ' | 'へ' | 'ほ' | 'ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ' => {
            char::from_u32(u32::from(c) + 2)
        }
        _ => None,
    }
}

fn is_space(c: char) -> bool {
    c.is_whitespace() || c.is_control()
}

/// Variation selectors, zero-width and direction marks, soft hyphen.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}' | '\u{180B}'..='\u{180F}' | '\u{AD}' | '\u{34F}'
        | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}'
        | '\u{E0000}'..='\u{E007F}')
}

/// Hyphens, dashes and the long mark, which keyboards and character sets mix up.
pub(super) fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '‐' | '‑' | '‒' | '–' | '—' | '―' | '−' | '─' | '━' | 'ー' | '﹣' | '－')
}

/// Kanji, of any plane.
pub(super) fn is_kanji(c: char) -> bool {
    matches!(c, '一'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '々' | '〆' | '〇' | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}

/// Katakana, including the long mark and the iteration marks.
pub(super) fn is_katakana(c: char) -> bool {
    matches!(c, 'ァ'..='ヺ' | 'ー'..='ヾ')
}

/// Hiragana, including the iteration marks.
pub(super) fn is_hiragana(c: char) -> bool {
    matches!(c, 'ぁ'..='ゖ' | 'ゝ' | 'ゞ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expected: &str) {
        assert_eq!(clean(raw), expected, "{raw:?}");
        assert_eq!(clean(expected), expected, "{expected:?} again");
    }

    #[test]
    fn width_is_settled() {
        check("ﾜﾀﾅﾍﾞ", "ワタナベ");
        check("ワタナヘ゛", "ワタナベ");
        check("ワタナヘ\u{3099}", "ワタナベ");
        check("ﾊﾟﾋﾟ", "パピ");
        check("ｳﾞｧﾝ", "ヴァン");
        check("ナ゛", "ナ");
        check("ＴＡＮＡＫＡ　１２", "TANAKA 12");
        check(" \t a \u{3000} b ", "a b");
        check("葛\u{E0101}城", "葛城");
        check("㍼20年", "昭和20年");
        check("①", "1");
        check("神", "神");
        check("﨑", "﨑");
        check("ｰ", "ー");
        check("a\u{200B}b", "ab");
    }

    #[test]
    fn half_width_table_agrees_with_nfkc() {
        for code in 0xFF61..=0xFF9D_u32 {
            let half = char::from_u32(code).unwrap();
            let wide: String = std::iter::once(half).nfkc().collect();
            assert_eq!(clean(&format!("{half}x")), format!("{wide}x"));
        }
    }

    #[test]
    fn dakuten_agree_with_nfc() {
        for code in 0x3041..=0x30FE_u32 {
            let kana = char::from_u32(code).unwrap();
            for (mark, ours) in [('\u{3099}', dakuten(kana)), ('\u{309A}', handakuten(kana))] {
                let composed: Vec<char> = [kana, mark].into_iter().nfc().collect();
                assert_eq!(ours, (composed.len() == 1).then(|| composed[0]), "{kana}");
            }
        }
    }

    #[test]
    fn plain_characters_need_no_nfkc() {
        for c in (0..=0x2F7FF_u32).filter_map(char::from_u32).filter(|&c| is_plain_char(c)) {
            let cleaned = map_width(&format!("x{c}x"));
            let composed: String = cleaned.nfkc().collect();
            assert_eq!(map_width(&composed), cleaned, "U+{:04X}", u32::from(c));
        }
    }
}
