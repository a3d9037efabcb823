//! Everybody who may ask, for everything that may be asked, grouped by what the two policies can tell apart.
//!
//! Seats, relationships, roles, questions (a purpose, with an emergency where it needs one), labels and records vary
//! independently of each other, and every condition of a rule is about one of them. So each is grouped by itself.

use super::bits::BitSet;
use super::{Drafted, Relationship};
use crate::Engine;
use crate::chart::{ChartView, Subject, SubjectState};
use crate::emergency::{Emergency, EmergencyKind, EmergencyReason, EmergencyTerms};
use crate::label::Labels;
use crate::matching::Context;
use crate::policy::PolicyImage;
use crate::purpose::{Purpose, Purposes};
use crate::request::{RecordFacts, Request, Requester};
use crate::role::ActingAs;
use crate::rule::{Effect, Flags, Rule, Second, Selected, Selector};
use crate::simulate::classes::{Classes, Selectors, Signature, VetoLists};
use directory::{Date, Instant, InstitutionKind, Offset};

pub(super) const MICROS_PER_DAY: i64 = 86_400 * 1_000_000;

/// What is asked: a purpose, and the emergency that is declared with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    pub(super) purpose: Purpose,
    pub(super) emergency: Option<AskedEmergency>,
}

/// An emergency that is declared, at the moment at which it is declared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AskedEmergency {
    pub(super) kind: EmergencyKind,
    reason: EmergencyReason,
    is_reauthenticated: bool,
    pub(super) is_named: bool,
}

/// Seats that the policies do not tell apart.
#[derive(Debug)]
pub(super) struct SeatClass {
    pub(super) members: BitSet,
    pub(super) kind: Option<InstitutionKind>,
    pub(super) first: usize,
}

/// Records that the policies do not tell apart.
#[derive(Debug)]
pub(super) struct RecordClass {
    pub(super) members: BitSet,
    pub(super) first: usize,
}

/// Labels that the policies do not tell apart.
#[derive(Debug)]
pub(super) struct LabelClass {
    pub(super) members: Vec<usize>,
    pub(super) is_sensitive: bool,
}

#[derive(Debug)]
pub(super) struct Universe<'a> {
    pub(super) drafted: &'a Drafted<'a>,
    pub(super) seats: Vec<SeatClass>,
    pub(super) records: Vec<RecordClass>,
    pub(super) labels: Vec<LabelClass>,
    /// By the places of the relationships.
    pub(super) relations: Vec<Vec<usize>>,
    pub(super) asks: Vec<Ask>,
    /// By the places of the asks.
    pub(super) ask_classes: Vec<Vec<usize>>,
    /// The present, then each moment at which a rule or term of a policy begins or ends.
    pub(super) moments: Vec<Instant>,
}

/// A chart that says nothing, for asking what does not depend on a chart.
pub(super) const NO_CHART: ChartView<'static> = ChartView {
    rules: &[],
    reaches: &[],
    identities: 1,
    subject: Subject {
        state: SubjectState::Enrolled,
        is_deceased: false,
        is_restricted: false,
        has_signed: true,
        facts_until: Instant::FOREVER,
    },
};

impl<'a> Universe<'a> {
    pub(super) fn new(drafted: &'a Drafted<'a>) -> Self {
        let mut universe = Self {
            drafted,
            seats: Vec::new(),
            records: Vec::new(),
            labels: Vec::new(),
            relations: Vec::new(),
            asks: asks(drafted),
            ask_classes: Vec::new(),
            moments: Vec::new(),
        };
        universe.moments = universe.network_moments();
        universe.group_seats();
        universe.group_records();
        universe.group_labels();
        universe.group_relations();
        universe.group_asks();
        universe
    }

    pub(super) fn policies(&self) -> [&'a PolicyImage; 2] {
        [self.drafted.old, self.drafted.new]
    }

    fn rules(&self) -> impl Iterator<Item = &'a Rule> + use<'a> {
        self.policies().into_iter().flat_map(|policy| policy.rules().iter().chain(policy.custodian_rules()))
    }

    fn group_seats(&mut self) {
        let recipients = Selectors::of(self.rules(), |rule| rule.recipient);
        let recipients = Selectors(recipients.0.into_iter().filter(|(it, _)| !is_of_relation(*it)).collect());
        let kinds = InstitutionKind::ALL;
        let regions = || self.policies().into_iter().flat_map(|policy| &policy.emergency().disasters);
        let signature = |seat: &Requester| {
            let place = seat.kind.and_then(|kind| kinds.iter().position(|known| *known == kind));
            let mut signature: Signature = vec![place.map_or(u64::MAX, |place| place as u64), seat.licensed.0.into()];
            signature.extend(regions().map(|disaster| u64::from(disaster.regions.contains(&seat.region))));
            let asker = seat.clone();
            let Some(record) = self.drafted.records.first() else { return signature };
            let request = self.request((&asker, *record), self.drafted.now);
            let mut context = Context::new(self.drafted.book, NO_CHART, &request, None);
            recipients.bits(&mut signature, |selector, is_deny| context.is_recipient(selector, is_deny));
            signature
        };
        // Whoever is stopped under every policy sees nothing before and nothing after.
        let may_ask = |seat: &Requester| seat.institution.is_named() && seat.is_participant && !seat.is_suspended;
        let all = Classes::group(self.drafted.seats.iter().map(|seat| may_ask(seat).then(|| signature(seat))));
        let classes = all.members.into_iter().filter_map(|members| {
            let first = *members.first()?;
            let seat = self.drafted.seats.get(first).filter(|seat| may_ask(seat))?;
            Some(SeatClass { members: BitSet::of(members), kind: seat.kind, first })
        });
        self.seats = classes.collect();
    }

    fn group_records(&mut self) {
        let Some(anybody) = self.drafted.seats.first() else { return };
        // Vetoes name their own custodian; which vetoes there are is compared as a whole.
        let of_network = self.policies().into_iter().flat_map(|policy| policy.rules());
        let custodians = Selectors::of(of_network, |rule| rule.custodian);
        let data = Selectors::of(self.rules(), |rule| rule.data);
        let mut lists = [VetoLists::default(), VetoLists::default()];
        let signatures = self.drafted.records.iter().map(|record| {
            let day = i64::from(record.date.map_or(i32::MIN, Date::days)).cast_unsigned();
            let mut signature: Signature = vec![u64::from(record.custodian.is_named()), day];
            let request = self.request((anybody, *record), self.drafted.now);
            let context = Context::new(self.drafted.book, NO_CHART, &request, None);
            custodians.bits(&mut signature, |selector, _| context.is_custodian(selector));
            data.bits(&mut signature, |selector, is_deny| context.is_of_data(selector, record, is_deny));
            for (policy, lists) in self.policies().into_iter().zip(&mut lists) {
                signature.push(lists.number(&Engine { policy, book: self.drafted.book }, record.custodian));
            }
            signature
        });
        let classes = Classes::group(signatures).members.into_iter().filter_map(|members| {
            let first = *members.first()?;
            let record = self.drafted.records.get(first)?;
            record.custodian.is_named().then(|| RecordClass { members: BitSet::of(members), first })
        });
        self.records = classes.collect();
    }

    fn group_labels(&mut self) {
        let mut masks: Vec<u64> = self.rules().flat_map(|rule| [rule.labels_any.0, rule.labels_none.0]).collect();
        masks.extend(self.policies().map(|policy| policy.sealed().0));
        masks.sort_unstable();
        masks.dedup();
        let labels = self.drafted.labels;
        let is_sensitive = |labels: Labels| self.policies().iter().any(|policy| policy.sensitive().meets(labels));
        let signature = |labels: &Labels| {
            let met: Vec<bool> = masks.iter().map(|mask| mask & labels.0 != 0).collect();
            labels.is_of_record().then_some((is_sensitive(*labels), met))
        };
        let classes = Classes::group(labels.iter().map(signature)).members.into_iter().filter_map(|members| {
            let first = labels.get(*members.first()?)?;
            first.is_of_record().then(|| LabelClass { is_sensitive: is_sensitive(*first), members })
        });
        self.labels = classes.collect();
    }

    fn group_relations(&mut self) {
        let (Some(seat), Some(record)) = (self.drafted.seats.first(), self.drafted.records.first()) else { return };
        let recipients = Selectors::of(self.rules(), |rule| rule.recipient);
        let recipients = Selectors(recipients.0.into_iter().filter(|(it, _)| is_of_relation(*it)).collect());
        let signatures = self.drafted.relations.iter().map(|relation| {
            let asker = relation.of(seat);
            let mut signature: Signature = vec![u64::from(asker.relations.0 != 0)];
            for moment in &self.moments {
                let request = self.request((&asker, *record), *moment);
                let mut context = Context::new(self.drafted.book, NO_CHART, &request, None);
                recipients.bits(&mut signature, |selector, is_deny| context.is_recipient(selector, is_deny));
            }
            signature
        });
        self.relations = Classes::group(signatures).members;
    }

    fn group_asks(&mut self) {
        let mut masks: Vec<u32> = self.rules().map(|rule| rule.purposes.0).collect();
        masks.extend(self.drafted.seats.iter().map(|seat| seat.licensed.0));
        masks.sort_unstable();
        masks.dedup();
        let signature = |(place, ask): (usize, &Ask)| {
            let met: Vec<bool> = masks.iter().map(|mask| mask & ask.purpose.set().0 != 0).collect();
            // Each emergency is a question of its own: there are few.
            (ask.emergency.map(|_| place), met)
        };
        self.ask_classes = Classes::group(self.asks.iter().enumerate().map(signature)).members;
    }

    /// The present, and when rules and terms of the policies begin or end within the horizon.
    fn network_moments(&self) -> Vec<Instant> {
        let mut moments = Moments::new(self.drafted);
        self.rules().for_each(|rule| moments.add_rule(rule));
        for disaster in self.policies().into_iter().flat_map(|policy| &policy.emergency().disasters) {
            moments.add(disaster.from.instant());
            moments.add(disaster.until.instant());
        }
        moments.finish()
    }

    /// A question about a record, in the words of the engine; its purpose and the rest are filled in by the caller.
    pub(super) fn request<'r>(&self, (asker, record): (&'r Requester, RecordFacts<'r>), now: Instant) -> Request<'r> {
        Request {
            requester: asker,
            record,
            purpose: Purpose::TREAT,
            now,
            emergency: None,
            has_legal_basis: false,
            is_stale: false,
        }
    }

    /// Somebody who asks.
    pub(super) fn asker(&self, (seat, relation): (usize, usize), role: ActingAs, ask: Ask) -> Option<Requester> {
        let seat = self.drafted.seats.get(seat)?;
        let asker = self.drafted.relations.get(relation)?.of(seat);
        let may_break_glass = ask.emergency.map_or(asker.may_break_glass, |emergency| emergency.is_named);
        Some(Requester { role, may_break_glass, ..asker })
    }
}

impl Relationship {
    pub(super) fn of(&self, seat: &Requester) -> Requester {
        Requester { relations: self.relations, last_encounter: self.last_encounter, ..seat.clone() }
    }
}

impl Ask {
    /// The declaration, made at a moment.
    pub(super) fn declared(&self, now: Instant) -> Option<Emergency> {
        let AskedEmergency { kind, reason, is_reauthenticated, .. } = self.emergency?;
        Some(Emergency { kind, reason: Some(reason), opened: now, is_reauthenticated })
    }
}

/// Whether a selector is about the relationship of requester and patient, and not about the requester.
pub(super) fn is_of_relation(selector: Selector) -> bool {
    matches!(selector.selected(), Selected::Relations(_) | Selected::SeenWithinDays(_))
}

/// Every purpose without an emergency, and every emergency that one of the policies may treat otherwise than another.
fn asks(drafted: &Drafted<'_>) -> Vec<Ask> {
    let ordinary = Purpose::all().filter(|purpose| !Purposes::EMERGENCY.meets(purpose.set()));
    let mut asks: Vec<Ask> = ordinary.map(|purpose| Ask { purpose, emergency: None }).collect();
    for kind in EmergencyKind::ALL {
        let terms = [drafted.old, drafted.new].map(|policy| policy.emergency().terms(kind));
        for declared in declarations(kind, terms) {
            asks.extend(kind.purposes().iter().map(|purpose| Ask { purpose, emergency: Some(declared) }));
        }
    }
    asks
}

/// One declaration for each way in which the terms of the policies differ.
fn declarations(kind: EmergencyKind, terms: [Option<&EmergencyTerms>; 2]) -> Vec<AskedEmergency> {
    let taken = |reason: EmergencyReason| terms.map(|terms| terms.is_some_and(|it| it.reasons & reason.bit() != 0));
    let mut reasons: Vec<EmergencyReason> = Vec::new();
    for reason in EmergencyReason::ALL.into_iter().filter(|reason| taken(*reason) != [false; 2]) {
        if !reasons.iter().any(|known| taken(*known) == taken(reason)) {
            reasons.push(reason);
        }
    }
    let differ = |needs: &dyn Fn(&EmergencyTerms) -> bool| {
        let [old, new] = terms.map(|terms| terms.map(needs));
        if old == new { &[true][..] } else { &[true, false] }
    };
    let (reauthenticated, named) = (differ(&|terms| terms.needs_reauthentication), differ(&|terms| terms.needs_naming));
    let with_reason = |reason: EmergencyReason| {
        reauthenticated.iter().flat_map(move |is_reauthenticated| {
            let one = move |is_named: &bool| AskedEmergency {
                kind,
                reason,
                is_reauthenticated: *is_reauthenticated,
                is_named: *is_named,
            };
            named.iter().map(one)
        })
    };
    reasons.into_iter().flat_map(with_reason).collect()
}

/// Moments at which something begins or ends, within the horizon.
pub(super) struct Moments<'a> {
    drafted: &'a Drafted<'a>,
    all: Vec<Instant>,
}

impl<'a> Moments<'a> {
    pub(super) fn new(drafted: &'a Drafted<'a>) -> Self {
        Self { drafted, all: vec![drafted.now] }
    }

    pub(super) fn add(&mut self, moment: Instant) {
        if self.drafted.now < moment && moment <= self.drafted.horizon {
            self.all.push(moment);
        }
    }

    pub(super) fn add_rule(&mut self, rule: &Rule) {
        if rule.flags.effect() == Effect::Limit {
            return;
        }
        if rule.from > Second::START {
            self.add(rule.from.instant());
        }
        self.add(rule.until.instant());
        if let Selected::SeenWithinDays(days) = rule.recipient.selected() {
            for last in self.drafted.relations.iter().filter_map(|relation| relation.last_encounter) {
                self.add(last.plus_micros(i64::from(days) * MICROS_PER_DAY));
            }
        }
        if rule.flags.has(Flags::ROLLING) {
            for date in self.drafted.records.iter().filter_map(|record| record.date) {
                // Too old from the day on that is one more than the greatest age after its own.
                let first = Date::from_days(i64::from(date.days()) + i64::from(rule.data_from) + 1);
                first.into_iter().for_each(|day| self.add(day.start_instant(Offset::TOKYO)));
            }
        }
    }

    pub(super) fn finish(mut self) -> Vec<Instant> {
        self.all.sort_unstable();
        self.all.dedup();
        self.all
    }
}
