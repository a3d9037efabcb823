//! Classes of characters that no measure tells apart for less than an edit.
//!
//! Sketches of values hold the classes of their characters, not the characters: what a mark, a long vowel or a
//! look-alike would join is one class, so that texts without classes in common are far apart under every measure.

use super::{kana, kanji};

/// Classes; a sketch has a bit for each.
pub(crate) const CLASSES: u32 = 60;

/// The least that a kana costs which is written or left out, in edits.
pub(crate) const KANA_DROP_MIN: f64 = 0.4;

/// The classes whose kana may cost less than an edit: vowels, which may lengthen another, and `ン`.
pub(crate) const CHEAP: u64 = 1 << of_code('ア' as u32) | 1 << of_code('ン' as u32);

/// The class of a character, below [`CLASSES`]. Characters that one measure takes for near have one class.
pub(crate) fn class_of(written: char) -> u32 {
    /// Behind all characters.
    const CONFUSABLE: u32 = 0x11_0000;
    let heard = kana::sound(written);
    match kanji::class(written) {
        // Interchanged in writing, and `ガ` sounds like `カ`.
        _ if matches!(heard, 'カ' | 'ケ') => of_code('カ' as u32),
        Some(class) if !matches!(heard, 'ァ'..='ー') => of_code(CONFUSABLE + u32::from(class)),
        _ => of_code(u32::from(heard)),
    }
}

/// Whether a name is interchanged as a whole with another whose characters are not alike.
pub(crate) fn is_interchanged(folded: &str) -> bool {
    kanji::is_in_group(folded)
}

const fn of_code(code: u32) -> u32 {
    // 736 is the least factor that gives every sound of katakana a class of its own.
    ((code * 736) >> 6) % CLASSES
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_sound_has_a_class_of_its_own() {
        // `ケ` is written for `ガ`, so it is not told from `カ`.
        let sounds = "アカキクコサシスセソタテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン";
        let classes: BTreeSet<u32> = sounds.chars().map(class_of).collect();
        assert_eq!(classes.len(), sounds.chars().count());
        assert_eq!(CHEAP.count_ones(), 2);
    }

    #[test]
    fn what_is_near_is_one_class() {
        for same in ["カガかヶケゲ", "シジチヂ", "斉斎齋", "アーオヲ", "ハバパは", "ノの", "太大犬"]
        {
            let classes: BTreeSet<u32> = same.chars().map(class_of).collect();
            assert_eq!(classes.len(), 1, "{same}");
        }
    }
}
