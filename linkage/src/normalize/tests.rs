//! Normalisation as its callers see it: tables of raw texts for each kind, and the laws that hold for any text.
//!
//! The labelled vectors are read by `tests/normalize.rs`; dates and addresses have tables of their own.

use proptest::prelude::*;

use super::*;
use crate::value::Parts;

fn tables() -> &'static Tables {
    static TABLES: std::sync::OnceLock<Tables> = std::sync::OnceLock::new();
    TABLES.get_or_init(|| {
        Tables::parse(&TableSources {
            kanji_fold: include_str!("../../../matching-rules/normalize/kanji_fold.tsv"),
            municipalities: include_str!("../../../matching-rules/normalize/municipalities.tsv"),
        })
        .unwrap()
    })
}

/// Exact form and key of a value, or `null`; the key is left out where it is the exact form.
#[track_caller]
fn check(kind: Kind, raw: &str, expected: &str) {
    let found = normalize(kind, raw, tables()).map_or_else(
        || "null".to_owned(),
        |value| match value.folded() {
            key if key == &*value.exact => value.exact.to_string(),
            key => format!("{} ~ {key}", value.exact),
        },
    );
    assert_eq!(found, expected, "{kind:?} of {raw:?}");
}

#[track_caller]
fn check_quality(kind: Kind, raw: &str, expected: Quality) {
    let value = normalize(kind, raw, tables()).unwrap_or_else(|| panic!("{raw:?} is null"));
    assert_eq!(value.quality(), expected, "{kind:?} of {raw:?}");
}

#[test]
fn kinds_have_unique_names() {
    for &kind in Kind::ALL {
        assert_eq!(Kind::parse(kind.name()), Some(kind));
    }
    assert_eq!(Kind::ALL.len(), 19);
    assert_eq!(Kind::parse("Text"), None);
}

#[test]
fn nothing_said_is_null() {
    for &kind in Kind::ALL {
        for raw in ["", " ", "　", "-", "－", "\t", "N/A", "unknown", "??", "・", "\u{200B}", "未記入", "---"] {
            assert_eq!(normalize(kind, raw, tables()), None, "{kind:?} of {raw:?}");
        }
    }
    for kind in
        [Kind::Text, Kind::Date, Kind::Digits, Kind::Postcode, Kind::Address, Kind::InsuranceNumber, Kind::Email]
    {
        for raw in ["NULL", "null", "不明", "None", "NaN"] {
            assert_eq!(normalize(kind, raw, tables()), None, "{kind:?} of {raw:?}");
        }
    }
    // People are called so.
    check(Kind::LatinName, "Null", "null");
    check(Kind::LatinName, "Na", "na");
    check(Kind::RomajiName, "NA", "NA");
}

#[test]
fn texts() {
    check(Kind::Text, "  Ｙork  City ", "york city");
    check(Kind::Text, "São Paulo", "são paulo ~ sao paulo");
    check(Kind::Text, "塩冶町", "塩冶町");
    check(Kind::Text, "鹽冶町", "鹽冶町 ~ 塩冶町");
    check(Kind::Set, "b; A|b、c", "a;b;c");
    check(Kind::Set, ";;", "null");
    let Some(Parts::Set(members)) = normalize(Kind::Set, "b;a;b", tables()).map(|value| value.parts().clone()) else {
        panic!()
    };
    assert_eq!(&*members, ["a".into(), "b".into()]);
    check(Kind::Sex, "男", "M");
    check(Kind::Sex, "２", "F");
    check(Kind::Sex, "Female", "F");
    check(Kind::Sex, "U", "null");
    check(Kind::Sex, "O", "null");
}

#[test]
fn latin_names() {
    check(Kind::LatinName, "O’Brien–Smith", "o'brien-smith ~ obriensmith");
    check(Kind::LatinName, " van  der Berg ", "van der berg ~ vanderberg");
    check(Kind::LatinName, "José", "jose");
    check(Kind::LatinName, "Jose\u{301}", "jose");
    check(Kind::LatinName, "Łukasz Großmann", "lukasz grossmann ~ lukaszgrossmann");
    check(Kind::LatinName, "J. R. R.", "j r r ~ jrr");
    check(Kind::LatinName, "İbrahim", "ibrahim");
}

#[test]
fn kanji_names() {
    check(Kind::KanjiName, "渡邉", "渡邉 ~ 渡辺");
    check(Kind::KanjiName, "髙橋　一郎", "髙橋一郎 ~ 高橋一郎");
    check(Kind::KanjiName, "ジョン・スミス", "ジョンスミス");
    check(Kind::KanjiName, "smith  john", "SMITH JOHN");
    check(Kind::KanjiName, "葛\u{E0101}城", "葛城");
    check(Kind::KanjiName, "佐佐木", "佐佐木 ~ 佐々木");
    check(Kind::KanjiName, "佐々木", "佐々木");
    check(Kind::KanjiName, "一の瀬", "一の瀬 ~ 一ノ瀬");
    check(Kind::KanjiName, "齋藤", "齋藤 ~ 斎藤");
    check(Kind::KanjiName, "齊藤", "齊藤 ~ 斉藤");
    check(Kind::KanjiName, "田中様", "田中様");
    check(Kind::KanjiName, "ﾏﾘ子", "マリ子");
    check(Kind::KanjiName, "の", "の");
}

#[test]
fn lost_characters_are_wildcards() {
    for raw in
        ["●橋", "■橋", "〓橋", "＊橋", "*橋", "＿橋", "？橋", "?橋", "□橋", "\u{FFFD}橋", "\u{E000}橋", "\u{F0000}橋"]
    {
        check(Kind::KanjiName, raw, "〓橋");
        check_quality(Kind::KanjiName, raw, Quality::WILDCARD);
    }
    check(Kind::KanjiName, "■■", "null");
    check(Kind::KanaName, "タ●シ", "タ〓シ");
    check_quality(Kind::KanaName, "タ●シ", Quality::WILDCARD);
}

#[test]
fn placeholder_names() {
    for raw in [
        "ベビー",
        "ベビー１",
        "鈴木花子ベビー",
        "ﾍﾞﾋﾞｰ",
        "○○長男",
        "鈴木花子長男",
        "長男",
        "二女",
        "鈴木花子三男",
        "不明",
        "身元不明",
        "救急患者『ア』",
        "テスト患者",
        "新生児",
        "UNKNOWN1",
    ] {
        let value = normalize(Kind::KanjiName, raw, tables()).unwrap();
        assert!(value.quality().has(Quality::PLACEHOLDER), "{raw}");
    }
    for raw in ["ベビー", "べびー２", "スズキハナコベビー", "ﾁｮｳﾅﾝ", "チヨウジョ", "フメイ"]
    {
        let value = normalize(Kind::KanaName, raw, tables()).unwrap();
        assert!(value.quality().has(Quality::PLACEHOLDER), "{raw}");
    }
    for raw in ["三男", "次男", "田中三男", "一男", "男", "不二子", "未来", "名倉", "テル", "女鹿", "第一", "ダン"]
    {
        check_quality(Kind::KanjiName, raw, Quality::NONE);
    }
    for raw in ["ナナシ", "ジナ", "フミ", "サンジョウ", "ダンジロウ"] {
        check_quality(Kind::KanaName, raw, Quality::NONE);
    }
}

#[test]
fn kana_names() {
    check(Kind::KanaName, "わたなべ", "ワタナベ");
    check(Kind::KanaName, "ﾜﾀﾅﾍﾞ ｹﾝ", "ワタナベケン");
    check(Kind::KanaName, "オ－ノ", "オーノ");
    check(Kind::KanaName, "ｵｰﾉ", "オーノ");
    check(Kind::KanaName, "サイト-", "サイトー");
    check(Kind::KanaName, "ヴァネッサ", "ヴァネッサ ~ バネツサ");
    check(Kind::KanaName, "ヴアネツサ", "ヴアネツサ ~ バネツサ");
    check(Kind::KanaName, "ミスヾ", "ミスヾ ~ ミスズ");
    check(Kind::KanaName, "ミヅヽ", "ミヅヽ ~ ミズス");
    check(Kind::KanaName, "ショウ", "ショウ ~ シヨー");
    check(Kind::KanaName, "ジョン・スミス", "ジョンスミス ~ ジヨンスミス");
    check(Kind::KanaName, "Tanaka", "TANAKA ~ タナカ");
    check(Kind::KanaName, "SMITH", "SMITH");
    check_quality(Kind::KanaName, "SMITH", Quality::UNPARSED);
    check_quality(Kind::KanaName, "田中", Quality::UNPARSED);
}

#[test]
fn romaji_names() {
    check(Kind::RomajiName, "Ōno", "OUNO ~ ONO");
    check(Kind::RomajiName, "OHNO  TARO", "OHNO TARO ~ ONOTARO");
    check(Kind::RomajiName, "Smith-Jones", "SMITH-JONES ~ SMITHJONES");
    assert_eq!(romaji_to_kana_key("OHNO").as_deref(), Some("オーノ"));
    assert_eq!(romaji_to_kana_key("SHINICHI").as_deref(), Some("シニチ"));
    assert_eq!(romaji_to_kana_key("SHIN'ICHI").as_deref(), Some("シンイチ"));
    assert_eq!(romaji_to_kana_key("Smith"), None);
}

#[test]
fn numbers() {
    check(Kind::Postcode, "〒690-0823", "6900823");
    check(Kind::Postcode, "６９０−０８２３", "6900823");
    check(Kind::Postcode, "600001", "600001 ~ 0600001");
    check_quality(Kind::Postcode, "69085", Quality::LENGTH);
    check_quality(Kind::Postcode, "dl8 5rq", Quality::UNPARSED);
    check(Kind::Phone, "+81 (0)852-22-5111", "0852225111");
    check(Kind::Phone, "+81-852-22-5111", "0852225111");
    check(Kind::Phone, "0081852225111", "0852225111");
    check(Kind::Phone, "0081-\u{1}+81\u{1}", "081");
    check(Kind::Phone, "00810081852225111", "0852225111");
    check(Kind::Phone, "０８５２（２２）５１１１", "0852225111");
    check(Kind::Phone, "0852-22-5111 内線12", "0852225111");
    check(Kind::Phone, "自宅 0852-22-5111、090-0000-0001", "0852225111");
    check(Kind::Phone, "9012345678", "9012345678 ~ 09012345678");
    check_quality(Kind::Phone, "000-0000-0000", Quality::PLACEHOLDER);
    check(Kind::Phone, "なし", "null");
    check(Kind::InsuranceNumber, "００１２－３４", "0012-34 ~ 1234");
    check(Kind::InsuranceNumber, "あいう", "あいう");
    check_quality(Kind::InsuranceNumber, "0000", Quality::PLACEHOLDER);
    check(Kind::InsurerNumber, "320010", "00320010");
    check_quality(Kind::InsurerNumber, "320010", Quality::NONE);
    check_quality(Kind::InsurerNumber, "1130012", Quality::LENGTH);
    check_quality(Kind::InsurerNumber, "67999991", Quality::CHECK_DIGIT);
    check(Kind::InsurerNumber, "00000000", "null");
    check(Kind::BranchNumber, "1", "01");
    check(Kind::BranchNumber, "０２", "02");
    check(Kind::BranchNumber, "001", "01");
    check(Kind::BranchNumber, "00", "00");
    check(Kind::Digits, "00123", "00123 ~ 123");
    check(Kind::Digits, "12a", "12a");
    check_quality(Kind::Digits, "12a", Quality::UNPARSED);
    check(Kind::UkPostcode, "dl8 5rq", "DL85RQ");
}

#[test]
fn emails() {
    check(Kind::Email, " Henry.R@Moore.COM ", "henry.r@moore.com");
    check_quality(Kind::Email, "henry", Quality::UNPARSED);
    check(Kind::EmailUser, "henry+x@moore.com", "henry+x ~ henry");
    check(Kind::EmailUser, "@moore.com", "null");
    check(Kind::EmailDomain, "Henry@Moore.com", "moore.com");
    check(Kind::EmailDomain, "henry", "null");
}

/// Recursion over the text would overflow the stack here, and quadratic work would take minutes.
#[test]
fn long_texts_are_taken() {
    for pattern in [
        "1",
        "一",
        "一番",
        "〇",
        "あ ",
        "a ",
        "〒",
        "〒1",
        "郡",
        "ー",
        "ヽ",
        "-1",
        "1-",
        "゛",
        "か゛",
        "■",
        "ア",
        "NN",
        "KYA",
        "大字",
        "一丁目",
        "e\u{301}",
        "\u{301}",
        "1条",
        "あ1 ",
        "県",
        "の一",
        "@",
        "a;b",
        "㍼",
        "年1",
        "十",
        "+81",
        "ﾊﾟ",
        "\u{FE00}",
        "ｱ1番",
    ] {
        let raw = pattern.repeat(50_000 / pattern.chars().count());
        for &kind in Kind::ALL {
            let _ = normalize(kind, &raw, tables());
        }
    }
}

/// Strings of the characters that Japanese registration data is made of, which random Unicode hardly ever hits.
fn japanese() -> impl Strategy<Value = String> {
    let alphabet: Vec<char> = [
        "渡邉邊辺斉齋髙高橋﨑佐々木一二三丁目番地号大字市郡町村区県島根出雲東京都ヶケがのノ之つ階棟室神神",
        "ァアィイウゥエオーヽヾｶﾞﾊﾟｰヂヅヴカガﾞﾟ゛゜\u{3099}\u{309A}んンッツャヤがぎゃ年月日元昭和平成㍼①",
        "０１９0123456789SHTMRshtmABKCINOUY'’-－‐―・＝= 　,.;|、/+@〒■●？*éßŁİＦ",
        "\u{FE00}\u{E0101}\u{301}\u{304}\u{200B}",
    ]
    .concat()
    .chars()
    .collect();
    proptest::collection::vec(proptest::sample::select(alphabet), 0..14).prop_map(|chars| chars.into_iter().collect())
}

fn check_laws(raw: &str) -> Result<(), TestCaseError> {
    for &kind in Kind::ALL {
        let Some(value) = normalize(kind, raw, tables()) else { continue };
        prop_assert!(!value.exact.is_empty(), "{kind:?}");
        prop_assert!(!value.folded().is_empty(), "{kind:?} of {:?} has an empty key", value.exact);
        let again = normalize(kind, &value.exact, tables());
        let Some(again) = again else {
            return Err(TestCaseError::fail(format!("{kind:?}: {:?} is null", value.exact)));
        };
        prop_assert_eq!(&again.exact, &value.exact, "{:?}", kind);
        prop_assert_eq!(again.folded(), value.folded(), "{:?} of {:?}", kind, value.exact);
        prop_assert_eq!(again.parts(), value.parts(), "{:?} of {:?}", kind, value.exact);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn japanese_text_is_its_own_normal_form(raw in japanese()) {
        check_laws(&raw)?;
    }

    #[test]
    fn any_text_is_its_own_normal_form(raw in "\\PC{0,12}") {
        check_laws(&raw)?;
    }

    #[test]
    fn any_characters_are_taken(raw in proptest::collection::vec(any::<char>(), 0..10)) {
        check_laws(&raw.into_iter().collect::<String>())?;
    }

    #[test]
    fn iso_dates_stay(year in 1_u16..=9999, month in 1_u8..=12, day in 1_u8..=31) {
        let iso = format!("{year:04}-{month:02}-{day:02}");
        let value = normalize(Kind::Date, &iso, tables()).unwrap();
        prop_assert_eq!(&*value.exact, iso.as_str());
        let compact = iso.replace('-', "");
        prop_assert_eq!(normalize(Kind::Date, &compact, tables()), Some(value));
    }

    #[test]
    fn era_dates_are_read_back(year in 1868_u16..=2100, month in 1_u8..=12, day in 1_u8..=28) {
        let date = crate::value::PartialDate { year, month: Some(month), day: Some(day) };
        let Some(wareki) = era::to_wareki(date) else { return Ok(()) };
        for text in [
            format!("{}{}.{month}.{day}", wareki.era.letter, wareki.year),
            format!("{}{}年{month}月{day}日", wareki.era.name, wareki.year),
            format!("{}{:02}{month:02}{day:02}", wareki.era.code, wareki.year),
        ] {
            if wareki.year > 99 {
                continue;
            }
            let value = normalize(Kind::Date, &text, tables()).unwrap();
            prop_assert_eq!(value.parts(), &Parts::Date(date), "{}", text);
        }
    }
}
