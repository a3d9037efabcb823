//! Ten years in the life of a household: marriages, divorces, births, deaths, moves, jobs, phones.
//!
//! Each kind of event has its own stretch of the year, in a fixed order, so the states of a person come out in order
//! of time without sorting. Partners who marry in come from outside: nobody's life depends on another household.

use crate::calendar::{Date, Day, new_year};
use crate::data::Tables;
use crate::household::{Household, Member, Role};
use crate::names;
use crate::person::{Cover, CoverKind, END, MEMBERS_MAX, Name, Person, START, State};
use crate::place;
use crate::registration::plan::Plan;
use crate::world::World;

/// From this day on the readings in the family register are checked and corrected.
const READING_FIX_BEGINS: Day = Date::new(2025, 5, 26).to_day();

/// Days of the stretch that each kind of event has in a year.
const STRETCH: i32 = 45;

/// Yearly deaths per million at ages under 40, 60, 70, 80, 90 and above (assumptions near the life table).
const DEATHS: [(i32, u32); 6] = [(40, 500), (60, 2_500), (70, 9_000), (80, 22_000), (90, 75_000), (200, 200_000)];

/// The people of a household number, with everything that happens to them.
pub(crate) fn people_of(world: &World, number: u64) -> Vec<Person> {
    let mut household = Household::begin(world, number);
    for year in names::year_of(START)..names::year_of(END) {
        household.pass_year(world, new_year(year));
    }
    let mut people: Vec<Person> = household.members.into_iter().map(|member| member.person).collect();
    let stream = &mut household.stream;
    for person in &mut people {
        turn_75(person, stream);
    }
    people
}

impl Household {
    fn pass_year(&mut self, world: &World, first: Day) {
        let life = &world.rates.life;
        let day =
            |household: &mut Self, stretch: i32| first + stretch * STRETCH + household.stream.between(0, STRETCH - 1);
        let on = day(self, 0);
        self.deaths(on);
        if self.stream.chance(life.birth) {
            let (on, twins) = (day(self, 1), self.stream.chance(life.twins));
            self.birth(on, twins);
        }
        for place in 0..self.members.len() {
            let on = day(self, 2);
            self.job(world, place, on);
        }
        for place in 0..self.members.len() {
            if self.stream.chance(life.marriage) {
                let on = day(self, 3);
                self.marriage(world, place, on);
            }
        }
        if self.stream.chance(life.divorce) {
            let on = day(self, 4);
            self.divorce(world, on);
        }
        if self.stream.chance(life.house_move) {
            let on = day(self, 5);
            self.house_move(world, on);
        }
        for place in 0..self.members.len() {
            let on = day(self, 6);
            if self.stream.chance(life.leaves_home) {
                self.leave_home(world, place, on);
            }
        }
        for place in 0..self.members.len() {
            let on = day(self, 7);
            self.small_changes(world, place, on);
        }
    }

    fn deaths(&mut self, on: Day) {
        for member in self.members.iter_mut().filter(|member| member.person.alive(on)) {
            let age = member.person.age(on);
            let rate = DEATHS.iter().find(|(limit, _)| age < *limit).map_or(0, |(_, rate)| *rate);
            if self.stream.chance(rate) {
                member.person.died = Some(on);
            }
        }
    }

    fn birth(&mut self, on: Day, twins: bool) {
        let Some(mother) = self.members.iter().find(|member| {
            member.person.female
                && member.married
                && member.at_home
                && member.person.alive(on)
                && (22..=42).contains(&member.person.age(on))
        }) else {
            return;
        };
        let Some(state) = mother.person.last().cloned() else { return };
        let children = if twins { 2 } else { 1 };
        for _ in 0..children {
            let place = self.members.len();
            if place >= MEMBERS_MAX {
                return;
            }
            let female = self.stream.percent(49);
            let given = self.child_name(female, names::year_of(on));
            let branch = u8::try_from(place).unwrap_or(0);
            let cover = state.cover.map(|cover| Cover { branch, ..cover });
            let state = State { from: on, given, cover, ..state.clone() };
            let person = Person {
                number: self.number * 16 + u64::try_from(place).unwrap_or(0),
                female,
                birth: on,
                died: None,
                foreign: self.origin.is_some(),
                states: vec![state],
                plan: Plan::default(),
            };
            let role = Role::Child;
            self.members.push(Member { person, role, maiden: None, married: false, employed: false, at_home: true });
        }
    }

    fn child_name(&mut self, female: bool, year: i32) -> Name {
        if let Some(origin) = self.origin {
            return names::foreign(&mut self.stream, if female { "F" } else { "M" }, origin);
        }
        let siblings: Vec<&Name> =
            self.members.iter().filter_map(|member| Some(&member.person.last()?.given)).collect();
        names::sibling(&mut self.stream, female, year, &siblings)
    }

    /// A new job, the first job, or retirement; dependants go along.
    fn job(&mut self, world: &World, place: usize, on: Day) {
        let change = self.stream.chance(world.rates.life.job_change);
        let Some(member) = self.members.get_mut(place) else { return };
        let age = member.person.age(on);
        if !member.person.alive(on) || age >= 74 {
            return;
        }
        let starts =
            member.role == Role::Child && !member.employed && (18..=24).contains(&age) && self.stream.percent(25);
        let retires = member.employed && age >= 65 && self.stream.percent(40);
        if !(starts || retires || (change && member.employed)) {
            return;
        }
        let old = member.person.last().and_then(|state| state.cover);
        let home = member.person.last().map(|state| state.home);
        member.employed = !retires;
        let Some(home) = home else { return };
        let new = if retires { place::municipal(&mut self.stream, home) } else { place::employment(&mut self.stream) };
        member.person.change(on, |state| state.cover = Some(new));
        let Some(old) = old else { return };
        for other in self.members.iter_mut().filter(|other| other.at_home && other.person.alive(on)) {
            other.person.change_if_covered(on, old, new);
        }
    }

    /// Somebody single marries a partner from outside and moves out.
    fn marriage(&mut self, world: &World, place: usize, on: Day) {
        let local = world.local_names();
        let Some(member) = self.members.get_mut(place) else { return };
        let single = !member.married && matches!(member.role, Role::Head | Role::Child);
        if !single || !member.person.alive(on) || !(20..=45).contains(&member.person.age(on)) || member.person.foreign {
            return;
        }
        let stream = &mut self.stream;
        let surname_changes = if member.person.female { 95 } else { 5 };
        let surname = stream.percent(surname_changes).then(|| names::surname(stream, local));
        let Some(old) = member.person.last().cloned() else { return };
        let home = place::next_home(stream, old.home, world.regions);
        let landline = stream.percent(35).then(|| place::landline(stream, home));
        let dependant = member.person.female && stream.percent(40);
        let cover = (dependant || !member.employed).then(|| Cover { branch: 1, ..place::employment(stream) });
        member.maiden = surname.is_some().then(|| old.family.clone());
        member.married = true;
        member.at_home = false;
        if dependant {
            member.employed = false;
        }
        member.person.change(on, |state| {
            if let Some(surname) = surname {
                state.family = surname;
            }
            state.home = home;
            state.landline = landline;
            state.cover = cover.or(state.cover);
        });
    }

    /// A couple parts: the spouse moves out, six in ten take their old surname back.
    fn divorce(&mut self, world: &World, on: Day) {
        let stream = &mut self.stream;
        let spouse = self.members.iter_mut().find(|member| {
            member.role == Role::Spouse && member.at_home && member.person.alive(on) && member.person.age(on) < 70
        });
        let Some(member) = spouse else { return };
        let maiden = member.maiden.take().filter(|_| stream.percent(60));
        let Some(old) = member.person.last().cloned() else { return };
        let home = place::next_home(stream, old.home, world.regions);
        let cover = (!member.employed).then(|| place::municipal(stream, home));
        member.married = false;
        member.at_home = false;
        member.person.change(on, |state| {
            if let Some(maiden) = maiden {
                state.family = maiden;
            }
            state.home = home;
            state.landline = None;
            state.cover = cover.or(state.cover);
        });
        if let Some(head) = self.members.first_mut() {
            head.married = false;
        }
    }

    /// The household moves together. Old people move less.
    fn house_move(&mut self, world: &World, on: Day) {
        let Some(head) = self.members.first() else { return };
        let stay = if head.person.age(on) >= 65 { 70 } else { 0 };
        if self.stream.percent(stay) {
            return;
        }
        let Some(old) = head.person.last().cloned() else { return };
        let stream = &mut self.stream;
        let home = place::next_home(stream, old.home, world.regions);
        let same_town = place::municipality(home) == place::municipality(old.home) && home.region == old.home.region;
        let landline = if same_town { old.landline } else { old.landline.map(|_| place::landline(stream, home)) };
        let municipal = place::municipal(stream, home);
        for member in self.members.iter_mut().filter(|member| member.at_home && member.person.alive(on)) {
            member.person.change(on, |state| {
                state.home = home;
                state.landline = landline;
                if let Some(cover) = &mut state.cover
                    && cover.kind == CoverKind::Municipal
                    && !same_town
                {
                    *cover = Cover { branch: cover.branch, ..municipal };
                }
            });
        }
    }

    fn leave_home(&mut self, world: &World, place: usize, on: Day) {
        let Some(member) = self.members.get_mut(place) else { return };
        let leaves = member.role == Role::Child && member.at_home && (18..=25).contains(&member.person.age(on));
        let Some(old) = member.person.last().cloned().filter(|_| leaves && member.person.alive(on)) else { return };
        let stream = &mut self.stream;
        let home = place::next_home(stream, old.home, world.regions);
        let mobile = old.mobile.or_else(|| Some(place::mobile(stream)));
        member.at_home = false;
        member.person.change(on, |state| {
            state.home = home;
            state.landline = None;
            state.mobile = mobile;
        });
    }

    /// A new mobile number, a first own one, or a corrected reading.
    fn small_changes(&mut self, world: &World, place: usize, on: Day) {
        let stream = &mut self.stream;
        let (changes, fixes) =
            (stream.chance(world.rates.life.mobile_change), stream.chance(world.rates.life.reading_fix));
        let own = stream.percent(25);
        let shared = |member: &Member| member.person.last().and_then(|state| state.mobile);
        let parent = self.members.iter().find(|member| member.role == Role::Spouse).or(self.members.first());
        let parent = parent.and_then(shared);
        let Some(member) = self.members.get_mut(place).filter(|member| member.person.alive(on)) else { return };
        let age = member.person.age(on);
        let grown = member.role == Role::Child && age >= 12 && own && shared(member) == parent;
        if age >= 12 && (grown || (changes && shared(member).is_some())) {
            let mobile = place::mobile(stream);
            member.person.change(on, |state| state.mobile = Some(mobile));
        }
        if fixes && on >= READING_FIX_BEGINS && !member.person.foreign {
            correct_reading(member, on);
        }
    }
}

impl Person {
    /// A dependant follows when the cover that was shared changes.
    fn change_if_covered(&mut self, on: Day, old: Cover, new: Cover) {
        let shares = self.last().and_then(|state| state.cover).is_some_and(|cover| {
            (cover.insurer, cover.symbol, cover.number) == (old.insurer, old.symbol, old.number)
                && cover.kind != CoverKind::LateElderly
        });
        if shares {
            self.change(on, |state| state.cover = state.cover.map(|cover| Cover { branch: cover.branch, ..new }));
        }
    }
}

/// Until now another usual reading of the given name was registered everywhere.
fn correct_reading(member: &mut Member, on: Day) {
    let Some(given) = member.person.last().map(|state| state.given.clone()) else { return };
    let names = Tables::get().given(member.person.female);
    let Some(other) = names.readings(&given.kanji).find(|row| row.1 != given.kana) else { return };
    for state in &mut member.person.states {
        state.given.kana = other.1.into();
    }
    member.person.change(on, |state| state.given = given);
}

/// From the 75th birthday on everybody is insured alone.
pub(crate) fn turn_75(person: &mut Person, stream: &mut crate::random::Stream) {
    let born = Date::from_day(person.birth);
    let birthday = Date::new(born.year + 75, born.month, born.day.min(28)).to_day();
    let Some(home) = person.state_at(birthday).map(|state| state.home) else { return };
    if !(START..END).contains(&birthday) || !person.alive(birthday) {
        return;
    }
    let cover = place::late_elderly(stream, home);
    person.change_from(birthday, |state| state.cover = Some(cover));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Profile, Settings};

    fn some_people() -> Vec<Person> {
        let world = World::new(&Settings::new(100, 3, Profile::Base));
        (0..4_000).flat_map(|number| people_of(&world, number)).collect()
    }

    #[test]
    fn lives_are_in_order() {
        for person in some_people() {
            assert!(person.states.is_sorted_by_key(|state| state.from), "{person:?}");
            assert!(person.died.is_none_or(|died| died >= person.birth.max(START)), "{person:?}");
            let old = person.states.iter().filter(|state| person.age(state.from) > 76).filter_map(|state| state.cover);
            assert!(old.into_iter().all(|cover| cover.kind == CoverKind::LateElderly), "{person:?}");
        }
    }

    #[test]
    fn ten_years_bring_what_they_should() {
        let people = some_people();
        let count = |wanted: &dyn Fn(&Person) -> bool| people.iter().filter(|person| wanted(person)).count();
        let permille = |part: usize| part * 1_000 / people.len();
        // Per 1,000 people and year: births 5.8, deaths 12.7, marriages 3.8 couples.
        let births = permille(count(&|person| person.birth >= START));
        let deaths = permille(count(&|person| person.died.is_some()));
        let renamed = permille(count(&|person| {
            person.states.first().map(|state| &state.family) != person.last().map(|state| &state.family)
        }));
        let old = permille(count(&|person| person.age(END) >= 65));
        assert!((40..75).contains(&births), "{births}");
        assert!((90..160).contains(&deaths), "{deaths}");
        assert!((20..60).contains(&renamed), "{renamed}");
        assert!((290..400).contains(&old), "{old}");
    }
}
