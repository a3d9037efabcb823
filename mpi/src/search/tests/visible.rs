//! The answer equals that of a world without the hidden records.

use proptest::prelude::*;

use super::*;

const FAMILIES: [(&str, &str); 6] = [
    ("渡辺", "ワタナベ"),
    ("渡邉", "ワタナベ"),
    ("渡部", "ワタベ"),
    ("大野", "オオノ"),
    ("小野", "オノ"),
    ("田中", "タナカ"),
];
const GIVEN: [(&str, &str); 4] = [("健一", "ケンイチ"), ("賢一", "ケンイチ"), ("一", "ハジメ"), ("花子", "ハナコ")];
const TYPED: [&str; 14] = [
    "渡辺",
    "ワタナベ",
    "ワタナバ",
    "わた",
    "ono",
    "w",
    "健一 渡辺",
    "ohno kenichi",
    "19570405",
    "S32 田中",
    "田中花子",
    "1000",
    "●辺 健",
    "渡辺 健一 1957 0000",
];

fn any_record() -> impl Strategy<Value = SearchRecord> {
    (any::<u8>(), 0..5_u64, 0..4_u8, 0..FAMILIES.len(), 0..GIVEN.len(), 0..4_u8).prop_map(
        |(number, home, institution, family, given, month)| {
            let (family, given) = (FAMILIES[family], GIVEN[given]);
            SearchRecord {
                record: [number; 16],
                home,
                institution: format!("I{institution}"),
                family: name(family.0, family.1),
                given: name(given.0, given.1),
                birth_date: Some(PartialDate { year: 1957, month: (month > 0).then_some(month), day: None }),
                phones: vec![format!("085222{:04}", u32::from(number) * 10)],
                local_id: format!("{:03}", number % 7),
                ..SearchRecord::default()
            }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn hidden_records_change_nothing(
        first in prop::collection::vec(any_record(), 0..60),
        second in prop::collection::vec(any_record(), 0..60),
        institutions in prop::collection::btree_set("I[0-3]", 0..3),
        numbers in prop::collection::btree_set(any::<u8>(), 0..20),
        limit in 0..30_usize,
    ) {
        let visible = some(institutions.iter().map(String::as_str), numbers);
        // Two commits, so that there are several segments and deleted documents.
        let (_whole_folder, mut whole) = filled(first.clone());
        whole.apply(2, &second.iter().cloned().map(put).collect::<Vec<_>>()).unwrap();
        whole.commit().unwrap();
        let mut current: std::collections::BTreeMap<RecordKey, SearchRecord> =
            first.into_iter().chain(second).map(|record| (record.record, record)).collect();
        current.retain(|_, record| visible.shows(RecordId(record.record), &institution(&record.institution)));
        let (_seen_folder, seen) = filled(current.into_values());
        for typed in TYPED {
            let query = query(typed);
            let of_whole = whole.reader().search(&query, &visible, limit).unwrap();
            let of_seen = seen.reader().search(&query, &Visible::All, limit).unwrap();
            prop_assert_eq!(of_whole, of_seen, "{}", typed);
        }
    }
}

#[test]
fn institutions_and_single_records_open() {
    let (_folder, index) =
        filled(["1 1 A 田中 正 - - - - -", "2 2 B 田中 進 - - - - -", "3 3 C 田中 誠 - - - - -"].map(record));
    let check = |institutions: &[&str], records: &[u8], expected: &[u8]| {
        let visible = some(institutions.iter().copied(), records.iter().copied());
        let answer = index.reader().search(&query("田中"), &visible, HITS_MAX).unwrap();
        assert_eq!(numbers(&answer), expected);
        assert_eq!(answer.total, expected.len() as u64);
    };
    check(&[], &[], &[]);
    check(&["A"], &[], &[1]);
    check(&["A", "C", "Z"], &[], &[1, 3]);
    check(&["A"], &[2, 9], &[1, 2]);
    check(&[], &[3], &[3]);
}
