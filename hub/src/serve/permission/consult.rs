//! What a requester may see of a patient in all, in few words: kinds of data by custodian, and labels to be taken out.
//!
//! For clients that ask once and filter by labels. Whatever cannot be said in these words (days, authors, documents) counts
//! as denied, so a client that follows the answer never shows more than single decisions would.

use consent::{Categories, Category, Label, Labels, Name, Outcome, Reasons, RecordFacts, Request, Requester};
use directory::{Instant, InstitutionId};

use super::{Asked, InForce, Person};
use crate::index::Operating;

/// What is open.
#[derive(Clone, Debug, Default)]
pub(in crate::serve) struct Opened {
    /// By custodian that the requester may know of: the kinds of data; none: nothing there may be seen.
    pub(in crate::serve) custodians: Vec<(InstitutionId, Categories)>,
    /// Labels that deny somewhere: whatever carries one has to be taken out.
    pub(in crate::serve) redact: Labels,
}

/// Asks for every custodian of the patient and each of some categories.
pub(in crate::serve) fn consult(
    (operating, in_force): (&Operating, &InForce),
    person: &Person,
    (asked, categories): (&Asked, Categories),
    now: Instant,
) -> Opened {
    let requester = asked.requester((operating, in_force), person, now);
    let mut custodians: Vec<&InstitutionId> = person.records.iter().map(|record| &record.institution).collect();
    custodians.sort_unstable();
    custodians.dedup();
    let mut opened = Opened::default();
    for custodian in custodians {
        let one = Custodian { in_force, person, requester: &requester, asked, custodian, now };
        if !one.is_permitted(Category::IDENTITY, Labels::PLAIN) {
            continue;
        }
        let open: Categories =
            categories.iter().filter(|category| one.is_permitted(*category, Labels::PLAIN)).collect();
        let denies = |label: &Label| {
            let labels = if label.is_level() { label.set() } else { label.set().with(Label::NORMAL.set()) };
            open.iter().any(|category| !one.is_permitted(category, labels))
        };
        opened.redact = Label::all().filter(denies).fold(opened.redact, |all, label| all.with(label.set()));
        opened.custodians.push((custodian.clone(), open));
    }
    opened
}

/// One custodian of a patient, and who asks.
struct Custodian<'a> {
    in_force: &'a InForce,
    person: &'a Person,
    requester: &'a Requester,
    asked: &'a Asked,
    custodian: &'a InstitutionId,
    now: Instant,
}

impl Custodian<'_> {
    /// Whether every record of the patient here may be seen.
    fn is_permitted(&self, category: Category, labels: Labels) -> bool {
        let custodian = self.in_force.book.number(&Name::Institution(self.custodian.clone()));
        let places = self.person.places(self.custodian, None);
        let may_see = |place: u16| {
            let request = Request {
                requester: self.requester,
                record: RecordFacts { identity: place, labels, ..RecordFacts::of(custodian, category) },
                purpose: self.asked.purpose,
                now: self.now,
                emergency: self.asked.emergency,
                has_legal_basis: false,
                is_stale: self.person.is_stale,
            };
            let engine = self.in_force.engine();
            engine.decide(self.person.chart.view(), &request, &mut Reasons::default()).outcome == Outcome::Permit
        };
        !places.is_empty() && places.into_iter().all(may_see)
    }
}
