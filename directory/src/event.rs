//! What the directory announces in the change log.
//!
//! Every statement has its event, and so has every version of the list of participants. An event says what changed and
//! for when; how it is now is read from the register. It holds no name of a person.

use crate::row;
use crate::{Entity, Error, Instant, InstitutionId, ListVersion, Period, PractitionerId, log};
use serde::{Deserialize, Serialize};

/// A change of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Something was stated about an entry.
    Stated {
        /// Which.
        entity: Entity,
        /// For which time.
        period: Period,
        /// Whether the entry is there then.
        is_there: bool,
        /// When the directory heard it.
        recorded: Instant,
    },
    /// The list of participants got a new version.
    Listed {
        /// Which.
        list: ListVersion,
        /// From when it is in force.
        effective: Instant,
        /// When the directory heard it.
        recorded: Instant,
    },
}

/// An event in the log. Variants are added at the end: entries hold their place.
#[derive(Serialize, Deserialize)]
enum EventRow {
    Stated { entity: EntityRow, period: Period, is_there: bool, recorded: Instant },
    Listed { list: u32, effective: Instant, recorded: Instant },
}

/// An entity in the log. Variants are added at the end.
#[derive(Serialize, Deserialize)]
enum EntityRow {
    Institution(InstitutionId),
    Authority(crate::AuthorityId),
    Practitioner(PractitionerId),
    Post(PractitionerId, InstitutionId),
    Client(crate::ClientId),
    Participation(InstitutionId),
}

impl Event {
    /// The entry of the log, with the byte that names this crate.
    ///
    /// # Errors
    /// When it cannot be encoded.
    pub fn encode(&self) -> Result<Vec<u8>, Error> {
        let row = match self.clone() {
            Self::Stated { entity, period, is_there, recorded } => {
                EventRow::Stated { entity: entity.into(), period, is_there, recorded }
            }
            Self::Listed { list, effective, recorded } => EventRow::Listed { list: list.0, effective, recorded },
        };
        Ok([vec![log::DIRECTORY], row::encode(&row)?].concat())
    }

    /// The event in an entry of the log; none when it is not one of this crate, or not readable.
    #[must_use]
    pub fn decode(entry: &[u8]) -> Option<Self> {
        let (log::Owner::Directory, row) = log::split(entry)? else { return None };
        Some(match row::decode(row)? {
            EventRow::Stated { entity, period, is_there, recorded } => {
                Self::Stated { entity: entity.into(), period, is_there, recorded }
            }
            EventRow::Listed { list, effective, recorded } => {
                Self::Listed { list: ListVersion(list), effective, recorded }
            }
        })
    }
}

impl From<Entity> for EntityRow {
    fn from(entity: Entity) -> Self {
        match entity {
            Entity::Institution(id) => Self::Institution(id),
            Entity::Authority(id) => Self::Authority(id),
            Entity::Practitioner(id) => Self::Practitioner(id),
            Entity::Post(id, institution) => Self::Post(id, institution),
            Entity::Client(id) => Self::Client(id),
            Entity::Participation(id) => Self::Participation(id),
        }
    }
}

impl From<EntityRow> for Entity {
    fn from(entity: EntityRow) -> Self {
        match entity {
            EntityRow::Institution(id) => Self::Institution(id),
            EntityRow::Authority(id) => Self::Authority(id),
            EntityRow::Practitioner(id) => Self::Practitioner(id),
            EntityRow::Post(id, institution) => Self::Post(id, institution),
            EntityRow::Client(id) => Self::Client(id),
            EntityRow::Participation(id) => Self::Participation(id),
        }
    }
}
