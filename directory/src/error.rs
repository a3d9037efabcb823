//! Why the directory does not do or know something.

use crate::{Act, AuthorityId, ClientId, InstitutionId, PractitionerId};
use std::fmt;

/// A verb or a read failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The store did not answer, or holds what nobody wrote.
    #[error("cannot use the directory")]
    Store(#[from] kv::Error),
    /// The directory does not take this.
    #[error("cannot change the directory")]
    Refused(#[from] Refusal),
}

/// Something that the directory speaks of. It is no personal value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Entity {
    /// An institution.
    Institution(InstitutionId),
    /// An assigning authority.
    Authority(AuthorityId),
    /// A practitioner.
    Practitioner(PractitionerId),
    /// A practitioner at an institution.
    Post(PractitionerId, InstitutionId),
    /// A client.
    Client(ClientId),
    /// An institution as a participant.
    Participation(InstitutionId),
}

impl fmt::Display for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Institution(id) => write!(f, "institution `{id}`"),
            Self::Authority(id) => write!(f, "assigning authority `{id}`"),
            Self::Practitioner(id) => write!(f, "practitioner `{id}`"),
            Self::Post(id, institution) => write!(f, "post of `{id}` at `{institution}`"),
            Self::Client(id) => write!(f, "client `{id}`"),
            Self::Participation(id) => write!(f, "participation of `{id}`"),
        }
    }
}

/// Why the directory does not take a statement.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A field that cannot be so.
    #[error("the {field} of {entity} is {reason}")]
    Field {
        /// Of what.
        entity: Entity,
        /// Which field.
        field: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// It names something that was never stated.
    #[error("{entity} names {unknown}, which is not in the directory")]
    UnknownReference {
        /// Which entry.
        entity: Entity,
        /// What it names.
        unknown: Entity,
    },
    /// The number of statements about one thing is at its limit.
    #[error("{entity} has {limit} statements, and takes no more")]
    TooManyStatements {
        /// About what.
        entity: Entity,
        /// The limit.
        limit: u32,
    },
    /// The number of versions of the list of participants is at its limit.
    #[error("the list of participants has {limit} versions, and takes no more")]
    TooManyLists {
        /// The limit.
        limit: u32,
    },
}

/// Why an institution may not act in a domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denial {
    /// The directory does not know the domain at that instant.
    #[error("the assigning authority `{authority}` is not known")]
    UnknownAuthority {
        /// Which.
        authority: AuthorityId,
    },
    /// The directory does not know the institution at that instant.
    #[error("the institution `{institution}` is not known")]
    UnknownInstitution {
        /// Which.
        institution: InstitutionId,
    },
    /// The domain belongs to another, who has not granted this act.
    #[error("`{institution}` does not own `{authority}` and may not {} in it", act.word())]
    NotGranted {
        /// Who.
        institution: InstitutionId,
        /// Where.
        authority: AuthorityId,
        /// What.
        act: Act,
    },
}
