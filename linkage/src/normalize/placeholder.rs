//! Names that are no names: newborns, unknown patients, test patients.
//!
//! Only words that cannot be a given name are listed: 三男 and 次男 alone are real names (ミツオ, ツグオ), so they count
//! only behind a mother's name. A placeholder is kept and flagged; the guards of the model decide what follows.

/// Anywhere in the name.
const KANJI_ANYWHERE: &[&str] = &[
    "ベビー",
    "ベイビー",
    "新生児",
    "救急患者",
    "身元不明",
    "氏名不明",
    "名前不明",
    "身元不詳",
    "氏名不詳",
    "患者不明",
];
/// The whole name.
const KANJI_WHOLE: &[&str] = &[
    "不明",
    "不詳",
    "未詳",
    "未定",
    "命名前",
    "名無し",
    "ナナシ",
    "名無",
    "救急",
    "救急搬送",
    "テスト",
    "ダミー",
    "男児",
    "女児",
    "長男",
    "長女",
    "次女",
    "二女",
    "三女",
    "四女",
    "児",
    "BABY",
    "BABYBOY",
    "BABYGIRL",
    "UNKNOWN",
    "TEST",
    "DUMMY",
];
/// At the end, behind another name.
const KANJI_ENDING: &[&str] =
    &["長男", "長女", "次女", "二女", "三女", "四女", "男児", "女児", "の児", "第一子", "第二子", "第三子"];
/// At the end, behind a name of at least four characters (family and given name of the mother): 田中三男 is a person.
const KANJI_LONG_ENDING: &[&str] = &["次男", "二男", "三男", "四男", "五男"];
/// Test patients: a word before anything else.
const KANJI_START: &[&str] = &["テスト", "ダミー"];

/// Anywhere in the kana key.
const KANA_ANYWHERE: &[&str] = &["ベビー", "シンセージ", "キユーキユーカンジヤ", "ミモトフメー", "シメーフメー"];
/// The whole kana key.
const KANA_WHOLE: &[&str] = &[
    "フメー",
    "フシヨー",
    "テスト",
    "ダミー",
    "チヨーナン",
    "ジナン",
    "サンナン",
    "チヨージヨ",
    "ジジヨ",
    "サンジヨ",
    "ダンジ",
    "ジヨジ",
];
/// At the end of the kana key.
const KANA_ENDING: &[&str] = &["チヨーナン", "チヨージヨ"];

/// Whether a name in its registered form is a placeholder.
pub(super) fn is_kanji_placeholder(exact: &str) -> bool {
    // Nearly every name has none of these characters, and every word above has one.
    if !exact.chars().any(|c| "ベ児不未名救テダ男女第ナBUTD".contains(c)) {
        return false;
    }
    let name = exact.trim_end_matches(|c: char| c.is_ascii_digit());
    let long_ending = |ending: &str| name.strip_suffix(ending).is_some_and(|head| head.chars().count() >= 4);
    KANJI_ANYWHERE.iter().any(|word| name.contains(word))
        || KANJI_WHOLE.contains(&name)
        || KANJI_ENDING.iter().any(|word| name.ends_with(word))
        || KANJI_LONG_ENDING.iter().any(|word| long_ending(word))
        || KANJI_START.iter().any(|word| name.starts_with(word))
}

/// Whether a kana key (see [`super::kana_key`]) is a placeholder.
pub(super) fn is_kana_placeholder(key: &str) -> bool {
    let name = key.trim_end_matches(|c: char| c.is_ascii_digit());
    KANA_ANYWHERE.iter().any(|word| name.contains(word))
        || KANA_WHOLE.contains(&name)
        || KANA_ENDING.iter().any(|word| name.ends_with(word))
}
