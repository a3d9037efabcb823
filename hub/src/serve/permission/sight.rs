//! Who can see a patient: every institution of the network, in every role, for each kind of data.

use consent::simulate::{Matrix, Sight, who_can_see};
use consent::{ActingAs, Categories, Category, Claimed, Name, Number, Purpose, Purposes, RecordFacts, Requester};
use directory::{AsOf, ClientId, Instant, InstitutionId};

use super::{InForce, Person};
use crate::index::Operating;
use crate::serve::permission::person::identity;

/// What is asked, beside the patient.
#[derive(Clone, Copy, Debug)]
pub(in crate::serve) struct Viewpoint {
    /// Why.
    pub(in crate::serve) purpose: Purpose,
    /// When.
    pub(in crate::serve) at: Instant,
    /// Whether an encounter is open everywhere: who could see if the patient came.
    pub(in crate::serve) in_care: bool,
}

/// Works the matrix out and hands it on, with the institutions in the order of its rows.
///
/// Everybody is asked as through a client that is licensed for the purpose: what a licence would stop is a matter of
/// clients and not of the patient.
pub(in crate::serve) fn with_matrix<T>(
    (operating, in_force): (&Operating, &InForce),
    person: &Person,
    view: Viewpoint,
    work: impl FnOnce(&Matrix<'_>, &[InstitutionId]) -> T,
) -> Option<T> {
    let as_of = AsOf::known(view.at);
    let institutions: Vec<InstitutionId> = operating.directory.institutions(as_of).map(|(id, _)| id.clone()).collect();
    let client = ClientId::new("simulation").ok()?;
    let requester = |institution: &InstitutionId| {
        let claimed = Claimed {
            institution: institution.clone(),
            department: None,
            practitioner: None,
            role: ActingAs::Service,
            client: client.clone(),
        };
        let known = Requester::look_up(&claimed, (&operating.directory, as_of), &in_force.book);
        let relations = view.in_care.then_some(consent::Relation::OpenEncounter).into_iter().collect();
        Requester { licensed: Purposes::ALL, relations, ..known }
    };
    let requesters: Vec<Requester> = institutions.iter().map(requester).collect();
    let record = |reference: &mpi::read::Reference| {
        let custodian: Number = in_force.book.number(&Name::Institution(reference.institution.clone()));
        let place = person.chart.identity(identity(reference.record)).unwrap_or(u16::MAX);
        RecordFacts { identity: place, ..RecordFacts::of(custodian, Category::IDENTITY) }
    };
    let records: Vec<RecordFacts<'_>> = person.records.iter().map(record).collect();
    let sight = Sight {
        engine: in_force.engine(),
        chart: person.chart.view(),
        requesters: &requesters,
        roles: &ActingAs::ALL,
        records: &records,
        purpose: view.purpose,
        now: view.at,
    };
    Some(work(&who_can_see(sight), &institutions))
}

/// The categories of a matrix.
pub(in crate::serve) fn categories() -> impl Iterator<Item = Category> {
    Categories::ALL.iter()
}
