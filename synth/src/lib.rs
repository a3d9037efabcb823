//! A seeded population with the truth beside it.
//!
//! Invented people of a Japanese region live through ten years in households: they marry, move, change jobs and
//! insurers, grow old. Institutions register them, each in its own way, and the registrations go stale. Beside the
//! records stand the truth (which records are one person), a label for every value that is not true any more or never
//! was, and twenty adversarial strata in fixed counts. Same settings, same bytes; people are made household by
//! household, so memory is bounded whatever the size.
//!
//! No real person is in it, and there is no field for My Number. The crate reads no clock and no file.
//!
//! ```
//! let settings = synth::Settings::new(100, 7, synth::Profile::Base);
//! let (mut records, mut truth, mut errors, mut strata) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
//! let mut outputs =
//!     synth::Outputs { records: &mut records, truth: &mut truth, errors: &mut errors, strata: &mut strata };
//! let summary = synth::write(&settings, &mut outputs, &mut |_| {})?;
//! assert_eq!(summary.people, 100);
//! assert_eq!(String::from_utf8_lossy(&records).lines().count() as u64, summary.records + 1);
//! # Ok::<(), synth::Error>(())
//! ```

mod calendar;
mod data;
mod errors;
mod household;
mod institution;
mod life;
mod names;
mod network;
mod person;
mod place;
mod random;
mod registration;
mod settings;
mod strata;
mod style;
#[cfg(test)]
mod tests;
mod world;
mod writer;

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};

pub use errors::ErrorKind;
pub use network::write_institutions;
pub use settings::{
    Columns, ErrorRates, INSTITUTIONS_DEFAULT, INSTITUTIONS_MAX, LifeRates, PEOPLE_DEFAULT, PEOPLE_MAX, Profile, Rates,
    Settings, UnknownName,
};

use person::Person;
use registration::Desk;
use strata::Allotment;
use world::World;
use writer::Writer;

/// Where the four files go.
pub struct Outputs<'w> {
    /// The records, in shuffled order, with the header of [`Settings::columns`].
    pub records: &'w mut dyn Write,
    /// `record_id,person_id`, one row per record.
    pub truth: &'w mut dyn Write,
    /// `record_id,field,kind,before,after`: one row per value that differs from the truth on the day of the last
    /// visit. Several rows of one field form a chain; the last `after` is what the record holds.
    pub errors: &'w mut dyn Write,
    /// `stratum,case,person_id`: everybody who belongs to a case of an adversarial stratum.
    pub strata: &'w mut dyn Write,
}

impl fmt::Debug for Outputs<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Outputs").finish_non_exhaustive()
    }
}

/// What was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// People, each with at least one record.
    pub people: u64,
    /// Records.
    pub records: u64,
    /// Ordinary households; the cases of the strata are not counted.
    pub households: u64,
    /// Rows of `errors.csv` by kind.
    pub errors_by_kind: BTreeMap<&'static str, u64>,
    /// Cases of each adversarial stratum.
    pub strata: BTreeMap<&'static str, u64>,
}

/// Why a population could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// [`Settings::people`] is 0 or too large.
    #[error("cannot make `{people}` people: 1 to {PEOPLE_MAX} are possible")]
    People {
        /// The number asked for.
        people: u64,
    },
    /// [`Settings::institutions`] is 0 or too large.
    #[error("cannot make `{institutions}` institutions: 1 to {INSTITUTIONS_MAX} are possible")]
    Institutions {
        /// The number asked for.
        institutions: u32,
    },
    /// An output refused the data.
    #[error("cannot write the {output}")]
    Write {
        /// Which output.
        output: &'static str,
        /// Why.
        source: io::Error,
    },
}

/// Makes a population and writes it. `progress` hears the number of records now and then, and at the end.
///
/// People come household by household, the cases of the strata evenly between them; `people` counts both. Adding
/// people leaves the earlier ones as they are: only the last household may gain members.
///
/// # Errors
///
/// When the settings are out of range, or an output fails.
pub fn write(settings: &Settings, outputs: &mut Outputs<'_>, progress: &mut dyn FnMut(u64)) -> Result<Summary, Error> {
    check_settings(settings)?;
    let world = World::new(settings);
    let mut run = Run { world: &world, writer: Writer::new(&world, outputs, progress), desk: Desk::default() };
    let allotment = Allotment::new(settings.people, settings.columns);
    let ordinary = settings.people - allotment.people();
    let mut cases = allotment.cases();
    let (mut made, mut cases_made) = (0, 0);
    while made < ordinary {
        made += run.household(ordinary - made)?;
        // As many cases as belong to the share of ordinary people that are there.
        while cases_made * ordinary < allotment.total_cases() * made {
            let Some((place, case)) = cases.next() else { break };
            run.case(place, case)?;
            cases_made += 1;
        }
    }
    for (place, case) in cases {
        run.case(place, case)?;
    }
    run.writer.finish()
}

/// Whether the numbers asked for are possible.
fn check_settings(settings: &Settings) -> Result<(), Error> {
    if !(1..=PEOPLE_MAX).contains(&settings.people) {
        return Err(Error::People { people: settings.people });
    }
    if !(1..=INSTITUTIONS_MAX).contains(&settings.institutions) {
        return Err(Error::Institutions { institutions: settings.institutions });
    }
    Ok(())
}

/// A run under way.
struct Run<'a, 'w> {
    world: &'a World,
    writer: Writer<'a, 'w>,
    desk: Desk,
}

impl Run<'_, '_> {
    /// The next household, cut off after this many people; says how many there were.
    fn household(&mut self, people_max: u64) -> Result<u64, Error> {
        let people = life::people_of(self.world, self.writer.summary.households);
        let mut made = 0;
        for person in people.iter().take(usize::try_from(people_max).unwrap_or(usize::MAX)) {
            self.person(person, &format!("p{:09}", person.number))?;
            made += 1;
        }
        self.writer.summary.households += 1;
        Ok(made)
    }

    fn case(&mut self, place: usize, case: u64) -> Result<(), Error> {
        let Some((stratum, people)) = strata::people_of(self.world, place, case) else { return Ok(()) };
        for person in people {
            let id = format!("p{:09}", person.number);
            self.writer.stratum(stratum.name, case, &id);
            self.person(&person, &id)?;
        }
        *self.writer.summary.strata.entry(stratum.name).or_default() += 1;
        Ok(())
    }

    fn person(&mut self, person: &Person, id: &str) -> Result<(), Error> {
        let writer = &mut self.writer;
        registration::register(self.world, &mut self.desk, person, |registered| writer.record(id, registered))?;
        writer.summary.people += 1;
        Ok(())
    }
}
