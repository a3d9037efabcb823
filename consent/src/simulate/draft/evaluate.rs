//! What the patients of one shape gain and lose.
//!
//! For each context in which the policies differ, the rules of the chart are asked; what they permit and deny is added to
//! what either policy says, and the two answers are compared. Which rules of the chart match is worked out by one set per
//! dimension, so that a cell costs a few instructions. Hash tables here are only looked into, so their order reaches nobody.

use super::bits::BitSet;
use super::network::{Context, Contexts, Part, is_for_ask};
use super::shape::{Projected, Shape};
use super::universe::{NO_CHART, Universe};
use super::{ChangeKey, Direction, Witness};
use crate::category::Categories;
use crate::matching::{Context as Matching, day_of};
use crate::role::ActingAs;
use crate::rule::{Effect, Flags, Second};
use directory::Instant;
use hashbrown::HashMap;

/// Some categories that open or close, for a key without its category.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The key of one of the categories.
    pub(super) key: ChangeKey,
    pub(super) categories: Categories,
    pub(super) is_now: bool,
    pub(super) witness: Witness,
}

/// What the rules of a chart say, without the policy.
#[derive(Clone, Copy, Default)]
struct Said {
    permits: u64,
    denies: u64,
    /// The denies that no emergency sets aside.
    hard: u64,
}

/// The rules that meet each member of a dimension.
struct Sets {
    roles: Vec<u128>,
    asks: Vec<Vec<(u128, Vec<usize>)>>,
    labels: Vec<Vec<(u128, usize)>>,
    /// These two change with time.
    relations: Vec<Vec<(u128, usize)>>,
    records: Vec<u128>,
    seats: Vec<u128>,
    in_force: u128,
}

pub(super) struct Evaluator<'u> {
    universe: &'u Universe<'u>,
    contexts: &'u Contexts,
    shape: &'u Shape,
    /// What is known to open and close already, by key without category.
    found: HashMap<ChangeKey, u64>,
    said: HashMap<u128, Said>,
    entries: Vec<Entry>,
}

/// A cell of the comparison, down to single members.
#[derive(Clone, Copy)]
struct Place {
    seat_atom: usize,
    record_atom: usize,
    relation: usize,
    label: usize,
    identity: u16,
    moment: usize,
}

impl<'u> Evaluator<'u> {
    pub(super) fn new(universe: &'u Universe<'u>, contexts: &'u Contexts, shape: &'u Shape) -> Self {
        let (found, said) = (HashMap::new(), HashMap::new());
        Self { universe, contexts, shape, found, said, entries: Vec::new() }
    }

    pub(super) fn run(mut self) -> Vec<Entry> {
        let mut sets = self.lasting_sets();
        for (place, (moment, phase)) in self.shape.moments.iter().enumerate() {
            self.moment_sets(*moment, &mut sets);
            let Some(contexts) = self.contexts.by_moment.get(*phase) else { continue };
            for context in contexts {
                self.compare(context, place, &sets);
            }
        }
        self.entries
    }

    fn compare(&mut self, context: &Context, moment: usize, sets: &Sets) {
        let shape = self.shape;
        let base = sets.in_force & sets.roles.get(context.role).copied().unwrap_or(0);
        let records = || shape.records.iter().enumerate().filter(|(_, atom)| atom.class == context.record);
        for (seat_atom, _) in shape.seats.iter().enumerate().filter(|(_, atom)| atom.class == context.seat) {
            let of_seat = base & sets.seats.get(seat_atom).copied().unwrap_or(0);
            for (record_atom, _) in records() {
                if shape.own.contains(&(seat_atom, record_atom)) {
                    continue;
                }
                let of_record = of_seat & sets.records.get(record_atom).copied().unwrap_or(0);
                for (reached, identity) in &shape.identities {
                    for (of_relation, relation) in sets.relations.get(context.relation).into_iter().flatten() {
                        let bits = of_record & reached & of_relation;
                        for (of_label, label) in sets.labels.get(context.label).into_iter().flatten() {
                            let place = Place {
                                seat_atom,
                                record_atom,
                                relation: *relation,
                                label: *label,
                                identity: *identity,
                                moment,
                            };
                            self.compare_asks(context, (bits & of_label, place), sets);
                        }
                    }
                }
            }
        }
    }

    fn compare_asks(&mut self, context: &Context, (bits, place): (u128, Place), sets: &Sets) {
        for (of_ask, asks) in sets.asks.get(context.ask).into_iter().flatten() {
            let said = self.said(bits & of_ask);
            let (before, after) = (open(context.old, said), open(context.new, said));
            if before == after {
                continue;
            }
            for (direction, categories) in [(Direction::Gained, after & !before), (Direction::Lost, before & !after)] {
                for ask in asks.iter().filter(|_| categories != 0) {
                    self.add((direction, categories), (context, *ask), place);
                }
            }
        }
    }

    fn add(&mut self, (direction, categories): (Direction, u64), (context, ask): (&Context, usize), place: Place) {
        let universe = self.universe;
        let (Some(asked), Some(role)) = (universe.asks.get(ask), ActingAs::ALL.get(context.role)) else { return };
        let (Some(seat), Some(label)) = (universe.seats.get(context.seat), universe.labels.get(context.label)) else {
            return;
        };
        let key = ChangeKey {
            direction,
            kind: seat.kind,
            role: *role,
            purpose: asked.purpose,
            emergency: asked.emergency.map(|emergency| emergency.kind),
            is_sensitive: label.is_sensitive,
            category: crate::Category::IDENTITY,
        };
        let known = self.found.entry(key).or_insert(0);
        let new = categories & !*known;
        if new == 0 {
            return;
        }
        *known |= new;
        let Some((seat, record)) = self.pair(place.seat_atom, place.record_atom) else { return };
        let now = self.shape.moments.get(place.moment).map_or(universe.drafted.now, |(moment, _)| *moment);
        let is_named = asked.emergency.map(|emergency| emergency.is_named);
        let (relation, label, identity) = (place.relation, place.label, place.identity);
        let emergency = asked.declared(now);
        let witness = Witness { seat, relation, record, label, identity, now, emergency, is_named };
        self.entries.push(Entry { key, categories: Categories(new), is_now: place.moment == 0, witness });
    }

    /// A seat and a record that are not of one institution.
    fn pair(&self, seat_atom: usize, record_atom: usize) -> Option<(usize, usize)> {
        let drafted = self.universe.drafted;
        let records = &self.shape.records.get(record_atom)?.members;
        self.shape.seats.get(seat_atom)?.members.iter().find_map(|seat| {
            let institution = drafted.seats.get(seat)?.institution;
            let is_other = |record: &usize| drafted.records.get(*record).is_some_and(|it| it.custodian != institution);
            records.iter().find(is_other).map(|record| (seat, record))
        })
    }

    /// What the rules that match say together.
    fn said(&mut self, bits: u128) -> Said {
        if bits == 0 {
            return Said::default();
        }
        let shape = self.shape;
        *self.said.entry(bits).or_insert_with(|| {
            let mut said = Said::default();
            let met =
                || shape.rules.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1).map(|(_, it)| &it.rule);
            for rule in met() {
                if rule.flags.effect() == Effect::Permit {
                    said.permits |= rule.categories.0;
                    continue;
                }
                let mut denied = rule.categories.0;
                if rule.flags.has(Flags::BASE) && rule.source != 0 {
                    let own = met().filter(|it| it.source == rule.source && it.flags.effect() == Effect::Permit);
                    denied &= !own.fold(0, |all, permit| all | permit.categories.0);
                }
                said.denies |= denied;
                said.hard |= if rule.flags.has(Flags::OVERRIDABLE) { 0 } else { denied };
            }
            said
        })
    }

    /// The sets that do not change with time.
    fn lasting_sets(&self) -> Sets {
        let (universe, rules) = (self.universe, &self.shape.rules);
        let set = |test: &dyn Fn(&Projected) -> bool| {
            let places = rules.iter().enumerate().filter(|(_, projected)| test(projected));
            places.fold(0_u128, |all, (place, _)| all | 1 << place)
        };
        let of_ask =
            |ask: usize| set(&|projected| universe.asks.get(ask).is_some_and(|ask| is_for_ask(&projected.rule, ask)));
        let asks = universe.ask_classes.iter().map(|members| grouped(members.iter().map(|ask| (of_ask(*ask), *ask))));
        let of_label = |label: usize| set(&|projected| projected.labels >> (label % 64) & 1 == 1);
        let labels = universe
            .labels
            .iter()
            .map(|class| firsts(grouped(class.members.iter().map(|label| (of_label(*label), *label)))));
        let within = |members: &BitSet, of: &dyn Fn(&Projected) -> Option<&BitSet>| {
            let first = members.iter().next().unwrap_or_default();
            set(&|projected| of(projected).is_none_or(|set| set.has(first)))
        };
        Sets {
            roles: ActingAs::ALL.iter().map(|role| set(&|it| it.rule.roles.meets(role.set()))).collect(),
            asks: asks.collect(),
            labels: labels.collect(),
            relations: Vec::new(),
            records: Vec::new(),
            seats: self.shape.seats.iter().map(|atom| within(&atom.members, &|it| it.seats.as_ref())).collect(),
            in_force: 0,
        }
    }

    fn moment_sets(&self, moment: Instant, sets: &mut Sets) {
        let (universe, rules) = (self.universe, &self.shape.rules);
        let drafted = universe.drafted;
        let second = Second::of(moment);
        let set = |test: &mut dyn FnMut(&Projected) -> bool| {
            let places = rules.iter().enumerate().filter(|(_, projected)| test(projected));
            places.fold(0_u128, |all, (place, _)| all | 1 << place)
        };
        sets.in_force = set(&mut |it| it.rule.from <= second && second < it.rule.until);
        let (Some(anybody), Some(anything)) = (drafted.seats.first(), drafted.records.first()) else { return };
        let of_relation = |place: usize| {
            let Some(relation) = drafted.relations.get(place) else { return 0 };
            let asker = relation.of(anybody);
            let request = universe.request((&asker, *anything), moment);
            let mut context = Matching::new(drafted.book, NO_CHART, &request, None);
            set(&mut |it| match it.relations {
                Some(places) => places >> (place % 64) & 1 == 1,
                None => {
                    let needs = it.rule.flags.has(Flags::REQUIRES_RELATION);
                    (!needs || asker.relations.0 != 0)
                        && context.is_recipient(it.rule.recipient, it.rule.flags.effect() == Effect::Deny)
                }
            })
        };
        let relations = universe
            .relations
            .iter()
            .map(|members| firsts(grouped(members.iter().map(|relation| (of_relation(*relation), *relation)))));
        sets.relations = relations.collect();
        let of_record = |members: &BitSet| {
            let first = members.iter().next().unwrap_or_default();
            let Some(record) = drafted.records.get(first) else { return 0 };
            let request = universe.request((anybody, *record), moment);
            let mut context = Matching::new(drafted.book, NO_CHART, &request, None);
            set(&mut |it| {
                it.records.as_ref().is_none_or(|records| records.has(first))
                    && context.is_of_day(&it.rule, day_of(record.date), it.rule.flags.effect() == Effect::Deny)
            })
        };
        sets.records = self.shape.records.iter().map(|atom| of_record(&atom.members)).collect();
    }
}

/// What may be seen under a policy.
fn open(part: Part, said: Said) -> u64 {
    if part.is_stopped {
        return 0;
    }
    let denies = if part.sets_aside { said.hard } else { said.denies };
    (part.permits | said.permits) & !(part.denies | denies) & Categories::ALL.0
}

/// Members with the same rules together.
fn grouped(members: impl Iterator<Item = (u128, usize)>) -> Vec<(u128, Vec<usize>)> {
    let mut groups: Vec<(u128, Vec<usize>)> = Vec::new();
    for (set, member) in members {
        match groups.iter_mut().find(|(known, _)| *known == set) {
            Some((_, group)) => group.push(member),
            None => groups.push((set, vec![member])),
        }
    }
    groups
}

fn firsts(groups: Vec<(u128, Vec<usize>)>) -> Vec<(u128, usize)> {
    groups.into_iter().filter_map(|(set, members)| Some((set, *members.first()?))).collect()
}
