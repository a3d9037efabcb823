//! Seals: what only the holder of a key can write about a chain.
//!
//! A seal says "so many events of this writer, and this digest over all of them"; a stub says the same of the segments
//! that retention removed. Both are one line with a keyed BLAKE3 digest. Whoever can write the trail but has neither
//! the key nor the witness cannot change what was sealed without being found. A key is found again by its number, so
//! rotation keeps old seals good.

use std::collections::BTreeMap;

use directory::Instant;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::line::{Head, hex};
use crate::config::{KEY_BYTES, Keyring, Purpose};

/// The keys that sign seals, by their number; the highest is used for what is new.
#[derive(Clone)]
pub struct SealKeys {
    keys: BTreeMap<u16, [u8; KEY_BYTES]>,
}

impl SealKeys {
    /// Those of a keyring; none when it holds no key of the purpose `audit`.
    #[must_use]
    pub fn of(keyring: &Keyring) -> Option<Self> {
        let keys = Self::from_roots(keyring.of(Purpose::Audit).map(|key| (key.id, *key.bytes())));
        (!keys.keys.is_empty()).then_some(keys)
    }

    /// Those made from secrets, such as a random one for a trial that outlives nothing.
    #[must_use]
    pub fn from_roots(roots: impl IntoIterator<Item = (u16, [u8; KEY_BYTES])>) -> Self {
        let derive = |root: &[u8; KEY_BYTES]| blake3::derive_key("nayose 2026-11 audit seals", root);
        Self { keys: roots.into_iter().map(|(id, root)| (id, derive(&root))).collect() }
    }

    /// The number of the key for what is new.
    pub(super) fn newest(&self) -> u16 {
        self.keys.keys().next_back().copied().unwrap_or_default()
    }

    fn sign(&self, kind: &str, key: u16, body: &[u8]) -> Option<blake3::Hash> {
        let mut hasher = blake3::Hasher::new_keyed(self.keys.get(&key)?);
        hasher.update(kind.as_bytes()).update(b":").update(body);
        Some(hasher.finalize())
    }
}

impl std::fmt::Debug for SealKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.keys.keys()).finish()
    }
}

/// A signed place in the chain of a writer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seal {
    /// Whose chain.
    pub writer: Box<str>,
    /// The how manieth seal of the writer this is, from 1.
    pub seal: u64,
    /// Events before it.
    pub events: u64,
    /// The digest over all of them.
    #[serde(with = "hex")]
    pub chain: blake3::Hash,
    /// When.
    #[serde(with = "super::event::instant")]
    pub at: Instant,
    /// The number of the key.
    pub key: u16,
}

impl Seal {
    /// The place in the chain.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { events: self.events, chain: self.chain }
    }
}

/// What retention left of the segments that it removed: always the oldest ones of a writer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stub {
    /// Whose chain.
    pub writer: Box<str>,
    /// Events that are gone.
    pub events: u64,
    /// The digest over all of them.
    #[serde(with = "hex")]
    pub chain: blake3::Hash,
    /// Everything before this instant was to go.
    #[serde(with = "super::event::instant")]
    pub before: Instant,
    /// The number of the key.
    pub key: u16,
}

impl Stub {
    /// The place in the chain.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { events: self.events, chain: self.chain }
    }
}

/// A thing that is signed as one line.
pub(super) trait Signed: Serialize + DeserializeOwned {
    /// The word that keeps one kind from being taken for another.
    const KIND: &'static str;

    fn key(&self) -> u16;

    /// The line; none when the key is missing.
    fn to_line(&self, keys: &SealKeys) -> Option<String> {
        let body = serde_json::to_string(self).ok()?;
        let mac = keys.sign(Self::KIND, self.key(), body.as_bytes())?.to_hex();
        Some(format!("{{\"{}\":{body},\"mac\":\"{mac}\"}}\n", Self::KIND))
    }

    /// What a line says, and whether its signature is good.
    fn of_line(line: &str, keys: &SealKeys) -> Result<Self, BadSignature> {
        let wrong = BadSignature::Spelling;
        let rest = line.strip_prefix("{\"").and_then(|rest| rest.strip_prefix(Self::KIND));
        let body = rest.and_then(|rest| rest.strip_prefix("\":")).and_then(|rest| rest.split_once(",\"mac\":\""));
        let (body, mac) = body.ok_or(wrong)?;
        let signed: Self = serde_json::from_str(body).map_err(|_| wrong)?;
        let made = keys.sign(Self::KIND, signed.key(), body.as_bytes()).ok_or(BadSignature::Key(signed.key()))?;
        let given = mac.strip_suffix("\"}\n").ok_or(wrong)?;
        let is_same = blake3::Hash::from_hex(given).is_ok_and(|hash| hash == made) && *made.to_hex() == *given;
        if is_same { Ok(signed) } else { Err(BadSignature::Wrong) }
    }
}

impl Signed for Seal {
    const KIND: &'static str = "seal";

    fn key(&self) -> u16 {
        self.key
    }
}

impl Signed for Stub {
    const KIND: &'static str = "removed";

    fn key(&self) -> u16 {
        self.key
    }
}

/// Why a signed line cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// It is not spelt as it is written.
    #[error("it is not spelt as a signed line")]
    Spelling,
    /// It names a key that is not there.
    #[error("it is signed with key {0}, which the keyring does not hold")]
    Key(u16),
    /// The signature belongs to something else.
    #[error("its signature is wrong")]
    Wrong,
}
