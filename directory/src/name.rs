//! The names of things that are registered: institutions, assigning authorities, practitioners, clients.
//!
//! They are short ASCII texts that the network itself gives out; none is a personal value, so they may be part of a key,
//! a log line and an address. Which names exist is a question for the register, not for the type. They are cheap to
//! copy. What an authority gives to a patient is an [`crate::Identifier`], not a name.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// The most bytes of an institution's, practitioner's or client's name: longer than any code in use, and short enough
/// for two names to fit into one key.
pub const NAME_BYTES_MAX: usize = 64;

/// The most bytes of an authority's name: an object identifier with all its arcs, or an address, that still fits a key.
pub const AUTHORITY_BYTES_MAX: usize = 200;

/// Before an object identifier that is written as an URI (RFC 3061).
const URN_OID: &str = "urn:oid:";

/// Why a text is not a name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// Nothing is left after trimming.
    #[error("the {kind} is empty")]
    Empty {
        /// Of what.
        kind: &'static str,
    },
    /// Longer than it may be.
    #[error("the {kind} has {bytes} bytes, over the limit of {limit}")]
    TooLong {
        /// Of what.
        kind: &'static str,
        /// Its length.
        bytes: usize,
        /// The limit.
        limit: usize,
    },
    /// A character that it may not hold.
    #[error("the {kind} holds `{}`, which is not allowed there", character.escape_debug())]
    Character {
        /// Of what.
        kind: &'static str,
        /// The first such character.
        character: char,
    },
    /// Neither an object identifier nor an URI.
    #[error("`{text}` is neither an object identifier such as `1.2.392.200119` nor an URI such as `urn:oid:1.2.392`")]
    NotAnAuthority {
        /// What was given.
        text: String,
    },
}

/// An institution, as the network calls it: in Japan mostly its ten-digit code, but any short name will do.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstitutionId(Arc<str>);

/// A practitioner, as the network calls it: a name that the network gave out, never a licence number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PractitionerId(Arc<str>);

/// A registered client: a service of the network that calls on behalf of people.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(Arc<str>);

/// An assigning authority, the domain in which an identifier is unique: always an URI.
///
/// An object identifier is written `urn:oid:1.2.392.200119`, whether it came so or bare as in HL7 v2.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AuthorityId(Arc<str>);

impl InstitutionId {
    /// A name of ASCII letters, digits and `-._:@/`, trimmed.
    ///
    /// # Errors
    /// [`InvalidName`] when it is empty, longer than [`NAME_BYTES_MAX`] or holds anything else.
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        checked("institution id", text).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PractitionerId {
    /// A name as in [`InstitutionId::new`].
    ///
    /// # Errors
    /// [`InvalidName`].
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        checked("practitioner id", text).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl ClientId {
    /// A name as in [`InstitutionId::new`].
    ///
    /// # Errors
    /// [`InvalidName`].
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        checked("client id", text).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AuthorityId {
    /// An authority by its object identifier or its URI, trimmed.
    ///
    /// # Errors
    /// [`InvalidName`] when the text is neither, or longer than [`AUTHORITY_BYTES_MAX`].
    pub fn new(text: &str) -> Result<Self, InvalidName> {
        let kind = "assigning authority";
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidName::Empty { kind });
        }
        let prefix = text.get(..URN_OID.len());
        let oid = match prefix {
            Some(prefix) if prefix.eq_ignore_ascii_case(URN_OID) => text.get(URN_OID.len()..).unwrap_or_default(),
            _ => text,
        };
        let is_canonical = text.starts_with(URN_OID) && text.len() <= AUTHORITY_BYTES_MAX && is_oid(oid);
        if is_canonical {
            // As it stands in every row: digits and dots after the prefix, nothing else to look for.
            return Ok(Self(text.into()));
        }
        let uri: String = if is_oid(oid) { format!("{URN_OID}{oid}") } else { text.to_owned() };
        if uri.len() > AUTHORITY_BYTES_MAX {
            return Err(InvalidName::TooLong { kind, bytes: uri.len(), limit: AUTHORITY_BYTES_MAX });
        }
        if let Some(character) = uri.chars().find(|character| !is_of_uri(*character)) {
            return Err(InvalidName::Character { kind, character });
        }
        let is_broken_oid = oid.len() != text.len() && !is_oid(oid);
        if is_broken_oid || !is_uri(&uri) {
            return Err(InvalidName::NotAnAuthority { text: uri });
        }
        Ok(Self(uri.into()))
    }

    /// The URI.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The bare object identifier, if the authority is one.
    #[must_use]
    pub fn oid(&self) -> Option<&str> {
        self.0.strip_prefix(URN_OID)
    }
}

/// Trims and checks a short name.
fn checked(kind: &'static str, text: &str) -> Result<Arc<str>, InvalidName> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidName::Empty { kind });
    }
    if let Some(character) = text.chars().find(|c| !(c.is_ascii_alphanumeric() || "-._:@/".contains(*c))) {
        return Err(InvalidName::Character { kind, character });
    }
    if text.len() > NAME_BYTES_MAX {
        return Err(InvalidName::TooLong { kind, bytes: text.len(), limit: NAME_BYTES_MAX });
    }
    Ok(text.into())
}

/// Arcs of digits without leading zeros, at least two; the first is 0, 1 or 2, and below the first two of these roots
/// the second is less than 40 (ITU-T X.660).
fn is_oid(text: &str) -> bool {
    let is_arc = |arc: &str| {
        !arc.is_empty() && arc.bytes().all(|byte| byte.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'))
    };
    let mut arcs = text.split('.');
    let (Some(root), Some(second)) = (arcs.next(), arcs.next()) else { return false };
    let is_second = match root {
        "0" | "1" => is_arc(second) && second.parse::<u8>().is_ok_and(|second| second < 40),
        "2" => is_arc(second),
        _ => false,
    };
    is_second && arcs.all(is_arc)
}

/// A scheme, a colon and something after it (RFC 3986).
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let is_of_scheme = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
    !rest.is_empty() && scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(is_of_scheme)
}

/// The characters of an URI; `|` is none of them, so that `system|value` can be taken apart.
fn is_of_uri(character: char) -> bool {
    character.is_ascii_graphic() && !"\"<>\\^`{|}".contains(character)
}

impl FromStr for InstitutionId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl FromStr for PractitionerId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl FromStr for ClientId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl FromStr for AuthorityId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::new(text)
    }
}

impl fmt::Display for InstitutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PractitionerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for AuthorityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for InstitutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for PractitionerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for AuthorityId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for InstitutionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for PractitionerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for ClientId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl Serialize for AuthorityId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for InstitutionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

impl<'de> Deserialize<'de> for PractitionerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

impl<'de> Deserialize<'de> for ClientId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

impl<'de> Deserialize<'de> for AuthorityId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer)
    }
}

/// Reads a text and checks it as the constructor does.
fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err = InvalidName>>(deserializer: D) -> Result<T, D::Error> {
    /// A text that is borrowed where it can be.
    #[derive(Deserialize)]
    struct Text<'a>(#[serde(borrow)] Cow<'a, str>);
    Text::deserialize(deserializer)?.0.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_authority(text: &str, expected: Result<&str, &str>) {
        let found = AuthorityId::new(text).map(|id| id.to_string()).map_err(|error| error.to_string());
        match expected {
            Ok(uri) => assert_eq!(found.as_deref(), Ok(uri)),
            Err(reason) => assert!(found.as_ref().is_err_and(|found| found.contains(reason)), "{found:?}"),
        }
    }

    #[test]
    fn authorities_are_uris() {
        check_authority("urn:oid:1.2.392.100495.20.3.51.11311234567", Ok("urn:oid:1.2.392.100495.20.3.51.11311234567"));
        check_authority(" 1.2.392.200119.6.51 ", Ok("urn:oid:1.2.392.200119.6.51"));
        check_authority("URN:OID:2.999.0", Ok("urn:oid:2.999.0"));
        check_authority("urn:oid:1.02.3", Err("neither"));
        check_authority("urn:oid:3.1", Err("neither"));
        check_authority("urn:oid:1.40", Err("neither"));
        check_authority("urn:oid:1", Err("neither"));
        check_authority("urn:oid:", Err("neither"));
        check_authority("1.2..3", Err("neither"));
        check_authority("http://example.jp/patients", Ok("http://example.jp/patients"));
        check_authority(
            "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7",
            Ok("urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7"),
        );
        check_authority("hospital", Err("neither"));
        check_authority("http:", Err("neither"));
        check_authority("1http:x", Err("neither"));
        check_authority("http://x|y", Err("holds `|`"));
        check_authority("http://病院", Err("holds `病`"));
        check_authority("http://a b", Err("holds ` `"));
        check_authority(" ", Err("empty"));
        check_authority(&format!("http://{}", "x".repeat(200)), Err("207 bytes"));
    }

    #[test]
    fn an_authority_knows_its_object_identifier() {
        let oid = |text| AuthorityId::new(text).unwrap().oid().map(str::to_owned);
        assert_eq!(oid("1.2.392").as_deref(), Some("1.2.392"));
        assert_eq!(oid("http://1.2.392"), None);
    }

    #[test]
    fn names_are_short_and_plain() {
        assert_eq!(InstitutionId::new(" 3210000017 ").unwrap().as_str(), "3210000017");
        assert_eq!(ClientId::new("chart-sharing/v2").unwrap().to_string(), "chart-sharing/v2");
        let message = |text: &str| PractitionerId::new(text).unwrap_err().to_string();
        assert_eq!(message(""), "the practitioner id is empty");
        assert_eq!(message("a\nb"), "the practitioner id holds `\\n`, which is not allowed there");
        assert_eq!(message("山"), "the practitioner id holds `山`, which is not allowed there");
        assert_eq!(message(&"x".repeat(65)), "the practitioner id has 65 bytes, over the limit of 64");
    }
}
