//! Vetoes of custodians on their own records (公開対象外), each stated from an instant on.
//!
//! A veto has a name within its custodian; a later statement about the same name stands above the earlier ones, and one
//! without a provision ends it. A veto can only hide or limit: one that permits is refused when it is stated.

use super::event::announce;
use super::journal::{Entry, append, check_text, known_at, known_in, read_one};
use super::{Change, Error, Event, Stamp, VETO};
use crate::codebook::Codebook;
use crate::compile::Known;
use crate::document::Provision;
use crate::policy::{Veto, check_veto};
use directory::{AsOf, Instant, InstitutionId};
use kv::{Draft, Partition};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The most statements about vetoes: a dozen for every institution of a large network, and few enough to be read at once.
pub const VETO_ENTRIES_MAX: usize = 16_384;

/// How many statements about vetoes there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct VetoesVersion(pub u32);

/// A statement; without a provision the veto has ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Statement {
    custodian: InstitutionId,
    name: Box<str>,
    provision: Option<Provision>,
    from: Instant,
}

/// States a veto of a custodian from an instant on, or that it has ended.
///
/// # Errors
/// [`Error::Policy`] when it permits or cannot be meant; [`super::Refusal`] without a name or over the limits; those of the
/// store.
pub fn state_veto(
    draft: &mut Draft<'_>,
    (custodian, name, provision): (&InstitutionId, &str, Option<&Provision>),
    (from, known): (Instant, Known<'_>),
    stamp: &Stamp,
) -> Result<Change, Error> {
    check_text("name of the veto", name)?;
    if let Some(provision) = provision {
        let veto = Veto { custodian: custodian.clone(), name: name.to_owned(), provision: provision.clone() };
        check_veto(&veto, known, &mut Codebook::new())?;
    }
    // The whole journal is read, so that the draft has seen what it appends to.
    entries(draft)?;
    let (custodian, provision) = (custodian.clone(), provision.cloned());
    let statement = Statement { custodian: custodian.clone(), name: name.into(), provision, from };
    let version = append(draft, &partition(), (statement, VETO_ENTRIES_MAX), stamp)?;
    announce(draft, &Event::Veto { custodian, version: VetoesVersion(version), from })?;
    Ok(Change::Changed)
}

/// The vetoes that hold, and the version that they were read from.
///
/// # Errors
/// Those of the store.
pub fn vetoes(draft: &mut Draft<'_>, as_of: AsOf) -> Result<(VetoesVersion, Vec<Veto>), Error> {
    let entries = entries(draft)?;
    let known = known_at(&entries, as_of.recorded);
    let version = u32::try_from(known.len()).unwrap_or(u32::MAX);
    Ok((VetoesVersion(version), holding(known, as_of.valid)))
}

/// The vetoes that held by a version of them.
///
/// # Errors
/// [`Error::Corrupt`] when there never was such a version; those of the store.
pub fn vetoes_again(draft: &mut Draft<'_>, version: VetoesVersion, valid: Instant) -> Result<Vec<Veto>, Error> {
    let entries = entries(draft)?;
    let known = known_in(&entries, version.0).ok_or(Error::Corrupt { what: "the journal of vetoes" })?;
    Ok(holding(known, valid))
}

/// The next instant at which a veto begins or ends, by what was stated so far.
pub(super) fn next_change(draft: &mut Draft<'_>, valid: Instant) -> Result<Instant, Error> {
    let entries = entries(draft)?;
    let later = entries.iter().map(|entry| entry.deed.from).filter(|from| *from > valid);
    Ok(later.min().unwrap_or(Instant::FOREVER))
}

fn holding(known: &[Entry<Statement>], valid: Instant) -> Vec<Veto> {
    let mut last: BTreeMap<(&InstitutionId, &str), &Statement> = BTreeMap::new();
    for Entry { deed, .. } in known.iter().filter(|entry| entry.deed.from <= valid) {
        last.insert((&deed.custodian, &deed.name), deed);
    }
    let veto = |statement: &Statement| {
        let Statement { custodian, name, provision, .. } = statement.clone();
        provision.map(|provision| Veto { custodian, name: name.into(), provision })
    };
    last.into_values().filter_map(veto).collect()
}

fn entries(draft: &mut Draft<'_>) -> Result<Vec<Entry<Statement>>, Error> {
    read_one(draft, (&partition(), VETO_ENTRIES_MAX))
}

pub(super) fn partition() -> Partition {
    Partition::new(VETO, [])
}
