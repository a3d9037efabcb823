//! A patient as the index and the registry know him or her now: the linked identities and their consents, of one moment.
//!
//! The two are read one after the other. Where the store cannot say that nothing was committed in between, the links are
//! looked at again afterwards; when they moved, everything is read again, a named number of times. After that the answer
//! counts as out of date, and the engine denies.

use std::collections::BTreeSet;

use consent::registry::{self, CareRelations, Effective};
use consent::{Chart, IdentityId};
use directory::{AsOf, Identifier, Instant, InstitutionId};
use mpi::history::RecordAsOf;
use mpi::kv::{Draft, Kv};
use mpi::read::{CrossReference, Linked, Lookup, Reference};
use mpi::{PersonId, RecordId, Visible};

use super::InForce;
use crate::index::Operating;
use crate::serve::problem::Problem;

/// Times that links and consents are read until they fit together: links move a few times a minute.
const READS_MAX: u32 = 4;

/// Who a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Patient {
    /// An enterprise id.
    Person(PersonId),
    /// The number of an institution.
    Identifier(Identifier),
}

/// What the index and the registry say of a patient, not yet made into rules.
///
/// Reading it needs nothing of the policy, so nobody else waits meanwhile.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Facts {
    /// The enterprise id with the linked records; none when nobody is known by what was asked for.
    linked: Option<CrossReference>,
    /// The same as it was read; none for the past.
    found: Option<Linked>,
    /// Whether this is somebody else, read in the place of nobody.
    is_other: bool,
    effective: Effective,
    relations: CareRelations,
    is_stale: bool,
}

/// A patient with chart.
#[derive(Debug)]
pub(in crate::serve) struct Person {
    /// The enterprise id; none when nobody is known by what was asked for.
    pub(in crate::serve) id: Option<PersonId>,
    /// The linked records.
    pub(in crate::serve) records: Vec<Reference>,
    /// What was signed and withdrawn.
    pub(in crate::serve) effective: Effective,
    /// The rules made of it.
    pub(in crate::serve) chart: Chart,
    /// Who cares for the patient, by the register.
    pub(in crate::serve) relations: CareRelations,
    /// Whether links and consents could not be read as of one moment.
    pub(in crate::serve) is_stale: bool,
}

impl Facts {
    /// Reads a patient. Nobody with that id is a person without records, about whom everything is denied.
    pub(in crate::serve) fn read(
        (kv, operating): (&dyn Kv, &Operating),
        patient: &Patient,
        now: Instant,
    ) -> Result<Self, Problem> {
        Self::read_with(kv, now, |draft| Ok((find(operating, draft, patient)?, false)))
    }

    /// Reads the patient of an identifier with the same effort whether there is one or not: what was read in the place of
    /// nobody is never seen ([`mpi::read::look_up`]).
    pub(in crate::serve) fn read_evenly(
        (kv, operating): (&dyn Kv, &Operating),
        identifier: &Identifier,
        now: Instant,
    ) -> Result<Self, Problem> {
        Self::read_with(kv, now, |_| {
            Ok(match mpi::read::look_up(kv, &operating.index(), identifier)? {
                Lookup::Asked(linked) => (Some(linked), false),
                Lookup::Other(linked) => (Some(linked), true),
                Lookup::Nothing => (None, false),
            })
        })
    }

    fn read_with(
        kv: &dyn Kv,
        now: Instant,
        find: impl Fn(&mut Draft<'_>) -> Result<(Option<Linked>, bool), Problem>,
    ) -> Result<Self, Problem> {
        let mut reads = 0;
        loop {
            let (mut draft, mark) = (Draft::peeking(kv), kv.mark());
            let (found, is_other) = find(&mut draft)?;
            let linked = found.as_ref().and_then(|found| found.seen(&Visible::All));
            let identities: BTreeSet<IdentityId> = linked.iter().flat_map(identities).collect();
            let effective = registry::effective(&mut draft, &identities, AsOf::known(now))?;
            let relations = registry::relations(&mut draft, &identities, now)?;
            reads += 1;
            let is_one_moment = mark.is_some() && kv.mark() == mark;
            let is_same = is_one_moment || find(&mut Draft::peeking(kv))?.0 == found;
            if is_same || reads >= READS_MAX {
                return Ok(Self { linked, found, is_other, effective, relations, is_stale: !is_same });
            }
        }
    }

    /// Reads a person as of an instant of the past: what was linked, signed and known then.
    pub(in crate::serve) fn as_of(
        (operating, draft): (&Operating, &mut Draft<'_>),
        person: PersonId,
        at: Instant,
    ) -> Result<Self, Problem> {
        let was = mpi::history::person_as_of(&operating.index(), draft, person, at, &Visible::All)?;
        let linked = was.map(|was| {
            let reference = |record: RecordAsOf| Reference {
                record: record.record,
                identifier: record.identifier,
                institution: record.institution,
            };
            CrossReference { person: was.person, records: was.records.into_iter().map(reference).collect() }
        });
        let identities: BTreeSet<IdentityId> = linked.iter().flat_map(identities).collect();
        let effective = registry::effective(draft, &identities, AsOf::known(at))?;
        let relations = registry::relations(draft, &identities, at)?;
        Ok(Self { linked, found: None, is_other: false, effective, relations, is_stale: false })
    }

    /// What of the links may be seen; none when what was asked for may not.
    pub(in crate::serve) fn seen(&self, visible: &Visible) -> Option<CrossReference> {
        let found = self.found.as_ref().filter(|_| !self.is_other);
        found.and_then(|found| found.seen(visible))
    }

    /// The identities that are linked.
    pub(in crate::serve) fn identities(&self) -> BTreeSet<IdentityId> {
        self.effective.identities.keys().copied().collect()
    }

    /// The custodians of the linked records, each once.
    pub(in crate::serve) fn custodians(&self) -> BTreeSet<InstitutionId> {
        self.linked.iter().flat_map(|cross| &cross.records).map(|record| record.institution.clone()).collect()
    }

    /// Makes the rules.
    pub(in crate::serve) fn person(self, operating: &Operating, in_force: &mut InForce) -> Result<Person, Problem> {
        let Self { linked, found: _, is_other: _, effective, relations, is_stale } = self;
        let chart = effective.chart(&operating.directory, &mut in_force.book)?;
        let (id, records) = linked.map_or((None, Vec::new()), |cross| (Some(cross.person), cross.records));
        Ok(Person { id, records, effective, chart, relations, is_stale })
    }
}

impl Person {
    /// The places in the chart of the identities at a custodian, or of one of them.
    pub(in crate::serve) fn places(&self, custodian: &InstitutionId, of: Option<RecordId>) -> Vec<u16> {
        let at = self.records.iter().filter(|record| record.institution == *custodian);
        let meant = at.filter(|record| of.is_none_or(|wanted| wanted == record.record));
        meant.filter_map(|record| self.chart.identity(identity(record.record))).collect()
    }
}

/// The identity under which a record's person signs: the index and the registry name it alike.
pub(in crate::serve) fn identity(record: RecordId) -> IdentityId {
    IdentityId(record.0)
}

/// The identities of a person.
pub(in crate::serve) fn identities(cross: &CrossReference) -> BTreeSet<IdentityId> {
    cross.records.iter().map(|record| identity(record.record)).collect()
}

/// The linked records of a patient, seen by the network itself.
pub(in crate::serve) fn linked(
    operating: &Operating,
    draft: &mut Draft<'_>,
    patient: &Patient,
) -> Result<Option<CrossReference>, Problem> {
    Ok(find(operating, draft, patient)?.and_then(|found| found.seen(&Visible::All)))
}

fn find(operating: &Operating, draft: &mut Draft<'_>, patient: &Patient) -> Result<Option<Linked>, Problem> {
    let found = match patient {
        Patient::Identifier(identifier) => mpi::read::linked(&operating.index(), draft, identifier)?,
        Patient::Person(id) => mpi::read::linked_to(draft, *id)?,
    };
    Ok(found)
}
