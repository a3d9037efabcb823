//! The closed set of measures that rule files may use to compare two values.
//!
//! A level of a comparison says `jaro_winkler(surname) >= 0.92` or `exact(given_kanji) and folded(given_kana)`: the
//! words with parentheses are measures. The set is closed on purpose: a steward can learn it, every measure is tested
//! for symmetry, and a rule file cannot smuggle in code. Measures read values that are normalised already; they never
//! normalise, never decide and never weigh. Whether two nulls agree is not asked here: a missing value gives `None`.

mod address;
pub(crate) mod class;
mod date;
mod kana;
mod kanji;
mod kernel;
mod readings;
#[cfg(test)]
mod tests;
mod text;

use crate::value::{Parts, Quality, Value};

pub(crate) use date::measure as date_measure;
pub use kanji::class as confusable_class;
pub(crate) use kernel::jaro_winkler_ceiling;
pub use kernel::{
    TEXT_CHARS_MAX, damerau, damerau_at_most, jaro_winkler, jaro_winkler_at_least, levenshtein, levenshtein_at_most,
};
pub use readings::{Readings, ReadingsError};

/// One way to compare two values of one field, or of two fields.
///
/// Every measure is symmetric in its two records and total: it never panics and never gives NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Measure {
    /// The canonical texts are equal.
    Exact,
    /// The comparison keys are equal: `渡邉` and `渡辺`.
    Folded,
    /// The comparison keys are equal where neither holds `〓`, the wildcard for a lost character.
    Wildcard,
    /// Jaro–Winkler similarity of the comparison keys.
    JaroWinkler,
    /// Edit distance with neighbours swapped counting 1 (optimal string alignment, as in Damerau 1964).
    Damerau,
    /// Edit distance by insertion, deletion and substitution.
    Levenshtein,
    /// Edit distance over kana in which a lost dakuten or long vowel costs 0.4.
    KanaDistance,
    /// Length of the common beginning over the length of the shorter text.
    Prefix,
    /// One text is the beginning, the end or a word of the other (two characters or more).
    Contains,
    /// The kanji of one record can be read as the kana of the other.
    Reading,
    /// Two fields stand in each other's place.
    Swapped,
    /// As `Swapped`, by Jaro–Winkler: the lower of the two similarities.
    SwappedSimilar,
    /// One field holds what the other record has in the other field.
    Cross,
    /// Equal but for kanji that clerks interchange or that look alike: `斉藤` and `斎藤`, `未` and `末`.
    SoftVariant,
    /// Edit distance (with neighbours swapped counting 1) of the eight digits of two dates.
    DateDigits,
    /// The dates differ by two neighbouring digits swapped.
    DateTransposed,
    /// Same year, day and month swapped.
    DayMonthSwapped,
    /// Same month and day, year off by exactly a slip between eras.
    EraSlip,
    /// Same year and month.
    SameYearMonth,
    /// Same month and day.
    SameMonthDay,
    /// Same year.
    SameYear,
    /// Same year and day of month.
    SameYearDay,
    /// Distance of two dates in years; of the years alone when a month or day is unknown.
    YearsApart,
    /// Either date is a default that stands for unknown (1 January, 1 July).
    DefaultDate,
    /// At least one date is partial, and all parts known on both sides agree, the year among them.
    PartialDateMatch,
    /// The two sets have a member in common; scalars are equal.
    Shared,
    /// Members in common over the size of the smaller set.
    Overlap,
    /// Same municipality, prefectures not contradicting.
    SameMunicipality,
    /// Same town, municipality and prefecture not contradicting.
    SameTown,
    /// Same 丁目, 番地 and 号; a room number may stand in the building text.
    SameNumbers,
    /// `SameTown` and `SameNumbers`.
    SameAddress,
    /// Distance of two numbers.
    Difference,
    /// Share of common pairs of neighbouring characters (Dice).
    Qgram,
    /// Common words over the number of words of the longer text.
    TokenOverlap,
    /// Either value is a placeholder (`ベビー`, `不明`).
    Placeholder,
    /// One text is the Latin initial of the other.
    Initial,
}

/// What the number of a measure means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// 1 when it holds, else 0; rules write the bare measure.
    Flag,
    /// 0 to 1, higher is closer; rules write `>=`.
    Similarity,
    /// 0 and up, lower is closer; rules write `<=`.
    Distance,
}

/// What a rule asks of a measure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Threshold {
    /// The flag is set (the number is at least 1).
    Flag,
    /// The number is at least this.
    AtLeast(f64),
    /// The number is at most this.
    AtMost(f64),
}

impl Threshold {
    /// Whether a number satisfies it. A threshold that is NaN is never met.
    #[must_use]
    pub fn met_by(self, number: f64) -> bool {
        match self {
            Self::Flag => number >= 1.0,
            Self::AtLeast(least) => number >= least,
            Self::AtMost(most) => number <= most,
        }
    }
}

/// The values of one record that a measure reads; the second only for measures of two fields.
#[derive(Clone, Copy, Debug, Default)]
pub struct Side<'v> {
    /// The first (or only) field, `None` when null.
    pub first: Option<&'v Value>,
    /// The second field, `None` when null or not asked for.
    pub second: Option<&'v Value>,
}

impl<'v> Side<'v> {
    /// The side of a measure of one field.
    #[must_use]
    pub const fn one(first: Option<&'v Value>) -> Self {
        Self { first, second: None }
    }

    /// The side of a measure of two fields, in the order of the rule.
    #[must_use]
    pub const fn two(first: Option<&'v Value>, second: Option<&'v Value>) -> Self {
        Self { first, second }
    }
}

/// What is fixed about a measure.
struct Facts {
    name: &'static str,
    fields: usize,
    scale: Scale,
    says: &'static str,
}

impl Measure {
    /// All measures, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::Exact,
        Self::Folded,
        Self::Wildcard,
        Self::SoftVariant,
        Self::Reading,
        Self::JaroWinkler,
        Self::Damerau,
        Self::Levenshtein,
        Self::KanaDistance,
        Self::Qgram,
        Self::Prefix,
        Self::Contains,
        Self::TokenOverlap,
        Self::Initial,
        Self::Swapped,
        Self::SwappedSimilar,
        Self::Cross,
        Self::DateDigits,
        Self::DateTransposed,
        Self::DayMonthSwapped,
        Self::EraSlip,
        Self::SameYearMonth,
        Self::SameMonthDay,
        Self::SameYearDay,
        Self::SameYear,
        Self::YearsApart,
        Self::DefaultDate,
        Self::PartialDateMatch,
        Self::Shared,
        Self::Overlap,
        Self::SameMunicipality,
        Self::SameTown,
        Self::SameNumbers,
        Self::SameAddress,
        Self::Difference,
        Self::Placeholder,
    ];

    /// The word in rule files, in snake case.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// The measure of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|measure| measure.name() == name)
    }

    /// How many fields it reads of each record: 1 or 2.
    #[must_use]
    pub fn fields(self) -> usize {
        self.facts().fields
    }

    /// What its number means.
    #[must_use]
    pub fn scale(self) -> Scale {
        self.facts().scale
    }

    /// One English phrase for explanations and documentation.
    #[must_use]
    pub fn says(self) -> &'static str {
        self.facts().says
    }

    fn facts(self) -> Facts {
        use Scale::{Distance, Flag, Similarity};
        let (name, fields, scale, says) = match self {
            Self::Exact => ("exact", 1, Flag, "equal as written"),
            Self::Folded => ("folded", 1, Flag, "equal after folding of variants"),
            Self::Wildcard => ("wildcard", 1, Flag, "equal but for characters lost in transfer"),
            Self::JaroWinkler => ("jaro_winkler", 1, Similarity, "Jaro–Winkler similarity"),
            Self::Damerau => ("damerau", 1, Distance, "edits, neighbours swapped counting one"),
            Self::Levenshtein => ("levenshtein", 1, Distance, "edits"),
            Self::KanaDistance => ("kana_distance", 1, Distance, "kana edits, dakuten and long vowels counting 0.4"),
            Self::Prefix => ("prefix", 1, Similarity, "share of the shorter text that begins both"),
            Self::Contains => ("contains", 1, Flag, "one is the beginning, the end or a word of the other"),
            Self::Reading => ("reading", 2, Flag, "the kanji of one can be read as the kana of the other"),
            Self::Swapped => ("swapped", 2, Flag, "the two fields stand in each other's place"),
            Self::SwappedSimilar => ("swapped_similar", 2, Similarity, "Jaro–Winkler similarity of the swapped fields"),
            Self::Cross => ("cross", 2, Flag, "one field holds the other record's other field"),
            Self::SoftVariant => ("soft_variant", 1, Flag, "equal but for kanji that are interchanged or look alike"),
            Self::DateDigits => ("date_digits", 1, Distance, "edits of the eight digits of the date"),
            Self::DateTransposed => ("date_transposed", 1, Flag, "two neighbouring digits of the date are swapped"),
            Self::DayMonthSwapped => ("day_month_swapped", 1, Flag, "day and month are swapped"),
            Self::EraSlip => ("era_slip", 1, Flag, "same month and day, year off by a slip between eras"),
            Self::SameYearMonth => ("same_year_month", 1, Flag, "same year and month"),
            Self::SameMonthDay => ("same_month_day", 1, Flag, "same month and day"),
            Self::SameYear => ("same_year", 1, Flag, "same year"),
            Self::SameYearDay => ("same_year_day", 1, Flag, "same year and day of month"),
            Self::YearsApart => ("years_apart", 1, Distance, "years between the dates"),
            Self::DefaultDate => ("default_date", 1, Flag, "a date is a default for unknown"),
            Self::PartialDateMatch => ("partial_date_match", 1, Flag, "the known parts of a partial date agree"),
            Self::Shared => ("shared", 1, Flag, "a value in common"),
            Self::Overlap => ("overlap", 1, Similarity, "share of the smaller set that is in common"),
            Self::SameMunicipality => ("same_municipality", 1, Flag, "same municipality"),
            Self::SameTown => ("same_town", 1, Flag, "same town"),
            Self::SameNumbers => ("same_numbers", 1, Flag, "same house numbers"),
            Self::SameAddress => ("same_address", 1, Flag, "same town and house numbers"),
            Self::Difference => ("difference", 1, Distance, "difference of the numbers"),
            Self::Qgram => ("qgram", 1, Similarity, "share of common letter pairs"),
            Self::TokenOverlap => ("token_overlap", 1, Similarity, "share of common words"),
            Self::Placeholder => ("placeholder", 1, Flag, "a value is a placeholder"),
            Self::Initial => ("initial", 1, Flag, "one is the initial of the other"),
        };
        Facts { name, fields, scale, says }
    }

    /// Whether `other`, on the same fields, follows from this measure for all values.
    ///
    /// From a flag it follows that a flag holds, a similarity is 1, a distance is 0. From a distance it follows that the
    /// other distance is at most as large. Used to find levels that can never be reached, so it says `true` only where
    /// that is always so; `false` means "not known".
    #[must_use]
    pub fn implies(self, other: Self) -> bool {
        use Measure as M;
        if self == other {
            return true;
        }
        match self {
            M::Exact => matches!(other, M::Shared | M::Overlap) || M::Folded.implies(other),
            M::Folded => matches!(
                other,
                M::Folded
                    | M::Wildcard
                    | M::SoftVariant
                    | M::JaroWinkler
                    | M::Damerau
                    | M::Levenshtein
                    | M::KanaDistance
                    | M::Qgram
                    | M::Prefix
                    | M::Contains
                    | M::TokenOverlap
            ),
            M::Levenshtein => matches!(other, M::Damerau | M::KanaDistance),
            M::Damerau => other == M::KanaDistance,
            M::Swapped => matches!(other, M::SwappedSimilar | M::Cross),
            M::SameYearMonth | M::SameYearDay | M::DayMonthSwapped | M::PartialDateMatch => other == M::SameYear,
            M::EraSlip => other == M::SameMonthDay,
            M::SameAddress => matches!(other, M::SameTown | M::SameNumbers),
            _ => false,
        }
    }
}

/// The number that a measure gives for two records; `None` when a value (or a part of one) that it needs is missing.
///
/// Flags give 1 or 0.
#[must_use]
pub fn measure(measure: Measure, left: Side<'_>, right: Side<'_>, readings: &Readings) -> Option<f64> {
    use Measure as M;
    match measure {
        M::Reading => readings::compatible(left, right, readings).map(flag),
        M::Swapped => {
            let (one, two) = crosswise(left, right);
            let (one, two) = (one?, two?);
            Some(flag(keys_equal(one) && keys_equal(two)))
        }
        M::SwappedSimilar => {
            let (one, two) = crosswise(left, right);
            let similarity = |(a, b): Pair<'_>| jaro_winkler(a.folded(), b.folded());
            Some(similarity(one?).min(similarity(two?)))
        }
        M::Cross => match crosswise(left, right) {
            (None, None) => None,
            (one, two) => Some(flag(one.is_some_and(keys_equal) || two.is_some_and(keys_equal))),
        },
        M::DefaultDate => marked(left, right, Quality::DEFAULT_DATE),
        M::Placeholder => marked(left, right, Quality::PLACEHOLDER),
        _ => of_values(measure, left.first?, right.first?),
    }
}

/// Whether a measure meets a threshold; equal to comparing [`measure()`], but stops as soon as the answer is known.
#[must_use]
pub fn holds(
    measure: Measure,
    left: Side<'_>,
    right: Side<'_>,
    readings: &Readings,
    threshold: Threshold,
) -> Option<bool> {
    use Measure as M;
    match (measure, threshold) {
        (M::JaroWinkler, Threshold::AtLeast(least)) => {
            Some(jaro_winkler_at_least(left.first?.folded(), right.first?.folded(), least))
        }
        (M::Damerau, Threshold::AtMost(most)) => {
            let (left, right) = (left.first?, right.first?);
            Some(whole(most).is_some_and(|most| damerau_at_most(left.folded(), right.folded(), most)))
        }
        (M::Levenshtein, Threshold::AtMost(most)) => {
            let (left, right) = (left.first?, right.first?);
            Some(whole(most).is_some_and(|most| levenshtein_at_most(left.folded(), right.folded(), most)))
        }
        (M::KanaDistance, Threshold::AtMost(most)) => {
            Some(kana::at_most(left.first?.folded(), right.first?.folded(), most))
        }
        (M::SwappedSimilar, Threshold::AtLeast(least)) => {
            let (one, two) = crosswise(left, right);
            let similar = |(a, b): Pair<'_>| jaro_winkler_at_least(a.folded(), b.folded(), least);
            let (one, two) = (one?, two?);
            Some(similar(one) && similar(two))
        }
        _ => self::measure(measure, left, right, readings).map(|number| threshold.met_by(number)),
    }
}

/// Whether a measure reads nothing but the parts of two dates.
pub(crate) fn is_of_dates(measure: Measure) -> bool {
    use Measure as M;
    matches!(
        measure,
        M::SameYear
            | M::SameYearMonth
            | M::SameYearDay
            | M::SameMonthDay
            | M::EraSlip
            | M::DayMonthSwapped
            | M::PartialDateMatch
            | M::YearsApart
            | M::DateDigits
            | M::DateTransposed
    )
}

/// Two values to be compared.
type Pair<'v> = (&'v Value, &'v Value);

/// First of the left with second of the right, and second of the left with first of the right.
fn crosswise<'v>(left: Side<'v>, right: Side<'v>) -> (Option<Pair<'v>>, Option<Pair<'v>>) {
    (left.first.zip(right.second), left.second.zip(right.first))
}

fn keys_equal((left, right): Pair<'_>) -> bool {
    left.folded() == right.folded()
}

/// The number of a flag.
fn flag(holds: bool) -> f64 {
    if holds { 1.0 } else { 0.0 }
}

/// The largest whole number of edits within a bound; `None` when not even 0 is.
fn whole(most: f64) -> Option<usize> {
    // No text has more characters than `TEXT_CHARS_MAX`, so a larger bound (or infinity) asks no more than that.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and TEXT_CHARS_MAX")]
    (most >= 0.0).then(|| most.min(TEXT_CHARS_MAX as f64) as usize)
}

/// Whether either value is marked; one marked value is enough, even beside a null.
fn marked(left: Side<'_>, right: Side<'_>, mark: Quality) -> Option<f64> {
    let is_marked = |side: Side<'_>| side.first.map(|value| value.quality().has(mark));
    match (is_marked(left), is_marked(right)) {
        (Some(true), _) | (_, Some(true)) => Some(1.0),
        (Some(false), Some(false)) => Some(0.0),
        _ => None,
    }
}

fn of_values(measure: Measure, left: &Value, right: &Value) -> Option<f64> {
    use Measure as M;
    let (l, r) = (left.folded(), right.folded());
    match measure {
        M::Exact => Some(flag(left.exact == right.exact)),
        M::Folded => Some(flag(l == r)),
        M::Wildcard => Some(flag(kanji::wildcard_compatible(l, r))),
        M::SoftVariant => Some(flag(kanji::soft_variant(l, r))),
        M::JaroWinkler => Some(jaro_winkler(l, r)),
        M::Damerau => Some(damerau(l, r) as f64),
        M::Levenshtein => Some(levenshtein(l, r) as f64),
        M::KanaDistance => Some(kana::distance(l, r)),
        M::Prefix => Some(text::common_prefix(l, r)),
        M::Contains => Some(flag(text::contains(left, right))),
        M::Initial => Some(flag(text::initial(l, r))),
        M::Qgram => Some(text::dice(l, r)),
        M::TokenOverlap => Some(text::token_overlap(left, right)),
        M::Difference => text::difference(&left.exact, &right.exact),
        M::Shared => Some(flag(text::overlap(left, right) > 0.0)),
        M::Overlap => Some(text::overlap(left, right)),
        _ => match (left.parts(), right.parts()) {
            (Parts::Date(l), Parts::Date(r)) => date::measure(measure, *l, *r),
            (Parts::Address(l), Parts::Address(r)) => address::measure(measure, l, r),
            _ => None,
        },
    }
}
