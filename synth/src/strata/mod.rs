//! The adversarial strata: cases that break a careless matcher, always generated, in fixed counts.
//!
//! A case is two people whose records look alike, or one person whose records do not. Everybody in them is registered
//! with the same noise as everybody else and keeps two records at least. The guard strata (twins, spouses, newborn
//! placeholders) have a thousand cases, so that a rate of one in a thousand can be seen.

mod cast;
mod changes;
mod kin;
mod strangers;

use std::fmt;

use crate::person::Person;
use crate::random::{Kind, Stream};
use crate::settings::Columns;
use crate::world::World;
use cast::Cast;

/// A stratum.
pub(crate) struct Stratum {
    /// The name used in `strata.csv`.
    pub(crate) name: &'static str,
    /// Cases at full counts.
    cases: u64,
    /// People per case.
    people: u64,
    /// Makes the people of a case.
    make: fn(&mut Cast<'_>) -> Vec<Person>,
}

impl fmt::Debug for Stratum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name)
    }
}

/// All strata. The order is part of the ids: append, never insert.
#[rustfmt::skip]
const STRATA: [Stratum; 20] = [
    Stratum { name: "twins_same_sex", cases: 1_000, people: 2, make: kin::twins_same_sex },
    Stratum { name: "twins_opposite_sex", cases: 1_000, people: 2, make: kin::twins_opposite_sex },
    Stratum { name: "father_and_son", cases: 150, people: 2, make: kin::father_and_son },
    Stratum { name: "spouses_one_insurance", cases: 1_000, people: 2, make: kin::spouses },
    Stratum { name: "same_name_and_birth", cases: 100, people: 2, make: strangers::same_name_and_birth },
    Stratum { name: "same_surname_and_birth", cases: 150, people: 2, make: strangers::same_surname_and_birth },
    Stratum { name: "newborn_placeholder", cases: 1_000, people: 2, make: kin::newborns },
    Stratum { name: "emergency_unknown", cases: 60, people: 2, make: strangers::emergency_unknown },
    Stratum { name: "marriage_old_card", cases: 150, people: 1, make: changes::marriage_old_card },
    Stratum { name: "all_in_one_year", cases: 150, people: 1, make: changes::all_in_one_year },
    Stratum { name: "insurer_at_75", cases: 150, people: 1, make: changes::insurer_at_75 },
    Stratum { name: "merged_municipality", cases: 150, people: 1, make: changes::merged_municipality },
    Stratum { name: "alias_to_legal_name", cases: 100, people: 1, make: changes::alias_to_legal_name },
    Stratum { name: "era_slip_homonym", cases: 100, people: 2, make: strangers::era_slip_homonym },
    Stratum { name: "number_used_again", cases: 100, people: 2, make: strangers::number_used_again },
    Stratum { name: "copied_twins", cases: 100, people: 2, make: kin::copied_twins },
    Stratum { name: "lost_glyph", cases: 150, people: 1, make: changes::lost_glyph },
    Stratum { name: "kana_only", cases: 150, people: 1, make: changes::kana_only },
    Stratum { name: "same_name_as_the_dead", cases: 100, people: 2, make: kin::same_name_as_the_dead },
    Stratum { name: "mixed_up", cases: 100, people: 2, make: strangers::mixed_up },
];

/// People from which the strata have their full counts; below they shrink in proportion.
const FULL_COUNTS_PEOPLE: u64 = 20_000;

/// Largest share of the people that belongs to strata, in percent. The `jp_10k` columns are for speed and for
/// households, so strata stay rare there.
const SHARE_MAX_PERSON_PERCENT: u64 = 60;
const SHARE_MAX_JP10K_PERCENT: u64 = 2;

/// Households from this number on are those of strata.
pub(crate) const HOUSEHOLDS: u64 = (1 << 24) - (1 << 19);

/// Bits of the case number within a stratum's household numbers.
const CASE_BITS: u32 = 14;

/// How many cases each stratum has in a run.
#[derive(Debug)]
pub(crate) struct Allotment([u64; STRATA.len()]);

impl Allotment {
    pub(crate) fn new(people: u64, columns: Columns) -> Self {
        let full: u64 = STRATA.iter().map(|stratum| stratum.cases * stratum.people).sum();
        let share = match columns {
            Columns::Person => SHARE_MAX_PERSON_PERCENT,
            Columns::Jp10k => SHARE_MAX_JP10K_PERCENT,
        };
        let by_size = (people * 1_000 / FULL_COUNTS_PEOPLE).min(1_000);
        let by_share = people * share / 100 * 1_000 / full;
        let permille = by_size.min(by_share);
        Self(STRATA.each_ref().map(|stratum| stratum.cases * permille / 1_000))
    }

    /// People in all cases.
    pub(crate) fn people(&self) -> u64 {
        STRATA.iter().zip(self.0).map(|(stratum, cases)| stratum.people * cases).sum()
    }

    pub(crate) fn total_cases(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Every case, the strata taking turns: (place of the stratum, case).
    pub(crate) fn cases(&self) -> impl Iterator<Item = (usize, u64)> {
        let counts = self.0;
        let longest = counts.iter().copied().max().unwrap_or(0);
        (0..longest).flat_map(move |case| {
            let wanted = counts.into_iter().enumerate().filter(move |(_, count)| case < *count);
            wanted.map(move |(place, _)| (place, case))
        })
    }
}

/// A case: its stratum and its people.
pub(crate) fn people_of(world: &World, place: usize, case: u64) -> Option<(&'static Stratum, Vec<Person>)> {
    let stratum = STRATA.get(place)?;
    let household = HOUSEHOLDS + (u64::try_from(place).unwrap_or(0) << CASE_BITS) + case;
    let stream = Stream::new(world.seed, Kind::Stratum, household);
    let mut people = (stratum.make)(&mut Cast { world, stream, household, case });
    for person in people.iter_mut().filter(|person| person.plan.records.is_none()) {
        person.plan.records_min = 2;
    }
    Some((stratum, people))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Profile, Settings};

    #[test]
    fn strata_have_the_people_they_promise() {
        let world = World::new(&Settings::new(100, 5, Profile::Base));
        for (place, outline) in STRATA.iter().enumerate() {
            for case in 0..40 {
                let (stratum, people) = people_of(&world, place, case).unwrap();
                assert_eq!(people.len() as u64, outline.people, "{stratum:?}");
                for person in &people {
                    assert!(person.states.is_sorted_by_key(|state| state.from), "{stratum:?} {case}");
                    assert!(person.number / 16 >= HOUSEHOLDS, "{stratum:?}");
                }
            }
        }
    }

    #[test]
    fn counts_are_full_from_20_000_people() {
        let counts = |people, columns| Allotment::new(people, columns).0;
        assert_eq!(counts(20_000, Columns::Person), STRATA.each_ref().map(|stratum| stratum.cases));
        assert_eq!(counts(57_078, Columns::Person), counts(20_000, Columns::Person));
        assert_eq!(counts(10_000, Columns::Person)[0], 500);
        assert!(Allotment::new(6_050, Columns::Jp10k).people() <= 121);
        assert_eq!(Allotment::new(1, Columns::Person).people(), 0);
        assert!(STRATA.iter().all(|stratum| stratum.cases < 1 << CASE_BITS));
    }
}
