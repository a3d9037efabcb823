//! What the register says of an institution, an assigning authority, a practitioner and a client.
//!
//! These are plain facts without time: when a fact holds and since when it is known is added by the register. Whether a
//! practitioner may see a record is a question for consent; the words for professions stand here because posts, clients
//! and policies use the same ones.

use crate::{AuthorityId, Entity, InstitutionId, Refusal};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

/// The most bytes of a display name: 100 characters of Japanese.
pub const DISPLAY_BYTES_MAX: usize = 300;
/// The most bytes of a region, a group, a namespace or a purpose.
pub const WORD_BYTES_MAX: usize = 64;
/// The most groups, grants, roles or purposes of one entry, so that a row stays far below the limit of the store.
pub const PARTS_MAX: usize = 256;

/// An institution of the network, or one that sends to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Institution {
    /// As people call it.
    pub name: Box<str>,
    /// What it is.
    pub kind: InstitutionKind,
    /// Where it is, in the network's own words: a municipality, a medical area.
    pub region: Box<str>,
    /// Care teams and other circles that it belongs to.
    pub groups: BTreeSet<Box<str>>,
    /// Whether it discloses records to others, and does not only read.
    pub is_disclosing: bool,
    /// Its code as an insured medical institution, if it has one.
    pub code: Option<InstitutionCode>,
}

/// What an institution is. Words are added at the end: rows hold their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum InstitutionKind {
    /// 病院
    Hospital,
    /// 診療所
    Clinic,
    /// 歯科診療所
    DentalClinic,
    /// 薬局
    Pharmacy,
    /// 訪問看護ステーション
    VisitingNurse,
    /// 介護事業所
    CareFacility,
    /// 検査機関
    Laboratory,
    /// 行政
    Government,
    /// Another network.
    Network,
    /// Anything else.
    Other,
}

impl InstitutionKind {
    /// All kinds.
    pub const ALL: [Self; 10] = [
        Self::Hospital,
        Self::Clinic,
        Self::DentalClinic,
        Self::Pharmacy,
        Self::VisitingNurse,
        Self::CareFacility,
        Self::Laboratory,
        Self::Government,
        Self::Network,
        Self::Other,
    ];

    /// The word for it in files and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Hospital => "hospital",
            Self::Clinic => "clinic",
            Self::DentalClinic => "dental_clinic",
            Self::Pharmacy => "pharmacy",
            Self::VisitingNurse => "visiting_nurse",
            Self::CareFacility => "care_facility",
            Self::Laboratory => "laboratory",
            Self::Government => "government",
            Self::Network => "network",
            Self::Other => "other",
        }
    }
}

/// A code of an insured medical institution (医療機関コード): prefecture, fee table, seven digits.
///
/// The last digit is said to be a check digit; its rule is not verified, so it is not checked.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstitutionCode([u8; 10]);

impl InstitutionCode {
    /// The fee table (点数表): 1 medical, 3 dental, 4 pharmacy, 6 visiting nurse.
    #[must_use]
    pub fn fee_table(&self) -> u8 {
        let [_, _, table, ..] = self.0;
        table - b'0'
    }

    /// The domain of the patient numbers that the institution gives out, as the national profiles name it; only a
    /// medical or dental institution has one.
    #[must_use]
    pub fn patient_authority(&self) -> Option<AuthorityId> {
        let is_covered = matches!(self.fee_table(), 1..=3);
        // The 1 before the code keeps the zero of a prefecture from leading an arc.
        is_covered.then(|| AuthorityId::new(&format!("urn:oid:1.2.392.100495.20.3.51.1{self}")).ok()).flatten()
    }
}

impl FromStr for InstitutionCode {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let digits: Option<[u8; 10]> = text.trim().as_bytes().try_into().ok();
        let is_code = |digits: &[u8; 10]| {
            let [tens, ones, table, ..] = *digits;
            let prefecture = || u32::from(tens - b'0') * 10 + u32::from(ones - b'0');
            digits.iter().all(u8::is_ascii_digit)
                && (1..=47).contains(&prefecture())
                && matches!(table, b'1' | b'3' | b'4' | b'6')
        };
        let unknown = || UnknownWord { kind: "institution code of ten digits", text: text.to_owned() };
        digits.filter(is_code).map(Self).ok_or_else(unknown)
    }
}

impl fmt::Display for InstitutionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|digit| write!(f, "{}", char::from(*digit)))
    }
}

impl fmt::Debug for InstitutionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text that is none of the words of its kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no {kind}")]
pub struct UnknownWord {
    /// What was expected.
    pub kind: &'static str,
    /// What was given.
    pub text: String,
}

/// A domain in which identifiers are unique.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssigningAuthority {
    /// As people call it.
    pub name: Box<str>,
    /// What its identifiers name.
    pub kind: AuthorityKind,
    /// Whose it is; the owner may assign, update and merge.
    pub owner: InstitutionId,
    /// The short name that messages use beside or instead of the URI (HL7 v2 CX-4.1).
    pub namespace: Option<Box<str>>,
    /// Who else may do what in it.
    pub grants: BTreeMap<InstitutionId, Rights>,
}

/// What the identifiers of an authority name. Words are added at the end: rows hold their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AuthorityKind {
    /// Patients of one institution: one living person may have several.
    Patients,
    /// Cards of the network: one for each enrolled person.
    Cards,
    /// Persons of this or another index.
    Persons,
    /// Insured persons or households.
    Insurance,
    /// Anything else.
    Other,
}

impl AuthorityKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Patients, Self::Cards, Self::Persons, Self::Insurance, Self::Other];

    /// The word for it in files and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Patients => "patients",
            Self::Cards => "cards",
            Self::Persons => "persons",
            Self::Insurance => "insurance",
            Self::Other => "other",
        }
    }
}

/// What somebody may do in a domain.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Give out identifiers: send the first record under one.
    pub may_assign: bool,
    /// Send later versions of a record.
    pub may_update: bool,
    /// Say that two identifiers are one person's, or not.
    pub may_merge: bool,
}

impl Rights {
    /// Everything.
    pub const ALL: Self = Self { may_assign: true, may_update: true, may_merge: true };

    /// Whether an act is among them.
    #[must_use]
    pub fn has(self, act: Act) -> bool {
        match act {
            Act::Assign => self.may_assign,
            Act::Update => self.may_update,
            Act::Merge => self.may_merge,
        }
    }
}

/// Something that is done in a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Send the first record under an identifier.
    Assign,
    /// Send a later version of a record.
    Update,
    /// Say that two identifiers are one person's, or not.
    Merge,
}

impl Act {
    /// The word for it in files and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Assign => "assign",
            Self::Update => "update",
            Self::Merge => "merge",
        }
    }
}

/// A practitioner; where and as what he or she works is said by posts.
#[derive(Clone, PartialEq, Eq)]
pub struct Practitioner {
    /// As people call him or her.
    pub name: Box<str>,
}

impl fmt::Debug for Practitioner {
    /// Hides the name: it is a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Practitioner(..)")
    }
}

/// What a practitioner is at one institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Post {
    /// The roles held there.
    pub roles: BTreeSet<Role>,
    /// Whether the head of the institution named the practitioner for emergencies.
    pub is_named: bool,
}

/// A profession, as policies speak of it. Words are added at the end: rows hold their place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Role {
    /// 医師
    Physician,
    /// 歯科医師
    Dentist,
    /// 看護師・保健師・助産師
    Nurse,
    /// 薬剤師
    Pharmacist,
    /// 訪問看護
    VisitingNurse,
    /// リハ・検査・放射線技師
    Technician,
    /// ケアマネジャー
    CareManager,
    /// 介護職
    CareWorker,
    /// 事務
    Clerk,
    /// 救急隊
    Ambulance,
}

impl Role {
    /// All roles.
    pub const ALL: [Self; 10] = [
        Self::Physician,
        Self::Dentist,
        Self::Nurse,
        Self::Pharmacist,
        Self::VisitingNurse,
        Self::Technician,
        Self::CareManager,
        Self::CareWorker,
        Self::Clerk,
        Self::Ambulance,
    ];

    /// The word for it in files and answers.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Physician => "physician",
            Self::Dentist => "dentist",
            Self::Nurse => "nurse",
            Self::Pharmacist => "pharmacist",
            Self::VisitingNurse => "visiting_nurse",
            Self::Technician => "technician",
            Self::CareManager => "care_manager",
            Self::CareWorker => "care_worker",
            Self::Clerk => "clerk",
            Self::Ambulance => "ambulance",
        }
    }
}

/// A registered client: a service that calls the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// As people call it.
    pub name: Box<str>,
    /// The institution that runs it.
    pub institution: InstitutionId,
    /// The purposes that it is licensed for, as consent spells them (`TREAT`); none: it may ask for nothing.
    pub purposes: BTreeSet<Box<str>>,
    /// The roles that it may speak for.
    pub roles: BTreeSet<Role>,
}

impl FromStr for InstitutionKind {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text.trim());
        found.ok_or_else(|| UnknownWord { kind: "kind of institution", text: text.to_owned() })
    }
}

impl FromStr for AuthorityKind {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|kind| kind.word() == text.trim());
        found.ok_or_else(|| UnknownWord { kind: "kind of assigning authority", text: text.to_owned() })
    }
}

impl FromStr for Role {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|role| role.word() == text.trim());
        found.ok_or_else(|| UnknownWord { kind: "role", text: text.to_owned() })
    }
}

impl Institution {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        check_text("name", &self.name, DISPLAY_BYTES_MAX)?;
        check_text("region", &self.region, WORD_BYTES_MAX)?;
        check_parts("groups", self.groups.len())?;
        self.groups.iter().try_for_each(|group| check_text("groups", group, WORD_BYTES_MAX))
    }
}

impl AssigningAuthority {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        check_text("name", &self.name, DISPLAY_BYTES_MAX)?;
        check_parts("grants", self.grants.len())?;
        self.namespace.as_ref().map_or(Ok(()), |namespace| check_text("namespace", namespace, WORD_BYTES_MAX))
    }
}

impl Practitioner {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        check_text("name", &self.name, DISPLAY_BYTES_MAX)
    }
}

impl Post {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        if self.roles.is_empty() { Err(Fault { field: "roles", reason: "empty" }) } else { Ok(()) }
    }
}

impl Client {
    pub(crate) fn check(&self) -> Result<(), Fault> {
        check_text("name", &self.name, DISPLAY_BYTES_MAX)?;
        check_parts("purposes", self.purposes.len())?;
        self.purposes.iter().try_for_each(|purpose| check_text("purposes", purpose, WORD_BYTES_MAX))
    }
}

/// What is wrong with one field of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) field: &'static str,
    pub(crate) reason: &'static str,
}

impl Fault {
    pub(crate) fn of(self, entity: Entity) -> Refusal {
        Refusal::Field { entity, field: self.field, reason: self.reason }
    }
}

fn check_text(field: &'static str, text: &str, bytes_max: usize) -> Result<(), Fault> {
    let is_visible = |text: &str| !text.chars().any(char::is_control);
    match text {
        _ if text.trim().is_empty() => Err(Fault { field, reason: "empty" }),
        _ if text.trim() != text => Err(Fault { field, reason: "surrounded by white space" }),
        _ if text.len() > bytes_max => Err(Fault { field, reason: "too long" }),
        _ if !is_visible(text) => Err(Fault { field, reason: "not free of control characters" }),
        _ => Ok(()),
    }
}

fn check_parts(field: &'static str, parts: usize) -> Result<(), Fault> {
    if parts > PARTS_MAX { Err(Fault { field, reason: "too many" }) } else { Ok(()) }
}
