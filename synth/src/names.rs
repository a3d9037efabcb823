//! Draws names: surnames by frequency and region, variants, given names by cohort, siblings and twins.

use std::borrow::Cow;

use crate::calendar::Date;
use crate::data::{COHORT_ENDS, ForeignName, LISTED_SURNAMES_PERCENT, Tables, Variant};
use crate::person::Name;
use crate::random::Stream;

/// Share of people, per cohort and in percent, whose given name is one of the commonest of the cohort (assumption).
const COMMON_GIVEN_PERCENT: [u32; 4] = [35, 30, 20, 8];

/// Share of siblings who share a character of their names, in percent (assumption).
const SIBLINGS_ALIKE_PERCENT: u32 = 25;

/// Surnames that count as common; the list is sorted by bearers.
const COMMON_SURNAMES: usize = 30;

/// How often a draw is repeated until a name fits its siblings.
const DRAWS_MAX: u32 = 30;

/// A surname; `local` draws by the frequencies of Shimane.
pub(crate) fn surname(stream: &mut Stream, local: bool) -> Name {
    let surnames = &Tables::get().surnames;
    if !stream.percent(LISTED_SURNAMES_PERCENT) {
        let (first, second) = (stream.pick(&surnames.first_parts), stream.pick(&surnames.second_parts));
        if first.0 != second.0 {
            return Name::made([first.0, second.0].concat(), [first.1, second.1].concat());
        }
    }
    let table = if local { &surnames.shimane } else { &surnames.national };
    let (kanji, kana) = surnames.rows.get(table.draw(stream)).copied().unwrap_or(("田中", "タナカ"));
    let kanji = with_variants(kanji, &Tables::get().family_variants, stream);
    Name { kanji, kana: Cow::Borrowed(kana) }
}

/// A given name by sex and year of birth.
pub(crate) fn given(stream: &mut Stream, female: bool, birth_year: i32) -> Name {
    let names = Tables::get().given(female);
    let cohort = cohort(birth_year);
    let common_percent = COMMON_GIVEN_PERCENT.get(cohort).copied().unwrap_or(0);
    let (kanji, kana) = if stream.percent(common_percent) {
        names.common.get(cohort).map(|common| stream.pick(common)).unwrap_or_default()
    } else {
        let place = names.cohorts.get(cohort).map_or(0, |table| table.draw(stream));
        names.rows.get(place).copied().unwrap_or_default()
    };
    let kanji = with_variants(kanji, &Tables::get().given_variants, stream);
    Name { kanji, kana: Cow::Borrowed(kana) }
}

/// A given name that fits those of the siblings: never the same, sometimes beginning alike.
pub(crate) fn sibling(stream: &mut Stream, female: bool, birth_year: i32, siblings: &[&Name]) -> Name {
    let alike = stream.percent(SIBLINGS_ALIKE_PERCENT);
    let initial = siblings.last().and_then(|other| other.kanji.chars().next()).filter(|_| alike);
    let mut name = given(stream, female, birth_year);
    for _ in 0..DRAWS_MAX {
        if let Some(initial) = initial {
            let mut names = Tables::get().given(female).beginning_with(initial);
            if let Some((kanji, kana)) = names.nth(stream.place(names.len())) {
                name = Name::fixed(kanji, kana);
            }
        }
        if siblings.iter().all(|other| other.kanji != name.kanji && other.kana != name.kana) {
            break;
        }
        name = given(stream, female, birth_year);
    }
    name
}

/// Two given names of one sex that begin with the same character and are read differently, as twins often have.
pub(crate) fn near_twins(stream: &mut Stream, female: bool, birth_year: i32) -> (Name, Name) {
    let names = Tables::get().given(female);
    for _ in 0..DRAWS_MAX {
        let first = given(stream, female, birth_year);
        let Some(initial) = first.kanji.chars().next() else { continue };
        let length = first.kanji.chars().count();
        let near: Vec<_> = names
            .beginning_with(initial)
            .filter(|(kanji, kana)| length > 1 && *kanji != first.kanji && *kana != first.kana)
            .filter(|(kanji, _)| kanji.chars().count() == length)
            .collect();
        if !near.is_empty() {
            let (kanji, kana) = stream.pick(&near);
            return (first, Name::fixed(kanji, kana));
        }
    }
    if female {
        (Name::fixed("陽菜", "ヒナ"), Name::fixed("陽奈", "ハルナ"))
    } else {
        (Name::fixed("悠斗", "ユウト"), Name::fixed("悠人", "ハルト"))
    }
}

/// Another spelling of the same reading; none when there is only one.
pub(crate) fn homophone(stream: &mut Stream, female: bool, name: &Name) -> Option<Name> {
    let names = Tables::get().given(female);
    let others: Vec<_> = names.homophones(&name.kana).filter(|row| row.0 != name.kanji).collect();
    (!others.is_empty()).then(|| stream.pick(&others)).map(|(kanji, kana)| Name::fixed(kanji, kana))
}

/// A name that many bear: one of the commonest surnames and one of the commonest given names of the cohort.
pub(crate) fn common(stream: &mut Stream, female: bool, birth_year: i32) -> (Name, Name) {
    let tables = Tables::get();
    let listed = tables.surnames.rows.get(..COMMON_SURNAMES).unwrap_or_default();
    let (family, family_kana) = stream.pick(listed);
    let cohort = cohort(birth_year);
    let common = tables.given(female).common.get(cohort).map(|common| stream.pick(common));
    let (given, given_kana) = common.unwrap_or_default();
    (Name::fixed(family, family_kana), Name::fixed(given, given_kana))
}

fn cohort(birth_year: i32) -> usize {
    COHORT_ENDS.iter().filter(|end| birth_year >= **end).count()
}

/// Family name, given name of a foreign resident; `origin` binds a household together.
pub(crate) fn foreign(stream: &mut Stream, part: &str, origin: &str) -> Name {
    let fitting: Vec<&ForeignName> =
        Tables::get().foreign.iter().filter(|name| name.part == part && name.origin == origin).collect();
    let place = stream.place(fitting.len());
    fitting.get(place).map_or(Name::fixed("MARIA", "マリア"), |name| Name::fixed(name.romaji, name.kana))
}

/// Where foreign residents come from, by weight (Brazilians are many in 出雲; shares are assumptions).
pub(crate) fn origin(stream: &mut Stream) -> &'static str {
    match stream.weighted(&[50, 25, 13, 12]) {
        0 => "BR",
        1 => "VN",
        2 => "CN",
        _ => "PH",
    }
}

/// Replaces standard characters by registered variants as often as people bear them.
fn with_variants(kanji: &'static str, variants: &[Variant], stream: &mut Stream) -> Cow<'static, str> {
    if !kanji.chars().any(|character| variants.iter().any(|variant| variant.standard == character)) {
        return Cow::Borrowed(kanji);
    }
    let mut text = String::with_capacity(kanji.len() + 4);
    for character in kanji.chars() {
        let mut roll = stream.small(1_000);
        let mut chosen = character;
        for variant in variants.iter().filter(|variant| variant.standard == character) {
            if roll < variant.permille {
                chosen = variant.variant;
                break;
            }
            roll -= variant.permille;
        }
        text.push(chosen);
    }
    Cow::Owned(text)
}

/// The standard character of a registered variant.
pub(crate) fn standard_of(character: char) -> Option<char> {
    let tables = Tables::get();
    let mut all = tables.family_variants.iter().chain(&tables.given_variants);
    all.find(|variant| variant.variant == character).map(|variant| variant.standard)
}

/// The year of a day, for callers that only hold a day.
pub(crate) fn year_of(day: i32) -> i32 {
    Date::from_day(day).year
}
