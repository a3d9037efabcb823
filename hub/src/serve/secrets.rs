//! Keys of the server's own: for idempotency keys and page tokens, derived from the keyring.
//!
//! Without a keyring they are random, so page tokens and idempotency keys do not outlive the process. That is for
//! trials in memory; a store on disk has a keyring.

use std::io;

use crate::config::{KEY_BYTES, Keyring, Purpose};

use super::random;

/// Derived keys, one per use.
pub(super) struct Secrets {
    once: [u8; KEY_BYTES],
    page: [u8; KEY_BYTES],
}

impl Secrets {
    /// The keys of a keyring, or random ones.
    pub(super) fn new(keyring: Option<&Keyring>) -> io::Result<Self> {
        let of_keyring = keyring.and_then(|keyring| keyring.newest(Purpose::Tokens)).map(|key| *key.bytes());
        let root = match of_keyring {
            Some(root) => root,
            None => random::bytes()?,
        };
        let derive = |context: &str| blake3::derive_key(context, &root);
        Ok(Self { once: derive("nayose 2026-11 hub idempotency keys"), page: derive("nayose 2026-11 hub page tokens") })
    }

    /// For the partitions of stored answers.
    pub(super) fn once(&self) -> &[u8; KEY_BYTES] {
        &self.once
    }

    /// For page tokens.
    pub(super) fn page(&self) -> &[u8; KEY_BYTES] {
        &self.page
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secrets")
    }
}
