//! The life of consents: written, brought into force, superseded, withdrawn, entered in error; and an officer's review.
//!
//! No verb here opens more than somebody signed. A consent replaces another of the same identity only: otherwise the wrong
//! half of a merge could end the denies of the right one. One consent alone is withdrawn only if it denies nothing, because
//! its denies would fall with it; whoever wants other denies signs a new version, and whoever wants out withdraws.

use super::history::{Deed, History};
use super::identities::write;
use super::journal::check_text;
use super::read::{consent_partition, history, identity_of, owner_row};
use super::{Change, Error, Refusal, Stamp, policies};
use crate::chart::{ConsentId, IDENTITIES_MAX, IdentityId, SubjectState};
use crate::codebook::Codebook;
use crate::compile::{Known, SignerFacts, compile};
use crate::document::{ConsentDocument, Provision};
use crate::lifecycle::ConsentState;
use crate::policy::PolicyImage;
use crate::rule::Effect;
use directory::{AsOf, Instant};
use kv::Draft;
use std::collections::BTreeSet;

/// What a document is checked against when it is written.
#[derive(Debug)]
pub struct Checks<'c> {
    /// The directory.
    pub known: Known<'c>,
    /// What is known of the person beside the registry.
    pub signer: SignerFacts,
    /// The policy in force.
    pub policy: &'c PolicyImage,
    /// Takes the names of the document.
    pub book: &'c mut Codebook,
}

/// Writes a version of a consent as a draft. It says nothing yet.
///
/// # Errors
/// [`Error::Rejected`] when it cannot be meant; [`Refusal`] when version, identity, policy or the replaced consent do not
/// fit; those of the store.
pub fn save(
    draft: &mut Draft<'_>,
    document: &ConsentDocument,
    checks: Checks<'_>,
    stamp: &Stamp,
) -> Result<Change, Error> {
    let (identity, consent) = (document.identity, document.consent);
    if identity_of(draft, consent)?.is_some_and(|owner| owner != identity) {
        return Err(Refusal::OtherIdentity(consent).into());
    }
    let state = history(draft, identity)?.at(AsOf::known(stamp.now));
    let (expected, found) = (state.next_version(consent), document.version);
    if found != expected {
        return Err(Refusal::Version { expected, found }.into());
    }
    if document.signed > stamp.now {
        return Err(Refusal::State("the consent was signed after the present").into());
    }
    if !policies::was_published(draft, document.policy)? {
        return Err(Refusal::NoPolicy(document.policy).into());
    }
    if let Some(replaced) = document.replaces
        && (replaced == consent || state.next_version(replaced) == 1)
    {
        return Err(Refusal::State("a consent replaces another that was signed under the same identity").into());
    }
    let Checks { known, mut signer, policy, book } = checks;
    signer.is_deceased |= state.standing.is_deceased;
    signer.state = state.standing.state;
    // What the directory hears later must not change how the document reads.
    let as_of = AsOf { recorded: known.as_of.recorded.min(stamp.now), ..known.as_of };
    compile(document, (Known { as_of, ..known }, signer), policy, book)?;
    if found == 1 {
        draft.rely(&consent_partition(consent))?;
        draft.put(consent_partition(consent).key([]), owner_row(identity)?);
    }
    let checked = (as_of.valid, as_of.recorded);
    write(draft, identity, Deed::Saved { document: Box::new(document.clone()), checked }, stamp)
}

/// Brings a draft into force from an instant on. Its permits open the records of the identities that are linked now, and
/// of no others until an officer has reviewed it.
///
/// # Errors
/// [`Refusal`] when it is no draft, was written before a withdrawal, begins before it was signed, or when the person does
/// not take part then; those of the store.
pub fn activate(
    draft: &mut Draft<'_>,
    (consent, version): (ConsentId, u32),
    (linked, from): (&BTreeSet<IdentityId>, Instant),
    stamp: &Stamp,
) -> Result<Change, Error> {
    let (identity, history) = owned(draft, (consent, version))?;
    let state = history.at(AsOf::known(from));
    let kept = state.consents.get(&(consent, version)).ok_or(Refusal::NoConsent(consent, version))?;
    // At the end of time everything that was decided has come true, also what will begin only later.
    let last = history.at(AsOf::known(Instant::FOREVER));
    let last_state = last.consents.get(&(consent, version)).map(|kept| kept.state);
    if last_state != Some(ConsentState::Draft) {
        return Err(Refusal::State("only a draft comes into force").into());
    }
    if history.has_withdrawn_since(consent, version) {
        return Err(Refusal::State("the draft was written before the person withdrew").into());
    }
    if history.last_withdrawal().is_some_and(|withdrawn| from < withdrawn) {
        return Err(Refusal::State("the consent would hold before the person withdrew").into());
    }
    if from < kept.document.signed {
        return Err(Refusal::State("a consent holds from when it was signed at the earliest").into());
    }
    if state.standing.state != SubjectState::Enrolled {
        return Err(Refusal::State("the person does not take part then").into());
    }
    if state.standing.is_deceased && has(&kept.document.root, Effect::Permit) {
        return Err(Refusal::State("the person is dead: no new permit is taken").into());
    }
    check_linked(linked, identity)?;
    write(draft, identity, Deed::Activated { consent, version, reach: linked.clone(), from }, stamp)
}

/// Withdraws one consent from an instant on; others of the person stay.
///
/// # Errors
/// [`Refusal`] when nothing of it is in force, when it holds a deny, or when the instant lies in the future; those of the
/// store.
pub fn withdraw_consent(
    draft: &mut Draft<'_>,
    consent: ConsentId,
    from: Instant,
    stamp: &Stamp,
) -> Result<Change, Error> {
    if from > stamp.now {
        return Err(Refusal::State("a withdrawal holds at once, not from later on").into());
    }
    let (identity, history) = owned(draft, (consent, 1))?;
    let meant = history.in_force_from(consent, from);
    if meant.is_empty() {
        return Err(Refusal::State("nothing of the consent is in force").into());
    }
    if meant.iter().any(|document| has(&document.root, Effect::Deny)) {
        return Err(Refusal::State("the consent denies something: sign a new version, or withdraw altogether").into());
    }
    write(draft, identity, Deed::ConsentWithdrawn { consent, from }, stamp)
}

/// States that a version never should have been: it counts as if it had not been signed, and revives nothing.
///
/// # Errors
/// [`Refusal`] when there is no such version, or without a reason; those of the store.
pub fn enter_in_error(
    draft: &mut Draft<'_>,
    (consent, version): (ConsentId, u32),
    reason: &str,
    stamp: &Stamp,
) -> Result<Change, Error> {
    check_text("reason", reason)?;
    let (identity, history) = owned(draft, (consent, version))?;
    let state = history.at(AsOf::known(stamp.now));
    let kept = state.consents.get(&(consent, version)).ok_or(Refusal::NoConsent(consent, version))?;
    if kept.state == ConsentState::EnteredInError {
        return Ok(Change::Unchanged);
    }
    write(draft, identity, Deed::EnteredInError { consent, version, reason: reason.into() }, stamp)
}

/// An officer has reviewed a link: from now on the permits of a version open the records of one identity more.
///
/// # Errors
/// [`Refusal`] when the version is not in force, when the identity is not linked to the one that signed, or without a
/// reason; those of the store.
pub fn add_to_reach(
    draft: &mut Draft<'_>,
    (consent, version): (ConsentId, u32),
    (identity, linked, reason): (IdentityId, &BTreeSet<IdentityId>, &str),
    stamp: &Stamp,
) -> Result<Change, Error> {
    check_text("reason", reason)?;
    let (signed_under, history) = owned(draft, (consent, version))?;
    let state = history.at(AsOf::known(stamp.now));
    let kept = state.consents.get(&(consent, version)).ok_or(Refusal::NoConsent(consent, version))?;
    if !kept.state.is_in_force() {
        return Err(Refusal::State("the consent is not in force").into());
    }
    check_linked(linked, signed_under)?;
    if !linked.contains(&identity) {
        return Err(Refusal::State("the identity is not linked to the one that signed").into());
    }
    if kept.reach.contains(&identity) {
        return Ok(Change::Unchanged);
    }
    let deed = Deed::ReachAdded { consent, version, identity, reason: reason.into(), from: stamp.now };
    write(draft, signed_under, deed, stamp)
}

/// The identity that a consent was signed under, and its journal.
fn owned(draft: &mut Draft<'_>, (consent, version): (ConsentId, u32)) -> Result<(IdentityId, History), Error> {
    let identity = identity_of(draft, consent)?.ok_or(Refusal::NoConsent(consent, version))?;
    Ok((identity, history(draft, identity)?))
}

/// Whether a provision or an exception of it has an effect; a root that says nothing denies.
pub(super) fn has(root: &Provision, effect: Effect) -> bool {
    root.numbered().any(|(_, provision)| provision.effect.unwrap_or(Effect::Deny) == effect)
}

fn check_linked(linked: &BTreeSet<IdentityId>, identity: IdentityId) -> Result<(), Refusal> {
    if linked.len() > IDENTITIES_MAX {
        return Err(Refusal::TooMany { what: "linked identities", limit: IDENTITIES_MAX });
    }
    let is_there = linked.contains(&identity);
    is_there.then_some(()).ok_or(Refusal::State("the identity that signs is not among those that are linked"))
}
