//! Directives: what a person signs and withdraws, as it comes in and goes out.

use consent::document::{Grantor, GrantorKind, Provision, Signature};
use consent::registry::{Actor, History, KeptConsent, Stamp};
use consent::{ConsentDocument, ConsentId, ConsentState, IdentityId, SubjectState};
use directory::{Identifier, Instant};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::serve::ids;
use crate::serve::problem::Problem;

/// The identity that was presented: the number of an institution.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Presented {
    /// The assigning authority.
    pub(in crate::serve) authority: String,
    /// The local id.
    pub(in crate::serve) value: String,
}

impl Presented {
    pub(in crate::serve) fn identifier(&self) -> Result<Identifier, Problem> {
        ids::identifier(("authority", &self.authority), ("value", &self.value))
    }
}

/// An act about how a person stands with the network.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct StandingChange {
    /// The assigning authority of the identity that was presented.
    authority: String,
    /// Its local id.
    value: String,
    /// From when it holds; missing: now. Never in the future for a withdrawal.
    from: Option<String>,
}

impl StandingChange {
    pub(in crate::serve) fn parts(&self, now: Instant) -> Result<(Identifier, Instant), Problem> {
        let identifier = ids::identifier(("authority", &self.authority), ("value", &self.value))?;
        let from = self.from.as_deref().map(|text| ids::instant("from", text)).transpose()?;
        Ok((identifier, from.unwrap_or(now)))
    }
}

/// How an identity stands.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Standing)]
pub(in crate::serve) struct StandingView {
    /// `not_enrolled`, `enrolled` or `withdrawn`.
    #[schema(value_type = String, example = "enrolled")]
    state: SubjectState,
    /// The version of the identity's consent.
    version: u32,
}

impl StandingView {
    pub(in crate::serve) fn new(history: &History, now: Instant) -> Self {
        let standing = history.at(directory::AsOf::known(now)).standing;
        Self { state: standing.state, version: history.version() }
    }
}

/// A directive to be signed. It holds from `from` on.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewDirective {
    /// The identity that was presented.
    pub(in crate::serve) identity: Presented,
    /// The directive that this is a new version of; missing: a new one.
    consent: Option<String>,
    /// Who signed: `{"kind": "subject"}`, or a proxy with evidence.
    #[schema(value_type = Object)]
    grantor: Grantor,
    /// How: `own`, `scribe`, `oral_in_chart`, `electronic`, `implied`.
    #[schema(value_type = String, example = "own")]
    signature: Signature,
    /// When it was signed; missing: now.
    signed: Option<String>,
    /// The version of the network's policy that the person was shown.
    policy: u32,
    /// The directive that this one replaces for ever.
    replaces: Option<String>,
    /// Where the scan of the form lies.
    scan: Option<String>,
    /// What is consented to: a root with exceptions.
    #[schema(value_type = Object)]
    provision: Provision,
    /// From when it holds; missing: from when it was signed.
    from: Option<String>,
}

impl NewDirective {
    /// The directive that is meant, if it is a new version of one.
    pub(in crate::serve) fn known(&self) -> Result<Option<ConsentId>, Problem> {
        self.consent.as_deref().map(ids::consent).transpose()
    }

    /// The document, and from when it holds.
    pub(in crate::serve) fn document(
        &self,
        (consent, version): (ConsentId, u32),
        identity: IdentityId,
        now: Instant,
    ) -> Result<(ConsentDocument, Instant), Problem> {
        let instant =
            |field: &str, text: &Option<String>| text.as_deref().map(|text| ids::instant(field, text)).transpose();
        let signed = instant("signed", &self.signed)?.unwrap_or(now);
        let from = instant("from", &self.from)?.unwrap_or(signed);
        let document = ConsentDocument {
            consent,
            version,
            identity,
            grantor: self.grantor.clone(),
            signature: self.signature,
            signed,
            policy: self.policy,
            replaces: self.replaces.as_deref().map(ids::consent).transpose()?,
            scan: self.scan.as_deref().map(Into::into),
            root: self.provision.clone(),
        };
        Ok((document, from))
    }
}

/// A directive.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Directive)]
pub(in crate::serve) struct DirectiveView {
    /// Its id, over all versions.
    consent: String,
    /// The version.
    version: u32,
    /// `draft`, `active`, `superseded`, `withdrawn`, `entered_in_error`.
    #[schema(value_type = String, example = "active")]
    state: ConsentState,
    /// Whether its window has ended.
    is_expired: bool,
    /// Who signed.
    #[schema(value_type = String, example = "subject")]
    grantor: GrantorKind,
    /// How.
    #[schema(value_type = String, example = "own")]
    signature: Signature,
    /// When.
    signed: String,
    /// The version of the policy that was shown.
    policy: u32,
    /// Where the scan lies.
    #[serde(skip_serializing_if = "Option::is_none")]
    scan: Option<String>,
    /// What is consented to.
    #[schema(value_type = Object)]
    provision: Provision,
    /// The records of the index that its permits open.
    reach: Vec<String>,
}

impl DirectiveView {
    pub(in crate::serve) fn new(kept: &KeptConsent, now: Instant) -> Self {
        let document = &kept.document;
        Self {
            consent: document.consent.to_string(),
            version: document.version,
            state: kept.state,
            is_expired: kept.is_expired(now),
            grantor: document.grantor.kind,
            signature: document.signature,
            signed: document.signed.to_string(),
            policy: document.policy,
            scan: document.scan.as_deref().map(str::to_owned),
            provision: document.root.clone(),
            reach: kept.reach.iter().map(|id| mpi::RecordId(id.0).to_string()).collect(),
        }
    }
}

/// Directives of a person.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Directives {
    /// How the person stands under the identity that was asked for.
    pub(in crate::serve) standing: StandingView,
    /// Every version of every directive of all linked identities.
    pub(in crate::serve) directives: Vec<DirectiveView>,
}

/// A reason in a few words.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Because {
    /// The version that is meant; missing: the last.
    pub(in crate::serve) version: Option<u32>,
    /// Why.
    pub(in crate::serve) reason: String,
}

/// A record that an officer lets a directive reach, after a merge was reviewed.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct ReachMore {
    /// The version that is meant.
    pub(in crate::serve) version: u32,
    /// The record of the index.
    pub(in crate::serve) record: String,
    /// Why.
    pub(in crate::serve) reason: String,
}

/// Who does it, as the registry keeps it.
pub(in crate::serve) fn consent_stamp(stamp: &mpi::Stamp) -> Stamp {
    let mpi::Actor { id, institution } = stamp.actor.clone();
    Stamp { now: stamp.now, actor: Actor { id, institution } }
}
