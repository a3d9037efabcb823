//! Who calls: one token for each institution that sends records, one for the network, one for the operator.
//!
//! Tokens of a measurement are made from names, so that a kept store can be measured again.

use std::fmt::Write as _;

/// The tokens of a server.
#[derive(Debug)]
pub(crate) struct Tokens {
    institutions: Vec<String>,
    network: String,
    operator: String,
    author: String,
    reviewer: String,
    clerk: String,
}

/// Of each 1,000 tokens that a server may have, these are for others than institutions.
const OTHERS: usize = 5;
/// Most tokens of a server.
const TOKENS_MAX: usize = 1_000;

impl Tokens {
    /// Tokens for some institutions.
    pub(crate) fn new<'i>(institutions: impl IntoIterator<Item = &'i String>) -> Self {
        let institutions: Vec<String> = institutions.into_iter().take(TOKENS_MAX - OTHERS).cloned().collect();
        let [network, operator, author, reviewer, clerk] =
            ["network", "operator", "author", "reviewer", "clerk"].map(token);
        Self { institutions, network, operator, author, reviewer, clerk }
    }

    /// That of an institution.
    pub(crate) fn of_institution(&self, institution: &str) -> String {
        token(institution)
    }

    /// That of a service of the network, which may resolve and match.
    pub(crate) fn of_network(&self) -> &str {
        &self.network
    }

    /// That of whoever reads the metrics.
    pub(crate) fn of_operator(&self) -> &str {
        &self.operator
    }

    /// That of the officer who writes the policy.
    pub(crate) fn of_author(&self) -> &str {
        &self.author
    }

    /// That of the officer who reviews it.
    pub(crate) fn of_reviewer(&self) -> &str {
        &self.reviewer
    }

    /// That of the clerk before whom patients join and sign.
    pub(crate) fn of_clerk(&self) -> &str {
        &self.clerk
    }

    /// The lines of the configuration that admit all of them.
    pub(crate) fn to_toml(&self) -> String {
        let mut text = String::new();
        let mut admit = |id: &str, role: &str, institution: Option<&str>, token: &str| {
            let digest = blake3::hash(token.as_bytes()).to_hex();
            let _ = write!(text, "\n[[tokens]]\nid = \"{id}\"\nrole = \"{role}\"\nblake3 = \"{digest}\"\n");
            if let Some(institution) = institution {
                let _ = writeln!(text, "institution = \"{institution}\"");
            }
        };
        for institution in &self.institutions {
            admit(institution, "source_system", Some(institution), &token(institution));
        }
        admit("network", "service", None, &self.network);
        admit("operator", "administrator", None, &self.operator);
        admit("author", "officer", None, &self.author);
        admit("reviewer", "officer", None, &self.reviewer);
        admit("clerk", "clerk", None, &self.clerk);
        text
    }
}

fn token(name: &str) -> String {
    format!("nayose_{}", blake3::hash(name.as_bytes()).to_hex())
}
