//! Reading: how the linked identities stand, their chart, and everything that a decision of the past rested on.

use super::history::{Deed, History, IdentityState, KeptConsent};
use super::journal::{self, ENTRIES_MAX, decode, encode};
use super::{CONSENT, Error, IDENTITY, Refusal, VetoesVersion, consents, policies, vetoes};
use crate::chart::{Chart, ChartConsent, ChartError, ConsentId, IDENTITIES_MAX, IdentityId, IdentityStanding};
use crate::codebook::Codebook;
use crate::compile::{CompiledConsent, Known};
use crate::policy::PolicyImage;
use crate::rule::Effect;
use directory::{AsOf, Instant, Snapshot};
use kv::{Draft, Partition};
use std::collections::{BTreeMap, BTreeSet};

/// How the identities of one person stand, as of some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Each linked identity.
    pub identities: BTreeMap<IdentityId, IdentityState>,
    /// The version of each that this was read from.
    pub versions: BTreeMap<IdentityId, u32>,
    /// When something that is known already will change this.
    pub until: Instant,
}

/// A consent whose permits do not reach every linked identity: an officer's review is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReachGap {
    /// Which consent.
    pub consent: ConsentId,
    /// Which version.
    pub version: u32,
    /// The linked identities that it does not open.
    pub beyond: BTreeSet<IdentityId>,
}

/// All versions that a decision rests on. Kept with the decision, it lets the decision be made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionBasis {
    /// The moment that was asked about.
    pub valid: Instant,
    /// The moment of the directory.
    pub directory: AsOf,
    /// The version of the policy.
    pub policy: u32,
    /// The version of the vetoes of custodians.
    pub vetoes: VetoesVersion,
    /// The identities that were linked, each with the version of its journal.
    pub identities: BTreeMap<IdentityId, u32>,
}

/// The journal of an identity; empty when nothing ever happened to it.
///
/// # Errors
/// Those of the store.
pub fn history(draft: &mut Draft<'_>, identity: IdentityId) -> Result<History, Error> {
    Ok(History::new(journal::read_one(draft, (&partition(identity), ENTRIES_MAX))?))
}

/// The identity that a consent was signed under; none when there is no such consent.
///
/// # Errors
/// Those of the store.
pub fn identity_of(draft: &mut Draft<'_>, consent: ConsentId) -> Result<Option<IdentityId>, Error> {
    let row = draft.get(&consent_partition(consent).key([]))?;
    row.map(|row| decode("the identity of a consent", &row)).transpose()
}

/// How linked identities stand, as of a moment.
///
/// # Errors
/// [`ChartError`] over [`IDENTITIES_MAX`]; those of the store.
pub fn effective(draft: &mut Draft<'_>, linked: &BTreeSet<IdentityId>, as_of: AsOf) -> Result<Effective, Error> {
    let histories = histories(draft, linked)?;
    let versions = histories.iter().map(|(id, history)| (*id, history.version_at(as_of.recorded))).collect();
    let identities = histories.iter().map(|(id, history)| (*id, history.at(as_of))).collect();
    Ok(Effective::new(identities, versions))
}

/// How identities stood by the versions that a decision rested on.
///
/// # Errors
/// [`Error::Corrupt`] when there never were such versions; otherwise as [`effective`].
pub fn effective_again(
    draft: &mut Draft<'_>,
    versions: &BTreeMap<IdentityId, u32>,
    valid: Instant,
) -> Result<Effective, Error> {
    let histories = histories(draft, &versions.keys().copied().collect())?;
    let mut identities = BTreeMap::new();
    for (id, version) in versions {
        let state = histories.get(id).and_then(|history| history.in_version(*version, valid));
        identities.insert(*id, state.ok_or(Error::Corrupt { what: "a journal" })?);
    }
    Ok(Effective::new(identities, versions.clone()))
}

/// The versions that a decision at an instant rests on, with everything that is known now.
///
/// # Errors
/// [`Refusal::State`] when no policy is in force; otherwise as [`effective`].
pub fn basis(
    draft: &mut Draft<'_>,
    linked: &BTreeSet<IdentityId>,
    (valid, directory): (Instant, AsOf),
) -> Result<(DecisionBasis, Effective), Error> {
    let published = policies::in_force(draft, AsOf::known(valid))?;
    let policy = published.ok_or(Refusal::State("no policy is in force"))?.version;
    let (vetoes, _) = vetoes::vetoes(draft, AsOf::known(valid))?;
    let effective = effective(draft, linked, AsOf::known(valid))?;
    let identities = effective.versions.clone();
    Ok((DecisionBasis { valid, directory, policy, vetoes, identities }, effective))
}

/// The policy and the chart of a decision of the past, as they were then.
///
/// # Errors
/// [`Error::Corrupt`] when there never were such versions; those of compiling, when the directory is not the one of then.
pub fn rebuild(
    draft: &mut Draft<'_>,
    basis: &DecisionBasis,
    directory: &Snapshot,
    book: &mut Codebook,
) -> Result<(PolicyImage, Chart), Error> {
    let known = Known { directory, as_of: basis.directory };
    book.enter_directory(directory, basis.directory)?;
    let policy = policies::policy(draft, basis.policy)?;
    let vetoes = vetoes::vetoes_again(draft, basis.vetoes, basis.valid)?;
    let image = PolicyImage::compile(&policy.policy, basis.policy, (Some(known), &vetoes), book)?;
    let effective = effective_again(draft, &basis.identities, basis.valid)?;
    Ok((image, effective.chart(directory, book)?))
}

impl Effective {
    fn new(identities: BTreeMap<IdentityId, IdentityState>, versions: BTreeMap<IdentityId, u32>) -> Self {
        let until = identities.values().map(|state| state.until).min().unwrap_or(Instant::FOREVER);
        Self { identities, versions, until }
    }

    /// What is in force, with the identity that it was signed under.
    pub fn in_force(&self) -> impl Iterator<Item = (IdentityId, &KeptConsent)> {
        self.identities.iter().flat_map(|(id, state)| state.in_force().map(|kept| (*id, kept)))
    }

    /// The chart of the person: what a decision is made with.
    ///
    /// # Errors
    /// Those of [`KeptConsent::compiled`]; [`Error::Chart`] over the limits of a chart.
    pub fn chart(&self, directory: &Snapshot, book: &mut Codebook) -> Result<Chart, Error> {
        let standings: BTreeMap<IdentityId, IdentityStanding> =
            self.identities.iter().map(|(id, state)| (*id, state.standing)).collect();
        let mut compiled: Vec<(CompiledConsent, &BTreeSet<IdentityId>)> = Vec::new();
        for (_, kept) in self.in_force() {
            compiled.push((kept.compiled(directory, book)?, &kept.reach));
        }
        let consents: Vec<ChartConsent<'_>> =
            compiled.iter().map(|(compiled, reach)| ChartConsent { compiled, reach }).collect();
        Ok(Chart::assemble(&standings, &consents, self.until)?)
    }

    /// Where permits do not reach all records of the person: after a merge, what an officer has to look at.
    #[must_use]
    pub fn reach_gaps(&self) -> Vec<ReachGap> {
        let gap = |(_, kept): (IdentityId, &KeptConsent)| {
            let beyond: BTreeSet<IdentityId> =
                self.identities.keys().filter(|id| !kept.reach.contains(id)).copied().collect();
            let is_gap = !beyond.is_empty() && consents::has(&kept.document.root, Effect::Permit);
            let (consent, version) = (kept.document.consent, kept.document.version);
            is_gap.then_some(ReachGap { consent, version, beyond })
        };
        self.in_force().filter_map(gap).collect()
    }
}

fn histories(draft: &mut Draft<'_>, linked: &BTreeSet<IdentityId>) -> Result<BTreeMap<IdentityId, History>, Error> {
    if linked.len() > IDENTITIES_MAX {
        return Err(ChartError::TooManyIdentities { count: linked.len(), limit: IDENTITIES_MAX }.into());
    }
    let partitions: Vec<Partition> = linked.iter().map(|id| partition(*id)).collect();
    let all = journal::read::<Deed>(draft, (&partitions, ENTRIES_MAX))?;
    Ok(linked.iter().copied().zip(all.into_iter().map(History::new)).collect())
}

/// The journal of an identity. Its version in the store moves with every entry.
pub(super) fn partition(identity: IdentityId) -> Partition {
    Partition::new(IDENTITY, identity.0)
}

pub(super) fn consent_partition(consent: ConsentId) -> Partition {
    Partition::new(CONSENT, consent.0)
}

pub(super) fn owner_row(identity: IdentityId) -> Result<Vec<u8>, Error> {
    encode("the identity of a consent", &identity)
}
