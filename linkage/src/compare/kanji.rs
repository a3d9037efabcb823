//! Kanji that are equal but for lost, interchanged or look-alike characters.

/// The one-character wildcard that normalisation puts for a lost glyph (`■ ● 〓 ＊ ＿ ？ □`, U+FFFD, private use).
pub(super) const WILDCARD: char = '〓';

/// Characters that clerks interchange, or that look alike; each in at most one class.
///
/// Different characters of different names, so this is near agreement, never equality. Variants of one character
/// (辺邊邉) are not here: folding has made them equal before.
const CLASSES: &[&str] = &[
    "斉斎齊齋",
    "坂阪",
    "畑畠",
    "崎埼﨑",
    "弘広廣",
    "荻萩",
    "柿杮",
    "太大犬",
    "未末",
    "己巳已",
    "部辺邊邉",
    "安阿",
    "倍",
];

/// Whether both texts are equal, or equal wherever neither has a wildcard, with at least one character agreeing.
pub(super) fn wildcard_compatible(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    let (mut l, mut r) = (left.chars(), right.chars());
    let mut agreed = false;
    loop {
        match (l.next(), r.next()) {
            (None, None) => return agreed,
            (Some(x), Some(y)) if x == WILDCARD || y == WILDCARD => {}
            (Some(x), Some(y)) if x == y => agreed = true,
            _ => return false,
        }
    }
}

/// Whether both texts are equal but for characters of one soft class.
pub(super) fn soft_variant(left: &str, right: &str) -> bool {
    let (mut l, mut r) = (left.chars(), right.chars());
    loop {
        match (l.next(), r.next()) {
            (None, None) => return true,
            (Some(x), Some(y)) if x == y || interchanged(x, y) => {}
            _ => return false,
        }
    }
}

fn interchanged(left: char, right: char) -> bool {
    CLASSES.iter().any(|class| class.contains(left) && class.contains(right))
}
