//! Hard cases, stratum by stratum: twins, spouses, placeholders.
//!
//! An average hides a fatal merge of twins. A case is a few persons who are easily taken for one; a stratum is all
//! cases of one kind. Per stratum: in how many cases two of the persons share a cluster, and whether their own records
//! are found all the same (an engine that links nothing would pass the first test).

use super::counts::choose2;
use super::{Share, Truth, split, zip};

/// A person in a case of a stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct StratumMember {
    /// The stratum.
    pub stratum: u32,
    /// The case; numbers are unique within the stratum.
    pub case: u32,
    /// The person, as in [`Truth::persons`].
    pub person: u32,
}

/// One stratum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StratumQuality {
    /// The stratum.
    pub stratum: u32,
    /// Cases in which two of the persons share a cluster, of all cases.
    pub linked: Share,
    /// Pairs of records of one person of a case that are in one cluster, of all such pairs, whatever their sources.
    pub own_recall: Share,
    /// Persons in its cases.
    pub persons: u64,
}

/// Measures every stratum, in order of its number.
#[must_use]
pub fn measure_strata(truth: &Truth<'_>, clusters: &[u32], members: &[StratumMember]) -> Vec<StratumQuality> {
    let mut by_person = zip(truth.persons, clusters);
    by_person.sort_unstable();
    let mut members = members.to_vec();
    members.sort_unstable();
    members.dedup();
    members
        .chunk_by(|left, right| left.stratum == right.stratum)
        .filter_map(|stratum| {
            let mut quality = StratumQuality {
                stratum: stratum.first()?.stratum,
                linked: Share::default(),
                own_recall: Share::default(),
                persons: stratum.len() as u64,
            };
            for case in stratum.chunk_by(|left, right| left.case == right.case) {
                quality.linked.total += 1;
                quality.linked.count += u64::from(add_case(case, &by_person, &mut quality.own_recall));
            }
            Some(quality)
        })
        .collect()
}

/// Counts the own records of the persons of a case; returns whether two of the persons share a cluster.
fn add_case(case: &[StratumMember], by_person: &[u64], own_recall: &mut Share) -> bool {
    let mut clusters: Vec<(u32, u32)> = Vec::new();
    for member in case {
        let start = by_person.partition_point(|key| split(*key).0 < member.person);
        let records = by_person.get(start..).unwrap_or_default();
        let count = records.iter().take_while(|key| split(**key).0 == member.person).count();
        let records = records.get(..count).unwrap_or_default();
        own_recall.total += choose2(records.len());
        for cluster in records.chunk_by(|left, right| left == right) {
            own_recall.count += choose2(cluster.len());
            clusters.extend(cluster.first().map(|key| (split(*key).1, member.person)));
        }
    }
    clusters.sort_unstable();
    clusters.windows(2).any(|pair| matches!(pair, [left, right] if left.0 == right.0 && left.1 != right.1))
}
