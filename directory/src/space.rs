//! The spaces of the directory in the store: 1 to 15 are its own.

use kv::Space;

/// One row: the version of the directory and when it was last written.
pub const STATE: Space = Space(1);
/// Statements about institutions.
pub const INSTITUTIONS: Space = Space(2);
/// Statements about assigning authorities.
pub const AUTHORITIES: Space = Space(3);
/// Statements about practitioners.
pub const PRACTITIONERS: Space = Space(4);
/// Statements about practitioners at institutions.
pub const POSTS: Space = Space(5);
/// Statements about registered clients.
pub const CLIENTS: Space = Space(6);
/// Statements about who takes part.
pub const PARTICIPATIONS: Space = Space(7);
/// The versions of the list of participants.
pub const LISTS: Space = Space(8);
