//! Every row of the vectors in `tests/data`, read through the public face of normalisation and the committed tables.

#![expect(clippy::unwrap_used, clippy::panic, reason = "helpers of tests fail by panicking")]

use linkage::normalize::era::{ERAS, from_wareki, slip_of, to_wareki};
use linkage::normalize::{Kind, TableSources, Tables, check_digit, kana_to_romaji_key, normalize, romaji_key};
use linkage::value::{PartialDate, Parts, Quality, Value};

fn tables() -> Tables {
    Tables::parse(&TableSources {
        kanji_fold: include_str!("../../matching-rules/normalize/kanji_fold.tsv"),
        municipalities: include_str!("../../matching-rules/normalize/municipalities.tsv"),
    })
    .unwrap()
}

/// Rows without the header; the number of rows is checked, so that an emptied file cannot pass.
fn rows(text: &str, count: usize) -> Vec<Vec<&str>> {
    let rows: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    assert_eq!(rows.len(), count);
    rows
}

fn same_key(kind: Kind, a: &str, b: &str, tables: &Tables) -> bool {
    let key = |raw| normalize(kind, raw, tables).map(|value| value.folded().to_owned());
    key(a) == key(b)
}

#[test]
fn name_pairs() {
    let tables = tables();
    for row in rows(include_str!("data/name_pairs.tsv"), 91) {
        let expected = match row[2] {
            "compat" | "variant_strong" => true,
            // Labelled soft, but by the same characters as the strong pair 嶋田/島田.
            "variant_soft" => row[0] == "中島",
            "confusable" | "different" => false,
            label => panic!("unknown label {label}"),
        };
        assert_eq!(same_key(Kind::KanjiName, row[0], row[1], &tables), expected, "{row:?}");
    }
}

#[test]
fn variant_pairs() {
    let tables = tables();
    let (mut folded, mut wanted) = (0, 0);
    for row in rows(include_str!("data/variant_pairs.tsv"), 150) {
        let is_folded = same_key(Kind::KanjiName, row[0], row[1], &tables);
        if row[2] == "same" {
            wanted += 1;
            folded += usize::from(is_folded);
        } else {
            assert!(!is_folded, "{row:?}");
        }
    }
    // The figure of matching-rules/normalize/README.md.
    assert_eq!((folded, wanted), (104, 107));
}

#[test]
fn kana_pairs() {
    let tables = tables();
    let equal = [
        "long_vowel",
        "halfwidth",
        "spacing dakuten",
        "combining dakuten",
        "small kana",
        "small tsu(error)",
        "small tsu",
        "zu/du",
        "ji/di",
        "wo/o",
        "historical",
        "va/ba",
        "hyphen vs chouon",
        "ei long",
    ];
    let mut counts = (0, 0);
    for row in rows(include_str!("data/kana_pairs.tsv"), 54) {
        let expected = equal.contains(&row[2]);
        counts = if expected { (counts.0 + 1, counts.1) } else { (counts.0, counts.1 + 1) };
        assert_eq!(same_key(Kind::KanaName, row[0], row[1], &tables), expected, "{row:?}");
        if row[2].starts_with("romaji") {
            assert_eq!(kana_to_romaji_key(row[0]), kana_to_romaji_key(row[1]), "{row:?}");
        }
    }
    assert_eq!(counts, (30, 24));
}

#[test]
fn address_pairs() {
    let tables = tables();
    for row in rows(include_str!("data/address_pairs.tsv"), 20) {
        let (a, b, label) = (row[0], row[1], row[2]);
        match label {
            "same(zip)" => assert!(same_key(Kind::Postcode, a, b, &tables), "{row:?}"),
            "same(phone)" => assert!(same_key(Kind::Phone, a, b, &tables), "{row:?}"),
            "small ke" | "ga/ke" | "no" => assert!(same_key(Kind::Address, a, b, &tables), "{row:?}"),
            _ if label.starts_with("same") => {
                let parts = |raw| match normalize(Kind::Address, raw, &tables).map(|value| value.parts().clone()) {
                    // A building may be left out; everything else must agree.
                    Some(Parts::Address(parts)) => (
                        parts.prefecture.clone(),
                        parts.municipality.clone(),
                        parts.town.clone(),
                        parts.numbers.clone(),
                    ),
                    other => panic!("{raw}: {other:?}"),
                };
                assert_eq!(parts(a), parts(b), "{row:?}");
                assert!(same_key(Kind::Address, a, b, &tables), "{row:?}");
            }
            _ if label.starts_with("different") => assert!(!same_key(Kind::Address, a, b, &tables), "{row:?}"),
            _ => panic!("unknown label {label}"),
        }
    }
}

fn date(raw: &str, tables: &Tables) -> Value {
    normalize(Kind::Date, raw, tables).unwrap_or_else(|| panic!("{raw} is null"))
}

#[test]
fn eras() {
    for (row, era) in rows(include_str!("data/eras.tsv"), 5).iter().zip(ERAS) {
        let (year, month, day) = era.first;
        let first = format!("{year:04}-{month:02}-{day:02}");
        assert_eq!(row, &[era.name, era.letter.to_string().as_str(), first.as_str()]);
    }
}

#[test]
fn wareki_boundaries() {
    let tables = tables();
    for row in rows(include_str!("data/wareki_boundaries.tsv"), 8) {
        let read = date(row[1], &tables);
        assert_eq!((&*read.exact, read.quality()), (row[0], Quality::NONE), "{row:?}");
        let Some(parts) = read.date() else { panic!("{row:?}") };
        let written = to_wareki(parts).unwrap();
        let text = format!("{}{}.{}.{}", written.era.letter, written.year, parts.month.unwrap(), parts.day.unwrap());
        assert_eq!(text, row[1]);
    }
    // The change of 1912 happened during the day, so both names of that day are right.
    assert_eq!((date("M45.7.30", &tables).quality(), &*date("M45.7.30", &tables).exact), (Quality::NONE, "1912-07-30"));
}

#[test]
fn birth_date_errors() {
    let tables = tables();
    for row in rows(include_str!("data/dob_error_vectors.tsv"), 14) {
        let (right, right_iso, wrong, wrong_iso, kind) = (row[0], row[1], row[2], row[3], row[4]);
        match right {
            "不詳" => assert_eq!(normalize(Kind::Date, right, &tables), None),
            "S64.3.1" => {
                let read = date(right, &tables);
                assert_eq!((&*read.exact, read.quality()), ("1989-03-01", Quality::IMPOSSIBLE));
            }
            "S2.2.29" => {
                let read = date(right, &tables);
                assert_eq!((&*read.exact, read.quality()), ("1927-02-29", Quality::IMPOSSIBLE));
                continue;
            }
            _ => assert_eq!(&*date(right, &tables).exact, right_iso, "{row:?}"),
        }
        for entry in wrong.split(" / ").filter(|entry| entry.len() > 4 || right != "不詳") {
            assert_eq!(&*date(entry, &tables).exact, wrong_iso, "{row:?}");
        }
        if let Some(years) =
            kind.split_once('(').and_then(|(_, rest)| rest.split_once('y')).and_then(|(n, _)| n.parse().ok())
        {
            let year = |iso: &str| iso.get(..4).unwrap().parse::<u16>().unwrap();
            assert_eq!(year(right_iso).abs_diff(year(wrong_iso)), years, "{row:?}");
            assert!(slip_of(years).is_some(), "{row:?}");
        }
    }
    assert!(date("1900-01-01", &tables).quality().has(Quality::PLACEHOLDER));
    assert!(date("S10.1.1", &tables).quality().has(Quality::DEFAULT_DATE));
    assert!(date("S10.7.1", &tables).quality().has(Quality::DEFAULT_DATE));
    assert!(date("T23.4.5", &tables).quality().has(Quality::IMPOSSIBLE));
}

#[test]
fn insurer_check_digits() {
    let tables = tables();
    for row in rows(include_str!("data/insurer_checkdigit.tsv"), 9) {
        assert_eq!(check_digit(row[1]), row[2].parse().ok(), "{row:?}");
        let value = normalize(Kind::InsurerNumber, row[0], &tables).unwrap();
        assert_eq!(value.quality().has(Quality::CHECK_DIGIT), row[3] == "0", "{row:?}");
        assert_eq!(&*value.exact, format!("{:0>8}", row[0]), "{row:?}");
    }
}

#[test]
fn era_dates_come_back() {
    for year in 1868..=2040_u16 {
        for (month, day) in [(1, 1), (1, 7), (1, 8), (1, 25), (4, 30), (5, 1), (7, 30), (12, 24), (12, 25), (12, 31)] {
            let written = PartialDate { year, month: Some(month), day: Some(day) };
            let Some(wareki) = to_wareki(written) else {
                assert!((year, month, day) < (1868, 1, 25));
                continue;
            };
            assert_eq!(from_wareki(&wareki.era, wareki.year, wareki.month, wareki.day), (written, true));
        }
    }
}

#[test]
fn romaji_spellings() {
    let same = [
        ("OHNO", "ŌNO"),
        ("OHNO", "OONO"),
        ("OUNO", "ONO"),
        ("ITOH", "ITO"),
        ("SATOU", "SATO"),
        ("HOMMA", "HONMA"),
        ("SYOITI", "SHOICHI"),
        ("TUTIE", "TSUCHIE"),
        ("HUZITA", "FUJITA"),
        ("SHIN'ICHI", "SHINICHI"),
        ("YUUKO", "YUKO"),
        ("NANBA", "NAMBA"),
        ("HATTORI", "hattori"),
        ("Kato Taro", "KATO  TARO"),
        ("MATCHI", "MACCHI"),
        ("JUNNICHI", "Junnichi"),
    ];
    for (a, b) in same {
        assert_eq!(romaji_key(a), romaji_key(b), "{a} {b}");
    }
    for (kana, romaji) in [
        ("オオノ", "OHNO"),
        ("ショウイチ", "SHOICHI"),
        ("ケイコ", "KEIKO"),
        ("ケーコ", "KEIKO"),
        ("シンイチ", "SHINICHI"),
        ("ハットリ", "HATTORI"),
        ("ヒャクタ", "HYAKUTA"),
        ("イノウエ", "INOUE"),
        ("ホンマ", "HOMMA"),
        ("ミヅホ", "MIZUHO"),
    ] {
        assert_eq!(kana_to_romaji_key(kana), romaji_key(romaji), "{kana} {romaji}");
    }
    for (a, b) in [("ONO", "ENO"), ("SATO", "KATO"), ("HATTORI", "HATORI"), ("Smith", "Smyth")] {
        assert_ne!(romaji_key(a), romaji_key(b), "{a} {b}");
    }
}

#[test]
fn the_version_covers_every_table() {
    let full = tables();
    assert_eq!(full.version().len(), 16);
    assert_ne!(full.version(), Tables::empty().version());
    let only_kanji = TableSources { kanji_fold: "壹\t壱\tU+58F9\tU+58F1\n", municipalities: "" };
    assert_ne!(Tables::parse(&only_kanji).unwrap().version(), Tables::empty().version());
}

#[test]
fn wrong_tables_are_refused_with_their_line() {
    #[track_caller]
    fn check(kanji_fold: &str, municipalities: &str, expected: &str) {
        let error = Tables::parse(&TableSources { kanji_fold, municipalities }).unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
    let kanji = "cannot read table `kanji_fold.tsv`, line 2: ";
    check("# a\n壹\t壱\n", "", &format!("{kanji}expected 4 columns, found 2"));
    check("# a\n壹\t壱\tU+58F8\tU+58F1\n", "", &format!("{kanji}`壹` is U+58F9, not `U+58F8`"));
    check("# a\n壹\t壹\tU+58F9\tU+58F9\n", "", &format!("{kanji}`壹` folds to itself"));
    check(
        "壹\t壱\tU+58F9\tU+58F1\n壱\t一\tU+58F1\tU+4E00\n",
        "",
        "cannot read table `kanji_fold.tsv`, line 1: `壱` is itself folded; one pass must be enough",
    );
    check("壹\t壱\tU+58F9\tU+58F1\n壹\t一\tU+58F9\tU+4E00\n", "", &format!("{kanji}`壹` is folded twice"));
    let towns = "cannot read table `municipalities.tsv`, line 1: ";
    check("", "島根\t松江市\t松江市\t\t\tpostal\n", &format!("{towns}`島根` is no prefecture"));
    check("", "島根県\t松江\t松江市\t\t\tpostal\n", &format!("{towns}`松江` or `松江市` is no municipality"));
    check("", "島根県\t松江市\n", &format!("{towns}expected 6 columns, found 2"));
}
