//! The keyring: the secret keys of one network, in a file of its own.
//!
//! It lives outside the store and outside the store's backup: who has the backup alone can read nothing. Each key has a
//! number, a purpose and 32 random bytes. Within a purpose the key with the highest number is used for what is new, the
//! others to read what is old: adding a key rotates. Keys of digests are not rotated that way, since what they made is
//! looked up again. The file must be readable by its owner alone.

use std::fmt;
use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use mpi::kv;
use serde::Deserialize;

/// Bytes of a key.
pub const KEY_BYTES: usize = 32;

/// The keys of one network.
#[derive(Clone, Debug)]
pub struct Keyring {
    keys: Vec<Key>,
}

/// One key. It does not show itself.
#[derive(Clone)]
pub struct Key {
    /// The number by which stored values name it.
    pub id: u16,
    /// What it is for.
    pub purpose: Purpose,
    bytes: [u8; KEY_BYTES],
}

/// What a key is for; one key is never used for two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Encrypts stored values.
    Values,
    /// Turns identifiers and blocking keys into the digests that stand in keys.
    Digests,
    /// Guards what the server hands out and takes back: page tokens, idempotency keys.
    Tokens,
    /// Signs what is sent to subscribers.
    Webhooks,
    /// Seals the audit trail.
    Audit,
}

impl Purpose {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Values, Self::Digests, Self::Tokens, Self::Webhooks, Self::Audit];

    /// Whether a keyring is wrong without it. The key of the audit trail is asked for where a trail is kept, so that
    /// keyrings made before there was one stay good.
    fn is_needed(self) -> bool {
        self != Self::Audit
    }

    /// As the file writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Values => "values",
            Self::Digests => "digests",
            Self::Tokens => "tokens",
            Self::Webhooks => "webhooks",
            Self::Audit => "audit",
        }
    }
}

/// Why there is no keyring.
#[derive(Debug, thiserror::Error)]
pub enum KeyringError {
    /// The file cannot be read.
    #[error("cannot read the keyring `{}`; `nayose keyring new` makes one", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The file cannot be made, or is there already.
    #[error("cannot make the keyring `{}`", path.display())]
    Make {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// Others than the owner can read the file.
    #[error("the keyring `{}` is open to others (mode {mode:03o}): run `chmod 600` on it", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The content is not a keyring.
    #[error("the keyring `{}` is wrong: {reason}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Which key, and why; never the key itself.
        reason: String,
    },
}

impl Keyring {
    /// Reads a keyring and checks that only its owner can.
    ///
    /// # Errors
    /// The message says what to do; it never shows a part of a key.
    pub fn read(path: &Path) -> Result<Self, KeyringError> {
        let unreadable = |source| KeyringError::Read { path: path.to_path_buf(), source };
        let mode = fs::metadata(path).map_err(unreadable)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyringError::Open { path: path.to_path_buf(), mode });
        }
        let text = fs::read_to_string(path).map_err(unreadable)?;
        Self::parse(&text).map_err(|reason| KeyringError::Content { path: path.to_path_buf(), reason })
    }

    /// Makes a file with one key per purpose, from random bytes, readable by its owner alone. Never overwrites.
    ///
    /// # Errors
    /// When the file is there already or cannot be written.
    pub fn make(path: &Path, random: &mut dyn FnMut() -> io::Result<[u8; KEY_BYTES]>) -> Result<(), KeyringError> {
        let unmade = |source| KeyringError::Make { path: path.to_path_buf(), source };
        let mut text = String::from(
            "# Secret keys of one network. Without this file the store cannot be read: keep a copy in a safe place,\n\
             # never beside the store or its backup. Add a key of the purpose `values` with a higher id to rotate.\n",
        );
        for (id, purpose) in (1..).zip(Purpose::ALL) {
            let key = blake3::Hash::from_bytes(random().map_err(unmade)?).to_hex();
            text.push_str(&format!("\n[[keys]]\nid = {id}\npurpose = \"{}\"\nkey = \"{key}\"\n", purpose.name()));
        }
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(unmade)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(unmade)
    }

    /// The keys of a purpose, newest first; never empty but for the purpose `audit`.
    pub fn of(&self, purpose: Purpose) -> impl Iterator<Item = &Key> {
        self.keys.iter().filter(move |key| key.purpose == purpose)
    }

    /// The key that is used for what is new.
    #[must_use]
    pub fn newest(&self, purpose: Purpose) -> Option<&Key> {
        self.of(purpose).next()
    }

    /// The keys that the store needs: those that seal values, the newest active, and the one for digests.
    ///
    /// # Errors
    /// When they do not make a ring: two keys for digests, a placeholder.
    pub fn for_store(&self) -> Result<kv::Keyring, kv::KeyringError> {
        let purposes = [(Purpose::Values, kv::Purpose::Values), (Purpose::Digests, kv::Purpose::Digests)];
        let keys: Vec<kv::RingKey> = purposes
            .into_iter()
            .flat_map(|(ours, theirs)| self.of(ours).map(move |key| (key, theirs)))
            .map(|(key, purpose)| kv::RingKey { id: kv::KeyId(key.id), purpose, secret: key.bytes })
            .collect();
        let active = self.newest(Purpose::Values).map_or(kv::KeyId(0), |key| kv::KeyId(key.id));
        kv::Keyring::from_keys(&keys, active)
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let file: KeyringFile = toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            // The parser's message may quote the value: only what it expected is told.
            format!("line {} is not what a keyring holds", before.matches('\n').count() + 1)
        })?;
        let mut keys = Vec::new();
        for key in file.keys {
            let digest = blake3::Hash::from_hex(&key.key)
                .map_err(|_| format!("key {} is not {} hexadecimal digits", key.id, 2 * KEY_BYTES))?;
            keys.push(Key { id: key.id, purpose: key.purpose, bytes: digest.into() });
        }
        keys.sort_by_key(|key| (key.purpose, std::cmp::Reverse(key.id)));
        let is_missing = |purpose: &Purpose| purpose.is_needed() && !keys.iter().any(|key| key.purpose == *purpose);
        if let Some(purpose) = Purpose::ALL.into_iter().find(is_missing) {
            return Err(format!("there is no key of the purpose `{}`", purpose.name()));
        }
        for (index, key) in keys.iter().enumerate() {
            if keys.iter().skip(index + 1).any(|other| other.id == key.id || other.bytes == key.bytes) {
                return Err(format!("key {} is there twice", key.id));
            }
        }
        Ok(Self { keys })
    }
}

impl Key {
    /// The secret.
    #[must_use]
    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Key").field("id", &self.id).field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyringFile {
    keys: Vec<KeyInFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyInFile {
    id: u16,
    purpose: Purpose,
    key: String,
}
