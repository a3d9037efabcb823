//! Who takes part in a network, and the words that identity and consent share.
//!
//! Both sides of the house name institutions, assigning authorities, identifiers, instants and dates; this crate defines
//! them once. It holds nothing about patients, and it asks the machine for nothing: time and ids are parameters.

mod apply;
pub mod description;
mod entry;
mod error;
mod event;
mod identifier;
pub mod log;
mod name;
mod participation;
mod register;
mod row;
mod snapshot;
pub mod space;
#[cfg(test)]
mod tests;
mod time;

pub use apply::{Desired, apply};
pub use entry::{
    Act, AssigningAuthority, AuthorityKind, Client, DISPLAY_BYTES_MAX, Institution, InstitutionCode, InstitutionKind,
    PARTS_MAX, Post, Practitioner, Rights, Role, UnknownWord, WORD_BYTES_MAX,
};
pub use error::{Denial, Entity, Error, Refusal};
pub use event::Event;
pub use identifier::{Identifier, InvalidIdentifier, VALUE_BYTES_MAX};
pub use name::{
    AUTHORITY_BYTES_MAX, AuthorityId, ClientId, InstitutionId, InvalidName, NAME_BYTES_MAX, PractitionerId,
};
pub use participation::{
    LISTS_MAX, ListVersion, ParticipantList, Participation, ParticipationChange, change_participants, list_in_force,
    participant_list, participants, participation_history,
};
pub use register::{
    DirectoryVersion, Entry, Outcome, STATEMENTS_MAX, Statement, When, history, list, read, state, state_partition,
    version,
};
pub use snapshot::{InstitutionIndex, InstitutionSet, ListView, Snapshot, may};
pub use time::{AsOf, Date, Instant, InvalidTime, Offset, Period};
