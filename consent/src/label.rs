//! How sensitive a record is: one level of confidentiality and any number of sensitivity labels, one bit each.
//!
//! Levels are ordered (HL7 v3-Confidentiality), labels are sets in which one may include others (HL7 v3-ActCode). Both
//! stand in one mask, so that a rule tests them with one instruction: a record always carries exactly one level. A permit
//! for a level covers that level *or lower*, a deny covers that level *or higher*.

use directory::UnknownWord;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A level of confidentiality or a sensitivity label, by its bit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(u8);

/// A set of labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Labels(pub u64);

/// The bit of the lowest level; levels are the last six bits.
const LEVELS_START: u8 = 58;
/// The bit of a label that somebody wrote and nobody here knows.
const UNKNOWN: u8 = 57;

/// Code, Japanese and English name; the place is the bit.
const TABLE: [(&str, &str, &str); 28] = [
    ("PSY", "精神科・心療内科", "psychiatry"),
    ("MH", "精神保健", "mental health"),
    ("PSYTHPN", "精神療法の記録", "psychotherapy notes"),
    ("SUD", "薬物・アルコール", "substance use"),
    ("ETH", "物質使用", "substance abuse"),
    ("ETHUD", "アルコール", "alcohol use"),
    ("OPIOIDUD", "薬物", "opioid use"),
    ("HIV", "HIV", "HIV"),
    ("STD", "性感染症", "sexually transmitted disease"),
    ("SEX", "産婦人科・中絶・不妊", "sexuality and reproductive health"),
    ("SDV", "DV・性暴力", "sexual assault and domestic violence"),
    ("GDIS", "遺伝学的検査", "genetic disease"),
    ("SPI", "特に保護される情報", "specially protected information"),
    ("COGN", "認知機能", "cognitive disability"),
    ("DVD", "発達障害", "developmental disability"),
    ("EMOTDIS", "情緒障害", "emotional disturbance"),
    ("VIO", "虐待・暴力", "violence"),
    ("TBOO", "タブー", "taboo"),
    ("ADOL", "未成年の相談", "adolescent counselling"),
    ("CEL", "著名人", "celebrity"),
    ("EMP", "職員受診", "employee"),
    ("PRS", "患者指定", "requested by the patient"),
    ("PHY", "医師指定", "requested by the physician"),
    ("NOPAT", "告知前", "not for the patient"),
    ("LIVARG", "居所", "living arrangement"),
    ("DEMO", "住所等", "demographic details"),
    ("CRIME", "犯罪被害", "victim of crime"),
    ("OTHER", "その他の要配慮", "other sensitive data"),
];

/// Levels from low to high.
const LEVELS: [(&str, &str, &str); 6] = [
    ("U", "制限なし", "unrestricted"),
    ("L", "低", "low"),
    ("M", "中", "moderate"),
    ("N", "通常", "normal"),
    ("R", "制限", "restricted"),
    ("V", "厳重制限", "very restricted"),
];

/// Which labels include which others.
const INCLUDES: [(&str, &[&str]); 5] = [
    ("PSY", &["MH", "PSYTHPN"]),
    ("MH", &["PSYTHPN"]),
    ("SUD", &["ETHUD", "OPIOIDUD", "ETH"]),
    ("ETH", &["ETHUD", "OPIOIDUD"]),
    ("SPI", &["PSY", "MH", "PSYTHPN", "SUD", "ETH", "ETHUD", "OPIOIDUD", "HIV", "STD", "GDIS"]),
];

impl Label {
    /// The level of a record that says nothing.
    pub const NORMAL: Self = Self(LEVELS_START + 3);
    /// R.
    pub const RESTRICTED: Self = Self(LEVELS_START + 4);
    /// 精神科・心療内科
    pub const PSY: Self = Self(0);
    /// 精神療法の記録
    pub const PSYTHPN: Self = Self(2);
    /// HIV
    pub const HIV: Self = Self(7);
    /// DV・性暴力
    pub const SDV: Self = Self(10);

    /// All that are defined: sensitivity labels, then levels from low to high.
    pub fn all() -> impl Iterator<Item = Self> {
        let labels = (0..).zip(&TABLE).map(|(bit, _)| Self(bit));
        labels.chain((LEVELS_START..).zip(&LEVELS).map(|(bit, _)| Self(bit)))
    }

    /// Whether it is a level of confidentiality.
    #[must_use]
    pub const fn is_level(self) -> bool {
        self.0 >= LEVELS_START
    }

    /// The set of this one.
    #[must_use]
    pub const fn set(self) -> Labels {
        Labels(1 << self.0)
    }

    /// What a permit for this label covers: the level or lower, or the label with all that it includes.
    #[must_use]
    pub fn permitted(self) -> Labels {
        if self.is_level() { Labels(((2_u64 << (self.0 - LEVELS_START)) - 1) << LEVELS_START) } else { self.included() }
    }

    /// What a deny of this label covers: the level or higher, or the label with all that it includes.
    #[must_use]
    pub fn denied(self) -> Labels {
        if self.is_level() { Labels(u64::MAX << self.0) } else { self.included() }
    }

    fn included(self) -> Labels {
        let row = INCLUDES.iter().find(|(code, _)| *code == self.code());
        let others = row.into_iter().flat_map(|(_, others)| others.iter());
        others.filter_map(|code| code.parse::<Self>().ok()).fold(self.set(), |all, label| all.with(label.set()))
    }

    fn row(self) -> Option<&'static (&'static str, &'static str, &'static str)> {
        if self.is_level() { LEVELS.get(usize::from(self.0 - LEVELS_START)) } else { TABLE.get(usize::from(self.0)) }
    }

    /// The code of HL7, or our own where HL7 has none.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.row().map_or("unknown", |row| row.0)
    }

    /// As people call it in Japanese.
    #[must_use]
    pub fn japanese(self) -> &'static str {
        self.row().map_or("不明な区分", |row| row.1)
    }

    /// As people call it in English.
    #[must_use]
    pub fn english(self) -> &'static str {
        self.row().map_or("an unknown label", |row| row.2)
    }
}

impl Labels {
    /// None.
    pub const NONE: Self = Self(0);
    /// A label that nobody here knows: whatever carries it is denied.
    pub const UNKNOWN: Self = Self(1 << UNKNOWN);
    /// All levels of confidentiality.
    pub const LEVELS: Self = Self(u64::MAX << LEVELS_START);
    /// All sensitivity labels.
    pub const SENSITIVE: Self = Self((1 << TABLE.len()) - 1);
    /// What a record without labels carries: the level N.
    pub const PLAIN: Self = Label::NORMAL.set();

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

    /// Whether a record may carry these: exactly one level, nothing undefined.
    #[must_use]
    pub const fn is_of_record(self) -> bool {
        let undefined = !(Self::SENSITIVE.0 | Self::LEVELS.0);
        (self.0 & Self::LEVELS.0).count_ones() == 1 && self.0 & undefined == 0
    }

    /// The labels of a record by their codes: the highest level named, N when none is; a code that is not known makes
    /// the record one that nobody may see.
    pub fn of_record<'c>(codes: impl IntoIterator<Item = &'c str>) -> Self {
        let parsed = codes.into_iter().map(|code| code.parse::<Label>().map_or(Self::UNKNOWN, Label::set));
        let all = parsed.fold(Self::NONE, Self::with);
        let levels = all.0 & Self::LEVELS.0;
        let highest = if levels == 0 { Self::PLAIN.0 } else { 1 << (63 - levels.leading_zeros()) };
        Self(all.0 & !Self::LEVELS.0 | highest)
    }

    /// Those that are defined and in it, sensitivity first.
    pub fn iter(self) -> impl Iterator<Item = Label> {
        Label::all().filter(move |label| self.meets(label.set()))
    }
}

impl FromIterator<Label> for Labels {
    fn from_iter<I: IntoIterator<Item = Label>>(labels: I) -> Self {
        labels.into_iter().fold(Self::NONE, |all, label| all.with(label.set()))
    }
}

impl FromStr for Label {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let unknown = || UnknownWord { kind: "sensitivity label or level of confidentiality", text: text.to_owned() };
        Self::all().find(|label| label.code() == text).ok_or_else(unknown)
    }
}

impl fmt::Debug for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Label {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{Label, Labels};

    fn codes(labels: Labels) -> String {
        labels.iter().map(Label::code).collect::<Vec<_>>().join(" ")
    }

    #[track_caller]
    fn check(code: &str, permitted: &str, denied: &str) {
        let label: Label = code.parse().unwrap();
        assert_eq!((codes(label.permitted()).as_str(), codes(label.denied()).as_str()), (permitted, denied));
    }

    #[test]
    fn permits_reach_down_and_denies_reach_up() {
        check("U", "U", "U L M N R V");
        check("N", "U L M N", "N R V");
        check("R", "U L M N R", "R V");
        check("V", "U L M N R V", "V");
        check("HIV", "HIV", "HIV");
        check("ETH", "ETH ETHUD OPIOIDUD", "ETH ETHUD OPIOIDUD");
        check("PSY", "PSY MH PSYTHPN", "PSY MH PSYTHPN");
    }

    #[test]
    fn a_record_has_one_level_and_only_what_is_known() {
        assert_eq!(codes(Labels::of_record([])), "N");
        assert_eq!(codes(Labels::of_record(["N", "R", "HIV"])), "HIV R");
        assert!(Labels::of_record(["HIV"]).is_of_record());
        assert!(!Labels::of_record(["NEVER_HEARD"]).is_of_record());
        assert!(!Labels::NONE.is_of_record());
    }
}
