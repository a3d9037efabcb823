//! Encoding of rows: a format byte, then postcard.

use crate::Error;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The format of rows. A new format gets a new number, and the old one stays readable.
const FORMAT: u8 = 1;

/// A row as bytes.
///
/// # Errors
/// [`Error::Corrupt`] for a row that has no fixed shape, which none of ours is.
pub(crate) fn encode<T: Serialize>(what: &'static str, row: &T) -> Result<Box<[u8]>, Error> {
    let bytes = postcard::to_extend(row, vec![FORMAT]).map_err(|_| Error::Corrupt { what })?;
    Ok(bytes.into_boxed_slice())
}

/// The row of some bytes.
///
/// # Errors
/// [`Error::Corrupt`] when they are of an unknown format or not a row of this kind.
pub(crate) fn decode<T: DeserializeOwned>(what: &'static str, bytes: &[u8]) -> Result<T, Error> {
    match bytes.split_first() {
        Some((&FORMAT, row)) => postcard::from_bytes(row).map_err(|_| Error::Corrupt { what }),
        _ => Err(Error::Corrupt { what }),
    }
}
