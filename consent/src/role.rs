//! As what somebody asks: a profession of the directory, or one of the parties that are no profession.
//!
//! A requester acts in one role at a time. Whoever holds several posts says in which he or she asks: the union of two
//! roles would be a role that no ceiling was written for.

use directory::{Role, UnknownWord};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// As what somebody asks.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ActingAs {
    /// A profession.
    Profession(Role),
    /// The patient, in the portal.
    Patient,
    /// Family of the patient, in the portal.
    Family,
    /// A privacy officer of the network.
    Officer,
    /// A service without a person behind the request.
    Service,
}

/// A set of roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Roles(pub u16);

impl ActingAs {
    /// All of them; the place is the bit. New ones are added at the end.
    pub const ALL: [Self; 14] = [
        Self::Profession(Role::Physician),
        Self::Profession(Role::Dentist),
        Self::Profession(Role::Nurse),
        Self::Profession(Role::Pharmacist),
        Self::Profession(Role::VisitingNurse),
        Self::Profession(Role::Technician),
        Self::Profession(Role::CareManager),
        Self::Profession(Role::CareWorker),
        Self::Profession(Role::Clerk),
        Self::Profession(Role::Ambulance),
        Self::Patient,
        Self::Family,
        Self::Officer,
        Self::Service,
    ];

    /// The set of this one.
    #[must_use]
    #[inline]
    pub const fn set(self) -> Roles {
        // A decision asks for it, so it is said and not searched for; a test compares it with the list.
        Roles(match self {
            Self::Profession(Role::Physician) => 1,
            Self::Profession(Role::Dentist) => 1 << 1,
            Self::Profession(Role::Nurse) => 1 << 2,
            Self::Profession(Role::Pharmacist) => 1 << 3,
            Self::Profession(Role::VisitingNurse) => 1 << 4,
            Self::Profession(Role::Technician) => 1 << 5,
            Self::Profession(Role::CareManager) => 1 << 6,
            Self::Profession(Role::CareWorker) => 1 << 7,
            Self::Profession(Role::Clerk) => 1 << 8,
            Self::Profession(Role::Ambulance) => 1 << 9,
            Self::Patient => 1 << 10,
            Self::Family => 1 << 11,
            Self::Officer => 1 << 12,
            Self::Service => 1 << 13,
        })
    }

    /// The word in files and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Profession(role) => role.word(),
            Self::Patient => "patient",
            Self::Family => "family",
            Self::Officer => "officer",
            Self::Service => "service",
        }
    }

    /// As people call it in Japanese.
    #[must_use]
    pub fn japanese(self) -> &'static str {
        match self {
            Self::Profession(Role::Physician) => "医師",
            Self::Profession(Role::Dentist) => "歯科医師",
            Self::Profession(Role::Nurse) => "看護師・保健師・助産師",
            Self::Profession(Role::Pharmacist) => "薬剤師",
            Self::Profession(Role::VisitingNurse) => "訪問看護師",
            Self::Profession(Role::Technician) => "リハ・検査・放射線技師",
            Self::Profession(Role::CareManager) => "ケアマネジャー",
            Self::Profession(Role::CareWorker) => "介護職",
            Self::Profession(Role::Clerk) => "事務",
            Self::Profession(Role::Ambulance) => "救急隊",
            Self::Patient => "本人",
            Self::Family => "家族",
            Self::Officer => "個人情報保護担当者",
            Self::Service => "システム",
        }
    }

    /// As people call it in English.
    #[must_use]
    pub fn english(self) -> &'static str {
        match self {
            Self::Profession(Role::VisitingNurse) => "visiting nurse",
            Self::Profession(Role::CareManager) => "care manager",
            Self::Profession(Role::CareWorker) => "care worker",
            Self::Profession(Role::Ambulance) => "ambulance crew",
            other => other.word(),
        }
    }
}

impl Roles {
    /// None.
    pub const NONE: Self = Self(0);
    /// All that are defined.
    pub const ALL: Self = Self((1 << ActingAs::ALL.len()) - 1);

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the two share one.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Those that are in it.
    pub fn iter(self) -> impl Iterator<Item = ActingAs> {
        ActingAs::ALL.into_iter().filter(move |role| self.meets(role.set()))
    }
}

impl FromIterator<ActingAs> for Roles {
    fn from_iter<I: IntoIterator<Item = ActingAs>>(roles: I) -> Self {
        roles.into_iter().fold(Self::NONE, |all, role| all.with(role.set()))
    }
}

impl From<Role> for ActingAs {
    fn from(role: Role) -> Self {
        Self::Profession(role)
    }
}

impl FromStr for ActingAs {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let unknown = || UnknownWord { kind: "role", text: text.to_owned() };
        Self::ALL.into_iter().find(|role| role.word() == text).ok_or_else(unknown)
    }
}

impl fmt::Debug for ActingAs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for ActingAs {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for ActingAs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::ActingAs;

    #[test]
    fn the_bit_is_the_place() {
        for (place, role) in ActingAs::ALL.into_iter().enumerate() {
            assert_eq!(role.set().0, 1 << place, "{role:?}");
        }
    }
}
