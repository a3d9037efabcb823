//! The configuration of the server: one TOML file, read once.
//!
//! Every setting has a default but the data folder; a word that is not known is an error with its line, because a
//! misspelt limit that is silently ignored is found on a bad day. Secrets are not in this file: tokens stand here as
//! digests, keys in the keyring. What a setting means for the server is decided in [`crate::serve`], not here.

mod access;
mod audit;
mod backup;
mod keyring;
mod limits;
mod show;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use serde::Deserialize;

pub use access::{Role, TOKENS_MAX, TokenConfig, digest_of_token};
pub use audit::AuditConfig;
pub use backup::BackupConfig;
pub use keyring::{KEY_BYTES, Key, Keyring, KeyringError, Purpose};
pub use limits::Limits;

/// What the server is told, complete and checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where to listen. Without tokens it has to be a loopback address.
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    /// The store.
    pub store: StoreConfig,
    /// The keyring file; it must not lie in the data folder, whose backup would then hold the keys as well.
    #[serde(default)]
    pub keyring: Option<PathBuf>,
    /// The file that remembers the last sequence number outside the data folder.
    #[serde(default)]
    pub witness: Option<PathBuf>,
    /// The list of erasures outside of the data folder, so that a restored backup forgets again; missing: beside the
    /// witness, if there is one.
    #[serde(default)]
    pub erasures: Option<PathBuf>,
    /// The list of withdrawals and of consents that have ended, outside of the data folder, so that a restored backup revives
    /// nothing; missing: beside the witness.
    #[serde(default)]
    pub withdrawals: Option<PathBuf>,
    /// The rule set.
    #[serde(default)]
    pub rules: Option<PathBuf>,
    /// What enterprise ids of this network begin with.
    #[serde(default = "default_prefix")]
    pub enterprise_id_prefix: String,
    /// Hosts with ports that web hooks may be sent to, beside this machine: `proxy.example:8080`.
    #[serde(default)]
    pub webhook_targets: Vec<String>,
    /// Named limits.
    #[serde(default)]
    pub limits: Limits,
    /// What patients are told of the network.
    #[serde(default)]
    pub network: NetworkConfig,
    /// How the program tells what it does.
    #[serde(default)]
    pub log: LogConfig,
    /// The trail of answered requests.
    #[serde(default)]
    pub audit: Option<AuditConfig>,
    /// Backups while the server runs.
    #[serde(default)]
    pub backup: Option<BackupConfig>,
    /// Who may call.
    #[serde(default)]
    pub tokens: Vec<TokenConfig>,
}

/// What patients are told of the network, on receipts of what they sign.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// Its name.
    pub name: String,
    /// How to withdraw, and after a withdrawal how to join again: whom to tell, where.
    pub how_to_withdraw: String,
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            name: "地域医療連携ネットワーク".to_owned(),
            how_to_withdraw: "参加施設の窓口、またはネットワークの事務局にお申し出ください。".to_owned(),
        }
    }
}

/// Where everything is kept.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoreConfig {
    /// The engine.
    #[serde(default)]
    pub engine: Engine,
    /// The folder of an engine that keeps files.
    #[serde(default)]
    pub folder: Option<PathBuf>,
    /// Bytes of the block cache; half of the data is a good measure.
    #[serde(default = "default_cache_bytes")]
    pub cache_bytes: u64,
}

/// An engine of the store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// `RocksDB`, in the folder.
    #[default]
    Rocks,
    /// Memory: everything is forgotten when the server stops. For trials.
    Memory,
}

/// Structured logs on standard error.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// How a line looks.
    pub format: LogFormat,
    /// The least important line that is written.
    pub level: LogLevel,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self { format: LogFormat::Text, level: LogLevel::Info }
    }
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For a person at a terminal.
    Text,
    /// One JSON object per line.
    Json,
}

/// How important a line of the log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LogLevel {
    /// A request or a job failed through a fault of ours or of the machine.
    Error,
    /// Something that an operator should look at.
    Warn,
    /// One line per request, besides.
    Info,
    /// Everything.
    Debug,
}

/// Why there is no configuration.
#[derive(Debug)]
pub struct ConfigError {
    message: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl ConfigError {
    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), source: None }
    }

    fn caused(message: impl Into<String>, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self { message: message.into(), source: Some(source.into()) }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ConfigError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

impl Config {
    /// Reads and checks a file. Paths in it are taken from its folder.
    ///
    /// # Errors
    /// The message names file, line and reason.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| ConfigError::caused(format!("cannot read `{shown}`"), error))?;
        let mut config = Self::parse(&text).map_err(|error| error.inside(&shown))?;
        config.resolve(path.parent().unwrap_or(Path::new("")));
        config.check().map_err(|reason| ConfigError::new(format!("`{shown}`: {reason}")))?;
        Ok(config)
    }

    /// The configuration in a text, checked.
    #[cfg(test)]
    pub(crate) fn parse_checked(text: &str) -> Result<Self, String> {
        let config = Self::parse(text).map_err(|error| error.reason)?;
        config.check().map(|()| config)
    }

    /// The configuration in a text, paths as they are written, unchecked.
    fn parse(text: &str) -> Result<Self, Parsing> {
        toml::from_str(text).map_err(|error| {
            let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
            Parsing { line: before.matches('\n').count() + 1, reason: error.message().to_owned() }
        })
    }

    fn resolve(&mut self, folder: &Path) {
        let paths = [
            &mut self.store.folder,
            &mut self.keyring,
            &mut self.witness,
            &mut self.erasures,
            &mut self.withdrawals,
            &mut self.rules,
        ];
        let audit = self.audit.iter_mut().flat_map(|audit| [&mut audit.folder, &mut audit.witness]);
        let backup = self.backup.iter_mut().map(|backup| &mut backup.folder);
        for path in paths.into_iter().flatten().chain(audit).chain(backup) {
            *path = folder.join(&*path);
        }
    }

    /// The list of erasures: as configured, or beside the witness.
    #[must_use]
    pub fn erasures_file(&self) -> Option<PathBuf> {
        self.erasures.clone().or_else(|| self.beside_witness(".erasures"))
    }

    /// The list of withdrawals: as configured, or beside the witness.
    #[must_use]
    pub fn withdrawals_file(&self) -> Option<PathBuf> {
        self.withdrawals.clone().or_else(|| self.beside_witness(".withdrawals"))
    }

    fn beside_witness(&self, ending: &str) -> Option<PathBuf> {
        let witness = self.witness.as_deref()?;
        let mut name = witness.file_name().unwrap_or_default().to_owned();
        name.push(ending);
        Some(witness.with_file_name(name))
    }

    /// What no single value shows.
    fn check(&self) -> Result<(), String> {
        if self.store.engine == Engine::Rocks && self.store.folder.is_none() {
            return Err("`store.folder` is missing: name the folder that keeps everything".to_owned());
        }
        let audit = self.audit.as_ref();
        let apart = [
            ("keyring", self.keyring.as_ref()),
            ("witness", self.witness.as_ref()),
            ("erasures", self.erasures.as_ref()),
            ("withdrawals", self.withdrawals.as_ref()),
            ("audit.folder", audit.map(|audit| &audit.folder)),
            ("audit.witness", audit.map(|audit| &audit.witness)),
            ("backup.folder", self.backup.as_ref().map(|backup| &backup.folder)),
        ];
        for (name, path) in apart {
            if let (Some(path), Some(folder)) = (path, &self.store.folder)
                && path.starts_with(folder)
            {
                return Err(format!("`{name}` lies in the data folder: keep it apart from the store and its backup"));
            }
        }
        let prefix = &self.enterprise_id_prefix;
        if prefix.is_empty()
            || prefix.len() > PREFIX_CHARS_MAX
            || !prefix.bytes().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit())
        {
            return Err(format!(
                "`enterprise_id_prefix` is `{prefix}`: 1 to {PREFIX_CHARS_MAX} capital letters and digits are allowed"
            ));
        }
        if self.store.engine == Engine::Memory && self.backup.is_some() {
            return Err("there is a section `[backup]`, and a store in memory has nothing to keep".to_owned());
        }
        self.limits.check()?;
        self.backup.as_ref().map_or(Ok(()), BackupConfig::check)?;
        self.audit.as_ref().map_or(Ok(()), AuditConfig::check)?;
        access::check(&self.tokens)?;
        if self.tokens.is_empty() && !self.listen.ip().is_loopback() {
            return Err(format!(
                "`listen` is `{}` and there is no token: without tokens the server listens on a loopback address only. \
                 Make a token with `nayose token new` and add it under `[[tokens]]`",
                self.listen
            ));
        }
        Ok(())
    }
}

/// Long enough for a country, a prefecture and a network.
const PREFIX_CHARS_MAX: usize = 8;

/// A text that is no configuration.
#[derive(Debug)]
struct Parsing {
    line: usize,
    reason: String,
}

impl Parsing {
    fn inside(self, file: &str) -> ConfigError {
        ConfigError::new(format!("`{file}`, line {}: {}", self.line, self.reason))
    }
}

fn default_listen() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 8440))
}

fn default_cache_bytes() -> u64 {
    256 << 20
}

fn default_prefix() -> String {
    "N".to_owned()
}

#[cfg(test)]
mod tests;
