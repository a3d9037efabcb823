//! What stands in the index: which terms a record is found by.
//!
//! A term is a text, a zero byte and the part of the record that it comes from. One field holds the family name, the
//! given name and former names, so that a typed word needs one look-up whatever part it means; the last byte says what it
//! was. Fields differ by how far a name has been folded. Fields whose dictionary is walked leave full names to fields of
//! their own: nearly every person has another one, and most words need not walk past them all.

use std::collections::BTreeSet;

use linkage::compare::confusable_class;
use linkage::normalize::{Kind, Tables, clean, normalize};
use linkage::value::PartialDate;

use super::sound::{sound_of_kana, sound_of_romaji};
use super::{SearchName, SearchRecord};

/// Version of the terms; raised whenever a record would be indexed in another way, so that an old index is refused.
pub(super) const TERMS_VERSION: u32 = 2;

/// Ends the text of a term. No cleaned text holds it.
pub(super) const END: u8 = 0;

/// Longest text of a term in characters; longer names are cut. The longest names of a register stay far below.
pub(super) const TERM_CHARS_MAX: usize = 64;

/// How a text has been folded, one field of the index each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum TermField {
    /// Kanji as registered.
    Kanji,
    /// Kanji with variants folded.
    FoldedKanji,
    /// Folded kanji in which characters that clerks confuse are one character.
    ConfusableKanji,
    /// Kana as written.
    Kana,
    /// The kana key.
    KanaKey,
    /// The sound in Latin letters.
    Sound,
    /// [`TermField::FoldedKanji`] of full names.
    FullKanji,
    /// [`TermField::KanaKey`] of full names.
    FullKana,
    /// [`TermField::Sound`] of full names.
    FullSound,
    /// `19570405`, `195704` or `1957`.
    Date,
    /// Digits of a telephone number, last digit first.
    Phone,
    /// Identifiers without separators, with and without leading zeros.
    Identifier,
}

impl TermField {
    pub(super) const ALL: [Self; 12] = [
        Self::Kanji,
        Self::FoldedKanji,
        Self::ConfusableKanji,
        Self::Kana,
        Self::KanaKey,
        Self::Sound,
        Self::FullKanji,
        Self::FullKana,
        Self::FullSound,
        Self::Date,
        Self::Phone,
        Self::Identifier,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Kanji => "kanji",
            Self::FoldedKanji => "folded_kanji",
            Self::ConfusableKanji => "confusable_kanji",
            Self::Kana => "kana",
            Self::KanaKey => "kana_key",
            Self::Sound => "sound",
            Self::FullKanji => "full_kanji",
            Self::FullKana => "full_kana",
            Self::FullSound => "full_sound",
            Self::Date => "date",
            Self::Phone => "phone",
            Self::Identifier => "identifier",
        }
    }

    /// The field of the same fold that holds full names, where they stand apart.
    pub(super) const fn of_full_names(self) -> Option<Self> {
        match self {
            Self::FoldedKanji => Some(Self::FullKanji),
            Self::KanaKey => Some(Self::FullKana),
            Self::Sound => Some(Self::FullSound),
            _ => None,
        }
    }
}

/// The part of a record that a word was found in.
///
/// The order is that of preference where a word fits two parts equally well: current names before former ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Part {
    /// Another number of the patient: an insured person's number, a number merged away at the source.
    OtherIdentifier = 1,
    /// A name that is no longer used.
    FormerName = 2,
    /// Telephone number.
    Phone = 3,
    /// Birth date.
    BirthDate = 4,
    /// Local id of the source record.
    LocalId = 5,
    /// Given name.
    GivenName = 6,
    /// Family name.
    FamilyName = 7,
    /// Family and given name written together.
    FullName = 8,
}

impl Part {
    /// Every part, least preferred first.
    pub const ALL: [Self; 8] = [
        Self::OtherIdentifier,
        Self::FormerName,
        Self::Phone,
        Self::BirthDate,
        Self::LocalId,
        Self::GivenName,
        Self::FamilyName,
        Self::FullName,
    ];

    pub(super) fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|part| *part as u8 == byte)
    }
}

/// The terms of one record, each once.
#[derive(Debug)]
pub(super) struct Terms<'a> {
    tables: &'a Tables,
    pub(super) all: BTreeSet<(TermField, Vec<u8>)>,
}

impl<'a> Terms<'a> {
    pub(super) fn of(record: &SearchRecord, tables: &'a Tables) -> Self {
        let mut terms = Self { tables, all: BTreeSet::new() };
        terms.add_name(Part::FamilyName, &record.family);
        terms.add_name(Part::GivenName, &record.given);
        terms.add_full_name(&record.family, &record.given);
        for name in &record.former_names {
            terms.add_name(Part::FormerName, name);
        }
        if let Some(date) = record.birth_date {
            terms.add(TermField::Date, Part::BirthDate, &date_text(date));
        }
        for phone in &record.phones {
            if let Some(number) = normalize(Kind::Phone, phone, tables) {
                terms.add(TermField::Phone, Part::Phone, &reversed(number.folded()));
            }
        }
        terms.add_identifier(Part::LocalId, &record.local_id);
        for id in &record.other_ids {
            terms.add_identifier(Part::OtherIdentifier, id);
        }
        terms
    }

    fn add(&mut self, field: TermField, part: Part, text: &str) {
        if !text.is_empty() {
            let mut term: Vec<u8> = shortened(text).as_bytes().to_vec();
            term.extend([END, part as u8]);
            let field = if part == Part::FullName { field.of_full_names().unwrap_or(field) } else { field };
            self.all.insert((field, term));
        }
    }

    /// A name, and each of its words where it has several (`マリア・ダ・シルバ`).
    fn add_name(&mut self, part: Part, name: &SearchName) {
        for kanji in with_words(&name.kanji) {
            self.add_kanji(part, &kanji);
        }
        for kana in with_words(&name.kana) {
            self.add_kana(part, &kana);
        }
        for romaji in with_words(&name.romaji) {
            self.add(TermField::Sound, part, &sound_of_romaji(&romaji));
        }
    }

    fn add_full_name(&mut self, family: &SearchName, given: &SearchName) {
        match (family.kanji.trim().is_empty(), given.kanji.trim().is_empty()) {
            (false, false) => self.add_kanji(Part::FullName, &format!("{}{}", family.kanji, given.kanji)),
            (false, true) => self.add_undivided(&family.kanji, Self::add_kanji),
            (true, false) => self.add_undivided(&given.kanji, Self::add_kanji),
            (true, true) => {}
        }
        match (family.kana.trim().is_empty(), given.kana.trim().is_empty()) {
            (false, false) => self.add_kana(Part::FullName, &format!("{}{}", family.kana, given.kana)),
            (false, true) => self.add_undivided(&family.kana, Self::add_kana),
            (true, false) => self.add_undivided(&given.kana, Self::add_kana),
            (true, true) => {}
        }
        if !family.romaji.trim().is_empty() && !given.romaji.trim().is_empty() {
            self.add(TermField::Sound, Part::FullName, &sound_of_romaji(&format!("{}{}", family.romaji, given.romaji)));
        }
    }

    /// Some systems write the whole name into one field. Where the given name begins is unknown, so it may begin at any
    /// character.
    fn add_undivided(&mut self, raw: &str, add: fn(&mut Self, Part, &str)) {
        let name: Vec<char> = clean(raw).chars().filter(|c| *c != ' ').take(TERM_CHARS_MAX).collect();
        if name.len() < 3 {
            return;
        }
        for start in 1..name.len() {
            let tail: String = name.iter().skip(start).collect();
            add(self, Part::GivenName, &tail);
        }
    }

    fn add_kanji(&mut self, part: Part, raw: &str) {
        let Some(name) = normalize(Kind::KanjiName, raw, self.tables) else { return };
        let folded = name.folded();
        self.add(TermField::Kanji, part, &name.exact);
        self.add(TermField::FoldedKanji, part, folded);
        self.add(TermField::ConfusableKanji, part, &confusable_key(folded));
    }

    fn add_kana(&mut self, part: Part, raw: &str) {
        let Some(name) = normalize(Kind::KanaName, raw, self.tables) else { return };
        self.add(TermField::Kana, part, &name.exact);
        self.add(TermField::KanaKey, part, name.folded());
        self.add(TermField::Sound, part, &sound_of_kana(name.folded()));
    }

    fn add_identifier(&mut self, part: Part, raw: &str) {
        let exact = identifier_text(raw);
        self.add(TermField::Identifier, part, exact.trim_start_matches('0'));
        self.add(TermField::Identifier, part, &exact);
    }
}

/// The whole text, and its words when it has several.
fn with_words(raw: &str) -> Vec<String> {
    let cleaned = clean(raw);
    let words: Vec<String> =
        cleaned.split(is_name_separator).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    if words.len() < 2 { vec![cleaned] } else { std::iter::once(cleaned).chain(words).collect() }
}

/// What stands between the words of a name.
pub(super) fn is_name_separator(c: char) -> bool {
    matches!(c, ' ' | '・' | '·' | '=' | '゠' | ',' | '、' | '，')
}

/// Folded kanji in which every character of one class of confusable characters is the same private character.
pub(super) fn confusable_key(folded: &str) -> String {
    let stand_in = |class: u8| char::from_u32(0xF_0000 + u32::from(class));
    folded.chars().map(|c| confusable_class(c).and_then(stand_in).unwrap_or(c)).collect()
}

/// Letters and digits of an identifier in upper case.
pub(super) fn identifier_text(raw: &str) -> String {
    clean(raw).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect()
}

/// `19570405`, `195704`, `1957`: as much as is known without a gap.
pub(super) fn date_text(date: PartialDate) -> String {
    match (date.month, date.day) {
        (Some(month), Some(day)) => format!("{:04}{month:02}{day:02}", date.year),
        (Some(month), None) => format!("{:04}{month:02}", date.year),
        (None, _) => format!("{:04}", date.year),
    }
}

pub(super) fn reversed(digits: &str) -> String {
    digits.chars().rev().collect()
}

/// The text up to the longest that a term may be.
pub(super) fn shortened(text: &str) -> &str {
    text.char_indices().nth(TERM_CHARS_MAX).and_then(|(end, _)| text.get(..end)).unwrap_or(text)
}
