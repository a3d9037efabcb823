//! Tables of chosen values, refused rule files, and the laws of golden records.

use super::{Deciding, GoldenRecord, Observation, Survivorship, golden};
use crate::demographics::{Attribute, Demographics};
use crate::id::RecordId;
use directory::Instant;
use linkage::normalize::{TableSources, Tables};
use proptest::prelude::*;
use std::sync::LazyLock;

const SHIPPED: &str = include_str!("../../../matching-rules/survivorship.toml");

static RULES: LazyLock<Survivorship> = LazyLock::new(|| Survivorship::parse("survivorship.toml", SHIPPED).unwrap());
static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    Tables::parse(&TableSources {
        kanji_fold: include_str!("../../../matching-rules/normalize/kanji_fold.tsv"),
        municipalities: include_str!("../../../matching-rules/normalize/municipalities.tsv"),
    })
    .unwrap()
});

/// One record: its number, kind of institution, event time in days, and texts as `attribute=text`.
struct Row<'t>(u8, &'t str, i64, &'t [(&'t str, &'t str)]);

fn demographics(texts: &[(&str, &str)]) -> Demographics {
    let mut demographics = Demographics::new();
    texts.iter().for_each(|(attribute, text)| demographics.set(Attribute::named(attribute).unwrap(), text));
    demographics
}

fn observation<'d>(row: &Row<'d>, demographics: &'d Demographics) -> Observation<'d> {
    Observation {
        record: RecordId([row.0; 16]),
        version: 1,
        institution: "i1",
        institution_kind: row.1,
        event_time: Instant::from_micros(row.2 * 86_400_000_000),
        demographics,
    }
}

fn golden_of(rows: &[Row<'_>]) -> GoldenRecord {
    let all: Vec<Demographics> = rows.iter().map(|row| demographics(row.3)).collect();
    let observations: Vec<_> = rows.iter().zip(&all).map(|(row, texts)| observation(row, texts)).collect();
    golden(&RULES, &TABLES, &observations)
}

/// Expected: `attribute=text/record/what decided`, in the order of attributes; only the attributes named are looked at.
#[track_caller]
fn check(rows: &[Row<'_>], expected: &[&str]) {
    let golden = golden_of(rows);
    for line in expected {
        let (attribute, wanted) = line.split_once('=').unwrap();
        let found = golden.get(Attribute::named(attribute).unwrap()).map_or_else(
            || "none".to_owned(),
            |value| format!("{}/{}/{}", value.text, value.provenance.record.0[0], value.decided_by.name()),
        );
        assert_eq!(found, wanted, "{attribute}");
    }
}

const HANAKO: &[(&str, &str)] =
    &[("family_kanji", "佐藤"), ("given_kanji", "花子"), ("family_kana", "サトウ"), ("given_kana", "ハナコ")];
const HANAKO_MARRIED: &[(&str, &str)] =
    &[("family_kanji", "渡邉"), ("given_kanji", "花子"), ("family_kana", "ワタナベ"), ("given_kana", "ハナコ")];

#[test]
fn a_name_comes_from_one_record() {
    check(
        &[Row(1, "hospital", 0, HANAKO), Row(2, "pharmacy", 900, HANAKO_MARRIED)],
        &["family_kanji=渡邉/2/recency", "family_kana=ワタナベ/2/recency", "given_kana=ハナコ/2/recency"],
    );
    // The married name has no kana yet: those of the old name are not put under it.
    let no_kana = &HANAKO_MARRIED[..2];
    check(
        &[Row(1, "hospital", 0, HANAKO), Row(2, "pharmacy", 900, no_kana)],
        &["family_kanji=渡邉/2/recency", "family_kana=none", "given_kana=none"],
    );
    // Another record of the same name in another spelling has them.
    let standard = &[("family_kanji", "渡辺"), HANAKO_MARRIED[1], HANAKO_MARRIED[2], HANAKO_MARRIED[3]];
    check(
        &[Row(1, "hospital", 0, HANAKO), Row(2, "pharmacy", 900, no_kana), Row(3, "clinic", 300, standard)],
        &["family_kanji=渡邉/2/recency", "family_kana=ワタナベ/3/filled", "given_kana=ハナコ/3/filled"],
    );
}

#[test]
fn a_value_beats_a_maimed_one_and_that_a_placeholder() {
    let lost = &[("family_kanji", "●橋"), ("given_kanji", "花子")];
    let whole = &[("family_kanji", "髙橋"), ("given_kanji", "花子")];
    let baby = &[("family_kanji", "髙橋"), ("given_kanji", "ベビー")];
    let second_son = &[("family_kanji", "髙橋"), ("given_kanji", "花子次男")];
    check(
        &[Row(1, "clinic", 9999, lost), Row(2, "laboratory", 0, whole), Row(3, "hospital", 9999, baby)],
        &["family_kanji=髙橋/2/soundness"],
    );
    check(&[Row(1, "clinic", 0, lost), Row(2, "hospital", 9999, baby)], &["family_kanji=●橋/1/soundness"]);
    check(&[Row(1, "clinic", 0, lost), Row(2, "hospital", 9999, second_son)], &["family_kanji=●橋/1/soundness"]);
    for weak in ["1900-01-01", "1948", "1948-04", "1948-02-30", "S23.1.1", "不明"] {
        check(
            &[Row(1, "hospital", 9, &[("birth_date", weak)]), Row(2, "laboratory", 0, &[("birth_date", "S23.4.5")])],
            &["birth_date=S23.4.5/2/soundness"],
        );
    }
}

#[test]
fn what_does_not_change_is_decided_by_the_many() {
    check(
        &[
            Row(1, "clinic", 3, &[("birth_date", "S23.4.5")]),
            Row(2, "hospital", 9, &[("birth_date", "1985-04-05")]),
            Row(3, "pharmacy", 1, &[("birth_date", "1948/04/05")]),
        ],
        &["birth_date=S23.4.5/1/majority"],
    );
    check(&[Row(1, "pharmacy", 9, &[("sex", "F")]), Row(2, "hospital", 1, &[("sex", "男")])], &["sex=男/2/trust"]);
    check(&[Row(1, "clinic", 9, &[("sex", "F")]), Row(2, "clinic", 1, &[("sex", "M")])], &["sex=F/1/recency"]);
    check(&[Row(2, "clinic", 1, &[("sex", "F")]), Row(1, "clinic", 1, &[("sex", "M")])], &["sex=M/1/order"]);
    check(&[Row(2, "clinic", 1, &[("sex", "女")]), Row(1, "clinic", 2, &[("sex", "F")])], &["sex=F/1/agreement"]);
    check(&[Row(2, "clinic", 1, &[("sex", "女")])], &["sex=女/2/only source"]);
}

#[test]
fn what_changes_is_decided_by_the_latest() {
    let old = &[("postcode", "690-0001"), ("address", "島根県松江市東朝日町1-2"), ("phone", "0852-22-1111")];
    let new = &[("address", "島根県出雲市今市町3-4"), ("phone", "090-1111-2222")];
    check(
        &[Row(1, "hospital", 0, old), Row(2, "laboratory", 100, new)],
        &["address=島根県出雲市今市町3-4/2/recency", "postcode=none", "phone=090-1111-2222/2/recency"],
    );
    // Within the month the one that says more wins.
    check(&[Row(1, "hospital", 90, old), Row(2, "laboratory", 100, new)], &["postcode=690-0001/1/completeness"]);
}

#[test]
fn an_insurance_card_is_one_card() {
    let old = &[("insurer_no", "320010"), ("insured_symbol", "松"), ("insured_no", "123"), ("branch_no", "02")];
    let same = &[("insurer_no", "00320010"), ("insured_symbol", "松"), ("insured_no", "123")];
    let new = &[("insurer_no", "01320019"), ("insured_no", "777")];
    check(
        &[Row(1, "hospital", 0, old), Row(2, "pharmacy", 100, new)],
        &["insured_no=777/2/recency", "insured_symbol=none", "branch_no=none"],
    );
    check(
        &[Row(1, "hospital", 0, old), Row(2, "pharmacy", 100, same)],
        &["insured_no=123/2/recency", "branch_no=02/1/filled"],
    );
}

#[test]
fn other_values_are_counted() {
    let row = |number, day, phone| Row(number, "clinic", day, phone);
    let golden = golden_of(&[
        row(1, 500, &[("phone", "090-1111-2222")]),
        row(2, 3, &[("phone", "0852-22-1111")]),
        row(3, 2, &[("phone", "０８５２２２３３３３")]),
        row(4, 1, &[("phone", "0852223333")]),
        row(5, 0, &[("phone", "09011112222")]),
    ]);
    let phone = golden.get(Attribute::Phone).unwrap();
    assert_eq!(phone.records, 2);
    let others: Vec<_> = phone.alternatives.iter().map(|other| (&*other.text, other.records)).collect();
    assert_eq!(others, [("０８５２２２３３３３", 2), ("0852-22-1111", 1)]);
}

#[test]
fn texts_are_not_shown_by_debug() {
    let golden = golden_of(&[Row(1, "clinic", 0, HANAKO), Row(2, "clinic", 900, HANAKO_MARRIED)]);
    let shown = format!("{golden:?}");
    assert!(HANAKO.iter().chain(HANAKO_MARRIED).all(|(_, text)| !shown.contains(text)), "{shown}");
}

#[test]
fn an_institution_may_be_trusted_otherwise_than_its_kind() {
    let text = SHIPPED.replace("[trust.institution]", "[trust.institution]\nx9 = 99");
    let rules = Survivorship::parse("f", &text).unwrap();
    let trust = rules.trust();
    assert_eq!([trust.of("clinic", "x1"), trust.of("clinic", "x9"), trust.of("barber", "x1")], [70, 99, 40]);
    assert_ne!(rules.version(), RULES.version());
    let commented = Survivorship::parse("g", &SHIPPED.replace("[trust.kind]", "[trust.kind] # by kind\n")).unwrap();
    assert_eq!(commented.version(), RULES.version());
}

#[test]
fn a_wrong_rule_file_is_refused_with_file_line_and_reason() {
    #[track_caller]
    fn check(from: &str, to: &str, expected: &str) {
        assert!(SHIPPED.contains(from), "{from}");
        let text = SHIPPED.replacen(from, to, 1);
        let error = Survivorship::parse("survivorship.toml", &text).unwrap_err();
        let line = 1 + text
            .find(expected.split('|').next().unwrap())
            .map_or(0, |at| text.get(..at).unwrap().matches('\n').count());
        let reason = expected.split('|').nth(1).unwrap();
        assert_eq!(error.to_string(), format!("survivorship.toml, line {line}: {reason}"));
    }
    check("unlisted = 40", "unlisted = 400", "unlisted|trust lies between 0 and 100");
    check("clinic = 70", "clinic = -1", "clinic = -1|trust lies between 0 and 100");
    check(
        "[trust.kind]",
        "[trust.sort]",
        "[trust.sort]|unknown field `sort`, expected one of `unlisted`, `kind`, `institution`",
    );
    check("[\"phone\"]", "[\"fax\"]", "[\"fax\"]|unknown attribute `fax`");
    check("[\"phone\"]", "[\"sex\"]", "[\"sex\"]\nprefer = [\"rec|the attribute `sex` is named twice");
    check("[\"phone\"]", "[]", "[[rule]]\nattributes = []|a rule names at least one attribute");
    check(
        "prefer = [\"recency\", \"trust\"]\n",
        "prefer = [\"latest\"]\n",
        "prefer = [\"latest|unknown criterion `latest`; known: `trust`, `recency`, `completeness`, `majority`",
    );
    check("[\"recency\", \"trust\"]", "[\"trust\", \"trust\"]", "[\"trust\", \"trust|`trust` stands here twice");
    check(
        "prefer = [\"recency\", \"trust\"]\n",
        "prefer = []\n",
        "[[rule]]\nattributes = [\"former|`prefer` names at least one criterion",
    );
    check("recency_days = 365", "recency_days = 99999", "recency_days = 99999|`recency_days` lies between 0 and 36500");
    check(
        "prefer = [\"majority\", \"trust\", \"recency\"]",
        "prefer = [\"trust\"]\nrecency_days = 3",
        "recency_days = 3\n|`recency_days` needs `recency` in `prefer`",
    );
    check(
        "fill = [[\"postcode\"]]",
        "fill = [[\"phone\"]]",
        "fill = [[\"phone|`phone` is not an attribute of this rule",
    );
    check(
        "fill = [[\"postcode\"]]",
        "fill = [[\"postcode\", \"address\"]]",
        "fill = [[\"postcode\", |`fill` lists parts of the rule's attributes, neither none nor all",
    );
    let without_card = SHIPPED.split("[[rule]]\nattributes = [\"card_id\"]").next().unwrap();
    let error = Survivorship::parse("f", without_card).unwrap_err();
    assert_eq!(error.reason, "no rule names the attribute `card_id`");
}

// ---- Laws ------------------------------------------------------------------------------------------------------------

/// Few values, so that records agree, differ in spelling, and are maimed often.
fn texts() -> impl Strategy<Value = Vec<(Attribute, &'static str)>> {
    let of = |attribute, texts: &'static [&'static str]| {
        proptest::sample::select(texts).prop_map(move |text| (attribute, text))
    };
    (
        of(Attribute::FamilyKanji, &["", "渡邉", "渡辺", "●辺", "田中", "田中 花子"]),
        of(Attribute::GivenKanji, &["", "花子", "ベビー", "太郎"]),
        of(Attribute::FamilyKana, &["", "ワタナベ", "タナカ"]),
        of(Attribute::GivenKana, &["", "ハナコ", "ﾊﾅｺ", "-"]),
        of(Attribute::BirthDate, &["", "1948-04-05", "S23.4.5", "1948", "1900-01-01", "x"]),
        of(Attribute::Sex, &["", "F", "M", "?"]),
        of(Attribute::Postcode, &["", "690-0001", "6900001", "6930001"]),
        of(Attribute::Address, &["", "松江市東朝日町1-2", "松江市東朝日町１丁目２", "出雲市今市町3"]),
        of(Attribute::InsurerNumber, &["", "320010", "01320019"]),
        of(Attribute::InsuredNumber, &["", "1", "2"]),
        of(Attribute::BranchNumber, &["", "01", "02"]),
    )
        .prop_map(|(a, b, c, d, e, f, g, h, i, j, k)| vec![a, b, c, d, e, f, g, h, i, j, k])
}

#[derive(Clone, Debug)]
struct Made {
    kind: &'static str,
    day: i64,
    texts: Vec<(Attribute, &'static str)>,
}

fn made() -> impl Strategy<Value = Made> {
    let kind = proptest::sample::select(&["hospital", "clinic", "laboratory"][..]);
    let day = proptest::sample::select(&[0_i64, 10, 40, 400][..]);
    (kind, day, texts()).prop_map(|(kind, day, texts)| Made { kind, day, texts })
}

fn demographics_of(made: &Made) -> Demographics {
    let mut demographics = Demographics::new();
    made.texts.iter().for_each(|(attribute, text)| demographics.set(*attribute, text));
    demographics
}

/// The golden record of records in some order; record ids follow `made`, not the order.
fn golden_in(order: &[usize], made: &[Made], all: &[Demographics]) -> GoldenRecord {
    let observation = |at: &usize| {
        let row = Row(u8::try_from(*at).unwrap(), made[*at].kind, made[*at].day, &[]);
        observation(&row, &all[*at])
    };
    golden(&RULES, &TABLES, &order.iter().map(observation).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn the_order_of_records_does_not_matter(
        (made, order) in proptest::collection::vec(made(), 0..6)
            .prop_flat_map(|made| { let all: Vec<usize> = (0..made.len()).collect(); (Just(made), Just(all).prop_shuffle()) })
    ) {
        let all: Vec<Demographics> = made.iter().map(demographics_of).collect();
        let sorted: Vec<usize> = (0..made.len()).collect();
        prop_assert_eq!(golden_in(&order, &made, &all), golden_in(&sorted, &made, &all));
    }

    #[test]
    fn the_golden_record_of_one_record_is_that_record(made in made()) {
        let all = [demographics_of(&made)];
        prop_assert_eq!(golden_in(&[0], &[made], &all).demographics(), all[0].clone());
    }

    #[test]
    fn every_value_was_written_by_the_record_it_names(made in proptest::collection::vec(made(), 0..6)) {
        let all: Vec<Demographics> = made.iter().map(demographics_of).collect();
        let order: Vec<usize> = (0..made.len()).collect();
        let golden = golden_in(&order, &made, &all);
        for (attribute, value) in &golden.values {
            let from = usize::from(value.provenance.record.0[0]);
            prop_assert_eq!(all[from].get(*attribute), &*value.text);
            for other in &value.alternatives {
                prop_assert_eq!(all[usize::from(other.provenance.record.0[0])].get(*attribute), &*other.text);
            }
            let counted = value.records + value.alternatives.iter().map(|other| other.records).sum::<u32>();
            prop_assert!(counted as usize <= made.len());
        }
    }

    /// What is not filled in comes from one record; what is filled in comes from one record as well.
    #[test]
    fn groups_are_not_composed(made in proptest::collection::vec(made(), 0..6)) {
        let all: Vec<Demographics> = made.iter().map(demographics_of).collect();
        let order: Vec<usize> = (0..made.len()).collect();
        let golden = golden_in(&order, &made, &all);
        for rule in RULES.rules() {
            let parts = rule.fill.iter().map(Vec::as_slice).chain([rule.attributes.as_slice()]);
            for part in parts {
                for is_filled in [false, true] {
                    let values = part.iter().filter_map(|attribute| golden.get(*attribute));
                    let of_kind = values.filter(|value| (value.decided_by == Deciding::Filled) == is_filled);
                    let mut sources: Vec<_> = of_kind.map(|value| value.provenance.record).collect();
                    sources.dedup();
                    prop_assert!(sources.len() <= 1 || (is_filled && part.len() == rule.attributes.len()));
                }
            }
        }
    }

    #[test]
    fn silence_changes_nothing(made in proptest::collection::vec(made(), 1..6)) {
        let mut all: Vec<Demographics> = made.iter().map(demographics_of).collect();
        let mut made = made;
        let order: Vec<usize> = (0..made.len()).collect();
        let before = golden_in(&order, &made, &all);
        made.push(Made { kind: "hospital", day: 9_999, texts: Vec::new() });
        all.push(Demographics::new());
        let order: Vec<usize> = (0..made.len()).collect();
        prop_assert_eq!(golden_in(&order, &made, &all), before);
    }
}
