//! The decision: from facts and rules to an answer, total and in bounded time.
//!
//! Hard stops first; then the own record; then every rule is asked, and those that match are noted. A deny of any layer
//! wins over every permit: nothing is decided by who is more specific, who came last, or how deep something is nested.
//! Two things remove a deny, and both can be read off the rule: a base deny yields to a permit of its own consent, and an
//! authorised emergency sets aside what may be overridden. Nothing here allocates, asks a clock or fails.

use crate::category::{Categories, Category};
use crate::chart::{ChartView, SubjectState};
use crate::codebook::Codebook;
use crate::decision::{Basis, Decision, Fate, Matched, Outcome, Reasons, RuleRef, Stop, Stops};
use crate::emergency::{Authorised, EmergencyKind};
use crate::matching::{Context, day_of};
use crate::obligation::{Field, Obligation, Obligations};
use crate::policy::{CHUNK, PolicyImage};
use crate::purpose::Purposes;
use crate::request::{RecordFacts, Request};
use crate::rule::{Effect, Flags, Rule};

/// Decides with one version of the network's policy.
#[derive(Clone, Copy, Debug)]
pub struct Engine<'a> {
    /// The policy.
    pub policy: &'a PolicyImage,
    /// The numbers that its rules, charts and requests use.
    pub book: &'a Codebook,
}

/// Where what was found is written, and how the places of the rules are called.
struct Noted<'r, A> {
    reasons: &'r mut Reasons,
    joined: &'r mut Obligations,
    at: A,
    /// The place of the first rule.
    first: u32,
}

/// What is the same for all records that one request is about.
pub(crate) struct Question {
    pub(crate) stops: Stops,
    pub(crate) is_own: bool,
    pub(crate) authorised: Option<Authorised>,
}

impl<'a> Engine<'a> {
    /// May this requester see this record? The rules behind the answer are written into `reasons`.
    #[must_use]
    pub fn decide(&self, chart: ChartView<'a>, request: &Request<'a>, reasons: &mut Reasons) -> Decision {
        reasons.matched.clear();
        let (question, mut context) = self.question(chart, request);
        let record = &request.record;
        let stops = question.stops.with(record_stops(record, chart));
        if question.is_own && stops.is_empty() {
            return own(&context);
        }
        let mut joined = Obligations::NONE;
        let day = day_of(record.date);
        // The patient's rules are looked at first and weighed last: they come from far away in memory, and the policy is
        // asked while they travel.
        let mut chart_parts = chart.rules.chunks(CHUNK);
        let first_part = chart_parts.next().unwrap_or_default();
        let first_candidates = context.candidates(first_part, record);
        for (part, rules) in self.policy.rules().chunks(CHUNK).enumerate() {
            let candidates = context.indexed(self.policy.index(), part, record.category);
            let at = |place: u32| RuleRef::Network(place);
            self.ask(
                &mut context,
                (rules, candidates),
                (record, day),
                &mut Noted { reasons, joined: &mut joined, at, first: start_of(part) },
            );
        }
        let (first, vetoes) = self.policy.rules_of(record.custodian);
        for (part, rules) in vetoes.chunks(CHUNK).enumerate() {
            let candidates = context.candidates(rules, record);
            let at = |place: u32| RuleRef::Custodian(place);
            self.ask(
                &mut context,
                (rules, candidates),
                (record, day),
                &mut Noted { reasons, joined: &mut joined, at, first: first + start_of(part) },
            );
        }
        let at = |place: u32| RuleRef::Chart(place);
        self.ask(
            &mut context,
            (first_part, first_candidates),
            (record, day),
            &mut Noted { reasons, joined: &mut joined, at, first: 0 },
        );
        for (part, rules) in chart_parts.enumerate() {
            let candidates = context.candidates(rules, record);
            self.ask(
                &mut context,
                (rules, candidates),
                (record, day),
                &mut Noted { reasons, joined: &mut joined, at, first: start_of(part + 1) },
            );
        }
        let judged = Judged { stops, obligations: joined, record, is_own: question.is_own };
        self.conclude(&context, &judged, question.authorised.as_ref(), reasons)
    }

    /// Asks those of some rules that can match, and notes those that do.
    #[inline]
    fn ask<A: Fn(u32) -> RuleRef>(
        &self,
        context: &mut Context<'_>,
        (rules, candidates): (&[Rule], u64),
        (record, day): (&RecordFacts<'_>, i32),
        noted: &mut Noted<'_, A>,
    ) {
        let mut candidates = candidates;
        while candidates != 0 {
            let place = candidates.trailing_zeros();
            candidates &= candidates - 1;
            let Some(rule) = rules.get(place as usize) else { break };
            if context.is_of_other_masks(rule, record)
                && context.is_of_people(rule)
                && context.is_of_details(rule, record, day)
                && context.is_in_force(rule)
            {
                note(noted.reasons, noted.joined, (rule, (noted.at)(noted.first + place)), self.book);
            }
        }
    }

    /// May this requester learn that the person has a record at this custodian at all? The category of the record is
    /// not looked at; its labels are those that the custodian itself has (a psychiatric hospital), and it has no date.
    #[must_use]
    pub fn visibility(&self, chart: ChartView<'a>, request: &Request<'a>, reasons: &mut Reasons) -> Decision {
        let record = RecordFacts { category: Category::IDENTITY, ..request.record };
        self.decide(chart, &Request { record, ..*request }, reasons)
    }

    #[inline]
    pub(crate) fn question(&self, chart: ChartView<'a>, request: &Request<'a>) -> (Question, Context<'a>) {
        let emergency = self.policy.emergency().standing(request);
        let mut context = Context::new(self.book, chart, request, emergency.authorised.as_ref());
        context.until_second = emergency.until;
        let requester = request.requester;
        let custodian = request.record.custodian;
        let is_unknown = !requester.institution.is_named() || !custodian.is_named();
        let is_own = !is_unknown && requester.institution == custodian;
        let purpose = request.purpose.set();
        let stops = Stops::NONE
            .and_if(request.is_stale, Stop::Stale)
            .and_if(!Purposes::ALL.meets(purpose), Stop::UnknownPurpose)
            .and_if(is_unknown, Stop::UnknownInstitution)
            .and_if(requester.is_suspended, Stop::Suspended)
            .and_if(!requester.licensed.meets(purpose), Stop::PurposeNotLicensed)
            .and_if(!requester.is_participant, Stop::NotParticipating)
            .and_if(emergency.is_refused && !is_own, Stop::EmergencyRefused)
            .with(self.subject_stops(chart, request, (is_own, emergency.authorised.is_some())));
        (Question { stops, is_own, authorised: emergency.authorised }, context)
    }

    fn subject_stops(
        &self,
        chart: ChartView<'a>,
        request: &Request<'a>,
        (is_own, is_emergency): (bool, bool),
    ) -> Stops {
        if is_own || request.has_legal_basis {
            return Stops::NONE;
        }
        let may_reach_withdrawn = is_emergency && self.policy.may_reach_withdrawn_in_emergency();
        let state = chart.subject.state;
        Stops::NONE
            .and_if(state == SubjectState::NotEnrolled, Stop::NotEnrolled)
            .and_if(state == SubjectState::Withdrawn && !may_reach_withdrawn, Stop::Withdrawn)
            .and_if(chart.subject.is_deceased, Stop::Deceased)
    }

    /// Joins what was found into the answer.
    pub(crate) fn conclude(
        &self,
        context: &Context<'_>,
        judged: &Judged<'_>,
        authorised: Option<&Authorised>,
        reasons: &mut Reasons,
    ) -> Decision {
        let Judged { stops, record, .. } = *judged;
        let emergency = authorised.map(|authorised| authorised.kind);
        let sets_aside = emergency.is_some_and(EmergencyKind::overrides) && !record.labels.meets(self.policy.sealed());
        let (mut permits, mut denies) = (0_usize, 0_usize);
        for place in 0..reasons.matched.len() {
            let Some(matched) = reasons.matched.get(place).copied() else { break };
            match matched.fate {
                Fate::Permits => permits += 1,
                Fate::Denies => {
                    let fate = self.fate_of_deny(context, matched.rule, (reasons, sets_aside));
                    denies += usize::from(fate == Fate::Denies);
                    reasons.matched.iter_mut().skip(place).take(1).for_each(|matched| matched.fate = fate);
                }
                _ => {}
            }
        }
        let (outcome, basis) = match emergency {
            _ if !stops.is_empty() => (Outcome::Deny, Basis::Stopped),
            _ if judged.is_own => (Outcome::Permit, Basis::OwnRecord),
            _ if denies > 0 => (Outcome::Deny, Basis::Denied),
            _ if permits == 0 => (Outcome::Deny, Basis::NoPermit),
            Some(kind) => (Outcome::Permit, Basis::Emergency(kind)),
            None => (Outcome::Permit, Basis::Permitted),
        };
        let mut obligations = Obligations::NONE;
        if outcome == Outcome::Permit {
            obligations = judged.obligations;
            if let Some(authorised) = authorised {
                obligations = obligations.joined(authorised.obligations);
            }
            if context.chart.subject.is_restricted {
                obligations = obligations.and(Obligation::Mask(Field::Address));
            }
        }
        Decision { outcome, basis, stops, obligations, valid_until: context.valid_until() }
    }

    /// What becomes of a deny that matched, once all permits that matched are known.
    fn fate_of_deny(&self, context: &Context<'_>, at: RuleRef, (reasons, sets_aside): (&Reasons, bool)) -> Fate {
        let Some(rule) = self.rule(context.chart, at) else { return Fate::Denies };
        let is_lifting = |matched: &Matched| {
            let permit = self.rule(context.chart, matched.rule);
            matched.fate == Fate::Permits && permit.is_some_and(|permit| permit.source == rule.source)
        };
        if rule.flags.has(Flags::BASE) && rule.source != 0 && reasons.matched.iter().any(is_lifting) {
            Fate::Lifted
        } else if sets_aside && rule.flags.has(Flags::OVERRIDABLE) {
            Fate::Overridden
        } else {
            Fate::Denies
        }
    }

    /// The rule at a place; none when there is none, as with the reasons of another chart or policy.
    #[must_use]
    pub fn rule<'r>(&'r self, chart: ChartView<'r>, at: RuleRef) -> Option<&'r Rule> {
        let (rules, place) = match at {
            RuleRef::Network(place) => (self.policy.rules(), place),
            RuleRef::Custodian(place) => (self.policy.custodian_rules(), place),
            RuleRef::Chart(place) => (chart.rules, place),
        };
        rules.get(usize::try_from(place).ok()?)
    }
}

/// The place of the first rule of a part.
fn start_of(part: usize) -> u32 {
    u32::try_from(part * CHUNK).unwrap_or(u32::MAX)
}

/// What was found for one record.
pub(crate) struct Judged<'r> {
    pub(crate) stops: Stops,
    pub(crate) obligations: Obligations,
    pub(crate) record: &'r RecordFacts<'r>,
    pub(crate) is_own: bool,
}

/// The hard stops that lie in the record.
pub(crate) fn record_stops(record: &RecordFacts<'_>, chart: ChartView<'_>) -> Stops {
    Stops::NONE
        .and_if(!Categories::ALL.meets(record.category.set()), Stop::UnknownCategory)
        .and_if(!record.labels.is_of_record(), Stop::UnknownLabel)
        .and_if(record.identity >= chart.identities, Stop::UnknownIdentity)
}

/// The answer to whoever asks for its own record.
pub(crate) fn own(context: &Context<'_>) -> Decision {
    Decision {
        outcome: Outcome::Permit,
        basis: Basis::OwnRecord,
        stops: Stops::NONE,
        obligations: Obligations::NONE.and(Obligation::Audit),
        valid_until: context.valid_until(),
    }
}

/// Notes a rule that matched.
#[inline]
pub(crate) fn note(reasons: &mut Reasons, joined: &mut Obligations, (rule, at): (&Rule, RuleRef), book: &Codebook) {
    let fate = match rule.flags.effect() {
        Effect::Permit => Fate::Permits,
        Effect::Deny => Fate::Denies,
        Effect::Limit => Fate::Limits,
    };
    reasons.matched.push(Matched { rule: at, fate });
    if fate != Fate::Denies && rule.obligations.0 != 0 {
        *joined = joined.joined(book.obligations(rule.obligations));
    }
}
