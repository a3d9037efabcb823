//! Who takes part in a network, and the words that identity and consent share.
//!
//! Both sides of the house name institutions, assigning authorities, identifiers, instants and dates; this crate defines
//! them once. It holds nothing about patients, and it asks the machine for nothing: time and ids are parameters.

mod identifier;
pub mod log;
mod name;
pub mod space;
mod time;

pub use identifier::{Identifier, InvalidIdentifier, VALUE_BYTES_MAX};
pub use name::{
    AUTHORITY_BYTES_MAX, AuthorityId, ClientId, InstitutionId, InvalidName, NAME_BYTES_MAX, PractitionerId,
};
pub use time::{AsOf, Date, Instant, InvalidTime, Offset, Period};
