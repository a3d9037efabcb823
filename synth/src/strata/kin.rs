//! Strata of close kin: twins, spouses, newborns before naming.

use super::cast::Cast;
use crate::calendar::Day;
use crate::errors::ErrorKind;
use crate::names;
use crate::person::{Name, Person, State};
use crate::place;
use crate::registration::entry::Field;

/// Draws until two names have no character in common; three in four succeed at once.
const DRAWS_MAX: u32 = 50;

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

/// The second twin's registration was made by copying the first's: only the name was corrected, in every second case
/// only in kanji. The names have no character in common, so that a clerk sees that the reading does not fit.
pub(super) fn copied_twins(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(2000, 2019);
    let female = cast.stream.percent(50);
    let first = cast.given(female, birth);
    let mut second = cast.other_given(female, birth, &[&first]);
    for _ in 0..DRAWS_MAX {
        if !second.kanji.chars().any(|character| first.kanji.contains(character)) {
            break;
        }
        second = cast.other_given(female, birth, &[&first]);
    }
    let family = cast.surname();
    let state = cast.state(family, first.clone());
    let other = State { given: second, ..state.clone() };
    let mut people = vec![cast.person(2, female, birth, state), cast.person(3, female, birth, other)];
    cast.live_together(&mut people);
    let on = cast.middle_day().max(birth);
    let site = cast.site(&people);
    for person in &mut people {
        person.plan.fixed.push((0, on));
        person.plan.site = Some(site);
    }
    if let Some(second) = people.last_mut() {
        second.force(Field::BranchNo, ErrorKind::Copied, "02");
        if cast.case.is_multiple_of(2) {
            second.force(Field::GivenKana, ErrorKind::Copied, &first.kana);
        }
    }
    people
}

/// Father and son in one house whose given names share a character or the reading.
pub(super) fn father_and_son(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(1940, 1985);
    let son_birth = birth + cast.stream.between(23 * 365, 38 * 365);
    let (father, near) = names::near_twins(&mut cast.stream, false, names::year_of(birth));
    let homophone = names::homophone(&mut cast.stream, false, &father).filter(|_| cast.case.is_multiple_of(2));
    let family = cast.surname();
    let state = cast.state(family, father);
    let other = State { given: homophone.unwrap_or(near), ..state.clone() };
    let mut people = vec![cast.person(0, false, birth, state), cast.person(2, false, son_birth, other)];
    cast.live_together(&mut people);
    people
}

/// A grandfather dies, and a grandson in the same house bears his name (襲名).
pub(super) fn same_name_as_the_dead(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(1930, 1945);
    let other_birth = birth + cast.stream.between(25 * 365, 55 * 365);
    let family = cast.surname();
    let given = cast.given(false, birth);
    let state = cast.state(family, given);
    let mobile = Some(place::mobile(&mut cast.stream));
    let other = State { mobile, ..state.clone() };
    let mut people = vec![cast.person(0, false, birth, state), cast.person(1, false, other_birth, other)];
    let on = cast.middle_day();
    if let Some(old) = people.first_mut() {
        old.died = Some(on);
    }
    cast.live_together(&mut people);
    people
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
    let state = cast.state(family, mother_given.clone());
    let baby = State { given: given.clone(), ..state.clone() };
    let site = cast.world.institutions.choose(&mut cast.stream, place::municipality(state.home));
    let placeholder = |person: &mut Person, order: &str| {
        person.plan.fixed.push((0, birth));
        person.plan.site = Some(site);
        person.plan.no_duplicates = true;
        let (kanji, kana) = (&mother_given.kanji, &mother_given.kana);
        person.force(Field::GivenKanji, ErrorKind::NewbornPlaceholder, &format!("{kanji}ベビー{order}"));
        person.force(Field::GivenKana, ErrorKind::NewbornPlaceholder, &format!("{kana}ベビー"));
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
