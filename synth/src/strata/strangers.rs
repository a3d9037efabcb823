//! Strata of people who have nothing to do with each other but look alike on paper.

use super::cast::Cast;
use crate::calendar::{Date, Day};
use crate::errors::ErrorKind;
use crate::names;
use crate::person::{Person, State};
use crate::registration::entry::{Entry, Field, INSURANCE};

/// Same common name in kanji and kana, same sex, same birth date; homes, phones and insurance have nothing in common.
pub(super) fn same_name_and_birth(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(1940, 2005);
    homonyms(cast, [birth, birth])
}

/// Two strangers with one name, born on these days.
fn homonyms(cast: &mut Cast<'_>, births: [Day; 2]) -> Vec<Person> {
    let [first, second] = births;
    let female = cast.stream.percent(50);
    let (family, given) = names::common(&mut cast.stream, female, names::year_of(first));
    let state = cast.state(family.clone(), given.clone());
    let other = cast.state(family, given);
    let mut people = vec![cast.person(0, female, first, state), cast.person(1, female, second, other)];
    cast.live_apart(&mut people);
    people
}

/// Same surname, same birth date, registered at one institution; the given names differ.
pub(super) fn same_surname_and_birth(cast: &mut Cast<'_>) -> Vec<Person> {
    let birth = cast.born(1940, 2015);
    let female = cast.stream.percent(50);
    let (family, given) = names::common(&mut cast.stream, female, names::year_of(birth));
    let other_female = if cast.stream.percent(70) { female } else { !female };
    let other_given = cast.other_given(other_female, birth, &[&given]);
    let state = cast.state(family.clone(), given);
    let other = cast.state(family, other_given);
    let mut people = vec![cast.person(0, female, birth, state), cast.person(1, other_female, birth, other)];
    cast.live_apart(&mut people);
    let site = cast.site(&people);
    people.iter_mut().for_each(|person| person.plan.site = Some(site));
    people
}

/// Two people once registered as unknown: the same dummy name, the default birth date, nothing else.
///
/// The dummy record says nothing about its person, so of n + 1 records (n-1)/(n+1) of the pairs can be found.
pub(super) fn emergency_unknown(cast: &mut Cast<'_>) -> Vec<Person> {
    let mut people = two_strangers(cast);
    let order =
        ["ア", "イ", "ウ", "エ", "オ"].get(usize::try_from(cast.case % 5).unwrap_or(0)).copied().unwrap_or("ア");
    for person in &mut people {
        let kind = ErrorKind::UnknownPatient;
        person.plan.fixed.push((0, cast.middle_day().max(person.birth)));
        person.plan.no_duplicates = true;
        person.force(Field::FamilyKanji, kind, "救急患者");
        person.force(Field::GivenKanji, kind, &format!("『{order}』"));
        person.force(Field::FamilyKana, kind, "キュウキュウカンジャ");
        person.force(Field::GivenKana, kind, order);
        person.force(Field::Sex, kind, "U");
        person.force(Field::BirthDate, kind, "1900-01-01");
        for field in [Field::Postcode, Field::Address, Field::Phone].iter().chain(&INSURANCE) {
            person.force(*field, kind, "");
        }
    }
    people
}

fn two_strangers(cast: &mut Cast<'_>) -> Vec<Person> {
    let mut people: Vec<Person> = (0..2)
        .map(|place| {
            let birth = cast.born(1935, 2005);
            let female = cast.stream.percent(50);
            let (family, given) = (cast.surname(), cast.given(female, birth));
            let state = cast.state(family, given);
            cast.person(place, female, birth, state)
        })
        .collect();
    cast.live_apart(&mut people);
    people
}

/// A birth date keyed in the wrong era gives the birth date of a homonym.
pub(super) fn era_slip_homonym(cast: &mut Cast<'_>) -> Vec<Person> {
    let (slip, first_year, last_year) = cast.stream.pick(&[(63, 1930, 1960), (14, 1930, 1975), (30, 1990, 1994)]);
    let birth = Date::from_day(cast.born(first_year, last_year));
    let birth = Date { day: birth.day.min(28), ..birth };
    let other = Date { year: birth.year + slip, ..birth };
    let mut people = homonyms(cast, [birth.to_day(), other.to_day()]);
    if let Some(first) = people.first_mut() {
        let wrong = format!("{:04}-{:02}-{:02}", other.year, other.month, other.day);
        first.force(Field::BirthDate, ErrorKind::EraSlip, &wrong);
    }
    people
}

/// A patient number was deleted and given to somebody else; the old phone number is still there.
pub(super) fn number_used_again(cast: &mut Cast<'_>) -> Vec<Person> {
    let mut people = two_strangers(cast);
    let site = cast.site(&people);
    let on = cast.middle_day();
    let [former, next] = people.as_mut_slice() else { return people };
    former.plan.site = Some(site);
    former.plan.fixed.push((0, on - 400));
    next.plan.site = Some(site);
    next.plan.fixed.push((0, on.max(next.birth)));
    next.plan.local_id_of = Some(former.number * u64::from(crate::registration::RECORDS_MAX));
    let left = values_of(former, on);
    next.force(Field::Phone, ErrorKind::Copied, left.get(Field::Phone));
    people
}

/// Two patients of one day and one surname were mixed up: the card of the first was filed with the second.
pub(super) fn mixed_up(cast: &mut Cast<'_>) -> Vec<Person> {
    let births = [cast.born(1940, 2005), cast.born(1940, 2005)];
    let family = cast.surname();
    let mut people: Vec<Person> = Vec::new();
    for (place, birth) in (0..).zip(births) {
        let female = cast.stream.percent(50);
        let given = cast.given(female, birth);
        let state: State = cast.state(family.clone(), given);
        people.push(cast.person(place, female, birth, state));
    }
    cast.live_apart(&mut people);
    let site = cast.site(&people);
    let on = cast.middle_day();
    for person in &mut people {
        person.plan.site = Some(site);
        person.plan.fixed.push((0, on));
    }
    if let [first, second] = people.as_mut_slice() {
        let card = values_of(first, on);
        for field in [Field::Postcode, Field::Address, Field::Phone].iter().chain(&INSURANCE) {
            second.force(*field, ErrorKind::Copied, card.get(*field));
        }
    }
    people
}

/// What is true of a person on a day, as it would be registered.
fn values_of(person: &Person, on: Day) -> Entry {
    let mut entry = Entry::default();
    if let Some(state) = person.state_at(on) {
        entry.fill(person, state, true);
    }
    entry
}
