//! Japanese names in Latin letters.
//!
//! Hepburn, Kunrei and the passport office spell one reading in different ways (`OHNO`, `ONO`, `OONO`; `SYOITI`,
//! `SHOICHI`). Spelling is read back into kana and written again in one way, without long vowels, because most papers
//! drop them. A name that is no Japanese syllables (`SMITH`) is its own key. Kana are still the better evidence.

use unicode_normalization::UnicodeNormalization;

use crate::normalize::{Kind, kana, markers, text, width};
use crate::value::Value;

/// Upper case with single spaces, hyphens and apostrophes kept; the key is that of [`romaji_key`].
pub(super) fn name(raw: &str) -> Option<Value> {
    let exact = exact(&width::clean(raw));
    if markers::is_null(Kind::RomajiName, &exact) {
        return None;
    }
    let folded = romaji_key(&exact);
    Some(Value::new(exact, folded))
}

/// Whether the cleaned text is written in Latin letters, accents and the marks of names, and has a letter at all.
pub(super) fn is_latin(cleaned: &str) -> bool {
    cleaned.chars().any(char::is_alphabetic)
        && cleaned.chars().all(|c| {
            c.is_ascii_alphabetic()
                || matches!(c, ' ' | '\'' | '.' | ',' | '’' | '\u{C0}'..='\u{24F}' | '\u{300}'..='\u{36F}')
                || (width::is_hyphen(c) && c != 'ー')
        })
}

/// Upper case; a macron or circumflex is spelt out as a second vowel (`ŌNO` → `OUNO`), other accents are dropped.
pub(super) fn exact(cleaned: &str) -> String {
    let mut out = String::with_capacity(cleaned.len());
    let mut gap = false;
    for c in cleaned.nfd() {
        let letter = match c {
            ' ' | ',' | '.' => {
                gap = true;
                continue;
            }
            '\u{304}' | '\u{302}' => match out.chars().next_back() {
                Some('O' | 'U') => 'U',
                Some('E' | 'I') => 'I',
                Some('A') => 'A',
                _ => continue,
            },
            '\u{300}'..='\u{36F}' => continue,
            '’' | '‘' | '`' | '´' => '\'',
            _ if width::is_hyphen(c) && c != 'ー' => '-',
            _ => c,
        };
        if gap && !out.is_empty() {
            out.push(' ');
        }
        gap = false;
        out.extend(letter.to_uppercase());
    }
    out.nfc().collect()
}

/// One key for the usual spellings of a Japanese name in Latin letters; letters only, no spaces.
///
/// ```
/// use linkage::normalize::romaji_key;
///
/// assert_eq!(romaji_key("Ohno Syoiti"), romaji_key("ŌNO SHŌICHI"));
/// assert_eq!(romaji_key("Homma"), romaji_key("HONMA"));
/// assert_eq!(romaji_key("Smith"), "SMITH");
/// ```
#[must_use]
pub fn romaji_key(romaji: &str) -> String {
    let exact = exact(romaji);
    match to_katakana(&exact) {
        Some(katakana) => from_kana(&katakana),
        None => text::strip_accents(&exact).chars().filter(|c| c.is_alphanumeric()).collect(),
    }
}

/// The kana key of a name in Latin letters, `None` where it is no sequence of Japanese syllables.
///
/// Long vowels that the spelling left out stay out (`ITO` → `イト`), so this is near evidence, not equality.
#[must_use]
pub fn romaji_to_kana_key(romaji: &str) -> Option<String> {
    to_katakana(&exact(romaji)).map(|katakana| kana::kana_key(&katakana))
}

fn to_katakana(exact: &str) -> Option<String> {
    let mut out = String::with_capacity(exact.len() * 3);
    let mut rest = exact;
    let mut last_vowel = None;
    loop {
        rest = rest.trim_start_matches(['\'', '-', ' ']);
        let mut letters = rest.chars();
        let Some(first) = letters.next() else { break };
        let tail = letters.as_str();
        let second = letters.next();
        let before_vowel = second.is_some_and(is_vowel);
        match first {
            // OH before a consonant or at the end is a long O: OHNO, ITOH.
            'H' if last_vowel == Some('O') && !before_vowel => {
                out.push('ー');
                last_vowel = None;
                rest = tail;
                continue;
            }
            'N' if !before_vowel && second != Some('Y') => {
                out.push('ン');
                last_vowel = None;
                rest = tail;
                continue;
            }
            'M' if matches!(second, Some('B' | 'M' | 'P')) => {
                out.push('ン');
                last_vowel = None;
                rest = tail;
                continue;
            }
            _ if !is_vowel(first) && (second == Some(first) || (first == 'T' && tail.starts_with("CH"))) => {
                out.push('ッ');
                last_vowel = None;
                rest = tail;
                continue;
            }
            _ => {}
        }
        let vowel_at = rest.find(is_vowel)?;
        let (consonants, tail) = rest.split_at_checked(vowel_at)?;
        let vowel = tail.chars().next()?;
        out.push_str(syllable(consonants, vowel)?);
        last_vowel = Some(vowel);
        rest = tail.get(1..)?;
    }
    (!out.is_empty()).then_some(out)
}

fn is_vowel(c: char) -> bool {
    matches!(c, 'A' | 'I' | 'U' | 'E' | 'O')
}

/// The kana of one syllable, in Hepburn, Kunrei or a common variant.
fn syllable(consonants: &str, vowel: char) -> Option<&'static str> {
    let row: [&'static str; 5] = match consonants {
        "" => ["ア", "イ", "ウ", "エ", "オ"],
        "K" => ["カ", "キ", "ク", "ケ", "コ"],
        "G" => ["ガ", "ギ", "グ", "ゲ", "ゴ"],
        "S" => ["サ", "シ", "ス", "セ", "ソ"],
        "Z" => ["ザ", "ジ", "ズ", "ゼ", "ゾ"],
        "T" => ["タ", "チ", "ツ", "テ", "ト"],
        "D" => ["ダ", "ヂ", "ヅ", "デ", "ド"],
        "N" => ["ナ", "ニ", "ヌ", "ネ", "ノ"],
        "H" => ["ハ", "ヒ", "フ", "ヘ", "ホ"],
        "B" => ["バ", "ビ", "ブ", "ベ", "ボ"],
        "P" => ["パ", "ピ", "プ", "ペ", "ポ"],
        "M" => ["マ", "ミ", "ム", "メ", "モ"],
        "Y" => ["ヤ", "イ", "ユ", "イェ", "ヨ"],
        "R" | "L" => ["ラ", "リ", "ル", "レ", "ロ"],
        "W" => ["ワ", "ウィ", "ウ", "ウェ", "ヲ"],
        "F" => ["ファ", "フィ", "フ", "フェ", "フォ"],
        "V" => ["ヴァ", "ヴィ", "ヴ", "ヴェ", "ヴォ"],
        "TS" => ["ツァ", "ツィ", "ツ", "ツェ", "ツォ"],
        "DZ" => ["ザ", "ジ", "ズ", "ゼ", "ゾ"],
        "SH" | "SY" => ["シャ", "シ", "シュ", "シェ", "ショ"],
        "CH" | "TY" => ["チャ", "チ", "チュ", "チェ", "チョ"],
        "J" | "JY" | "ZY" | "DY" | "DJ" => ["ジャ", "ジ", "ジュ", "ジェ", "ジョ"],
        "KY" => ["キャ", "キ", "キュ", "キェ", "キョ"],
        "GY" => ["ギャ", "ギ", "ギュ", "ギェ", "ギョ"],
        "NY" => ["ニャ", "ニ", "ニュ", "ニェ", "ニョ"],
        "HY" => ["ヒャ", "ヒ", "ヒュ", "ヒェ", "ヒョ"],
        "BY" => ["ビャ", "ビ", "ビュ", "ビェ", "ビョ"],
        "PY" => ["ピャ", "ピ", "ピュ", "ピェ", "ピョ"],
        "MY" => ["ミャ", "ミ", "ミュ", "ミェ", "ミョ"],
        "RY" | "LY" => ["リャ", "リ", "リュ", "リェ", "リョ"],
        _ => return None,
    };
    let [a, i, u, e, o] = row;
    match vowel {
        'A' => Some(a),
        'I' => Some(i),
        'U' => Some(u),
        'E' => Some(e),
        'O' => Some(o),
        _ => None,
    }
}

/// Hepburn of katakana without long vowels; other characters pass unchanged.
pub(super) fn from_kana(katakana: &str) -> String {
    let mut out = String::with_capacity(katakana.len());
    let mut doubled = false;
    let mut last_vowel = None;
    for c in katakana.chars() {
        match c {
            'ッ' => {
                doubled = true;
                continue;
            }
            'ャ' | 'ュ' | 'ョ' | 'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' if last_vowel.is_some() => {
                glide(&mut out, c);
                last_vowel = kana::vowel_of(c);
                continue;
            }
            _ => {}
        }
        let prolongs = matches!(
            (last_vowel, c),
            (Some('O'), 'ウ' | 'オ' | 'ヲ')
                | (Some('U'), 'ウ')
                | (Some('A'), 'ア')
                | (Some('I'), 'イ')
                | (Some(_), 'ー')
        );
        // A long E keeps its I, as passports write it: ケイコ, ケーコ and ケエコ are KEIKO.
        if last_vowel == Some('E') && matches!(c, 'イ' | 'エ' | 'ー') {
            out.push('I');
            last_vowel = None;
        } else if !prolongs {
            let consonant = consonant(c);
            if let (true, Some(letter)) = (doubled, consonant.chars().next()) {
                out.push(letter);
            }
            last_vowel = kana::vowel_of(c);
            match (c, last_vowel) {
                ('ン', _) => out.push('N'),
                (_, Some(letter)) => {
                    out.push_str(consonant);
                    out.push(letter);
                }
                _ => out.push(c),
            }
        }
        doubled = false;
    }
    out
}

/// A small kana replaces the vowel before it: シ + ャ is SHA, キ + ャ is KYA, フ + ァ is FA.
fn glide(out: &mut String, small: char) {
    out.pop();
    let palatal = out.ends_with("SH") || out.ends_with("CH") || out.ends_with('J') || out.ends_with('Y');
    if matches!(small, 'ャ' | 'ュ' | 'ョ') && !palatal {
        out.push('Y');
    }
    out.extend(kana::vowel_of(small));
}

fn consonant(kana: char) -> &'static str {
    match kana {
        'カ' | 'キ' | 'ク' | 'ケ' | 'コ' | 'ヵ' | 'ヶ' => "K",
        'ガ' | 'ギ' | 'グ' | 'ゲ' | 'ゴ' => "G",
        'サ' | 'ス' | 'セ' | 'ソ' => "S",
        'シ' => "SH",
        'ザ' | 'ズ' | 'ヅ' | 'ゼ' | 'ゾ' => "Z",
        'ジ' | 'ヂ' => "J",
        'タ' | 'テ' | 'ト' => "T",
        'チ' => "CH",
        'ツ' => "TS",
        'ダ' | 'デ' | 'ド' => "D",
        'ナ' | 'ニ' | 'ヌ' | 'ネ' | 'ノ' => "N",
        'ハ' | 'ヒ' | 'ヘ' | 'ホ' => "H",
        'フ' => "F",
        'バ' | 'ビ' | 'ブ' | 'ベ' | 'ボ' | 'ヴ' => "B",
        'パ' | 'ピ' | 'プ' | 'ペ' | 'ポ' => "P",
        'マ' | 'ミ' | 'ム' | 'メ' | 'モ' => "M",
        'ヤ' | 'ユ' | 'ヨ' => "Y",
        'ラ' | 'リ' | 'ル' | 'レ' | 'ロ' => "R",
        'ワ' | 'ヮ' => "W",
        _ => "",
    }
}
