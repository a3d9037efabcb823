//! What kind of data a record holds: the categories that consents and policies speak of, one bit each.
//!
//! Category 0 is not data of a chart: it is the mere fact that the person has a record at an institution, and it is its
//! own track (see [`crate::Engine::visibility`]). The list is closed: a kind that nobody defined is denied.

use directory::UnknownWord;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::str::FromStr;

/// A kind of data, by its bit.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(u8);

/// A set of kinds of data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Categories(pub u64);

/// Word in files, Japanese and English name; the place is the bit.
const TABLE: [(&str, &str, &str); 19] = [
    ("identity", "登録の有無", "existence of a record"),
    ("demographics", "基本情報", "demographics"),
    ("diagnoses", "病名", "diagnoses"),
    ("prescriptions", "処方", "prescriptions"),
    ("injections", "注射", "injections"),
    ("tests", "検査", "test results"),
    ("images", "画像", "images"),
    ("documents", "文書", "documents"),
    ("allergies", "アレルギー・禁忌", "allergies"),
    ("infections", "感染症", "infections"),
    ("checkups", "健診", "health check-ups"),
    ("vaccinations", "予防接種", "vaccinations"),
    ("dental", "歯科", "dental care"),
    ("nursing", "看護", "nursing"),
    ("care", "介護", "long-term care"),
    ("rehabilitation", "リハビリ", "rehabilitation"),
    ("home_visits", "訪問", "home visits"),
    ("claims", "レセプト由来", "claims"),
    ("emergency_summary", "救急サマリー", "emergency summary"),
];

impl Category {
    /// That the person has a record at an institution at all.
    pub const IDENTITY: Self = Self(0);
    /// 基本情報
    pub const DEMOGRAPHICS: Self = Self(1);
    /// 病名
    pub const DIAGNOSES: Self = Self(2);
    /// 処方
    pub const PRESCRIPTIONS: Self = Self(3);
    /// 検査
    pub const TESTS: Self = Self(5);
    /// 画像
    pub const IMAGES: Self = Self(6);
    /// 文書
    pub const DOCUMENTS: Self = Self(7);
    /// アレルギー・禁忌
    pub const ALLERGIES: Self = Self(8);
    /// 救急サマリー
    pub const EMERGENCY_SUMMARY: Self = Self(18);

    /// All categories, ascending by bit.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..).zip(&TABLE).map(|(bit, _)| Self(bit))
    }

    /// A category by its bit, defined or not: what is not defined is denied.
    #[must_use]
    pub const fn from_bit(bit: u8) -> Self {
        Self(bit)
    }

    /// Its bit.
    #[must_use]
    pub const fn bit(self) -> u8 {
        self.0
    }

    /// The set of this one; empty when the bit lies beyond 63.
    #[must_use]
    pub const fn set(self) -> Categories {
        if self.0 < 64 { Categories(1 << self.0) } else { Categories(0) }
    }

    /// The word in files and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        TABLE.get(usize::from(self.0)).map_or("undefined", |row| row.0)
    }

    /// As people call it in Japanese.
    #[must_use]
    pub fn japanese(self) -> &'static str {
        TABLE.get(usize::from(self.0)).map_or("未定義の種別", |row| row.1)
    }

    /// As people call it in English.
    #[must_use]
    pub fn english(self) -> &'static str {
        TABLE.get(usize::from(self.0)).map_or("an undefined kind of data", |row| row.2)
    }
}

impl Categories {
    /// None.
    pub const NONE: Self = Self(0);
    /// All that are defined, the existence of a record among them.
    pub const ALL: Self = Self((1 << TABLE.len()) - 1);
    /// All that are data of a chart.
    pub const CHART: Self = Self(Self::ALL.0 & !1);

    /// Both together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// These without others.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether the two share one.
    #[must_use]
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
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those that are in it, ascending.
    pub fn iter(self) -> impl Iterator<Item = Category> {
        Category::all().filter(move |category| self.meets(category.set()))
    }
}

impl FromIterator<Category> for Categories {
    fn from_iter<I: IntoIterator<Item = Category>>(categories: I) -> Self {
        categories.into_iter().fold(Self::NONE, |all, category| all.with(category.set()))
    }
}

impl FromStr for Category {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let unknown = || UnknownWord { kind: "category of data", text: text.to_owned() };
        Self::all().find(|category| category.word() == text).ok_or_else(unknown)
    }
}

impl fmt::Debug for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Serialize for Category {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.word())
    }
}

impl<'de> Deserialize<'de> for Category {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
