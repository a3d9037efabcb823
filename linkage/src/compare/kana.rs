//! Distance of two kana names, in which the slips of reception desks cost less than a different sound.
//!
//! `ワタナヘ` for `ワタナベ` is a lost mark, `コウジ` for `コージ` a habit, `ヤマザキ` for `ヤマサキ` a different but near
//! reading. Costs are tenths of an edit, so that sums are exact and both directions give the same number.
#![expect(clippy::indexing_slicing, reason = "every index is below the length of the slice it was computed from")]

use super::kernel::{TEXT_CHARS_MAX, with_chars};

/// Tenths in one edit.
const EDIT: u16 = 10;
/// A dakuten or handakuten added, lost or exchanged: `カ`/`ガ`, `ハ`/`パ`.
const MARK: u16 = 4;
/// A long vowel written or not: `オオノ`/`オノ`, `ユウコ`/`ユコ`, `サトー`/`サト`.
const LONG: u16 = 4;
/// An `ン` heard or not: `シンイチ`/`シイチ`.
const NASAL: u16 = 6;

/// Texts up to this length are compared without the heap.
const SHORT: usize = 31;

/// Distance in edits: 0.4 for a mark or a long vowel, 0.6 for `ン`, 1 for any other insertion, deletion or substitution
/// and for two neighbours swapped; nothing between small and large kana, `ヅ` and `ズ`, `オオ`, `オウ` and `オー`.
pub(super) fn distance(left: &str, right: &str) -> f64 {
    f64::from(tenths(left, right, u16::MAX)) / f64::from(EDIT)
}

/// Whether [`distance`] is at most `most` edits.
pub(super) fn at_most(left: &str, right: &str, most: f64) -> bool {
    /// More than any distance, and small enough to be exact.
    const FAR: f64 = (TEXT_CHARS_MAX as f64) * 2.0;
    if most.is_nan() || most < 0.0 {
        return false;
    }
    // Rounded up: the distance itself is compared below as a rule would compare it.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and ten times FAR")]
    let limit = (most.min(FAR) * f64::from(EDIT)).ceil() as u16;
    f64::from(tenths(left, right, limit)) / f64::from(EDIT) <= most
}

/// The distance in tenths, or some number above `limit` when it is larger than that.
fn tenths(left: &str, right: &str, limit: u16) -> u16 {
    if left == right {
        return 0;
    }
    with_chars(left, right, |a, b| {
        // Nothing costs less than a mark or a long vowel.
        let longer = u16::try_from(b.len() - a.len()).unwrap_or(u16::MAX).saturating_mul(LONG);
        if longer > limit {
            return longer;
        }
        // Without a sound in common every place costs at least a mark: most pairs of names end here.
        let apart = u16::try_from(b.len()).unwrap_or(u16::MAX).saturating_mul(MARK);
        if apart > limit && heard(a) & heard(b) == 0 {
            return apart;
        }
        if b.len() <= SHORT {
            let (mut x, mut y) = ([Sound::NONE; SHORT], [Sound::NONE; SHORT]);
            rows(sounds(a, &mut x), sounds(b, &mut y), limit, &mut [0; 3 * (SHORT + 1)])
        } else {
            let (mut x, mut y) = (vec![Sound::NONE; a.len()], vec![Sound::NONE; b.len()]);
            rows(sounds(a, &mut x), sounds(b, &mut y), limit, &mut vec![0; 3 * (b.len() + 1)])
        }
    })
}

/// The sounds of a text as bits.
fn heard(text: &[char]) -> u64 {
    text.iter().fold(0, |bits, &written| bits | 1 << (u32::from(sound(written)) % 64))
}

/// The sound of a character, marks taken off; all vowels are one, because each may only lengthen another. Two characters
/// that cost less than an edit to exchange have one sound.
pub(super) fn sound(written: char) -> char {
    match unmarked(plain(written)) {
        'ア' | 'イ' | 'ウ' | 'エ' | 'オ' | 'ー' => 'ア',
        // `ジ` may be `チ`, and `ズ` may be `ツ`.
        'チ' => 'シ',
        'ツ' => 'ス',
        other => other,
    }
}

/// One character as it sounds at its place.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Sound {
    /// The large katakana, `ヂ ヅ ヲ ヰ ヱ` as they are spoken; other characters as they are.
    kana: char,
    /// The same without dakuten or handakuten.
    base: char,
    /// Whether it lengthens the vowel before it.
    long: bool,
}

impl Sound {
    const NONE: Self = Self { kana: '\0', base: '\0', long: false };

    /// What it costs to write it or to leave it out.
    fn drop_cost(self) -> u16 {
        match self.kana {
            _ if self.long => LONG,
            'ン' => NASAL,
            _ => EDIT,
        }
    }

    /// What it costs to write the other one for it.
    fn change_cost(self, other: Self) -> u16 {
        if self.kana == other.kana || self.long && other.long {
            0
        } else if self.base == other.base || loses_mark(self.kana, other.kana) || loses_mark(other.kana, self.kana) {
            MARK
        } else {
            EDIT
        }
    }
}

/// `ヂ` and `ヅ` are spoken, and folded to, `ジ` and `ズ`, but lose their mark to `チ` and `ツ`: `ノズ` is `ノツ`.
fn loses_mark(marked: char, unmarked: char) -> bool {
    matches!((marked, unmarked), ('ジ', 'チ') | ('ズ', 'ツ'))
}

/// The sounds of a text; `buffer` is at least as long.
fn sounds<'b>(text: &[char], buffer: &'b mut [Sound]) -> &'b [Sound] {
    let mut vowel = None;
    for (sound, &written) in buffer.iter_mut().zip(text) {
        let kana = plain(written);
        let long = lengthens(vowel, kana);
        *sound = Sound { kana, base: unmarked(kana), long };
        if !long {
            vowel = vowel_of(kana);
        }
    }
    &buffer[..text.len()]
}

/// The table of edits, three rows of it at a time; `table` has at least three times `b.len() + 1` places.
fn rows(a: &[Sound], b: &[Sound], limit: u16, table: &mut [u16]) -> u16 {
    let width = b.len() + 1;
    let (before, rest) = table.split_at_mut(width);
    let (above, rest) = rest.split_at_mut(width);
    let (mut before, mut above, mut row) = (before, above, &mut rest[..width]);
    above[0] = 0;
    for j in 1..width {
        above[j] = above[j - 1] + b[j - 1].drop_cost();
    }
    for i in 1..=a.len() {
        let sound = a[i - 1];
        row[0] = above[0] + sound.drop_cost();
        let mut least = row[0];
        for j in 1..width {
            let mut best = above[j - 1] + sound.change_cost(b[j - 1]);
            best = best.min(above[j] + sound.drop_cost()).min(row[j - 1] + b[j - 1].drop_cost());
            if i > 1 && j > 1 && sound.kana == b[j - 2].kana && a[i - 2].kana == b[j - 1].kana {
                best = best.min(before[j - 2] + EDIT);
            }
            row[j] = best;
            least = least.min(best);
        }
        // No later row has a smaller least: every step costs at least 0, and a swap across this row costs an edit, as
        // much as any step from the row before to this one.
        if least > limit {
            return least;
        }
        (before, above, row) = (above, row, before);
    }
    above[b.len()]
}

/// Large katakana, with the kana that are spoken alike unified; other characters as they are.
pub(super) fn plain(written: char) -> char {
    /// From a hiragana to its katakana.
    const HIRAGANA_TO_KATAKANA: u32 = 0x60;
    let kana = match written {
        'ぁ'..='ゖ' => char::from_u32(u32::from(written) + HIRAGANA_TO_KATAKANA).unwrap_or(written),
        _ => written,
    };
    match kana {
        'ァ' => 'ア',
        'ィ' | 'ヰ' => 'イ',
        'ゥ' => 'ウ',
        'ェ' | 'ヱ' => 'エ',
        'ォ' | 'ヲ' => 'オ',
        'ヵ' => 'カ',
        'ヶ' => 'ケ',
        'ッ' => 'ツ',
        'ャ' => 'ヤ',
        'ュ' => 'ユ',
        'ョ' => 'ヨ',
        'ヮ' => 'ワ',
        'ヂ' => 'ジ',
        'ヅ' => 'ズ',
        _ => kana,
    }
}

/// The katakana without its dakuten or handakuten.
pub(super) fn unmarked(kana: char) -> char {
    let code = u32::from(kana);
    let base = match kana {
        // Pairs カガ … チヂ: the marked one has an even code, and from ツヅ on, behind the small ッ, an odd one.
        'カ'..='ヂ' => code - (code + 1) % 2,
        'ツ'..='ド' => code - code % 2,
        // Triples ハバパ … ホボポ.
        'ハ'..='ポ' => code - code % 3,
        'ヴ' => return 'ウ',
        _ => code,
    };
    char::from_u32(base).unwrap_or(kana)
}

/// Whether a kana, plain, lengthens the vowel before it: `ー`, `オ` and `ウ` after an o, `ウ` after a u, `イ` after an e …
pub(super) fn lengthens(vowel: Option<char>, kana: char) -> bool {
    match vowel {
        None => false,
        Some(vowel) => kana == 'ー' || kana == vowel || matches!((vowel, kana), ('オ', 'ウ') | ('エ', 'イ')),
    }
}

/// The vowel that a plain katakana ends in, as a kana; `None` for `ン`, `ツ` as a stop, and characters that are no kana.
pub(super) fn vowel_of(kana: char) -> Option<char> {
    Some(match unmarked(kana) {
        'ア' | 'カ' | 'サ' | 'タ' | 'ナ' | 'ハ' | 'マ' | 'ヤ' | 'ラ' | 'ワ' => 'ア',
        'イ' | 'キ' | 'シ' | 'チ' | 'ニ' | 'ヒ' | 'ミ' | 'リ' => 'イ',
        'ウ' | 'ク' | 'ス' | 'ツ' | 'ヌ' | 'フ' | 'ム' | 'ユ' | 'ル' => 'ウ',
        'エ' | 'ケ' | 'セ' | 'テ' | 'ネ' | 'ヘ' | 'メ' | 'レ' => 'エ',
        'オ' | 'コ' | 'ソ' | 'ト' | 'ノ' | 'ホ' | 'モ' | 'ヨ' | 'ロ' => 'オ',
        _ => return None,
    })
}
