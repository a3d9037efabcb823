//! Emergencies: four kinds, what each needs, and whether one that was declared is authorised.
//!
//! An emergency is never inferred: the requester declares it, with a purpose that fits, and the network's policy says
//! who may. What is declared and not authorised stops the request; it is never quietly decided as an ordinary one.

use crate::obligation::{Notified, Obligation, Obligations};
use crate::purpose::{Purpose, Purposes};
use crate::request::Request;
use crate::role::Roles;
use crate::rule::{InstitutionKinds, Second};
use directory::Instant;
use serde::{Deserialize, Serialize};

/// A kind of emergency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmergencyKind {
    /// One clinician breaks the glass for one patient.
    BreakGlass,
    /// The patient agreed to it beforehand: nothing is overridden.
    Consented,
    /// An ambulance crew.
    Ambulance,
    /// A declared disaster, by region and dates.
    Disaster,
}

/// Kinds of emergencies, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EmergencyKinds(pub u8);

/// Why the patient cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EmergencyReason {
    /// 意識障害
    Unconscious,
    /// 生命危険
    DangerToLife,
    /// 同意困難 (小児, 認知症)
    CannotConsent,
    /// 身元確認
    UnknownIdentity,
    /// 災害
    Disaster,
    /// 代診
    Substitute,
}

/// What a requester declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Emergency {
    /// Which kind.
    pub kind: EmergencyKind,
    /// Why; the words beside it go to the audit.
    pub reason: Option<EmergencyReason>,
    /// When the session began.
    pub opened: Instant,
    /// Whether the person proved again who he or she is when the session began.
    pub is_reauthenticated: bool,
}

/// What the network's policy asks of one kind of emergency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EmergencyTerms {
    /// The roles that may declare it.
    pub roles: Roles,
    /// The kinds of institutions that may.
    pub institutions: InstitutionKinds,
    /// The reasons that are taken, one bit each in the order of [`EmergencyReason::ALL`].
    pub reasons: u8,
    /// How long a session lasts, in seconds.
    pub seconds: u32,
    /// Whether the head of the institution must have named the person.
    pub needs_naming: bool,
    /// Whether the person must have proved again who he or she is.
    pub needs_reauthentication: bool,
    /// What must be done beside.
    pub obligations: Obligations,
}

/// A declared disaster. An extension is a new version of the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Disaster {
    /// Its name.
    pub name: String,
    /// Regions of the directory, as numbers of the codebook.
    pub regions: Vec<crate::Number>,
    /// From when.
    pub from: Second,
    /// Until when, without that second.
    pub until: Second,
}

/// The emergencies that a policy knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmergencyPolicy {
    /// The terms of each kind, in the order of [`EmergencyKind::ALL`]; none: that kind is not offered.
    pub terms: [Option<EmergencyTerms>; 4],
    /// Disasters that were declared.
    pub disasters: Vec<Disaster>,
}

/// An emergency that is authorised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Authorised {
    pub(crate) kind: EmergencyKind,
    pub(crate) until: Second,
    pub(crate) obligations: Obligations,
}

/// How a declaration stands.
pub(crate) struct Standing {
    /// None when nothing was declared, or it is not authorised.
    pub(crate) authorised: Option<Authorised>,
    /// Whether what was declared, or what the purpose needs, is missing something.
    pub(crate) is_refused: bool,
    /// When this may change at the earliest.
    pub(crate) until: Second,
}

impl EmergencyKind {
    /// All of them; the place is the bit.
    pub const ALL: [Self; 4] = [Self::BreakGlass, Self::Consented, Self::Ambulance, Self::Disaster];

    /// The set of this one.
    #[must_use]
    #[inline]
    pub const fn set(self) -> EmergencyKinds {
        EmergencyKinds(match self {
            Self::BreakGlass => 1,
            Self::Consented => 2,
            Self::Ambulance => 4,
            Self::Disaster => 8,
        })
    }

    /// The purposes that it is declared with.
    #[must_use]
    pub const fn purposes(self) -> Purposes {
        match self {
            Self::BreakGlass => Purpose::BTG.set(),
            Self::Consented | Self::Ambulance => Purpose::ETREAT.set().with(Purpose::ERTREAT.set()),
            Self::Disaster => Purpose::DISASTER.set(),
        }
    }

    /// Whether it sets denies aside that may be overridden.
    #[must_use]
    pub const fn overrides(self) -> bool {
        !matches!(self, Self::Consented)
    }

    /// As people call it in Japanese.
    #[must_use]
    pub const fn japanese(self) -> &'static str {
        match self {
            Self::BreakGlass => "緊急閲覧",
            Self::Consented => "事前同意による救急時閲覧",
            Self::Ambulance => "救急隊による閲覧",
            Self::Disaster => "災害時閲覧",
        }
    }

    /// As people call it in English.
    #[must_use]
    pub const fn english(self) -> &'static str {
        match self {
            Self::BreakGlass => "break-glass",
            Self::Consented => "emergency access agreed beforehand",
            Self::Ambulance => "ambulance access",
            Self::Disaster => "disaster access",
        }
    }
}

impl EmergencyKinds {
    /// None.
    pub const NONE: Self = Self(0);
    /// All.
    pub const ALL: Self = Self(0b1111);

    /// Whether the two share one.
    #[must_use]
    #[inline]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether all of another set are in this one.
    #[must_use]
    pub const fn has_all(self, other: Self) -> bool {
        other.0 & !self.0 == 0
    }

    /// Whether there is none.
    #[must_use]
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<EmergencyKind> for EmergencyKinds {
    fn from_iter<I: IntoIterator<Item = EmergencyKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |all, kind| all | kind.set().0))
    }
}

impl EmergencyReason {
    /// All of them; the place is the bit.
    pub const ALL: [Self; 6] = [
        Self::Unconscious,
        Self::DangerToLife,
        Self::CannotConsent,
        Self::UnknownIdentity,
        Self::Disaster,
        Self::Substitute,
    ];

    /// Its bit.
    #[must_use]
    pub fn bit(self) -> u8 {
        Self::ALL.iter().position(|reason| *reason == self).map_or(0, |bit| 1 << bit)
    }
}

impl EmergencyPolicy {
    /// The terms of a kind; none when it is not offered.
    #[must_use]
    pub fn terms(&self, kind: EmergencyKind) -> Option<&EmergencyTerms> {
        let (_, terms) = EmergencyKind::ALL.iter().zip(&self.terms).find(|(known, _)| **known == kind)?;
        terms.as_ref()
    }

    /// How the emergency of a request stands. A purpose of emergencies without a fitting declaration is refused, and so
    /// is a declaration with another purpose.
    pub(crate) fn standing(&self, request: &Request<'_>) -> Standing {
        let needs_one = request.purpose.set().meets(Purposes::EMERGENCY);
        let refused = |until| Standing { authorised: None, is_refused: true, until };
        let Some(declared) = &request.emergency else {
            return Standing { authorised: None, is_refused: needs_one, until: Second::FOREVER };
        };
        let Some(terms) = self.terms(declared.kind) else { return refused(Second::FOREVER) };
        let now = Second::of(request.now);
        let requester = request.requester;
        let is_fit = declared.kind.purposes().meets(request.purpose.set())
            && terms.roles.meets(requester.role.set())
            && requester.kind.is_some_and(|kind| terms.institutions.has(kind))
            && declared.reason.is_some_and(|reason| terms.reasons & reason.bit() != 0)
            && (requester.may_break_glass || !terms.needs_naming)
            && (declared.is_reauthenticated || !terms.needs_reauthentication);
        if !is_fit {
            return refused(Second::FOREVER);
        }
        // A session that begins in the future is none yet; one that is over is none any more.
        let opened = Second::of(declared.opened);
        let ends = Second(opened.0.saturating_add(terms.seconds));
        if now < opened || now >= ends {
            return refused(if now < opened { opened } else { Second::FOREVER });
        }
        let until = if declared.kind == EmergencyKind::Disaster {
            match self.disaster_until(requester.region, now) {
                Ok(until) => until.min(ends),
                Err(next) => return refused(next.min(ends)),
            }
        } else {
            ends
        };
        let always = Obligations::NONE.and(Obligation::Notify(Notified::Patient)).and(Obligation::Audit);
        let obligations = terms.obligations.joined(always);
        Standing { authorised: Some(Authorised { kind: declared.kind, until, obligations }), is_refused: false, until }
    }

    /// Until when a disaster holds in a region; otherwise when the next one begins.
    fn disaster_until(&self, region: crate::Number, now: Second) -> Result<Second, Second> {
        let of_region = || self.disasters.iter().filter(|it| it.regions.contains(&region) && region.0 != 0);
        let running = of_region().filter(|it| it.from <= now && now < it.until).map(|it| it.until).max();
        let next = of_region().map(|it| it.from).filter(|from| now < *from).min();
        running.ok_or(next.unwrap_or(Second::FOREVER))
    }
}
