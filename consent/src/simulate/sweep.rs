//! One requester and one record, in all categories at once.
//!
//! Category is the one fact of a record that every rule tests with a mask. So what a decision finds out for one category,
//! a sweep finds out for all of them at the same cost: the categories that are permitted, those that are denied, and which
//! rule was the first to say so. It equals the single decisions; that is a property under test.

use crate::category::{Categories, Category};
use crate::chart::ChartView;
use crate::decide::{Engine, record_stops};
use crate::decision::{RuleRef, Stop, Stops};
use crate::emergency::EmergencyKind;
use crate::matching::{Context, day_of};
use crate::request::{RecordFacts, Request};
use crate::rule::{Effect, Flags, Rule};

/// What a cell rests on: the first rule that decides, or what there is instead of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CellReason {
    /// It is the requester's own record.
    Own,
    /// A rule permits it.
    Permit(RuleRef),
    /// A rule denies it.
    Deny(RuleRef),
    /// Nobody permits it.
    NoPermit,
    /// A hard stop, the first of them.
    Stop(Stop),
}

/// Buffers of a sweep and its result; used again, it allocates nothing.
#[derive(Debug, Default)]
pub(crate) struct Sweep {
    stops: Stops,
    is_own: bool,
    permitted: Categories,
    denied: Categories,
    permits: Vec<(Categories, RuleRef)>,
    denies: Vec<(Categories, RuleRef)>,
    /// Base denies, each with the consent whose permits lift it.
    bases: Vec<(u16, Categories, RuleRef)>,
    of_consents: Vec<(u16, Categories)>,
}

impl Sweep {
    /// Asks all rules. Of the record in the request everything but the category is looked at.
    pub(crate) fn ask<'a>(&mut self, engine: &Engine<'a>, chart: ChartView<'a>, request: &Request<'a>) {
        self.permits.clear();
        self.denies.clear();
        self.bases.clear();
        self.of_consents.clear();
        (self.permitted, self.denied) = (Categories::NONE, Categories::NONE);
        let (question, mut context) = engine.question(chart, request);
        let record = RecordFacts { category: Category::IDENTITY, ..request.record };
        self.stops = question.stops.with(record_stops(&record, chart));
        self.is_own = question.is_own;
        if self.is_own || !self.stops.is_empty() {
            return;
        }
        let kind = question.authorised.map(|authorised| authorised.kind);
        let sets_aside = kind.is_some_and(EmergencyKind::overrides) && !record.labels.meets(engine.policy.sealed());
        let mut asked = Asked { context: &mut context, record: &record, day: day_of(record.date), sets_aside };
        for (place, rule) in (0_u32..).zip(engine.policy.rules()) {
            self.note(&mut asked, rule, RuleRef::Network(place));
        }
        let (first, vetoes) = engine.policy.rules_of(record.custodian);
        for (place, rule) in (first..).zip(vetoes) {
            self.note(&mut asked, rule, RuleRef::Custodian(place));
        }
        for (place, rule) in (0_u32..).zip(chart.rules) {
            self.note(&mut asked, rule, RuleRef::Chart(place));
        }
        self.settle_bases();
    }

    fn note(&mut self, asked: &mut Asked<'_, '_>, rule: &Rule, at: RuleRef) {
        if !asked.is_met(rule) {
            return;
        }
        match rule.flags.effect() {
            Effect::Permit => {
                add(&mut self.permits, &mut self.permitted, (rule.categories, at));
                if rule.source != 0 {
                    self.of_consents.push((rule.source, rule.categories));
                }
            }
            Effect::Deny if asked.sets_aside && rule.flags.has(Flags::OVERRIDABLE) => {}
            Effect::Deny if rule.flags.has(Flags::BASE) && rule.source != 0 => {
                self.bases.push((rule.source, rule.categories, at));
            }
            Effect::Deny => add(&mut self.denies, &mut self.denied, (rule.categories, at)),
            Effect::Limit => {}
        }
    }

    /// What is left of the base denies when all permits are known.
    fn settle_bases(&mut self) {
        for (source, categories, at) in self.bases.drain(..) {
            let own = self.of_consents.iter().filter(|(of, _)| *of == source);
            let lifted = own.fold(Categories::NONE, |all, (_, categories)| all.with(*categories));
            add(&mut self.denies, &mut self.denied, (categories.without(lifted), at));
        }
    }

    /// The categories of which the record may be seen.
    pub(crate) fn open(&self) -> Categories {
        if !self.stops.is_empty() {
            Categories::NONE
        } else if self.is_own {
            Categories::ALL
        } else {
            Categories(self.permitted.without(self.denied).0 & Categories::ALL.0)
        }
    }

    /// What the answer for a category rests on.
    pub(crate) fn reason(&self, category: Category) -> CellReason {
        let first = |said: &[(Categories, RuleRef)]| {
            said.iter().find(|(categories, _)| categories.meets(category.set())).map(|(_, at)| *at)
        };
        if let Some(stop) = self.stops.iter().next() {
            CellReason::Stop(stop)
        } else if !Categories::ALL.meets(category.set()) {
            CellReason::Stop(Stop::UnknownCategory)
        } else if self.is_own {
            CellReason::Own
        } else if let Some(at) = first(&self.denies) {
            CellReason::Deny(at)
        } else {
            first(&self.permits).map_or(CellReason::NoPermit, CellReason::Permit)
        }
    }
}

/// What the rules are asked about.
struct Asked<'s, 'a> {
    context: &'s mut Context<'a>,
    record: &'s RecordFacts<'a>,
    day: i32,
    sets_aside: bool,
}

impl Asked<'_, '_> {
    fn is_met(&mut self, rule: &Rule) -> bool {
        let labels = self.record.labels;
        !rule.labels_none.meets(labels)
            && (rule.labels_any.is_empty() || rule.labels_any.meets(labels))
            && self.context.is_for_request(rule)
            && self.context.is_of_details(rule, self.record, self.day)
            && self.context.is_in_force(rule)
    }
}

/// Adds what a rule says, if it says anything new.
fn add(said: &mut Vec<(Categories, RuleRef)>, all: &mut Categories, (categories, at): (Categories, RuleRef)) {
    let new = categories.without(*all);
    if !new.is_empty() {
        said.push((new, at));
        *all = all.with(new);
    }
}
