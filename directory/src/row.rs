//! How statements and the state of the directory stand in the store.
//!
//! A row is a format byte and a record in postcard. The records are private and apart from the types of the interface,
//! so that those can change while old rows stay readable: a new shape is a new format byte. Whatever cannot be read is
//! corruption and an error, never a panic and never skipped.

use crate::entry::{
    AssigningAuthority, AuthorityKind, Client, Fault, Institution, InstitutionKind, Post, Practitioner, Rights, Role,
};
use crate::participation::{ListChange, Participation};
use crate::{AuthorityId, ClientId, Entity, Error, Instant, InstitutionId, Period, PractitionerId, Statement, space};
use kv::{Key, Partition, Space};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// The format of all rows so far.
const FORMAT: u8 = 1;

/// What the register keeps of a kind of entry.
pub trait Stored: Sized + Clone + PartialEq {
    /// What names an entry.
    type Id: Clone + Ord;
    /// Where its statements stand.
    const SPACE: Space;
    /// What an error or an event calls it.
    fn entity(id: &Self::Id) -> Entity;
    /// The bytes of its name in a key; no byte is 0 but between two names.
    fn name(id: &Self::Id) -> Vec<u8>;
    /// The name again.
    fn id(name: &str) -> Option<Self::Id>;
    /// What is wrong with it by itself.
    fn fault(&self) -> Option<(&'static str, &'static str)>;
    /// What it names, beside what its own name names.
    fn references(id: &Self::Id, value: Option<&Self>) -> Vec<Entity>;
    /// A statement as a row.
    ///
    /// # Errors
    /// When it cannot be encoded.
    fn encode(statement: &Statement<Self>) -> Result<Vec<u8>, Error>;
    /// A row as a statement; none when it is not one.
    fn decode(row: &[u8]) -> Option<Statement<Self>>;
}

/// A statement: when it was recorded, for when it holds, what it says; nothing says that the entry is not there.
#[derive(Serialize, Deserialize)]
struct StatementRow<R> {
    recorded: Instant,
    period: Period,
    value: Option<R>,
}

#[derive(Serialize, Deserialize)]
struct InstitutionRow {
    name: String,
    kind: InstitutionKind,
    region: String,
    groups: Vec<String>,
    is_disclosing: bool,
    code: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct AuthorityRow {
    name: String,
    kind: AuthorityKind,
    owner: InstitutionId,
    namespace: Option<String>,
    grants: Vec<(InstitutionId, Rights)>,
}

#[derive(Serialize, Deserialize)]
struct ClientRow {
    name: String,
    institution: InstitutionId,
    purposes: Vec<String>,
    roles: Vec<Role>,
}

/// The one row of [`space::STATE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StateRow {
    /// Statements so far.
    pub(crate) version: u64,
    /// When the last one was recorded, in microseconds.
    pub(crate) recorded: i64,
}

impl StateRow {
    /// Of a directory without any statement.
    pub(crate) const EMPTY: Self = Self { version: 0, recorded: i64::MIN };
}

impl Stored for Institution {
    type Id = InstitutionId;
    const SPACE: Space = space::INSTITUTIONS;

    fn entity(id: &InstitutionId) -> Entity {
        Entity::Institution(id.clone())
    }
    fn name(id: &InstitutionId) -> Vec<u8> {
        id.as_str().into()
    }
    fn id(name: &str) -> Option<InstitutionId> {
        InstitutionId::new(name).ok()
    }
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        fault(self.check())
    }
    fn references(_: &InstitutionId, _: Option<&Self>) -> Vec<Entity> {
        Vec::new()
    }
    fn encode(statement: &Statement<Self>) -> Result<Vec<u8>, Error> {
        encode_statement(statement, |it| InstitutionRow {
            name: it.name.to_string(),
            kind: it.kind,
            region: it.region.to_string(),
            groups: it.groups.iter().map(ToString::to_string).collect(),
            is_disclosing: it.is_disclosing,
            code: it.code.map(|code| code.to_string()),
        })
    }
    fn decode(row: &[u8]) -> Option<Statement<Self>> {
        decode_statement(row, |row: InstitutionRow| {
            Some(Self {
                name: row.name.into(),
                kind: row.kind,
                region: row.region.into(),
                groups: row.groups.into_iter().map(Into::into).collect(),
                is_disclosing: row.is_disclosing,
                code: row.code.map(|code| code.parse()).transpose().ok()?,
            })
        })
    }
}

impl Stored for AssigningAuthority {
    type Id = AuthorityId;
    const SPACE: Space = space::AUTHORITIES;

    fn entity(id: &AuthorityId) -> Entity {
        Entity::Authority(id.clone())
    }
    fn name(id: &AuthorityId) -> Vec<u8> {
        id.as_str().into()
    }
    fn id(name: &str) -> Option<AuthorityId> {
        AuthorityId::new(name).ok()
    }
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        fault(self.check())
    }
    fn references(_: &AuthorityId, value: Option<&Self>) -> Vec<Entity> {
        let Some(value) = value else { return Vec::new() };
        std::iter::once(&value.owner).chain(value.grants.keys()).cloned().map(Entity::Institution).collect()
    }
    fn encode(statement: &Statement<Self>) -> Result<Vec<u8>, Error> {
        encode_statement(statement, |it| AuthorityRow {
            name: it.name.to_string(),
            kind: it.kind,
            owner: it.owner.clone(),
            namespace: it.namespace.as_ref().map(ToString::to_string),
            grants: it.grants.iter().map(|(id, rights)| (id.clone(), *rights)).collect(),
        })
    }
    fn decode(row: &[u8]) -> Option<Statement<Self>> {
        decode_statement(row, |row: AuthorityRow| {
            Some(Self {
                name: row.name.into(),
                kind: row.kind,
                owner: row.owner,
                namespace: row.namespace.map(Into::into),
                grants: row.grants.into_iter().collect(),
            })
        })
    }
}

impl Stored for Practitioner {
    type Id = PractitionerId;
    const SPACE: Space = space::PRACTITIONERS;

    fn entity(id: &PractitionerId) -> Entity {
        Entity::Practitioner(id.clone())
    }
    fn name(id: &PractitionerId) -> Vec<u8> {
        id.as_str().into()
    }
    fn id(name: &str) -> Option<PractitionerId> {
        PractitionerId::new(name).ok()
    }
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        fault(self.check())
    }
    fn references(_: &PractitionerId, _: Option<&Self>) -> Vec<Entity> {
        Vec::new()
    }
    fn encode(statement: &Statement<Self>) -> Result<Vec<u8>, Error> {
        encode_statement(statement, |it| it.name.to_string())
    }
    fn decode(row: &[u8]) -> Option<Statement<Self>> {
        decode_statement(row, |name: String| Some(Self { name: name.into() }))
    }
}

impl Stored for Post {
    type Id = (PractitionerId, InstitutionId);
    const SPACE: Space = space::POSTS;

    fn entity(id: &Self::Id) -> Entity {
        Entity::Post(id.0.clone(), id.1.clone())
    }
    fn name(id: &Self::Id) -> Vec<u8> {
        format!("{}\0{}", id.0, id.1).into()
    }
    fn id(name: &str) -> Option<Self::Id> {
        let (practitioner, institution) = name.split_once('\0')?;
        Some((PractitionerId::new(practitioner).ok()?, InstitutionId::new(institution).ok()?))
    }
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        fault(self.check())
    }
    fn references(id: &Self::Id, _: Option<&Self>) -> Vec<Entity> {
        vec![Entity::Practitioner(id.0.clone()), Entity::Institution(id.1.clone())]
    }
    fn encode(statement: &Statement<Self>) -> Result<Vec<u8>, Error> {
        encode_statement(statement, |it| (it.roles.iter().copied().collect::<Vec<Role>>(), it.is_named))
    }
    fn decode(row: &[u8]) -> Option<Statement<Self>> {
        let post = |(roles, is_named): (Vec<Role>, bool)| Some(Self { roles: roles.into_iter().collect(), is_named });
        decode_statement(row, post)
    }
}

impl Stored for Client {
    type Id = ClientId;
    const SPACE: Space = space::CLIENTS;

    fn entity(id: &ClientId) -> Entity {
        Entity::Client(id.clone())
    }
    fn name(id: &ClientId) -> Vec<u8> {
        id.as_str().into()
    }
    fn id(name: &str) -> Option<ClientId> {
        ClientId::new(name).ok()
    }
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        fault(self.check())
    }
    fn references(_: &ClientId, value: Option<&Self>) -> Vec<Entity> {
        value.map(|it| Entity::Institution(it.institution.clone())).into_iter().collect()
    }
    fn encode(statement: &Statement<Self>) -> Result<Vec<u8>, Error> {
        encode_statement(statement, |it| ClientRow {
            name: it.name.to_string(),
            institution: it.institution.clone(),
            purposes: it.purposes.iter().map(ToString::to_string).collect(),
            roles: it.roles.iter().copied().collect(),
        })
    }
    fn decode(row: &[u8]) -> Option<Statement<Self>> {
        decode_statement(row, |row: ClientRow| {
            Some(Self {
                name: row.name.into(),
                institution: row.institution,
                purposes: row.purposes.into_iter().map(Into::into).collect(),
                roles: row.roles.into_iter().collect(),
            })
        })
    }
}

impl Stored for Participation {
    type Id = InstitutionId;
    const SPACE: Space = space::PARTICIPATIONS;

    fn entity(id: &InstitutionId) -> Entity {
        Entity::Participation(id.clone())
    }
    fn name(id: &InstitutionId) -> Vec<u8> {
        id.as_str().into()
    }
    fn id(name: &str) -> Option<InstitutionId> {
        InstitutionId::new(name).ok()
    }
    fn fault(&self) -> Option<(&'static str, &'static str)> {
        None
    }
    fn references(id: &InstitutionId, _: Option<&Self>) -> Vec<Entity> {
        vec![Entity::Institution(id.clone())]
    }
    fn encode(statement: &Statement<Self>) -> Result<Vec<u8>, Error> {
        encode_statement(statement, |_| ())
    }
    fn decode(row: &[u8]) -> Option<Statement<Self>> {
        decode_statement(row, |()| Some(Self))
    }
}

fn fault(checked: Result<(), Fault>) -> Option<(&'static str, &'static str)> {
    checked.err().map(|fault| (fault.field, fault.reason))
}

fn encode_statement<V, R: Serialize>(statement: &Statement<V>, to_row: impl Fn(&V) -> R) -> Result<Vec<u8>, Error> {
    let Statement { recorded, period, value } = statement;
    encode(&StatementRow { recorded: *recorded, period: *period, value: value.as_ref().map(to_row) })
}

fn decode_statement<V, R: DeserializeOwned>(row: &[u8], from_row: impl Fn(R) -> Option<V>) -> Option<Statement<V>> {
    let StatementRow { recorded, period, value } = decode::<StatementRow<R>>(row)?;
    let value = match value {
        Some(row) => Some(from_row(row)?),
        None => None,
    };
    Some(Statement { recorded, period, value })
}

/// A record as the bytes of a row.
///
/// # Errors
/// When it cannot be encoded, which no record here can do.
pub(crate) fn encode<R: Serialize>(record: &R) -> Result<Vec<u8>, Error> {
    postcard::to_extend(record, vec![FORMAT]).map_err(|source| {
        let source = Box::new(source);
        Error::Store(kv::Error::Corrupt { operation: "write to the directory", place: "a record".into(), source })
    })
}

/// The record in a row; none when it is not one, or when something follows it.
pub(crate) fn decode<R: DeserializeOwned>(row: &[u8]) -> Option<R> {
    let (format, rest) = row.split_first()?;
    if *format != FORMAT {
        return None;
    }
    let (record, rest) = postcard::take_from_bytes(rest).ok()?;
    rest.is_empty().then_some(record)
}

/// A part of one version of the list of participants.
pub(crate) fn encode_list(change: &ListChange) -> Result<Vec<u8>, Error> {
    encode(&(change.effective, change.recorded, &change.joined, &change.left))
}

/// The part again.
pub(crate) fn decode_list(row: &[u8]) -> Option<ListChange> {
    let (effective, recorded, joined, left) = decode(row)?;
    Some(ListChange { effective, recorded, joined, left })
}

/// A row that nobody wrote so.
#[derive(Debug, thiserror::Error)]
#[error("the row is not one of the directory in format {FORMAT}")]
struct Unreadable;

/// The error for a row that cannot be read; it names the place and not the content.
pub(crate) fn corrupt(partition: &Partition, sort: &[u8]) -> Error {
    let Key { partition, sort } = partition.key(sort);
    let (space, bucket, digest) =
        (partition.space.0, partition.bucket(), Partition::new(partition.space, sort).bucket());
    Error::Store(kv::Error::Corrupt {
        operation: "read the directory",
        place: format!("space {space}, bucket {bucket}, row {digest:02x}"),
        source: Box::new(Unreadable),
    })
}
