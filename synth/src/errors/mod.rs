//! Field errors, each with a label: what was true, what was written, why.
//!
//! Labels let recall be split by cause. An error that turns out to change nothing is not counted; so the share of
//! wrong values is a little below the configured rate where a kind of error does not apply to a value.

mod names;
mod values;

pub(crate) use values::former_name;

use std::fmt;

use crate::institution::{Charset, Habits};
use crate::person::Person;
use crate::random::Stream;
use crate::registration::entry::{Entry, Field, INSURANCE};
use crate::settings::ErrorRates;

/// Why a registered value differs from the truth of the day of the last visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// True at an earlier visit, not refreshed since.
    Stale,
    /// A registered variant written as the standard character (渡邉 as 渡辺).
    VariantToStandard,
    /// A standard character written as a variant (渡辺 as 渡邉).
    StandardToVariant,
    /// A character that the system cannot hold, shown as ■, ● or 〓.
    GlyphLost,
    /// Another spelling of the same reading (健 for 賢).
    Homophone,
    /// A character that looks alike (士 for 土).
    LookAlike,
    /// A slip of the keys: a character lost, added, exchanged or replaced.
    Typing,
    /// Another reading of the same spelling.
    ReadingGuessed,
    /// Small kana written large, or ヂヅヲ written ジズオ.
    KanaSpelling,
    /// A voicing mark lost or added.
    Voicing,
    /// The long vowel written differently.
    LongVowel,
    /// Family and given name exchanged.
    NamesSwapped,
    /// The year counted in another era.
    EraSlip,
    /// One digit up or down by one.
    DigitSlip,
    /// Day and month exchanged.
    DayMonth,
    /// 1 January for an unknown day.
    DefaultDate,
    /// Two digits exchanged.
    Transposed,
    /// The other sex.
    SexFlipped,
    /// Sex unknown.
    SexUnknown,
    /// The name of a municipality from before the mergers.
    FormerMunicipality,
    /// Building and room left out.
    BuildingDropped,
    /// Nothing registered.
    Missing,
    /// An outdated insurance card.
    OldCard,
    /// The leading zero of the insurer number lost.
    ZeroLost,
    /// A newborn before naming, registered under the mother's name.
    NewbornPlaceholder,
    /// A patient whose name was unknown.
    UnknownPatient,
    /// An alias, or a former name shown on a card.
    OtherName,
    /// Copied from another person's record.
    Copied,
    /// Both names in one column.
    Joined,
}

impl ErrorKind {
    /// The name used in `errors.csv`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Stale => "stale",
            Self::VariantToStandard => "variant_to_standard",
            Self::StandardToVariant => "standard_to_variant",
            Self::GlyphLost => "glyph_lost",
            Self::Homophone => "homophone",
            Self::LookAlike => "look_alike",
            Self::Typing => "typing",
            Self::ReadingGuessed => "reading_guessed",
            Self::KanaSpelling => "kana_spelling",
            Self::Voicing => "voicing",
            Self::LongVowel => "long_vowel",
            Self::NamesSwapped => "names_swapped",
            Self::EraSlip => "era_slip",
            Self::DigitSlip => "digit_slip",
            Self::DayMonth => "day_month",
            Self::DefaultDate => "default_date",
            Self::Transposed => "transposed",
            Self::SexFlipped => "sex_flipped",
            Self::SexUnknown => "sex_unknown",
            Self::FormerMunicipality => "former_municipality",
            Self::BuildingDropped => "building_dropped",
            Self::Missing => "missing",
            Self::OldCard => "old_card",
            Self::ZeroLost => "zero_lost",
            Self::NewbornPlaceholder => "newborn_placeholder",
            Self::UnknownPatient => "unknown_patient",
            Self::OtherName => "other_name",
            Self::Copied => "copied",
            Self::Joined => "joined",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

/// One label, values still without the institution's way of writing.
#[derive(Clone, Debug)]
pub(crate) struct Label {
    pub(crate) field: Field,
    pub(crate) kind: ErrorKind,
    pub(crate) before: String,
    pub(crate) after: String,
}

/// A registration under way with the labels of what went wrong.
#[derive(Debug, Default)]
pub(crate) struct Sheet {
    pub(crate) entry: Entry,
    pub(crate) labels: Vec<Label>,
}

impl Sheet {
    /// Writes another value and labels it, unless nothing changes.
    pub(crate) fn replace(&mut self, field: Field, kind: ErrorKind, value: &str) -> bool {
        let before = self.entry.get(field);
        if before == value {
            return false;
        }
        self.labels.push(Label { field, kind, before: before.to_owned(), after: value.to_owned() });
        self.entry.set(field, value);
        true
    }

    /// Family and given name exchanged, in kanji and kana.
    pub(crate) fn exchange_names(&mut self) {
        self.exchange(Field::FamilyKanji, Field::GivenKanji);
        self.exchange(Field::FamilyKana, Field::GivenKana);
    }

    /// Empties fields that the institution never sends, and forgets what was wrong with them.
    pub(crate) fn clear_unlabelled(&mut self, fields: &[Field]) {
        self.labels.retain(|label| !fields.contains(&label.field));
        fields.iter().for_each(|&field| self.entry.set(field, ""));
    }

    fn exchange(&mut self, left: Field, right: Field) {
        let (first, second) = (self.entry.get(left).to_owned(), self.entry.get(right).to_owned());
        self.replace(left, ErrorKind::NamesSwapped, &second);
        self.replace(right, ErrorKind::NamesSwapped, &first);
    }
}

/// What happens at the counter: every field may go wrong by its own chance.
pub(crate) fn at_the_counter(sheet: &mut Sheet, person: &Person, rates: &ErrorRates, stream: &mut Stream) {
    let names = names::Context { female: person.female, foreign: person.foreign };
    if stream.chance(rates.family_kanji) {
        names::kanji(sheet, Field::FamilyKanji, names, stream);
    }
    if stream.chance(rates.given_kanji) {
        names::kanji(sheet, Field::GivenKanji, names, stream);
    }
    if stream.chance(rates.kana) {
        let field = if stream.percent(50) { Field::FamilyKana } else { Field::GivenKana };
        names::kana(sheet, field, names, stream);
    }
    if stream.chance(rates.birth_date) {
        values::birth_date(sheet, stream);
    }
    if stream.chance(rates.sex) {
        values::sex(sheet, stream);
    }
    if stream.chance(rates.address) {
        values::address(sheet, stream);
    }
    if stream.chance(rates.phone) {
        values::digit(sheet, Field::Phone, stream);
    }
    if stream.chance(rates.insured_no) {
        values::digit(sheet, Field::InsuredNo, stream);
    }
    if stream.chance(rates.zero_lost) && sheet.entry.get(Field::InsurerNo).starts_with('0') {
        let lost = sheet.entry.get(Field::InsurerNo).trim_start_matches('0').to_owned();
        sheet.replace(Field::InsurerNo, ErrorKind::ZeroLost, &lost);
    }
    if stream.chance(rates.names_swapped) {
        sheet.exchange_names();
    }
    missing(sheet, rates, stream);
}

fn missing(sheet: &mut Sheet, rates: &ErrorRates, stream: &mut Stream) {
    let either = if stream.percent(50) { Field::FamilyKanji } else { Field::GivenKanji };
    let groups: [(u32, &[Field]); 7] = [
        (rates.kanji_missing, &[either]),
        (rates.kana_missing, &[Field::FamilyKana, Field::GivenKana]),
        (rates.address_missing, &[Field::Postcode, Field::Address]),
        (rates.phone_missing, &[Field::Phone]),
        (rates.insurance_missing, &INSURANCE),
        (rates.sex_or_date_missing, &[Field::Sex]),
        (rates.sex_or_date_missing, &[Field::BirthDate]),
    ];
    let kanji_present = |sheet: &Sheet| !sheet.entry.get(Field::FamilyKanji).is_empty();
    for (rate, fields) in groups {
        // A record without any name is refused everywhere.
        let names_only = fields.contains(&Field::FamilyKana) && !kanji_present(sheet);
        if stream.chance(rate) && !names_only {
            for &field in fields {
                sheet.replace(field, ErrorKind::Missing, "");
            }
        }
    }
}

/// Characters that the institution's system cannot hold.
pub(crate) fn in_the_system(sheet: &mut Sheet, habits: &Habits) {
    if habits.charset == Charset::Unicode {
        return;
    }
    for field in [Field::FamilyKanji, Field::GivenKanji] {
        let Some((text, kind)) = names::held_by(sheet.entry.get(field), habits) else { continue };
        sheet.replace(field, kind, &text);
    }
}
