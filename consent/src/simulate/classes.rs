//! Who and what no rule can tell apart: groups of requesters, and groups of records.
//!
//! Rules see a requester through selectors and a few masks, and a record through selectors, labels and days. Two that give
//! the same answers to all of these get the same decisions, so one of them is asked for both. A signature is the list of
//! those answers.

use crate::codebook::Number;
use crate::decide::Engine;
use crate::emergency::EmergencyKind;
use crate::matching::Context;
use crate::request::{RecordFacts, Request, Requester};
use crate::rule::{Effect, Rule, Selector};
use std::collections::BTreeMap;

/// What was the answer to everything that can be asked.
pub(crate) type Signature = Vec<u64>;

/// Members by signature, in the order in which the signatures came first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Classes {
    /// The class of each member.
    pub(crate) of: Vec<usize>,
    /// The members of each class, ascending.
    pub(crate) members: Vec<Vec<usize>>,
}

impl Classes {
    pub(crate) fn group<S: Ord>(signatures: impl Iterator<Item = S>) -> Self {
        let mut known: BTreeMap<S, usize> = BTreeMap::new();
        let mut classes = Self::default();
        for (member, signature) in signatures.enumerate() {
            let next = known.len();
            let class = *known.entry(signature).or_insert(next);
            if class == next && classes.members.len() == next {
                classes.members.push(Vec::new());
            }
            classes.of.push(class);
            classes.members.iter_mut().skip(class).take(1).for_each(|members| members.push(member));
        }
        classes
    }
}

/// Selectors that rules use, each once. What is not known counts differently for a deny, so that belongs to the question.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selectors(pub(crate) Vec<(Selector, bool)>);

impl Selectors {
    pub(crate) fn of<'r>(rules: impl Iterator<Item = &'r Rule>, choose: impl Fn(&Rule) -> Selector) -> Self {
        let mut all: Vec<(Selector, bool)> =
            rules.map(|rule| (choose(rule), rule.flags.effect() == Effect::Deny)).filter(|it| !it.0.is_any()).collect();
        all.sort_unstable();
        all.dedup();
        Self(all)
    }

    /// One bit for each selector, by what a test says of it.
    pub(crate) fn bits(&self, signature: &mut Signature, mut test: impl FnMut(Selector, bool) -> bool) {
        for chunk in self.0.chunks(64) {
            let word = chunk
                .iter()
                .rev()
                .fold(0_u64, |word, (selector, is_deny)| word << 1 | u64::from(test(*selector, *is_deny)));
            signature.push(word);
        }
    }
}

/// What rules and terms can tell of a requester, whatever the role: with the selectors of all rules that may be asked.
pub(crate) fn requester_signature(context: &mut Context<'_>, engine: &Engine<'_>, recipients: &Selectors) -> Signature {
    let requester = context.requester;
    let emergency = engine.policy.emergency();
    let kinds = EmergencyKind::ALL.into_iter().filter_map(|kind| emergency.terms(kind));
    let may_declare = kinds.fold(0_u64, |all, terms| {
        all << 1 | u64::from(requester.kind.is_some_and(|kind| terms.institutions.has(kind)))
    });
    let flags = [
        requester.institution.is_named(),
        requester.is_participant,
        requester.is_suspended,
        requester.may_break_glass,
        requester.relations.0 != 0,
    ];
    let flags = flags.into_iter().fold(0_u64, |all, flag| all << 1 | u64::from(flag));
    let mut signature = vec![flags, may_declare, u64::from(requester.licensed.0)];
    for disasters in emergency.disasters.chunks(64) {
        let is_in = |regions: &[Number]| u64::from(regions.contains(&requester.region));
        signature.push(disasters.iter().fold(0, |all, disaster| all << 1 | is_in(&disaster.regions)));
    }
    recipients.bits(&mut signature, |selector, is_deny| context.is_recipient(selector, is_deny));
    signature
}

/// What rules can tell of a record, whatever its category; without the vetoes of its custodian.
pub(crate) fn record_signature(
    context: &mut Context<'_>,
    record: &RecordFacts<'_>,
    (custodians, data): (&Selectors, &Selectors),
) -> Signature {
    let day = i64::from(record.date.map_or(i32::MIN, directory::Date::days));
    let identity = if record.identity < context.chart.identities { u64::from(record.identity) } else { u64::MAX };
    let mut signature = vec![u64::from(record.custodian.is_named()), day.cast_unsigned(), record.labels.0, identity];
    custodians.bits(&mut signature, |selector, _| context.is_custodian(selector));
    data.bits(&mut signature, |selector, is_deny| context.is_of_data(selector, record, is_deny));
    signature
}

/// The vetoes of each record's custodian as a number, the same for the same vetoes.
#[derive(Debug, Default)]
pub(crate) struct VetoLists(Vec<Vec<Rule>>);

impl VetoLists {
    pub(crate) fn number(&mut self, engine: &Engine<'_>, custodian: Number) -> u64 {
        let (_, rules) = engine.policy.rules_of(custodian);
        // Each names its own custodian, and that is all that may differ.
        let list: Vec<Rule> = rules.iter().map(|rule| Rule { custodian: Selector::ANY, ..*rule }).collect();
        let place = self.0.iter().position(|known| *known == list).unwrap_or_else(|| {
            self.0.push(list);
            self.0.len() - 1
        });
        place as u64
    }
}

/// A context for asking selectors one by one.
pub(crate) fn context_of<'a>(engine: &Engine<'a>, request: &Request<'a>, chart: crate::ChartView<'a>) -> Context<'a> {
    Context::new(engine.book, chart, request, None)
}

/// The same requester in a role.
pub(crate) fn in_role(requester: &Requester, role: crate::ActingAs) -> Requester {
    Requester { role, ..requester.clone() }
}
