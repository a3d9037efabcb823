//! The shape of a chart: what of it can matter to a comparison, with names replaced by what they do.
//!
//! Rules that lie outside the region in which the policies differ are dropped, masks are cut to it, windows become places
//! among the moments, sets of institutions become the parts into which they cut the classes of the universe. Patients of
//! one shape gain and lose the same, so one of them is asked for all.

use super::bits::BitSet;
use super::network::Region;
use super::universe::{Moments, NO_CHART, Universe, is_of_relation};
use super::{Drafted, SHAPE_RULES_MAX};
use crate::chart::ChartView;
use crate::codebook::Number;
use crate::matching::Context as Matching;
use crate::rule::{Effect, Flags, Rule, Second, Selector};
use directory::Instant;
use hashbrown::HashMap;

/// A rule of a chart, cut to the region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Projected {
    /// With masks and windows cut; recipient, custodian and data are told by the sets.
    pub(super) rule: Rule,
    /// The places of the labels that it meets.
    pub(super) labels: u64,
    /// The places of the relationships that it is for, when that does not change with time.
    pub(super) relations: Option<u64>,
    /// The seats that it is for; none: all of the region.
    pub(super) seats: Option<BitSet>,
    /// The records that it is about; none: all of the region.
    pub(super) records: Option<BitSet>,
    /// The identities whose records it opens, by place; none: all.
    pub(super) reach: Option<BitSet>,
}

/// Members of one class that the chart does not tell apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Atom {
    pub(super) class: usize,
    pub(super) members: BitSet,
    /// In which of the sets of the chart they are, one bit each.
    pub(super) within: u128,
    /// The institution, when all members are of one.
    sole: Option<Number>,
}

/// What is left of a chart.
#[derive(Clone, Debug)]
pub(super) struct Shape {
    pub(super) rules: Vec<Projected>,
    pub(super) seats: Vec<Atom>,
    pub(super) records: Vec<Atom>,
    /// By seats and records: pairs in which everybody would ask for the own record.
    pub(super) own: Vec<(usize, usize)>,
    /// For each kind of linked identity the rules that reach it, and one identity of the kind.
    pub(super) identities: Vec<(u128, u16)>,
    /// When to look, each with the place of the network's moment that holds then.
    pub(super) moments: Vec<(Instant, usize)>,
    /// Equal for equal shapes.
    pub(super) key: Vec<u64>,
}

/// Makes shapes, and remembers what selectors mean.
pub(super) struct Projector<'u> {
    universe: &'u Universe<'u>,
    region: &'u Region,
    seats: HashMap<(Selector, bool), BitSet>,
    records: HashMap<(Selector, Selector, bool, i32, i32), BitSet>,
    base_seats: Vec<Atom>,
    base_records: Vec<Atom>,
}

impl<'u> Projector<'u> {
    pub(super) fn new(universe: &'u Universe<'u>, region: &'u Region) -> Self {
        let mut projector = Self {
            universe,
            region,
            seats: HashMap::new(),
            records: HashMap::new(),
            base_seats: Vec::new(),
            base_records: Vec::new(),
        };
        let atom = |class: usize, members: &BitSet| Atom { class, members: members.clone(), within: 0, sole: None };
        let seats =
            region.seat_classes.iter().filter_map(|class| Some(atom(*class, &universe.seats.get(*class)?.members)));
        projector.base_seats = seats.collect();
        let records = region.record_classes.iter();
        let records = records.filter_map(|class| Some(atom(*class, &universe.records.get(*class)?.members)));
        projector.base_records = records.collect();
        let drafted = universe.drafted;
        projector.base_seats.iter_mut().for_each(|atom| atom.sole = sole_seat(drafted, &atom.members));
        projector.base_records.iter_mut().for_each(|atom| atom.sole = sole_record(drafted, &atom.members));
        projector
    }

    /// The shape of a chart; none when more rules are left than are compared at once.
    pub(super) fn shape(&mut self, chart: ChartView<'_>) -> Option<Shape> {
        let mut rules: Vec<Projected> = Vec::with_capacity(chart.rules.len());
        for rule in chart.rules {
            rules.extend(self.project(rule, chart));
        }
        settle_sources(&mut rules);
        merge(&mut rules, &self.region.seats);
        if rules.len() > SHAPE_RULES_MAX {
            return None;
        }
        let drafted = self.universe.drafted;
        let (seats, seat_sets) = split(&self.base_seats, rules.iter().map(|rule| rule.seats.as_ref()), &|members| {
            sole_seat(drafted, members)
        });
        let (records, record_sets) =
            split(&self.base_records, rules.iter().map(|rule| rule.records.as_ref()), &|members| {
                sole_record(drafted, members)
            });
        let own = own_pairs(&seats, &records);
        let identities = identities(&rules, chart.identities);
        let moments = self.moments(&rules);
        let mut shape = Shape { rules, seats, records, own, identities, moments, key: Vec::new() };
        shape.key = key(&shape, chart, (&seat_sets, &record_sets));
        Some(shape)
    }

    fn project(&mut self, rule: &Rule, chart: ChartView<'_>) -> Option<Projected> {
        let region = self.region;
        let now = Second::of(self.universe.drafted.now);
        let is_deny = rule.flags.effect() == Effect::Deny;
        let mut cut = *rule;
        cut.categories.0 &= region.categories;
        cut.purposes.0 &= region.purposes;
        cut.roles.0 &= region.roles;
        let kinds = rule.flags.emergencies();
        let is_off = rule.flags.effect() == Effect::Limit
            || cut.categories.is_empty()
            || cut.purposes.is_empty()
            || cut.roles.0 == 0
            || (!kinds.is_empty() && kinds.0 & region.kinds == 0)
            || rule.until <= now
            || rule.from.instant() > self.universe.drafted.horizon && rule.from > now;
        if is_off {
            return None;
        }
        cut.from = if rule.from <= now { Second::START } else { rule.from };
        cut.until = if rule.until.instant() > self.universe.drafted.horizon { Second::FOREVER } else { rule.until };
        let labels = self.labels(rule);
        let seats = self.seats_of(rule.recipient, is_deny);
        let records = self.records_of(rule, is_deny);
        let relations = self.relations_of(rule);
        let is_nobody = seats.as_ref().is_some_and(BitSet::is_empty) || records.as_ref().is_some_and(BitSet::is_empty);
        let reach = rule.flags.has(Flags::NARROW_REACH).then(|| reach(rule.source, chart));
        if labels == 0 || relations == Some(0) || is_nobody || reach.as_ref().is_some_and(BitSet::is_empty) {
            return None;
        }
        cut.recipient = if relations.is_none() { rule.recipient } else { Selector::ANY };
        cut.custodian = Selector::ANY;
        cut.data = Selector::ANY;
        cut.obligations = crate::ObligationsId::default();
        // Days that are counted back from today are looked at again at each moment; others are in the set of records.
        if !rule.flags.has(Flags::ROLLING) {
            (cut.data_from, cut.data_until) = (i32::MIN, i32::MAX);
        }
        // What labels mean is in the places; what stays of the masks would only tell equal shapes apart.
        (cut.labels_any, cut.labels_none) = (crate::Labels::NONE, crate::Labels::NONE);
        cut.flags = rule.flags.without(Flags::NARROW_REACH);
        if relations.is_some() {
            cut.flags = cut.flags.without(Flags::REQUIRES_RELATION);
        }
        Some(Projected { rule: cut, labels, relations, seats, records, reach })
    }

    fn labels(&self, rule: &Rule) -> u64 {
        let meets = |labels: &crate::Labels| {
            (rule.labels_any.is_empty() || rule.labels_any.meets(*labels)) && !rule.labels_none.meets(*labels)
        };
        if rule.labels_any.is_empty() && rule.labels_none.is_empty() {
            return self.region.labels;
        }
        let places = self.universe.drafted.labels.iter().enumerate().filter(|(_, labels)| meets(labels));
        places.fold(0_u64, |all, (place, _)| all | 1 << (place % 64)) & self.region.labels
    }

    /// The relationships that a rule is for; none when that changes with time.
    fn relations_of(&self, rule: &Rule) -> Option<u64> {
        use crate::rule::Selected;
        if matches!(rule.recipient.selected(), Selected::SeenWithinDays(_)) {
            return None;
        }
        let needs = rule.flags.has(Flags::REQUIRES_RELATION);
        let is_met = |relations: crate::Relations| match rule.recipient.selected() {
            Selected::Relations(wanted) => wanted.0 & relations.0 != 0,
            _ => !needs || relations.0 != 0,
        };
        // A selector of relationships that needs one as well asks for both.
        let both = |relations: crate::Relations| is_met(relations) && (!needs || relations.0 != 0);
        let all = self.universe.drafted.relations.iter().enumerate().filter(|(_, it)| both(it.relations));
        Some(all.fold(0_u64, |all, (place, _)| all | 1 << (place % 64)) & self.region.relations)
    }

    fn seats_of(&mut self, recipient: Selector, is_deny: bool) -> Option<BitSet> {
        if recipient.is_any() || is_of_relation(recipient) {
            return None;
        }
        let (universe, region) = (self.universe, self.region);
        let set = self.seats.entry((recipient, is_deny)).or_insert_with(|| {
            let Some(record) = universe.drafted.records.first() else { return BitSet::default() };
            let is_met = |seat: &usize| {
                universe.drafted.seats.get(*seat).is_some_and(|asker| {
                    let request = universe.request((asker, *record), universe.drafted.now);
                    Matching::new(universe.drafted.book, NO_CHART, &request, None).is_recipient(recipient, is_deny)
                })
            };
            BitSet::of(region.seats.iter().filter(is_met))
        });
        (!set.has_all(&region.seats)).then(|| set.clone())
    }

    fn records_of(&mut self, rule: &Rule, is_deny: bool) -> Option<BitSet> {
        let is_rolling = rule.flags.has(Flags::ROLLING);
        let days = if is_rolling { (i32::MIN, i32::MAX) } else { (rule.data_from, rule.data_until) };
        if rule.custodian.is_any() && rule.data.is_any() && days == (i32::MIN, i32::MAX) {
            return None;
        }
        let (universe, region) = (self.universe, self.region);
        let place = (rule.custodian, rule.data, is_deny, days.0, days.1);
        let set = self.records.entry(place).or_insert_with(|| {
            let Some(anybody) = universe.drafted.seats.first() else { return BitSet::default() };
            let is_met = |record: &usize| {
                universe.drafted.records.get(*record).is_some_and(|record| {
                    let request = universe.request((anybody, *record), universe.drafted.now);
                    let mut context = Matching::new(universe.drafted.book, NO_CHART, &request, None);
                    let of_days = Rule { data_from: days.0, data_until: days.1, ..*rule };
                    let of_days = Rule { flags: rule.flags.without(Flags::ROLLING), ..of_days };
                    (rule.custodian.is_any() || context.is_custodian(rule.custodian))
                        && (rule.data.is_any() || context.is_of_data(rule.data, record, is_deny))
                        && context.is_of_day(&of_days, crate::matching::day_of(record.date), is_deny)
                })
            };
            BitSet::of(region.records.iter().filter(is_met))
        });
        (!set.has_all(&region.records)).then(|| set.clone())
    }

    /// The moments of the network and of the chart's own windows.
    fn moments(&self, rules: &[Projected]) -> Vec<(Instant, usize)> {
        let network = &self.universe.moments;
        let mut moments = Moments::new(self.universe.drafted);
        network.iter().for_each(|moment| moments.add(*moment));
        rules.iter().for_each(|projected| moments.add_rule(&projected.rule));
        let phase = |moment: Instant| network.partition_point(|known| *known <= moment).saturating_sub(1);
        moments.finish().into_iter().map(|moment| (moment, phase(moment))).collect()
    }
}

fn reach(source: u16, chart: ChartView<'_>) -> BitSet {
    let reach = usize::from(source).checked_sub(1).and_then(|place| chart.reaches.get(place));
    let Some(reach) = reach else { return BitSet::default() };
    BitSet::of((0..chart.identities).filter(|identity| reach.contains(*identity)).map(usize::from))
}

/// Sources matter only to base denies: all others are as good as none, and those are counted anew.
fn settle_sources(rules: &mut [Projected]) {
    let mut bases: Vec<u16> =
        rules.iter().filter(|it| it.rule.flags.has(Flags::BASE)).map(|it| it.rule.source).collect();
    bases.sort_unstable();
    bases.dedup();
    for projected in rules {
        let place = bases.binary_search(&projected.rule.source).ok().and_then(|place| u16::try_from(place + 1).ok());
        projected.rule.source = place.unwrap_or(0);
    }
}

/// Puts rules that differ in nothing but their seats together.
fn merge(rules: &mut Vec<Projected>, all: &BitSet) {
    let rank = |projected: &Projected| {
        let Rule { categories, data_from, data_until, from, until, purposes, recipient, roles, source, flags, .. } =
            projected.rule;
        let of_rule = (categories, data_from, data_until, from, until, purposes, recipient, roles, source, flags);
        (of_rule, projected.labels, projected.relations, projected.records.clone(), projected.reach.clone())
    };
    rules.sort_by_cached_key(rank);
    let mut merged: Vec<Projected> = Vec::with_capacity(rules.len());
    for projected in rules.drain(..) {
        match merged.last_mut() {
            Some(last) if rank(last) == rank(&projected) => match (&mut last.seats, projected.seats) {
                (Some(seats), Some(more)) => seats.unite(&more),
                (seats, _) => *seats = None,
            },
            _ => merged.push(projected),
        }
    }
    for projected in &mut merged {
        if projected.seats.as_ref().is_some_and(|seats| seats.has_all(all)) {
            projected.seats = None;
        }
    }
    *rules = merged;
}

/// Cuts classes by the sets of the rules; for each rule the place of its set, none when it has none.
fn split<'s>(
    base: &[Atom],
    sets: impl Iterator<Item = Option<&'s BitSet>>,
    sole: &dyn Fn(&BitSet) -> Option<Number>,
) -> (Vec<Atom>, Vec<Option<usize>>) {
    let mut known: Vec<&BitSet> = Vec::new();
    let mut places = Vec::new();
    for set in sets {
        places.push(set.map(|set| {
            known.iter().position(|it| *it == set).unwrap_or_else(|| {
                known.push(set);
                known.len() - 1
            })
        }));
    }
    let mut atoms: Vec<Atom> = base.to_vec();
    for (place, set) in known.into_iter().enumerate() {
        let mut cut = Vec::with_capacity(atoms.len() + 1);
        for atom in atoms {
            let (inside, outside) = (atom.members.and(set), atom.members.without(set));
            if inside.is_empty() {
                cut.push(atom);
                continue;
            }
            let within = atom.within | 1 << place;
            if outside.is_empty() {
                cut.push(Atom { within, ..atom });
                continue;
            }
            cut.push(Atom { sole: sole(&inside), members: inside, within, ..atom });
            cut.push(Atom { sole: sole(&outside), members: outside, ..atom });
        }
        atoms = cut;
    }
    atoms.sort_by_key(|atom| (atom.class, atom.within));
    (atoms, places)
}

fn sole_seat(drafted: &Drafted<'_>, members: &BitSet) -> Option<Number> {
    sole(members.iter().filter_map(|seat| drafted.seats.get(seat)).map(|seat| seat.institution))
}

fn sole_record(drafted: &Drafted<'_>, members: &BitSet) -> Option<Number> {
    sole(members.iter().filter_map(|record| drafted.records.get(record)).map(|record| record.custodian))
}

fn sole(mut institutions: impl Iterator<Item = Number>) -> Option<Number> {
    let first = institutions.next()?;
    institutions.all(|other| other == first).then_some(first)
}

fn own_pairs(seats: &[Atom], records: &[Atom]) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for (seat, atom) in seats.iter().enumerate().filter(|(_, atom)| atom.sole.is_some()) {
        for (record, of_record) in records.iter().enumerate() {
            if of_record.sole == atom.sole {
                pairs.push((seat, record));
            }
        }
    }
    pairs
}

/// Which rules reach which identities: one identity for each answer.
fn identities(rules: &[Projected], count: u16) -> Vec<(u128, u16)> {
    let mut all: Vec<(u128, u16)> = Vec::new();
    for identity in 0..count {
        let reaches =
            |projected: &Projected| projected.reach.as_ref().is_none_or(|reach| reach.has(usize::from(identity)));
        let places = rules.iter().enumerate().filter(|(_, projected)| reaches(projected));
        let set = places.fold(0_u128, |all, (place, _)| all | 1 << place);
        if !all.iter().any(|(known, _)| *known == set) {
            all.push((set, identity));
        }
    }
    all.sort_unstable();
    all
}

/// What two shapes must share to gain and lose the same.
fn key(shape: &Shape, chart: ChartView<'_>, (seats, records): (&[Option<usize>], &[Option<usize>])) -> Vec<u64> {
    let mut key = vec![u64::from(chart.subject.has_signed) | (chart.subject.state as u64) << 1];
    let wide = |bits: u128, key: &mut Vec<u64>| {
        key.extend(
            [u64::try_from(bits & u128::from(u64::MAX)), u64::try_from(bits >> 64)].map(Result::unwrap_or_default),
        );
    };
    // Days and visits are counted from an instant; all else depends on the order of the moments only.
    let is_timed = |it: &Projected| it.relations.is_none() || it.rule.flags.has(Flags::ROLLING);
    let is_timed = shape.rules.iter().any(is_timed);
    key.push(shape.moments.len() as u64);
    for (moment, phase) in &shape.moments {
        key.push(*phase as u64);
        if is_timed {
            key.push(moment.micros().cast_unsigned());
        }
    }
    let rank = |second: Second| shape.moments.partition_point(|(moment, _)| *moment < second.instant()) as u64;
    for ((projected, seats), records) in shape.rules.iter().zip(seats).zip(records) {
        let Rule { categories, purposes, roles, source, flags, data_from, data_until, .. } = projected.rule;
        let place = |place: &Option<usize>| place.map_or(0, |place| place as u64 + 1);
        let days = u64::from(data_from.cast_unsigned()) << 32 | u64::from(data_until.cast_unsigned());
        key.extend([
            categories.0,
            u64::from(purposes.0) << 32 | u64::from(roles.0) << 16 | u64::from(source),
            u64::from(flags.bits()) | u64::from(projected.rule.recipient.bits()) << 16,
            days,
            projected.labels,
            projected.relations.unwrap_or(u64::MAX),
            rank(projected.rule.from) << 32 | rank(projected.rule.until),
            place(seats) << 32 | place(records),
        ]);
    }
    for atoms in [&shape.seats, &shape.records] {
        key.push(atoms.len() as u64);
        for atom in atoms {
            key.push(atom.class as u64);
            wide(atom.within, &mut key);
        }
    }
    key.push(shape.own.len() as u64);
    key.extend(shape.own.iter().map(|(seat, record)| (*seat as u64) << 32 | *record as u64));
    for (set, _) in &shape.identities {
        wide(*set, &mut key);
    }
    key
}
