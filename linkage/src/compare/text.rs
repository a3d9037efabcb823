//! Measures of plain texts that are not edit distances: beginnings, words, letter pairs, sets, numbers.

use crate::value::{Parts, Value};

use super::kernel::{TEXT_CHARS_MAX, with_chars};

/// Length of the common beginning over the length of the shorter text; two empty texts have 1, one alone 0.
pub(super) fn common_prefix(left: &str, right: &str) -> f64 {
    if left == right {
        return 1.0;
    }
    let common = left.chars().zip(right.chars()).take_while(|(l, r)| l == r).count();
    let shorter = left.chars().count().min(right.chars().count());
    if shorter == 0 { 0.0 } else { common as f64 / shorter as f64 }
}

/// Whether the keys are equal, or one of at least two characters is the beginning or the end of the other, or one
/// text is a word of the other.
pub(super) fn contains(left: &Value, right: &Value) -> bool {
    left.folded() == right.folded() || is_in(left, right) || is_in(right, left)
}

fn is_in(short: &Value, long: &Value) -> bool {
    let (short_key, long_key) = (short.folded(), long.folded());
    let two_characters = |text: &str| text.chars().nth(1).is_some();
    two_characters(short_key) && (long_key.starts_with(short_key) || long_key.ends_with(short_key))
        || long.exact.len() > short.exact.len()
            && two_characters(&short.exact)
            && words(&long.exact).any(|word| *word == *short.exact)
}

/// The words of a canonical text; keys have lost what separates them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    // A field of a million words must not cost more than one of a few hundred.
    text.split([' ', '-', '・']).filter(|word| !word.is_empty()).take(TEXT_CHARS_MAX)
}

/// Whether one text is a single Latin letter, perhaps with a full stop, that begins the other.
pub(super) fn initial(left: &str, right: &str) -> bool {
    is_initial_of(left, right) || is_initial_of(right, left)
}

fn is_initial_of(short: &str, long: &str) -> bool {
    /// Letters up to the end of Latin Extended-B; a single kanji is a whole name, not an initial.
    const LATIN_END: char = '\u{24f}';
    let mut letters = short.strip_suffix('.').unwrap_or(short).chars();
    let (Some(letter), None) = (letters.next(), letters.next()) else { return false };
    letter <= LATIN_END && letter.is_alphabetic() && long.starts_with(letter)
}

/// Dice coefficient of the pairs of neighbouring characters, each counted as often as it occurs.
///
/// Texts of fewer than two characters have no pairs: equal ones have 1, others 0.
pub(super) fn dice(left: &str, right: &str) -> f64 {
    if left == right {
        return 1.0;
    }
    with_chars(left, right, |a, b| {
        let (a_pairs, b_pairs) = (a.len().saturating_sub(1), b.len().saturating_sub(1));
        if a == b {
            return 1.0;
        }
        if a_pairs == 0 || b_pairs == 0 {
            return 0.0;
        }
        let common = if b_pairs <= 64 { common_pairs_masked(a, b) } else { common_pairs_sorted(a, b) };
        2.0 * common as f64 / (a_pairs + b_pairs) as f64
    })
}

/// Pairs in common; `b` has at most 64.
fn common_pairs_masked(a: &[char], b: &[char]) -> usize {
    let mut taken = 0_u64;
    for pair in a.windows(2) {
        let free = b.windows(2).enumerate().find(|(at, other)| *other == pair && taken & (1 << at) == 0);
        if let Some((at, _)) = free {
            taken |= 1 << at;
        }
    }
    taken.count_ones() as usize
}

fn common_pairs_sorted(a: &[char], b: &[char]) -> usize {
    let sorted = |text: &[char]| {
        let mut pairs: Vec<(char, char)> = text.iter().copied().zip(text.iter().copied().skip(1)).collect();
        pairs.sort_unstable();
        pairs
    };
    common_sorted(sorted(a).iter(), sorted(b).iter())
}

/// Members in common of two sorted lists, each counted as often as it occurs in both.
fn common_sorted<T: Ord>(mut a: impl Iterator<Item = T>, mut b: impl Iterator<Item = T>) -> usize {
    let (mut x, mut y, mut common) = (a.next(), b.next(), 0);
    while let (Some(l), Some(r)) = (&x, &y) {
        match l.cmp(r) {
            std::cmp::Ordering::Less => x = a.next(),
            std::cmp::Ordering::Greater => y = b.next(),
            std::cmp::Ordering::Equal => {
                common += 1;
                (x, y) = (a.next(), b.next());
            }
        }
    }
    common
}

/// Words in common over the number of words of the text that has more; equal keys have 1.
pub(super) fn token_overlap(left: &Value, right: &Value) -> f64 {
    if left.folded() == right.folded() {
        return 1.0;
    }
    let (l, r) = (words(&left.exact).count(), words(&right.exact).count());
    if l.max(r) <= 1 {
        // One word each, and the texts differ: the usual case, without sorting.
        return f64::from(u8::from(l == r && words(&left.exact).eq(words(&right.exact))));
    }
    let sorted = |text| {
        let mut words: Vec<&str> = words(text).collect();
        words.sort_unstable();
        words
    };
    common_sorted(sorted(&left.exact).iter(), sorted(&right.exact).iter()) as f64 / l.max(r) as f64
}

/// Members in common over the size of the smaller set; a scalar is a set of one, its comparison key.
pub(super) fn overlap(left: &Value, right: &Value) -> f64 {
    if left.exact == right.exact {
        return 1.0;
    }
    match (left.parts(), right.parts()) {
        (Parts::Set(l), Parts::Set(r)) => {
            let smaller = l.len().min(r.len());
            if smaller == 0 { 0.0 } else { common_sorted(l.iter(), r.iter()) as f64 / smaller as f64 }
        }
        (Parts::Set(set), _) => share(set, right.folded()),
        (_, Parts::Set(set)) => share(set, left.folded()),
        _ => f64::from(u8::from(left.folded() == right.folded())),
    }
}

fn share(set: &[Box<str>], member: &str) -> f64 {
    f64::from(u8::from(set.iter().any(|other| **other == *member)))
}

/// Distance of two finite decimal numbers; `None` when a text is not one.
pub(super) fn difference(left: &str, right: &str) -> Option<f64> {
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
    Some((number(left)? - number(right)?).abs().min(f64::MAX))
}
