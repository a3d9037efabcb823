//! Institutions: how large, where, and how each of them writes.
//!
//! A habit belongs to the institution's system and is the same in all of its records; what differs from record to
//! record is an error and lives in [`crate::errors`].

use crate::data::Tables;
use crate::place;
use crate::random::{Cumulative, Kind, Stream};
use crate::settings::Columns;

/// Which characters a system can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Charset {
    /// All.
    Unicode,
    /// JIS X 0208 with the vendor extensions, as claims systems have it.
    Cp932,
    /// JIS X 0208 alone, as SS-MIX2 carries it.
    JisX0208,
}

/// How the two names share the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NameColumns {
    Apart,
    /// Both in the family column with this between them, the given column empty.
    Joined(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DateStyle {
    Iso,
    /// `S23.4.5`
    Wareki,
    /// `19480405`
    Compact,
    /// `1948/04/05`
    Slashes,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PhoneStyle {
    /// `0852-22-5111`
    Hyphens,
    /// `0852225111`
    Digits,
    /// `0852(22)5111`
    Brackets,
    /// `０８５２－２２－５１１１`
    Wide,
    /// `852225111`, as a spreadsheet leaves it.
    ZeroLost,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AddressStyle {
    /// `1丁目2番3号`
    Units,
    /// `一丁目2番3号`
    KanjiUnits,
    /// `1-2-3`
    Hyphens,
    /// `１－２－３`
    Wide,
}

/// How one institution writes.
#[derive(Clone, Debug)]
pub(crate) struct Habits {
    pub(crate) charset: Charset,
    /// What stands for a character that the system cannot hold; none: a clerk takes the standard character.
    pub(crate) lost_glyph: Option<char>,
    pub(crate) half_width_kana: bool,
    pub(crate) small_kana_large: bool,
    pub(crate) names: NameColumns,
    pub(crate) date: DateStyle,
    pub(crate) phone: PhoneStyle,
    pub(crate) address: AddressStyle,
    pub(crate) with_prefecture: bool,
    pub(crate) postcode_hyphen: bool,
    /// Insurance columns are part of what the institution sends.
    pub(crate) gives_insurance: bool,
    /// Insurance symbol and number in full width.
    pub(crate) wide_insurance: bool,
    /// Foreigners: given name first.
    pub(crate) given_name_first: bool,
}

/// One institution.
#[derive(Clone, Debug)]
pub(crate) struct Institution {
    /// Ten digits: prefecture, kind, number, check digit.
    pub(crate) code: String,
    pub(crate) municipality: usize,
    pub(crate) habits: Habits,
}

/// All institutions of a run.
#[derive(Debug)]
pub(crate) struct Institutions {
    pub(crate) all: Vec<Institution>,
    by_size: Cumulative,
    /// Per municipality: places in `all` with their sizes.
    near: Vec<(Vec<usize>, Cumulative)>,
}

/// Share of visits within the own municipality, if it has an institution (assumption).
const NEAR_PERCENT: u32 = 65;

impl Institutions {
    pub(crate) fn new(seed: u64, count: u32, columns: Columns) -> Self {
        let all: Vec<Institution> = (0..count).map(|place| Institution::new(seed, place, columns)).collect();
        let sizes: Vec<u64> = (0..all.len()).map(size).collect();
        let municipalities = Tables::get().towns.iter().map(|town| town.municipality_place + 1).max().unwrap_or(0);
        let near = (0..municipalities)
            .map(|municipality| {
                let places: Vec<usize> = all
                    .iter()
                    .enumerate()
                    .filter(|(_, institution)| institution.municipality == municipality)
                    .map(|(place, _)| place)
                    .collect();
                let weights = Cumulative::new(places.iter().filter_map(|&place| sizes.get(place).copied()));
                (places, weights)
            })
            .collect();
        Self { by_size: Cumulative::new(sizes), all, near }
    }

    /// The place of an institution that somebody from this municipality goes to: large and near ones more often.
    pub(crate) fn choose(&self, stream: &mut Stream, municipality: usize) -> usize {
        if stream.percent(NEAR_PERCENT)
            && let Some((places, weights)) = self.near.get(municipality)
            && !places.is_empty()
        {
            return places.get(weights.draw(stream)).copied().unwrap_or(0);
        }
        self.by_size.draw(stream).min(self.all.len().saturating_sub(1))
    }
}

/// Patients of the institution at a place in the list: Zipf, flattened at the top.
fn size(place: usize) -> u64 {
    1_000_000 / (u64::try_from(place).unwrap_or(0) + 12)
}

impl Institution {
    fn new(seed: u64, place: u32, columns: Columns) -> Self {
        let mut stream = Stream::new(seed, Kind::Institution, u64::from(place));
        let municipality = place::municipality(place::home(&mut stream, 0));
        // Prefecture 32, kind 1 (medical), a serial number of six digits, check digit.
        let code = place::with_check_digit(321_000_000 + place % 1_000_000).to_string();
        let habits = if columns == Columns::Person { Habits::draw(&mut stream) } else { Habits::plain() };
        Self { code, municipality, habits }
    }
}

impl Habits {
    /// The shares are assumptions.
    fn draw(stream: &mut Stream) -> Self {
        Self {
            charset: match stream.weighted(&[35, 45, 20]) {
                0 => Charset::Unicode,
                1 => Charset::Cp932,
                _ => Charset::JisX0208,
            },
            lost_glyph: match stream.weighted(&[50, 25, 18, 7]) {
                0 => None,
                1 => Some('■'),
                2 => Some('●'),
                _ => Some('〓'),
            },
            half_width_kana: stream.percent(20),
            small_kana_large: stream.percent(10),
            names: match stream.weighted(&[94, 3, 2, 1]) {
                0 => NameColumns::Apart,
                1 => NameColumns::Joined("\u{3000}"),
                2 => NameColumns::Joined(" "),
                _ => NameColumns::Joined(""),
            },
            date: match stream.weighted(&[60, 15, 15, 10]) {
                0 => DateStyle::Iso,
                1 => DateStyle::Wareki,
                2 => DateStyle::Compact,
                _ => DateStyle::Slashes,
            },
            phone: match stream.weighted(&[50, 30, 10, 7, 3]) {
                0 => PhoneStyle::Hyphens,
                1 => PhoneStyle::Digits,
                2 => PhoneStyle::Brackets,
                3 => PhoneStyle::Wide,
                _ => PhoneStyle::ZeroLost,
            },
            address: match stream.weighted(&[25, 10, 40, 25]) {
                0 => AddressStyle::Units,
                1 => AddressStyle::KanjiUnits,
                2 => AddressStyle::Hyphens,
                _ => AddressStyle::Wide,
            },
            with_prefecture: stream.percent(60),
            postcode_hyphen: stream.percent(50),
            gives_insurance: stream.percent(90),
            wide_insurance: stream.percent(8),
            given_name_first: stream.percent(30),
        }
    }

    /// The one way of writing of the `jp_10k` columns.
    pub(crate) const fn plain() -> Self {
        Self {
            charset: Charset::Unicode,
            lost_glyph: None,
            half_width_kana: false,
            small_kana_large: false,
            names: NameColumns::Apart,
            date: DateStyle::Iso,
            phone: PhoneStyle::Digits,
            address: AddressStyle::Hyphens,
            with_prefecture: true,
            postcode_hyphen: false,
            gives_insurance: true,
            wide_insurance: false,
            given_name_first: false,
        }
    }
}
