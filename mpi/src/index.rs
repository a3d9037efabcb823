//! What verbs work with, beside the store: rules, directory, digests.

use crate::Refusal;
use crate::store::{KeyDigest, posting_part};
use crate::{Attribute, Demographics};
use directory::{AsOf, AuthorityId, Instant, InstitutionId, Snapshot};
use kv::Digester;
use linkage::arrival::{FrozenModel, Normalized};

/// Everything that decides, as it stands for one request.
#[derive(Clone, Copy, Debug)]
pub struct Index<'a> {
    /// Rules, weights, frequencies and tables, under one version.
    pub model: &'a FrozenModel,
    /// Which generation of member rows and postings belongs to the model.
    pub generation: u8,
    /// The generation that stands by, if one does.
    pub standby: Option<StandbyModel<'a>>,
    /// Institutions, and who may do what in which domain.
    pub directory: &'a Snapshot,
    /// Turns identifiers and blocking keys into digests.
    pub digester: &'a Digester,
}

/// A generation of member rows and postings that does not decide, with the model that it is written under.
#[derive(Clone, Copy, Debug)]
pub struct StandbyModel<'a> {
    /// The model.
    pub model: &'a FrozenModel,
    /// The generation.
    pub generation: u8,
}

/// A record as matching sees it.
#[derive(Clone, Debug)]
pub(crate) struct Profile {
    /// Normalised values.
    pub values: Normalized,
    /// Blocking keys, sorted, each once.
    pub keys: Vec<KeyDigest>,
}

impl Index<'_> {
    /// The same index from the side of what stands by, as if it decided; none when nothing does.
    #[must_use]
    pub fn from_standby(&self) -> Option<Self> {
        let own = StandbyModel { model: self.model, generation: self.generation };
        let standby = self.standby?;
        Some(Self { model: standby.model, generation: standby.generation, standby: Some(own), ..*self })
    }

    /// Normalises what a source says and finds its blocking keys.
    pub(crate) fn profile(&self, demographics: &Demographics) -> Profile {
        let text = |column: &str| Attribute::named(column).map_or("", |attribute| demographics.get(attribute));
        let values = self.model.normalize(&text);
        let keys = self.model.block_keys(&values);
        let mut keys: Vec<KeyDigest> =
            keys.iter().map(|key| posting_part(self.digester, self.generation, key)).collect();
        keys.sort_unstable();
        keys.dedup();
        Profile { values, keys }
    }

    /// Whether an institution may assign identifiers in a domain.
    pub(crate) fn may_assign(
        &self,
        institution: &InstitutionId,
        authority: &AuthorityId,
        at: Instant,
    ) -> Result<(), Refusal> {
        Ok(self.directory.may_assign(institution, authority, AsOf { valid: at, recorded: at })?)
    }
}
