//! Identity visibility: of which records of a patient a requester may learn.
//!
//! A record at an institution says that the patient was there, which can be as sensitive as what was found. So the index
//! asks for each record before it uses it in an answer; what is not shown does not exist for the answer.

use std::collections::BTreeSet;

use consent::{Category, Name, Outcome, Reasons, RecordFacts, Request};
use directory::Instant;
use mpi::RecordId;
use mpi::read::Reference;

use super::{Asked, InForce, Person};
use crate::index::Operating;
use crate::serve::permission::person::identity;

/// The records of a patient that a requester may see all the categories of.
///
/// The labels of single documents play no part: what is asked is whether there is a record, and whose.
pub(in crate::serve) fn shown(
    (operating, in_force): (&Operating, &InForce),
    person: &Person,
    (asked, categories): (&Asked, &[Category]),
    now: Instant,
) -> BTreeSet<RecordId> {
    let requester = asked.requester((operating, in_force), person, now);
    let may_see = |reference: &Reference, category: Category| {
        let custodian = in_force.book.number(&Name::Institution(reference.institution.clone()));
        let place = person.chart.identity(identity(reference.record)).unwrap_or(u16::MAX);
        let request = Request {
            requester: &requester,
            record: RecordFacts { identity: place, ..RecordFacts::of(custodian, category) },
            purpose: asked.purpose,
            now,
            emergency: asked.emergency,
            has_legal_basis: false,
            is_stale: person.is_stale,
        };
        let decision = in_force.engine().decide(person.chart.view(), &request, &mut Reasons::default());
        decision.outcome == Outcome::Permit
    };
    let seen = person.records.iter().filter(|record| categories.iter().all(|category| may_see(record, *category)));
    seen.map(|record| record.record).collect()
}
