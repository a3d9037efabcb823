//! Why somebody asks: purposes of use, and which purpose includes which others.
//!
//! The codes are those of HL7 v3-ActReason as far as a network of care needs them, and eight that a network may name
//! itself. A permit for a purpose covers what lies below it, with one exception that is ours: an override must be named.
//! No permit reaches BTG (break-glass) or DISASTER through a parent. A deny covers everything below.

use directory::UnknownWord;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A purpose of use, by its bit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Purpose(u8);

/// A set of purposes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Purposes(pub u32);

/// Code, parent, Japanese and English name; the place is the bit.
const TABLE: [(&str, &str, &str, &str); 19] = [
    ("TREAT", "", "診療", "treatment"),
    ("COC", "TREAT", "診療の連携", "coordination of care"),
    ("CAREMGT", "HOPERAT", "ケアマネジメント", "care management"),
    ("ETREAT", "TREAT", "救急診療", "emergency treatment"),
    ("ERTREAT", "ETREAT", "救急外来での診療", "emergency room treatment"),
    ("BTG", "ETREAT", "緊急時の閲覧", "break-glass"),
    ("DISASTER", "PUBHLTH", "災害時の閲覧", "disaster response"),
    ("PATADMIN", "HOPERAT", "患者登録の管理", "patient administration"),
    ("PATSFTY", "HOPERAT", "医療安全", "patient safety"),
    ("HPAYMT", "", "診療報酬の請求", "payment"),
    ("HQUALIMP", "HOPERAT", "医療の質の向上", "quality improvement"),
    ("PUBHLTH", "", "公衆衛生", "public health"),
    ("HRESCH", "", "研究", "research"),
    ("PATRQT", "", "本人の請求", "request of the patient"),
    ("FAMRQT", "PATRQT", "家族の請求", "request of the family"),
    ("HOPERAT", "", "医療機関の運営", "healthcare operations"),
    ("CLINTRL", "TREAT", "治験での診療", "clinical trial"),
    ("POPHLTH", "TREAT", "集団の健康管理", "population health"),
    ("THREAT", "PUBHLTH", "重大な危害の防止", "threat to public health"),
];

/// The bit of the first purpose that a network names itself.
const OWN_START: u8 = 24;
/// The words for them in files.
const OWN: [&str; 8] = ["OWN0", "OWN1", "OWN2", "OWN3", "OWN4", "OWN5", "OWN6", "OWN7"];

impl Purpose {
    /// 診療
    pub const TREAT: Self = Self(0);
    /// 救急診療
    pub const ETREAT: Self = Self(3);
    /// 救急外来での診療
    pub const ERTREAT: Self = Self(4);
    /// 緊急時の閲覧
    pub const BTG: Self = Self(5);
    /// 災害時の閲覧
    pub const DISASTER: Self = Self(6);
    /// Keeping the index right.
    pub const PATADMIN: Self = Self(7);
    /// 診療報酬の請求
    pub const HPAYMT: Self = Self(9);
    /// 研究
    pub const HRESCH: Self = Self(12);
    /// 本人の請求
    pub const PATRQT: Self = Self(13);

    /// All purposes, those that a network names itself last.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).zip(&TABLE).map(|(bit, _)| Self(bit)).chain((OWN_START..).zip(&OWN).map(|(bit, _)| Self(bit)))
    }

    /// A purpose by its bit, defined or not: what is not defined is denied.
    #[must_use]
    pub const fn from_bit(bit: u8) -> Self {
        Self(bit)
    }

    /// Its bit.
    #[must_use]
    pub const fn bit(self) -> u8 {
        self.0
    }

    /// Whether a network names it itself, and HL7 has no code for it.
    #[must_use]
    pub const fn is_own(self) -> bool {
        self.0 >= OWN_START && self.0 < 32
    }

    /// The set of this one; empty when the bit lies beyond 31.
    #[must_use]
    pub const fn set(self) -> Purposes {
        if self.0 < 32 { Purposes(1 << self.0) } else { Purposes(0) }
    }

    /// What a permit for it covers: it and what lies below, but no override that was not named.
    #[must_use]
    pub fn permitted(self) -> Purposes {
        Purposes(self.below().0 & !Purposes::OVERRIDES.0).with(self.set())
    }

    /// What a deny of it covers: it and all that lies below.
    #[must_use]
    pub fn denied(self) -> Purposes {
        self.below()
    }

    fn below(self) -> Purposes {
        let mut all = self.set();
        // The tree is three deep, so twice reaches every leaf; once more costs nothing and forgives a deeper tree.
        for _ in 0..3 {
            let children = Self::all().filter(|purpose| purpose.parent().is_some_and(|parent| all.meets(parent.set())));
            all = children.fold(all, |all, purpose| all.with(purpose.set()));
        }
        all
    }

    fn parent(self) -> Option<Self> {
        let (_, parent, ..) = TABLE.get(usize::from(self.0))?;
        parent.parse().ok()
    }

    /// The code of HL7, or `OWN0` to `OWN7`.
    #[must_use]
    pub fn code(self) -> &'static str {
        let own = || OWN.get(usize::from(self.0.checked_sub(OWN_START)?)).copied();
        TABLE.get(usize::from(self.0)).map(|row| row.0).or_else(own).unwrap_or("unknown")
    }

    /// As people call it in Japanese.
    #[must_use]
    pub fn japanese(self) -> &'static str {
        TABLE.get(usize::from(self.0)).map_or("ネットワークの定める目的", |row| row.2)
    }

    /// As people call it in English.
    #[must_use]
    pub fn english(self) -> &'static str {
        TABLE.get(usize::from(self.0)).map_or("a purpose of the network", |row| row.3)
    }
}

impl Purposes {
    /// None.
    pub const NONE: Self = Self(0);
    /// All that are defined.
    pub const ALL: Self = Self(((1 << TABLE.len()) - 1) | (0xff << OWN_START));
    /// Those that break through denies, and so are never permitted by a parent.
    pub const OVERRIDES: Self = Self(Purpose::BTG.set().0 | Purpose::DISASTER.set().0);
    /// Those that need a declared emergency.
    pub const EMERGENCY: Self = Self(Self::OVERRIDES.0 | Purpose::ETREAT.set().0 | Purpose::ERTREAT.set().0);

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

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are defined and in it, ascending.
    pub fn iter(self) -> impl Iterator<Item = Purpose> {
        Purpose::all().filter(move |purpose| self.meets(purpose.set()))
    }
}

impl FromIterator<Purpose> for Purposes {
    fn from_iter<I: IntoIterator<Item = Purpose>>(purposes: I) -> Self {
        purposes.into_iter().fold(Self::NONE, |all, purpose| all.with(purpose.set()))
    }
}

impl FromStr for Purpose {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let unknown = || UnknownWord { kind: "purpose of use", text: text.to_owned() };
        Self::all().find(|purpose| purpose.code() == text).ok_or_else(unknown)
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Purpose {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Purpose {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Purpose, Purposes};

    fn codes(purposes: Purposes) -> String {
        purposes.iter().map(Purpose::code).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn check(code: &str, permitted: &str, denied: &str) {
        let purpose: Purpose = code.parse().unwrap();
        assert_eq!((codes(purpose.permitted()).as_str(), codes(purpose.denied()).as_str()), (permitted, denied));
    }

    #[test]
    fn a_purpose_includes_what_lies_below_but_no_override() {
        check("TREAT", "TREAT COC ETREAT ERTREAT CLINTRL POPHLTH", "TREAT COC ETREAT ERTREAT BTG CLINTRL POPHLTH");
        check("ETREAT", "ETREAT ERTREAT", "ETREAT ERTREAT BTG");
        check("BTG", "BTG", "BTG");
        check("PUBHLTH", "PUBHLTH THREAT", "DISASTER PUBHLTH THREAT");
        check("HRESCH", "HRESCH", "HRESCH");
        check("PATRQT", "PATRQT FAMRQT", "PATRQT FAMRQT");
        check("OWN3", "OWN3", "OWN3");
    }

    #[test]
    fn an_unknown_code_is_no_purpose() {
        assert!("FooBar".parse::<Purpose>().is_err());
        assert_eq!(Purpose::from_bit(60).set(), Purposes::NONE);
    }
}
