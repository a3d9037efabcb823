//! Registers a person at institutions: first visits, refreshes, what goes stale, what goes wrong.
//!
//! A registration copies what is true on the day of the first visit. A later visit brings it up to date only now and
//! then, so most differences between the records of one person are old truths, not noise.

pub(crate) mod entry;
pub(crate) mod plan;

use crate::calendar::{Day, new_year};
use crate::errors::{self, ErrorKind, Label, Sheet};
use crate::institution::Institution;
use crate::person::{END, Person, START, State};
use crate::place;
use crate::random::{Kind, Stream};
use crate::registration::entry::{Entry, Field, INSURANCE};
use crate::settings::Columns;
use crate::world::World;

/// Records that a person number has room for.
pub(crate) const RECORDS_MAX: u8 = 32;

/// From this day on every insured person has a branch number of their own on every card.
const BRANCH_EVERYWHERE: Day = new_year(2022);

/// Share of registrations in which the other of two phone numbers is given (assumption).
const OTHER_PHONE_PERCENT: u32 = 15;

/// One finished registration.
#[derive(Debug)]
pub(crate) struct Registered<'a> {
    /// Unique in a run; the ids are made from it.
    pub(crate) number: u64,
    /// The patient number is made from it: the same, unless a number was used again.
    pub(crate) local_number: u64,
    pub(crate) institution: &'a Institution,
    pub(crate) registered_on: Day,
    pub(crate) sheet: &'a Sheet,
}

/// Buffers that are reused from record to record.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    sheet: Sheet,
    today: Entry,
}

/// When and where a record was made, and how old its values are.
#[derive(Clone, Copy, Debug)]
struct Visit {
    record: u8,
    institution: usize,
    registered_on: Day,
    /// The day of the last refresh.
    as_of: Day,
    last_visit: Day,
}

/// Makes all records of a person, one call of `emit` each.
pub(crate) fn register<E>(
    world: &World,
    desk: &mut Desk,
    person: &Person,
    mut emit: impl FnMut(&Registered<'_>) -> Result<(), E>,
) -> Result<(), E> {
    let mut stream = Stream::new(world.seed, Kind::Registration, person.number);
    let visits = visits(world, person, &mut stream);
    let mobile_first = stream.percent(if person.age(END) < 70 { 75 } else { 25 });
    for visit in visits {
        let Some(institution) = world.institutions.all.get(visit.institution) else { continue };
        let number = person.number * u64::from(RECORDS_MAX) + u64::from(visit.record);
        let mut errors = Stream::new(world.seed, Kind::FieldErrors, number);
        let other_phone = errors.percent(OTHER_PHONE_PERCENT);
        desk.copy_truth(person, visit, mobile_first != other_phone);
        desk.show_card(world, person, visit, &mut errors);
        let romaji = person.foreign && desk.sheet.entry.get(Field::FamilyKanji).is_ascii();
        if romaji && institution.habits.given_name_first {
            desk.sheet.exchange_names();
        }
        errors::at_the_counter(&mut desk.sheet, person, &world.rates.errors, &mut errors);
        for forced in person.plan.forced.iter().filter(|forced| forced.record == visit.record) {
            desk.sheet.replace(forced.field, forced.kind, &forced.value);
        }
        errors::in_the_system(&mut desk.sheet, &institution.habits);
        if !institution.habits.gives_insurance {
            desk.sheet.clear_unlabelled(&INSURANCE);
        }
        let local_number = person.plan.local_id_of.filter(|_| visit.record == 0).unwrap_or(number);
        let registered_on = visit.registered_on;
        emit(&Registered { number, local_number, institution, registered_on, sheet: &desk.sheet })?;
    }
    Ok(())
}

/// All registrations of a person, in order of planning.
fn visits(world: &World, person: &Person, stream: &mut Stream) -> Vec<Visit> {
    let plan = &person.plan;
    let first = START.max(person.birth).min(END - 1);
    let last = person.died.unwrap_or(END).min(END) - 1;
    let mut visits: Vec<Visit> = Vec::new();
    let count = plan.records.unwrap_or_else(|| record_count(world.columns, stream)).max(plan.records_min);
    for record in 0..count.min(RECORDS_MAX / 2) {
        let fixed = plan.fixed.iter().find(|(fixed, _)| *fixed == record).map(|(_, day)| *day);
        let day = fixed.unwrap_or_else(|| stream.between(first, last.max(first)));
        let municipality = person.state_at(day).map_or(0, |state| place::municipality(state.home));
        let mut institution = world.institutions.choose(stream, municipality);
        for _ in 0..12 {
            if visits.iter().all(|visit| visit.institution != institution) {
                break;
            }
            institution = world.institutions.choose(stream, municipality);
        }
        if let Some(site) = plan.site.filter(|_| record == 0) {
            institution = site;
        }
        let visit = Visit { record, institution, registered_on: day, as_of: day, last_visit: day };
        let refreshed = refresh(world, visit, last, stream);
        visits.push(if fixed.is_some() { visit } else { refreshed });
    }
    let duplicates = if plan.no_duplicates { 0 } else { visits.len() };
    for place in 0..duplicates {
        if stream.chance(world.rates.errors.duplicate)
            && let Some(original) = visits.get(place).copied()
        {
            let day = stream.between(original.registered_on, last.max(original.registered_on));
            let record = u8::try_from(visits.len()).unwrap_or(RECORDS_MAX - 1);
            let visit = Visit { record, registered_on: day, as_of: day, last_visit: day, ..original };
            visits.push(refresh(world, visit, last, stream));
        }
    }
    visits
}

/// Later visits, of which some bring the values up to date.
fn refresh(world: &World, mut visit: Visit, last: Day, stream: &mut Stream) -> Visit {
    let mut later = [0; 5];
    let count = stream.place(later.len() + 1);
    let later = later.get_mut(..count).unwrap_or_default();
    later.iter_mut().for_each(|day| *day = stream.between(visit.registered_on, last.max(visit.registered_on)));
    later.sort_unstable();
    for &day in later.iter() {
        visit.last_visit = day;
        if stream.chance(world.rates.refresh) {
            visit.as_of = day;
        }
    }
    visit
}

/// How many institutions know a person.
fn record_count(columns: Columns, stream: &mut Stream) -> u8 {
    let (fewest, weights): (u8, &[u32]) = match columns {
        // Three to six, four on average.
        Columns::Person => (3, &[36, 35, 20, 9]),
        // As the dataset has it: 1.65 on average.
        Columns::Jp10k => (1, &[614, 228, 92, 36, 20, 10]),
    };
    fewest + u8::try_from(stream.weighted(weights)).unwrap_or(0)
}

impl Desk {
    /// Fills the sheet with what was true at the last refresh and labels what has changed since.
    fn copy_truth(&mut self, person: &Person, visit: Visit, mobile_first: bool) {
        self.sheet.labels.clear();
        let (then, now) = (person.place_at(visit.as_of), person.place_at(visit.last_visit));
        let Some(state) = person.states.get(then) else { return };
        self.sheet.entry.fill(person, state, mobile_first);
        let Some(current) = person.states.get(now).filter(|_| now != then) else { return };
        self.today.fill(person, current, mobile_first);
        for field in Field::ALL {
            let (before, after) = (self.today.get(field), self.sheet.entry.get(field));
            if before != after {
                let (before, after) = (before.to_owned(), after.to_owned());
                self.sheet.labels.push(Label { field, kind: ErrorKind::Stale, before, after });
            }
        }
    }

    /// The insurance card: perhaps an old one, perhaps from before the branch numbers.
    fn show_card(&mut self, world: &World, person: &Person, visit: Visit, errors: &mut Stream) {
        let rates = &world.rates.errors;
        let place = person.place_at(visit.as_of);
        if errors.chance(rates.old_card)
            && let Some(old) = earlier_cover(person, place)
        {
            self.today.fill_cover(old.cover);
            for field in INSURANCE {
                self.sheet.replace(field, ErrorKind::OldCard, self.today.get(field));
            }
        }
        let without_branch = visit.as_of < BRANCH_EVERYWHERE && errors.chance(rates.branch_missing);
        if without_branch || person.plan.branch_never {
            self.sheet.replace(Field::BranchNo, ErrorKind::Missing, "");
        }
    }
}

/// The last state with another insurance than the one at this place.
fn earlier_cover(person: &Person, place: usize) -> Option<&State> {
    let current = person.states.get(place)?.cover;
    let earlier = person.states.get(..place)?;
    earlier.iter().rev().find(|state| state.cover.is_some() && state.cover != current)
}
