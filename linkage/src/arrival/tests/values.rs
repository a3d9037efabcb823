//! Values, frequencies and keys of one record are those of a table, and come back from their bytes.

use super::population::{Record, normalized, population, readings, rules, table, tables};
use super::*;
use crate::normalize::{Kind, normalize};
use crate::rules::FieldId;
use crate::value::{AddressParts, PartialDate, Parts, Quality, Value};

/// Texts that normalisation reads in many ways: digits, eras, kana of both widths, old kanji, separators, rubbish.
const TEXT: &str = "[0-9a-zA-Z平成昭和年月日S.\\-/ 　ワタナﾜﾀﾅﾍﾞ゛渡邉邊市町1１〓;、@・ー\u{301}]{0,14}";

fn fields(rules: &RuleSet) -> impl Iterator<Item = FieldId> {
    (0..u16::try_from(rules.fields.len()).unwrap()).map(FieldId)
}

/// Both ways to normalise give the same values.
#[track_caller]
fn check_values(rules: &RuleSet, tables: &Tables, records: &[Record]) {
    for (record, one) in records.iter().zip(normalized(rules, tables, records)) {
        let (table, _) = table(rules, tables, std::slice::from_ref(record));
        for field in fields(rules) {
            assert_eq!(one.value(field), table.value(0, field), "{record:?}, {}", rules.fields[field.index()].name);
        }
    }
}

#[test]
fn values_are_those_of_a_table() {
    check_values(&rules(), &tables(), &population(300, 3));
}

proptest! {
    #[test]
    fn values_of_any_texts_are_those_of_a_table(
        texts in proptest::collection::vec(TEXT, population::COLUMNS.len()),
        joined in any::<bool>(),
    ) {
        let mut record: Record = population::COLUMNS.into_iter().zip(texts).collect();
        if joined {
            record.insert("given_kanji", String::new());
            record.insert("given_kana", String::new());
        }
        check_values(&rules(), &Tables::empty(), &[record]);
    }

    #[test]
    fn values_of_every_kind_come_back_from_their_bytes(texts in proptest::collection::vec(TEXT, Kind::ALL.len())) {
        let tables = Tables::empty();
        let values = Kind::ALL.iter().zip(&texts).map(|(kind, text)| normalize(*kind, text, &tables)).collect();
        let record = Normalized::of_values(values);
        prop_assert_eq!(Normalized::from_bytes(&record.to_bytes()), Ok(record));
    }

    #[test]
    fn values_of_every_shape_come_back_from_their_bytes(values in proptest::collection::vec(value(), 0..6)) {
        let record = Normalized::of_values(values);
        prop_assert_eq!(Normalized::from_bytes(&record.to_bytes()), Ok(record));
    }

    #[test]
    fn damaged_bytes_are_refused_or_are_another_record(
        values in proptest::collection::vec(value(), 0..6),
        at in any::<proptest::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let written = Normalized::of_values(values).to_bytes();
        let mut damaged = written.clone();
        damaged[at.index(written.len())] = byte;
        // What can be read is read in one way only.
        if let Ok(read) = Normalized::from_bytes(&damaged) {
            prop_assert_eq!(read.to_bytes(), damaged);
        }
        let short = &written[..at.index(written.len())];
        prop_assert!(Normalized::from_bytes(short).is_err());
        let long: Vec<u8> = written.iter().copied().chain([byte]).collect();
        prop_assert_eq!(Normalized::from_bytes(&long), Err(DecodeError::Long));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
        for first in [None, Some(1)] {
            let bytes: Vec<u8> = first.into_iter().chain(bytes.iter().copied()).collect();
            if let Ok(read) = Normalized::from_bytes(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes.clone());
            }
            if let Ok(read) = FrozenFrequencies::from_bytes(&bytes) {
                prop_assert_eq!(read.to_bytes(), bytes);
            }
        }
    }
}

fn value() -> impl Strategy<Value = Option<Value>> {
    let text = || "[a-zア-ン渡]{0,5}";
    let date = (0..10_000_u16, proptest::option::of(0..100_u8), proptest::option::of(0..100_u8))
        .prop_map(|(year, month, day)| Parts::Date(PartialDate { year, month, day }));
    let address = ([text(), text(), text(), text()], proptest::collection::vec(any::<u32>(), 0..5)).prop_map(
        |([prefecture, municipality, town, building], numbers)| {
            let [prefecture, municipality, town, building] = [prefecture, municipality, town, building].map(Into::into);
            Parts::Address(Box::new(AddressParts { prefecture, municipality, town, building, numbers: numbers.into() }))
        },
    );
    let set = proptest::collection::vec(text(), 0..4)
        .prop_map(|members| Parts::Set(members.into_iter().map(Into::into).collect()));
    let parts = prop_oneof![Just(Parts::None), date, address, set];
    let quality = (0_u16..128).prop_map(|bits| Quality::from_bits(bits).unwrap());
    let value = (text(), text(), parts, quality);
    proptest::option::of(
        value.prop_map(|(exact, folded, parts, quality)| {
            Value::new(exact, folded).with_parts(parts).with_quality(quality)
        }),
    )
}

#[test]
fn an_unknown_format_is_named() {
    assert_eq!(Normalized::from_bytes(&[9, 0]), Err(DecodeError::Format(9)));
    assert_eq!(Normalized::from_bytes(&[]), Err(DecodeError::Short));
    assert_eq!(FrozenFrequencies::from_bytes(&[0]), Err(DecodeError::Format(0)));
    assert_eq!(Quality::from_bits(128), None);
}

#[test]
fn frequencies_are_those_of_the_table() {
    let (rules, tables) = (rules(), tables());
    let (table, _) = table(&rules, &tables, &population(500, 4));
    let counted = Frequencies::count(&rules, &table);
    let frozen = FrozenFrequencies::freeze(&rules, &table);
    assert_eq!(FrozenFrequencies::from_bytes(&frozen.to_bytes()).as_ref(), Ok(&frozen));
    let unseen = Value::plain("ありえない");
    let mut rarest = 0;
    for field in fields(&rules) {
        assert_eq!(frozen.log2_agreement(field).to_bits(), counted.log2_agreement(field).to_bits());
        let column = table.column(field).unwrap();
        // A whole name that was split leaves a value that no record has.
        for (number, value) in (1..).zip(&column.values).filter(|(number, _)| column.rows.contains(number)) {
            assert_eq!(frozen.log2(field, value).to_bits(), counted.log2(field, number).to_bits(), "{value:?}");
            assert!(
                frozen.log2(field, &unseen) <= frozen.log2(field, value),
                "nothing is rarer than what was never met"
            );
            rarest += usize::from(frozen.log2(field, &unseen) == frozen.log2(field, value));
        }
    }
    assert!(rarest > 0, "some value is met once, and what was never met is as rare");
    let uncounted = FieldId(u16::try_from(rules.fields.len()).unwrap());
    assert_eq!(frozen.log2(uncounted, &unseen), f32::NEG_INFINITY);
    assert_eq!(frozen.log2(rules.field("sex").unwrap(), &unseen), f32::NEG_INFINITY);
}

/// The rules of `person.toml`, and one of each key function that they do not use.
fn with_every_function() -> RuleSet {
    let blocks: String = [
        "[\"one_deleted(name)\"]",
        "[\"one_deleted(given_kana)\", \"tokens(name)\"]",
        "[\"tokens(name)\", \"year(birth_date)\"]",
        "[\"either_order(family, given)\", \"one_deleted(phone)\"]",
        "[\"prefix(name, 2)\", \"suffix(phone, 4)\", \"month_day(birth_date)\"]",
        "[\"year_month(birth_date)\", \"sex\"]",
        "[\"year_day(birth_date)\", \"sex\"]",
        "[\"sorted_digits(birth_date)\", \"postcode\"]",
    ]
    .map(|key| format!("[[block]]\nkey = {key}\n"))
    .concat();
    RuleSet::parse(&format!("{}\n{blocks}", population::PERSON)).unwrap()
}

#[test]
fn records_share_a_key_exactly_when_they_share_a_block() {
    let (rules, tables) = (with_every_function(), tables());
    let records = population(150, 6);
    let (table, numbers) = table(&rules, &tables, &records);
    let blocks = BlockIndex::build(&rules.blocks, &table, false, &Serial);
    assert!(blocks.rules.iter().all(|rule| rule.skipped.is_empty()));
    let keys: Vec<Vec<RecordKey>> =
        normalized(&rules, &tables, &records).iter().map(|record| block_keys(&rules, record)).collect();
    let mut shared = vec![0; rules.blocks.len()];
    for (left, left_number) in keys.iter().zip(&numbers) {
        assert!(left.is_sorted() && left.windows(2).all(|keys| keys[0] != keys[1]));
        for key in left {
            assert_eq!(key.is_strong, rules.blocks[usize::from(key.rule)].is_strong);
        }
        for (right, right_number) in keys.iter().zip(&numbers).filter(|(_, number)| *number != left_number) {
            for (rule, shared) in shared.iter_mut().enumerate() {
                let of_rule = |key: &&RecordKey| usize::from(key.rule) == rule;
                let is_shared = left.iter().filter(of_rule).any(|key| right.contains(key));
                assert_eq!(is_shared, blocks.shares(rule, *left_number, *right_number), "{}", rules.blocks[rule].name);
                *shared += usize::from(is_shared);
            }
        }
    }
    assert!(shared.iter().all(|shared| *shared > 0), "{shared:?}");
}

#[test]
fn rules_with_a_birth_date_are_strong() {
    let rules = rules();
    let birth_date = rules.field("birth_date").unwrap();
    for block in &rules.blocks {
        assert_eq!(block.is_strong, crate::block::fields_of(&block.parts).contains(&birth_date), "{}", block.name);
    }
    assert_eq!(rules.warnings(), []);
}

/// A model over invented records, and the records.
fn model(rules: RuleSet) -> (FrozenModel, Vec<Normalized>) {
    let tables = tables();
    let records = population(200, 8);
    let frozen = FrozenFrequencies::freeze(&rules, &table(&rules, &tables, &records).0);
    let normalized = normalized(&rules, &tables, &records);
    (FrozenModel::new(rules, frozen, tables, readings()).unwrap(), normalized)
}

#[test]
fn explanations_tell_what_comparing_found() {
    let (model, records) = model(rules());
    let mut held = 0;
    for (one, other) in records.iter().zip(records.iter().skip(1)) {
        let verdict = model.compare(one, &[other]).unwrap()[0];
        let explanation = model.explain(one, other);
        assert!((explanation.weight.0 - verdict.raw_weight.0).abs() < 1e-6);
        assert_eq!(explanation.decision, verdict.decision);
        let capping = explanation.guards.iter().filter(|guard| guard.is_capping).count();
        assert!(capping == 0 || verdict.guard.is_some());
        held += usize::from(capping > 0);
        let keys = model.block_keys(one);
        for (rule, reach) in explanation.reach.rules.iter().enumerate() {
            let is_shared =
                model.block_keys(other).iter().any(|key| usize::from(key.rule) == rule && keys.contains(key));
            assert_eq!(reach.is_shared, is_shared, "{}", reach.name);
        }
        let mut shown = explanation.comparisons.iter().flat_map(|bar| &bar.fields);
        let birth_date = model.rules().field("birth_date").unwrap();
        let found = shown.find(|values| values.field == "birth_date").unwrap();
        let exact =
            |record: &Normalized| record.value(birth_date).map_or(String::new(), |value| value.exact.to_string());
        assert_eq!((&found.left_raw, &found.right_raw), (&exact(one), &exact(other)));
    }
    assert!(held > 0);
}

#[test]
fn verdicts_do_not_depend_on_the_order() {
    let (model, records) = model(rules());
    let others: Vec<&Normalized> = records.iter().skip(1).collect();
    for (other, verdict) in others.iter().zip(model.compare(&records[0], &others).unwrap()) {
        assert_eq!(model.compare(other, &[&records[0]]).unwrap(), [verdict]);
    }
    assert_eq!(model.compare(&records[0], &[]), Ok(Vec::new()));
    let many = vec![&records[0]; OTHERS_MAX + 1];
    assert_eq!(model.compare(&records[0], &many), Err(TooManyOthersError { others: OTHERS_MAX + 1 }));
}

#[test]
fn every_part_of_a_model_is_in_its_version() {
    let (model, _) = model(rules());
    let frequencies = model.frequencies().clone();
    let version = |rules: RuleSet, frequencies: FrozenFrequencies, tables: Tables, readings: Readings| {
        FrozenModel::new(rules, frequencies, tables, readings).unwrap().version().to_owned()
    };
    assert_eq!(version(rules(), frequencies.clone(), tables(), readings()), model.version());
    let mut rounded = rules();
    // Too little to be seen in a written rule file.
    rounded.prior = rounded.prior.map(f64::next_up);
    let mut named = rules();
    named.guards[0].cap = crate::rules::Cap::PossibleMatch;
    let versions = [
        version(rounded, frequencies.clone(), tables(), readings()),
        version(named, frequencies.clone(), tables(), readings()),
        version(rules(), FrozenFrequencies::default(), tables(), readings()),
        version(rules(), frequencies.clone(), Tables::empty(), readings()),
        version(rules(), frequencies, tables(), Readings::empty()),
    ];
    assert!(versions.iter().all(|other| other != model.version()), "{versions:?}");
}

#[test]
fn an_untrained_rule_set_is_no_model() {
    let mut rules = rules();
    rules.prior = None;
    assert!(FrozenModel::new(rules, FrozenFrequencies::default(), Tables::empty(), Readings::empty()).is_err());
}
