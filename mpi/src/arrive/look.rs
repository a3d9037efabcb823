//! Looks at a record among the persons that exist: at its arrival, after an update, and a second time.

use super::decide::{Choice, Clerk, Doubt, NEAR_TIE, Standing, choose};
use crate::candidates::{Claim, Claims, claims};
use crate::index::Profile;
use crate::review::{self, About, Seed};
use crate::store::{Constraint, LoadedPerson, person, record};
use crate::{Error, Index, Joined, MergeCause, PersonId, RecordId, Stamp, TaskId, merge};
use directory::InstitutionId;
use kv::Draft;
use linkage::cluster::Apart;
use std::collections::BTreeSet;

/// A record that is looked at.
pub(super) struct Looked<'a> {
    /// Its id.
    pub id: RecordId,
    /// Its custodian.
    pub institution: &'a InstitutionId,
    /// What matching sees of it.
    pub profile: &'a Profile,
    /// Whether its source says that the person has died.
    pub is_dead: bool,
    /// What clerks have decided about it.
    pub constraints: &'a [(RecordId, Constraint)],
    /// The person that it belongs to, with all that is merged into it; empty for a record that belongs to nobody yet.
    pub homes: &'a [LoadedPerson],
}

/// What looking found.
pub(super) struct Found {
    /// The claims, strongest first.
    pub claims: Claims,
    /// What becomes of the record.
    pub choice: Choice,
    /// What a clerk has to look at.
    pub doubts: Vec<Doubt>,
}

/// Finds who claims the record and what becomes of it; claims of the person `except` do not count.
pub(super) fn look(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    looked: &Looked<'_>,
    except: Option<PersonId>,
) -> Result<Found, Error> {
    let profile = (&looked.profile.values, looked.profile.keys.as_slice());
    let mut claims = claims(index, draft, looked.id, profile)?;
    claims.claims.retain(|claim| Some(claim.person) != except);
    let first = claims.claims.first();
    let standings: Result<Vec<Standing>, Error> =
        claims.claims.iter().map(|claim| standing(index, looked, claim, first)).collect();
    let (choice, doubts) = choose(&standings?);
    Ok(Found { claims, choice, doubts })
}

fn standing(index: &Index<'_>, looked: &Looked<'_>, claim: &Claim, first: Option<&Claim>) -> Result<Standing, Error> {
    let upper = index.model.rules().upper;
    let members: BTreeSet<RecordId> = claim.records().collect();
    let said = |wanted: Constraint| looked.constraints.iter().any(|(id, said)| *said == wanted && members.contains(id));
    let is_apart = is_kept_apart(looked.homes, &claim.homes);
    let clerk = match (said(Constraint::DoNotLink) || is_apart, said(Constraint::MustLink)) {
        (true, _) => Clerk::DoNotLink,
        (false, true) => Clerk::MustLink,
        (false, false) => Clerk::Silent,
    };
    let rival = first.filter(|first| first.person != claim.person && first.weight() - claim.weight() < NEAR_TIE);
    Ok(Standing {
        weight: claim.weight(),
        decision: claim.best().map_or(linkage::model::Decision::NonMatch, |(_, verdict)| verdict.decision),
        is_contradicted: claim.is_contradicted(upper),
        is_barred: (claim.is_dead() && !looked.is_dead) || members.len() >= person::MEMBERS_MAX as usize,
        clerk,
        is_apart_from_first: rival.map_or(Ok(false), |rival| are_apart(index, rival, claim))?,
    })
}

/// Whether a clerk has decided that two persons are two.
pub(crate) fn is_kept_apart(one: &[LoadedPerson], other: &[LoadedPerson]) -> bool {
    let names = |a: &[LoadedPerson], b: &[LoadedPerson]| {
        a.iter().any(|home| b.iter().any(|rival| home.head.apart.contains(&rival.id)))
    };
    names(one, other) || names(other, one)
}

/// Whether a clerk, or a record of one person against one of the other, says that they are two.
fn are_apart(index: &Index<'_>, one: &Claim, other: &Claim) -> Result<bool, Error> {
    if is_kept_apart(&one.homes, &other.homes) {
        return Ok(true);
    }
    let others: Vec<_> = other.homes.iter().flat_map(|home| &home.members).map(|(_, member)| &member.values).collect();
    for (_, member) in one.homes.iter().flat_map(|home| &home.members) {
        if index.model.compare(&member.values, &others)?.iter().any(|verdict| verdict.apart != Apart::No) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Opens a task for every doubt about a record that now belongs to `person`.
pub(super) fn doubt(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (looked, person): (&Looked<'_>, PersonId),
    found: &Found,
    stamp: &Stamp,
) -> Result<Vec<TaskId>, Error> {
    let mut tasks = Vec::new();
    for doubt in &found.doubts {
        let Some(claim) = found.claims.claims.get(doubt.claim) else { continue };
        let Some(best) = claim.best() else { continue };
        let seed = Seed {
            kind: doubt.kind,
            records: vec![looked.id, best.0],
            persons: vec![person, claim.person],
            institutions: institutions(looked, claim, best.0),
            about: About::Persons,
            evidence: Some(index.evidence(best)),
        };
        tasks.push(review::open(draft, index.digester, seed, stamp)?);
    }
    Ok(tasks)
}

fn institutions(looked: &Looked<'_>, claim: &Claim, best: RecordId) -> Vec<InstitutionId> {
    let members = claim.homes.iter().flat_map(|home| &home.members);
    let other = members.filter(|(id, _)| *id == best).map(|(_, member)| member.institution.clone());
    let mut all: Vec<InstitutionId> = other.chain([looked.institution.clone()]).collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// Looks a second time at a person whose only record came when something like it may have been on its way: joins it to
/// the person that now claims it strongly, or opens tasks. Persons of several records are left alone.
///
/// # Errors
/// Those of the store.
pub fn look_again(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    person: PersonId,
    stamp: &Stamp,
) -> Result<Option<Joined>, Error> {
    let Some(own) = person::load(draft, &[person], index.generation)?.pop() else { return Ok(None) };
    let Some((id, _)) = own.members.first() else { return Ok(None) };
    look_at(index, draft, (*id, &own), &|_| true, stamp).map(|(joined, _)| joined)
}

/// Looks again at a record of a person that stands; the person is joined to another only where `may_join` agrees, and
/// where it does not a clerk is asked.
pub(crate) fn look_at(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (id, own): (RecordId, &LoadedPerson),
    may_join: &dyn Fn(PersonId) -> bool,
    stamp: &Stamp,
) -> Result<(Option<Joined>, Vec<TaskId>), Error> {
    let nothing = (None, Vec::new());
    let Some((_, member)) = own.members.iter().find(|(known, _)| *known == id) else { return Ok(nothing) };
    let Some(head) = record::head(draft, id)? else { return Ok(nothing) };
    let profile = Profile { values: member.values.clone(), keys: member.keys.clone() };
    let looked = Looked {
        id,
        institution: &head.institution,
        profile: &profile,
        is_dead: member.is_dead,
        constraints: &head.constraints,
        homes: std::slice::from_ref(own),
    };
    reconsider(index, draft, (&looked, own, may_join), stamp)
}

/// A record that is looked at, the home that it has, and which persons that may be joined to.
pub(super) type Reconsidered<'a> = (&'a Looked<'a>, &'a LoadedPerson, &'a dyn Fn(PersonId) -> bool);

/// Looks at a record of a person that stands already: a person of one record may be joined to another, which keeps its
/// enterprise id resolving; for all others there are tasks only.
pub(super) fn reconsider(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    (looked, own, may_join): Reconsidered<'_>,
    stamp: &Stamp,
) -> Result<(Option<Joined>, Vec<TaskId>), Error> {
    let person = match own.head.merged_into {
        None => own.id,
        Some(next) => person::root(draft, next.person)?.map_or(own.id, |(root, _)| root),
    };
    let mut found = look(index, draft, looked, Some(person))?;
    let is_alone = own.members.len() == 1 && own.head.absorbed.is_empty() && own.head.merged_into.is_none();
    let joins = match found.choice {
        Choice::Join(claim) | Choice::Obey(claim) => found.claims.claims.get(claim),
        Choice::New => None,
    };
    let mut joined = None;
    match joins {
        Some(claim) if is_alone && may_join(claim.person) => {
            let basis = claim.best().map(|best| index.evidence(best));
            joined =
                Some(merge::join(draft, index.digester, (claim.person, own.id), MergeCause::Automatic(basis), stamp)?);
        }
        // Two persons of several records, or nobody has reviewed this: a clerk has to see that they are alike.
        Some(_) => found.doubts.extend(bridge(found.choice)),
        None => {}
    }
    let home = joined.as_ref().map_or(person, |joined| joined.survivor);
    let tasks = doubt(index, draft, (looked, home), &found, stamp)?;
    Ok((joined, tasks))
}

fn bridge(choice: Choice) -> Option<Doubt> {
    match choice {
        Choice::Join(claim) | Choice::Obey(claim) => Some(Doubt { claim, kind: crate::TaskKind::Bridge }),
        Choice::New => None,
    }
}
