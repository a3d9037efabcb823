//! One answer for a whole chart: which records of a custodian may be seen, as bit tests.
//!
//! A mask is the decision with everything worked out that is the same for all records of one custodian: who asks, why,
//! when, in what emergency. What is left are slices: categories, labels, days, and where a rule names single records, that
//! name. Asking a mask about a record gives the decision itself, so a filtered bundle and single questions never differ.

use crate::category::{Categories, Category};
use crate::chart::ChartView;
use crate::decide::{Engine, Judged, Question, note, own, record_stops};
use crate::decision::{Decision, Outcome, Reasons, RuleRef, Stop, Stops};
use crate::label::Labels;
use crate::matching::{Context, day_of};
use crate::obligation::Obligations;
use crate::request::{RecordFacts, Request};
use crate::rule::{Effect, Flags, Rule};
use directory::Instant;

/// Which records may be seen. Use it for one request and throw it away.
pub struct Mask<'a> {
    engine: Engine<'a>,
    question: Question,
    context: Context<'a>,
    slices: Vec<Slice>,
}

/// What one rule says about records. Permits open, denies close, limits oblige; a deny wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// The rule, with days counted from today worked out.
    pub rule: Rule,
    /// Where it stands.
    pub at: RuleRef,
}

impl<'a> Engine<'a> {
    /// Works out which records of a custodian a requester may see. Of the record in the request only the custodian is
    /// looked at.
    #[must_use]
    pub fn mask(&self, chart: ChartView<'a>, request: &Request<'a>) -> Mask<'a> {
        let (question, mut context) = self.question(chart, request);
        let mut slices = Vec::new();
        let (first, vetoes) = self.policy.rules_of(request.record.custodian);
        let network = (0_u32..).zip(self.policy.rules()).map(|(place, rule)| (RuleRef::Network(place), rule));
        let vetoes = (first..).zip(vetoes).map(|(place, rule)| (RuleRef::Custodian(place), rule));
        let of_chart = (0_u32..).zip(chart.rules).map(|(place, rule)| (RuleRef::Chart(place), rule));
        for (at, rule) in network.chain(vetoes).chain(of_chart) {
            if context.is_for_request(rule) && context.is_in_force(rule) {
                let data_from = context.data_from(rule);
                slices.push(Slice { rule: Rule { data_from, ..*rule }, at });
            }
        }
        // The days were worked out just now, so they are not counted from today a second time.
        for slice in &mut slices {
            slice.rule.flags = slice.rule.flags.without(Flags::ROLLING);
        }
        Mask { engine: *self, question, context, slices }
    }
}

impl Mask<'_> {
    /// The decision about one record of the custodian. A record of another custodian is denied.
    pub fn decide(&mut self, record: &RecordFacts<'_>, reasons: &mut Reasons) -> Decision {
        reasons.matched.clear();
        let is_other = record.custodian != self.context.custodian;
        let stops = self.question.stops.with(record_stops(record, self.context.chart));
        let stops = stops.and_if(is_other, Stop::UnknownInstitution);
        if self.question.is_own && stops.is_empty() {
            return own(&self.context);
        }
        let day = day_of(record.date);
        let mut joined = Obligations::NONE;
        for Slice { rule, at } in &self.slices {
            if self.context.is_for_record(rule, record, day) {
                note(reasons, &mut joined, (rule, *at), self.engine.book);
            }
        }
        let judged = Judged { stops, obligations: joined, record, is_own: self.question.is_own };
        self.engine.conclude(&self.context, &judged, self.question.authorised.as_ref(), reasons)
    }

    /// The hard stops of the whole request; when there are any, nothing may be seen.
    #[must_use]
    pub fn stops(&self) -> Stops {
        self.question.stops
    }

    /// Whether the custodian is the requester itself: everything may be seen.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.question.is_own
    }

    /// What is left of the rules, for whoever filters by itself or shows it.
    #[must_use]
    pub fn slices(&self) -> &[Slice] {
        &self.slices
    }

    /// The answer holds until this instant while link, directory, consents and policy stay.
    #[must_use]
    pub fn valid_until(&self) -> Instant {
        self.context.valid_until()
    }

    /// The categories in which something may be seen: all others need not be fetched at all.
    #[must_use]
    pub fn open(&self) -> Categories {
        if !self.question.stops.is_empty() {
            return Categories::NONE;
        }
        if self.question.is_own {
            return Categories::ALL;
        }
        let permits = self.slices.iter().filter(|slice| slice.rule.flags.effect() == Effect::Permit);
        permits.fold(Categories::NONE, |all, slice| all.with(slice.rule.categories))
    }

    /// The categories of which every record may be seen as it is: no deny, no limit and no condition touches them.
    #[must_use]
    pub fn whole(&self) -> Categories {
        if !self.question.stops.is_empty() {
            return Categories::NONE;
        }
        if self.question.is_own {
            return Categories::ALL;
        }
        let of = |effect: Effect| self.slices.iter().filter(move |slice| slice.rule.flags.effect() == effect);
        let touched = of(Effect::Deny).chain(of(Effect::Limit));
        let touched = touched.fold(Categories::NONE, |all, slice| all.with(slice.rule.categories));
        let free = of(Effect::Permit).filter(|slice| slice.is_unconditional());
        free.fold(Categories::NONE, |all, slice| all.with(slice.rule.categories)).without(touched)
    }

    /// Whether some record of a category with some labels may be seen, whatever its other facts: a quick first look.
    #[must_use]
    pub fn may_open(&self, category: Category, labels: Labels) -> bool {
        let is_for = |slice: &&Slice| {
            let rule = &slice.rule;
            rule.flags.effect() == Effect::Permit
                && rule.categories.meets(category.set())
                && (rule.labels_any.is_empty() || rule.labels_any.meets(labels))
                && !rule.labels_none.meets(labels)
        };
        self.question.stops.is_empty() && (self.question.is_own || self.slices.iter().any(|slice| is_for(&slice)))
    }
}

impl Slice {
    /// Whether it asks nothing of a record but its category.
    #[must_use]
    pub fn is_unconditional(&self) -> bool {
        let rule = &self.rule;
        rule.labels_any.is_empty()
            && rule.labels_none.is_empty()
            && rule.data_from == i32::MIN
            && rule.data_until == i32::MAX
            && rule.data.is_any()
            && !rule.flags.has(Flags::NARROW_REACH)
    }

    /// Whether it opens or closes.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        match self.rule.flags.effect() {
            Effect::Permit => Some(Outcome::Permit),
            Effect::Deny => Some(Outcome::Deny),
            Effect::Limit => None,
        }
    }
}

impl std::fmt::Debug for Mask<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mask").field("stops", &self.stops()).field("slices", &self.slices).finish_non_exhaustive()
    }
}
