//! Whose an entry of the change log is: its first byte.
//!
//! All crates append to one log, since order is the log sequence. The crates that write to it do not know each other, so
//! the scheme stands here, where all of them see it. What follows the first byte is the affair of the owner.

/// Entries of this crate.
pub const DIRECTORY: u8 = 1;
/// Entries of the index.
pub const MPI: u8 = 2;
/// Entries of consent.
pub const CONSENT: u8 = 3;
/// Entries of the service.
pub const HUB: u8 = 4;

/// Who wrote an entry of the change log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// This crate.
    Directory,
    /// The index.
    Mpi,
    /// Consent.
    Consent,
    /// The service.
    Hub,
}

/// Splits an entry into its owner and what the owner wrote; none when the owner is unknown.
#[must_use]
pub fn split(entry: &[u8]) -> Option<(Owner, &[u8])> {
    let (first, rest) = entry.split_first()?;
    let owner = match *first {
        DIRECTORY => Owner::Directory,
        MPI => Owner::Mpi,
        CONSENT => Owner::Consent,
        HUB => Owner::Hub,
        _ => return None,
    };
    Some((owner, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_name_their_owner() {
        assert_eq!(split(&[1, 9]), Some((Owner::Directory, &[9][..])));
        assert_eq!(split(&[2]), Some((Owner::Mpi, &[][..])));
        assert_eq!(split(&[3, 1]), Some((Owner::Consent, &[1][..])));
        assert_eq!(split(&[4, 1, 2]), Some((Owner::Hub, &[1, 2][..])));
        assert_eq!(split(&[0, 1]), None);
        assert_eq!(split(&[5]), None);
        assert_eq!(split(&[]), None);
    }
}
