//! What a decision is about, as facts: who asks, for which record, why, when.
//!
//! The hub finds these out (tokens, directory, encounters) and this crate believes them. What is not known is said as
//! not known, never guessed: for a permit it does not match, for a deny it does.

use crate::category::Category;
use crate::codebook::Number;
use crate::emergency::Emergency;
use crate::label::Labels;
use crate::purpose::{Purpose, Purposes};
use crate::role::ActingAs;
use crate::rule::Relations;
use directory::{Date, Instant, InstitutionKind};

/// Who asks. Numbers come from the [`crate::Codebook`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requester {
    /// The institution; [`Number::UNKNOWN`] when the directory does not know it, and then everything is denied.
    pub institution: Number,
    /// Its kind.
    pub kind: Option<InstitutionKind>,
    /// Its region.
    pub region: Number,
    /// Its groups and care teams.
    pub groups: Vec<Number>,
    /// The department, if known.
    pub department: Number,
    /// The practitioner, if known.
    pub practitioner: Number,
    /// As what he or she acts.
    pub role: ActingAs,
    /// The purposes that the client is licensed for.
    pub licensed: Purposes,
    /// Whether the institution takes part in the network now.
    pub is_participant: bool,
    /// Whether the person, the client or the institution is suspended.
    pub is_suspended: bool,
    /// Whether the head of the institution named the person for emergencies.
    pub may_break_glass: bool,
    /// The care relationships of requester and patient.
    pub relations: Relations,
    /// When the last encounter of the two ended, the present for one that is open.
    pub last_encounter: Option<Instant>,
    /// When any of these facts may change by itself at the earliest: a post or a relationship that ends.
    pub facts_until: Instant,
}

/// The record that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordFacts<'a> {
    /// Whose record it is.
    pub custodian: Number,
    /// The department that it is from, if known.
    pub department: Number,
    /// What kind of data it is.
    pub category: Category,
    /// How sensitive it is; see [`Labels::of_record`].
    pub labels: Labels,
    /// The day that the data is from, if known.
    pub date: Option<Date>,
    /// Who wrote it, if known.
    pub author: Number,
    /// The record itself, if a rule can name it.
    pub record: Number,
    /// The encounters, plans and episodes that it belongs to; none when that is not known.
    pub related: Option<&'a [Number]>,
    /// The place of its identity among the linked identities of the chart.
    pub identity: u16,
}

/// One question.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Who asks.
    pub requester: &'a Requester,
    /// For what.
    pub record: RecordFacts<'a>,
    /// Why.
    pub purpose: Purpose,
    /// The present.
    pub now: Instant,
    /// The emergency that is declared, if one is.
    pub emergency: Option<Emergency>,
    /// Whether a duty or right by law was shown that does not depend on the person's taking part.
    pub has_legal_basis: bool,
    /// Whether what is known of consents, links or policy may be out of date, or could not be read.
    pub is_stale: bool,
}

impl RecordFacts<'_> {
    /// A record of which nothing but custodian and category is known.
    #[must_use]
    pub fn of(custodian: Number, category: Category) -> Self {
        Self {
            custodian,
            department: Number::default(),
            category,
            labels: Labels::PLAIN,
            date: None,
            author: Number::default(),
            record: Number::default(),
            related: None,
            identity: 0,
        }
    }
}
