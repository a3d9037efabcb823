//! Updates of one record: what passes, what a clerk looks at, what is held back.

use super::{Change, Examiner, Field, Level, Reason, Verdict};
use crate::demographics::{Attribute, Demographics};
use linkage::compare::Readings;
use linkage::normalize::{TableSources, Tables};
use proptest::prelude::*;
use std::sync::LazyLock;

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    Tables::parse(&TableSources {
        kanji_fold: include_str!("../../../matching-rules/normalize/kanji_fold.tsv"),
        municipalities: include_str!("../../../matching-rules/normalize/municipalities.tsv"),
    })
    .unwrap()
});
static READINGS: LazyLock<Readings> =
    LazyLock::new(|| Readings::parse(include_str!("../../../matching-rules/normalize/readings.tsv")).unwrap());

fn examiner() -> Examiner<'static> {
    Examiner { tables: &TABLES, readings: &READINGS }
}

/// Whom every case begins with; a case says what is different before and what the update changes.
const HANAKO: &str = "family_kanji=佐藤;given_kanji=花子;family_kana=サトウ;given_kana=ハナコ;sex=F;birth_date=1985-04-05;\
    postcode=690-0001;address=島根県松江市東朝日町1-2;phone=0852-22-1111;\
    insurer_no=320010;insured_symbol=松;insured_no=1234567;branch_no=02";

/// The same without the numbers that are her own.
const NO_BRANCH: &str = "branch_no=";

/// Another woman.
const YOSHIKO: &str = "family_kanji=田中;given_kanji=美子;family_kana=タナカ;given_kana=ヨシコ;birth_date=1972-11-23";

fn set(demographics: &mut Demographics, texts: &str) {
    for text in texts.split(';').filter(|text| !text.is_empty()) {
        let (attribute, text) = text.split_once('=').unwrap();
        demographics.set(Attribute::named(attribute.trim()).unwrap(), text);
    }
}

/// `before` changes Hanako, `update` changes what is then; `expected` is the verdict and the first reason.
#[track_caller]
fn check(before: &str, update: &str, expected: &str) {
    let mut old = Demographics::new();
    set(&mut old, HANAKO);
    set(&mut old, before);
    let mut new = old.clone();
    set(&mut new, update);
    let examination = examiner().examine(&old, &new);
    let reason = examination.reasons.first().map_or_else(String::new, |reason| format!(" {reason:?}"));
    assert_eq!(format!("{:?}{reason}", examination.verdict()), expected, "{:#?}", examination.evidence);
}

#[test]
fn what_happens_to_one_person_passes() {
    let accept = |before: &str, update: &str| check(before, update, "Accept");
    accept("", "");
    // Marriage, with a move and a new card; divorce back.
    accept("", "family_kanji=渡邉;family_kana=ワタナベ");
    accept(
        "",
        "family_kanji=渡邉;family_kana=ワタナベ;postcode=693-0001;address=島根県出雲市今市町3-4;phone=090-1111-2222;\
        insurer_no=01320019;insured_symbol=7;insured_no=99;branch_no=03",
    );
    accept("family_kanji=渡邉;family_kana=ワタナベ;former_family=佐藤", "family_kanji=佐藤;family_kana=サトウ");
    // Everything about the household changes, the person does not.
    accept(
        "",
        "postcode=693-0001;address=島根県出雲市今市町3-4;phone=090-1111-2222;insurer_no=01320019;insured_no=5;branch_no=",
    );
    // Spelling and reading.
    accept("family_kanji=斎藤;family_kana=サイトウ", "family_kanji=齋藤");
    accept("family_kanji=●橋;family_kana=タカハシ", "family_kanji=髙橋");
    accept("", "given_kana=ハナゴ");
    accept("given_kanji=裕子;given_kana=ヒロコ", "given_kana=ユウコ");
    accept("given_kanji=賢;given_kana=ケン", "given_kanji=健");
    accept("family_kana=シヨウジ;family_kanji=庄司", "family_kana=ショウジ");
    accept("", "family_kana=ｻﾄｳ;given_kana=ﾊﾅｺ");
    // Names exchanged, joined, taken apart.
    accept(
        "family_kanji=花子;given_kanji=佐藤;family_kana=ハナコ;given_kana=サトウ",
        "family_kanji=佐藤;given_kanji=花子;family_kana=サトウ;given_kana=ハナコ",
    );
    accept(
        "family_kanji=佐藤　花子;given_kanji=;family_kana=サトウ　ハナコ;given_kana=",
        "family_kanji=佐藤;given_kanji=花子;family_kana=サトウ;given_kana=ハナコ",
    );
    accept(
        "family_kanji=佐藤花子;given_kanji=;family_kana=サトウハナコ;given_kana=",
        "family_kanji=佐藤;given_kanji=花子;family_kana=サトウ;given_kana=ハナコ",
    );
    accept(
        "family_kanji=佐藤花子;given_kanji=;family_kana=サトウハナコ;given_kana=",
        "family_kanji=渡邉花子;family_kana=ワタナベハナコ",
    );
    accept("family_kanji=佐藤花子;given_kanji=;family_kana=;given_kana=", "family_kanji=渡邉;given_kanji=花子");
    // Filled in, left out.
    accept("family_kana=;given_kana=", "family_kana=サトウ;given_kana=ハナコ");
    accept("family_kanji=;given_kanji=", "family_kanji=佐藤;given_kanji=花子");
    accept("family_kana=;given_kana=", "family_kanji=;given_kanji=;family_kana=サトウ;given_kana=ハナコ");
    accept("sex=;birth_date=;address=", "sex=F;birth_date=1985-04-05;address=島根県松江市東朝日町1-2");
    accept("", "phone=;postcode=;address=;insured_no=;given_kana=");
    // Birth dates corrected.
    for slip in
        ["S60.4.5", "1985-05-04", "1985-04-06", "1986-04-05", "1948-04-05", "1999-04-05", "1985-04-15", "1985-04-23"]
    {
        accept("", &format!("birth_date={slip}"));
    }
    accept("birth_date=1985-01-01", "birth_date=1985-04-05");
    accept("birth_date=1985-04", "birth_date=1985-04-05");
    accept("birth_date=1900-01-01", "birth_date=1985-04-05");
    // Married, and the birth date corrected by a slip on the same day.
    accept("", "family_kanji=渡邉;family_kana=ワタナベ;birth_date=1985-04-06");
    // The sex alone: a slip, or a change by law.
    accept("", "sex=M");
    accept("sex=U", "sex=M");
}

#[test]
fn newborns_and_unknown_patients_get_a_name() {
    let baby =
        "given_kanji=花子ベビー;given_kana=ハナコベビー;birth_date=2025-06-01;sex=;insured_no=;branch_no=;insurer_no=";
    let named = "given_kanji=太郎;given_kana=タロウ;sex=M;insurer_no=320010;insured_no=1234567;branch_no=04";
    check(baby, named, "Accept");
    check(baby, &format!("{named};family_kanji=渡邉;family_kana=ワタナベ"), "Accept");
    check(baby, &format!("{named};birth_date=2025-06-02"), "Accept");
    // The mother's data over the newborn, and another baby's.
    check(baby, "given_kanji=花子;given_kana=ハナコ;birth_date=1985-04-05;sex=F", "Quarantine NewbornOverwritten");
    let first = "given_kanji=花子ベビー１;given_kana=ハナコベビー１;birth_date=2025-06-01;branch_no=";
    check(first, "given_kanji=花子ベビー２;given_kana=ハナコベビー２", "Quarantine PerhapsTwin");
    check(
        first,
        "given_kanji=花子ベビー２;given_kana=ハナコベビー２;birth_date=2025-06-02",
        "Quarantine NameAndBirthDate",
    );
    check(baby, "given_kanji=花子ベビー１;given_kana=ハナコベビー１", "Accept");
    // The newborn's data over the mother.
    check("", "given_kanji=花子ベビー;given_kana=;birth_date=2025-06-01;sex=M", "Quarantine NameAndBirthDate");
    check("", "given_kanji=花子ベビー;given_kana=", "Quarantine NameLost");
    let unknown =
        "family_kanji=救急患者『ア』;given_kanji=;family_kana=;given_kana=;sex=;phone=;insured_no=;address=;postcode=";
    check(&format!("{unknown};birth_date=1900-01-01"), &format!("{YOSHIKO};sex=F"), "Accept");
    check(&format!("{unknown};birth_date=1970-01-01"), &format!("{YOSHIKO};sex=F"), "Accept");
}

#[test]
fn another_person_is_held_back() {
    let check_held = |before: &str, update: &str, reason: &str| check(before, update, &format!("Quarantine {reason}"));
    // A stranger, with the household left as it was and with another one.
    check_held("", YOSHIKO, "NameAndBirthDate");
    check_held(
        "",
        &format!("{YOSHIKO};phone=090-9999-8888;address=島根県出雲市今市町3-4;postcode=693-0001"),
        "NameAndBirthDate",
    );
    check_held(
        "",
        "family_kanji=田中;given_kanji=一郎;family_kana=タナカ;given_kana=イチロウ;sex=M;birth_date=1972-11-23",
        "NameAndBirthDate",
    );
    // The same family: child, husband, father and son of nearly one name, twins.
    check_held("", "given_kanji=一郎;given_kana=イチロウ;sex=M;birth_date=2015-08-09;branch_no=03", "NameAndBirthDate");
    check_held("", "given_kanji=一郎;given_kana=イチロウ;sex=M;birth_date=1983-01-20;branch_no=01", "NameAndBirthDate");
    check_held("given_kanji=健;given_kana=ケン;sex=M", "given_kanji=賢;birth_date=2012-09-30", "NameAndBirthDate");
    check_held("", "given_kanji=一郎;given_kana=イチロウ;sex=M;branch_no=03", "GivenNameAndSex");
    check_held(NO_BRANCH, "given_kanji=雪子;given_kana=ユキコ", "PerhapsTwin");
    check_held("", "given_kanji=雪子;given_kana=ユキコ;branch_no=03", "OtherMember");
    check_held("given_kanji=陽菜;given_kana=ハルナ", "given_kanji=陽香;given_kana=ハルカ;branch_no=03", "OtherMember");
    check_held("given_kanji=陽菜;given_kana=ヒナ", "given_kanji=陽奈;branch_no=03", "OtherMember");
    check_held("birth_order=1", "given_kanji=雪子;given_kana=ユキコ;birth_order=2", "OtherMember");
    // One slip in the birth date does not excuse another name.
    check_held("", "given_kanji=雪子;given_kana=ユキコ;birth_date=1985-04-06", "NameAndBirthDate");
    check_held("birth_date=", "given_kanji=雪子;given_kana=ユキコ;birth_date=1985-04-06;branch_no=", "PerhapsTwin");
    // Another given name of the same sound, married, of another age.
    check_held("", "family_kanji=渡邉;family_kana=ワタナベ;birth_date=1972-11-23", "NameAndBirthDate");
    // Somebody of the same name who lives elsewhere.
    check_held(
        "",
        "birth_date=1951-12-30;phone=090-9999-8888;address=島根県出雲市今市町3-4;postcode=693-0001;insured_no=8;branch_no=",
        "PerhapsNamesake",
    );
    check_held("", "birth_date=1951-12-30;sex=M", "BirthDateAndSex");
    // A relative of the same name in the same house.
    check_held(NO_BRANCH, "birth_date=1951-12-30", "PerhapsNamesake");
    // Only kanji, only kana, in one field.
    check_held(
        "family_kana=;given_kana=",
        "family_kanji=田中;given_kanji=美代;birth_date=1972-11-23",
        "NameAndBirthDate",
    );
    check_held(
        "family_kanji=;given_kanji=",
        "family_kana=タナカ;given_kana=ヨシエ;birth_date=1972-11-23",
        "NameAndBirthDate",
    );
    let joined = "family_kanji=佐藤花子;given_kanji=;family_kana=サトウハナコ;given_kana=";
    check_held(joined, "family_kanji=田中美代;family_kana=タナカミヨ;birth_date=1972-11-23", "NameAndBirthDate");
    check_held(
        joined,
        "family_kanji=佐藤一郎;family_kana=サトウイチロウ;sex=M;birth_date=2015-08-09",
        "NameAndBirthDate",
    );
    check_held(
        joined,
        "family_kanji=田中;given_kanji=美代;family_kana=タナカ;given_kana=ミヨ;birth_date=1972-11-23",
        "NameAndBirthDate",
    );
    // The whole name, in another household.
    check_held(
        "",
        "family_kanji=田中;given_kanji=美代;family_kana=タナカ;given_kana=ミヨ;phone=;address=;postcode=;insured_no=",
        "WholeName",
    );
}

#[test]
fn what_a_clerk_looks_at_passes() {
    // A legal change of the given name alone: the branch number, or the network's card, stays.
    check("", "given_kanji=雪子;given_kana=ユキコ", "AcceptWithTask GivenNameAlone");
    check("branch_no=;card_id=N1", "given_kanji=雪子;given_kana=ユキコ", "AcceptWithTask GivenNameAlone");
    check(
        "",
        "given_kanji=雪子;given_kana=ユキコ;family_kanji=渡邉;family_kana=ワタナベ",
        "AcceptWithTask WholeNameOfSamePerson",
    );
    // An alias, and the legal name of a foreigner.
    let alias = "family_kanji=NGUYEN;given_kanji=THI HOA;family_kana=グエン;given_kana=ティホア";
    check("", alias, "AcceptWithTask WholeNameOfSamePerson");
    check("common_name=NGUYEN THI HOA", alias, "Accept");
    check(alias, "family_kanji=THI HOA;given_kanji=NGUYEN;family_kana=ティホア;given_kana=グエン", "Accept");
    check("", "birth_date=1951-12-30", "AcceptWithTask BirthDateAlone");
    check("", "sex=M;birth_date=1985-04-06", "AcceptWithTask SexAndCorrection");
    check("birth_order=1", "birth_order=2", "AcceptWithTask BirthOrder");
}

#[test]
fn evidence_says_how_each_field_compares() {
    let (mut old, mut new) = (Demographics::new(), Demographics::new());
    set(&mut old, HANAKO);
    set(&mut new, HANAKO);
    set(
        &mut new,
        "family_kanji=渡邉;family_kana=ワタナベ;birth_date=S23.8.19;phone=;branch_no=03;address=松江市東朝日町５",
    );
    let examination = examiner().examine(&old, &new);
    let lines: Vec<(Field, Level, Change)> =
        examination.evidence.iter().map(|line| (line.field, line.level, line.change)).collect();
    let expected = [
        (Field::GivenName, Level::Equal, Change::Same),
        (Field::FamilyName, Level::Different, Change::Plausible),
        (Field::BirthDate, Level::Different, Change::Contradiction),
        (Field::Sex, Level::Equal, Change::Same),
        (Field::Address, Level::SameTown, Change::Plausible),
        (Field::Telephone, Level::Missing, Change::Silent),
        (Field::Insurance, Level::OtherBranch, Change::Contradiction),
        (Field::CardId, Level::Missing, Change::Silent),
        (Field::BirthOrder, Level::Missing, Change::Silent),
    ];
    assert_eq!(lines, expected);
    assert_eq!(examination.reasons, [Reason::NameAndBirthDate]);
    assert!(examination.is_overlay());
    assert_eq!(examination.of(Field::Sex).map(|line| line.level.name()), Some("equal"));
    let bytes = postcard::to_allocvec(&examination).unwrap();
    assert_eq!(postcard::from_bytes::<super::Examination>(&bytes).unwrap(), examination);
}

fn person() -> impl Strategy<Value = Demographics> {
    let texts: &'static [&'static str] = &[
        "",
        "佐藤",
        "花子",
        "サトウ",
        "佐藤 花子",
        "花子ベビー",
        "●藤",
        "F",
        "M",
        "1985-04-05",
        "1985",
        "x",
        "1",
        "2",
        "松江市東朝日町1-2",
        "320010",
        "-",
    ];
    proptest::collection::vec(proptest::sample::select(texts), Attribute::ALL.len()).prop_map(|texts| {
        let mut demographics = Demographics::new();
        Attribute::ALL.iter().zip(texts).for_each(|(attribute, text)| demographics.set(*attribute, text));
        demographics
    })
}

proptest! {
    #[test]
    fn the_same_data_again_is_never_doubted(person in person()) {
        prop_assert_eq!(examiner().examine(&person, &person).reasons, []);
    }

    #[test]
    fn what_is_filled_in_is_never_doubted(person in person(), kept in proptest::collection::vec(any::<bool>(), 18)) {
        let mut before = Demographics::new();
        // Names are kept or left out together: half a name in one field is another way of writing.
        let named = kept[0];
        for (attribute, keep) in Attribute::ALL.iter().zip(kept) {
            let is_name = (*attribute as usize) <= Attribute::GivenKana as usize;
            if if is_name { named } else { keep } {
                before.set(*attribute, person.get(*attribute));
            }
        }
        prop_assert_eq!(examiner().examine(&before, &person).verdict(), Verdict::Accept);
    }
}
