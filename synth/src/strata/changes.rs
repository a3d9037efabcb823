//! Strata of one person whose records do not look alike: marriages, moves, insurers, aliases, lost characters.

use super::cast::Cast;
use crate::calendar::Date;
use crate::data::Tables;
use crate::errors::{ErrorKind, former_name};
use crate::names;
use crate::person::{Cover, Name, Person};
use crate::place;
use crate::registration::entry::{ADDRESS_PARTS, Entry, Field, INSURANCE};
use crate::registration::plan::Forced;

/// Married in mid-stream; afterwards an old card with the old surname was shown once.
pub(super) fn marriage_old_card(cast: &mut Cast<'_>) -> Vec<Person> {
    let (mut person, on, old) = married(cast);
    let mut entry = Entry::default();
    if let Some(state) = person.state_at(on - 1) {
        entry.fill_cover(state.cover);
    }
    person.plan.fixed.push((0, on + cast.stream.between(20, 300)));
    person.plan.fixed.push((1, on - cast.stream.between(1, 400)));
    person.force(Field::FamilyKanji, ErrorKind::OtherName, &old.kanji);
    person.force(Field::FamilyKana, ErrorKind::OtherName, &old.kana);
    for field in INSURANCE {
        person.force(field, ErrorKind::OldCard, entry.get(field));
    }
    vec![person]
}

/// Job, home and surname change within one year; the mobile number stays.
pub(super) fn all_in_one_year(cast: &mut Cast<'_>) -> Vec<Person> {
    let (mut person, on, _) = married(cast);
    let cover = place::employment(&mut cast.stream);
    let job = on + cast.stream.between(30, 200);
    person.change_from(job, |state| state.cover = Some(cover));
    let moved = job + cast.stream.between(10, 120);
    let home = person.last().map(|state| state.home);
    let Some(home) = home.map(|home| place::next_home(&mut cast.stream, home, cast.world.regions)) else {
        return vec![person];
    };
    person.change_from(moved, |state| {
        state.home = home;
        state.landline = None;
    });
    person.plan.fixed.push((0, on - cast.stream.between(1, 400)));
    person.plan.fixed.push((1, moved + cast.stream.between(1, 400)));
    vec![person]
}

/// A woman who marries on a day, with a new home and insurance; the day and her old surname.
fn married(cast: &mut Cast<'_>) -> (Person, i32, Name) {
    let birth = cast.born(1978, 1994);
    let (old, new, given) = (cast.surname(), cast.surname(), cast.given(true, birth));
    let state = cast.state(old.clone(), given);
    let mut person = cast.person(0, true, birth, state.clone());
    let on = cast.middle_day();
    let home = place::next_home(&mut cast.stream, state.home, cast.world.regions);
    let cover = Cover { branch: 1, ..place::employment(&mut cast.stream) };
    person.change(on, |state| {
        state.family = new;
        state.home = home;
        state.landline = None;
        state.cover = Some(cover);
    });
    (person, on, old)
}

/// Registered before and after the 75th birthday.
pub(super) fn insurer_at_75(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(1943, 1948);
    let female = cast.stream.percent(50);
    let (family, given) = (cast.surname(), cast.given(female, birth));
    let state = cast.state(family, given);
    let mut person = cast.person(0, female, birth, state);
    cast.live_together(std::slice::from_mut(&mut person));
    let born = Date::from_day(birth);
    let birthday = Date::new(born.year + 75, born.month, born.day.min(28)).to_day();
    person.plan.fixed.push((0, birthday - cast.stream.between(1, 300)));
    person.plan.fixed.push((1, birthday + cast.stream.between(1, 300)));
    vec![person]
}

/// Lives in a municipality that was merged; the first record has its old name.
pub(super) fn merged_municipality(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(1935, 1995);
    let female = cast.stream.percent(50);
    let (family, given) = (cast.surname(), cast.given(female, birth));
    let mut state = cast.state(family, given);
    let merged: Vec<usize> =
        Tables::get().towns.iter().enumerate().filter(|(_, town)| town.former.is_some()).map(|(at, _)| at).collect();
    let town = cast.stream.pick(&merged);
    state.home = place::home_in(&mut cast.stream, state.home.region, town);
    let mut person = cast.person(0, female, birth, state.clone());
    let mut entry = Entry::default();
    entry.fill(&person, &state, true);
    let (town, rest) = entry.get(Field::Address).split_once(ADDRESS_PARTS).unwrap_or_default();
    if let Some(former) = former_name(town) {
        let value = format!("{former}{ADDRESS_PARTS}{rest}");
        person.force(Field::Address, ErrorKind::FormerMunicipality, &value);
    }
    vec![person]
}

/// A foreign resident: the alias at first, the legal name later, the romaji once in the other order.
pub(super) fn alias_to_legal_name(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(1960, 2000);
    let female = cast.stream.percent(50);
    let origin = names::origin(&mut cast.stream);
    let legal_family = names::foreign(&mut cast.stream, "family", origin);
    let legal_given = names::foreign(&mut cast.stream, if female { "F" } else { "M" }, origin);
    let (family, alias_given) = (cast.surname(), cast.given(female, birth));
    // Some keep their given name and take a Japanese surname only.
    let given = if cast.stream.percent(50) { legal_given.clone() } else { alias_given };
    let state = cast.state(family, given);
    let mut person = cast.person(0, female, birth, state);
    let on = cast.middle_day();
    let (first, second) = (legal_family.clone(), legal_given.clone());
    person.change(on, |state| {
        state.family = first;
        state.given = second;
    });
    person.foreign = true;
    person.plan.fixed.push((0, on + cast.stream.between(1, 300)));
    person.plan.fixed.push((1, on - cast.stream.between(1, 300)));
    for (field, value) in [
        (Field::FamilyKanji, &legal_given.kanji),
        (Field::GivenKanji, &legal_family.kanji),
        (Field::FamilyKana, &legal_given.kana),
        (Field::GivenKana, &legal_family.kana),
    ] {
        person.force(field, ErrorKind::NamesSwapped, value);
    }
    vec![person]
}

/// 髙橋 at one institution, ■橋 at another, 高橋 at a third.
pub(super) fn lost_glyph(cast: &mut Cast<'_>) -> Vec<Person> {
    let (family, lost, standard) = cast.stream.pick(&[
        (("髙橋", "タカハシ"), "■橋", "高橋"),
        (("髙木", "タカギ"), "●木", "高木"),
        (("山﨑", "ヤマサキ"), "山■", "山崎"),
        (("宮﨑", "ミヤザキ"), "宮●", "宮崎"),
        (("𠮷田", "ヨシダ"), "〓田", "吉田"),
        (("濵田", "ハマダ"), "■田", "浜田"),
        (("栁原", "ヤナギハラ"), "●原", "柳原"),
        (("黑田", "クロダ"), "■田", "黒田"),
    ]);
    let birth = cast.born(1935, 2012);
    let female = cast.stream.percent(50);
    let given = cast.given(female, birth);
    let state = cast.state(Name::fixed(family.0, family.1), given);
    let mut person = cast.person(0, female, birth, state);
    cast.live_together(std::slice::from_mut(&mut person));
    person.force(Field::FamilyKanji, ErrorKind::GlyphLost, lost);
    person.plan.forced.push(Forced {
        record: 1,
        field: Field::FamilyKanji,
        value: standard.to_owned(),
        kind: ErrorKind::VariantToStandard,
    });
    vec![person]
}

/// One registration has the reading only.
pub(super) fn kana_only(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(1930, 2015);
    let female = cast.stream.percent(50);
    let (family, given) = (cast.surname(), cast.given(female, birth));
    let state = cast.state(family, given);
    let mut person = cast.person(0, female, birth, state);
    cast.live_together(std::slice::from_mut(&mut person));
    person.force(Field::FamilyKanji, ErrorKind::Missing, "");
    person.force(Field::GivenKanji, ErrorKind::Missing, "");
    vec![person]
}
