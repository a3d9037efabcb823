//! What can this user see: one requester, many patients.
//!
//! The requester, purpose and moment stay; patients come from an iterator, each with his or her chart and records. For each
//! the answer is which categories open, of some records and of all. It is a search for what may be found, so it says
//! nothing about patients of whom nothing opens.

use super::sweep::Sweep;
use crate::ahead::fetch_ahead;
use crate::category::Categories;
use crate::chart::ChartView;
use crate::decide::Engine;
use crate::emergency::Emergency;
use crate::purpose::Purpose;
use crate::request::{RecordFacts, Request, Requester};
use directory::Instant;

/// Who looks, why and when.
#[derive(Clone, Copy, Debug)]
pub struct Standpoint<'a> {
    /// Policy and numbers.
    pub engine: Engine<'a>,
    /// Who looks.
    pub requester: &'a Requester,
    /// Why.
    pub purpose: Purpose,
    /// When.
    pub now: Instant,
    /// In which emergency, if in one.
    pub emergency: Option<Emergency>,
}

/// A patient and what there is of him or her.
#[derive(Clone, Copy, Debug)]
pub struct Holding<'a, P> {
    /// The patient, as the caller names him or her.
    pub patient: P,
    /// The chart.
    pub chart: ChartView<'a>,
    /// An ordinary record of each custodian that has some; their categories are replaced.
    pub records: &'a [RecordFacts<'a>],
}

/// What may be seen of a patient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen<P> {
    /// The patient.
    pub patient: P,
    /// The categories that open at some custodian.
    pub some: Categories,
    /// The categories that open at every custodian.
    pub all: Categories,
    /// At how many custodians something opens.
    pub custodians: usize,
}

/// The patients of whom something may be seen, in the order in which they came.
pub fn what_can_see<'a, P: 'a>(
    standpoint: Standpoint<'a>,
    patients: impl IntoIterator<Item = Holding<'a, P>>,
) -> impl Iterator<Item = Seen<P>> {
    let mut sweep = Sweep::default();
    let patients = fetch_ahead(patients, |holding| holding.chart);
    patients.filter_map(move |Holding { patient, chart, records }| {
        let mut seen = Seen { patient, some: Categories::NONE, all: Categories::ALL, custodians: 0 };
        for record in records {
            let request = Request {
                requester: standpoint.requester,
                record: *record,
                purpose: standpoint.purpose,
                now: standpoint.now,
                emergency: standpoint.emergency,
                has_legal_basis: false,
                is_stale: false,
            };
            sweep.ask(&standpoint.engine, chart, &request);
            let open = sweep.open();
            seen.some = seen.some.with(open);
            seen.all = Categories(seen.all.0 & open.0);
            seen.custodians += usize::from(!open.is_empty());
        }
        (!seen.some.is_empty()).then_some(seen)
    })
}
