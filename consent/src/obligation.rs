//! What a permitted access must also do, or must leave undone.
//!
//! Obligations of all matching permits and limits are joined: every one stays, and where two say how much, the stricter
//! holds. A point of enforcement that does not understand one of them must deny; so the set is closed and small, and fits
//! into a few words that are joined without allocating.

use serde::{Deserialize, Serialize};

/// One thing that an access must do, as documents and policies write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Obligation {
    /// Drop the record.
    Redact,
    /// Show a summary or a list, not the content.
    SummaryOnly,
    /// Hide some fields.
    Mask(Field),
    /// Do not let the viewer save it.
    NoDownload,
    /// Do not let the viewer print it.
    NoPrint,
    /// Do not give it to others (HL7 `NORDSCLCD`).
    NoRedisclosure,
    /// Show who looks across the page.
    Watermark,
    /// Log the access in detail.
    Audit,
    /// Keep the log of this access for so many years at least.
    RetainYears(u8),
    /// Tell somebody.
    Notify(Notified),
    /// Explain it to the patient when he or she is well again.
    ExplainLater,
    /// Ask for a reason before the access.
    ReasonRequired,
    /// Ask the person to prove again who he or she is.
    StepUp,
    /// The access ends after so many hours.
    TimeboxHours(u16),
    /// An officer looks at it within so many days.
    ReviewDays(u16),
}

/// A field that may be hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Address, postcode and telephone.
    Address,
    /// Who wrote the record.
    Author,
    /// Where the record is from.
    Institution,
    /// Family and other contacts.
    Contacts,
}

/// Somebody who is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Notified {
    /// The patient.
    Patient,
    /// The institution whose record it is.
    Custodian,
    /// The privacy officer.
    Officer,
}

/// Obligations joined; the default is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Obligations {
    flags: u16,
    /// Fields to hide, one bit each.
    fields: u8,
    /// Whom to tell, one bit each.
    notified: u8,
    retain_years: u8,
    /// 0 when there is none; otherwise the least.
    timebox_hours: u16,
    /// 0 when there is none; otherwise the least.
    review_days: u16,
}

const FLAGS: [Obligation; 10] = [
    Obligation::Redact,
    Obligation::SummaryOnly,
    Obligation::NoDownload,
    Obligation::NoPrint,
    Obligation::NoRedisclosure,
    Obligation::Watermark,
    Obligation::Audit,
    Obligation::ExplainLater,
    Obligation::ReasonRequired,
    Obligation::StepUp,
];
const FIELDS: [Field; 4] = [Field::Address, Field::Author, Field::Institution, Field::Contacts];
const NOTIFIED: [Notified; 3] = [Notified::Patient, Notified::Custodian, Notified::Officer];
/// The bit of [`Obligation::Redact`], which is stricter than every other transform.
const REDACT: u16 = 1;
const SUMMARY_ONLY: u16 = 2;

impl Obligations {
    /// None.
    pub const NONE: Self = Self { flags: 0, fields: 0, notified: 0, retain_years: 0, timebox_hours: 0, review_days: 0 };

    /// These and one more. A box of 0 hours and a review within 0 days are taken as 1: the strictest there is.
    #[must_use]
    pub fn and(self, obligation: Obligation) -> Self {
        let bit = |place: Option<usize>| place.map_or(0, |place| 1_u16 << place);
        let byte = |place: Option<usize>| place.map_or(0, |place| 1_u8 << place);
        let mut one = Self::NONE;
        match obligation {
            Obligation::Mask(field) => one.fields = byte(FIELDS.iter().position(|known| *known == field)),
            Obligation::Notify(whom) => one.notified = byte(NOTIFIED.iter().position(|known| *known == whom)),
            Obligation::RetainYears(years) => one.retain_years = years,
            Obligation::TimeboxHours(hours) => one.timebox_hours = hours.max(1),
            Obligation::ReviewDays(days) => one.review_days = days.max(1),
            flag => one.flags = bit(FLAGS.iter().position(|known| *known == flag)),
        }
        self.joined(one)
    }

    /// Both together, the stricter where both say how much.
    #[must_use]
    pub fn joined(self, other: Self) -> Self {
        let least = |a: u16, b: u16| if a == 0 || b == 0 { a.max(b) } else { a.min(b) };
        Self {
            flags: self.flags | other.flags,
            fields: self.fields | other.fields,
            notified: self.notified | other.notified,
            retain_years: self.retain_years.max(other.retain_years),
            timebox_hours: least(self.timebox_hours, other.timebox_hours),
            review_days: least(self.review_days, other.review_days),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// Whether one is among them, or a stricter one of its kind.
    #[must_use]
    pub fn has(self, obligation: Obligation) -> bool {
        self.joined(Self::NONE.and(obligation)) == self
    }

    /// How the content is changed before it is shown: the strictest transform that any permit or limit asks for.
    #[must_use]
    pub fn transform(self) -> Transform {
        if self.flags & REDACT != 0 {
            Transform::Redact
        } else if self.flags & SUMMARY_ONLY != 0 {
            Transform::SummaryOnly
        } else if self.fields != 0 {
            Transform::Mask
        } else {
            Transform::Whole
        }
    }

    /// All of them, each once.
    pub fn iter(self) -> impl Iterator<Item = Obligation> {
        let flags = FLAGS.into_iter().enumerate().filter(move |(place, _)| self.flags >> place & 1 == 1);
        let fields = FIELDS.into_iter().enumerate().filter(move |(place, _)| self.fields >> place & 1 == 1);
        let notified = NOTIFIED.into_iter().enumerate().filter(move |(place, _)| self.notified >> place & 1 == 1);
        let amounts = [
            (self.retain_years > 0).then_some(Obligation::RetainYears(self.retain_years)),
            (self.timebox_hours > 0).then_some(Obligation::TimeboxHours(self.timebox_hours)),
            (self.review_days > 0).then_some(Obligation::ReviewDays(self.review_days)),
        ];
        let flags = flags.map(|(_, obligation)| obligation);
        let fields = fields.map(|(_, field)| Obligation::Mask(field));
        let notified = notified.map(|(_, whom)| Obligation::Notify(whom));
        flags.chain(fields).chain(notified).chain(amounts.into_iter().flatten())
    }
}

impl FromIterator<Obligation> for Obligations {
    fn from_iter<I: IntoIterator<Item = Obligation>>(obligations: I) -> Self {
        obligations.into_iter().fold(Self::NONE, Self::and)
    }
}

/// How content is changed before it is shown, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Transform {
    /// Not at all.
    Whole,
    /// Without some fields.
    Mask,
    /// A summary or list only.
    SummaryOnly,
    /// Dropped.
    Redact,
}
