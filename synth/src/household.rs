//! One household: who lives there when the simulation begins, and what they share.
//!
//! Surname, address, landline and, through the head or a working spouse, insurance symbol and number are shared;
//! the branch number differs. [`crate::life`] then lets ten years pass.

use crate::calendar::{Day, new_year};
use crate::names;
use crate::person::{Cover, Home, Name, Person, Phone, START, State};
use crate::place;
use crate::random::{Kind, Stream};
use crate::registration::plan::Plan;
use crate::world::World;

/// A member's place in the family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Head,
    Spouse,
    Child,
    Grandparent,
}

/// A member and what life needs to know beside the registered values.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) person: Person,
    pub(crate) role: Role,
    /// The surname before marriage, of a married person who gave it up.
    pub(crate) maiden: Option<Name>,
    pub(crate) married: bool,
    /// Insured through own work; others are dependants or municipally insured.
    pub(crate) employed: bool,
    /// Still part of the household.
    pub(crate) at_home: bool,
}

/// A household under way.
#[derive(Debug)]
pub(crate) struct Household {
    pub(crate) number: u64,
    pub(crate) stream: Stream,
    pub(crate) members: Vec<Member>,
    pub(crate) origin: Option<&'static str>,
}

/// What all members have when the simulation begins.
struct Shared {
    family: Name,
    home: Home,
    landline: Option<Phone>,
    municipal: Cover,
    head_work: Option<Cover>,
}

impl Household {
    /// The household of a number as it is on the first simulated day.
    pub(crate) fn begin(world: &World, number: u64) -> Self {
        let mut stream = Stream::new(world.seed, Kind::Household, number);
        let foreign = stream.chance(world.rates.life.foreign);
        let origin = foreign.then(|| names::origin(&mut stream));
        let mut household = Self { number, stream, members: Vec::new(), origin };
        let ages = household.draw_ages();
        let shared = household.draw_shared(world, ages.first().map_or(50, |age| age.1));
        for (place, &(role, age)) in ages.iter().enumerate() {
            let spouse_works = role == Role::Spouse && age < 65 && household.stream.percent(40);
            let own_work = spouse_works.then(|| place::employment(&mut household.stream));
            household.add(&shared, Newcomer { role, age, place, own_work });
        }
        household.share_mobiles();
        household
    }

    /// Members with their ages, head first. Shares of household types are assumptions for rural Japan.
    fn draw_ages(&mut self) -> Vec<(Role, i32)> {
        let stream = &mut self.stream;
        let kind = stream.weighted(&[33, 25, 22, 8, 10, 2]);
        if kind == 0 {
            let age = match stream.weighted(&[30, 25, 45]) {
                0 => stream.between(20, 39),
                1 => stream.between(40, 64),
                _ => stream.between(65, 94),
            };
            return vec![(Role::Head, age)];
        }
        if kind == 1 {
            let age = match stream.weighted(&[15, 25, 60]) {
                0 => stream.between(25, 39),
                1 => stream.between(40, 64),
                _ => stream.between(65, 88),
            };
            return vec![(Role::Head, age), (Role::Spouse, (age - 2 + stream.between(-4, 4)).max(20))];
        }
        if kind == 5 {
            let age = stream.between(42, 66);
            return vec![(Role::Head, age), (Role::Grandparent, age + stream.between(22, 32))];
        }
        let age = stream.between(28, 55);
        let mut ages = vec![(Role::Head, age)];
        if kind != 3 {
            ages.push((Role::Spouse, (age - 2 + stream.between(-4, 4)).max(22)));
        }
        let children = 1 + stream.weighted(&[40, 45, 15]);
        let mut child = age - stream.between(22, 38);
        for _ in 0..children {
            if (0..=24).contains(&child) {
                ages.push((Role::Child, child));
            }
            child -= stream.between(1, 5);
        }
        if kind == 4 {
            let old = age + stream.between(23, 34);
            ages.push((Role::Grandparent, old));
            if stream.percent(55) {
                ages.push((Role::Grandparent, old - stream.between(0, 5)));
            }
        }
        ages
    }

    fn draw_shared(&mut self, world: &World, head_age: i32) -> Shared {
        let stream = &mut self.stream;
        let family = match self.origin {
            Some(origin) => names::foreign(stream, "family", origin),
            None => names::surname(stream, world.local_names()),
        };
        let region = place::region(stream, world.regions);
        let home = place::home(stream, region);
        let with_landline = if head_age < 40 { 35 } else { 80 };
        let landline = stream.percent(with_landline).then(|| place::landline(stream, home));
        let municipal = place::municipal(stream, home);
        let works = head_age < 66 && stream.percent(78);
        let head_work = works.then(|| place::employment(stream));
        Shared { family, home, landline, municipal, head_work }
    }

    fn add(&mut self, shared: &Shared, new: Newcomer) {
        let first_old = !self.members.iter().any(|member| member.role == Role::Grandparent);
        let stream = &mut self.stream;
        let female = match new.role {
            Role::Head => stream.percent(22),
            Role::Spouse => !self.members.first().is_some_and(|head| head.person.female),
            Role::Child => stream.percent(49),
            // Widows are many: a single grandparent is mostly a woman, a second one the husband.
            Role::Grandparent => first_old,
        };
        let birth = birth_day(stream, new.age);
        let year = names::year_of(birth);
        let given = match self.origin {
            Some(origin) => names::foreign(stream, if female { "F" } else { "M" }, origin),
            None => {
                let siblings: Vec<&Name> =
                    self.members.iter().filter_map(|other| Some(&other.person.last()?.given)).collect();
                names::sibling(stream, female, year, &siblings)
            }
        };
        let maiden = (new.role == Role::Spouse && self.origin.is_none()).then(|| names::surname(stream, true));
        let branch = u8::try_from(new.place).unwrap_or(0);
        let dependant = |cover: Cover| Cover { branch, ..cover };
        let employed = new.own_work.is_some() || (new.role == Role::Head && shared.head_work.is_some());
        let cover = if new.age >= 75 {
            Some(place::late_elderly(stream, shared.home))
        } else {
            new.own_work.or(shared.head_work.map(dependant)).or(Some(dependant(shared.municipal)))
        };
        // Public assistance has no insurer; 1.6 % of people, drawn per household head and single person.
        let cover = cover.filter(|_| !stream.chance(16_000));
        let with_mobile = match new.age {
            ..12 => 0,
            12..70 => 92,
            _ => 45,
        };
        let mobile = stream.percent(with_mobile).then(|| place::mobile(stream));
        let state = State {
            from: birth.min(START),
            family: shared.family.clone(),
            given,
            home: shared.home,
            landline: shared.landline,
            mobile,
            cover,
        };
        let person = Person {
            number: self.number * 16 + u64::try_from(new.place).unwrap_or(0),
            female,
            birth,
            died: None,
            foreign: self.origin.is_some(),
            states: vec![state],
            plan: Plan::default(),
        };
        let married = new.role == Role::Spouse;
        if married && let Some(head) = self.members.first_mut() {
            head.married = true;
        }
        self.members.push(Member { person, role: new.role, maiden, married, employed, at_home: true });
    }

    /// Small children are reached through a parent's mobile.
    fn share_mobiles(&mut self) {
        let mother = self.members.iter().find(|member| member.role == Role::Spouse);
        let parent = mother.or(self.members.first()).and_then(|member| member.person.last()?.mobile);
        for member in self.members.iter_mut().filter(|member| member.role == Role::Child) {
            for state in member.person.states.iter_mut().filter(|state| state.mobile.is_none()) {
                state.mobile = parent;
            }
        }
    }
}

/// A member to be added.
#[derive(Clone, Copy)]
struct Newcomer {
    role: Role,
    age: i32,
    /// Place in the household, which is also the branch number.
    place: usize,
    own_work: Option<Cover>,
}

/// The insurance that a household begins with in a stratum: through work, or through the municipality.
pub(crate) fn household_cover(stream: &mut Stream, home: Home) -> Cover {
    if stream.percent(70) { place::employment(stream) } else { place::municipal(stream, home) }
}

/// A birth day that makes this age on the first simulated day.
fn birth_day(stream: &mut Stream, age: i32) -> Day {
    let year = names::year_of(START) - 1 - age;
    new_year(year) + stream.between(0, 364)
}
