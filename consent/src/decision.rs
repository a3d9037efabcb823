//! What comes out of a decision: the answer, what stands behind it, and for how long it holds.
//!
//! An answer is small and copied; the rules behind it are written into a buffer that the caller brings, so that a
//! decision allocates nothing. Rules are named by their place; [`crate::explain()`] turns places into sentences.

use crate::emergency::EmergencyKind;
use crate::obligation::Obligations;
use directory::Instant;

/// May it be seen?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// It may.
    Permit,
    /// It may not.
    Deny,
}

/// What the answer rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Basis {
    /// The requester's institution asks for its own record.
    OwnRecord,
    /// Permits, and no deny.
    Permitted,
    /// Permits, in an authorised emergency.
    Emergency(EmergencyKind),
    /// A hard stop, see [`Decision::stops`]. Rules that stand in the way as well are named too.
    Stopped,
    /// At least one deny.
    Denied,
    /// Nobody permits it.
    NoPermit,
}

/// Something that stops a request before any rule is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stop {
    /// What is known may be out of date, or could not be read: the answer is not determined.
    Stale,
    /// The category is not defined, or not exactly one.
    UnknownCategory,
    /// The record carries a label that nobody here knows, or no level.
    UnknownLabel,
    /// The purpose is not defined.
    UnknownPurpose,
    /// The institution that asks, or the one that holds, is not in the directory.
    UnknownInstitution,
    /// The identity of the record is not one of the person's.
    UnknownIdentity,
    /// The person, the client or the institution is suspended.
    Suspended,
    /// The client is not licensed for the purpose.
    PurposeNotLicensed,
    /// The institution does not take part in the network.
    NotParticipating,
    /// The subject never joined.
    NotEnrolled,
    /// The subject withdrew.
    Withdrawn,
    /// The subject is dead: custodian and legal basis only.
    Deceased,
    /// The purpose needs an emergency that is authorised, or one was declared that does not fit.
    EmergencyRefused,
}

/// Hard stops, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stops(pub(crate) u16);

/// Where a rule stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RuleRef {
    /// Among the rules of the policy.
    Network(u32),
    /// Among all rules of custodians.
    Custodian(u32),
    /// Among the rules of the chart.
    Chart(u32),
}

/// What became of a rule that matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fate {
    /// It permits.
    Permits,
    /// It denies.
    Denies,
    /// A base deny that a permit of its own consent lifted.
    Lifted,
    /// A deny that the emergency set aside.
    Overridden,
    /// It adds obligations.
    Limits,
}

/// A rule that matched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Matched {
    /// Which.
    pub rule: RuleRef,
    /// What became of it.
    pub fate: Fate,
}

/// The rules that a decision considered and that matched. Kept and used again, it never allocates after the first few
/// decisions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reasons {
    pub(crate) matched: Vec<Matched>,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// May it be seen?
    pub outcome: Outcome,
    /// What the answer rests on.
    pub basis: Basis,
    /// All hard stops, also beside rules that deny.
    pub stops: Stops,
    /// What must be done beside; none when it may not be seen.
    pub obligations: Obligations,
    /// The answer stays the same until this instant while link, directory, consents and policy do.
    pub valid_until: Instant,
}

impl Stop {
    /// All of them; the place is the bit.
    pub const ALL: [Self; 13] = [
        Self::Stale,
        Self::UnknownCategory,
        Self::UnknownLabel,
        Self::UnknownPurpose,
        Self::UnknownInstitution,
        Self::UnknownIdentity,
        Self::Suspended,
        Self::PurposeNotLicensed,
        Self::NotParticipating,
        Self::NotEnrolled,
        Self::Withdrawn,
        Self::Deceased,
        Self::EmergencyRefused,
    ];

    /// The word in answers and logs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Stale => "indeterminate",
            Self::UnknownCategory => "unknown_category",
            Self::UnknownLabel => "unknown_label",
            Self::UnknownPurpose => "unknown_purpose",
            Self::UnknownInstitution => "unknown_institution",
            Self::UnknownIdentity => "unknown_identity",
            Self::Suspended => "suspended",
            Self::PurposeNotLicensed => "purpose_not_licensed",
            Self::NotParticipating => "not_participating",
            Self::NotEnrolled => "not_enrolled",
            Self::Withdrawn => "withdrawn",
            Self::Deceased => "deceased",
            Self::EmergencyRefused => "emergency_refused",
        }
    }

    /// Whether it says that the question could not be decided at all, rather than that the answer is no.
    #[must_use]
    pub const fn is_indeterminate(self) -> bool {
        self.bit() <= Self::UnknownIdentity.bit()
    }

    pub(crate) const fn bit(self) -> u16 {
        1 << (self as u16)
    }
}

impl Stops {
    /// None.
    pub const NONE: Self = Self(0);

    /// These and one more, if a condition holds.
    #[must_use]
    #[inline]
    pub(crate) const fn and_if(self, condition: bool, stop: Stop) -> Self {
        if condition { Self(self.0 | stop.bit()) } else { self }
    }

    /// Both together.
    #[must_use]
    #[inline]
    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether one is among them.
    #[must_use]
    pub const fn has(self, stop: Stop) -> bool {
        self.0 & stop.bit() != 0
    }

    /// Whether there is none.
    #[must_use]
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// All of them.
    pub fn iter(self) -> impl Iterator<Item = Stop> {
        Stop::ALL.into_iter().filter(move |stop| self.has(*stop))
    }
}

impl Reasons {
    /// An empty buffer with room for the rules of an ordinary decision.
    #[must_use]
    pub fn new() -> Self {
        Self { matched: Vec::with_capacity(64) }
    }

    /// All rules that matched, in the order of network, custodian, patient.
    #[must_use]
    pub fn matched(&self) -> &[Matched] {
        &self.matched
    }

    /// The rules that decide: the permits of a permit, the denies of a deny.
    pub fn deciding(&self, outcome: Outcome) -> impl Iterator<Item = RuleRef> {
        let fate = if outcome == Outcome::Permit { Fate::Permits } else { Fate::Denies };
        self.of(fate)
    }

    /// The rules of one fate.
    pub fn of(&self, fate: Fate) -> impl Iterator<Item = RuleRef> {
        self.matched.iter().filter(move |matched| matched.fate == fate).map(|matched| matched.rule)
    }
}

impl Decision {
    /// Whether it may be seen.
    #[must_use]
    pub fn is_permit(self) -> bool {
        self.outcome == Outcome::Permit
    }
}
