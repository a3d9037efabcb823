//! Long lists are given in pages: a page token says where the next one begins.
//!
//! A token is opaque: the position inside is encrypted and authenticated, bound to the caller and to the list with its
//! filters. A position may be an id that the caller has no other way to learn, so it must be neither readable nor
//! guessable, and a token of one caller is worth nothing to another.

use serde::Deserialize;
use utoipa::IntoParams;

use super::app::App;
use super::caller::Caller;
use super::problem::{ErrorCode, Problem};

/// Query parameters of every list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageQuery {
    /// The most items to give. The server may give fewer.
    pub limit: Option<u32>,
    /// Where to go on: `next` of the page before.
    pub page: Option<String>,
}

/// A list that is given in pages: whose it is, and which.
#[derive(Debug)]
pub struct Pages<'a> {
    key: [u8; 32],
    items_max: u32,
    query: &'a PageQuery,
}

/// Items of a page when the caller does not say.
const ITEMS_DEFAULT: u32 = 50;
/// Bytes of the authentication tag.
const TAG_BYTES: usize = 16;
/// Longest position.
const POSITION_BYTES_MAX: usize = 512;

impl App {
    /// A list for a caller. The name says which list it is and how it is filtered: a token of one is refused by another.
    #[must_use]
    pub fn pages<'a>(&self, caller: &Caller, list: &str, query: &'a PageQuery) -> Pages<'a> {
        let mut hasher = blake3::Hasher::new_keyed(self.secrets().page());
        for part in [caller.id(), list] {
            hasher.update(&part.len().to_le_bytes());
            hasher.update(part.as_bytes());
        }
        Pages { key: hasher.finalize().into(), items_max: self.limits().page_items_max, query }
    }
}

impl Pages<'_> {
    /// Items of this page, at least 1.
    ///
    /// # Errors
    /// A bad request when the caller asks for none or for too many.
    pub fn limit(&self) -> Result<u32, Problem> {
        match self.query.limit {
            None => Ok(ITEMS_DEFAULT.min(self.items_max)),
            Some(limit) if (1..=self.items_max).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::bad_field("limit", format!("must be from 1 to {}", self.items_max))),
        }
    }

    /// Where this page begins: the position that was put into the token, none for the first page.
    ///
    /// # Errors
    /// [`ErrorCode::BadPageToken`].
    pub fn position(&self) -> Result<Option<Vec<u8>>, Problem> {
        let Some(token) = &self.query.page else { return Ok(None) };
        let opened = from_hex(token).and_then(|sealed| self.open(&sealed));
        opened.map(Some).ok_or_else(|| Problem::new(ErrorCode::BadPageToken, "`page` is not a token of this list"))
    }

    /// The token of the page that begins at a position.
    #[must_use]
    pub fn token(&self, position: &[u8]) -> String {
        let tag = self.tag(position);
        tag.iter().copied().chain(self.mask(&tag, position)).map(|byte| format!("{byte:02x}")).collect()
    }

    fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (tag, masked) = sealed.split_first_chunk::<TAG_BYTES>()?;
        let position = self.mask(tag, masked);
        let expected = blake3::hash(&self.tag(&position));
        // Digests compare in constant time.
        (masked.len() <= POSITION_BYTES_MAX && expected == blake3::hash(tag)).then_some(position)
    }

    fn tag(&self, position: &[u8]) -> [u8; TAG_BYTES] {
        let digest = blake3::keyed_hash(&self.key, position);
        digest.as_bytes().first_chunk().copied().unwrap_or_default()
    }

    /// The position with a stream of bytes over it that depends on the tag: applied twice it is the position again.
    fn mask(&self, tag: &[u8; TAG_BYTES], bytes: &[u8]) -> Vec<u8> {
        let mut stream = vec![0; bytes.len()];
        let key = blake3::derive_key("nayose 2026-11 hub page token stream", &self.key);
        blake3::Hasher::new_keyed(&key).update(tag).finalize_xof().fill(&mut stream);
        stream.iter().zip(bytes).map(|(mask, byte)| mask ^ byte).collect()
    }
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> =
        text.chars().map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok())).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(digits.chunks_exact(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pages(key: u8, query: &PageQuery) -> Pages<'_> {
        Pages { key: [key; 32], items_max: 100, query }
    }

    fn open(key: u8, token: &str) -> Result<Option<Vec<u8>>, ErrorCode> {
        let query = PageQuery { limit: None, page: Some(token.to_owned()) };
        pages(key, &query).position().map_err(|problem| problem.code())
    }

    #[test]
    fn a_token_opens_for_its_list_only() {
        let first = PageQuery::default();
        for position in [&b""[..], b"x", &[7; POSITION_BYTES_MAX]] {
            let token = pages(1, &first).token(position);
            assert_eq!(open(1, &token), Ok(Some(position.to_vec())));
            assert_eq!(open(2, &token), Err(ErrorCode::BadPageToken));
        }
        assert_eq!(pages(1, &first).position().unwrap(), None);
    }

    #[test]
    fn a_token_that_was_changed_does_not_open() {
        let query = PageQuery::default();
        let token = pages(1, &query).token(b"position");
        for index in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[index] = if changed[index] == b'0' { b'1' } else { b'0' };
            assert_eq!(open(1, &String::from_utf8(changed).unwrap()), Err(ErrorCode::BadPageToken));
        }
        for bad in ["", "0", "zz", "é", token.get(2..).unwrap(), &format!("{token}00")] {
            assert_eq!(open(1, bad), Err(ErrorCode::BadPageToken), "{bad}");
        }
    }

    #[test]
    fn a_token_hides_its_position() {
        let query = PageQuery::default();
        let hex: String = b"position".iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(!pages(1, &query).token(b"position").contains(&hex));
    }

    #[test]
    fn pages_have_a_size() {
        let limit = |limit| {
            let query = PageQuery { limit, page: None };
            pages(1, &query).limit().map_err(|problem| problem.code())
        };
        assert_eq!(limit(None), Ok(50));
        assert_eq!(limit(Some(100)), Ok(100));
        assert_eq!(limit(Some(0)), Err(ErrorCode::BadRequest));
        assert_eq!(limit(Some(101)), Err(ErrorCode::BadRequest));
    }
}
