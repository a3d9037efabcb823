//! Makes the people of a case: the common steps from which the strata are built.

use crate::calendar::{Day, new_year};
use crate::errors::ErrorKind;
use crate::household::household_cover;
use crate::life::turn_75;
use crate::names;
use crate::person::{Cover, END, Name, Person, START, State};
use crate::place;
use crate::random::Stream;
use crate::registration::entry::Field;
use crate::registration::plan::{Forced, Plan};
use crate::world::World;

impl Person {
    /// Prescribes a value of the first record.
    pub(crate) fn force(&mut self, field: Field, kind: ErrorKind, value: &str) {
        self.plan.forced.push(Forced { record: 0, field, value: value.to_owned(), kind });
    }
}

/// A case under way.
#[derive(Debug)]
pub(crate) struct Cast<'a> {
    pub(crate) world: &'a World,
    pub(crate) stream: Stream,
    pub(crate) household: u64,
    pub(crate) case: u64,
}

impl Cast<'_> {
    /// A day in one of these years.
    pub(crate) fn born(&mut self, first_year: i32, last_year: i32) -> Day {
        let year = self.stream.between(first_year, last_year);
        new_year(year) + self.stream.between(0, 364)
    }

    /// A day well inside the simulated time, so that records lie on both sides.
    pub(crate) fn middle_day(&mut self) -> Day {
        self.stream.between(START + 900, END - 900)
    }

    /// An institution that the first of these people would go to.
    pub(crate) fn site(&mut self, people: &[Person]) -> usize {
        let home = people.first().and_then(|person| person.last()).map(|state| state.home);
        self.world.institutions.choose(&mut self.stream, home.map_or(0, place::municipality))
    }

    pub(crate) fn surname(&mut self) -> Name {
        names::surname(&mut self.stream, self.world.local_names())
    }

    pub(crate) fn given(&mut self, female: bool, birth: Day) -> Name {
        names::given(&mut self.stream, female, names::year_of(birth))
    }

    /// A given name that differs from these in spelling and reading.
    pub(crate) fn other_given(&mut self, female: bool, birth: Day, others: &[&Name]) -> Name {
        names::sibling(&mut self.stream, female, names::year_of(birth), others)
    }

    /// What a household begins with; the insurance is that of its head.
    pub(crate) fn state(&mut self, family: Name, given: Name) -> State {
        let region = place::region(&mut self.stream, self.world.regions);
        let home = place::home(&mut self.stream, region);
        let landline = self.stream.percent(70).then(|| place::landline(&mut self.stream, home));
        let mobile = Some(place::mobile(&mut self.stream));
        let cover = Some(household_cover(&mut self.stream, home));
        State { from: START, family, given, home, landline, mobile, cover }
    }

    /// A person who begins with a state; the place in the household gives number and branch number.
    pub(crate) fn person(&self, place: u8, female: bool, birth: Day, state: State) -> Person {
        let cover = state.cover.map(|cover| Cover { branch: place, ..cover });
        Person {
            number: self.household * 16 + u64::from(place),
            female,
            birth,
            died: None,
            foreign: false,
            states: vec![State { from: birth.max(START), cover, ..state }],
            plan: Plan::default(),
        }
    }

    /// Lets the simulated years pass for people who live together: moves, jobs, mobiles, the 75th birthday.
    pub(crate) fn live_together(&mut self, people: &mut [Person]) {
        let life = self.world.rates.life.clone();
        for year in names::year_of(START)..names::year_of(END) {
            let first = new_year(year);
            if self.stream.chance(life.house_move) {
                let on = first + self.stream.between(0, 100);
                self.move_house(people, on);
            }
            if self.stream.chance(life.job_change) {
                let on = first + self.stream.between(101, 200);
                let cover = place::employment(&mut self.stream);
                for person in people.iter_mut().filter(|person| person.alive(on)) {
                    person
                        .change(on, |state| state.cover = state.cover.map(|old| Cover { branch: old.branch, ..cover }));
                }
            }
            for person in people.iter_mut() {
                let on = first + self.stream.between(201, 364);
                if self.stream.chance(life.mobile_change) && person.alive(on) {
                    let mobile = place::mobile(&mut self.stream);
                    person.change(on, |state| state.mobile = Some(mobile));
                }
            }
        }
        for person in people {
            turn_75(person, &mut self.stream);
        }
    }

    /// The same for each alone.
    pub(crate) fn live_apart(&mut self, people: &mut [Person]) {
        for person in people {
            self.live_together(std::slice::from_mut(person));
        }
    }

    fn move_house(&mut self, people: &mut [Person], on: Day) {
        let Some(old) = people.first().and_then(|person| person.last()).cloned() else { return };
        let home = place::next_home(&mut self.stream, old.home, self.world.regions);
        let landline = old.landline.map(|_| place::landline(&mut self.stream, home));
        for person in people.iter_mut().filter(|person| person.alive(on)) {
            person.change(on, |state| {
                state.home = home;
                state.landline = landline;
            });
        }
    }
}
