//! Kanji names that are equal but for lost, interchanged or look-alike characters.

/// The one-character wildcard that normalisation puts for a lost glyph (`■ ● 〓 ＊ ＿ ？ □`, U+FFFD, private use).
const WILDCARD: char = '〓';

/// The class of characters that clerks interchange or that look alike.
///
/// They are different characters of different names, so this is near agreement, never equality. Variants of one
/// character (`辺 邊 邉`) are not here: folding has made them equal before. Both the everyday form and the form that
/// folding chooses are listed. From the pairs that no safe folding table may join and the confusions that
/// `tests/data/name_pairs.tsv` lists; common slips of the same sort are added.
#[rustfmt::skip]
#[must_use]
pub fn class(character: char) -> Option<u8> {
    Some(match character {
        // Another character, used in the same names with the same reading.
        '斉' | '斎' | '齊' | '齋' => 0, '坂' | '阪' => 1, '畑' | '畠' => 2, '崎' | '﨑' | '埼' => 3,
        '弘' | '広' | '廣' | '宏' => 4, '荻' | '萩' => 5, '河' | '川' => 6, '池' | '地' => 7,
        '裕' | '祐' | '佑' => 8, '慧' | '恵' => 9, '笑' | '咲' => 10, '惇' | '敦' => 11, '映' | '暎' => 12,
        '准' | '準' => 13, '圭' | '珪' => 14, '彬' | '斌' => 15, '英' | '叡' => 16, '瑠' | '琉' => 17,
        '野' | '埜' => 18, '島' | '嶋' | '嶌' => 19, '乃' | '之' => 20, '亮' | '諒' => 21,
        '孝' | '考' => 22, '健' | '建' => 23, '徹' | '撤' => 24, '元' | '基' => 25, '長' | '永' => 26,
        // Another character that looks alike.
        '柿' | '杮' => 27, '太' | '大' | '犬' => 28, '未' | '末' => 29, '己' | '已' | '巳' => 30,
        '菅' | '管' => 31, '壬' | '王' | '玉' => 32, '千' | '干' => 33, '土' | '士' => 34,
        '日' | '曰' => 35, '本' | '木' => 36, '宮' | '官' => 37, '幸' | '辛' => 38, '瓜' | '爪' => 39,
        '鳥' | '烏' => 40, '栗' | '粟' => 41, '牛' | '午' => 42, '治' | '冶' => 43, '季' | '李' => 44,
        '問' | '間' => 45, '人' | '入' => 46, '藤' | '籐' => 47, 'ケ' | 'ヶ' | 'ガ' | 'が' => 48,
        'ノ' | 'の' => 49,
        _ => return None,
    })
}

/// Whole names that clerks interchange though their characters are no pair elsewhere; the comparison keys.
const NAMES: &[&[&str]] = &[&["渡辺", "渡部"], &["阿部", "安部", "安倍", "阿倍"], &["伊藤", "伊東"]];

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

/// Whether both texts are equal but for characters of one class, or are names that are interchanged as a whole.
pub(super) fn soft_variant(left: &str, right: &str) -> bool {
    left == right || same_by_classes(left, right) || in_one_group(left, right)
}

fn same_by_classes(left: &str, right: &str) -> bool {
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
    class(left).is_some_and(|left| class(right) == Some(left))
}

/// Whether a name is one of those that are interchanged as a whole.
pub(super) fn is_in_group(name: &str) -> bool {
    NAMES.iter().any(|group| group.contains(&name))
}

fn in_one_group(left: &str, right: &str) -> bool {
    NAMES.iter().any(|group| group.contains(&left) && group.contains(&right))
}
