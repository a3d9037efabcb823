//! What typed texts are read as, one line each.

use super::*;

fn tables() -> Tables {
    let sources = linkage::normalize::TableSources {
        kanji_fold: include_str!("../../../../matching-rules/normalize/kanji_fold.tsv"),
        municipalities: "",
    };
    Tables::parse(&sources).unwrap()
}

fn words(text: &str) -> Query {
    match parse(text, &tables(), |word| word.starts_with("JP-")) {
        Question::Words(query) => query,
        Question::EnterpriseId(id) => panic!("{id} is an enterprise id"),
    }
}

/// The text is one word with these look-ups, class by class from the best.
#[track_caller]
fn check(text: &str, expected: &[&str]) {
    let query = words(text);
    assert_eq!(query.words.len(), 1, "{text}: {:?}", query.words().collect::<Vec<_>>());
    let mut found: Vec<(Class, String)> =
        query.words[0].lookups.iter().map(|lookup| (lookup.class, lookup.to_string())).collect();
    found.sort_by_key(|(class, _)| std::cmp::Reverse(*class));
    let found: Vec<String> = found.into_iter().map(|(class, lookup)| format!("{class:?} {lookup}")).collect();
    assert_eq!(found, expected, "{text}");
}

/// Among the look-ups of the only word are these.
#[track_caller]
fn check_has(text: &str, expected: &[&str]) {
    let query = words(text);
    assert_eq!(query.words.len(), 1, "{text}: {:?}", query.words().collect::<Vec<_>>());
    let found: Vec<String> =
        query.words[0].lookups.iter().map(|lookup| format!("{:?} {lookup}", lookup.class)).collect();
    for expected in expected {
        assert!(found.iter().any(|lookup| lookup == expected), "{text}: no `{expected}` in {found:#?}");
    }
}

#[track_caller]
fn check_words(text: &str, expected: &[&str]) {
    assert_eq!(words(text).words().collect::<Vec<_>>(), expected, "{text}");
}

#[test]
fn kanji() {
    check(
        "渡邉",
        &[
            "Exact kanji=渡邉",
            "Equal folded_kanji=渡辺",
            "Near confusable_kanji=渡辺",
            "Near folded_kanji=〓辺",
            "Near folded_kanji=渡〓",
            "Prefix folded_kanji^渡辺",
        ],
    );
    check("原", &["Exact kanji=原", "Equal folded_kanji=原", "Near confusable_kanji=原", "Prefix folded_kanji^原"]);
    check_has("佐々木", &["Typo folded_kanji~佐々木"]);
    check_has("佐佐木", &["Exact kanji=佐佐木", "Equal folded_kanji=佐々木"]);
    check("●橋", &["Near folded_kanji?〓橋"]);
    check("？橋", &["Near folded_kanji?〓橋"]);
    check_has("髙橋", &["Equal folded_kanji=高橋"]);
}

#[test]
fn kana_of_every_width() {
    for text in ["ワタナベ", "ﾜﾀﾅﾍﾞ", "わたなべ", "ワタナヘ゛"] {
        check_has(
            text,
            &[
                "Exact kana=ワタナベ",
                "Equal kana_key=ワタナベ",
                "Near sound=WATANABE",
                "Prefix kana_key^ワタナベ",
                "Typo kana_key~ワタナベ",
            ],
        );
    }
    check_has("わたなべ", &["Exact kanji=わたなべ", "Prefix folded_kanji^わたなべ"]);
    check_has("オ-ノ", &["Exact kana=オーノ", "Equal kana_key=オーノ"]);
    check_has("シヨウイチ", &["Equal kana_key=シヨーイチ"]);
    check_has("ナシ", &["Equal kana_key=ナシ"]);
    assert!(!words("オノ").words[0].lookups.iter().any(|lookup| lookup.class == Class::Typo));
}

#[test]
fn romaji_by_ear() {
    check(
        "ohno",
        &[
            "Exact identifier=OHNO",
            "Equal identifier=OHNO",
            "Equal kana_key=オーノ",
            "Near sound=ONO",
            "Prefix sound^ONO",
        ],
    );
    check_has("ono", &["Equal kana_key=オノ", "Near sound=ONO"]);
    check_has("oono", &["Equal kana_key=オーノ", "Near sound=ONO"]);
    check_has("sato", &["Equal kana_key=サト", "Near sound=SATO"]);
    check_has("satou", &["Equal kana_key=サトー", "Near sound=SATO"]);
    check_has("ＳＡＴＯＵ", &["Equal kana_key=サトー"]);
    check_has("jun'ichi", &["Near sound=ZIYUNITI", "Typo sound~ZIYUNITI"]);
    check_has("Jun’ichi", &["Near sound=ZIYUNITI"]);
    check_has("Shinichi", &["Near sound=SINITI", "Typo sound~SINITI"]);
    check_has("watan", &["Prefix sound^WATAN"]);
    check_has("tak", &["Prefix sound^TAK"]);
    check_has("Smith", &["Equal sound=SMITH", "Prefix sound^SMITH", "Typo sound~SMITH"]);
    check_has("na", &["Prefix sound^NA"]);
    check_has("null", &["Prefix sound^NULL"]);
}

#[test]
fn birth_dates() {
    let day = &["Exact date=19570405", "Prefix date=195704", "Prefix date=1957", "Typo date=20200405"];
    for text in [
        "S32.4.5",
        "s32.4.5",
        "昭和32年4月5日",
        "昭和 32年 4月 5日",
        "昭和三十二年4月5日",
        "Ｓ３２．４．５",
        "19570405",
        "1957-04-05",
        "1957/4/5",
        "1957年4月5日",
        "3320405",
        "S320405",
        "昭32.4.5",
    ] {
        check_has(text, day);
    }
    for text in ["S32.4", "昭和32年4月", "1957-04", "1957/4", "195704", "1957年4月"] {
        check_has(text, &["Prefix date^195704"]);
    }
    for text in ["S32", "昭和32年", "1957", "1957年"] {
        check_has(text, &["Prefix date^1957"]);
    }
    check_has("平成元年", &["Prefix date^1989"]);
    check_has("H1.1.8", &["Exact date=19890108"]);
    for text in ["1234", "19571399", "22-5111", "大三", "明二", "元"] {
        let is_date = |lookup: &Lookup| lookup.field == TermField::Date;
        assert!(!words(text).words[0].lookups.iter().any(is_date), "{text}");
    }
}

#[test]
fn numbers() {
    check("5111", &["Exact identifier=5111", "Equal identifier=5111", "Prefix phone^1115", "Prefix identifier^5111"]);
    check_has("22-5111", &["Prefix phone^111522", "Exact identifier=225111"]);
    check_has("0852-22-5111", &["Exact phone=1115222580", "Prefix phone^1115222580"]);
    check_has("+81-852-22-5111", &["Exact phone=1115222580"]);
    check("123", &["Exact identifier=123", "Equal identifier=123"]);
    check_has("000123", &["Exact identifier=000123", "Equal identifier=123"]);
    check_has("a-0012345", &["Exact identifier=A0012345"]);
    check_has("Ａ０１２", &["Exact identifier=A012"]);
}

#[test]
fn words_in_any_order() {
    check_words("渡辺　健一 S32.4.5", &["渡辺", "健一", "S32.4.5"]);
    check_words(" smith, john ", &["smith", "john"]);
    check_words("ジョン・スミス", &["ジョン", "スミス"]);
    check_words("", &[]);
    check_words(" 　-・* ", &[]);
    check_words("山田（太郎）", &["山田(太郎)"]);
}

#[test]
fn limits_are_said() {
    let many = words("一 二 三 四 五 六 七 八 九");
    assert_eq!((many.words().len(), many.is_cut), (WORDS_MAX, true));
    let long = words(&"あ".repeat(QUERY_CHARS_MAX + 1));
    assert!(long.is_cut);
    assert!(!words(&"あ".repeat(QUERY_CHARS_MAX)).is_cut);
}

#[test]
fn an_enterprise_id_is_the_whole_question() {
    for text in ["JP-0001", "渡辺 JP-0001", "　ＪＰ－0001"] {
        match parse(text, &tables(), |word| word.starts_with("JP-")) {
            Question::EnterpriseId(id) => assert_eq!(id, "JP-0001"),
            Question::Words(query) => panic!("{text}: {query:?}"),
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_text_is_read(text in "\\PC{0,40}") {
        let tables = Tables::empty();
        if let Question::Words(query) = parse(&text, &tables, |_| false) {
            proptest::prop_assert!(query.words.len() <= WORDS_MAX);
            for lookup in query.words.iter().flat_map(|word| &word.lookups) {
                let (Pattern::Whole(text) | Pattern::Beginning(text) | Pattern::OneTypo(text) | Pattern::Shape(text)) =
                    &lookup.pattern;
                proptest::prop_assert!(!text.is_empty() && !text.contains('\0'));
            }
        }
    }
}
