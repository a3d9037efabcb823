//! One key for what a name sounds like, in Latin letters, for words typed by ear.
//!
//! `ohno`, `ono`, `oono` and オオノ, オウノ, オーノ, オノ are one key; so are `jun'ichi`, `junichi` and ジュンイチ. It is
//! coarser than a kana key on purpose: long vowels are dropped, and ン before a vowel is not told from ナ. It also reads
//! a word that stops in the middle of a syllable (`watan`, `sh`), which kana cannot write. Names that are no Japanese
//! syllables (`Smith`) are their own key.

use linkage::normalize::{romaji_key, romaji_to_kana_key};

/// The kana of each row in the order A I U E O; a space where there is none.
const ROWS: [(&str, [char; 5]); 15] = [
    ("", ['ア', 'イ', 'ウ', 'エ', 'オ']),
    ("K", ['カ', 'キ', 'ク', 'ケ', 'コ']),
    ("G", ['ガ', 'ギ', 'グ', 'ゲ', 'ゴ']),
    ("S", ['サ', 'シ', 'ス', 'セ', 'ソ']),
    ("Z", ['ザ', 'ジ', 'ズ', 'ゼ', 'ゾ']),
    ("T", ['タ', 'チ', 'ツ', 'テ', 'ト']),
    ("D", ['ダ', ' ', ' ', 'デ', 'ド']),
    ("N", ['ナ', 'ニ', 'ヌ', 'ネ', 'ノ']),
    ("H", ['ハ', 'ヒ', 'フ', 'ヘ', 'ホ']),
    ("B", ['バ', 'ビ', 'ブ', 'ベ', 'ボ']),
    ("P", ['パ', 'ピ', 'プ', 'ペ', 'ポ']),
    ("M", ['マ', 'ミ', 'ム', 'メ', 'モ']),
    ("Y", ['ヤ', ' ', 'ユ', ' ', 'ヨ']),
    ("R", ['ラ', 'リ', 'ル', 'レ', 'ロ']),
    ("W", ['ワ', ' ', ' ', ' ', ' ']),
];

const VOWELS: [char; 5] = ['A', 'I', 'U', 'E', 'O'];

/// What a word in Latin letters may stand for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Romaji {
    /// The kana key, when the word is whole Japanese syllables.
    pub(super) kana_key: Option<String>,
    /// The sound of the whole word.
    pub(super) sound: String,
    /// Sounds of names that may begin with the word.
    pub(super) beginnings: Vec<String>,
}

/// The sound of a kana key; characters that are no kana pass unchanged.
pub(super) fn sound_of_kana(kana_key: &str) -> String {
    let mut out = String::with_capacity(kana_key.len());
    for kana in kana_key.chars() {
        match kana {
            'ー' => {}
            'ン' => out.push('N'),
            _ => push_syllable(&mut out, kana),
        }
    }
    out
}

fn push_syllable(out: &mut String, kana: char) {
    for (consonant, row) in &ROWS {
        if let Some((_, vowel)) = row.iter().zip(VOWELS).find(|(member, _)| **member == kana) {
            out.push_str(consonant);
            out.push(vowel);
            return;
        }
    }
    out.push(kana);
}

/// The sound of a stored name in Latin letters.
pub(super) fn sound_of_romaji(romaji: &str) -> String {
    romaji_to_kana_key(romaji).map_or_else(|| romaji_key(romaji), |key| sound_of_kana(&key))
}

/// Reads a typed word in Latin letters.
pub(super) fn read_romaji(word: &str) -> Romaji {
    let kana_key = romaji_to_kana_key(word);
    let sound = sound_of_romaji(word);
    let mut beginnings = vec![sound.clone()];
    if kana_key.is_none() {
        beginnings.extend(open_beginning(word));
    }
    if sound.ends_with('M') {
        // `hom` may go on as Homare or as Homma, which is ホンマ.
        beginnings.extend(beginnings.last().and_then(|last| Some(format!("{}N", last.strip_suffix('M')?))));
    }
    beginnings.retain(|beginning| !beginning.is_empty());
    beginnings.dedup();
    Romaji { kana_key, sound, beginnings }
}

/// The beginning of the sound of a word whose last syllable still lacks its vowel: `sh` → `SI`, `hatt` → `HATUT`.
fn open_beginning(word: &str) -> Option<String> {
    let letters: String = word.chars().filter(char::is_ascii_alphabetic).map(|c| c.to_ascii_uppercase()).collect();
    let head = letters.trim_end_matches(|letter| !VOWELS.contains(&letter));
    let cluster = letters.strip_prefix(head)?;
    let mut out = if head.is_empty() { String::new() } else { sound_of_kana(&romaji_to_kana_key(head)?) };
    out.push_str(&open_consonants(cluster)?);
    Some(out)
}

/// The beginning of the sounds that these consonants open; `None` where no Japanese syllable begins so.
fn open_consonants(cluster: &str) -> Option<String> {
    let mut letters = cluster.chars();
    let (first, second) = (letters.next()?, letters.next());
    let tail = cluster.get(1..)?;
    match (first, second) {
        (_, Some(next)) if next == first && first != 'N' => return Some(format!("TU{}", open_consonants(tail)?)),
        ('T', Some('C')) => return Some(format!("TU{}", open_consonants(tail)?)),
        ('N', Some(next)) if next != 'Y' => return Some(format!("N{}", open_consonants(tail)?)),
        ('M', Some('B' | 'M' | 'P')) => return Some(format!("N{}", open_consonants(tail)?)),
        _ => {}
    }
    let sound = match cluster {
        "SH" | "S" if cluster.len() == 2 => "SI",
        "CH" | "C" => "TI",
        "J" => "ZI",
        "TS" => "TU",
        "F" => "HU",
        "V" => "B",
        "L" => "R",
        "JY" => "ZIY",
        "K" | "G" | "S" | "Z" | "T" | "D" | "N" | "H" | "B" | "P" | "M" | "Y" | "R" | "W" => cluster,
        "KY" | "GY" | "SY" | "ZY" | "TY" | "NY" | "HY" | "BY" | "PY" | "MY" | "RY" => {
            return Some(format!("{first}IY"));
        }
        _ => return None,
    };
    Some(sound.to_owned())
}

#[cfg(test)]
mod tests {
    use linkage::normalize::kana_key;

    use super::*;

    #[track_caller]
    fn check_same(romaji: &[&str], kana: &str) {
        for word in romaji {
            assert_eq!(read_romaji(word).sound, sound_of_kana(&kana_key(kana)), "{word} and {kana}");
        }
    }

    #[track_caller]
    fn check_begins(word: &str, kana: &[&str]) {
        let beginnings = read_romaji(word).beginnings;
        for kana in kana {
            let sound = sound_of_kana(&kana_key(kana));
            assert!(
                beginnings.iter().any(|start| sound.starts_with(start)),
                "{word} {beginnings:?} and {kana} {sound}"
            );
        }
    }

    #[test]
    fn spellings_by_ear_have_one_sound() {
        check_same(&["ohno", "ono", "oono", "ouno", "Ōno", "OHNO"], "オオノ");
        check_same(&["sato", "satou", "satoh", "satoo", "SATŌ"], "サトウ");
        check_same(&["jun'ichi", "junichi", "Jun-ichi", "zyun'iti"], "ジュンイチ");
        check_same(&["Shinichi", "shin'ichi", "siniti"], "シンイチ");
        check_same(&["shouichi", "syoiti", "shoichi"], "シヨウイチ");
        check_same(&["yuko", "yuuko", "yūko"], "ユウコ");
        check_same(&["keiko", "keeko"], "ケイコ");
        check_same(&["tsuchie", "tutie", "tsutie"], "ツチエ");
        check_same(&["homma", "honma"], "ホンマ");
        check_same(&["fujii", "huzii", "fuji"], "フジイ");
        check_same(&["hattori", "HATTORI"], "ハットリ");
        check_same(&["kizu", "kidzu"], "キヅ");
        check_same(&["Smith"], "SMITH");
    }

    #[test]
    fn other_sounds_differ() {
        for (left, right) in [("ono", "ano"), ("sato", "kato"), ("hatori", "hattori"), ("kana", "kanna")] {
            assert_ne!(read_romaji(left).sound, read_romaji(right).sound, "{left} {right}");
        }
    }

    #[test]
    fn a_word_may_stop_inside_a_syllable() {
        check_begins("watan", &["ワタナベ", "ワタンベ"]);
        check_begins("tak", &["タカハシ", "タケダ", "タキ"]);
        check_begins("sh", &["シマダ", "ショウジ", "シュンスケ"]);
        check_begins("ky", &["キョウコ", "キュウ"]);
        check_begins("hatt", &["ハットリ"]);
        check_begins("matc", &["マッチ"]);
        check_begins("hom", &["ホマレ", "ホンマ"]);
        check_begins("kam", &["カミヤ", "カンベ"]);
        check_begins("j", &["ジュン", "ジロウ"]);
        check_begins("smi", &["SMITH"]);
    }
}
