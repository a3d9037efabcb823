//! Finds the persons that a record could be of, and how strongly each claims it.

use crate::store::posting::{self, Reached};
use crate::store::{self, KeyDigest, LoadedPerson};
use crate::{Error, Index, PersonId, RecordId, Visible};
use kv::Draft;
use linkage::arrival::{Normalized, Verdict};
use linkage::cluster::{Apart, excess};
use std::collections::{BTreeMap, BTreeSet};

/// A person that shares a blocking key with a record, and how its records compare.
#[derive(Debug)]
pub(crate) struct Claim {
    /// The person, merges followed.
    pub person: PersonId,
    /// Its homes that were compared.
    pub homes: Vec<LoadedPerson>,
    /// The verdict on each of its records.
    pub verdicts: Vec<(RecordId, Verdict)>,
}

/// Claims, the strongest first.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    /// One per person.
    pub claims: Vec<Claim>,
    /// Blocks that were too large to be read whole.
    pub cut: u32,
}

impl Claim {
    /// The strongest verdict; ties go to the lower record id, so that nothing depends on the order of reading.
    pub(crate) fn best(&self) -> Option<&(RecordId, Verdict)> {
        self.verdicts.iter().max_by(|a, b| a.1.weight.0.total_cmp(&b.1.weight.0).then(b.0.cmp(&a.0)))
    }

    /// The best weight, minus infinity without a verdict.
    pub(crate) fn weight(&self) -> f64 {
        self.best().map_or(f64::NEG_INFINITY, |(_, verdict)| verdict.weight.0)
    }

    /// The homes that have to agree with the record: that of the best verdict, and those that the rules joined with it.
    /// What a clerk merged need not be alike.
    fn homes_asked(&self) -> BTreeSet<PersonId> {
        let has =
            |home: &&LoadedPerson| self.best().is_some_and(|(best, _)| home.members.iter().any(|(id, _)| id == best));
        let mut asked: BTreeSet<PersonId> = self.homes.iter().find(has).map(|home| home.id).into_iter().collect();
        let ends = |home: &LoadedPerson| -> Vec<(PersonId, PersonId)> {
            let pointers = home.head.absorbed.iter().filter(|pointer| pointer.is_automatic);
            pointers.map(|pointer| (home.id, pointer.person)).collect()
        };
        let links: Vec<(PersonId, PersonId)> = self.homes.iter().flat_map(ends).collect();
        let mut before = 0;
        while before < asked.len() {
            before = asked.len();
            for (one, other) in &links {
                if asked.contains(one) || asked.contains(other) {
                    asked.extend([*one, *other]);
                }
            }
        }
        asked
    }

    /// The verdicts on the records that have to agree.
    fn asked(&self) -> Vec<&Verdict> {
        let homes = self.homes_asked();
        let members = self.homes.iter().filter(|home| homes.contains(&home.id)).flat_map(|home| &home.members);
        let records: BTreeSet<RecordId> = members.map(|(id, _)| *id).collect();
        self.verdicts.iter().filter(|(id, _)| records.contains(id)).map(|(_, verdict)| verdict).collect()
    }

    /// Whether a record that has to agree contradicts, or they agree with the record by less than a threshold on average:
    /// what a bulk run asks of a cluster.
    pub(crate) fn is_contradicted(&self, threshold: f64) -> bool {
        let asked = self.asked();
        let sum: f64 = asked.iter().map(|verdict| excess(verdict.weight.0, threshold, verdict.apart)).sum();
        sum < 0.0 || asked.iter().any(|verdict| verdict.apart == Apart::Never)
    }

    /// Whether a record of the person has died according to its source.
    pub(crate) fn is_dead(&self) -> bool {
        self.homes.iter().flat_map(|home| &home.members).any(|(_, member)| member.is_dead)
    }

    /// Records of the person that were compared.
    pub(crate) fn records(&self) -> impl Iterator<Item = RecordId> {
        self.verdicts.iter().map(|(record, _)| *record)
    }
}

/// Everybody who claims a record; `own` is the record itself, which does not claim itself.
pub(crate) fn claims(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    own: RecordId,
    (values, keys): (&Normalized, &[KeyDigest]),
) -> Result<Claims, Error> {
    let reached = posting::reach(draft, keys)?;
    let cut = reached.cut;
    Ok(Claims { claims: claims_of(index, draft, reached, (values, keys, Some(own)), &Visible::All)?, cut })
}

/// The claims of the persons reached, as far as their records are visible, the strongest first.
pub(crate) fn claims_of(
    index: &Index<'_>,
    draft: &mut Draft<'_>,
    reached: Reached,
    (values, keys, own): (&Normalized, &[KeyDigest], Option<RecordId>),
    visible: &Visible,
) -> Result<Vec<Claim>, Error> {
    let homes: Vec<PersonId> = reached.persons.into_iter().collect();
    let loaded = store::person::load(draft, &homes, index.generation)?;
    let mut grouped: BTreeMap<PersonId, Vec<LoadedPerson>> = BTreeMap::new();
    for home in loaded {
        let person = match home.head.merged_into {
            None => home.id,
            Some(next) => store::person::root(draft, next.person)?.ok_or(Error::Corrupt { what: "a merge" })?.0,
        };
        grouped.entry(person).or_default().push(home);
    }
    // What is merged into a person claims with it, reached by a key or not.
    for (person, homes) in &mut grouped {
        let is_whole = matches!(homes.as_slice(), [home] if home.id == *person && home.head.absorbed.is_empty());
        if !is_whole {
            *homes = store::person::tree(draft, *person, index.generation)?;
        }
    }
    for home in grouped.values_mut().flatten() {
        home.members.retain(|(id, member)| Some(*id) != own && visible.shows(*id, &member.institution));
    }
    // A person that only a hidden record brought here would not have been found without it.
    let shares = |homes: &[LoadedPerson]| {
        homes.iter().flat_map(|home| &home.members).any(|(_, member)| member.keys.iter().any(|key| keys.contains(key)))
    };
    if *visible != Visible::All {
        grouped.retain(|_, homes| shares(homes));
    }
    compare(index, values, grouped)
}

fn compare(
    index: &Index<'_>,
    values: &Normalized,
    grouped: BTreeMap<PersonId, Vec<LoadedPerson>>,
) -> Result<Vec<Claim>, Error> {
    let members = |homes: &[LoadedPerson]| -> Vec<RecordId> {
        homes.iter().flat_map(|home| &home.members).map(|(record, _)| *record).collect()
    };
    let homes = grouped.values().flatten();
    let others: Vec<&Normalized> = homes.flat_map(|home| &home.members).map(|(_, member)| &member.values).collect();
    let mut verdicts = index.model.compare(values, &others)?.into_iter();
    let mut claims = Vec::with_capacity(grouped.len());
    for (person, homes) in grouped {
        let verdicts: Vec<_> = members(&homes).into_iter().zip(verdicts.by_ref()).collect();
        if !verdicts.is_empty() {
            claims.push(Claim { person, homes, verdicts });
        }
    }
    claims.sort_by(|a, b| b.weight().total_cmp(&a.weight()).then(a.person.cmp(&b.person)));
    Ok(claims)
}
