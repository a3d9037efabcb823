//! The rule: one flat, closed struct of 64 bytes, one line of the processor's cache.
//!
//! Everything that is tested on the way to a decision is in it as a mask or a number; what an explanation needs (which
//! consent, which provision) lies beside the rules, see [`crate::Origin`]. Rules are made by compiling documents and
//! policies, never by hand: the masks are those after closure, and an empty mask matches nothing.

use crate::category::Categories;
use crate::codebook::{Number, ObligationsId};
use crate::emergency::EmergencyKinds;
use crate::label::Labels;
use crate::purpose::Purposes;
use crate::role::Roles;
use directory::{Instant, InstitutionKind};
use serde::{Deserialize, Serialize};

/// What a rule does when it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// It may be seen.
    Permit,
    /// It may not be seen.
    Deny,
    /// Neither; but if it may be seen, the obligations of this rule hold.
    Limit,
}

/// Who made a rule. It explains; it does not rank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The network's policy.
    Network,
    /// The institution whose record it is.
    Custodian,
    /// The patient.
    Patient,
}

/// Whole seconds since 1970 UTC, until the year 2106. A window that is not of whole seconds is refused when saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Second(pub(crate) u32);

/// One thing that must be so about a requester, a custodian or a record: a kind in the upper four bits, a number below.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Selector(u32);

/// What a selector says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selected {
    /// Anybody, anything.
    Any,
    /// One institution.
    Institution(Number),
    /// One of a set of institutions.
    Institutions(Number),
    /// An institution of one of some kinds.
    Kinds(InstitutionKinds),
    /// An institution of a group.
    Group(Number),
    /// An institution of a region.
    Region(Number),
    /// One department of one institution.
    Department(Number),
    /// One practitioner, as requester or as author of a record.
    Practitioner(Number),
    /// One of a set of practitioners.
    Practitioners(Number),
    /// Somebody in one of some care relationships.
    Relations(Relations),
    /// Somebody whose last encounter with the patient ended less than so many days ago.
    SeenWithinDays(u32),
    /// One document or record.
    Record(Number),
    /// One of a set of documents or records.
    Records(Number),
    /// What belongs to an encounter, a care plan, an episode.
    Related(Number),
    /// Nobody.
    Nobody,
}

/// Kinds of institutions, one bit each in the order of [`InstitutionKind::ALL`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstitutionKinds(pub u32);

/// Care relationships, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Relations(pub u32);

/// Why a requester has to do with a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Relation {
    /// An encounter is open.
    OpenEncounter,
    /// The patient was referred.
    Referral,
    /// The patient's registered family doctor.
    RegisteredDoctor,
    /// Seen within the days that the network's policy names.
    SeenRecently,
}

/// The flags of a rule.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flags(u16);

/// A rule. See the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C, align(64))]
pub struct Rule {
    /// Which data; empty matches nothing.
    pub categories: Categories,
    /// The record carries one of these; no condition when empty.
    pub labels_any: Labels,
    /// The record carries none of these.
    pub labels_none: Labels,
    /// The first day of the data, in days since 1970; `i32::MIN` when there is none. With [`Flags::ROLLING`] the
    /// greatest age in days instead.
    pub data_from: i32,
    /// The day after the last; `i32::MAX` when there is none.
    pub data_until: i32,
    /// From when the rule holds.
    pub from: Second,
    /// Until when it holds, without that second.
    pub until: Second,
    /// For which purposes, after closure.
    pub purposes: Purposes,
    /// Who sees.
    pub recipient: Selector,
    /// Whose data.
    pub custodian: Selector,
    /// Which records beside their category: of a department, an author, an encounter, by name.
    pub data: Selector,
    /// In which roles.
    pub roles: Roles,
    /// What must also be done.
    pub obligations: ObligationsId,
    /// The place of its consent among those of the chart; 0 for rules of the network and of custodians.
    pub source: u16,
    /// Effect, layer and the rest.
    pub flags: Flags,
}

// The layout that the speed and the memory of a million patients rest on.
const _: () = assert!(size_of::<Rule>() == 64);

impl Second {
    /// Before everything.
    pub const START: Self = Self(0);
    /// The end of a window that has no end.
    pub const FOREVER: Self = Self(u32::MAX);

    /// The second that an instant lies in; instants outside the range lie in its first or last second.
    #[must_use]
    #[inline]
    pub fn of(instant: Instant) -> Self {
        let second = instant.micros().div_euclid(1_000_000);
        Self(u32::try_from(second.clamp(0, i64::from(u32::MAX) - 1)).unwrap_or(0))
    }

    /// An end or a start of a window, if it is a whole second in the range or has no limit.
    #[must_use]
    pub fn exactly(instant: Instant) -> Option<Self> {
        match instant {
            Instant::MIN => Some(Self::START),
            Instant::FOREVER => Some(Self::FOREVER),
            _ if instant.micros() % 1_000_000 != 0 => None,
            _ => {
                let second = u32::try_from(instant.micros() / 1_000_000).ok().map(Self);
                second.filter(|second| *second < Self::FOREVER)
            }
        }
    }

    /// Its first instant; [`Instant::FOREVER`] for the end of what has none.
    #[must_use]
    pub fn instant(self) -> Instant {
        if self == Self::FOREVER { Instant::FOREVER } else { Instant::from_micros(i64::from(self.0) * 1_000_000) }
    }
}

const KIND_SHIFT: u32 = 28;
const NUMBER_MASK: u32 = (1 << KIND_SHIFT) - 1;

impl Selector {
    /// No condition.
    pub const ANY: Self = Self(0);

    /// The selector that says this. Numbers are below [`crate::codebook::NUMBERS_MAX`], so nothing is cut off.
    #[must_use]
    pub fn new(selected: Selected) -> Self {
        let (kind, number) = match selected {
            Selected::Any => (0, 0),
            Selected::Institution(number) => (1, number.0),
            Selected::Institutions(set) => (2, set.0),
            Selected::Kinds(kinds) => (3, kinds.0),
            Selected::Group(number) => (4, number.0),
            Selected::Region(number) => (5, number.0),
            Selected::Department(number) => (6, number.0),
            Selected::Practitioner(number) => (7, number.0),
            Selected::Practitioners(set) => (8, set.0),
            Selected::Relations(relations) => (9, relations.0),
            Selected::SeenWithinDays(days) => (10, days),
            Selected::Record(number) => (11, number.0),
            Selected::Records(set) => (12, set.0),
            Selected::Related(number) => (13, number.0),
            Selected::Nobody => (15, 0),
        };
        Self(kind << KIND_SHIFT | number & NUMBER_MASK)
    }

    /// What it says.
    #[must_use]
    #[inline]
    pub fn selected(self) -> Selected {
        let number = Number(self.0 & NUMBER_MASK);
        match self.0 >> KIND_SHIFT {
            0 => Selected::Any,
            1 => Selected::Institution(number),
            2 => Selected::Institutions(number),
            3 => Selected::Kinds(InstitutionKinds(number.0)),
            4 => Selected::Group(number),
            5 => Selected::Region(number),
            6 => Selected::Department(number),
            7 => Selected::Practitioner(number),
            8 => Selected::Practitioners(number),
            9 => Selected::Relations(Relations(number.0)),
            10 => Selected::SeenWithinDays(number.0),
            11 => Selected::Record(number),
            12 => Selected::Records(number),
            13 => Selected::Related(number),
            _ => Selected::Nobody,
        }
    }

    /// As one number, for telling rules apart.
    pub(crate) const fn bits(self) -> u32 {
        self.0
    }

    /// Whether it asks for nothing.
    #[must_use]
    #[inline]
    pub fn is_any(self) -> bool {
        self.0 == 0
    }
}

impl std::fmt::Debug for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.selected().fmt(f)
    }
}

impl InstitutionKinds {
    /// Whether a kind is among them.
    #[must_use]
    pub fn has(self, kind: InstitutionKind) -> bool {
        self.0 & Self::from_iter([kind]).0 != 0
    }
}

impl FromIterator<InstitutionKind> for InstitutionKinds {
    fn from_iter<I: IntoIterator<Item = InstitutionKind>>(kinds: I) -> Self {
        Self(kinds.into_iter().fold(0, |all, kind| all | 1 << kind_bit(kind)))
    }
}

/// The place of a kind in [`InstitutionKind::ALL`]. A decision asks for it, so it is said and not searched for.
const fn kind_bit(kind: InstitutionKind) -> u32 {
    match kind {
        InstitutionKind::Hospital => 0,
        InstitutionKind::Clinic => 1,
        InstitutionKind::DentalClinic => 2,
        InstitutionKind::Pharmacy => 3,
        InstitutionKind::VisitingNurse => 4,
        InstitutionKind::CareFacility => 5,
        InstitutionKind::Laboratory => 6,
        InstitutionKind::Government => 7,
        InstitutionKind::Network => 8,
        InstitutionKind::Other => 9,
    }
}

impl Relation {
    /// All of them; the place is the bit.
    pub const ALL: [Self; 4] = [Self::OpenEncounter, Self::Referral, Self::RegisteredDoctor, Self::SeenRecently];
}

impl Relations {
    /// Those of both.
    #[must_use]
    pub const fn with(self, others: Self) -> Self {
        Self(self.0 | others.0)
    }

    /// Whether it holds one.
    #[must_use]
    pub fn has(self, relation: Relation) -> bool {
        let one: Self = [relation].into_iter().collect();
        self.0 & one.0 != 0
    }
}

impl FromIterator<Relation> for Relations {
    fn from_iter<I: IntoIterator<Item = Relation>>(relations: I) -> Self {
        let bit = |relation| Relation::ALL.iter().position(|known| *known == relation).map_or(0, |bit| 1 << bit);
        Self(relations.into_iter().fold(0, |all, relation| all | bit(relation)))
    }
}

impl Flags {
    const EFFECT_MASK: u16 = 0b11;
    const LAYER_SHIFT: u16 = 2;
    /// A deny that an authorised emergency sets aside.
    pub const OVERRIDABLE: Self = Self(1 << 4);
    /// Holds only while the requester has a care relationship of any kind.
    pub const REQUIRES_RELATION: Self = Self(1 << 5);
    /// A deny that a matching permit of the same consent lifts, and nothing else does.
    pub const BASE: Self = Self(1 << 6);
    /// `data_from` is the greatest age of a record in days.
    pub const ROLLING: Self = Self(1 << 7);
    /// A permit that opens the records of some linked identities only, those in the reach of its consent.
    pub const NARROW_REACH: Self = Self(1 << 8);
    /// A permit of the network for whoever has not said anything yet: the first consent replaces it.
    pub const IMPLICIT: Self = Self(1 << 9);
    const EMERGENCY_SHIFT: u16 = 10;
    const EMERGENCY_MASK: u16 = 0b1111;

    /// All of them as bits, for telling rules apart.
    pub(crate) const fn bits(self) -> u16 {
        self.0
    }

    /// Effect and layer, and nothing else.
    #[must_use]
    pub fn new(effect: Effect, layer: Layer) -> Self {
        let effect = match effect {
            Effect::Permit => 0,
            Effect::Deny => 1,
            Effect::Limit => 2,
        };
        let layer = match layer {
            Layer::Network => 0,
            Layer::Custodian => 1,
            Layer::Patient => 2,
        };
        Self(effect | layer << Self::LAYER_SHIFT)
    }

    /// These and others.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without others.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// These, for an authorised emergency of some kinds only.
    #[must_use]
    pub fn only_in(self, kinds: EmergencyKinds) -> Self {
        Self(self.0 | u16::from(kinds.0) << Self::EMERGENCY_SHIFT)
    }

    /// Whether all of another set are there.
    #[must_use]
    #[inline]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The effect.
    #[must_use]
    #[inline]
    pub const fn effect(self) -> Effect {
        match self.0 & Self::EFFECT_MASK {
            0 => Effect::Permit,
            2 => Effect::Limit,
            _ => Effect::Deny,
        }
    }

    /// The layer.
    #[must_use]
    pub const fn layer(self) -> Layer {
        match self.0 >> Self::LAYER_SHIFT & 0b11 {
            0 => Layer::Network,
            1 => Layer::Custodian,
            _ => Layer::Patient,
        }
    }

    /// The kinds of emergency that the rule is for; empty when it holds always.
    #[must_use]
    #[inline]
    pub fn emergencies(self) -> EmergencyKinds {
        EmergencyKinds(u8::try_from(self.0 >> Self::EMERGENCY_SHIFT & Self::EMERGENCY_MASK).unwrap_or(0))
    }
}

impl Rule {
    /// A rule that matches everything always; whoever makes one narrows it.
    #[must_use]
    pub fn any(effect: Effect, layer: Layer) -> Self {
        Self {
            categories: Categories::ALL,
            labels_any: Labels::NONE,
            labels_none: Labels::NONE,
            data_from: i32::MIN,
            data_until: i32::MAX,
            from: Second::START,
            until: Second::FOREVER,
            purposes: Purposes::ALL,
            recipient: Selector::ANY,
            custodian: Selector::ANY,
            data: Selector::ANY,
            roles: Roles::ALL,
            obligations: ObligationsId::default(),
            source: 0,
            flags: Flags::new(effect, layer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{InstitutionKind, InstitutionKinds};

    #[test]
    fn the_bit_of_a_kind_is_its_place() {
        for (place, kind) in InstitutionKind::ALL.into_iter().enumerate() {
            assert_eq!(InstitutionKinds::from_iter([kind]).0, 1 << place, "{kind:?}");
        }
    }
}
