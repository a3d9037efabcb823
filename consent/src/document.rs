//! What a person signs: a consent document, as it is kept for ever.
//!
//! A document is a root provision with exceptions, in names that people know; numbers and masks come later, when it is
//! compiled. Each provision keeps its own effect: nesting never turns a permit into a deny. Silence means "any"; an empty
//! list is not silence and is refused, because "everybody except nobody" has been read both ways.

use crate::category::Category;
use crate::chart::{ConsentId, IdentityId};
use crate::emergency::EmergencyKind;
use crate::label::Label;
use crate::obligation::Obligation;
use crate::purpose::Purpose;
use crate::role::ActingAs;
use crate::rule::{Effect, Relation};
use directory::{Date, Instant, InstitutionId, InstitutionKind, ListVersion, Period, PractitionerId};
use serde::{Deserialize, Serialize};

/// Any value, or one of some.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<Vec<T>>", into = "Option<Vec<T>>")]
#[serde(bound(serialize = "T: Clone + Serialize"))]
pub enum Choice<T> {
    /// Nothing was said.
    #[default]
    Any,
    /// One of these; refused when empty.
    Of(Vec<T>),
}

/// Who sees.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// The participants on one version of the list, which the person was shown.
    Participants {
        /// The version.
        list: u32,
        /// Whether those who join later are meant as well.
        with_future: bool,
        /// Whether other networks are meant as well.
        with_networks: bool,
    },
    /// One institution.
    Institution(InstitutionId),
    /// Institutions of one kind.
    Kind(KindWord),
    /// A group of institutions, a care team.
    Group(Box<str>),
    /// The institutions of a region.
    Region(Box<str>),
    /// A department of an institution.
    Department(InstitutionId, Box<str>),
    /// A practitioner.
    Practitioner(PractitionerId),
    /// Whoever is in one of these care relationships with the person.
    InRelation(Vec<Relation>),
    /// Whoever saw the person within so many days.
    SeenWithinDays(u32),
}

/// A kind of institution, written with the word of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KindWord(pub InstitutionKind);

/// Which records, beside their category and labels.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// One record, as its custodian calls it.
    Record(Box<str>),
    /// What belongs to an encounter, a care plan, an episode.
    Related(Box<str>),
    /// What a practitioner wrote.
    AuthoredBy(PractitionerId),
    /// What comes from a department.
    Department(InstitutionId, Box<str>),
}

/// The days that data may be from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RecordDays {
    /// Any.
    #[default]
    Any,
    /// From a first day to a last, both included.
    Between(Option<Date>, Option<Date>),
    /// Not older than so many days.
    Within(u32),
}

/// One rule as people write it. Attributes are joined by "and", values of one attribute by "or".
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Provision {
    /// What it does. At the root, silence means a deny; in an exception it is refused.
    pub effect: Option<Effect>,
    /// Who sees.
    pub recipients: Choice<Recipient>,
    /// In which roles.
    pub roles: Choice<ActingAs>,
    /// Which data.
    pub categories: Choice<Category>,
    /// The record carries one of these. A level means that level or lower in a permit, or higher in a deny.
    pub labels: Choice<Label>,
    /// The record carries none of these.
    pub without_labels: Choice<Label>,
    /// Whose data.
    pub custodians: Choice<InstitutionId>,
    /// For which purposes.
    pub purposes: Choice<Purpose>,
    /// Which records.
    pub targets: Choice<Target>,
    /// The days of the data.
    pub days: RecordDays,
    /// When it holds; whole seconds.
    pub period: Option<Period>,
    /// Whether the requester needs a care relationship.
    pub needs_relation: bool,
    /// Only in an authorised emergency of one of these kinds.
    pub emergencies: Choice<EmergencyKind>,
    /// A deny that not even an emergency sets aside; only where the policy offers that choice.
    pub never_overridden: bool,
    /// What must also be done.
    pub obligations: Vec<Obligation>,
    /// Exceptions, one level deep.
    pub exceptions: Vec<Provision>,
}

/// Who gave the consent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grantor {
    /// The person, or for whom he or she acts.
    pub kind: GrantorKind,
    /// The document that shows a proxy's right.
    pub evidence: Option<Box<str>>,
    /// How long that right lasts; a proxy signs within it.
    pub valid: Option<Period>,
}

/// In what right somebody signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantorKind {
    /// 本人
    Subject,
    /// 親権者
    Parent,
    /// 後見人
    Guardian,
    /// 保佐人・補助人
    Curator,
    /// 家族
    Family(Kinship),
    /// 任意代理人
    Attorney,
    /// 裁判所
    Court,
}

/// How a family member is related.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kinship {
    /// 配偶者, common-law partners included.
    Spouse,
    /// 子
    Child,
    /// 父母
    Parent,
    /// 兄弟姉妹
    Sibling,
    /// その他の親族
    Other,
}

/// How it was signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Signature {
    /// 自署
    Own,
    /// 代筆
    Scribe,
    /// 口頭, and noted in the chart.
    OralInChart,
    /// 電子
    Electronic,
    /// Implied, from before the network asked.
    Implied,
}

/// A consent document of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentDocument {
    /// The consent, over all its versions.
    pub consent: ConsentId,
    /// The version, from 1 on.
    pub version: u32,
    /// The identity that was presented.
    pub identity: IdentityId,
    /// Who signed.
    pub grantor: Grantor,
    /// How.
    pub signature: Signature,
    /// When.
    pub signed: Instant,
    /// The version of the network's policy that the person was shown.
    pub policy: u32,
    /// The consent that this one replaces for ever.
    pub replaces: Option<ConsentId>,
    /// Where the scan of the form lies.
    pub scan: Option<Box<str>>,
    /// What is consented to.
    pub root: Provision,
}

impl<T> Choice<T> {
    /// The values, if some were said.
    #[must_use]
    pub fn values(&self) -> Option<&[T]> {
        match self {
            Self::Any => None,
            Self::Of(values) => Some(values),
        }
    }

    /// Whether nothing was said.
    #[must_use]
    pub fn is_any(&self) -> bool {
        matches!(self, Self::Any)
    }
}

impl<T> From<Option<Vec<T>>> for Choice<T> {
    fn from(values: Option<Vec<T>>) -> Self {
        values.map_or(Self::Any, Self::Of)
    }
}

impl<T> From<Choice<T>> for Option<Vec<T>> {
    fn from(choice: Choice<T>) -> Self {
        match choice {
            Choice::Any => None,
            Choice::Of(values) => Some(values),
        }
    }
}

impl Recipient {
    /// The participants of one version of the list and nobody who joins later.
    #[must_use]
    pub fn listed(list: ListVersion) -> Self {
        Self::Participants { list: list.0, with_future: false, with_networks: false }
    }
}

impl Provision {
    /// A permit of everything to everybody within the ceilings; whoever makes one narrows it.
    #[must_use]
    pub fn permit() -> Self {
        Self { effect: Some(Effect::Permit), ..Self::default() }
    }

    /// A deny of everything to everybody.
    #[must_use]
    pub fn deny() -> Self {
        Self { effect: Some(Effect::Deny), ..Self::default() }
    }

    /// The root and its exceptions, with their numbers.
    pub fn numbered(&self) -> impl Iterator<Item = (u16, &Self)> {
        std::iter::once((0, self)).chain((1_u16..).zip(&self.exceptions))
    }
}

impl Serialize for KindWord {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.word())
    }
}

impl<'de> Deserialize<'de> for KindWord {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map(Self).map_err(serde::de::Error::custom)
    }
}
