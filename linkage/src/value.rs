//! One normalised value of one field: what comparators read.
//!
//! Normalisation happens once per *distinct* raw value, so a value may be a little larger if that makes every
//! comparison cheaper. The raw text is not kept here: the input table keeps it, and a waterfall re-reads it.

/// A normalised, non-null value.
///
/// Two values of one field are *exactly equal* when their [`Value::exact`] texts are, *folded equal* when their
/// [`Value::folded`] texts are. Folding only ever joins: exactly equal values are folded equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The canonical form: width, case and white space are settled; `渡邉` stays `渡邉`.
    pub exact: Box<str>,
    /// What most values do not have, kept apart so that a million of them stay small.
    beside: Option<Box<Beside>>,
}

/// What a value may have beside its text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Beside {
    /// The comparison key where it differs from [`Value::exact`]: `渡辺` for `渡邉`, `ワタナベ` for `ワタナヘ゛`.
    folded: Option<Box<str>>,
    parts: Parts,
    quality: Quality,
}

/// The structure of a value, for the comparators that need more than text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Parts {
    /// Text only.
    #[default]
    None,
    /// A calendar date, perhaps partial.
    Date(PartialDate),
    /// An address split into its parts.
    Address(Box<AddressParts>),
    /// Several texts, sorted and without repeats (telephone numbers, former names).
    Set(Box<[Box<str>]>),
}

/// A calendar date in which month and day may be unknown.
///
/// The parts are kept as written once they are digits: `1850-04-82` is a typing error that still carries evidence,
/// so it is held with [`Quality::IMPOSSIBLE`] and not thrown away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PartialDate {
    /// Western year, as written (0..=9999).
    pub year: u16,
    /// Month as written (normally 1..=12), `None` when unknown.
    pub month: Option<u8>,
    /// Day as written (normally 1..=31), `None` when unknown.
    pub day: Option<u8>,
}

/// A Japanese address in parts; an absent part is an empty text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressParts {
    /// Prefecture, `島根県`; often left out.
    pub prefecture: Box<str>,
    /// City, ward, town or village of today, county left out: `出雲市`.
    pub municipality: Box<str>,
    /// Town or district without 大字 and 字: `西川津町`.
    pub town: Box<str>,
    /// 丁目, 番地 and 号 as numbers: `[1, 2, 3]` for 一丁目2番3号, 1-2-3 and １－２－３.
    pub numbers: Box<[u32]>,
    /// What is left: building and room.
    pub building: Box<str>,
}

/// What normalisation noticed about a value, as a set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quality(u16);

impl Quality {
    /// Nothing to remark.
    pub const NONE: Self = Self(0);
    /// Holds a wildcard for a lost glyph (`■ ● 〓 …`, U+FFFD, private use).
    pub const WILDCARD: Self = Self(1);
    /// A placeholder, not a value: `ベビー`, `不明`, `1900-01-01`.
    pub const PLACEHOLDER: Self = Self(2);
    /// A default that stands for unknown: 01-01, 07-01.
    pub const DEFAULT_DATE: Self = Self(4);
    /// A check digit that does not fit.
    pub const CHECK_DIGIT: Self = Self(8);
    /// Cannot be: 30 February, an era year past the era's end, a month 13.
    pub const IMPOSSIBLE: Self = Self(16);
    /// Could not be parsed as its kind; kept as text.
    pub const UNPARSED: Self = Self(32);
    /// The length is wrong for the kind (an insurer number of 5 digits, a postcode of 6).
    pub const LENGTH: Self = Self(64);

    /// Both sets of flags together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The flags as a number, for storing.
    #[must_use]
    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    /// The flags of a number; `None` when it has a bit that no flag has.
    #[must_use]
    pub(crate) const fn from_bits(bits: u16) -> Option<Self> {
        if bits < 2 * Self::LENGTH.0 { Some(Self(bits)) } else { None }
    }

    /// Whether every flag of `other` is set.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl Value {
    /// A value from its canonical form and its comparison key.
    #[must_use]
    pub fn new(exact: impl Into<Box<str>>, folded: impl Into<Box<str>>) -> Self {
        let (exact, folded) = (exact.into(), folded.into());
        let beside = (folded != exact).then(|| Box::new(Beside { folded: Some(folded), ..Beside::default() }));
        Self { exact, beside }
    }

    /// A value that is its own comparison key.
    #[must_use]
    pub fn plain(exact: impl Into<Box<str>>) -> Self {
        Self { exact: exact.into(), beside: None }
    }

    /// The same value with structure beside it.
    #[must_use]
    pub fn with_parts(mut self, parts: Parts) -> Self {
        if parts != *self.parts() {
            self.beside.get_or_insert_default().parts = parts;
        }
        self
    }

    /// The same value with more flags set.
    #[must_use]
    pub fn with_quality(mut self, quality: Quality) -> Self {
        if !self.quality().has(quality) {
            let beside = self.beside.get_or_insert_default();
            beside.quality = beside.quality.with(quality);
        }
        self
    }

    /// Structure beside the text.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        const NONE: &Parts = &Parts::None;
        self.beside.as_ref().map_or(NONE, |beside| &beside.parts)
    }

    /// What normalisation noticed; never a reason to reject a record.
    #[must_use]
    pub fn quality(&self) -> Quality {
        self.beside.as_ref().map_or(Quality::NONE, |beside| beside.quality)
    }

    /// The calendar date, if the value is one.
    #[must_use]
    pub fn date(&self) -> Option<PartialDate> {
        match self.parts() {
            Parts::Date(date) => Some(*date),
            _ => None,
        }
    }

    /// Whether the canonical form is its own comparison key.
    #[must_use]
    pub fn is_own_key(&self) -> bool {
        self.beside.as_ref().is_none_or(|beside| beside.folded.is_none())
    }

    /// The comparison key.
    #[must_use]
    pub fn folded(&self) -> &str {
        self.beside.as_ref().and_then(|beside| beside.folded.as_deref()).unwrap_or(&self.exact)
    }
}
