//! People and what is true of them, day by day.
//!
//! A person is a list of states, each true from a day until the next one begins. Registrations copy a state and then
//! go stale; nothing here is ever wrong.

use std::borrow::Cow;

use crate::calendar::{Day, new_year};
use crate::registration::plan::Plan;

/// The first simulated day: people live through ten years.
pub(crate) const START: Day = new_year(2016);

/// The day after the last simulated one.
pub(crate) const END: Day = new_year(2026);

/// A name in kanji (romaji for foreigners) and in katakana.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) kanji: Cow<'static, str>,
    pub(crate) kana: Cow<'static, str>,
}

impl Name {
    pub(crate) const fn fixed(kanji: &'static str, kana: &'static str) -> Self {
        Self { kanji: Cow::Borrowed(kanji), kana: Cow::Borrowed(kana) }
    }

    pub(crate) fn made(kanji: String, kana: String) -> Self {
        Self { kanji: Cow::Owned(kanji), kana: Cow::Owned(kana) }
    }
}

/// Where somebody lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Home {
    /// 0 is Shimane itself; the other regions are copies of it with postcodes of their own.
    pub(crate) region: u16,
    /// Place in the table of towns.
    pub(crate) town: usize,
    /// 丁目, 番, 号; a 0 is absent.
    pub(crate) numbers: [u16; 3],
    /// Which building, 0 for a house.
    pub(crate) building: u16,
    pub(crate) room: u16,
}

/// A phone number without its leading zero: nine digits on land, ten for a mobile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Phone(pub(crate) u64);

/// The kinds of health insurance that are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CoverKind {
    /// Through work; dependants share symbol and number.
    Employment,
    /// 国保, through the municipality; the household shares symbol and number.
    Municipal,
    /// 後期高齢者, from the 75th birthday, each person alone.
    LateElderly,
}

/// One enrolment in health insurance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cover {
    pub(crate) kind: CoverKind,
    /// Insurer number with its check digit, as a number.
    pub(crate) insurer: u32,
    /// 0 when there is no symbol.
    pub(crate) symbol: u32,
    pub(crate) number: u32,
    pub(crate) branch: u8,
}

/// What is true of a person from a day on.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) from: Day,
    pub(crate) family: Name,
    pub(crate) given: Name,
    pub(crate) home: Home,
    pub(crate) landline: Option<Phone>,
    pub(crate) mobile: Option<Phone>,
    pub(crate) cover: Option<Cover>,
}

/// A person with everything that happens to them.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// Household number × 16 + place in the household; unique in a run.
    pub(crate) number: u64,
    pub(crate) female: bool,
    pub(crate) birth: Day,
    pub(crate) died: Option<Day>,
    pub(crate) foreign: bool,
    /// In order of time and never empty.
    pub(crate) states: Vec<State>,
    /// What a stratum prescribes about the registrations.
    pub(crate) plan: Plan,
}

/// Members that a household number has room for.
pub(crate) const MEMBERS_MAX: usize = 16;

impl Person {
    /// Completed years on a day, leap days ignored.
    pub(crate) fn age(&self, day: Day) -> i32 {
        (day - self.birth).div_euclid(365)
    }

    pub(crate) fn alive(&self, day: Day) -> bool {
        self.birth <= day && self.died.is_none_or(|died| day < died)
    }

    /// Place in `states` of what is true on a day (the first state before its own beginning).
    pub(crate) fn place_at(&self, day: Day) -> usize {
        self.states.partition_point(|state| state.from <= day).saturating_sub(1)
    }

    pub(crate) fn state_at(&self, day: Day) -> Option<&State> {
        self.states.get(self.place_at(day))
    }

    pub(crate) fn last(&self) -> Option<&State> {
        self.states.last()
    }

    /// Something changes for good. Changes are made in order of time.
    pub(crate) fn change(&mut self, day: Day, change: impl FnOnce(&mut State)) {
        let Some(last) = self.states.last_mut() else { return };
        if last.from >= day {
            change(last);
            return;
        }
        let mut next = last.clone();
        next.from = day;
        change(&mut next);
        self.states.push(next);
    }

    /// Something is different from a day on, whatever else has changed since.
    pub(crate) fn change_from(&mut self, day: Day, change: impl Fn(&mut State)) {
        let place = self.place_at(day);
        if let Some(current) = self.states.get(place)
            && current.from < day
        {
            let mut split = current.clone();
            split.from = day;
            self.states.insert(place + 1, split);
        }
        self.states.iter_mut().filter(|state| state.from >= day).for_each(change);
    }
}
