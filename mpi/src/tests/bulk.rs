//! A bulk load admits what arrivals one by one would.

use super::world::{Population, World, model};
use crate::{Arrival, PersonId, arrive, bulk};
use kv::{BatchId, Kv};
use linkage::block::BlockIndex;
use linkage::exec::Serial;
use linkage::model::{Frequencies, Profiles, Weights};
use linkage::run::{Request, Run};
use linkage::score::{Comparer, Scorer};
use linkage::table::TableBuilder;
use std::collections::BTreeMap;

/// Pairs of rows at or above the lower threshold.
fn pairs(population: &Population, rows: &[usize]) -> Vec<(u32, u32)> {
    let rules = model().rules();
    let mut builder = TableBuilder::new(rules);
    let columns: Vec<String> = builder.columns().to_vec();
    for row in rows {
        let texts: Vec<&str> = columns.iter().map(|column| population.text(*row, column)).collect();
        builder.push(&row.to_string(), 0, &texts).unwrap();
    }
    let (table, _) = builder.finish(rules, model().tables(), false, &Serial);
    let frequencies = Frequencies::count(rules, &table);
    let profiles = Profiles::build(rules, &table, &frequencies, &Serial);
    let comparer = Comparer::new(rules, &table, &profiles, model().readings());
    let scorer = Scorer::new(&comparer, &Weights::of(rules).unwrap(), &frequencies);
    let blocks = BlockIndex::build(&rules.blocks, &table, false, &Serial);
    // The frequencies of the frozen model differ a little from those counted here, so some bits of room are left.
    let request = Request { threshold: rules.upper, weight_min: rules.lower - 4.0, across_sources: false };
    let linked = Run { scorer: &scorer, blocks: &blocks, request }.link(&Serial, &|_, _| {});
    let row = |record: u32| table.id(record).parse().unwrap();
    linked.pairs.iter().map(|pair| (row(pair.left), row(pair.right))).collect()
}

#[test]
fn a_bulk_load_gives_the_persons_of_arrivals_one_by_one() {
    let population = Population::of(300, 8);
    let institutions = || (0..population.records.len()).map(|row| population.text(row, "institution"));
    let rows: Vec<usize> = (0..population.records.len()).collect();
    let mut world = World::with(institutions());
    let arrivals: Vec<(Arrival, PersonId)> = rows.iter().map(|row| (population.arrival(*row), world.fresh())).collect();
    let all: Vec<Arrival> = arrivals.iter().map(|(arrival, _)| arrival.clone()).collect();
    let groups = bulk::groups(&world.index(), &all, &pairs(&population, &rows));
    let stamp = world.stamp();
    let owned: Vec<Vec<_>> =
        groups.iter().map(|group| group.iter().map(|row| arrivals[*row].clone()).collect()).collect();
    let (plan, arrived) = bulk::admit(&world.index(), &owned, &stamp).unwrap();
    world.kv.commit(&plan.into_batch(BatchId([1; 16]))).unwrap();
    let bulk: BTreeMap<_, _> = arrived.iter().map(|arrived| (arrived.record, arrived.person)).collect();

    let one_by_one = World::with(institutions());
    let mut single = BTreeMap::new();
    for row in groups.iter().flatten() {
        let (arrival, fresh) = &arrivals[*row];
        let arrived = one_by_one.write(|index, draft| arrive(index, draft, arrival, *fresh, &stamp)).unwrap();
        single.insert(arrived.record, arrived.person);
    }
    assert_eq!(bulk, single);
    let rows = |world: &World| -> Vec<_> {
        let spaces = (16..23).flat_map(|space| (0..=255).map(move |bucket| (kv::Space(space), bucket)));
        spaces.flat_map(|(space, bucket)| world.kv.export(space, bucket, None, u32::MAX).unwrap()).collect()
    };
    assert_eq!(rows(&world), rows(&one_by_one), "the stores are equal to the byte");
}
