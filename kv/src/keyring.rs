//! Secrets by id and purpose: what values are sealed with, what identifiers are digested with.
//!
//! A key ring is a parameter: where its file lies and how it is parsed is the server's business, outside the store and
//! its backup. Keys for values rotate: new values are sealed under the active key, old ones stay readable as long as
//! their key is in the ring. The key for digests cannot rotate in place, because digests are parts of row keys: there is
//! exactly one, and a change means to build the store anew. Each secret given is never used as it is; every use derives
//! its own subkey.

use aes_gcm_siv::aead::{AeadInOut, KeyInit};
use aes_gcm_siv::{Aes256GcmSiv, Nonce, Tag};
use std::collections::BTreeMap;
use std::fmt;

/// The number of a key in the ring; it stands in the clear in front of what is sealed with the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u16);

/// What a key is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Sealing values and log entries; several, one of them active.
    Values,
    /// Keyed digests of identifiers and blocking keys; exactly one.
    Digests,
}

/// One secret: 256 bits from a good random source. Its bytes are never shown.
#[derive(Clone)]
pub struct RingKey {
    /// Its number, unique in the ring.
    pub id: KeyId,
    /// What it is for.
    pub purpose: Purpose,
    /// The secret.
    pub secret: [u8; 32],
}

impl fmt::Debug for RingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RingKey").field("id", &self.id).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// Why keys do not make a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Two keys have one number.
    #[error("key `{}` is in the key ring twice", .0.0)]
    Repeated(KeyId),
    /// The key that new values should be sealed with is not there, or has another purpose.
    #[error("the active key `{}` is not among the keys for values", .0.0)]
    NotActive(KeyId),
    /// There has to be one key for digests.
    #[error("the key ring has {0} keys for digests instead of 1")]
    Digests(usize),
    /// A secret of equal bytes was never drawn at random: it is a placeholder.
    #[error("key `{}` is a placeholder, not a random secret", .0.0)]
    Placeholder(KeyId),
}

/// The keys of one store.
#[derive(Clone)]
pub struct Keyring {
    values: BTreeMap<KeyId, ValueKey>,
    active: KeyId,
    digester: Digester,
}

impl Keyring {
    /// A ring of keys that seals new values with `active`.
    ///
    /// # Errors
    /// [`KeyringError`]: a repeated number, no such active key, not exactly one key for digests, a placeholder.
    pub fn from_keys(keys: &[RingKey], active: KeyId) -> Result<Self, KeyringError> {
        let mut values = BTreeMap::new();
        let mut digesters = BTreeMap::new();
        for key in keys {
            if values.contains_key(&key.id) || digesters.contains_key(&key.id) {
                return Err(KeyringError::Repeated(key.id));
            }
            if key.secret.iter().all(|byte| Some(byte) == key.secret.first()) {
                return Err(KeyringError::Placeholder(key.id));
            }
            match key.purpose {
                Purpose::Values => drop(values.insert(key.id, ValueKey::new(&key.secret))),
                Purpose::Digests => drop(digesters.insert(key.id, Digester::new(&key.secret))),
            }
        }
        if !values.contains_key(&active) {
            return Err(KeyringError::NotActive(active));
        }
        let count = digesters.len();
        match digesters.into_values().next() {
            Some(digester) if count == 1 => Ok(Self { values, active, digester }),
            _ => Err(KeyringError::Digests(count)),
        }
    }

    /// What digests identifiers and blocking keys.
    #[must_use]
    pub fn digester(&self) -> &Digester {
        &self.digester
    }

    /// The number of the key that new values are sealed with.
    #[must_use]
    pub fn active(&self) -> KeyId {
        self.active
    }

    /// A key for values by its number.
    pub(crate) fn value_key(&self, id: KeyId) -> Option<&ValueKey> {
        self.values.get(&id)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ids: Vec<&KeyId> = self.values.keys().collect();
        f.debug_struct("Keyring").field("values", &ids).field("active", &self.active).finish_non_exhaustive()
    }
}

/// Makes keyed digests: without the key nobody can tell what was digested, not even by trying all values.
#[derive(Clone)]
pub struct Digester {
    key: [u8; 32],
}

impl Digester {
    /// A digester from a secret.
    #[must_use]
    pub fn new(secret: &[u8; 32]) -> Self {
        Self { key: blake3::derive_key("nayose 2026 keyed digests", secret) }
    }

    /// The digest of some parts for a purpose: 128 bits, so that among 10⁹ values two are equal by chance with a
    /// probability of about 10⁻²¹. The purpose and every part are preceded by their lengths: no two lists of parts are
    /// digested alike, and nothing links the digests of one value for two purposes.
    #[must_use]
    pub fn digest(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 16] {
        let mut hasher = blake3::Hasher::new_keyed(&self.key);
        for part in std::iter::once(purpose.as_bytes()).chain(parts.iter().copied()) {
            // A length fits into 64 bits on every machine that exists.
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        let mut digest = [0; 16];
        hasher.finalize_xof().fill(&mut digest);
        digest
    }

    /// What tells two digest keys apart without telling anything of them. A store keeps it, so that opening it with
    /// another key is an error instead of a population in which nobody is found any more.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 16] {
        self.digest("fingerprint of the digest key", &[])
    }
}

impl fmt::Debug for Digester {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digester").finish_non_exhaustive()
    }
}

/// One key for values, with what is derived from it once.
#[derive(Clone)]
pub(crate) struct ValueKey {
    cipher: Aes256GcmSiv,
    nonces: [u8; 32],
}

/// What was sealed does not open: the bytes, the place or the key is not the one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotAuthentic;

impl ValueKey {
    fn new(secret: &[u8; 32]) -> Self {
        let sealing = blake3::derive_key("nayose 2026 sealed values, cipher", secret);
        let nonces = blake3::derive_key("nayose 2026 sealed values, nonces", secret);
        Self { cipher: Aes256GcmSiv::new(&sealing.into()), nonces }
    }

    /// The nonce of what is sealed at a place by a batch.
    pub(crate) fn nonce(&self, batch: &[u8; 16], place: &[u8]) -> [u8; 12] {
        let mut nonce = [0; 12];
        let mut hasher = blake3::Hasher::new_keyed(&self.nonces);
        hasher.update(batch).update(place).finalize_xof().fill(&mut nonce);
        nonce
    }

    /// Encrypts in place and returns the tag.
    pub(crate) fn seal(&self, nonce: [u8; 12], place: &[u8], text: &mut [u8]) -> Result<[u8; 16], NotAuthentic> {
        let tag = self.cipher.encrypt_inout_detached(&Nonce::from(nonce), place, text.into());
        // Only texts beyond 64 GiB are refused, and limits refuse them long before.
        tag.map(Into::into).map_err(|_too_long| NotAuthentic)
    }

    /// Decrypts in place what has this tag at this place.
    pub(crate) fn open(
        &self,
        nonce: [u8; 12],
        place: &[u8],
        (text, tag): (&mut [u8], [u8; 16]),
    ) -> Result<(), NotAuthentic> {
        let opened = self.cipher.decrypt_inout_detached(&Nonce::from(nonce), place, text.into(), &Tag::from(tag));
        opened.map_err(|_not_authentic| NotAuthentic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(id: u16, purpose: Purpose) -> RingKey {
        let mut secret = [7; 32];
        secret[..2].copy_from_slice(&id.to_be_bytes());
        RingKey { id: KeyId(id), purpose, secret }
    }

    #[track_caller]
    fn check(keys: &[RingKey], active: u16, expected: Option<KeyringError>) {
        assert_eq!(Keyring::from_keys(keys, KeyId(active)).err(), expected);
    }

    #[test]
    fn rings_are_checked() {
        let (first, second) = (key(1, Purpose::Values), key(2, Purpose::Values));
        let digests = key(9, Purpose::Digests);
        check(&[first.clone(), second.clone(), digests.clone()], 2, None);
        check(&[digests.clone(), first.clone()], 1, None);
        check(&[first.clone(), digests.clone()], 2, Some(KeyringError::NotActive(KeyId(2))));
        check(&[first.clone(), digests.clone()], 9, Some(KeyringError::NotActive(KeyId(9))));
        check(&[first.clone(), second.clone()], 1, Some(KeyringError::Digests(0)));
        check(&[first.clone(), digests.clone(), key(8, Purpose::Digests)], 1, Some(KeyringError::Digests(2)));
        check(&[first.clone(), first.clone(), digests.clone()], 1, Some(KeyringError::Repeated(KeyId(1))));
        check(&[first, key(1, Purpose::Digests)], 1, Some(KeyringError::Repeated(KeyId(1))));
        let placeholder = RingKey { secret: [0; 32], ..second };
        check(&[placeholder, digests], 2, Some(KeyringError::Placeholder(KeyId(2))));
    }

    #[test]
    fn secrets_are_never_shown() {
        let keys = [key(1, Purpose::Values), key(9, Purpose::Digests)];
        let shown = format!("{keys:?} {:?}", Keyring::from_keys(&keys, KeyId(1)).unwrap());
        assert!(!shown.contains("7, 7"), "{shown}");
    }

    #[test]
    fn digests_tell_lists_purposes_and_keys_apart() {
        let digester = Digester::new(&[1; 32]);
        let digests = [
            digester.digest("a", &[b"bc", b"d"]),
            digester.digest("a", &[b"b", b"cd"]),
            digester.digest("a", &[b"bcd"]),
            digester.digest("a", &[b"bcd", b""]),
            digester.digest("a", &[b"", b"bcd"]),
            digester.digest("ab", &[b"cd"]),
            digester.digest("a", &[]),
            digester.digest("", &[b"a"]),
            Digester::new(&[2; 32]).digest("a", &[b"bc", b"d"]),
            digester.fingerprint(),
        ];
        let distinct: std::collections::BTreeSet<_> = digests.iter().collect();
        assert_eq!(distinct.len(), digests.len());
        assert_eq!(digester.digest("a", &[b"bc", b"d"]), digests[0]);
    }

    #[test]
    fn digests_stay_what_they_are() {
        // Stored keys depend on them: another value here means that every store has to be built anew.
        let digest = Digester::new(&[1; 32]).digest("identifier", &[b"authority", b"0001"]);
        insta::assert_snapshot!(format!("{:032x}", u128::from_be_bytes(digest)), @"686605d101d7121758e67bb26a150e5e");
    }
}
