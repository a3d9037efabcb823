//! The evidence of an update, field by field.

use super::name::{self, Names, flag, number};
use super::{Change, Examiner, Field, FieldEvidence, Level};
use crate::demographics::{Attribute, Demographics};
use linkage::compare::Measure;
use linkage::normalize::{Kind, normalize};
use linkage::value::{Quality, Value};

/// Years by which one wrong digit may move a birth date; more is another generation.
const SLIP_YEARS_MAX: f64 = 12.0;
/// A day, in years.
const ONE_DAY: f64 = 0.003;

/// One line per field.
pub(super) fn of(examiner: Examiner<'_>, before: &Demographics, after: &Demographics) -> Vec<FieldEvidence> {
    let (given, family) = name::levels(examiner, &Names::of(examiner, before), &Names::of(examiner, after));
    let both = |kind, attribute| {
        let value = |texts: &Demographics| normalize(kind, texts.get(attribute), examiner.tables);
        [value(before), value(after)]
    };
    let equal = |[one, other]: [Option<Value>; 2]| match one.zip(other) {
        None => Level::Missing,
        Some((one, other)) if one.folded() == other.folded() => Level::Equal,
        Some(_) => Level::Different,
    };
    let levels = [
        (Field::GivenName, given),
        (Field::FamilyName, family),
        (Field::BirthDate, birth_date(&both(Kind::Date, Attribute::BirthDate))),
        (Field::Sex, equal(both(Kind::Sex, Attribute::Sex))),
        (Field::Address, address(&both(Kind::Address, Attribute::Address), &both(Kind::Postcode, Attribute::Postcode))),
        (Field::Telephone, telephone(&both(Kind::Phone, Attribute::Phone))),
        (Field::Insurance, insurance(&both)),
        (Field::CardId, equal(both(Kind::Text, Attribute::CardId))),
        (Field::BirthOrder, equal(both(Kind::Digits, Attribute::BirthOrder))),
    ];
    let line = |(field, level)| FieldEvidence { field, level, change: change(field, level) };
    levels.into_iter().map(line).collect()
}

fn birth_date(values: &[Option<Value>; 2]) -> Level {
    let is_date =
        |value: &&Value| !value.quality().has(Quality::PLACEHOLDER) && !value.quality().has(Quality::UNPARSED);
    let [before, after] = values.each_ref().map(|value| value.as_ref().filter(is_date));
    if before.is_none() || after.is_none() {
        return Level::Missing;
    }
    let holds = |measure| flag(measure, before, after);
    let within = |measure, most: f64| number(measure, before, after).is_some_and(|number| number <= most);
    let one_digit = within(Measure::DateDigits, 1.0) && within(Measure::YearsApart, SLIP_YEARS_MAX);
    let is_default = before.is_some_and(|value| value.quality().has(Quality::DEFAULT_DATE));
    if holds(Measure::Exact) {
        Level::Equal
    } else if holds(Measure::EraSlip) {
        Level::EraSlip
    } else if one_digit || holds(Measure::DayMonthSwapped) || within(Measure::YearsApart, ONE_DAY) {
        Level::KeySlip
    } else if holds(Measure::PartialDateMatch)
        || is_default
        || (holds(Measure::DefaultDate) && holds(Measure::SameYear))
    {
        Level::Completed
    } else if [Measure::SameYearMonth, Measure::SameYearDay, Measure::SameMonthDay].into_iter().any(holds) {
        Level::TwoOfThree
    } else {
        Level::Different
    }
}

fn address(addresses: &[Option<Value>; 2], postcodes: &[Option<Value>; 2]) -> Level {
    let [before, after] = addresses.each_ref().map(Option::as_ref);
    let [old_postcode, new_postcode] = postcodes.each_ref().map(Option::as_ref);
    let same_postcode = flag(Measure::Exact, old_postcode, new_postcode);
    let has_addresses = before.is_some() && after.is_some();
    if !has_addresses && (old_postcode.is_none() || new_postcode.is_none()) {
        return Level::Missing;
    }
    let holds = |measure| flag(measure, before, after);
    if holds(Measure::SameAddress) || holds(Measure::Folded) || (same_postcode && holds(Measure::SameNumbers)) {
        Level::SameHouse
    } else if same_postcode || holds(Measure::SameTown) {
        Level::SameTown
    } else {
        Level::Different
    }
}

fn telephone(values: &[Option<Value>; 2]) -> Level {
    let is_number = |value: &&Value| !value.quality().has(Quality::PLACEHOLDER);
    let [before, after] = values.each_ref().map(|value| value.as_ref().filter(is_number));
    match number(Measure::Damerau, before, after) {
        None => Level::Missing,
        Some(0.0) => Level::Equal,
        Some(edits) if edits <= 1.0 => Level::Near,
        Some(_) => Level::Different,
    }
}

fn insurance(both: &dyn Fn(Kind, Attribute) -> [Option<Value>; 2]) -> Level {
    let insurer = both(Kind::InsurerNumber, Attribute::InsurerNumber);
    let symbol = both(Kind::InsuranceNumber, Attribute::InsuredSymbol);
    let number = both(Kind::InsuranceNumber, Attribute::InsuredNumber);
    let branch = both(Kind::BranchNumber, Attribute::BranchNumber);
    let missing = |values: &[Option<Value>; 2]| values.iter().any(Option::is_none);
    let equal = |[one, other]: &[Option<Value>; 2]| flag(Measure::Folded, one.as_ref(), other.as_ref());
    if missing(&number) {
        Level::Missing
    } else if !(equal(&number) && equal(&insurer) && (equal(&symbol) || missing(&symbol))) {
        Level::Different
    } else if missing(&branch) {
        Level::Card
    } else if equal(&branch) {
        Level::CardAndBranch
    } else {
        Level::OtherBranch
    }
}

/// What a level says of a field.
fn change(field: Field, level: Level) -> Change {
    use Level as L;
    match (field, level) {
        (_, L::Missing | L::Named) => Change::Silent,
        (_, L::Equal | L::SameHouse | L::CardAndBranch | L::Card) => Change::Same,
        (Field::GivenName | Field::BirthDate | Field::Sex | Field::BirthOrder, L::Different)
        | (_, L::Unnamed | L::OtherBranch) => Change::Contradiction,
        _ => Change::Plausible,
    }
}
