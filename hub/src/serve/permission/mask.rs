//! One answer for a whole chart: which of many records of a custodian may be seen.
//!
//! It is the same as asking about each record alone, at a fraction of the work. Of a hidden identity it says what it says
//! of one that does not exist: that nothing may be seen.

use consent::{Categories, Category, Decision, Mask, Number, Outcome, Reasons, RecordFacts, Request, Requester, Stop};
use directory::{Instant, InstitutionId};

use super::question::stricter_of;
use super::{Asked, InForce, Patient, Person, Wanted};
use crate::index::Operating;

/// A question about many records of one custodian.
#[derive(Clone, Debug)]
pub(in crate::serve) struct MaskQuestion {
    /// About whom.
    pub(in crate::serve) patient: Patient,
    /// Who asks.
    pub(in crate::serve) asked: Asked,
    /// Whose records.
    pub(in crate::serve) custodian: InstitutionId,
    /// The records, each of this custodian.
    pub(in crate::serve) data: Vec<Wanted>,
}

/// Which records may be seen.
#[derive(Clone, Debug)]
pub(in crate::serve) struct Masked {
    /// The categories in which something may be seen: all others need not be fetched.
    pub(in crate::serve) open: Categories,
    /// The categories of which every record may be seen as it is.
    pub(in crate::serve) whole: Categories,
    /// Each record, in the order of the question.
    pub(in crate::serve) decisions: Vec<Decision>,
    /// What stands against the whole question on the requester's own side.
    pub(in crate::serve) stops: Vec<Stop>,
}

impl MaskQuestion {
    /// Asks the engine.
    pub(in crate::serve) fn ask(
        &self,
        (operating, in_force): (&Operating, &InForce),
        person: &Person,
        now: Instant,
    ) -> Masked {
        let requester = self.asked.requester((operating, in_force), person, now);
        let custodian = in_force.book.number(&consent::Name::Institution(self.custodian.clone()));
        let request = self.request(&requester, (custodian, person), now);
        let engine = in_force.engine();
        let mut mask = engine.mask(person.chart.view(), &request);
        let own_side = mask.stops().iter().filter(|stop| consent::is_of_requester(*stop));
        let stops = own_side.collect();
        let decide = |mask: &mut Mask<'_>, data: &Wanted| {
            let facts = data.facts(&in_force.book);
            let places = person.places(&self.custodian, data.record_of);
            let mut one = |identity| mask.decide(&RecordFacts { identity, ..facts }, &mut Reasons::default());
            let (first, others) = places.split_first().map_or((u16::MAX, &[][..]), |(first, rest)| (*first, rest));
            let first = one(first);
            others.iter().fold(first, |decision, place| stricter_of(decision, one(*place)))
        };
        let decisions = self.data.iter().map(|data| decide(&mut mask, data)).collect();
        // What a permit of others would open must not tell that there is somebody.
        let identity = Wanted { category: Category::IDENTITY, ..self.any() };
        let is_visible = decide(&mut mask, &identity).outcome == Outcome::Permit;
        let seen = |categories| if is_visible { categories } else { Categories::NONE };
        Masked { open: seen(mask.open()), whole: seen(mask.whole()), decisions, stops }
    }

    fn request<'r>(
        &self,
        requester: &'r Requester,
        (custodian, person): (Number, &Person),
        now: Instant,
    ) -> Request<'r> {
        Request {
            requester,
            record: RecordFacts { identity: u16::MAX, ..RecordFacts::of(custodian, Category::IDENTITY) },
            purpose: self.asked.purpose,
            now,
            emergency: self.asked.emergency,
            has_legal_basis: false,
            is_stale: person.is_stale,
        }
    }

    /// Whatever the custodian has of the patient.
    fn any(&self) -> Wanted {
        Wanted {
            custodian: self.custodian.clone(),
            record_of: None,
            category: Category::IDENTITY,
            labels: consent::Labels::PLAIN,
            date: None,
            department: None,
            author: None,
            document: None,
        }
    }
}
