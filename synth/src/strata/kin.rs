//! Strata of close kin: twins, spouses, newborns before naming.

use super::cast::Cast;
use crate::calendar::Day;
use crate::errors::ErrorKind;
use crate::names;
use crate::person::{Name, Person, State};
use crate::place;
use crate::registration::entry::Field;
use crate::registration::plan::Forced;

/// Twins of one sex whose names begin alike: 陽菜 and 陽奈.
pub(super) fn twins_same_sex(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(1950, 2019);
    let female = cast.stream.percent(50);
    let (first, second) = names::near_twins(&mut cast.stream, female, names::year_of(birth));
    twins(cast, birth, [(female, first), (female, second)])
}

/// A brother and a sister born on one day.
pub(super) fn twins_opposite_sex(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(1950, 2019);
    let first = cast.given(true, birth);
    let second = cast.other_given(false, birth, &[&first]);
    twins(cast, birth, [(true, first), (false, second)])
}

/// Twins live together until they are grown; then each lives alone.
fn twins(cast: &mut Cast<'_>, birth: Day, names: [(bool, Name); 2]) -> Vec<Person> {
    let family = cast.surname();
    let [(first_female, first), (second_female, second)] = names;
    let state = cast.state(family, first);
    let grown = names::year_of(birth) < 1994;
    let other = if grown { apart(cast, &state, second) } else { State { given: second, ..state.clone() } };
    let mut people = vec![cast.person(2, first_female, birth, state), cast.person(3, second_female, birth, other)];
    if grown {
        cast.live_apart(&mut people);
    } else {
        cast.live_together(&mut people);
    }
    people
}

/// A grown twin: own mobile, mostly an own home and insurance.
fn apart(cast: &mut Cast<'_>, state: &State, given: Name) -> State {
    let mobile = Some(place::mobile(&mut cast.stream));
    if cast.stream.percent(30) {
        return State { given, mobile, ..state.clone() };
    }
    let own = cast.state(state.family.clone(), given);
    State { mobile, ..own }
}

/// Spouses with one insurance number and no branch number anywhere.
pub(super) fn spouses(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(1945, 1992);
    // One in ten couples is born on days that differ in one digit.
    let other_birth = if cast.stream.percent(10) { birth + 1 } else { birth + cast.stream.between(-2_000, 2_000) };
    let family = cast.surname();
    let husband = cast.given(false, birth);
    let wife = cast.other_given(true, other_birth, &[&husband]);
    let state = cast.state(family, husband);
    let mobile = if cast.stream.percent(60) { Some(place::mobile(&mut cast.stream)) } else { state.mobile };
    let other = State { given: wife, mobile, ..state.clone() };
    let mut people = vec![cast.person(0, false, birth, state), cast.person(1, true, other_birth, other)];
    cast.live_together(&mut people);
    for person in &mut people {
        person.plan.branch_never = true;
    }
    people
}

/// Newborns registered before they had a name, under the mother's surname.
///
/// A placeholder record cannot be linked to the later real name by its content, so a baby with one placeholder and n
/// real records has (n-1)/(n+1) of its pairs at best. The cases are mixed so that the stratum as a whole leaves about
/// nine in ten pairs to be found: half are a baby known by its placeholder alone beside its mother, a third twins
/// known by ベビー１ and ベビー２ alone, the others twins of whom only the second still has a placeholder beside
/// eight records with the real name.
pub(super) fn newborns(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(2016, 2022);
    let kind = cast.case % 20;
    let family = cast.surname();
    let mother_birth = birth - cast.stream.between(22 * 365, 42 * 365);
    let mother_given = cast.given(true, mother_birth);
    let female = cast.stream.percent(49);
    let given = cast.given(female, birth);
    let state = cast.state(family.clone(), mother_given.clone());
    let baby = State { given: given.clone(), ..state.clone() };
    let site = cast.world.institutions.choose(&mut cast.stream, place::municipality(state.home));
    let kana_of_mother = mother_given.kana.clone();
    let placeholder = |person: &mut Person, order: &str| {
        let kanji = format!("{}ベビー{order}", mother_given.kanji);
        let kana = format!("{kana_of_mother}ベビー");
        person.plan.fixed.push((0, birth));
        person.plan.site = Some(site);
        person.plan.no_duplicates = true;
        for (field, value) in [(Field::GivenKanji, kanji), (Field::GivenKana, kana)] {
            person.plan.forced.push(Forced { record: 0, field, value, kind: ErrorKind::NewbornPlaceholder });
        }
    };
    if kind < 10 {
        let mut people = vec![cast.person(1, true, mother_birth, state), cast.person(2, female, birth, baby)];
        cast.live_together(&mut people);
        if let [mother, baby] = people.as_mut_slice() {
            // She gave birth there, so she is registered there too.
            mother.plan.site = Some(site);
            baby.plan.records = Some(1);
            placeholder(baby, "");
        }
        return people;
    }
    let second = cast.other_given(female, birth, &[&given]);
    let other = State { given: second, ..baby.clone() };
    let mut people = vec![cast.person(2, female, birth, baby), cast.person(3, female, birth, other)];
    cast.live_together(&mut people);
    if let [first, second] = people.as_mut_slice() {
        if kind < 17 {
            first.plan.records = Some(1);
            second.plan.records = Some(1);
            placeholder(first, "１");
            placeholder(second, "２");
        } else {
            first.plan.records = Some(8);
            second.plan.records = Some(9);
            first.plan.site = Some(site);
            placeholder(second, "２");
        }
    }
    people
}
