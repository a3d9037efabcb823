//! Jaro–Winkler and edit distances for short texts: the hot loop of every linkage run.
//!
//! Names have three to twelve characters and most pairs differ, so nothing is allocated for texts of up to 64
//! characters and the threshold questions answer from lengths and character sets where they can. `strsim` is the oracle
//! of the tests; its distances of longer texts are computed here too, with a buffer on the heap. All work on Unicode
//! scalar values (`𠮷` is one character), and on the first [`TEXT_CHARS_MAX`] of them.
#![expect(clippy::indexing_slicing, reason = "every index is below the length of the slice it was computed from")]

/// Characters of a text that the kernels read: more than any name or address, little enough that a field of a million
/// characters costs a fraction of a millisecond. Texts that differ only after it count as equal here.
pub const TEXT_CHARS_MAX: usize = 256;

/// Characters that the first buffer on the stack holds: nearly all names.
const SHORT: usize = 24;

/// Characters that the second buffer holds, and that a mask of 64 bits can mark.
const MEDIUM: usize = 64;

/// Jaro must exceed this before the common beginning counts (Winkler 1990, as in `strsim`).
const BOOST_ABOVE: f64 = 0.7;

/// What each character of the common beginning adds, as a share of what is missing to 1.
const BOOST: f64 = 0.1;

/// Characters of the common beginning that count.
const BOOST_CHARS: u32 = 4;

/// Jaro–Winkler similarity, 0 to 1; two empty texts have 1.
///
/// The greedy assignment of Jaro depends on which text comes first, so the shorter one does, and of two of one length
/// the one that sorts first.
#[must_use]
pub fn jaro_winkler(left: &str, right: &str) -> f64 {
    if left == right {
        return 1.0;
    }
    with_chars(left, right, jaro_winkler_chars)
}

/// Whether [`jaro_winkler`] is at least `least`.
///
/// Most pairs are refused by an upper bound: no more characters can match than the two texts have in common.
#[must_use]
pub fn jaro_winkler_at_least(left: &str, right: &str, least: f64) -> bool {
    if left == right {
        return 1.0 >= least;
    }
    with_chars(left, right, |a, b| jaro_winkler_bound(a, b) >= least && jaro_winkler_chars(a, b) >= least)
}

/// Edit distance in which two neighbours swapped count 1, and no part is edited twice (optimal string alignment).
#[must_use]
pub fn damerau(left: &str, right: &str) -> usize {
    edits(left, right, Edits { swaps: true, most: TEXT_CHARS_MAX })
}

/// Whether [`damerau`] is at most `most`.
#[must_use]
pub fn damerau_at_most(left: &str, right: &str, most: usize) -> bool {
    edits(left, right, Edits { swaps: true, most }) <= most
}

/// Edit distance by insertion, deletion and substitution.
#[must_use]
pub fn levenshtein(left: &str, right: &str) -> usize {
    edits(left, right, Edits { swaps: false, most: TEXT_CHARS_MAX })
}

/// Whether [`levenshtein`] is at most `most`.
#[must_use]
pub fn levenshtein_at_most(left: &str, right: &str, most: usize) -> bool {
    edits(left, right, Edits { swaps: false, most }) <= most
}

/// Which edits count 1, and the distance beyond which its size no longer matters.
#[derive(Clone, Copy)]
struct Edits {
    swaps: bool,
    most: usize,
}

fn edits(left: &str, right: &str, rules: Edits) -> usize {
    if left == right {
        return 0;
    }
    with_chars(left, right, |a, b| edits_chars(a, b, rules))
}

/// Calls `f` with the characters of both texts, the shorter one first, of equally long ones the one that sorts first.
///
/// It is generic so that the kernel is compiled into it; nothing outside this module sees that.
pub(super) fn with_chars<R>(left: &str, right: &str, f: impl Fn(&[char], &[char]) -> R) -> R {
    let ordered = |a: &[char], b: &[char]| if (a.len(), a) <= (b.len(), b) { f(a, b) } else { f(b, a) };
    let (mut a, mut b) = (['\0'; SHORT], ['\0'; SHORT]);
    if let (Some(a), Some(b)) = (decode(left, &mut a), decode(right, &mut b)) {
        return ordered(a, b);
    }
    let (mut a, mut b) = (['\0'; MEDIUM], ['\0'; MEDIUM]);
    if let (Some(a), Some(b)) = (decode(left, &mut a), decode(right, &mut b)) {
        return ordered(a, b);
    }
    let decode = |text: &str| text.chars().take(TEXT_CHARS_MAX).collect::<Vec<char>>();
    ordered(&decode(left), &decode(right))
}

/// The characters of a text in a buffer, `None` when they do not fit.
fn decode<'b>(text: &str, buffer: &'b mut [char]) -> Option<&'b [char]> {
    let mut length = 0;
    for character in text.chars() {
        *buffer.get_mut(length)? = character;
        length += 1;
    }
    buffer.get(..length)
}

/// Jaro–Winkler of two texts, the shorter one first.
fn jaro_winkler_chars(a: &[char], b: &[char]) -> f64 {
    if b.len() > MEDIUM {
        return strsim::generic_jaro_winkler(&Chars(a), &Chars(b));
    }
    if a.is_empty() {
        return if b.is_empty() { 1.0 } else { 0.0 };
    }
    boosted(jaro_masks(a, b), a, b)
}

/// Lets `strsim` iterate over borrowed characters.
struct Chars<'c>(&'c [char]);

impl<'c> IntoIterator for &Chars<'c> {
    type Item = &'c char;
    type IntoIter = std::slice::Iter<'c, char>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

/// Jaro similarity of two texts that are not empty and have at most 64 characters, the shorter one first.
fn jaro_masks(a: &[char], b: &[char]) -> f64 {
    let reach = (b.len() / 2).saturating_sub(1);
    // Bit i of `a_matched` (j of `b_matched`) is set when that character has a partner.
    let (mut a_matched, mut b_matched) = (0_u64, 0_u64);
    for (i, character) in a.iter().enumerate() {
        let from = i.saturating_sub(reach);
        let until = (i + reach + 1).min(b.len());
        for (j, partner) in b[from..until].iter().enumerate() {
            let bit = 1 << (from + j);
            if partner == character && b_matched & bit == 0 {
                b_matched |= bit;
                a_matched |= 1 << i;
                break;
            }
        }
    }
    let matches = a_matched.count_ones();
    if matches == 0 {
        return 0.0;
    }
    let mut out_of_order = 0_u32;
    while a_matched != 0 {
        let (i, j) = (a_matched.trailing_zeros(), b_matched.trailing_zeros());
        out_of_order += u32::from(a[i as usize] != b[j as usize]);
        a_matched &= a_matched - 1;
        b_matched &= b_matched - 1;
    }
    jaro(matches, lengths(a, b), out_of_order / 2)
}

fn lengths(a: &[char], b: &[char]) -> (u32, u32) {
    // No text that is compared is longer than `TEXT_CHARS_MAX`.
    (u32::try_from(a.len()).unwrap_or(u32::MAX), u32::try_from(b.len()).unwrap_or(u32::MAX))
}

/// Jaro's formula, in the order of operations of `strsim`, so that both round alike.
fn jaro(matches: u32, lengths: (u32, u32), transpositions: u32) -> f64 {
    let m = f64::from(matches);
    (m / f64::from(lengths.0) + m / f64::from(lengths.1) + f64::from(matches - transpositions) / m) / 3.0
}

/// Winkler's boost for a common beginning of so many characters.
fn boost(jaro: f64, beginning: u32) -> f64 {
    if jaro <= BOOST_ABOVE { jaro } else { jaro + BOOST * f64::from(beginning.min(BOOST_CHARS)) * (1.0 - jaro) }
}

fn boosted(jaro: f64, a: &[char], b: &[char]) -> f64 {
    boost(jaro, a.iter().zip(b).take_while(|(x, y)| x == y).fold(0, |count, _| count + 1))
}

/// At least [`jaro_winkler_chars`], and cheap: counts the characters of each text that the other may have.
fn jaro_winkler_bound(a: &[char], b: &[char]) -> f64 {
    if a.is_empty() || b.len() > MEDIUM {
        return 1.0;
    }
    let (a_set, b_set) = (set(a), set(b));
    let shared = |text: &[char], other: u64| text.iter().filter(|&&character| other & bit(character) != 0).count();
    let matches = shared(a, b_set).min(shared(b, a_set));
    let beginning = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    ceiling(lengths(a, b), matches, beginning)
}

/// The most that [`jaro_winkler`] can be for two texts of these lengths with so many characters in common.
pub(crate) fn jaro_winkler_ceiling(left: usize, right: usize, common: usize) -> f64 {
    let length = |characters: usize| u32::try_from(characters).unwrap_or(u32::MAX);
    if left == 0 || right == 0 { 1.0 } else { ceiling((length(left), length(right)), common, common) }
}

/// Boosting is monotone in Jaro, and every rounding in [`jaro`] and [`boost`] is monotone too, so the bound holds for
/// the computed numbers and not only for the exact ones, but for the jump of the last operation, which `SLACK` covers.
fn ceiling(lengths: (u32, u32), matches: usize, beginning: usize) -> f64 {
    /// Far above the rounding of five operations near 1, far below a difference that matters.
    const SLACK: f64 = 1e-12;
    let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
    if matches == 0 { 0.0 } else { boost(jaro(number(matches), lengths, 0), number(beginning)) + SLACK }
}

/// One bit per character, 64 classes.
fn bit(character: char) -> u64 {
    // Kana, Latin letters and digits are told apart by their low six bits; of kanji, most.
    1 << (u32::from(character) & 63)
}

fn set(text: &[char]) -> u64 {
    text.iter().fold(0, |set, &character| set | bit(character))
}

/// The edit distance, or some number above `rules.most` when it is larger than that; the shorter text first.
fn edits_chars(a: &[char], b: &[char], rules: Edits) -> usize {
    let (a, b) = without_common_ends(a, b);
    if a.is_empty() || b.len() - a.len() > rules.most {
        return b.len();
    }
    if b.len() == 1 || rules.most == 0 {
        return 1;
    }
    if rules.most == 1 {
        // Both differ at either end, so a single edit is left only where it swaps the two characters between.
        let swapped = matches!((a, b), ([a1, a2], [b1, b2]) if a1 == b2 && a2 == b1);
        return if rules.swaps && swapped { 1 } else { 2 };
    }
    if b.len() <= MEDIUM {
        edits_rows(a, b, rules, &mut [0; 3 * (MEDIUM + 1)])
    } else {
        edits_rows(a, b, rules, &mut vec![0; 3 * (b.len() + 1)])
    }
}

/// Cuts what both texts begin and end with: it is never cheaper to edit it.
fn without_common_ends<'t>(a: &'t [char], b: &'t [char]) -> (&'t [char], &'t [char]) {
    let start = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (a, b) = (&a[start..], &b[start..]);
    let end = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    (&a[..a.len() - end], &b[..b.len() - end])
}

/// The table of Wagner and Fischer, three rows of it at a time, and only the band that can stay within `rules.most`.
///
/// `rows` has at least three times `b.len() + 1` places.
fn edits_rows(a: &[char], b: &[char], rules: Edits, rows: &mut [u16]) -> usize {
    /// More than any distance of two texts of at most [`TEXT_CHARS_MAX`] characters, with room to add 1.
    const FAR: u16 = 1 << 12;
    let width = b.len() + 1;
    let (before, rest) = rows.split_at_mut(width);
    let (above, rest) = rest.split_at_mut(width);
    let (mut before, mut above, mut row) = (before, above, &mut rest[..width]);
    for (cell, distance) in above.iter_mut().zip(0_u16..) {
        *cell = distance;
    }
    for i in 1..=a.len() {
        let (from, until) = (i.saturating_sub(rules.most).max(1), (i + rules.most).min(b.len()));
        row[from - 1] = if from == 1 { u16::try_from(i).unwrap_or(FAR) } else { FAR };
        let mut least = row[from - 1];
        for j in from..=until {
            let substituted = above[j - 1] + u16::from(a[i - 1] != b[j - 1]);
            let mut best = substituted.min(above[j] + 1).min(row[j - 1] + 1);
            if rules.swaps && i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row[j] = best;
            least = least.min(best);
        }
        if usize::from(least) > rules.most {
            return usize::from(least);
        }
        if until < b.len() {
            row[until + 1] = FAR;
        }
        (before, above, row) = (above, row, before);
    }
    usize::from(above[b.len()])
}
