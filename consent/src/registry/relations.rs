//! The register of care relationships: encounters, referrals and registered doctors, each from and to, with its source.
//!
//! A relationship is between an institution, or one practitioner there, and an identity of the patient, so a merge carries
//! it unwritten: it counts for all identities that are linked. A later statement under the same reference of the same
//! institution stands above the earlier ones; one without a relationship says that there never was one. Who may state what
//! is decided by the caller.

use super::event::announce;
use super::journal::{ENTRIES_MAX, Entry, append, check_text, known_at, read};
use super::{Change, Error, Event, RELATION, Stamp};
use crate::chart::{ChartError, IDENTITIES_MAX, IdentityId};
use crate::request::Requester;
use crate::rule::{Relation, Relations};
use directory::{Instant, InstitutionId, Period, PractitionerId};
use kv::{Draft, Partition};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

const MICROS_PER_DAY: i64 = 86_400 * 1_000_000;

/// A care relationship, as its source states it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CareRelation {
    /// Which: an encounter is [`Relation::OpenEncounter`] while it is open. [`Relation::SeenRecently`] follows from
    /// encounters and is not stated.
    pub relation: Relation,
    /// From when until when; an encounter that is open has no end yet.
    pub period: Period,
    /// The practitioner whom alone it is about; none: the whole institution.
    pub practitioner: Option<PractitionerId>,
    /// Where it is known from: a message, a form, a system.
    pub source: Box<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Statement {
    institution: InstitutionId,
    /// As the institution calls the encounter, referral or registration.
    reference: Box<str>,
    relation: Option<CareRelation>,
}

/// The relationships of one person, as of some moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CareRelations {
    all: Vec<(InstitutionId, CareRelation)>,
}

/// What a requester has to do with the patient at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelationFacts {
    /// The relationships.
    pub relations: Relations,
    /// When the last encounter ended; the moment itself for one that is open.
    pub last_encounter: Option<Instant>,
    /// When this changes by itself at the earliest.
    pub until: Instant,
}

/// States a care relationship of an institution with an identity, or that there never was one under this reference.
///
/// # Errors
/// [`super::Refusal`] without a reference or source, for a relationship that is not stated but follows, or over the limits
/// of a journal; those of the store.
pub fn state_relation(
    draft: &mut Draft<'_>,
    (identity, institution, reference): (IdentityId, &InstitutionId, &str),
    relation: Option<&CareRelation>,
    stamp: &Stamp,
) -> Result<Change, Error> {
    check_text("reference", reference)?;
    if let Some(relation) = relation {
        check_text("source", &relation.source)?;
        if relation.relation == Relation::SeenRecently {
            return Err(super::Refusal::State("that somebody was seen recently follows from encounters").into());
        }
    }
    let entries = read::<Statement>(draft, (&[partition(identity)], ENTRIES_MAX))?.pop().unwrap_or_default();
    let is_same =
        |entry: &&Entry<Statement>| entry.deed.institution == *institution && *entry.deed.reference == *reference;
    let stands = entries.iter().rev().find(is_same).and_then(|entry| entry.deed.relation.as_ref());
    if stands == relation {
        return Ok(Change::Unchanged);
    }
    let deed = Statement { institution: institution.clone(), reference: reference.into(), relation: relation.cloned() };
    let version = append(draft, &partition(identity), (deed, ENTRIES_MAX), stamp)?;
    let from = relation.map_or(stamp.now, |relation| relation.period.from());
    announce(draft, &Event::Relation { identity, version, from })?;
    Ok(Change::Changed)
}

/// The relationships of a person, by the identities that are linked, as known at an instant.
///
/// # Errors
/// [`ChartError`] over [`IDENTITIES_MAX`]; those of the store.
pub fn relations(
    draft: &mut Draft<'_>,
    linked: &BTreeSet<IdentityId>,
    recorded: Instant,
) -> Result<CareRelations, Error> {
    if linked.len() > IDENTITIES_MAX {
        return Err(ChartError::TooManyIdentities { count: linked.len(), limit: IDENTITIES_MAX }.into());
    }
    let partitions: Vec<Partition> = linked.iter().map(|identity| partition(*identity)).collect();
    let mut all = Vec::new();
    for entries in read::<Statement>(draft, (&partitions, ENTRIES_MAX))? {
        let mut last: BTreeMap<(&InstitutionId, &str), &Statement> = BTreeMap::new();
        for entry in known_at(&entries, recorded) {
            last.insert((&entry.deed.institution, &entry.deed.reference), &entry.deed);
        }
        let stands = |it: &Statement| Some((it.institution.clone(), it.relation.clone()?));
        all.extend(last.into_values().filter_map(stands));
    }
    Ok(CareRelations { all })
}

impl CareRelations {
    /// All of them, each with its institution.
    pub fn iter(&self) -> impl Iterator<Item = &(InstitutionId, CareRelation)> {
        self.all.iter()
    }

    /// What an institution, and a practitioner there, has to do with the patient at a moment. Whoever had an encounter
    /// that ended less than `recent_days` ago has seen the patient recently.
    #[must_use]
    pub fn facts(
        &self,
        (institution, practitioner): (&InstitutionId, Option<&PractitionerId>),
        at: Instant,
        recent_days: u32,
    ) -> RelationFacts {
        let mut facts =
            RelationFacts { relations: Relations::default(), last_encounter: None, until: Instant::FOREVER };
        let mut held: Vec<Relation> = Vec::new();
        let is_theirs =
            |relation: &CareRelation| relation.practitioner.as_ref().is_none_or(|only| Some(only) == practitioner);
        let own = self.all.iter().filter(|(of, relation)| of == institution && is_theirs(relation));
        for (_, CareRelation { relation, period, .. }) in own {
            if at < period.from() {
                facts.until = facts.until.min(period.from());
                continue;
            }
            let is_open = period.contains(at);
            if is_open {
                held.push(*relation);
                facts.until = facts.until.min(period.until());
            }
            if *relation == Relation::OpenEncounter {
                let ended = if is_open { at } else { period.until() };
                facts.last_encounter = facts.last_encounter.max(Some(ended));
            }
        }
        if let Some(last) = facts.last_encounter {
            let ends = last.plus_micros(i64::from(recent_days).saturating_mul(MICROS_PER_DAY));
            if at < ends {
                held.push(Relation::SeenRecently);
                facts.until = facts.until.min(ends);
            }
        }
        RelationFacts { relations: held.into_iter().collect(), ..facts }
    }
}

impl Requester {
    /// The same requester with what the register knows of him or her and the patient.
    #[must_use]
    pub fn with_relations(self, facts: RelationFacts) -> Self {
        let RelationFacts { relations, last_encounter, until } = facts;
        Self { relations, last_encounter, facts_until: self.facts_until.min(until), ..self }
    }
}

fn partition(identity: IdentityId) -> Partition {
    Partition::new(RELATION, identity.0)
}
