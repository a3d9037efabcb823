//! What one record says of the attributes of one group, normalised, and how sound that is.
//!
//! Soundness comes from the flags that normalisation sets. A wrong check digit or length is not counted against a value
//! here: it is how cards are mistyped, and a mistyped new card still says more than a correct old one. Completeness does
//! count it.

use super::Observation;
use crate::demographics::Attribute;
use linkage::normalize::{Kind, Tables, normalize};
use linkage::value::{Quality, Value};

/// How much a text is worth, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Soundness {
    /// It says nothing: `-`, `未記入`.
    Nothing,
    /// It stands for an unknown value: `ベビー`, 1900-01-01.
    Placeholder,
    /// Part of it is lost or cannot be: `●橋`, a month without a day, 30 February.
    Maimed,
    /// Nothing to remark.
    Sound,
}

/// What one record says of the attributes of one group.
#[derive(Debug)]
pub(super) struct Statement<'o, 'd> {
    pub(super) observation: &'o Observation<'d>,
    /// Per attribute of the group: the raw text, empty when absent.
    pub(super) texts: Vec<&'d str>,
    /// Per attribute of the group: the value, unless the text says nothing.
    values: Vec<Option<Value>>,
    pub(super) soundness: Soundness,
    /// Attributes whose value has no flag at all.
    pub(super) complete: usize,
}

/// How the text of an attribute is read.
const fn kind(attribute: Attribute) -> Kind {
    match attribute {
        Attribute::FamilyKanji | Attribute::GivenKanji | Attribute::FormerFamily | Attribute::CommonName => {
            Kind::KanjiName
        }
        Attribute::FamilyKana | Attribute::GivenKana => Kind::KanaName,
        Attribute::NameRomaji => Kind::RomajiName,
        Attribute::Sex => Kind::Sex,
        Attribute::BirthDate => Kind::Date,
        Attribute::Postcode => Kind::Postcode,
        Attribute::Address => Kind::Address,
        Attribute::Phone => Kind::Phone,
        Attribute::InsurerNumber => Kind::InsurerNumber,
        Attribute::InsuredSymbol | Attribute::InsuredNumber => Kind::InsuranceNumber,
        Attribute::BranchNumber => Kind::BranchNumber,
        Attribute::CardId => Kind::Text,
        Attribute::BirthOrder => Kind::Digits,
    }
}

impl<'o, 'd> Statement<'o, 'd> {
    /// What a record says of a group; `None` when it is silent.
    pub(super) fn of(observation: &'o Observation<'d>, group: &[Attribute], tables: &Tables) -> Option<Self> {
        let texts: Vec<&str> = group.iter().map(|attribute| observation.demographics.get(*attribute)).collect();
        if texts.iter().all(|text| text.is_empty()) {
            return None;
        }
        let value = |(attribute, text): (&Attribute, &&str)| normalize(kind(*attribute), text, tables);
        let values: Vec<Option<Value>> = group.iter().zip(&texts).map(value).collect();
        let said = values.iter().flatten();
        let mut soundness = said.clone().map(soundness).min().unwrap_or(Soundness::Nothing);
        if soundness > Soundness::Placeholder && is_placeholder_in_two_columns(observation, group, tables) {
            soundness = Soundness::Placeholder;
        }
        let complete = said.filter(|value| value.quality() == Quality::NONE).count();
        Some(Self { observation, texts, values, soundness, complete })
    }

    /// The value at a place of the group.
    fn value(&self, place: usize) -> Option<&Value> {
        self.values.get(place)?.as_ref()
    }

    /// The raw text at a place of the group.
    pub(super) fn text(&self, place: usize) -> &'d str {
        self.texts.get(place).copied().unwrap_or_default()
    }

    /// The canonical form at a place: what makes two texts one value.
    pub(super) fn exact(&self, place: usize) -> Option<&str> {
        self.value(place).map(|value| &*value.exact)
    }

    /// Whether something is said at a place.
    pub(super) fn says(&self, place: usize) -> bool {
        self.value(place).is_some()
    }

    /// Whether two statements hold the same canonical forms at these places, silence included.
    pub(super) fn equals(&self, other: &Self, places: &[usize]) -> bool {
        places.iter().all(|place| self.exact(*place) == other.exact(*place))
    }

    /// Whether two statements agree, variants folded, at every place where both speak, and both speak at one at least.
    pub(super) fn agrees(&self, other: &Self, places: &[usize]) -> bool {
        let mut shared = places.iter().filter_map(|place| self.value(*place).zip(other.value(*place))).peekable();
        shared.peek().is_some() && shared.all(|(own, others)| own.folded() == others.folded())
    }
}

fn soundness(value: &Value) -> Soundness {
    const MAIMED: [Quality; 4] = [Quality::WILDCARD, Quality::DEFAULT_DATE, Quality::IMPOSSIBLE, Quality::UNPARSED];
    let is_partial = value.date().is_some_and(|date| date.day.is_none());
    if value.quality().has(Quality::PLACEHOLDER) {
        Soundness::Placeholder
    } else if is_partial || MAIMED.iter().any(|flag| value.quality().has(*flag)) {
        Soundness::Maimed
    } else {
        Soundness::Sound
    }
}

/// 鈴木 and 花子次男 are a placeholder only when they are read together.
fn is_placeholder_in_two_columns(observation: &Observation<'_>, group: &[Attribute], tables: &Tables) -> bool {
    let columns = [Attribute::FamilyKanji, Attribute::GivenKanji];
    if !columns.iter().all(|column| group.contains(column)) {
        return false;
    }
    let [family, given] = columns.map(|column| observation.demographics.get(column));
    let whole = normalize(Kind::KanjiName, &format!("{family} {given}"), tables);
    whole.is_some_and(|whole| whole.quality().has(Quality::PLACEHOLDER))
}
