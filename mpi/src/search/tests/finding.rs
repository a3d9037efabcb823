//! Who is found by what: tables of stored people and of what a clerk types.

use super::*;

const PEOPLE: &str = "
    1  10 A 渡邉   健一   ワタナベ   ケンイチ   19570405 0852-22-5111 000123
    2  10 B 渡辺   健一   ワタナベ   ケンイチ   19570405 -            B77
    3  20 A 大野   淳一   オオノ     ジュンイチ 19620101 090-1234-5678 A-0500
    4  21 A 小野   純一   オノ       ジユンイチ 196201   -            501
    5  22 B 佐藤   真一   サトウ     シンイチ   1931     -            502
    6  23 B 〓橋   幸子   タカハシ   サチコ     19890108 0853-11-2222 503
    7  24 A 斎藤   しずか サイトウ   シズカ     20200405 -            504
    8  25 A 田中   勝     タナカ     マサル     19570406 -            505
    9  26 B 田中   正人   タナカ     マサト     19800229 -            506
    10 27 B 佐々木 翔太   ササキ     シヨウタ   20010203 -            507
    11 28 A 医師一郎 -    イシイチロウ -        19700101 -            508
    12 29 A 石飛   土江   イシトビ   ツチエ     19451111 -            509
";

fn people() -> Vec<SearchRecord> {
    let mut all: Vec<SearchRecord> =
        PEOPLE.lines().map(str::trim).filter(|line| !line.is_empty()).map(record).collect();
    all[8].former_names = vec![name("江角", "エスミ")];
    all[8].other_ids = vec!["90-0001".into()];
    all.push(SearchRecord {
        record: [13; 16],
        home: 30,
        institution: "A".into(),
        family: SearchName { kanji: "SILVA".into(), kana: "シルバ".into(), romaji: "Da Silva".into() },
        given: SearchName { kanji: "MARIA".into(), kana: "マリア・ルイザ".into(), romaji: "Maria Luiza".into() },
        ..SearchRecord::default()
    });
    all
}

#[track_caller]
fn check_all(cases: &[(&str, &[u8])]) {
    let (_folder, index) = filled(people());
    for (typed, expected) in cases {
        let found = numbers(&ask(&index.reader(), typed));
        assert_eq!(found.get(..expected.len()), Some(*expected), "{typed}: {found:?}");
        assert!(!expected.is_empty() || found.is_empty(), "{typed}: {found:?}");
    }
}

#[test]
fn by_kanji() {
    check_all(&[
        ("渡邉", &[1, 2]),
        ("渡辺", &[2, 1]),
        ("渡邊", &[1, 2]),
        ("渡", &[1, 2]),
        ("渡辺健一", &[2, 1]),
        ("渡辺健", &[1, 2]),
        ("健一 渡邉", &[1, 2]),
        ("高橋", &[6]),
        ("髙橋", &[6]),
        ("●橋", &[6]),
        ("斉藤", &[7]),
        ("齋藤", &[7]),
        ("佐佐木", &[10]),
        ("佐々本", &[10]),
        ("しずか", &[7]),
        ("医師", &[11]),
        ("一郎", &[11]),
        ("田中 正人", &[9, 8]),
        ("正人 田中", &[9, 8]),
        ("鈴木", &[]),
    ]);
}

#[test]
fn by_reading() {
    check_all(&[
        ("ワタナベ", &[1, 2]),
        ("ﾜﾀﾅﾍﾞ", &[1, 2]),
        ("わたなべ けん", &[1, 2]),
        ("ワタナベケンイチ", &[1, 2]),
        ("ワタナベ ケンニチ", &[1, 2]),
        ("ワタナヘ", &[1, 2]),
        ("オオノ", &[3, 4]),
        ("オウノ", &[3, 4]),
        ("オノ", &[4, 3]),
        ("ショウタ", &[10]),
        ("シヨータ", &[10]),
        ("イチロウ", &[11]),
        ("つちえ", &[12]),
        ("スズキ", &[]),
    ]);
}

#[test]
fn by_romaji() {
    check_all(&[
        ("ohno", &[3, 4]),
        ("ono", &[4, 3]),
        ("oono", &[3, 4]),
        ("sato", &[5]),
        ("satou", &[5]),
        ("SATOH", &[5]),
        ("jun'ichi", &[3, 4]),
        ("junichi", &[3, 4]),
        ("zyuniti ono", &[4, 3]),
        ("Shinichi", &[5]),
        ("shin'ichi sato", &[5]),
        ("watan", &[1, 2]),
        ("watanabe ken", &[1, 2]),
        ("watanahe", &[1, 2]),
        ("tutie", &[12]),
        ("tsuchie", &[12]),
        ("shouta", &[10]),
        ("silva", &[13]),
        ("luiza da silva", &[13]),
        ("sily", &[]),
        ("ルイザ", &[13]),
    ]);
}

#[test]
fn by_date_and_number() {
    check_all(&[
        ("S32.4.5", &[1, 2, 7]),
        ("昭和32年4月5日", &[1, 2]),
        ("19570405", &[1, 2]),
        ("S32.4", &[1, 2, 8]),
        ("1957", &[1, 2, 8]),
        ("1962-01-01", &[3, 4]),
        ("昭和6年", &[5]),
        ("S6.5.5", &[5]),
        ("平成元年", &[6]),
        ("5111", &[1]),
        ("22-5111", &[1]),
        ("0852225111", &[1]),
        ("5678", &[3]),
        ("000123", &[1]),
        ("123", &[1]),
        ("b77", &[2]),
        ("a0500", &[3]),
        ("A-0500", &[3]),
        ("900001", &[9]),
        ("90-0001", &[9]),
        ("渡辺 19570405 5111", &[1, 2]),
        ("たなか S32.4.6", &[8, 9]),
    ]);
}

#[test]
fn by_former_name() {
    check_all(&[("江角", &[9]), ("エスミ", &[9]), ("esumi masato", &[9]), ("江角 田中", &[9])]);
}

#[test]
fn matches_say_where_and_how_well() {
    let (_folder, index) = filled(people());
    let answer = ask(&index.reader(), "渡辺 ケン 5111");
    let found: Vec<(usize, Class, Part)> =
        answer.hits[0].matches.iter().map(|found| (found.word, found.class, found.part)).collect();
    let expected =
        [(0, Class::Equal, Part::FamilyName), (1, Class::Prefix, Part::GivenName), (2, Class::Prefix, Part::Phone)];
    assert_eq!(found, expected);
    assert_eq!((answer.hits[0].home, answer.hits[0].score), (10, 12 + 5 + 5));
    let former = ask(&index.reader(), "エスミ");
    assert_eq!(former.hits[0].matches[0].part, Part::FormerName);
    assert_eq!(former.hits[0].score, 15);
}

#[test]
fn fewer_words_are_shown_only_below_few_better_hits() {
    let few = |count: u8| {
        let both = (0..count).map(|n| record(&format!("{n} 1 A 田中 正 タナカ タダシ - - -")));
        let one = (100..120).map(|n| record(&format!("{n} 2 A 田中 進 タナカ ススム - - -")));
        let (folder, index) = filled(both.chain(one));
        let answer = ask(&index.reader(), "田中 正");
        drop(folder);
        answer.total
    };
    assert_eq!(few(0), 20);
    assert_eq!(few(3), 23);
    assert_eq!(few(9), 29);
    assert_eq!(few(10), 10);
}

#[test]
fn truncation_is_said() {
    let (_folder, index) = filled((0..50).map(|n| record(&format!("{n} 1 A 田中 正 タナカ タダシ - - -"))));
    let reader = index.reader();
    let answer = reader.search(&query("田中"), &Visible::All, 20).unwrap();
    assert_eq!((answer.total, answer.is_truncated), (50, true));
    assert_eq!(numbers(&answer), (0..20).collect::<Vec<u8>>());
    let answer = reader.search(&query("田中"), &Visible::All, 50).unwrap();
    assert_eq!((answer.hits.len(), answer.is_truncated), (50, false));
    let answer = reader.search(&query("田中"), &Visible::All, 0).unwrap();
    assert_eq!((answer.hits.len(), answer.total, answer.is_truncated), (0, 50, true));
    assert_eq!(ask(&reader, ""), Answer::default());
}
