//! Laws that hold for all values, those that no normalisation makes among them.

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

use super::*;
use crate::value::{AddressParts, PartialDate};

/// A folding that a value's invariant allows: it depends on the exact text alone.
fn fold(exact: &str) -> String {
    exact.chars().filter(|c| !" -.".contains(*c)).map(|c| if c == '邉' { '辺' } else { c }).collect()
}

/// Texts from few characters, so that pairs often agree, in parts or whole.
fn text() -> impl Strategy<Value = String> {
    let characters = |from: &'static str, length: std::ops::Range<usize>| {
        vec(select(from.chars().collect::<Vec<_>>()), length).prop_map(|text| text.into_iter().collect::<String>())
    };
    prop_oneof![
        4 => characters("ab", 0..5),
        4 => characters("ab -.J", 0..9),
        4 => characters("ワタナベヘウオーン", 0..7),
        2 => characters("コゴカガツヅズジチウ", 0..5),
        4 => characters("渡邉辺部斉斎〓太大", 0..4),
        2 => characters("0123456789.-", 0..5),
        1 => characters("aéワ渡𠮷", 20..90),
        1 => characters("ab", 240..300),
        1 => any::<String>(),
    ]
}

fn date() -> impl Strategy<Value = PartialDate> {
    let part = || option::weighted(0.8, prop_oneof![4 => 1..5_u8, 2 => 10..13_u8, 1 => any::<u8>()]);
    let year = prop_oneof![4 => 1925..1928_u16, 2 => select(vec![1900, 1948, 1985, 2011, 2023]), 1 => any::<u16>()];
    (year, part(), part()).prop_map(|(year, month, day)| PartialDate { year, month, day })
}

fn address() -> impl Strategy<Value = AddressParts> {
    let part = |from: &'static [&'static str]| select(from).prop_map(Box::<str>::from);
    (
        part(&["", "島根県"]),
        part(&["", "松江市", "出雲市"]),
        part(&["", "西川津町", "北堀町"]),
        vec(1..4_u32, 0..4),
        part(&["", "2号室", "荘3"]),
    )
        .prop_map(|(prefecture, municipality, town, numbers, building)| AddressParts {
            prefecture,
            municipality,
            town,
            numbers: numbers.into(),
            building,
        })
}

fn parts() -> impl Strategy<Value = Parts> {
    prop_oneof![
        2 => Just(Parts::None),
        2 => date().prop_map(Parts::Date),
        2 => address().prop_map(|address| Parts::Address(Box::new(address))),
        1 => vec(select(vec!["a", "b", "ワ"]), 0..3).prop_map(|mut set| {
            set.sort_unstable();
            set.dedup();
            Parts::Set(set.into_iter().map(Box::from).collect())
        }),
    ]
}

fn random_value() -> impl Strategy<Value = Value> {
    let quality = select(vec![Quality::NONE, Quality::NONE, Quality::PLACEHOLDER, Quality::DEFAULT_DATE]);
    (text(), parts(), quality).prop_map(|(text, parts, quality)| {
        let folded = fold(&text);
        Value::new(text, folded).with_parts(parts).with_quality(quality)
    })
}

/// Two records of two fields; often one repeats a value of the other, in its place or in the wrong one.
fn records() -> impl Strategy<Value = [Option<Value>; 4]> {
    let nullable = || option::weighted(0.95, random_value());
    (nullable(), nullable(), nullable(), nullable(), 0..6_u8).prop_map(|(a, b, c, d, like)| match like {
        0 => [a.clone(), b.clone(), a, b],
        1 => [a.clone(), b.clone(), b, a],
        2 => [a.clone(), b, a, d],
        3 => [a.clone(), b, c, a],
        _ => [a, b, c, d],
    })
}

fn sides(records: &[Option<Value>; 4]) -> (Side<'_>, Side<'_>) {
    let [a, b, c, d] = records.each_ref().map(Option::as_ref);
    (Side::two(a, b), Side::two(c, d))
}

fn bound() -> impl Strategy<Value = f64> {
    prop_oneof![0.0..1.2_f64, -2.0..9.0_f64, Just(f64::NAN), Just(f64::INFINITY)]
}

/// Whether a number says as much agreement as its measure can.
fn is_best(measure: Measure, number: f64) -> bool {
    match measure.scale() {
        Scale::Flag | Scale::Similarity => number == 1.0,
        Scale::Distance => number == 0.0,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn every_measure_is_symmetric_and_in_range(records in records()) {
        let readings = Readings::parse("渡\tワタ\n辺\tナベ ベ\n").unwrap();
        let (left, right) = sides(&records);
        for &m in Measure::ALL {
            let number = measure(m, left, right, &readings);
            let other_way = measure(m, right, left, &readings);
            prop_assert_eq!(number.map(f64::to_bits), other_way.map(f64::to_bits), "{:?}", m);
            let Some(number) = number else { continue };
            let fits = match m.scale() {
                Scale::Flag => number == 0.0 || number == 1.0,
                Scale::Similarity => (0.0..=1.0).contains(&number),
                Scale::Distance => (0.0..=f64::MAX).contains(&number),
            };
            prop_assert!(fits, "{m:?} gives {number}");
        }
    }

    #[test]
    fn a_missing_value_gives_nothing(record in records()) {
        let readings = Readings::empty();
        let (left, right) = sides(&record);
        for &m in Measure::ALL {
            let one_null = measure(m, Side::default(), right, &readings);
            let marks = matches!(m, Measure::Placeholder | Measure::DefaultDate);
            prop_assert!(one_null.is_none() || marks && one_null == Some(1.0), "{m:?} gives {one_null:?} with a null");
            if m.fields() == 1 {
                let alone = measure(m, Side::one(left.first), Side::one(right.first), &readings);
                prop_assert_eq!(alone, measure(m, left, right, &readings), "{:?} reads a second field", m);
            }
        }
    }

    #[test]
    fn implications_hold(records in records()) {
        let readings = Readings::empty();
        let (left, right) = sides(&records);
        for &a in Measure::ALL {
            let Some(number) = measure(a, left, right, &readings) else { continue };
            for &b in Measure::ALL.iter().filter(|b| a.implies(**b)) {
                let other = measure(b, left, right, &readings);
                if a.scale() == Scale::Flag && number == 1.0 {
                    prop_assert!(other.is_some_and(|other| is_best(b, other)), "{a:?} without {b:?}: {other:?}");
                } else if a.scale() != Scale::Flag {
                    prop_assert!(other.is_some_and(|other| other <= number), "{a:?} {number} but {b:?} {other:?}");
                }
            }
        }
    }

    #[test]
    fn holds_is_the_comparison_of_the_measure(records in records(), any_bound in bound()) {
        let readings = Readings::empty();
        let (left, right) = sides(&records);
        for &m in Measure::ALL {
            let number = measure(m, left, right, &readings);
            let exactly = number.unwrap_or(0.5);
            for bound in [any_bound, exactly, exactly.next_up(), exactly.next_down()] {
                for threshold in [Threshold::Flag, Threshold::AtLeast(bound), Threshold::AtMost(bound)] {
                    let held = holds(m, left, right, &readings, threshold);
                    let compared = number.map(|number| threshold.met_by(number));
                    prop_assert_eq!(held, compared, "{:?} {:?} at {:?}", m, threshold, number);
                }
            }
        }
    }

    #[test]
    fn jaro_winkler_is_that_of_strsim(left in text(), right in text()) {
        let (a, b) = ordered(&left, &right);
        prop_assert_eq!(jaro_winkler(&left, &right).to_bits(), strsim::jaro_winkler(&a, &b).to_bits());
    }

    #[test]
    fn edit_distances_are_those_of_strsim(left in text(), right in text(), most in 0..6_usize) {
        let (a, b) = ordered(&left, &right);
        let (with_swaps, without) = (strsim::osa_distance(&a, &b), strsim::levenshtein(&a, &b));
        prop_assert_eq!(damerau(&left, &right), with_swaps);
        prop_assert_eq!(levenshtein(&left, &right), without);
        prop_assert_eq!(damerau_at_most(&left, &right, most), with_swaps <= most);
        prop_assert_eq!(levenshtein_at_most(&left, &right, most), without <= most);
    }

    #[test]
    fn letter_pairs_are_those_of_strsim(left in "[abc]{2,90}", right in "[abc]{2,70}") {
        let number = text::dice(&left, &right);
        prop_assert!((number - strsim::sorensen_dice(&left, &right)).abs() < 1e-12);
    }

    #[test]
    fn an_edit_of_kana_costs_at_most_one(left in text(), right in text()) {
        prop_assert!(kana::distance(&left, &right) <= damerau(&left, &right) as f64);
    }

    #[test]
    fn a_name_is_read_as_its_pieces(at in vec(0..4_usize, 1..6)) {
        let pieces = [("渡", "ワタ"), ("五十嵐", "イガラシ"), ("辺", "ナベ"), ("子", "コ")];
        let table: String = pieces.iter().map(|(kanji, kana)| format!("{kanji}\t{kana}\n")).collect();
        let readings = Readings::parse(&table).unwrap();
        let kanji: String = at.iter().map(|at| pieces[*at].0).collect();
        let kana: String = at.iter().map(|at| pieces[*at].1).collect();
        prop_assert!(readings.is_reading(&kanji, &kana));
        let longer = kana.clone() + "ン";
        prop_assert!(!readings.is_reading(&kanji, &longer));
        let without_last: String = kana.chars().take(kana.chars().count() - 1).collect();
        prop_assert!(!readings.is_reading(&kanji, &without_last));
    }
}

/// The first characters that kernels read, in the order in which they read the two texts.
fn ordered(left: &str, right: &str) -> (String, String) {
    let read = |text: &str| text.chars().take(TEXT_CHARS_MAX).collect::<Vec<char>>();
    let (left, right) = (read(left), read(right));
    let (a, b) = if (left.len(), &left) <= (right.len(), &right) { (left, right) } else { (right, left) };
    (a.into_iter().collect(), b.into_iter().collect())
}

#[test]
fn a_field_of_a_million_characters_is_compared_in_no_time() {
    let long = |last: char| "渡辺 ".repeat(400_000) + &last.to_string();
    let (left, right) = (Value::new(long('a'), long('a')), Value::new(long('b'), long('b')));
    for &m in Measure::ALL {
        let number =
            measure(m, Side::two(Some(&left), Some(&right)), Side::two(Some(&right), Some(&left)), &Readings::empty());
        assert!(number.is_none_or(f64::is_finite), "{m:?}");
    }
}
