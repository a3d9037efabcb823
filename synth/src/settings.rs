//! What to generate: sizes, profile, columns and every probability.
//!
//! Probabilities are integers per million. The base profile holds the assumptions of a Japanese regional network,
//! the stress profile the worse ones; nothing else in the crate hides a rate. Shares *within* a kind of error
//! (how many birth-date errors are era slips) stand beside the code that makes the error.

use std::fmt;
use std::str::FromStr;

use crate::random::MILLION;

/// Institutions of a prefecture-wide network.
pub const INSTITUTIONS_DEFAULT: u32 = 861;

/// Enrolled patients of a prefecture-wide network.
pub const PEOPLE_DEFAULT: u64 = 57_078;

/// Most people that one run can make: household numbers have 24 bits, of which a part is kept for the strata.
pub const PEOPLE_MAX: u64 = 30_000_000;

/// Most institutions of one run.
pub const INSTITUTIONS_MAX: u32 = 100_000;

/// What to generate.
#[derive(Clone, Debug)]
pub struct Settings {
    /// People, those of the adversarial strata included (1..=[`PEOPLE_MAX`]).
    ///
    /// With [`Columns::Person`] all of them live in one prefecture of 700,000: far above that, towns are too dense.
    pub people: u64,
    /// The seed: the same settings and seed give the same bytes.
    pub seed: u64,
    /// Which profile the run is called by; it has no effect beside [`Settings::rates`].
    pub profile: Profile,
    /// Institutions that register people (1..=[`INSTITUTIONS_MAX`]).
    pub institutions: u32,
    /// Which columns the records have.
    pub columns: Columns,
    /// All probabilities, normally [`Rates::of`] the profile.
    pub rates: Rates,
}

impl Settings {
    /// The settings of a profile with the default number of institutions and the full columns.
    #[must_use]
    pub fn new(people: u64, seed: u64, profile: Profile) -> Self {
        let rates = Rates::of(profile);
        Self { people, seed, profile, institutions: INSTITUTIONS_DEFAULT, columns: Columns::Person, rates }
    }
}

/// How bad the registrations are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Profile {
    /// What a well-run region is assumed to look like.
    #[default]
    Base,
    /// Two to four times the errors, twelve times the duplicates within one hospital.
    Stress,
}

/// Which columns the records have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Columns {
    /// The full header, with institution, address and each institution's own way of writing.
    #[default]
    Person,
    /// The header of the public `jp_10k` dataset and its behaviour: one way of writing, 1.65 records per person,
    /// people spread over 35 regions, more typing errors in names and dates.
    Jp10k,
}

/// The named text is not a profile, or not a set of columns.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not one of {expected}")]
pub struct UnknownName {
    given: String,
    expected: &'static str,
}

impl FromStr for Profile {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "base" => Ok(Self::Base),
            "stress" => Ok(Self::Stress),
            _ => Err(UnknownName { given: text.to_owned(), expected: "`base`, `stress`" }),
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Base => "base",
            Self::Stress => "stress",
        })
    }
}

impl FromStr for Columns {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, UnknownName> {
        match text {
            "person" => Ok(Self::Person),
            "jp_10k" => Ok(Self::Jp10k),
            _ => Err(UnknownName { given: text.to_owned(), expected: "`person`, `jp_10k`" }),
        }
    }
}

impl fmt::Display for Columns {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Person => "person",
            Self::Jp10k => "jp_10k",
        })
    }
}

/// Every probability, per million.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// What happens to people.
    pub life: LifeRates,
    /// How registrations differ from the truth of their day, apart from growing stale.
    pub errors: ErrorRates,
    /// A later visit at the same institution brings the registered values up to date.
    pub refresh: u32,
}

/// What happens to people, per person and year unless stated otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LifeRates {
    /// A single adult of 20 to 45 marries.
    pub marriage: u32,
    /// A married person (per couple) divorces.
    pub divorce: u32,
    /// A couple whose wife is 22 to 42 has a child.
    pub birth: u32,
    /// A delivery is of twins (per delivery).
    pub twins: u32,
    /// A household moves.
    pub house_move: u32,
    /// A child of 18 to 25 leaves the household.
    pub leaves_home: u32,
    /// An employed person changes the insurer.
    pub job_change: u32,
    /// The mobile number changes.
    pub mobile_change: u32,
    /// The registered reading is corrected (from mid-2025 on, per person).
    pub reading_fix: u32,
    /// A household is of foreign residents (per household).
    pub foreign: u32,
}

/// How registrations differ from the truth of their day; per record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErrorRates {
    /// The family name in kanji is wrong.
    pub family_kanji: u32,
    /// The given name in kanji is wrong.
    pub given_kanji: u32,
    /// A reading is wrong; half of these hit the family name.
    pub kana: u32,
    /// The birth date is wrong.
    pub birth_date: u32,
    /// The sex is wrong or unknown.
    pub sex: u32,
    /// The address is wrong beside its style and age.
    pub address: u32,
    /// A digit of the phone number is wrong.
    pub phone: u32,
    /// A digit of the insured person's number is wrong.
    pub insured_no: u32,
    /// Family and given name are exchanged.
    pub names_swapped: u32,
    /// An outdated insurance card was shown.
    pub old_card: u32,
    /// The insurer number has lost its leading zero.
    pub zero_lost: u32,
    /// A number of the insurance card registered before 2022 lacks the branch number.
    pub branch_missing: u32,
    /// One of the names in kanji is empty.
    pub kanji_missing: u32,
    /// Both readings are empty.
    pub kana_missing: u32,
    /// Address and postcode are empty.
    pub address_missing: u32,
    /// The phone number is empty.
    pub phone_missing: u32,
    /// The insurance columns are empty, beside the institutions that never give them.
    pub insurance_missing: u32,
    /// Sex, and independently the birth date, is empty.
    pub sex_or_date_missing: u32,
    /// The institution registers the person a second time.
    pub duplicate: u32,
}

impl Rates {
    /// The rates of a profile.
    #[must_use]
    pub fn of(profile: Profile) -> Self {
        match profile {
            Profile::Base => Self::base(),
            Profile::Stress => Self::stress(),
        }
    }

    /// The same rates with every error rate multiplied by `percent` / 100 (life events and refreshes stay).
    ///
    /// A rate never grows past one half: beyond that a field carries no information.
    #[must_use]
    pub fn scaled(mut self, percent: u32) -> Self {
        for rate in self.errors.all() {
            *rate = scale(*rate, percent);
        }
        self
    }

    /// The rates as the given columns use them.
    ///
    /// `jp_10k` is noisier in what is typed (names four percent, dates three) and quieter in what is missing.
    pub(crate) fn adapted(&self, columns: Columns) -> Self {
        let mut rates = self.clone();
        if columns == Columns::Person {
            return rates;
        }
        let errors = &mut rates.errors;
        for (rate, percent) in [
            (&mut errors.family_kanji, 150),
            (&mut errors.given_kanji, 120),
            (&mut errors.kana, 300),
            (&mut errors.birth_date, 600),
            (&mut errors.sex, 400),
            (&mut errors.phone, 150),
            (&mut errors.insured_no, 150),
            (&mut errors.names_swapped, 1_000),
            (&mut errors.kanji_missing, 1_300),
            (&mut errors.branch_missing, 25),
            (&mut errors.kana_missing, 100),
            (&mut errors.address_missing, 70),
            (&mut errors.phone_missing, 80),
            (&mut errors.insurance_missing, 80),
            (&mut errors.sex_or_date_missing, 700),
        ] {
            *rate = scale(*rate, percent);
        }
        errors.duplicate = 0;
        // In that dataset every fifth pair of one person's records has two postcodes.
        rates.life.house_move = scale(rates.life.house_move, 175);
        rates
    }

    fn base() -> Self {
        let life = LifeRates {
            marriage: 45_000,
            divorce: 5_000,
            birth: 80_000,
            twins: 10_000,
            house_move: 40_000,
            leaves_home: 150_000,
            job_change: 65_000,
            mobile_change: 40_000,
            reading_fix: 3_000,
            foreign: 14_000,
        };
        let errors = ErrorRates {
            family_kanji: 15_000,
            given_kanji: 20_000,
            kana: 25_000,
            birth_date: 4_000,
            sex: 1_000,
            address: 50_000,
            phone: 10_000,
            insured_no: 10_000,
            names_swapped: 500,
            old_card: 50_000,
            zero_lost: 10_000,
            branch_missing: 300_000,
            kanji_missing: 5_000,
            kana_missing: 10_000,
            address_missing: 30_000,
            phone_missing: 100_000,
            insurance_missing: 60_000,
            sex_or_date_missing: 1_000,
            duplicate: 5_000,
        };
        Self { life, errors, refresh: 200_000 }
    }

    fn stress() -> Self {
        let mut rates = Self::base();
        rates.life.mobile_change = 100_000;
        rates.errors = ErrorRates {
            family_kanji: 40_000,
            given_kanji: 50_000,
            kana: 60_000,
            birth_date: 15_000,
            sex: 5_000,
            address: 100_000,
            phone: 25_000,
            insured_no: 25_000,
            names_swapped: 2_000,
            old_card: 80_000,
            zero_lost: 20_000,
            branch_missing: 400_000,
            kanji_missing: 10_000,
            kana_missing: 20_000,
            address_missing: 50_000,
            phone_missing: 150_000,
            insurance_missing: 100_000,
            sex_or_date_missing: 2_000,
            duplicate: 60_000,
        };
        rates
    }
}

impl ErrorRates {
    fn all(&mut self) -> [&mut u32; 19] {
        [
            &mut self.family_kanji,
            &mut self.given_kanji,
            &mut self.kana,
            &mut self.birth_date,
            &mut self.sex,
            &mut self.address,
            &mut self.phone,
            &mut self.insured_no,
            &mut self.names_swapped,
            &mut self.old_card,
            &mut self.zero_lost,
            &mut self.branch_missing,
            &mut self.kanji_missing,
            &mut self.kana_missing,
            &mut self.address_missing,
            &mut self.phone_missing,
            &mut self.insurance_missing,
            &mut self.sex_or_date_missing,
            &mut self.duplicate,
        ]
    }
}

fn scale(rate: u32, percent: u32) -> u32 {
    let scaled = u64::from(rate) * u64::from(percent) / 100;
    u32::try_from(scaled.min(u64::from(MILLION / 2))).unwrap_or(MILLION / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        for profile in [Profile::Base, Profile::Stress] {
            assert_eq!(profile.to_string().parse(), Ok(profile));
        }
        for columns in [Columns::Person, Columns::Jp10k] {
            assert_eq!(columns.to_string().parse(), Ok(columns));
        }
        assert_eq!("wild".parse::<Profile>().unwrap_err().to_string(), "`wild` is not one of `base`, `stress`");
    }

    #[test]
    fn scaling_touches_errors_only() {
        let base = Rates::of(Profile::Base);
        let doubled = base.clone().scaled(200);
        assert_eq!(doubled.errors.kana, 50_000);
        assert_eq!(doubled.life, base.life);
        assert_eq!(doubled.refresh, base.refresh);
        assert_eq!(base.clone().scaled(100), base);
        assert_eq!(base.clone().scaled(0).errors.duplicate, 0);
        assert_eq!(base.scaled(u32::MAX).errors.kana, 500_000);
    }
}
