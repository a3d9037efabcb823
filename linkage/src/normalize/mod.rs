//! Turns raw text into a [`Value`]: one canonical form and one comparison key per field.
//!
//! One person is written in many ways: half-width kana, old kanji, era years, `1丁目2番3号` or `1-2-3`. Everything
//! that is only a way of writing is settled here, once per distinct raw value, so that the comparators see the rest.
//! A fold only ever joins spellings; it never decides that two records are one person. Nothing is rejected: what
//! cannot be read as its kind is kept as text with [`Quality::UNPARSED`], and what says nothing is null.
//!
//! The raw text is not changed and not kept here: the input table keeps it.

mod address;
mod date;
pub mod era;
mod house_number;
mod kana;
mod kanji;
mod latin;
mod markers;
mod municipality;
mod numbers;
mod placeholder;
mod romaji;
mod tables;
mod text;
mod width;

pub use kana::{kana_key, kana_to_romaji_key};
pub use kanji::WILDCARD;
pub use numbers::check_digit;
pub use romaji::{romaji_key, romaji_to_kana_key};
pub use tables::{NORMALIZER_VERSION, TableError, TableSources, Tables};
pub use width::clean;

use crate::value::{Quality, Value};

/// How the raw text of a field is read; a closed list, named in rule files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Any text: case, width and white space are settled.
    Text,
    /// A name in Latin letters of any European language: `O'Brien-Smith`.
    LatinName,
    /// A Japanese name in its registered spelling: `渡邉`.
    KanjiName,
    /// The reading of a Japanese name: `ワタナベ`, `ﾜﾀﾅﾍﾞ`, `わたなべ`.
    KanaName,
    /// A Japanese name in Latin letters: `OHNO`, `Ōno`.
    RomajiName,
    /// A birth date, in the western calendar or in era years, perhaps partial.
    Date,
    /// A Japanese postcode of 7 digits.
    Postcode,
    /// A telephone number.
    Phone,
    /// 記号 or 番号 of an insured person.
    InsuranceNumber,
    /// 保険者番号, or a public payer's number, with a check digit.
    InsurerNumber,
    /// 枝番: which member of the household, 2 digits.
    BranchNumber,
    /// A Japanese address in one text.
    Address,
    /// Administrative sex.
    Sex,
    /// Any number of digits, such as a patient number or a street number.
    Digits,
    /// An e-mail address.
    Email,
    /// The part of an e-mail address before the `@`.
    EmailUser,
    /// The part of an e-mail address after the `@`.
    EmailDomain,
    /// A British postcode, compact: `DL85RQ`.
    UkPostcode,
    /// Several texts in one field, parted by `;`, `|` or `、`.
    Set,
}

impl Kind {
    /// Every kind, in the order of the documentation.
    pub const ALL: &'static [Self] = &[
        Self::Text,
        Self::LatinName,
        Self::KanjiName,
        Self::KanaName,
        Self::RomajiName,
        Self::Date,
        Self::Postcode,
        Self::Phone,
        Self::InsuranceNumber,
        Self::InsurerNumber,
        Self::BranchNumber,
        Self::Address,
        Self::Sex,
        Self::Digits,
        Self::Email,
        Self::EmailUser,
        Self::EmailDomain,
        Self::UkPostcode,
        Self::Set,
    ];

    /// The name used in rule files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::LatinName => "latin_name",
            Self::KanjiName => "kanji_name",
            Self::KanaName => "kana_name",
            Self::RomajiName => "romaji_name",
            Self::Date => "date",
            Self::Postcode => "postcode",
            Self::Phone => "phone",
            Self::InsuranceNumber => "insurance_number",
            Self::InsurerNumber => "insurer_number",
            Self::BranchNumber => "branch_number",
            Self::Address => "address",
            Self::Sex => "sex",
            Self::Digits => "digits",
            Self::Email => "email",
            Self::EmailUser => "email_user",
            Self::EmailDomain => "email_domain",
            Self::UkPostcode => "uk_postcode",
            Self::Set => "set",
        }
    }

    /// The kind of that name, if there is one.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }
}

/// How often unusual text is normalised again before it is taken as it stands. Two rounds settle every text met
/// so far; the limit only bounds the work on hostile input.
const ROUNDS_MAX: usize = 8;

/// Normalises one raw value; `None` is null: nothing was said (empty, white space, `-`, `N/A`, and for most kinds
/// `不明`).
///
/// The result is its own normal form: normalising [`Value::exact`] again gives the same exact text and the same key.
///
/// ```
/// use linkage::normalize::{Kind, Tables, normalize};
///
/// let date = normalize(Kind::Date, "昭和２３年４月５日", &Tables::empty());
/// assert_eq!(date.map(|value| value.exact), Some("1948-04-05".into()));
/// assert_eq!(normalize(Kind::Date, "不明", &Tables::empty()), None);
/// ```
#[must_use]
pub fn normalize(kind: Kind, raw: &str, tables: &Tables) -> Option<Value> {
    let mut value = normalize_once(kind, raw, tables)?;
    if width::is_plain(raw) {
        return Some(value);
    }
    // Text outside the plain ranges may compose anew once its separators are gone (`e`, space, combining accent), so
    // it is normalised until it stands still.
    for _ in 0..ROUNDS_MAX {
        let again = normalize_once(kind, &value.exact, tables)?;
        let settled = again.exact == value.exact;
        let quality = value.quality();
        value = again.with_quality(quality);
        if settled {
            return Some(value);
        }
    }
    Some(value.with_quality(Quality::UNPARSED))
}

fn normalize_once(kind: Kind, raw: &str, tables: &Tables) -> Option<Value> {
    match kind {
        Kind::Text => text::text(raw, tables),
        Kind::LatinName => latin::name(raw),
        Kind::KanjiName => kanji::name(raw, tables),
        Kind::KanaName => kana::name(raw),
        Kind::RomajiName => romaji::name(raw),
        Kind::Date => date::date(raw),
        Kind::Postcode => numbers::postcode(raw),
        Kind::Phone => numbers::phone(raw),
        Kind::InsuranceNumber => numbers::insurance_number(raw),
        Kind::InsurerNumber => numbers::insurer_number(raw),
        Kind::BranchNumber => numbers::branch_number(raw),
        Kind::Address => address::address(raw, tables),
        Kind::Sex => text::sex(raw),
        Kind::Digits => numbers::digits(raw),
        Kind::Email => text::email(raw),
        Kind::EmailUser => text::email_user(raw),
        Kind::EmailDomain => text::email_domain(raw),
        Kind::UkPostcode => text::uk_postcode(raw),
        Kind::Set => text::set(raw, tables),
    }
}

#[cfg(test)]
mod tests;
