//! What the two policies say by themselves, and where they differ.
//!
//! Only a rule or term that differs can change an answer. So the policies are compared first, without any chart: what is
//! left are the *contexts* in which they differ, each with what either policy permits and denies in all categories. A
//! chart can only add to both sides.

use super::bits::{BitSet, RuleSet};
use super::universe::{Ask, NO_CHART, Universe};
use super::{DraftError, NETWORK_RULES_MAX};
use crate::emergency::{EmergencyKind, EmergencyKinds};
use crate::matching::{Context as Matching, day_of};
use crate::policy::PolicyImage;
use crate::role::ActingAs;
use crate::rule::{Effect, Flags, Rule};
use directory::Instant;

/// What one policy says in a context, without a chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) permits: u64,
    pub(super) denies: u64,
    /// A hard stop: an emergency that it does not take, or a withdrawn person whom it does not reach.
    pub(super) is_stopped: bool,
    /// Whether denies that may be overridden are set aside.
    pub(super) sets_aside: bool,
}

/// Who asks what of which record, as places of classes in the universe.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    pub(super) record: usize,
    pub(super) seat: usize,
    pub(super) relation: usize,
    pub(super) role: usize,
    pub(super) ask: usize,
    pub(super) label: usize,
    pub(super) old: Part,
    pub(super) new: Part,
}

/// The standing of patients that decides which contexts differ for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Variant {
    pub(super) has_signed: bool,
    pub(super) is_withdrawn: bool,
}

/// Everything in which some context differs; what lies outside cannot change.
#[derive(Clone, Debug, Default)]
pub(super) struct Region {
    pub(super) categories: u64,
    pub(super) purposes: u32,
    pub(super) roles: u16,
    pub(super) kinds: u8,
    pub(super) labels: u64,
    pub(super) relations: u64,
    pub(super) seats: BitSet,
    pub(super) records: BitSet,
    /// The classes of seats and records, ascending.
    pub(super) seat_classes: Vec<usize>,
    pub(super) record_classes: Vec<usize>,
}

/// The contexts of one variant, by moment of the network.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    pub(super) by_moment: Vec<Vec<Context>>,
    pub(super) region: Region,
}

impl Variant {
    pub(super) const ALL: [Self; 4] = [
        Self { has_signed: false, is_withdrawn: false },
        Self { has_signed: true, is_withdrawn: false },
        Self { has_signed: false, is_withdrawn: true },
        Self { has_signed: true, is_withdrawn: true },
    ];
}

/// Where the policies differ, for each variant in the order of [`Variant::ALL`].
pub(super) fn contexts(universe: &Universe<'_>) -> Result<[Contexts; 4], DraftError> {
    let mut all = [(); 4].map(|()| Contexts::default());
    for moment in &universe.moments {
        all.iter_mut().for_each(|contexts| contexts.by_moment.push(Vec::new()));
        for record in 0..universe.records.len() {
            let table = Table::new(universe, record, *moment)?;
            table.compare(&mut all);
        }
    }
    for contexts in &mut all {
        let region = region(universe, contexts.by_moment.iter().flatten());
        contexts.region = region;
    }
    Ok(all)
}

/// The rules that are about one class of records at one moment, and whom they are for.
struct Table<'u> {
    universe: &'u Universe<'u>,
    record: usize,
    moment: Instant,
    rules: Vec<Rule>,
    /// The rules of the old policy, and of the new one.
    of: [RuleSet; 2],
    differing: RuleSet,
    seats: Vec<RuleSet>,
    relations: Vec<RuleSet>,
    roles: Vec<RuleSet>,
    asks: Vec<RuleSet>,
    labels: Vec<RuleSet>,
}

impl<'u> Table<'u> {
    fn new(universe: &'u Universe<'u>, record: usize, moment: Instant) -> Result<Self, DraftError> {
        let (rules, of) = joined(universe, record, moment)?;
        let place = |test: &dyn Fn(&Rule) -> bool| {
            RuleSet::of(rules.iter().enumerate().filter(|(_, rule)| test(rule)).map(|(place, _)| place))
        };
        let [old, new] = of;
        let only = |a: &RuleSet, b: &RuleSet| RuleSet::of(a.iter().filter(|place| !b.iter().any(|it| it == *place)));
        let differing: Vec<usize> = only(&old, &new).iter().chain(only(&new, &old).iter()).collect();
        let drafted = universe.drafted;
        let asks = universe.ask_classes.iter().map(|class| class.first().and_then(|ask| universe.asks.get(*ask)));
        let is_for = |rule: &Rule, ask: Option<&Ask>| ask.is_some_and(|ask| is_for_ask(rule, ask));
        let labels = universe.labels.iter().map(|class| class.members.first().and_then(|it| drafted.labels.get(*it)));
        let carries = |rule: &Rule, labels: Option<&crate::Labels>| {
            labels.is_some_and(|labels| {
                (rule.labels_any.is_empty() || rule.labels_any.meets(*labels)) && !rule.labels_none.meets(*labels)
            })
        };
        Ok(Self {
            record,
            moment,
            of,
            differing: RuleSet::of(differing.into_iter()),
            seats: universe
                .seats
                .iter()
                .map(|class| asked(universe, (class.first, 0), moment, &rules, false))
                .collect(),
            relations: universe
                .relations
                .iter()
                .map(|class| asked(universe, (0, class.first().copied().unwrap_or_default()), moment, &rules, true))
                .collect(),
            roles: ActingAs::ALL.iter().map(|role| place(&|rule| rule.roles.meets(role.set()))).collect(),
            asks: asks.map(|ask| place(&|rule| is_for(rule, ask))).collect(),
            labels: labels.map(|labels| place(&|rule| carries(rule, labels))).collect(),
            rules,
            universe,
        })
    }

    fn compare(&self, all: &mut [Contexts; 4]) {
        for (seat, of_seat) in self.seats.iter().enumerate() {
            for (relation, of_relation) in self.relations.iter().enumerate() {
                let of_requester = of_seat.and(of_relation);
                for (role, of_role) in self.roles.iter().enumerate() {
                    let met = of_requester.and(of_role);
                    self.compare_asks((seat, relation, role), &met, all);
                }
            }
        }
    }

    fn compare_asks(&self, (seat, relation, role): (usize, usize, usize), met: &RuleSet, all: &mut [Contexts; 4]) {
        for (ask, of_ask) in self.asks.iter().enumerate() {
            let Some(authorised) = self.authorised((seat, relation, role, ask)) else { continue };
            let met = met.and(of_ask);
            let reach = self.universe.policies().map(PolicyImage::may_reach_withdrawn_in_emergency);
            let has_emergency = authorised != [None, None];
            let may_differ = met.meets(&self.differing)
                || authorised.first() != authorised.last()
                || (has_emergency && (reach.first() != reach.last() || self.seals_differ()));
            if !may_differ {
                continue;
            }
            for (label, of_label) in self.labels.iter().enumerate() {
                let met = met.and(of_label);
                let aside = self.sets_aside(authorised, label);
                for (variant, contexts) in Variant::ALL.iter().zip(all.iter_mut()) {
                    let part = |side: usize| self.part(&met, side, (authorised, aside), *variant);
                    let (old, new) = (part(0), part(1));
                    if old != new && !(old.is_stopped && new.is_stopped) {
                        let record = self.record;
                        let context = Context { record, seat, relation, role, ask, label, old, new };
                        contexts.by_moment.last_mut().into_iter().for_each(|list| list.push(context));
                    }
                }
            }
        }
    }

    /// The emergency that each policy authorises; `Some(None)` when none was declared or it is refused. None at all when
    /// the question is stopped under both.
    fn authorised(
        &self,
        (seat, relation, role, ask): (usize, usize, usize, usize),
    ) -> Option<[Option<EmergencyKind>; 2]> {
        let universe = self.universe;
        let seat = universe.seats.get(seat)?.first;
        let relation = *universe.relations.get(relation)?.first()?;
        let ask = *universe.asks.get(*universe.ask_classes.get(ask)?.first()?)?;
        if !universe.drafted.seats.get(seat)?.licensed.meets(ask.purpose.set()) {
            return None;
        }
        if ask.emergency.is_none() {
            return Some([None, None]);
        }
        let asker = universe.asker((seat, relation), *ActingAs::ALL.get(role)?, ask)?;
        let record = *universe.drafted.records.get(universe.records.get(self.record)?.first)?;
        let request = crate::Request {
            purpose: ask.purpose,
            emergency: ask.declared(self.moment),
            ..universe.request((&asker, record), self.moment)
        };
        let kinds = universe.policies().map(|policy| {
            let standing = policy.emergency().standing(&request);
            standing.authorised.map(|authorised| authorised.kind)
        });
        (kinds != [None, None]).then_some(kinds)
    }

    fn seals_differ(&self) -> bool {
        let [old, new] = self.universe.policies().map(PolicyImage::sealed);
        old != new
    }

    fn sets_aside(&self, authorised: [Option<EmergencyKind>; 2], label: usize) -> [bool; 2] {
        let place = self.universe.labels.get(label).and_then(|class| class.members.first().copied());
        let labels = place.and_then(|place| self.universe.drafted.labels.get(place)).copied().unwrap_or_default();
        let [old, new] = self.universe.policies();
        let aside = |kind: Option<EmergencyKind>, policy: &PolicyImage| {
            kind.is_some_and(EmergencyKind::overrides) && !labels.meets(policy.sealed())
        };
        let [of_old, of_new] = authorised;
        [aside(of_old, old), aside(of_new, new)]
    }

    /// What a policy says, as far as no chart has a say.
    fn part(
        &self,
        met: &RuleSet,
        side: usize,
        (authorised, aside): ([Option<EmergencyKind>; 2], [bool; 2]),
        variant: Variant,
    ) -> Part {
        let has_emergency = authorised != [None, None];
        let is_authorised = authorised.get(side).is_some_and(Option::is_some);
        let reaches =
            self.universe.policies().get(side).is_some_and(|policy| policy.may_reach_withdrawn_in_emergency());
        let is_stopped = (has_emergency && !is_authorised) || (variant.is_withdrawn && !(is_authorised && reaches));
        let sets_aside = aside.get(side).copied().unwrap_or(false);
        if is_stopped {
            return Part { permits: 0, denies: u64::MAX, is_stopped, sets_aside: false };
        }
        let mut part = Part { permits: 0, denies: 0, is_stopped, sets_aside };
        let of_side = self.of.get(side).copied().unwrap_or(RuleSet::NONE);
        for place in met.and(&of_side).iter() {
            let Some(rule) = self.rules.get(place) else { continue };
            match rule.flags.effect() {
                Effect::Permit if variant.has_signed && rule.flags.has(Flags::IMPLICIT) => {}
                Effect::Permit => part.permits |= rule.categories.0,
                Effect::Deny if sets_aside && rule.flags.has(Flags::OVERRIDABLE) => {}
                Effect::Deny => part.denies |= rule.categories.0,
                Effect::Limit => {}
            }
        }
        part.permits &= crate::Categories::ALL.0;
        part.denies &= crate::Categories::ALL.0;
        part
    }
}

/// Whether a rule is for the purpose, and for the emergency if it is for some only.
pub(super) fn is_for_ask(rule: &Rule, ask: &Ask) -> bool {
    let kinds = rule.flags.emergencies();
    let declared = ask.emergency.map_or(EmergencyKinds::NONE, |emergency| emergency.kind.set());
    rule.purposes.meets(ask.purpose.set()) && (kinds.is_empty() || kinds.meets(declared))
}

/// The rules of both policies that are about a class of records and in force, each once, and which are whose.
fn joined(universe: &Universe<'_>, record: usize, moment: Instant) -> Result<(Vec<Rule>, [RuleSet; 2]), DraftError> {
    let mut rules: Vec<Rule> = Vec::new();
    let mut of: [Vec<usize>; 2] = [Vec::new(), Vec::new()];
    let drafted = universe.drafted;
    let place = universe.records.get(record).map(|class| class.first);
    let record = place.and_then(|place| drafted.records.get(place));
    let (Some(record), Some(anybody)) = (record, drafted.seats.first()) else {
        return Ok((rules, [RuleSet::NONE; 2]));
    };
    let request = universe.request((anybody, *record), moment);
    let mut context = Matching::new(drafted.book, NO_CHART, &request, None);
    for (policy, own) in universe.policies().into_iter().zip(&mut of) {
        let (_, vetoes) = policy.rules_of(record.custodian);
        let first_of_side = rules.len();
        for rule in policy.rules().iter().chain(vetoes) {
            let is_about = rule.flags.effect() != Effect::Limit
                && (rule.custodian.is_any() || context.is_custodian(rule.custodian))
                && context.is_of_details(rule, record, day_of(record.date))
                && context.is_in_force(rule);
            if !is_about {
                continue;
            }
            // Obligations do not decide what is seen.
            let rule = Rule { obligations: crate::ObligationsId::default(), ..*rule };
            let known = rules.iter().take(first_of_side).position(|known| *known == rule);
            let place = known.unwrap_or_else(|| {
                rules.push(rule);
                rules.len() - 1
            });
            own.push(place);
        }
    }
    if rules.len() > RuleSet::MAX {
        return Err(DraftError::TooManyRules { count: rules.len(), limit: NETWORK_RULES_MAX });
    }
    Ok((rules, of.map(|places| RuleSet::of(places.into_iter()))))
}

/// The rules whose recipient is somebody: by the relationship, or by everything else.
fn asked(
    universe: &Universe<'_>,
    (seat, relation): (usize, usize),
    moment: Instant,
    rules: &[Rule],
    is_by_relation: bool,
) -> RuleSet {
    let drafted = universe.drafted;
    let (Some(seat), Some(relation)) = (drafted.seats.get(seat), drafted.relations.get(relation)) else {
        return RuleSet::NONE;
    };
    let Some(record) = drafted.records.first() else { return RuleSet::NONE };
    let asker = relation.of(seat);
    let request = universe.request((&asker, *record), moment);
    let mut context = Matching::new(drafted.book, NO_CHART, &request, None);
    let mut is_met = |rule: &Rule| {
        let is_deny = rule.flags.effect() == Effect::Deny;
        let needs = is_by_relation && rule.flags.has(Flags::REQUIRES_RELATION);
        let is_asked = super::universe::is_of_relation(rule.recipient) == is_by_relation;
        (!needs || asker.relations.0 != 0)
            && (!is_asked || rule.recipient.is_any() || context.is_recipient(rule.recipient, is_deny))
    };
    RuleSet::of(rules.iter().enumerate().filter(|(_, rule)| is_met(rule)).map(|(place, _)| place))
}

fn region<'c>(universe: &Universe<'_>, contexts: impl Iterator<Item = &'c Context>) -> Region {
    let mut region = Region::default();
    let mut places: [Vec<bool>; 5] = [
        vec![false; universe.seats.len()],
        vec![false; universe.records.len()],
        vec![false; universe.relations.len()],
        vec![false; universe.ask_classes.len()],
        vec![false; universe.labels.len()],
    ];
    for context in contexts {
        let Context { old, new, .. } = context;
        let is_whole = old.is_stopped != new.is_stopped || old.sets_aside != new.sets_aside;
        let differs = (old.permits ^ new.permits) | (old.denies ^ new.denies);
        region.categories |= if is_whole { crate::Categories::ALL.0 } else { differs };
        region.roles |= 1 << context.role;
        let of_context = [context.seat, context.record, context.relation, context.ask, context.label];
        for (places, place) in places.iter_mut().zip(of_context) {
            places.iter_mut().skip(place).take(1).for_each(|is_there| *is_there = true);
        }
    }
    let [seats, records, relations, asks, labels] = places.map(|places| {
        places.into_iter().enumerate().filter(|(_, is_there)| *is_there).map(|(place, _)| place).collect::<Vec<_>>()
    });
    let bits = |members: &mut dyn Iterator<Item = usize>| members.fold(0_u64, |all, place| all | 1 << (place % 64));
    let of_relations = relations.iter().filter_map(|class| universe.relations.get(*class)).flatten();
    region.relations = bits(&mut of_relations.copied());
    let of_labels = labels.iter().filter_map(|class| universe.labels.get(*class)).flat_map(|class| &class.members);
    region.labels = bits(&mut of_labels.copied());
    for ask in asks.iter().filter_map(|class| universe.ask_classes.get(*class)).flatten() {
        let Some(ask) = universe.asks.get(*ask) else { continue };
        region.purposes |= ask.purpose.set().0;
        region.kinds |= ask.emergency.map_or(0, |emergency| emergency.kind.set().0);
    }
    seats.iter().filter_map(|class| universe.seats.get(*class)).for_each(|class| region.seats.unite(&class.members));
    let of_records = records.iter().filter_map(|class| universe.records.get(*class));
    of_records.for_each(|class| region.records.unite(&class.members));
    region.seat_classes = seats;
    region.record_classes = records;
    region
}
