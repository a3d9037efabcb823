//! The values of one registration before the institution's own way of writing.
//!
//! Errors are made on these, so that an error means the same at every institution; [`crate::style`] then writes them.

use std::fmt::Write as _;

use crate::calendar::{Date, Day};
use crate::data::Tables;
use crate::person::{Cover, CoverKind, Home, Person, Phone, State};
use crate::place;
use crate::settings::Columns;

/// The personal columns, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Field {
    FamilyKanji,
    GivenKanji,
    FamilyKana,
    GivenKana,
    Sex,
    BirthDate,
    Postcode,
    Address,
    Phone,
    InsurerNo,
    InsuredSymbol,
    InsuredNo,
    BranchNo,
}

impl Field {
    pub(crate) const ALL: [Self; 13] = [
        Self::FamilyKanji,
        Self::GivenKanji,
        Self::FamilyKana,
        Self::GivenKana,
        Self::Sex,
        Self::BirthDate,
        Self::Postcode,
        Self::Address,
        Self::Phone,
        Self::InsurerNo,
        Self::InsuredSymbol,
        Self::InsuredNo,
        Self::BranchNo,
    ];

    /// The name of the column.
    pub(crate) fn name(self, columns: Columns) -> &'static str {
        match self {
            Self::FamilyKanji => "family_kanji",
            Self::GivenKanji => "given_kanji",
            Self::FamilyKana => "family_kana",
            Self::GivenKana => "given_kana",
            Self::Sex => "sex",
            Self::BirthDate if columns == Columns::Jp10k => "dob",
            Self::BirthDate => "birth_date",
            Self::Postcode => "postcode",
            Self::Address => "address",
            Self::Phone => "phone",
            Self::InsurerNo => "insurer_no",
            Self::InsuredSymbol => "insured_symbol",
            Self::InsuredNo => "insured_no",
            Self::BranchNo => "branch_no",
        }
    }
}

/// The insurance columns.
pub(crate) const INSURANCE: [Field; 4] = [Field::InsurerNo, Field::InsuredSymbol, Field::InsuredNo, Field::BranchNo];

/// Separates the parts of an address value: municipality and town, numbers, building.
pub(crate) const ADDRESS_PARTS: char = '|';

/// One value per field; buffers are reused from record to record.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entry([String; 13]);

impl Entry {
    pub(crate) fn get(&self, field: Field) -> &str {
        self.0.get(field as usize).map_or("", String::as_str)
    }

    pub(crate) fn set(&mut self, field: Field, value: &str) {
        self.write(field, |text| text.push_str(value));
    }

    fn write(&mut self, field: Field, write: impl FnOnce(&mut String)) {
        if let Some(text) = self.0.get_mut(field as usize) {
            text.clear();
            write(text);
        }
    }

    /// Copies what is true. `mobile_first` says which of two phone numbers is given.
    pub(crate) fn fill(&mut self, person: &Person, state: &State, mobile_first: bool) {
        self.set(Field::FamilyKanji, &state.family.kanji);
        self.set(Field::GivenKanji, &state.given.kanji);
        self.set(Field::FamilyKana, &state.family.kana);
        self.set(Field::GivenKana, &state.given.kana);
        self.set(Field::Sex, if person.female { "F" } else { "M" });
        self.write(Field::BirthDate, |text| write_date(text, Date::from_day(person.birth)));
        self.write(Field::Postcode, |text| {
            let _ = write!(text, "{:07}", place::postcode(state.home));
        });
        self.write(Field::Address, |text| write_address(text, state.home));
        let phones = if mobile_first { [state.mobile, state.landline] } else { [state.landline, state.mobile] };
        let phone = phones.iter().flatten().next();
        self.write(Field::Phone, |text| phone.iter().for_each(|phone| write_phone(text, **phone)));
        self.fill_cover(state.cover);
    }

    /// Sets the insurance columns.
    pub(crate) fn fill_cover(&mut self, cover: Option<Cover>) {
        let Some(cover) = cover else {
            INSURANCE.iter().for_each(|&field| self.set(field, ""));
            return;
        };
        self.write(Field::InsurerNo, |text| {
            let width = if cover.kind == CoverKind::Municipal { 6 } else { 8 };
            let _ = write!(text, "{:0width$}", cover.insurer);
        });
        self.write(Field::InsuredSymbol, |text| {
            if cover.symbol > 0 {
                let _ = write!(text, "{}", cover.symbol);
            }
        });
        self.write(Field::InsuredNo, |text| {
            let width = if cover.kind == CoverKind::LateElderly { 8 } else { 1 };
            let _ = write!(text, "{:0width$}", cover.number);
        });
        self.write(Field::BranchNo, |text| {
            if cover.kind != CoverKind::LateElderly {
                let _ = write!(text, "{:02}", cover.branch);
            }
        });
    }
}

/// `1948-04-05`
pub(crate) fn write_date(text: &mut String, date: Date) {
    let _ = write!(text, "{:04}-{:02}-{:02}", date.year, date.month, date.day);
}

/// A day as `2016-04-01`.
pub(crate) fn day_text(day: Day) -> String {
    let mut text = String::new();
    write_date(&mut text, Date::from_day(day));
    text
}

fn write_address(text: &mut String, home: Home) {
    if let Some(town) = Tables::get().towns.get(home.town) {
        text.push_str(town.municipality);
        text.push_str(town.town);
    }
    text.push(ADDRESS_PARTS);
    let mut first = true;
    for number in home.numbers.iter().filter(|number| **number > 0) {
        if !first {
            text.push('-');
        }
        first = false;
        let _ = write!(text, "{number}");
    }
    text.push(ADDRESS_PARTS);
    if home.building > 0 {
        const KINDS: [&str; 5] = ["コーポ", "メゾン", "ハイツ", "グリーンハイツ", "県営住宅"];
        const NAMES: [&str; 8] = ["山根", "さくら", "北堀", "みずうみ", "古志原", "あさひ", "宍道", "だんだん"];
        let building = usize::from(home.building);
        text.push_str(KINDS.get(building % 5).copied().unwrap_or_default());
        text.push_str(NAMES.get(building / 5 % 8).copied().unwrap_or_default());
        let _ = write!(text, "{}号", home.room);
    }
}

/// `0852-22-5111` or `090-1234-5678`.
fn write_phone(text: &mut String, phone: Phone) {
    let number = phone.0;
    let _ = if number >= 1_000_000_000 {
        write!(text, "0{}-{:04}-{:04}", number / 100_000_000, number / 10_000 % 10_000, number % 10_000)
    } else {
        write!(text, "0{}-{:02}-{:04}", number / 1_000_000, number / 10_000 % 100, number % 10_000)
    };
}
