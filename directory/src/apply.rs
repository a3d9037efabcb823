//! Makes the register equal to a description, from an instant on.
//!
//! Only what differs is stated, so to apply the same description again does nothing, at whatever instant. What the
//! description does not name is stated not to be there from the instant on. Nothing before the instant changes, but for
//! days that the description itself names.

use crate::participation::Participation;
use crate::register::{self, all_statements, state};
use crate::{
    AssigningAuthority, AuthorityId, Client, ClientId, DirectoryVersion, Entry, Error, Instant, Institution,
    InstitutionId, Outcome, ParticipationChange, Period, Post, Practitioner, PractitionerId, When, change_participants,
};
use kv::Draft;
use std::collections::BTreeMap;

/// A checked description; see [`crate::description::Directory::check`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    pub(crate) institutions: BTreeMap<InstitutionId, Institution>,
    /// When each participant takes part; the time before the description applies is left as it is.
    pub(crate) participations: BTreeMap<InstitutionId, Period>,
    pub(crate) authorities: BTreeMap<AuthorityId, AssigningAuthority>,
    pub(crate) practitioners: BTreeMap<PractitionerId, Practitioner>,
    pub(crate) posts: BTreeMap<(PractitionerId, InstitutionId), DesiredPost>,
    pub(crate) clients: BTreeMap<ClientId, Client>,
}

/// A post and its days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DesiredPost {
    pub(crate) value: Post,
    pub(crate) days: Period,
}

/// Makes the register equal to a description from an instant on, as one change.
///
/// # Errors
/// A refusal when a limit of the register is reached; those of the store.
pub fn apply(draft: &mut Draft<'_>, desired: &Desired, from: Instant, recorded: Instant) -> Result<Outcome, Error> {
    let before = register::version(draft)?;
    let when = When { period: Period::since(from), recorded };
    make_equal(draft, &desired.institutions, when)?;
    make_equal(draft, &desired.authorities, when)?;
    make_equal(draft, &desired.practitioners, when)?;
    make_posts_equal(draft, desired, when)?;
    make_equal(draft, &desired.clients, when)?;
    let changes = participation_changes(draft, desired, when.period)?;
    change_participants(draft, &changes, recorded)?;
    let DirectoryVersion(after) = register::version(draft)?;
    Ok(if before.0 == after { Outcome::Unchanged } else { Outcome::Changed(DirectoryVersion(after)) })
}

/// States every entry of a kind, and that all others are not there.
fn make_equal<E: Entry>(draft: &mut Draft<'_>, desired: &BTreeMap<E::Id, E>, when: When) -> Result<(), Error> {
    let stated = all_statements::<E>(draft)?;
    for id in stated.keys().filter(|id| !desired.contains_key(id)) {
        state::<E>(draft, id, None, when)?;
    }
    desired.iter().try_for_each(|(id, value)| state(draft, id, Some(value), when).map(drop))
}

fn make_posts_equal(draft: &mut Draft<'_>, desired: &Desired, when: When) -> Result<(), Error> {
    let stated = all_statements::<Post>(draft)?;
    for id in stated.keys().filter(|id| !desired.posts.contains_key(id)) {
        state::<Post>(draft, id, None, when)?;
    }
    for (id, DesiredPost { value, days }) in &desired.posts {
        for (period, is_there) in pieces(*days, when.period) {
            state(draft, id, is_there.then_some(value), When { period, ..when })?;
        }
    }
    Ok(())
}

fn participation_changes(
    draft: &mut Draft<'_>,
    desired: &Desired,
    all: Period,
) -> Result<Vec<ParticipationChange>, Error> {
    let mut changes = Vec::new();
    for institution in all_statements::<Participation>(draft)?.into_keys() {
        if !desired.participations.contains_key(&institution) {
            changes.push(ParticipationChange { institution, is_participant: false, period: all });
        }
    }
    for (institution, days) in &desired.participations {
        for (period, is_participant) in pieces(*days, all) {
            changes.push(ParticipationChange { institution: institution.clone(), is_participant, period });
        }
    }
    Ok(changes)
}

/// The days on which something is there, and what is left of the time that is described before and after them.
///
/// Days without a first one begin when the description applies; days with one may reach back before.
fn pieces(days: Period, all: Period) -> Vec<(Period, bool)> {
    let from = if days.from() == Instant::MIN { all.from() } else { days.from() };
    let there = Period::new(from, days.until()).ok().map(|period| (period, true));
    let before = Period::new(all.from(), from).ok().map(|period| (period, false));
    let after = Period::new(days.until().max(all.from()), all.until()).ok().map(|period| (period, false));
    [before, there, after].into_iter().flatten().collect()
}
