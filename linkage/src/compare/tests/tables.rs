//! Tables of cases, most from the labelled pairs of `../shared/data/japan/samples/vectors`.

use super::*;
use crate::normalize::Kind::{Address, Date, Digits, KanaName, KanjiName, LatinName, Set, Text};

/// Checks a measure of one field over two raw values; an empty text is null.
#[track_caller]
fn check(m: Measure, kind: Kind, pair: (&str, &str), expected: Option<f64>) {
    let (left, right) = (value(kind, pair.0), value(kind, pair.1));
    let number = measure(m, Side::one(left.as_ref()), Side::one(right.as_ref()), &Readings::empty());
    let agrees = match (number, expected) {
        (Some(number), Some(expected)) => (number - expected).abs() < 1e-9,
        _ => number == expected,
    };
    assert!(agrees, "{} of {pair:?} is {number:?}, not {expected:?}", m.name());
}

#[track_caller]
fn yes(m: Measure, kind: Kind, left: &str, right: &str) {
    check(m, kind, (left, right), Some(1.0));
}

#[track_caller]
fn no(m: Measure, kind: Kind, left: &str, right: &str) {
    check(m, kind, (left, right), Some(0.0));
}

/// A value of which the exact text and the key are given.
fn folded(exact: &str, key: &str) -> Value {
    Value::new(exact, key)
}

#[test]
fn names_of_measures_are_unique_and_parse() {
    for (at, &m) in Measure::ALL.iter().enumerate() {
        assert_eq!(Measure::parse(m.name()), Some(m));
        assert!(m.name().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{}", m.name());
        assert!(!Measure::ALL[..at].contains(&m), "{m:?} stands twice");
        assert!(matches!(m.fields(), 1 | 2) && !m.says().is_empty());
    }
    assert_eq!(Measure::parse("Exact"), None);
    // A measure that is missing in `ALL` cannot be written in a rule: this list fails to compile without it.
    assert_eq!(Measure::ALL.len(), Measure::Initial as usize + 1);
}

#[test]
fn implications() {
    assert!(Measure::Exact.implies(Measure::Wildcard));
    assert!(Measure::Exact.implies(Measure::JaroWinkler));
    assert!(!Measure::Folded.implies(Measure::Exact));
    assert!(!Measure::Wildcard.implies(Measure::Folded));
    assert!(Measure::EraSlip.implies(Measure::SameMonthDay));
    assert!(!Measure::SameAddress.implies(Measure::SameMunicipality));
}

#[test]
fn lost_characters_are_wildcards() {
    yes(Measure::Wildcard, KanjiName, "●橋", "髙橋");
    yes(Measure::Wildcard, KanjiName, "■橋", "高橋");
    no(Measure::Wildcard, KanjiName, "●橋", "高〓"); // no character agrees
    yes(Measure::Wildcard, KanjiName, "高橋", "高橋");
    no(Measure::Wildcard, KanjiName, "●橋", "高田");
    no(Measure::Wildcard, KanjiName, "●橋", "橋");
    no(Measure::Wildcard, KanjiName, "田中", "中田");
}

#[test]
fn interchanged_and_confusable_kanji_are_near() {
    let near = [
        "斎藤 斉藤",
        "齋藤 齊藤",
        "齋藤 斉藤",
        "渡部 渡辺",
        "安部 阿部",
        "安倍 阿部",
        "大田 太田",
        "河野 川野",
        "伊東 伊藤",
        "菊池 菊地",
        "長島 永島",
        "中島 中嶋",
        "広 弘",
        "裕子 祐子",
        "柿 杮",
        "己 巳",
        "大 犬",
        "崎 埼",
        "管野 菅野",
        "壬生 王生",
        "未 末",
        "千 干",
        "土 士",
        "日 曰",
        "本 木",
        "坂本 阪本",
        "畑中 畠中",
        "荻原 萩原",
        "埜口 野口",
    ];
    for pair in near {
        let (left, right) = pair.split_once(' ').unwrap();
        yes(Measure::SoftVariant, KanjiName, left, right);
    }
    // The reading alone joins the first three; they are another tier.
    for pair in [
        "隆 孝",
        "浩 博",
        "真 慎",
        "田中 中田",
        "山本 山元",
        "佐藤 加藤",
        "一郎 二郎",
        "長男 次男",
        "斉藤 斉",
        "東山 藤山",
    ] {
        let (left, right) = pair.split_once(' ').unwrap();
        no(Measure::SoftVariant, KanjiName, left, right);
    }
}

#[test]
fn classes_of_kanji_survive_folding() {
    // Values are compared by their keys: a class must hold the character that folding chooses.
    let text = include_str!("../../../../matching-rules/normalize/kanji_fold.tsv");
    for row in text.lines().filter(|row| !row.starts_with('#')) {
        let mut cells = row.split('\t').map(|cell| cell.chars().next().unwrap());
        let (from, to) = (cells.next().unwrap(), cells.next().unwrap());
        if let Some(class) = kanji::class(from) {
            assert_eq!(kanji::class(to), Some(class), "{from} folds to {to}, which is in another class or none");
        }
    }
}

#[test]
fn kana_edits_cost_by_sound() {
    let cases = [
        // Nothing: spellings of one sound.
        ("オオノ", "オウノ", 0.0),
        ("オオノ", "オーノ", 0.0),
        ("ユウコ", "ユーコ", 0.0),
        ("サイトウ", "サイトー", 0.0),
        ("キヨウコ", "キョウコ", 0.0),
        ("ミヅホ", "ミズホ", 0.0),
        ("ヂ", "ジ", 0.0),
        ("オヲ", "オオ", 0.0),
        ("ケイコ", "ケーコ", 0.0),
        ("イワオ", "イワヲ", 0.0),
        ("わたなべ", "ワタナベ", 0.0),
        // A mark.
        ("ワタナヘ", "ワタナベ", 0.4),
        ("カツベ", "カツヘ", 0.4),
        ("ノツ", "ノヅ", 0.4),
        ("ノツ", "ノズ", 0.4),
        ("ヤマサキ", "ヤマザキ", 0.4),
        ("ナカシマ", "ナカジマ", 0.4),
        ("タカタ", "タカダ", 0.4),
        ("ハタ", "パタ", 0.4),
        ("チ", "ジ", 0.4),
        ("ノヅ", "ノス", 0.4),
        // A long vowel, ン.
        ("オオノ", "オノ", 0.4),
        ("ユウコ", "ユコ", 0.4),
        ("タロウ", "タロ", 0.4),
        ("ニシコリ", "ニシコオリ", 0.4),
        ("シンイチ", "シイチ", 0.6),
        // Other sounds.
        ("ワタナベ", "ワタベ", 1.0),
        ("ニシコリ", "ニシキオリ", 2.0),
        ("タナカ", "ナタカ", 1.0),
        ("ツチエ", "ドエ", 2.0),
        ("", "アキ", 2.0),
        ("ヤマタ", "ヤダマ", 2.0),
    ];
    for (left, right, expected) in cases {
        let distance = kana::distance(left, right);
        assert!((distance - expected).abs() < 1e-9, "{left} and {right} are {distance} apart, not {expected}");
        assert!(kana::at_most(left, right, expected) && !kana::at_most(left, right, expected - 0.1), "{left} {right}");
    }
    check(Measure::KanaDistance, KanaName, ("ﾜﾀﾅﾍﾞ", "ワタナヘ゛"), Some(0.0));
    check(Measure::KanaDistance, KanaName, ("ヴィクター", "ビクター"), Some(0.0));
    check(Measure::KanaDistance, KanaName, ("ﾜﾀﾅﾍ", "ワタナベ"), Some(0.4));
    check(Measure::KanaDistance, KanaName, ("オオノ", ""), None);
}

#[test]
fn similarities_of_texts() {
    check(Measure::JaroWinkler, KanaName, ("タナカ", "タナベ"), Some(0.822_222_222_2));
    check(Measure::JaroWinkler, KanaName, ("サトウ", "スズキ"), Some(0.0));
    check(Measure::JaroWinkler, LatinName, ("MARTHA", "Marhta"), Some(0.961_111_111_1));
    // Three of five and of six characters match: Jaro is 0.7, or a rounding above it, which the boost hangs on.
    assert_eq!(jaro_winkler("abcde", "abcxyz").to_bits(), strsim::jaro_winkler("abcde", "abcxyz").to_bits());
    check(Measure::Levenshtein, KanjiName, ("佐藤", "斎藤"), Some(1.0));
    check(Measure::Levenshtein, KanaName, ("タナカ", "ナタカ"), Some(2.0));
    check(Measure::Damerau, KanaName, ("タナカ", "ナタカ"), Some(1.0));
    check(Measure::Qgram, Text, ("night", "nacht"), Some(0.25));
    check(Measure::Qgram, Text, ("a", "b"), Some(0.0));
    check(Measure::Prefix, Text, ("dl85rq", "dl85xx"), Some(4.0 / 6.0));
    check(Measure::Prefix, Text, ("abc", "abcdef"), Some(1.0));
    check(Measure::TokenOverlap, LatinName, ("maria da silva", "silva maria"), Some(2.0 / 3.0));
    check(Measure::TokenOverlap, LatinName, ("maria", "silva"), Some(0.0));
    check(Measure::Difference, Digits, ("12", "7"), Some(5.0));
    check(Measure::Difference, Text, ("12", "seven"), None);
}

#[test]
fn parts_of_names() {
    yes(Measure::Contains, LatinName, "garcia", "garcia-lopez");
    yes(Measure::Contains, LatinName, "ann", "mary ann smith");
    yes(Measure::Contains, KanjiName, "花子", "山田花子");
    no(Measure::Contains, LatinName, "ann", "joanne");
    no(Measure::Contains, LatinName, "a", "abel");
    yes(Measure::Initial, LatinName, "J.", "John");
    yes(Measure::Initial, LatinName, "john", "J");
    no(Measure::Initial, LatinName, "j", "karl");
    no(Measure::Initial, LatinName, "jo", "john");
    no(Measure::Initial, KanjiName, "翔", "翔太");
    yes(Measure::Placeholder, KanjiName, "ベビー", "花子");
    no(Measure::Placeholder, KanjiName, "太郎", "花子");
}

#[test]
fn birth_dates() {
    for (left, right) in [
        ("S23.4.5", "H23.4.5"),
        ("S10.5.1", "T10.5.1"),
        ("T14.2.3", "S14.2.3"),
        ("M40.3.3", "S40.3.3"),
        ("H2.3.4", "R2.3.4"),
        ("1948-04-05", "1923-04-05"),
        ("1998-04-05", "2010-04-05"),
    ] {
        yes(Measure::EraSlip, Date, left, right);
        yes(Measure::SameMonthDay, Date, left, right);
    }
    no(Measure::EraSlip, Date, "1948-04-05", "1949-04-05");
    no(Measure::EraSlip, Date, "1948-04-05", "2011-04-06");
    no(Measure::EraSlip, Date, "1948-04-05", "1948-04-05");
    check(Measure::EraSlip, Date, ("1948", "2011"), None);
    check(Measure::EraSlip, Date, ("1948-04-05", ""), None);

    yes(Measure::DayMonthSwapped, Date, "1948-04-05", "1948-05-04");
    no(Measure::DayMonthSwapped, Date, "1948-04-04", "1948-04-04");
    yes(Measure::DateTransposed, Date, "1948-04-12", "1948-04-21");
    yes(Measure::DateTransposed, Date, "1948-04-12", "1984-04-12");
    no(Measure::DateTransposed, Date, "1948-04-12", "1948-04-12");
    no(Measure::DateTransposed, Date, "1948-04-12", "1948-04-13");
    check(Measure::DateDigits, Date, ("1948-04-05", "1948-04-06"), Some(1.0));
    check(Measure::DateDigits, Date, ("1948-04-12", "1984-04-12"), Some(1.0));
    check(Measure::DateDigits, Date, ("1948-04-12", "1951-11-30"), Some(6.0));
    check(Measure::DateDigits, Date, ("1948-04", "1948-04-05"), None);

    yes(Measure::SameYear, Date, "1948-04-05", "1948");
    yes(Measure::SameYearMonth, Date, "1948-04-05", "1948-04");
    yes(Measure::SameYearDay, Date, "1948-04-05", "1948-07-05");
    yes(Measure::PartialDateMatch, Date, "1948-04-05", "1948-04");
    yes(Measure::PartialDateMatch, Date, "S23", "1948-04-05");
    no(Measure::PartialDateMatch, Date, "1948-05", "1948-04-05");
    no(Measure::PartialDateMatch, Date, "1948-04-05", "1948-04-05"); // nothing is partial

    yes(Measure::DefaultDate, Date, "1935-01-01", "1935-03-04");
    yes(Measure::DefaultDate, Date, "1935-07-01", "");
    no(Measure::DefaultDate, Date, "1935-01-02", "1935-03-04");

    check(Measure::YearsApart, Date, ("2000-02-28", "2000-03-01"), Some(2.0 / 365.25));
    check(Measure::YearsApart, Date, ("1900-02-28", "1900-03-01"), Some(1.0 / 365.25));
    check(Measure::YearsApart, Date, ("1999-12-31", "2000-01-01"), Some(1.0 / 365.25));
    check(Measure::YearsApart, Date, ("1948", "1950-01-01"), Some(2.0));
}

#[test]
fn addresses() {
    let (long, short) = ("島根県松江市西川津町１０６０番地", "松江市西川津町1060");
    for m in [Measure::SameMunicipality, Measure::SameTown, Measure::SameNumbers, Measure::SameAddress] {
        yes(m, Address, long, short);
    }
    yes(Measure::SameAddress, Address, "島根県出雲市塩冶町８９－１", "出雲市塩冶町89番地1");
    yes(Measure::SameAddress, Address, "島根県出雲市大津朝倉１丁目１－１", "出雲市大津朝倉一丁目1番1号");
    yes(Measure::SameAddress, Address, "島根県松江市北堀町１０－２０１", "松江市北堀町10番地 メゾン北堀201号室");
    no(Measure::SameAddress, Address, "島根県松江市北堀町１０－２０２", "松江市北堀町10番地 メゾン北堀201号室");
    no(Measure::SameAddress, Address, "松江市西川津町１０６０", "松江市東川津町１０６０");
    yes(Measure::SameNumbers, Address, "松江市西川津町１０６０", "松江市東川津町１０６０");
    no(Measure::SameNumbers, Address, "浦安市舞浜2-11", "浦安市舞浜2-1-1");
    no(Measure::SameMunicipality, Address, "東京都府中市宮町1-1", "広島県府中市宮町1-1");
    check(Measure::SameAddress, Address, (long, ""), None);
}

#[test]
fn sets_share_members() {
    yes(Measure::Shared, Set, "a;b", "b;c;d");
    no(Measure::Shared, Set, "a;b", "c");
    check(Measure::Overlap, Set, ("a;b", "b;c;d"), Some(0.5));
    yes(Measure::Shared, Text, "a", "A");
    no(Measure::Shared, Text, "a", "b");
}

#[test]
fn two_fields() {
    let name = |text: &str| Some(folded(text, &text.replace('邉', "辺")));
    let number = |m: Measure, left: (&str, &str), right: (&str, &str)| {
        let values = [left.0, left.1, right.0, right.1].map(|text| if text.is_empty() { None } else { name(text) });
        let [a, b, c, d] = values.each_ref().map(Option::as_ref);
        measure(m, Side::two(a, b), Side::two(c, d), &Readings::empty())
    };
    assert_eq!(number(Measure::Swapped, ("渡邉", "花子"), ("花子", "渡辺")), Some(1.0));
    assert_eq!(number(Measure::Swapped, ("渡邉", "花子"), ("渡辺", "花子")), Some(0.0));
    assert_eq!(number(Measure::Swapped, ("渡邉", "花子"), ("花子", "")), None);
    assert_eq!(number(Measure::Cross, ("渡邉", "花子"), ("花子", "")), Some(1.0));
    assert_eq!(number(Measure::Cross, ("渡邉", "花子"), ("渡辺", "花子")), Some(0.0));
    assert_eq!(number(Measure::Cross, ("渡邉", ""), ("渡辺", "")), None);
    let similar = number(Measure::SwappedSimilar, ("smith", "martha"), ("marhta", "smith")).unwrap();
    assert!((similar - 0.961_111_111).abs() < 1e-6, "{similar}");
}

#[test]
fn kanji_are_read_as_kana() {
    let readings = shipped_readings();
    let key = |kana: &str| value(KanaName, kana).unwrap().folded().to_owned();
    for name in [
        "土江 ツチエ",
        "渡部 ワタナベ",
        "渡部 ワタベ",
        "錦織 ニシコリ",
        "曽田 ソダ",
        "石飛 イシトビ",
        "佐々木 ササキ",
        "大野 オオノ",
        "大野 オーノ",
        "中島 ナカジマ",
        "中島 ナカシマ",
        "裕子 ヒロコ",
        "裕子 ユウコ",
        "河野 コウノ",
        "河野 カワノ",
        "渡辺 ﾜﾀﾅﾍﾞ",
        "サチ子 サチコ",
        "健一郎 ケンイチロウ",
        "一平 イッペイ",
        "一平 イツペイ",
        "竜一 リュウイチ",
        "五十嵐 イガラシ",
        "宗像 ムナカタ",
        "志津子 シヅコ",
        "志津子 シズコ",
        "山田太郎 ヤマダタロウ",
    ] {
        let (kanji, kana) = name.split_once(' ').unwrap();
        assert!(readings.is_reading(kanji, &key(kana)), "{name} is a reading");
    }
    for name in
        ["田中 ナカタ", "渡辺 サトウ", "花子 ハナ", "花子 ハナコオ", "太郎 ジロウ", "鈴木 スズ", "佐藤 サイトウ"]
    {
        let (kanji, kana) = name.split_once(' ').unwrap();
        assert!(!readings.is_reading(kanji, &key(kana)), "{name} is no reading");
    }
    assert!(!readings.is_reading("", "") && !readings.is_reading("渡辺", "") && !readings.is_reading("", "ア"));
    assert!(!readings.is_reading(&"一".repeat(40), &"ヒ".repeat(40)));
    assert!(!Readings::empty().is_reading("渡辺", "ワタナベ"));
}

#[test]
fn readings_of_two_records() {
    let readings = shipped_readings();
    let reads = |left: (&str, &str), right: (&str, &str)| {
        let values =
            [value(KanjiName, left.0), value(KanaName, left.1), value(KanjiName, right.0), value(KanaName, right.1)];
        let [a, b, c, d] = values.each_ref().map(Option::as_ref);
        measure(Measure::Reading, Side::two(a, b), Side::two(c, d), &readings)
    };
    assert_eq!(reads(("土江", ""), ("", "ツチエ")), Some(1.0));
    assert_eq!(reads(("", "ツチエ"), ("土江", "ツチエ")), Some(1.0));
    // One direction that fails is enough to say no.
    assert_eq!(reads(("土江", "ドエ"), ("渡部", "ツチエ")), Some(0.0));
    assert_eq!(reads(("渡部", "ワタナベ"), ("渡辺", "ワタナベ")), Some(1.0));
    assert_eq!(reads(("渡部", ""), ("渡辺", "")), None);
}

#[test]
fn readings_are_refused_with_their_line() {
    #[track_caller]
    fn refuse(text: &str, line: usize, reason: &str) {
        let error = Readings::parse(text).unwrap_err();
        assert_eq!((error.line, error.reason), (line, reason));
    }
    refuse("# licence: none\n渡\tワタ\n辺 ナベ\n", 3, "there is no tab after the kanji");
    refuse("\tワタ\n", 1, "the kanji are missing or too many");
    refuse("渡\tワタ  トベ\n", 1, "a reading is empty or not katakana");
    refuse("渡\twata\n", 1, "a reading is empty or not katakana");
    refuse("渡\tワタ\n渡\tトベ\n", 2, "the kanji stand in an earlier line too");
    let (one, two) = (Readings::parse("渡\tワタ\n").unwrap(), Readings::parse("渡\tワ\n").unwrap());
    assert!(one.version() != two.version() && one.version().len() == 16 && Readings::empty().version().is_empty());
}
