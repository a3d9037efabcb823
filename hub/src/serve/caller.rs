//! Who calls: one type for everything that a request is allowed to do.
//!
//! A caller comes from a bearer token whose BLAKE3 digest stands in the configuration. The digest of a token is looked up in
//! an order that only this process knows, and compared in constant time, so neither the time nor the answer tells how near
//! a guess was. What a role may do stands in one table here. Handlers ask [`Caller::require`]; what a caller may *see* is a matter of visibility, and a
//! thing that it may not see does not exist for it (404, never 403).

use std::fmt;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use directory::InstitutionId;

use super::app::App;
use super::problem::{ErrorCode, Problem};
use super::random;
use crate::config::{Role, TokenConfig, digest_of_token};

/// Something that a role includes or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Scope {
    /// Ask which person an identifier belongs to.
    ResolveIdentifiers,
    /// Compare demographics with the index.
    MatchPersons,
    /// Search by half a name.
    SearchPersons,
    /// Read golden records, cross-references and histories.
    ReadPersons,
    /// Read source records.
    ReadRecords,
    /// Send source records.
    WriteRecords,
    /// Read and decide tasks of clerical review.
    ReviewTasks,
    /// Merge, unmerge, link, unlink, split, move.
    ChangeIdentity,
    /// Remove values for good; two officers are needed.
    EraseRecords,
    /// Read the change feed and subscribe to it.
    ReadEvents,
    /// Read institutions, authorities and participants.
    ReadDirectory,
    /// Change them.
    WriteDirectory,
    /// Try, activate and roll back rule versions.
    ManageRules,
    /// Read counts that show no person.
    ReadStatistics,
    /// Read the metrics of the server.
    ReadMetrics,
    /// Ask whether something may be seen.
    Decide,
    /// Read what persons have signed, the policy and vetoes; read every reason of a decision.
    ReadConsent,
    /// Take what persons sign and withdraw.
    SignConsent,
    /// State encounters, referrals and registered doctors.
    StateCare,
    /// Review links for consent, enter directives in error, state vetoes.
    ReviewConsent,
    /// Write, review and publish the network's policy.
    ManagePolicy,
    /// Read who saw a person.
    ReadAudit,
}

impl Scope {
    /// All of them.
    pub const ALL: [Self; 22] = [
        Self::ResolveIdentifiers,
        Self::MatchPersons,
        Self::SearchPersons,
        Self::ReadPersons,
        Self::ReadRecords,
        Self::WriteRecords,
        Self::ReviewTasks,
        Self::ChangeIdentity,
        Self::EraseRecords,
        Self::ReadEvents,
        Self::ReadDirectory,
        Self::WriteDirectory,
        Self::ManageRules,
        Self::ReadStatistics,
        Self::ReadMetrics,
        Self::Decide,
        Self::ReadConsent,
        Self::SignConsent,
        Self::StateCare,
        Self::ReviewConsent,
        Self::ManagePolicy,
        Self::ReadAudit,
    ];

    /// The scopes of a role: the whole table.
    #[must_use]
    pub fn of(role: Role) -> &'static [Self] {
        match role {
            Role::Service => &[
                Self::ResolveIdentifiers,
                Self::MatchPersons,
                Self::ReadPersons,
                Self::ReadEvents,
                Self::ReadDirectory,
                Self::ReadStatistics,
                Self::Decide,
                Self::StateCare,
            ],
            Role::Clerk => &[
                Self::ResolveIdentifiers,
                Self::MatchPersons,
                Self::SearchPersons,
                Self::ReadPersons,
                Self::ReadRecords,
                Self::ReviewTasks,
                Self::ChangeIdentity,
                Self::ReadDirectory,
                Self::ReadStatistics,
                Self::SignConsent,
                Self::StateCare,
            ],
            Role::Officer => &[
                Self::ResolveIdentifiers,
                Self::SearchPersons,
                Self::ReadPersons,
                Self::ReadRecords,
                Self::EraseRecords,
                Self::ReadEvents,
                Self::ReadDirectory,
                Self::ReadStatistics,
                Self::Decide,
                Self::ReadConsent,
                Self::SignConsent,
                Self::ReviewConsent,
                Self::ManagePolicy,
                Self::ReadAudit,
            ],
            Role::Administrator => &[
                Self::ReadEvents,
                Self::ReadDirectory,
                Self::WriteDirectory,
                Self::ManageRules,
                Self::ReadStatistics,
                Self::ReadMetrics,
            ],
            Role::SourceSystem => {
                &[Self::ResolveIdentifiers, Self::WriteRecords, Self::ReadRecords, Self::ReadDirectory, Self::StateCare]
            }
        }
    }

    fn bit(self) -> u32 {
        1 << (self as u8)
    }
}

/// An authenticated caller.
#[derive(Clone, Debug)]
pub struct Caller(Arc<Known>);

#[derive(Debug)]
struct Known {
    id: String,
    role: Option<Role>,
    institution: Option<InstitutionId>,
    scopes: u32,
}

/// The name of whoever calls a server without tokens.
const LOCAL: &str = "local";

impl Caller {
    /// The caller of a token of the configuration.
    fn configured(token: &TokenConfig) -> Result<Self, String> {
        let institution = match &token.institution {
            Some(text) => Some(InstitutionId::new(text).map_err(|error| format!("token `{}`: {error}", token.id))?),
            None => None,
        };
        let scopes = Scope::of(token.role).iter().fold(0, |bits, scope| bits | scope.bit());
        Ok(Self(Arc::new(Known { id: token.id.clone(), role: Some(token.role), institution, scopes })))
    }

    /// Whoever calls a server that has no tokens, which is only reached from its own machine.
    pub(super) fn local() -> Self {
        let scopes = Scope::ALL.iter().fold(0, |bits, scope| bits | scope.bit());
        Self(Arc::new(Known { id: LOCAL.to_owned(), role: None, institution: None, scopes }))
    }

    /// The name in logs and in the audit.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The role; none for a caller on this machine of a server without tokens.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.0.role
    }

    /// On whose behalf it calls; none: for the network.
    #[must_use]
    pub fn institution(&self) -> Option<&InstitutionId> {
        self.0.institution.as_ref()
    }

    /// As decisions and versions name it.
    #[must_use]
    pub fn actor(&self) -> mpi::Actor {
        mpi::Actor { id: self.id().into(), institution: self.institution().cloned() }
    }

    /// What it may see: an institution its own records, the network everything.
    #[must_use]
    pub fn visible(&self) -> mpi::Visible {
        self.institution().cloned().map_or(mpi::Visible::All, mpi::Visible::custodian)
    }

    /// The institution that a field of a request names, or that of the token: an institution speaks for itself only.
    ///
    /// # Errors
    /// A bad field when another institution is named, or none by a caller of the whole network.
    pub fn speaks_for(&self, field: &str, named: Option<&str>) -> Result<InstitutionId, Problem> {
        let named = named.map(InstitutionId::new).transpose();
        let named = named.map_err(|error| Problem::bad_field(field, error.to_string()))?;
        match (self.institution(), named) {
            (Some(own), Some(named)) if *own != named => Err(Problem::bad_field(field, "is another institution")),
            (Some(own), _) => Ok(own.clone()),
            (None, Some(named)) => Ok(named),
            (None, None) => Err(Problem::bad_field(field, "is missing")),
        }
    }

    /// Whether its role includes something.
    #[must_use]
    pub fn may(&self, scope: Scope) -> bool {
        self.0.scopes & scope.bit() != 0
    }

    /// Its role has to include something.
    ///
    /// # Errors
    /// A problem that says no more than that this role may not.
    pub fn require(&self, scope: Scope) -> Result<(), Problem> {
        if self.may(scope) {
            return Ok(());
        }
        let role = self.role().map_or(LOCAL, Role::name);
        Err(Problem::new(ErrorCode::NotAllowed, format!("the role `{role}` does not include this")))
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _app: &App) -> Result<Self, Problem> {
        parts.extensions.get::<Self>().cloned().ok_or_else(|| {
            let detail = if parts.headers.contains_key(header::AUTHORIZATION) {
                "the token is not known"
            } else {
                "the request has no token"
            };
            Problem::new(ErrorCode::Unauthenticated, detail)
        })
    }
}

/// Everybody who may call.
pub(super) struct CallerTable {
    /// Orders the digests: drawn when the server starts, so that nobody can choose where a guess is looked for.
    order: [u8; 32],
    /// In the order of their places.
    callers: Vec<(u64, blake3::Hash, Caller)>,
}

impl CallerTable {
    /// The callers of the configuration.
    pub(super) fn new(tokens: &[TokenConfig]) -> Result<Self, String> {
        let order = random::bytes().map_err(|error| format!("no randomness for the table of tokens: {error}"))?;
        let mut table = Self { order, callers: Vec::new() };
        for token in tokens {
            let digest = token.digest().ok_or_else(|| format!("token `{}` has no digest", token.id))?.into();
            table.callers.push((table.place(&digest), digest, Caller::configured(token)?));
        }
        table.callers.sort_by_key(|(place, ..)| *place);
        Ok(table)
    }

    /// Where a digest stands: two share a place by chance, once in centuries.
    fn place(&self, digest: &blake3::Hash) -> u64 {
        let place = blake3::keyed_hash(&self.order, digest.as_bytes());
        place.as_bytes().first_chunk().copied().map_or(0, u64::from_le_bytes)
    }

    /// The caller of a request; without any token in the configuration everybody is the local caller.
    pub(super) fn identify(&self, headers: &HeaderMap) -> Option<Caller> {
        if self.callers.is_empty() {
            return Some(Caller::local());
        }
        let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let digest = blake3::Hash::from_bytes(digest_of_token(token.trim()));
        let place = self.place(&digest);
        let first = self.callers.partition_point(|(known, ..)| *known < place);
        let mut there = self.callers.iter().skip(first).take_while(|(known, ..)| *known == place);
        // Digests compare in constant time.
        there.find(|(_, known, _)| *known == digest).map(|(.., caller)| caller.clone())
    }
}

impl fmt::Debug for CallerTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallerTable").field("callers", &self.callers.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(id: &str, role: Role, secret: &str) -> TokenConfig {
        let blake3 = blake3::hash(secret.as_bytes()).to_hex().to_string();
        TokenConfig { id: id.to_owned(), role, institution: Some("13-0001".to_owned()), blake3 }
    }

    #[track_caller]
    fn check(authorization: &str, expected: Option<&str>) {
        let tokens = [token("a", Role::Clerk, "secret-a"), token("b", Role::Service, "secret-b")];
        let table = CallerTable::new(&tokens).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        assert_eq!(table.identify(&headers).as_ref().map(Caller::id), expected);
        assert!(table.identify(&HeaderMap::new()).is_none());
    }

    #[test]
    fn a_token_is_a_caller() {
        check("Bearer secret-a", Some("a"));
        check("bearer secret-b", Some("b"));
        check("Bearer  secret-b ", Some("b"));
        check("Bearer secret-", None);
        check("Bearer secret-a secret-a", None);
        check("Basic secret-a", None);
        check("secret-a", None);
        check("Bearer ", None);
    }

    #[test]
    fn every_token_of_many_is_found() {
        let tokens: Vec<TokenConfig> =
            (0..300).map(|number| token(&format!("t{number}"), Role::Service, &format!("secret-{number}"))).collect();
        let table = CallerTable::new(&tokens).unwrap();
        let found = |secret: String| {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, format!("Bearer {secret}").parse().unwrap())]);
            table.identify(&headers).map(|caller| caller.id().to_owned())
        };
        for number in 0..300 {
            assert_eq!(found(format!("secret-{number}")), Some(format!("t{number}")));
        }
        assert_eq!(found("secret-300".to_owned()), None);
    }

    #[test]
    fn without_tokens_everybody_is_local_and_may_everything() {
        let caller = CallerTable::new(&[]).unwrap().identify(&HeaderMap::new()).unwrap();
        assert_eq!(caller.id(), "local");
        assert!(Scope::ALL.iter().all(|scope| caller.may(*scope)));
    }

    #[test]
    fn roles_differ_where_it_matters() {
        for (role, scope, expected) in [
            (Role::Service, Scope::ResolveIdentifiers, true),
            (Role::Service, Scope::ChangeIdentity, false),
            (Role::Service, Scope::WriteRecords, false),
            (Role::Clerk, Scope::ChangeIdentity, true),
            (Role::Clerk, Scope::ManageRules, false),
            (Role::Clerk, Scope::EraseRecords, false),
            (Role::Officer, Scope::EraseRecords, true),
            (Role::Officer, Scope::ChangeIdentity, false),
            (Role::Administrator, Scope::ManageRules, true),
            (Role::Administrator, Scope::ReadPersons, false),
            (Role::Administrator, Scope::SearchPersons, false),
            (Role::SourceSystem, Scope::WriteRecords, true),
            (Role::SourceSystem, Scope::SearchPersons, false),
        ] {
            let caller = Caller::configured(&token("x", role, "x")).unwrap();
            assert_eq!(caller.may(scope), expected, "{role:?} {scope:?}");
            assert_eq!(caller.require(scope).is_ok(), expected);
        }
        assert!(Scope::ALL.iter().all(|scope| Role::ALL.iter().any(|role| Scope::of(*role).contains(scope))));
    }

    #[test]
    fn institutions_have_names() {
        let bad = TokenConfig { institution: Some(String::new()), ..token("x", Role::Clerk, "x") };
        assert!(CallerTable::new(&[bad]).unwrap_err().starts_with("token `x`: "));
    }
}
