//! Who may call, as the configuration says it: tokens by their digest, each with a role and an institution.
//!
//! A token is a random word that only its holder keeps. The file has its BLAKE3 digest, so reading the file gives
//! nobody access. What a role may do is not configured: it stands in [`crate::serve`], where it can be tested.

use serde::Deserialize;

/// Most tokens of one server. Every request compares against all of them, 40 nanoseconds each.
pub const TOKENS_MAX: usize = 1_000;

/// A caller: the digest of its token, and what is known about it.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenConfig {
    /// A name for logs and the audit; not a person's name.
    pub id: String,
    /// What the caller may do.
    pub role: Role,
    /// The institution on whose behalf it calls. Needed for a source system.
    #[serde(default)]
    pub institution: Option<String>,
    /// BLAKE3 of the token, 64 hexadecimal digits.
    pub blake3: String,
}

/// Five kinds of callers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum Role {
    /// A service of the network that asks who somebody is.
    Service,
    /// A registration clerk who decides doubtful pairs, merges and undoes merges.
    Clerk,
    /// A privacy officer.
    Officer,
    /// Who runs the server: rules, institutions, subscriptions. Sees no person.
    Administrator,
    /// A system that sends records.
    SourceSystem,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Service, Self::Clerk, Self::Officer, Self::Administrator, Self::SourceSystem];

    /// As the configuration writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Clerk => "clerk",
            Self::Officer => "officer",
            Self::Administrator => "administrator",
            Self::SourceSystem => "source_system",
        }
    }
}

impl TokenConfig {
    /// The digest in bytes; none when it is not one.
    #[must_use]
    pub fn digest(&self) -> Option<[u8; 32]> {
        blake3::Hash::from_hex(&self.blake3).ok().map(Into::into)
    }
}

/// The digest under which a token stands in the configuration.
#[must_use]
pub fn digest_of_token(token: &str) -> [u8; 32] {
    blake3::hash(token.as_bytes()).into()
}

/// Longest name of a caller.
const ID_CHARS_MAX: usize = 64;

/// Whether every caller is complete and none is there twice.
pub(super) fn check(tokens: &[TokenConfig]) -> Result<(), String> {
    if tokens.len() > TOKENS_MAX {
        return Err(format!("there are {} tokens, {TOKENS_MAX} are allowed", tokens.len()));
    }
    for (index, token) in tokens.iter().enumerate() {
        let id = &token.id;
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        if id.is_empty() || id.len() > ID_CHARS_MAX || !id.chars().all(is_word) {
            return Err(format!(
                "token {}: `id` is `{id}`: 1 to {ID_CHARS_MAX} letters, digits, `-`, `_` and `.` are allowed",
                index + 1
            ));
        }
        let Some(digest) = token.digest() else {
            return Err(format!(
                "token `{id}`: `blake3` must be 64 hexadecimal digits (`nayose token new` gives them)"
            ));
        };
        if token.role == Role::SourceSystem && token.institution.is_none() {
            return Err(format!("token `{id}`: a source system needs an `institution`"));
        }
        let earlier = tokens.iter().take(index);
        for other in earlier {
            if other.id == *id {
                return Err(format!("token `{id}`: the id is there twice"));
            }
            if other.digest() == Some(digest) {
                return Err(format!("token `{id}`: the same token as `{}`", other.id));
            }
        }
    }
    Ok(())
}
