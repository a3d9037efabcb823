//! Finds persons by a description: everybody who shares a blocking key, scored and in order.

use super::Visible;
use super::person::given;
use crate::candidates::claims_of;
use crate::store::posting;
use crate::{Demographics, Error, Evidence, Index, PersonId};
use kv::Draft;
use linkage::model::Decision;

/// A description to look for.
#[derive(Clone, Debug, PartialEq)]
pub struct Query {
    /// What is known.
    pub demographics: Demographics,
    /// The most persons to return.
    pub limit: usize,
    /// Match weight in bits from which a person is returned.
    pub weight_min: f64,
}

/// A person that is like the description.
#[derive(Clone, Debug, PartialEq)]
pub struct Likeness {
    /// The enterprise id, as the caller sees it.
    pub person: PersonId,
    /// The decision on the best record.
    pub decision: Decision,
    /// The best record and what the decision rests on.
    pub evidence: Evidence,
}

/// Who is like a description.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Found {
    /// The persons, the likest first.
    pub persons: Vec<Likeness>,
    /// How many there are in all.
    pub total: usize,
    /// Blocks that were too large to be read whole: somebody may be missing.
    pub blocks_cut: u32,
}

/// How two descriptions compare, in bits of match weight and with the decision, as records that arrive are compared.
///
/// # Errors
/// [`Error::TooMany`] never in practice: two are compared.
pub fn compare(index: &Index<'_>, one: &Demographics, other: &Demographics) -> Result<(f64, Decision), Error> {
    let (one, other) = (index.profile(one), index.profile(other));
    let verdicts = index.model.compare(&one.values, &[&other.values])?;
    let verdict = verdicts.first().ok_or(Error::Corrupt { what: "a comparison" })?;
    Ok((verdict.weight.0, verdict.decision))
}

/// The persons that are like a description.
///
/// # Errors
/// Those of the store; [`Error::TooMany`] when more records share a key than can be compared.
pub fn find(index: &Index<'_>, draft: &mut Draft<'_>, query: &Query, visible: &Visible) -> Result<Found, Error> {
    let profile = index.profile(&query.demographics);
    let reached = posting::reach(draft, &profile.keys)?;
    let (cut, mut claims) =
        (reached.cut, claims_of(index, draft, reached, (&profile.values, &profile.keys, None), visible)?);
    claims.retain(|claim| claim.weight() >= query.weight_min);
    let mut found = Found { total: claims.len(), blocks_cut: cut, persons: Vec::new() };
    for claim in claims.iter().take(query.limit) {
        let (Some(best), Some(person)) = (claim.best(), given(&claim.homes, visible).first().copied()) else {
            continue;
        };
        found.persons.push(Likeness { person, decision: best.1.decision, evidence: index.evidence(best) });
    }
    Ok(found)
}
