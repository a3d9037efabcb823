//! The effective configuration as `nayose serve --check` prints it: every setting, defaults included, no secret.
//!
//! Digests of tokens are left out: they are no secret, but nobody needs them on a screen.

use std::fmt::Write as _;
use std::path::Path;

use super::{AuditConfig, BackupConfig, Config, Engine, LogFormat, LogLevel};

impl Config {
    /// The configuration as TOML; a setting that is not given stands in a comment.
    #[must_use]
    pub fn show(&self) -> String {
        let mut text = format!("listen = {:?}\n", self.listen.to_string());
        let paths = [
            ("keyring", self.keyring.clone()),
            ("witness", self.witness.clone()),
            ("erasures", self.erasures_file()),
            ("withdrawals", self.withdrawals_file()),
            ("rules", self.rules.clone()),
        ];
        for (name, path) in paths {
            text.push_str(&line_of_path(name, path.as_deref()));
        }
        let _ = writeln!(text, "enterprise_id_prefix = {:?}", self.enterprise_id_prefix);
        let _ = writeln!(text, "webhook_targets = {:?}", self.webhook_targets);
        let engine = match self.store.engine {
            Engine::Rocks => "rocks",
            Engine::Memory => "memory",
        };
        let _ = write!(text, "\n[store]\nengine = {engine:?}\n");
        text.push_str(&line_of_path("folder", self.store.folder.as_deref()));
        let _ = writeln!(text, "cache_bytes = {}", self.store.cache_bytes);
        text.push_str("\n[limits]\n");
        for (name, value, _, _) in self.limits.all() {
            let _ = writeln!(text, "{name} = {value}");
        }
        let format = match self.log.format {
            LogFormat::Text => "text",
            LogFormat::Json => "json",
        };
        let _ = write!(text, "\n[log]\nformat = {format:?}\nlevel = {:?}\n", self.log.level.name());
        let _ = write!(text, "\n[network]\nname = {:?}\n", self.network.name);
        let _ = writeln!(text, "how_to_withdraw = {:?}", self.network.how_to_withdraw);
        match &self.audit {
            Some(audit) => text.push_str(&audit.show()),
            None => text.push_str("\n# no [audit]: answered requests leave no trail\n"),
        }
        match &self.backup {
            Some(backup) => text.push_str(&backup.show()),
            None => text.push_str("\n# no [backup]: stop the server to back it up\n"),
        }
        for token in &self.tokens {
            let _ = write!(text, "\n[[tokens]]\nid = {:?}\nrole = {:?}\n", token.id, token.role.name());
            if let Some(institution) = &token.institution {
                let _ = writeln!(text, "institution = {institution:?}");
            }
        }
        if self.tokens.is_empty() {
            text.push_str("\n# no token: callers on this machine may do everything\n");
        }
        text
    }
}

impl AuditConfig {
    fn show(&self) -> String {
        let mut text = String::from("\n[audit]\n");
        text.push_str(&line_of_path("folder", Some(&self.folder)));
        text.push_str(&line_of_path("witness", Some(&self.witness)));
        let _ = writeln!(text, "writer = {:?}", self.writer);
        for (name, value, _, _) in self.numbers() {
            let _ = writeln!(text, "{name} = {value}");
        }
        text
    }
}

impl BackupConfig {
    fn show(&self) -> String {
        let mut text = String::from("\n[backup]\n");
        text.push_str(&line_of_path("folder", Some(&self.folder)));
        for (name, value, _, _) in self.numbers() {
            let _ = writeln!(text, "{name} = {value}");
        }
        text
    }
}

impl LogLevel {
    /// As the configuration writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }
}

fn line_of_path(name: &str, path: Option<&Path>) -> String {
    match path {
        Some(path) => format!("{name} = {:?}\n", path.display().to_string()),
        None => format!("# {name} is not set\n"),
    }
}
