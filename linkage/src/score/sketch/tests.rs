//! What sketches rule out must be so, for every measure that they have a test for.

use super::*;
use crate::compare::{Readings, Side, holds};
use crate::normalize::{Tables, normalize};
use crate::rules::FieldId;
use proptest::prelude::*;

fn atom(measure: Measure, threshold: Threshold) -> Atom {
    Atom { measure, first: FieldId(0), second: None, threshold }
}

/// The measures that have a test, each alone, and how a field of that kind is written.
fn tested(kind: Kind) -> Vec<Atom> {
    let most = |measure, most| atom(measure, Threshold::AtMost(most));
    let least = |measure, least| atom(measure, Threshold::AtLeast(least));
    let flag = |measure| atom(measure, Threshold::Flag);
    match Form::of(kind) {
        Form::Characters => vec![
            most(Measure::Damerau, 1.0),
            most(Measure::Damerau, 2.0),
            most(Measure::Levenshtein, 1.0),
            most(Measure::KanaDistance, 0.4),
            most(Measure::KanaDistance, 1.0),
            most(Measure::KanaDistance, 1.6),
            least(Measure::JaroWinkler, 0.6),
            least(Measure::JaroWinkler, 0.8),
            least(Measure::JaroWinkler, 0.92),
            flag(Measure::Wildcard),
            flag(Measure::SoftVariant),
        ],
        Form::Digits => {
            vec![most(Measure::Damerau, 1.0), most(Measure::Levenshtein, 1.0), least(Measure::Prefix, 0.42)]
        }
        Form::Date => vec![
            most(Measure::DateDigits, 1.0),
            flag(Measure::DefaultDate),
            flag(Measure::EraSlip),
            flag(Measure::DayMonthSwapped),
            flag(Measure::SameYearMonth),
            flag(Measure::SameMonthDay),
            flag(Measure::SameYear),
            flag(Measure::PartialDateMatch),
            most(Measure::YearsApart, 1.0),
        ],
    }
}

fn check(kind: Kind, left: &str, right: &str) -> Result<(), TestCaseError> {
    let tables = Tables::empty();
    let (Some(left), Some(right)) = (normalize(kind, left, &tables), normalize(kind, right, &tables)) else {
        return Ok(());
    };
    let sketches = (Form::of(kind).sketch(&left), Form::of(kind).sketch(&right));
    let is_folded = left.folded() == right.folded();
    for atom in tested(kind) {
        let nearness = Nearness::of(Form::of(kind), std::iter::once(&atom));
        prop_assert!(!matches!(nearness, Nearness::Open), "{:?} has no test", atom);
        let state = nearness.state(sketches.0, sketches.1);
        prop_assert_eq!(state, nearness.state(sketches.1, sketches.0));
        let sides = (Side::one(Some(&left)), Side::one(Some(&right)));
        let holds = holds(atom.measure, sides.0, sides.1, &Readings::empty(), atom.threshold) == Some(true);
        prop_assert!(!holds || state >= State::Near, "{:?} holds for {:?} and {:?}", atom, left, right);
        prop_assert!(!is_folded || state == State::Alike, "{:?} and {:?} are folded equal", left, right);
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4000))]

    #[test]
    fn kana(left in "[アイオウカガケサザシジチツズデナノハバパヤユンー]{1,6}", right in "[アイオウカガケサザシジチツズデナノハバパヤユンー]{1,6}") {
        check(Kind::KanaName, &left, &right)?;
    }

    #[test]
    fn kanji(left in "[斉斎藤籐坂阪太大犬野埜ノのケヶ〓々]{1,4}", right in "[斉斎藤籐坂阪太大犬野埜ノのケヶ〓々]{1,4}") {
        check(Kind::KanjiName, &left, &right)?;
    }

    #[test]
    fn names_that_are_interchanged_as_a_whole(left in "渡辺|渡部|阿部|安倍|伊藤|伊東", right in "渡辺|渡部|阿部|安倍|伊藤|伊東") {
        check(Kind::KanjiName, &left, &right)?;
    }

    #[test]
    fn latin(left in "[a-e]{1,17}", right in "[a-e]{1,17}") {
        check(Kind::LatinName, &left, &right)?;
    }

    #[test]
    fn digits(left in "[0-3]{1,16}x?", right in "[0-3]{1,16}x?") {
        check(Kind::Digits, &left, &right)?;
    }

    #[test]
    fn dates(left in "19[0-4][0-9]-0[1-3]-[0-2][0-9]|19[45][0-9]|19[45][0-9]-0[1-3]", right in "19[0-4][0-9]-0[1-3]-[0-2][0-9]|19[45][0-9]|昭和2[0-9]年1月1日") {
        check(Kind::Date, &left, &right)?;
    }
}

#[test]
fn strangers_are_far_apart() {
    let state = |kind: Kind, left: &str, right: &str| {
        let sketch = |text: &str| normalize(kind, text, &Tables::empty()).map(|value| Form::of(kind).sketch(&value));
        let atoms = tested(kind);
        let near =
            atoms.iter().filter(|atom| atom.threshold != Threshold::AtLeast(0.6) && atom.measure != Measure::SameYear);
        let near =
            near.filter(|atom| atom.threshold != Threshold::AtMost(1.6) && atom.threshold != Threshold::AtMost(2.0));
        Nearness::of(Form::of(kind), near).state(sketch(left).unwrap(), sketch(right).unwrap())
    };
    assert_eq!(state(Kind::KanaName, "タロウ", "ハナコ"), State::Far);
    assert_eq!(state(Kind::KanaName, "タロウ", "サロウ"), State::Near);
    assert_eq!(state(Kind::KanaName, "タロウ", "ダロー"), State::Alike);
    assert_eq!(state(Kind::KanjiName, "鈴木", "佐藤"), State::Far);
    assert_eq!(state(Kind::Digits, "0852225111", "0853226111"), State::Far);
    assert_eq!(state(Kind::Date, "1948-04-05", "1961-11-23"), State::Far);
}
