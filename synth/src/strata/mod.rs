//! The adversarial strata: cases that break a careless matcher, always generated, in fixed counts.
//!
//! A case is one to three people whose records look alike, or one person whose records do not. Everybody in them is
//! registered with the same noise as everybody else and keeps records enough to be found by. The three guard strata
//! (twins, spouses, newborn placeholders) have a thousand cases, so that a rate of one in a thousand can be seen.

mod cast;
mod kin;

use crate::person::Person;
use crate::random::{Kind, Stream};
use crate::settings::Columns;
use crate::world::World;

/// People from which the strata have their full counts; below they shrink in proportion.
const FULL_COUNTS_PEOPLE: u64 = 20_000;

/// Largest share of the people that belongs to strata, in percent, by columns: the `jp_10k` columns are for speed and
/// for households, so strata stay rare there.
const SHARE_MAX_PERCENT: [u64; 2] = [60, 2];

/// Households beyond this number are those of strata.
const HOUSEHOLDS: u64 = (1 << 24) - (1 << 19);

/// Cases that a stratum has numbers for.
const CASES_BITS: u32 = 14;

/// An adversarial stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stratum {
    TwinsSameSex,
    TwinsOppositeSex,
    Spouses,
    Newborns,
}

impl Stratum {
    const ALL: [Self; 4] = [Self::TwinsSameSex, Self::TwinsOppositeSex, Self::Spouses, Self::Newborns];

    /// The name used in `strata.csv`.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::TwinsSameSex => "twins_same_sex",
            Self::TwinsOppositeSex => "twins_opposite_sex",
            Self::Spouses => "spouses_one_insurance",
            Self::Newborns => "newborn_placeholder",
        }
    }

    /// Cases at full counts.
    fn full_cases(self) -> u64 {
        match self {
            Self::TwinsSameSex | Self::TwinsOppositeSex | Self::Spouses | Self::Newborns => 1_000,
        }
    }

    /// People per case.
    fn people(self) -> u64 {
        2
    }
}

/// How many cases of which stratum.
#[derive(Debug)]
pub(crate) struct Allotment(Vec<(Stratum, u64)>);

impl Allotment {
    pub(crate) fn new(people: u64, columns: Columns) -> Self {
        let full: u64 = Stratum::ALL.iter().map(|stratum| stratum.full_cases() * stratum.people()).sum();
        let [person, jp10k] = SHARE_MAX_PERCENT;
        let share = if columns == Columns::Person { person } else { jp10k };
        // Cases per thousand of the full counts.
        let by_size = (people * 1_000 / FULL_COUNTS_PEOPLE).min(1_000);
        let by_share = people * share / 100 * 1_000 / full;
        let permille = by_size.min(by_share);
        Self(Stratum::ALL.iter().map(|&stratum| (stratum, stratum.full_cases() * permille / 1_000)).collect())
    }

    pub(crate) fn people(&self) -> u64 {
        self.0.iter().map(|(stratum, cases)| stratum.people() * cases).sum()
    }

    pub(crate) fn total_cases(&self) -> u64 {
        self.0.iter().map(|(_, cases)| cases).sum()
    }

    /// Every case, stratum by stratum.
    pub(crate) fn cases(&self) -> impl Iterator<Item = (Stratum, u64)> {
        self.0.clone().into_iter().flat_map(|(stratum, cases)| (0..cases).map(move |case| (stratum, case)))
    }
}

/// The people of a case.
pub(crate) fn people_of(world: &World, stratum: Stratum, case: u64) -> Vec<Person> {
    let household = HOUSEHOLDS + ((stratum as u64) << CASES_BITS) + case;
    let stream = Stream::new(world.seed, Kind::Stratum, household);
    let mut cast = cast::Cast { world, stream, household, case };
    let mut people = match stratum {
        Stratum::TwinsSameSex => kin::twins_same_sex(&mut cast),
        Stratum::TwinsOppositeSex => kin::twins_opposite_sex(&mut cast),
        Stratum::Spouses => kin::spouses(&mut cast),
        Stratum::Newborns => kin::newborns(&mut cast),
    };
    for person in &mut people {
        if person.plan.records.is_none() {
            person.plan.records_min = 2;
        }
    }
    people
}
