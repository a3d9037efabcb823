//! The network's policy and the vetoes of custodians, as they come in and go out.

use consent::Veto;
use consent::document::Provision;
use consent::registry::{PolicyState, Review};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::serve::drafts::Findings;
use crate::serve::problem::Problem;

/// A policy as an officer writes it.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct PolicyText {
    /// The whole text (TOML).
    pub(in crate::serve) text: String,
}

/// What a reviewer says of a draft.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewReview {
    /// The digest of the simulation that was looked at, 64 hexadecimal digits: see `POST /v1/policies/{version}/simulations`.
    simulation: String,
    /// Whether the reviewer has looked at what would be seen that is not seen today, and agrees.
    #[serde(default)]
    is_widening_confirmed: bool,
}

impl NewReview {
    /// The digest that the reviewer names.
    pub(in crate::serve) fn digest(&self) -> Result<blake3::Hash, Problem> {
        let digest = blake3::Hash::from_hex(&self.simulation);
        digest.map_err(|_| Problem::bad_field("simulation", "is no digest of 64 hexadecimal digits"))
    }

    /// The review; whether the draft widens is told by the findings and not by the reviewer.
    pub(in crate::serve) fn review(&self, findings: &Findings) -> Review {
        Review {
            simulation: findings.digest.into(),
            does_widen: findings.widens,
            is_widening_confirmed: self.is_widening_confirmed,
        }
    }
}

/// From when a version is in force.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct Schedule {
    /// The instant; missing: at once.
    pub(in crate::serve) from: Option<String>,
}

/// Where a version of the policy stands.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct PolicyVersionView {
    /// The version.
    pub(in crate::serve) version: u32,
    /// `draft`, `reviewed`, `scheduled`, `active` or `retired`.
    #[schema(value_type = String, example = "active")]
    pub(in crate::serve) state: PolicyState,
    /// The text; only where one version is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::serve) text: Option<String>,
}

/// All versions.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct PolicyVersions {
    /// By number.
    pub(in crate::serve) versions: Vec<PolicyVersionView>,
}

/// A statement of a custodian about its own records.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::serve) struct NewVeto {
    /// Whose records; missing: those of the token's institution.
    pub(in crate::serve) custodian: Option<String>,
    /// Its name, by which it is changed and ended.
    pub(in crate::serve) name: String,
    /// What is hidden or limited; missing: the veto ends.
    #[schema(value_type = Option<Object>)]
    pub(in crate::serve) provision: Option<Provision>,
    /// From when; missing: now.
    pub(in crate::serve) from: Option<String>,
}

/// A veto.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Veto)]
pub(in crate::serve) struct VetoView {
    custodian: String,
    name: String,
    #[schema(value_type = Object)]
    provision: Provision,
}

impl VetoView {
    pub(in crate::serve) fn new(veto: &Veto) -> Self {
        Self { custodian: veto.custodian.to_string(), name: veto.name.clone(), provision: veto.provision.clone() }
    }
}

/// The vetoes that hold.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::serve) struct Vetoes {
    /// By custodian and name.
    pub(in crate::serve) vetoes: Vec<VetoView>,
}
