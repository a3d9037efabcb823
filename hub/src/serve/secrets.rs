//! Keys of the server's own: for idempotency keys, page tokens, receipts and web hooks, derived from the keyring.
//!
//! Without a keyring they are random, so page tokens, idempotency keys and signatures do not outlive the process. That is for
//! trials in memory; a store on disk has a keyring.

use std::collections::BTreeMap;
use std::io;

use crate::config::{KEY_BYTES, Keyring, Purpose};

use super::random;

/// Derived keys, one per use.
pub(super) struct Secrets {
    once: [u8; KEY_BYTES],
    page: [u8; KEY_BYTES],
    receipts: [u8; KEY_BYTES],
    /// By the number of the key: a subscription keeps the one that it was made with. The last is used for what is new.
    webhooks: BTreeMap<u16, [u8; KEY_BYTES]>,
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
        let mut webhooks: BTreeMap<u16, [u8; KEY_BYTES]> = keyring
            .into_iter()
            .flat_map(|keyring| keyring.of(Purpose::Webhooks))
            .map(|key| (key.id, *key.bytes()))
            .collect();
        if webhooks.is_empty() {
            webhooks.insert(0, random::bytes()?);
        }
        let (once, page) = ("nayose 2026-11 hub idempotency keys", "nayose 2026-11 hub page tokens");
        let receipts = derive("nayose 2026-11 hub receipts");
        Ok(Self { once: derive(once), page: derive(page), receipts, webhooks })
    }

    /// For the partitions of stored answers.
    pub(super) fn once(&self) -> &[u8; KEY_BYTES] {
        &self.once
    }

    /// The number of the key for new subscriptions.
    pub(super) fn newest_webhook_key(&self) -> u16 {
        self.webhooks.keys().next_back().copied().unwrap_or_default()
    }

    /// The secret of a subscription, as its subscriber got it. A key that is gone from the keyring gives a secret that
    /// nobody has, so that nothing is signed in another's name.
    pub(super) fn of_webhook(&self, key: u16, subscription: &str) -> String {
        let root = self.webhooks.get(&key).map_or([0; KEY_BYTES], |key| *key);
        let key = blake3::derive_key("nayose 2026-11 hub web hooks", &root);
        blake3::keyed_hash(&key, subscription.as_bytes()).to_hex().to_string()
    }

    /// For receipts of what persons sign.
    pub(super) fn receipts(&self) -> &[u8; KEY_BYTES] {
        &self.receipts
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
