//! Names of two versions of one record: how family and given name compare.
//!
//! Kanji and kana are two ways to write one name, so they give one level together. Some systems write both names into one
//! field; where a space parts them they are taken apart, and otherwise the whole names are compared.

use super::{Examiner, Level};
use crate::demographics::{Attribute, Demographics};
use linkage::compare::{Measure, Readings, Side, measure};
use linkage::normalize::{Kind, normalize};
use linkage::value::{Quality, Value};

/// The names of one version.
#[derive(Debug)]
pub(super) struct Names {
    family: Part,
    given: Part,
    whole: Part,
    /// 通称 and the like: whole names that the record is known under as well.
    common: Option<Value>,
    former_family: Option<Value>,
}

/// One name in kanji and kana.
#[derive(Debug)]
struct Part {
    kanji: Option<Value>,
    kana: Option<Value>,
}

impl Names {
    /// The names of one version, normalised.
    pub(super) fn of(examiner: Examiner<'_>, texts: &Demographics) -> Self {
        let columns = |family: Attribute, given: Attribute| {
            let (family, given) = (texts.get(family), texts.get(given));
            match family.split_once([' ', '\u{3000}']) {
                Some((first, second)) if given.is_empty() => (first, second),
                _ => (family, given),
            }
        };
        let value = |kind, text: &str| normalize(kind, text, examiner.tables);
        let (family, given) = columns(Attribute::FamilyKanji, Attribute::GivenKanji);
        let (family_kana, given_kana) = columns(Attribute::FamilyKana, Attribute::GivenKana);
        let part =
            |kanji: &str, kana: &str| Part { kanji: value(Kind::KanjiName, kanji), kana: value(Kind::KanaName, kana) };
        Self {
            family: part(family, family_kana),
            given: part(given, given_kana),
            whole: part(&format!("{family} {given}"), &format!("{family_kana} {given_kana}")),
            common: value(Kind::KanjiName, texts.get(Attribute::CommonName)),
            former_family: value(Kind::KanjiName, texts.get(Attribute::FormerFamily)),
        }
    }

    fn is_placeholder(&self) -> bool {
        let values = [&self.whole, &self.family, &self.given].into_iter().flat_map(|part| [&part.kanji, &part.kana]);
        values.flatten().any(|value| value.quality().has(Quality::PLACEHOLDER))
    }

    /// Whether both names stand in one field.
    fn is_joined(&self) -> bool {
        !self.family.is_empty() && self.given.is_empty()
    }
}

impl Part {
    fn is_empty(&self) -> bool {
        self.kanji.is_none() && self.kana.is_none()
    }
}

/// The levels of given name and family name.
pub(super) fn levels(examiner: Examiner<'_>, before: &Names, after: &Names) -> (Level, Level) {
    if before.whole.is_empty() || after.whole.is_empty() {
        return (Level::Missing, Level::Missing);
    }
    let family = || part(examiner, &before.family, &after.family);
    match (before.is_placeholder(), after.is_placeholder()) {
        (true, true) => return (placeholders(&before.whole, &after.whole), Level::Missing),
        (true, false) => return (Level::Named, family()),
        (false, true) => return (Level::Unnamed, family()),
        (false, false) => {}
    }
    if let Some(level) = whole(before, after) {
        return (level, level);
    }
    let family = family();
    let is_former =
        |old: &Names, new: &Names| flag(Measure::Folded, old.former_family.as_ref(), new.family.kanji.as_ref());
    let is_known = family == Level::Different && (is_former(before, after) || is_former(after, before));
    let family = if is_known { Level::KnownName } else { family };
    if before.is_joined() || after.is_joined() {
        return joined(before, after, family);
    }
    (part(examiner, &before.given, &after.given), family)
}

/// Whole names that say the same in another order or under another name.
fn whole(before: &Names, after: &Names) -> Option<Level> {
    let kanji = (before.whole.kanji.as_ref(), after.whole.kanji.as_ref());
    let kana = (before.whole.kana.as_ref(), after.whole.kana.as_ref());
    let says_otherwise = |measure, (one, other)| present(one, other) && !flag(measure, one, other);
    // The same whole name, in one field or in two; parts are looked at when kanji or kana differ.
    if flag(Measure::Folded, kanji.0, kanji.1) && !says_otherwise(Measure::Folded, kana) {
        return Some(Level::Equal);
    }
    if kanji.0.zip(kanji.1).is_none() && flag(Measure::Folded, kana.0, kana.1) {
        return Some(Level::Equal);
    }
    if flag(Measure::Folded, before.common.as_ref(), kanji.1) || flag(Measure::Folded, after.common.as_ref(), kanji.0) {
        return Some(Level::KnownName);
    }
    let exchanged =
        [swapped(before, after, |part| part.kanji.as_ref()), swapped(before, after, |part| part.kana.as_ref())];
    if exchanged.contains(&true) {
        return Some(Level::Exchanged);
    }
    // Words of a foreign name in another order; Japanese names are one word.
    let several_words = kanji.0.is_some_and(|value| value.exact.contains(' '));
    (several_words && at_least(Measure::TokenOverlap, kanji, 1.0)).then_some(Level::Exchanged)
}

/// Whether family and given name stand in each other's place.
fn swapped(before: &Names, after: &Names, written: fn(&Part) -> Option<&Value>) -> bool {
    let left = Side::two(written(&before.family), written(&before.given));
    let right = Side::two(written(&after.family), written(&after.given));
    measure(Measure::Swapped, left, right, &Readings::empty()) == Some(1.0)
}

/// Two placeholders: ベビー１ is not ベビー２.
fn placeholders(before: &Part, after: &Part) -> Level {
    let kanji = (before.kanji.as_ref(), after.kanji.as_ref());
    let (measured, pair) = match present(kanji.0, kanji.1) {
        true => (kanji.0.zip(kanji.1), kanji),
        false => (before.kana.as_ref().zip(after.kana.as_ref()), (before.kana.as_ref(), after.kana.as_ref())),
    };
    let Some((one, other)) = measured else { return Level::Missing };
    if one.folded() == other.folded() {
        return Level::Equal;
    }
    let ends_in_digit = |value: &Value| value.exact.ends_with(|last: char| last.is_ascii_digit());
    // ベビー becomes ベビー１ when the second is born; ベビー１ never becomes ベビー２.
    let is_renumbered = ends_in_digit(one) && ends_in_digit(other) && at_most(Measure::Damerau, pair, 1.0);
    match is_renumbered {
        true => Level::Different,
        false if at_least(Measure::JaroWinkler, pair, 0.8) => Level::Near,
        false => Level::Different,
    }
}

/// Names of which at least one version writes both into one field, without a space.
fn joined(before: &Names, after: &Names, family: Level) -> (Level, Level) {
    let kanji = (before.whole.kanji.as_ref(), after.whole.kanji.as_ref());
    let kana = (before.whole.kana.as_ref(), after.whole.kana.as_ref());
    if !(present(kanji.0, kanji.1) || present(kana.0, kana.1)) {
        return (Level::Missing, Level::Missing);
    }
    if at_most(Measure::KanaDistance, kana, 0.6) {
        return (Level::KanaEqual, Level::KanaEqual);
    }
    if flag(Measure::Wildcard, kanji.0, kanji.1) || flag(Measure::SoftVariant, kanji.0, kanji.1) {
        return (Level::Near, Level::Near);
    }
    if let Some((whole, split)) = one_split(before, after) {
        let contains =
            |pick: fn(&Part) -> Option<&Value>, part: &Part| flag(Measure::Contains, pick(&whole.whole), pick(part));
        let holds =
            |part: &Part| contains(|part| part.kanji.as_ref(), part) || contains(|part| part.kana.as_ref(), part);
        let level = |holds: bool| if holds { Level::Equal } else { Level::Different };
        let is_single = |part: &Part| part.kanji.as_ref().is_some_and(|kanji| kanji.exact.chars().nth(1).is_none());
        let (has_given, has_family) = (holds(&split.given), holds(&split.family));
        // One character cannot be looked for in a name.
        let unclear = is_single(&split.given) && at_least(Measure::JaroWinkler, kanji, 0.6);
        return (if unclear && !has_given { Level::InPart } else { level(has_given) }, level(has_family));
    }
    // Both in one field. A common beginning is a family name; then another end is another given name.
    let begins_alike =
        at_least(Measure::Prefix, kanji, 0.4) || (kanji.0.is_none() && at_least(Measure::Prefix, kana, 0.4));
    let similar = at_least(Measure::JaroWinkler, kanji, 0.6) || at_least(Measure::JaroWinkler, kana, 0.6);
    match (begins_alike, similar) {
        (true, _) if at_most(Measure::Damerau, kanji, 1.0) || at_most(Measure::KanaDistance, kana, 1.0) => {
            (Level::InPart, Level::Equal)
        }
        (true, _) => (Level::Different, Level::Equal),
        (false, true) => (Level::InPart, family),
        (false, false) => (Level::Different, Level::Different),
    }
}

/// The version in one field and the one in two, when that is how they are.
fn one_split<'n>(before: &'n Names, after: &'n Names) -> Option<(&'n Names, &'n Names)> {
    match (before.is_joined(), after.is_joined()) {
        (true, false) => Some((before, after)),
        (false, true) => Some((after, before)),
        _ => None,
    }
}

/// One name in kanji and kana.
fn part(examiner: Examiner<'_>, before: &Part, after: &Part) -> Level {
    let kanji = (before.kanji.as_ref(), after.kanji.as_ref());
    let kana = (before.kana.as_ref(), after.kana.as_ref());
    match (present(kanji.0, kanji.1), present(kana.0, kana.1)) {
        (true, true) => both(kanji, kana),
        (true, false) => kanji_alone(examiner, before, after),
        (false, true) => match () {
            () if flag(Measure::Folded, kana.0, kana.1) => Level::Equal,
            () if at_most(Measure::KanaDistance, kana, 1.0) => Level::Near,
            () => Level::Different,
        },
        (false, false) if before.is_empty() || after.is_empty() => Level::Missing,
        (false, false) if reads_as(examiner, before, after) => Level::ReadsAs,
        // The table of readings is not complete, so this is no contradiction.
        (false, false) => Level::InPart,
    }
}

type Pair<'v> = (Option<&'v Value>, Option<&'v Value>);

fn both(kanji: Pair<'_>, kana: Pair<'_>) -> Level {
    let kanji_alike = flag(Measure::Wildcard, kanji.0, kanji.1) || flag(Measure::SoftVariant, kanji.0, kanji.1);
    match (flag(Measure::Folded, kanji.0, kanji.1), flag(Measure::Folded, kana.0, kana.1)) {
        (true, true) => Level::Equal,
        (true, false) => Level::KanjiEqual,
        (false, true) if kanji_alike => Level::KanjiAlike,
        (false, true) => Level::KanaEqual,
        (false, false) if kanji_alike || at_most(Measure::KanaDistance, kana, 0.6) => Level::Near,
        (false, false) => Level::Different,
    }
}

fn kanji_alone(examiner: Examiner<'_>, before: &Part, after: &Part) -> Level {
    let kanji = (before.kanji.as_ref(), after.kanji.as_ref());
    if flag(Measure::Folded, kanji.0, kanji.1) {
        Level::Equal
    } else if flag(Measure::Wildcard, kanji.0, kanji.1) || flag(Measure::SoftVariant, kanji.0, kanji.1) {
        Level::Near
    } else if reads_as(examiner, before, after) {
        Level::ReadsAs
    } else if at_least(Measure::JaroWinkler, kanji, 0.6) {
        Level::InPart
    } else {
        Level::Different
    }
}

fn reads_as(examiner: Examiner<'_>, before: &Part, after: &Part) -> bool {
    let left = Side::two(before.kanji.as_ref(), before.kana.as_ref());
    let right = Side::two(after.kanji.as_ref(), after.kana.as_ref());
    measure(Measure::Reading, left, right, examiner.readings) == Some(1.0)
}

fn present(one: Option<&Value>, other: Option<&Value>) -> bool {
    one.is_some() && other.is_some()
}

/// A measure of one field; `None` when a side is missing.
pub(super) fn number(of: Measure, one: Option<&Value>, other: Option<&Value>) -> Option<f64> {
    // No measure of one field reads the table of readings.
    measure(of, Side::one(one), Side::one(other), &Readings::empty())
}

pub(super) fn flag(of: Measure, one: Option<&Value>, other: Option<&Value>) -> bool {
    number(of, one, other).is_some_and(|number| number >= 1.0)
}

fn at_least(of: Measure, pair: Pair<'_>, least: f64) -> bool {
    number(of, pair.0, pair.1).is_some_and(|number| number >= least)
}

fn at_most(of: Measure, pair: Pair<'_>, most: f64) -> bool {
    number(of, pair.0, pair.1).is_some_and(|number| number <= most)
}
